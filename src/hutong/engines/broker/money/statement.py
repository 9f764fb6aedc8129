"""One statement as records: what a person reads, a centre signs and a book posts. The columns of `settle`, with names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hutong.engines.broker.money.segments import usage
from hutong.engines.broker.money.settle import Books, Lines, PoolTerms, normalised, settle


@dataclass(frozen=True, slots=True)
class Segment:
    """`milli_chips` of a pool used by an attempt from start_ms to end_ms (excluded), milliseconds of UTC."""

    attempt: str
    pool: str
    chip: str
    milli_chips: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Line:
    """amount: native milli-chip-milliseconds, exact. fen: charged. in_unit: the amount in a common unit, exact, or None.

    chip_ms: the native amount in whole chip-milliseconds, rounded down as the charge is.
    """

    attempt: str
    pool: str
    chip: str
    start_ms: int
    end_ms: int
    amount: int
    price_version: str
    fen_per_hour: int
    fen: int
    factor_version: str | None
    unit: str | None
    in_unit: Fraction | None

    @property
    def chip_ms(self) -> int:
        return self.amount // 1000

    def as_json(self) -> dict[str, object]:
        """Integers and strings only, so that the line hashes and signs alike everywhere."""
        return {
            "attempt": self.attempt,
            "pool": self.pool,
            "chip": self.chip,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "milli_chip_ms": str(self.amount),
            "price_version": self.price_version,
            "fen_per_hour": self.fen_per_hour,
            "fen": self.fen,
            "factor_version": self.factor_version,
            "unit": self.unit,
            "in_unit": None
            if self.in_unit is None
            else f"{self.in_unit.numerator}/{self.in_unit.denominator}",
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """Lines by attempt, pool and time; the totals are the sums of the lines as printed."""

    lines: tuple[Line, ...]

    @property
    def fen(self) -> int:
        return sum(line.fen for line in self.lines)

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)


def statement(segments: Sequence[Segment], books: Books) -> Statement:
    """The statement of the segments. Raises as `settle` does."""
    attempts = sorted({s.attempt for s in segments})
    terms = sorted({(s.pool, s.chip) for s in segments})
    attempt_code = {name: i for i, name in enumerate(attempts)}
    pool_code = {pair: i for i, pair in enumerate(terms)}
    rows = [
        (attempt_code[s.attempt], pool_code[s.pool, s.chip], s.milli_chips, s.start_ms, s.end_ms)
        for s in segments
    ]
    pools = [PoolTerms(pool, chip) for pool, chip in terms]
    lines = settle(usage(rows), pools, books)
    return Statement(tuple(_named(lines, i, attempts, pools, books) for i in range(len(lines))))


def _named(lines: Lines, i: int, attempts: Sequence[str], pools: Sequence[PoolTerms], books: Books) -> Line:
    terms = pools[int(lines.pool[i])]
    price = books.prices.line(terms.pool).spans[int(lines.price[i])].value
    timeline = books.factor_line(terms.chip)
    factor = None if timeline is None else timeline.spans[int(lines.factor[i])].value
    amount = int(lines.amount[i])
    return Line(
        attempt=attempts[int(lines.attempt[i])],
        pool=terms.pool,
        chip=terms.chip,
        start_ms=int(lines.start_ms[i]),
        end_ms=int(lines.end_ms[i]),
        amount=amount,
        price_version=price.version,
        fen_per_hour=price.fen_per_hour,
        fen=int(lines.fen[i]),
        factor_version=None if factor is None else factor.version,
        unit=None if factor is None else factor.unit,
        in_unit=None if factor is None else normalised(amount, factor),
    )
