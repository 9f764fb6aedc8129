"""From segments to lines of a statement, in integers and to the fen.

A line is one attempt on one pool at one price and one factor. Its usage is the exact sum of its pieces in
milli-chip-milliseconds; only the line's amount is rounded, down, once: nobody pays for a millisecond not used, and
cutting a segment in two at the same price changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.money.dated import Timeline
from hutong.engines.broker.money.factors import Factor, Factors
from hutong.engines.broker.money.prices import CHIP_HOUR, Price, PriceBook
from hutong.engines.broker.money.refusals import refuse
from hutong.engines.broker.money.segments import LARGEST, Integers, Usage, check, cut
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """Where a pool code of the columns stands in the books: its name in the price book and its chip model."""

    pool: str
    chip: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a statement as columns, by attempt, pool and time.

    price, factor: places in the pool's timelines (factor -1: none asked for). start_ms, end_ms: first and last instant.
    amount: milli-chip-milliseconds, exact. fen: the charge, rounded down.
    """

    attempt: Integers
    pool: Integers
    price: Integers
    factor: Integers
    start_ms: Integers
    end_ms: Integers
    amount: Integers
    fen: Integers

    def __len__(self) -> int:
        return len(self.attempt)

    @property
    def total_fen(self) -> int:
        return int(sum(self.fen.tolist()))

    @property
    def total_amount(self) -> int:
        """Milli-chip-milliseconds over all lines."""
        return int(sum(self.amount.tolist()))


@dataclass(frozen=True, slots=True)
class Books:
    """What a settlement reads: prices, and factors into `unit` where lines shall be split by factor too."""

    prices: PriceBook
    factors: Factors | None = None
    unit: str | None = None

    def factor_line(self, chip: str) -> Timeline[Factor] | None:
        return None if self.factors is None or self.unit is None else self.factors.line(chip, self.unit)


def settle(given: Usage, pools: Sequence[PoolTerms], books: Books) -> Lines:
    """The lines of the segments; `given.pool` are places in `pools`.

    Raises `Invalid` for a bad segment, for an instant without a price or factor (``dated.none``), and for sums that leave
    64 bits (``statement.too_large``).
    """
    check(given)
    used = np.unique(given.pool).tolist()
    if used and not (used[0] >= 0 and used[-1] < len(pools)):
        raise refuse(
            "segment.pool",
            Text("A segment names a pool that is not in the table.", "用量记录所列算力池不在表中。"),
            Text("Add the pool or correct the segment.", "请补录算力池或更正记录。"),
            "pool",
        )
    changes = {code: _changes(pools[code], books) for code in used}
    pieces, _ = cut(given, changes)
    price, factor = _places(pieces, pools, books)
    return _grouped(pieces, price, factor, _rates(pieces, price, pools, books))


def _changes(terms: PoolTerms, books: Books) -> Integers:
    line = books.factor_line(terms.chip)
    instants = books.prices.line(terms.pool).changes
    return instants if line is None else np.union1d(instants, line.changes)


def _places(pieces: Usage, pools: Sequence[PoolTerms], books: Books) -> tuple[Integers, Integers]:
    price = np.full(len(pieces), -1, dtype=np.int64)
    factor = np.full(len(pieces), -1, dtype=np.int64)
    for code in np.unique(pieces.pool).tolist():
        mine = np.flatnonzero(pieces.pool == code)
        price[mine] = _in_force(books.prices.line(pools[code].pool), pieces.start_ms[mine])
        line = books.factor_line(pools[code].chip)
        if line is not None:
            factor[mine] = _in_force(line, pieces.start_ms[mine])
    return price, factor


def _in_force(line: Timeline[Price] | Timeline[Factor], starts: Integers) -> Integers:
    """Place of the span that holds at each instant; `Timeline.index` names the first instant without one."""
    begin = np.array([s.start_ms for s in line.spans], dtype=np.int64)
    until = np.array([s.until for s in line.spans], dtype=np.int64)
    places: Integers = np.searchsorted(begin, starts, side="right").astype(np.int64) - 1
    bad: NDArray[np.bool_] = (places < 0) | (until[places] <= starts)
    if bad.any():
        line.index(int(starts[np.argmax(bad)]))
    return places


def _rates(pieces: Usage, price: Integers, pools: Sequence[PoolTerms], books: Books) -> Integers:
    rates = np.zeros(len(pieces), dtype=np.int64)
    for code in np.unique(pieces.pool).tolist():
        mine = np.flatnonzero(pieces.pool == code)
        spans = books.prices.line(pools[code].pool).spans
        rates[mine] = np.array([s.value.fen_per_hour for s in spans], dtype=np.int64)[price[mine]]
    return rates


def _grouped(pieces: Usage, price: Integers, factor: Integers, rates: Integers) -> Lines:
    order = np.lexsort((pieces.start_ms, factor, price, pieces.pool, pieces.attempt))
    keys = np.stack([pieces.attempt, pieces.pool, price, factor])[:, order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    heads = np.flatnonzero(new)
    if not len(heads):
        return Lines(*(np.zeros(0, dtype=np.int64) for _ in range(8)))
    amount = pieces.amount[order]
    if (np.add.reduceat(amount.astype(np.float64), heads) >= LARGEST).any():
        raise refuse(
            "statement.too_large",
            Text("A line is too large for the book.", "某一行超出账簿可记载的范围。"),
            Text("Settle in shorter periods.", "请缩短结算周期。"),
        )
    sums = np.add.reduceat(amount, heads)
    first, last = pieces.start_ms[order][heads], np.maximum.reduceat(pieces.end_ms[order], heads)
    attempt, pool, at_price, at_factor = keys[:, heads]
    return Lines(attempt, pool, at_price, at_factor, first, last, sums, charge(sums, rates[order][heads]))


def charge(amount: Integers, fen_per_hour: Integers) -> Integers:
    """Fen for milli-chip-milliseconds at a price, rounded down. Whole hours apart, so that no product leaves 64 bits."""
    hours, rest = np.divmod(amount, CHIP_HOUR)
    made: Integers = hours * fen_per_hour + rest * fen_per_hour // CHIP_HOUR
    return made


def normalised(amount: int, factor: Factor) -> Fraction:
    """A line's milli-chip-milliseconds in the factor's unit, exact; shown beside the native amount, never instead of it."""
    return Fraction(amount, CHIP_HOUR) * factor.value
