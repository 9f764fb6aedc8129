"""The hourly signal in whole numbers: what a stretch of computing emits, and the starts among which the cleanest is.

The live form of the on-line rule for a job that does not pause (`online.gains`): it starts now unless a later start is
foretold cleaner by more than `HOLD_MILLI`. Within an hour the signal is constant, so that the emission of a run is a
piecewise linear function of its start; its least value lies where the run begins or ends on a full hour, or at an end of
the time allowed. All sums are integers: the same picture gives the same decision everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HOUR_MS = 3_600_000
# A later start is worth waiting for only if it is cleaner by this many thousandths (`OnlineRule.hold`).
HOLD_MILLI = 30


@dataclass(frozen=True, slots=True)
class Hours:
    """Grams of CO2e per kilowatt-hour, hour by hour from `begins_ms` on, which is a full hour."""

    begins_ms: int
    values: Sequence[int]

    @property
    def ends_ms(self) -> int:
        """The first instant of which nothing is known."""
        return self.begins_ms + len(self.values) * HOUR_MS

    def at(self, instant_ms: int) -> int | None:
        place = (instant_ms - self.begins_ms) // HOUR_MS
        return self.values[place] if 0 <= place < len(self.values) else None

    def weighed(self, start_ms: int, run_ms: int) -> int | None:
        """Sum of value x milliseconds over [start, start + run); None where part of it is not known.

        Times power in watts this is micrograms x 3600: g/kWh x ms x W = 1e-3 x 1e-3 / 3600 g.
        """
        end = start_ms + run_ms
        if start_ms < self.begins_ms or end > self.ends_ms:
            return None
        total, at = 0, start_ms
        while at < end:
            place = (at - self.begins_ms) // HOUR_MS
            until = min(end, self.begins_ms + (place + 1) * HOUR_MS)
            total += self.values[place] * (until - at)
            at = until
        return total

    def starts(self, first_ms: int, last_ms: int, run_ms: int) -> tuple[int, ...]:
        """Starts from `first_ms` to `last_ms` among which the cleanest run is, of those that are known to their end."""
        last = min(last_ms, self.ends_ms - run_ms)
        if first_ms < self.begins_ms or last < first_ms:
            return ()
        hours = range(-(-first_ms // HOUR_MS) * HOUR_MS, last + run_ms + 1, HOUR_MS)
        found = {first_ms, last, *hours, *(h - run_ms for h in hours)}
        return tuple(sorted(s for s in found if first_ms <= s <= last))


def worth_waiting(now: int, later: int) -> bool:
    """Whether a later start is cleaner by enough than one now; both as `Hours.weighed` tells, times power."""
    return later * 1000 < now * (1000 - HOLD_MILLI)
