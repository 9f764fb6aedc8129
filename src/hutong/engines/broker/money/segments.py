"""Usage as columns, cut wherever a price or a factor changes.

A segment is `milli_chips` of one pool used by one attempt from `start_ms` to `end_ms` (excluded). All are int64;
milliseconds are of UTC, so the night on which clocks go back has its 25 hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.money.instants import LATEST_MS
from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.text import Text

Integers = NDArray[np.int64]
LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Usage:
    """Segments in ledger order. attempt, pool: codes into tables of the caller."""

    attempt: Integers
    pool: Integers
    milli_chips: Integers
    start_ms: Integers
    end_ms: Integers

    def __len__(self) -> int:
        return len(self.attempt)

    @property
    def amount(self) -> Integers:
        """Milli-chip-milliseconds of each segment."""
        made: Integers = self.milli_chips * (self.end_ms - self.start_ms)
        return made

    def take(self, places: Integers | NDArray[np.bool_]) -> Usage:
        return Usage(*(column[places] for column in self.columns()))

    def columns(self) -> tuple[Integers, Integers, Integers, Integers, Integers]:
        return self.attempt, self.pool, self.milli_chips, self.start_ms, self.end_ms


def usage(rows: Sequence[tuple[int, int, int, int, int]]) -> Usage:
    """Columns from rows (attempt, pool, milli_chips, start_ms, end_ms)."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    return Usage(*(np.ascontiguousarray(table[:, i]) for i in range(5)))


def check(given: Usage) -> None:
    """Raises `Invalid` ``segment.columns`` / ``segment.order`` / ``segment.amount`` with the number of the first bad row."""
    if any(c.dtype != np.int64 or c.shape != given.attempt.shape for c in given.columns()):
        raise refuse(
            "segment.columns",
            Text("The columns are not integers of one length.", "各列须为等长的整数。"),
            Text("Give five int64 columns.", "请提供五列 64 位整数。"),
        )
    sooner = (given.end_ms <= given.start_ms) | (given.start_ms < 0) | (given.end_ms > LATEST_MS)
    _refuse_first(sooner, "segment.order", "does not end after it starts", "止于其开始之前或同时")
    too_much = given.milli_chips.astype(np.float64) * (given.end_ms - given.start_ms) >= LARGEST
    _refuse_first(
        (given.milli_chips <= 0) | too_much,
        "segment.amount",
        "has an impossible amount of chips",
        "的芯片数量不可能",
    )


def _refuse_first(bad: NDArray[np.bool_], rule: str, en: str, zh: str) -> None:
    if bad.any():
        raise refuse(
            rule,
            Text(f"Segment {{n}} {en}.", f"第 {{n}} 段{zh}。"),
            Text("Correct it at the centre that reported it.", "请由上报的算力中心更正。"),
            n=int(np.argmax(bad)) + 1,
        )


def cut(given: Usage, changes: Mapping[int, Integers]) -> tuple[Usage, Integers]:
    """The segments cut at the instants of their pool (code -> ascending instants), and of each piece the segment it is of.

    Pieces keep the order of the segments, and time within one.
    """
    pieces = np.ones(len(given), dtype=np.int64)
    first = np.zeros(len(given), dtype=np.int64)
    for pool, instants in changes.items():
        mine = np.flatnonzero(given.pool == pool)
        first[mine] = np.searchsorted(instants, given.start_ms[mine], side="right")
        pieces[mine] += np.searchsorted(instants, given.end_ms[mine], side="left") - first[mine]
    origin = np.repeat(np.arange(len(given), dtype=np.int64), pieces)
    nth = np.arange(len(origin), dtype=np.int64) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    made = given.take(origin)
    start, end = made.start_ms.copy(), made.end_ms.copy()
    for pool, instants in changes.items():
        inner = np.flatnonzero((made.pool == pool) & (nth > 0))
        start[inner] = instants[first[origin[inner]] + nth[inner] - 1]
        outer = np.flatnonzero((made.pool == pool) & (nth < pieces[origin] - 1))
        end[outer] = instants[first[origin[outer]] + nth[outer]]
    return Usage(made.attempt, made.pool, made.milli_chips, start, end), origin
