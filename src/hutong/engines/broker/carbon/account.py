"""Energy and carbon of metered use, in whole numbers: what stands in a book.

energy = chips x power x time x PUE (ISO/IEC 30134-2); carbon = energy x intensity of each hour, at the meter of the centre.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hutong.engines.broker.carbon.hours import Hours

# Watts x milliseconds x thousandths of PUE in a watt-hour.
WATT_HOUR = 3_600_000 * 1000
# The same times g/kWh in a gram.
GRAM = WATT_HOUR * 1000


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many chips at work from start to end, in milliseconds."""

    chips: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Spent:
    """energy_wh: watt-hours at the centre's meter; grams: of CO2e. Each is rounded half up once, over the whole; None
    where what it needs is not declared."""

    energy_wh: int | None
    grams: int | None


def spent(stretches: Iterable[Stretch], watts: int, pue_milli: int, hours: Iterable[Hours]) -> Spent:
    """Of one job. watts: of one chip with its share of the node; pue_milli: thousandths; 0: not declared.

    hours: the intensity of the centre, in pieces without gaps. An hour of the use that no piece knows leaves grams unknown.
    """
    rows, known = list(stretches), list(hours)
    if watts <= 0 or pue_milli <= 0:
        return Spent(None, None)
    energy = sum(r.chips * (r.end_ms - r.start_ms) for r in rows) * watts * pue_milli
    parts = [_weighed(r, known) for r in rows]
    grams = None
    if all(p is not None for p in parts):
        grams = _half_up(sum(p for p in parts if p is not None) * watts * pue_milli, GRAM)
    return Spent(_half_up(energy, WATT_HOUR), grams)


def _weighed(row: Stretch, hours: list[Hours]) -> int | None:
    """Chips x value x milliseconds, over pieces that follow on one another."""
    total, at = 0, row.start_ms
    for piece in hours:
        if piece.begins_ms <= at < piece.ends_ms and at < row.end_ms:
            until = min(row.end_ms, piece.ends_ms)
            total += piece.weighed(at, until - at) or 0
            at = until
    return total * row.chips if at >= row.end_ms else None


def _half_up(value: int, unit: int) -> int:
    return (2 * value + unit) // (2 * unit)
