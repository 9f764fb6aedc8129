"""Run times foretold from those that ended before: quantiles per class, learned as jobs end and never earlier.

A class is whatever jobs resemble each other by: user, centre, size. Each class keeps its last `KEPT` run times; a class
with fewer than `LEAST` answers from all jobs together, and where even those are few, with the given default. Predicting
from a user's own recent jobs beats users' requests (Tsafrir, Etsion and Feitelson 2007, "Backfilling using
system-generated predictions rather than user runtime estimates").
"""

from __future__ import annotations

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.profile import Ints

KEPT, LEAST = 128, 8
SIDES = 1 << 20
"""How many faces a die of a forecast has."""


@compiled
def observe(rings: Ints, seen: Ints, kind: int, run: int) -> None:
    """Remember a run time that has just ended, for its class and (last row) for all. Writes both arrays."""
    for row in (kind, len(seen) - 1):
        rings[row, seen[row] % KEPT] = run
        seen[row] += 1


@compiled
def foretell(rings: Ints, seen: Ints, kind: int, per_mille: int, default: int) -> int:
    """The quantile of the class's kept run times: the smallest value with at least that share at or below it."""
    row = kind
    if seen[row] < LEAST:
        row = len(seen) - 1
    many = min(seen[row], KEPT)
    if many < LEAST:
        return default
    ranked = np.sort(rings[row, :many])
    return int(ranked[max(0, -((-many * per_mille) // 1000) - 1)])


@compiled
def stretched(begun: int, estimate: int, now: int) -> int:
    """The expected end of a running job: an estimate that has passed doubles until it lies ahead."""
    span = max(1, estimate)
    while begun + span <= now:
        span *= 2
    return begun + span


class RunTimes:
    """The same for a live broker: `observe` at each end, `foretell` at each submission."""

    def __init__(self, classes: int, default: int) -> None:
        """classes: how many classes there are; default: the run time assumed before anything has ended."""
        self._rings = np.zeros((classes + 1, KEPT), np.int64)
        self._seen = np.zeros(classes + 1, np.int64)
        self._default = default

    def observe(self, kind: int, run: int) -> None:
        observe(self._rings, self._seen, kind, run)

    def foretell(self, kind: int, share: float) -> int:
        """The run time that this share of the class's jobs does not exceed."""
        return foretell(self._rings, self._seen, kind, round(share * 1000), self._default)

    def known(self, kind: int) -> bool:
        """Whether the class answers for itself, and not all jobs together."""
        return bool(self._seen[kind] >= LEAST)

    @property
    def ready(self) -> bool:
        """Whether anything but the default is answered."""
        return bool(self._seen[-1] >= LEAST)

    def drawn(self, kind: int, ran: int, dice: Ints) -> Ints:
        """A whole run time for each die in [0, `SIDES`), of a job of that class that has run for `ran` already.

        One of the class's run times that are longer; where none is, Pareto with index 1 from there on, cut at 32 times:
        what has run long runs on long. The same as `eta.longer_than`, many at once.
        """
        row = kind if self.known(kind) else len(self._seen) - 1
        many = min(int(self._seen[row]), KEPT)
        if many < LEAST:
            return np.full(len(dice), max(self._default, 2 * ran), np.int64)
        kept = self._rings[row, :many]
        longer = kept[kept > ran] if ran > 0 else kept
        if len(longer):
            answer: Ints = longer[dice * len(longer) // SIDES]
            return answer
        return ran * SIDES // np.maximum(SIDES // 32, SIDES - dice) + 1
