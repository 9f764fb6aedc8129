"""What a job pays: native chip-time by the price in force at each second, and the same in the allocation's kind of chip.

The sums are the engine's (`hutong.engines.broker.money`): integers, cut where a price changes. Chips are compared by the
published factors; a charge in hours rounds up to the millisecond, one in money down to the fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hutong.engines.broker.money import (
    Books,
    PoolTerms,
    Price,
    PriceBook,
    from_ms,
    published_factors,
    settle,
    to_ms,
    usage,
)
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Job, Pool, Segment

UNIT = "pflops-hour-fp16"


def in_chip(native_ms: int, chip: str, target: str, at: datetime) -> int:
    """Chip-milliseconds of `chip` as those of `target`, rounded up; the same number where both are one kind."""
    if chip == target:
        return native_ms
    return published_factors().convert(native_ms, chip, target, UNIT, to_ms(at), "ceil")


def hold_ms(native_ms: int, accept: Sequence[str], target: str, at: datetime) -> int:
    """The most that a job can cost on any kind of chip that it accepts. `Invalid` where one has no published factor."""
    try:
        return max(in_chip(native_ms, chip, target, at) for chip in accept)
    except Invalid as unknown:
        raise Invalid(
            Text("Hours of {t} cannot be converted: {w}", "{t} 的卡时无法折算：{w}").format(
                t=target, w=unknown.what
            ),
            rule="job.accept",
            remedy=Text("Accept {t} only, or publish a factor.", "请仅选择 {t}，或发布折算系数。").format(
                t=target
            ),
            field="accept",
        ) from None


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of use at one price. native_ms: of the chips used; used_ms: in the allocation's kind of chip."""

    began: datetime
    ended: datetime
    native_ms: int
    used_ms: int
    price_fen: int
    cost_fen: int

    def segment(self, job: Job, pool: Pool, attempt: Attempt | None = None) -> Segment:
        return Segment(
            job=job,
            attempt=attempt,
            pool=pool,
            began_at=self.began,
            ended_at=self.ended,
            chips=job.chips if attempt is None else attempt.chips,
            native_ms=self.native_ms,
            used_ms=self.used_ms,
            price_fen=self.price_fen,
            cost_fen=self.cost_fen,
        )


def price_book(pool: Pool) -> PriceBook:
    """The posted prices of a pool; what was used before the first pays the first."""
    posted = list(pool.prices.order_by("valid_from").values_list("valid_from", "price_fen"))
    starts = [0, *(to_ms(at) for at, _ in posted[1:])]
    fens = [fen for _, fen in posted] or [pool.price_fen]
    ends = [*starts[1:], None]
    rows = zip(fens, starts, ends, strict=False)
    return PriceBook((Price(pool.code, fen, str(start)), start, end) for fen, start, end in rows)


def parts(pool: Pool, target: str, chips: int, began: datetime, ended: datetime) -> tuple[Part, ...]:
    """The use of so many chips of a pool from `began` to `ended`, cut where its price changed; none for no time."""
    start, end = to_ms(began), to_ms(ended)
    if end <= start:
        return ()
    book = price_book(pool)
    lines = settle(usage([(0, 0, chips * 1000, start, end)]), [PoolTerms(pool.code, pool.chip)], Books(book))
    spans = book.line(pool.code).spans
    made = []
    for i in range(len(lines)):
        since, until = from_ms(int(lines.start_ms[i])), from_ms(int(lines.end_ms[i]))
        native = int(lines.amount[i]) // 1000
        price = spans[int(lines.price[i])].value.fen_per_hour
        used = in_chip(native, pool.chip, target, since)
        made.append(Part(since, until, native, used, price, int(lines.fen[i])))
    return tuple(made)
