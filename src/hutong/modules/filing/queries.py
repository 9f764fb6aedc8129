"""What others may ask about filings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hutong.modules.filing.models import Filing


@dataclass(frozen=True, slots=True)
class FilingView:
    """An entry of the register that holds."""

    code: str
    number: str
    version_code: str
    filed_on: date | None


def live_filing(version_code: str) -> FilingView | None:
    """The filing of a version that holds now; None where there is none."""
    found = (
        Filing.objects.select_related("version_of")
        .filter(version_of__code=version_code, state="filed")
        .first()
    )
    return FilingView(found.code, found.number, version_code, found.filed_on) if found is not None else None
