"""What every trace of jobs has in common, and its safe export as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
UNKNOWN = -1
# What a spreadsheet may take for a formula at the beginning of a cell (OWASP, CSV injection).
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Jobs of a log as columns, by time of submission (ties in file order).

    name: as in the log. submit_ms: UTC. run_ms: how long it ran. limit_ms: how long it had asked for. chips: used.
    user, group: codes into `users` and `groups`. -1: not known.
    """

    name: tuple[str, ...]
    submit_ms: Integers
    run_ms: Integers
    limit_ms: Integers
    chips: Integers
    user: Integers
    group: Integers
    users: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True, slots=True)
class Row:
    """One job of a log."""

    name: str
    submit_ms: int
    run_ms: int
    limit_ms: int
    chips: int
    user: str
    group: str


def trace(rows: Sequence[Row]) -> Trace:
    """Columns from rows in any order. Users and groups are numbered in the order of their names."""
    order = sorted(range(len(rows)), key=lambda i: rows[i].submit_ms)
    ordered = [rows[i] for i in order]
    users, user = _coded([r.user for r in ordered])
    groups, group = _coded([r.group for r in ordered])
    numbers = np.array(
        [(r.submit_ms, r.run_ms, r.limit_ms, r.chips) for r in ordered], dtype=np.int64
    ).reshape(-1, 4)
    submit, run, limit, chips = (np.ascontiguousarray(numbers[:, i]) for i in range(4))
    return Trace(tuple(r.name for r in ordered), submit, run, limit, chips, user, group, users, groups)


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], Integers]:
    known = sorted(set(names))
    place = {name: i for i, name in enumerate(known)}
    return tuple(known), np.array([place[name] for name in names], dtype=np.int64)


def trace_csv(given: Trace) -> str:
    """The trace as CSV (RFC 4180) that no spreadsheet runs: see `safe_cell`."""
    head = ("name", "submit_ms", "run_ms", "limit_ms", "chips", "user", "group")
    numbers = zip(
        *(c.tolist() for c in (given.submit_ms, given.run_ms, given.limit_ms, given.chips)), strict=True
    )
    people = zip(given.user.tolist(), given.group.tolist(), strict=True)
    rows = (
        (name, *map(str, some), given.users[u], given.groups[g])
        for name, some, (u, g) in zip(given.name, numbers, people, strict=True)
    )
    return csv_text(head, rows)


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """CSV with safe cells."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def safe_cell(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run; plain decimal numbers stay as they are."""
    number = cell.removeprefix("-").replace(".", "", 1)
    return f"'{cell}" if cell.startswith(_RISKY) and not (number.isascii() and number.isdigit()) else cell
