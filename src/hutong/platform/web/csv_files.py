"""Rows as a CSV file to keep (RFC 4180): UTF-8 with a mark for spreadsheets, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from django.http import HttpResponse

_RISKY = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: object) -> str:
    """A cell as text that no spreadsheet takes for a formula (OWASP CSV injection); None is empty, plain numbers stay."""
    text = "" if value is None else str(value)
    number = text.removeprefix("-").replace(".", "", 1).isdecimal()
    return f"'{text}" if text.startswith(_RISKY) and not number else text


def csv_response(head: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> HttpResponse:
    """The file as a download of that name."""
    out = StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
