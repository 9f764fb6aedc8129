"""Price books: what an hour of one chip of a pool costs, from when to when. A charge rounds down, a hold rounds up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hutong.engines.broker.money.dated import Span, Timeline
from hutong.engines.broker.money.instants import LATEST_MS
from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.text import Text

# Milli-chip-milliseconds in one chip-hour: usage is kept in them, so that a third of a chip needs no rounding.
CHIP_HOUR = 3_600_000_000
# With prices up to this (25 million yuan an hour) no product below leaves a signed 64-bit integer.
DEAREST = (2**63 - 1) // CHIP_HOUR


@dataclass(frozen=True, slots=True)
class Price:
    """fen_per_hour: of one whole chip. version: of the price book that it stands in."""

    pool: str
    fen_per_hour: int
    version: str


class PriceBook:
    """The prices of all pools over time. Raises `Invalid` (``price.amount``, ``dated.overlap``) for a book with a fault."""

    __slots__ = ("_lines",)

    def __init__(self, prices: Iterable[tuple[Price, int, int | None]]) -> None:
        spans: dict[str, list[Span[Price]]] = {}
        for price, start_ms, end_ms in prices:
            if isinstance(price.fen_per_hour, bool) or not 0 <= price.fen_per_hour <= DEAREST:
                raise refuse(
                    "price.amount",
                    Text("The price of {p} is not from 0 to {d} fen.", "{p} 的价格不在 0 至 {d} 分之间。"),
                    Text("Write fen per chip-hour as a whole number.", "请以整数填写每卡时价格（分）。"),
                    "price",
                    p=price.pool,
                    d=DEAREST,
                )
            spans.setdefault(price.pool, []).append(Span(start_ms, end_ms, price))
        self._lines = {pool: Timeline(pool, some) for pool, some in spans.items()}

    def line(self, pool: str) -> Timeline[Price]:
        """The prices of one pool over time. Raises `Invalid` ``price.unknown``."""
        found = self._lines.get(pool)
        if found is None:
            raise refuse(
                "price.unknown",
                Text("There is no price for {p}.", "{p} 没有定价。"),
                Text("Enter one in the price book.", "请在价目表中登记。"),
                "pool",
                p=pool,
            )
        return found

    def hold_fen(self, pool: str, milli_chips: int, start_ms: int, end_ms: int) -> int:
        """What to set aside for a run over the window, at the prices known now: each price's part rounded up.

        Never less than what the same run is charged later, as long as no price is raised in between.
        """
        line = self.line(pool)
        first, last = line.index(start_ms), line.index(max(start_ms, end_ms - 1))
        total = 0
        for span in line.spans[first : last + 1]:
            inside = min(end_ms, span.until) - max(start_ms, span.start_ms)
            total += -(-milli_chips * max(0, inside) * span.value.fen_per_hour // CHIP_HOUR)
        return total

    def paid_until(self, pool: str, milli_chips: int, start_ms: int, budget_fen: int) -> int | None:
        """The latest end at which a run that starts then is charged no more than the budget; None: no end in sight.

        This is when a running job must have saved and stopped, or the end of the prices if that comes sooner. For one attempt
        alone; a line per price, each rounded down.
        """
        line = self.line(pool)
        left, end = max(0, budget_fen), start_ms
        for span in line.spans[line.index(start_ms) :]:
            if span.start_ms > end:
                break  # from here on there is no price
            rate = milli_chips * span.value.fen_per_hour
            # The longest time whose charge, rounded down, is still within what is left.
            paid = ((left + 1) * CHIP_HOUR - 1) // rate if rate else LATEST_MS
            if end + paid < span.until:
                return end + paid
            left -= rate * (span.until - end) // CHIP_HOUR
            end = span.until
        return None if end == LATEST_MS else end
