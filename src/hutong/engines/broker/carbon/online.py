"""The on-line rule: run now if now is among the cheapest slots a job still needs, and always in time.

Causal: at each slot it knows the jobs released so far, their promised deadlines, the signal now and a forecast.
A job runs when fewer slots of its remaining window are foretold cheaper than it has work left (for a job that may
not pause: when no later start is foretold cheaper). Deadlines are guarded
twice: a job whose laxity is used up runs whatever the signal, and where the work due by some slot would fill more
than a part of the chips until then, all of it runs. The part kept back is for jobs to come. Whoever waits stakes on
room later: no on-line rule can promise every deadline against an adversary. Where bursts bring demand near the
capacity for a day, ``brake`` ends the waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.carbon.forecast import Forecast
from hutong.engines.broker.carbon.series import Floats
from hutong.engines.broker.carbon.shifting import Schedule, ShiftableJob
from hutong.engines.broker.compiled import compiled

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Present:
    """Jobs released and not done at one slot; arrays in order of release. ``window``: slots until the deadline."""

    chips: Ints
    left: Ints
    window: Ints
    kwh: Floats
    pauses: Flags
    running: Flags


@dataclass(frozen=True)
class OnlineRule:
    """``margin``: slots of every window kept in hand. ``reserve``: share of the chips the guard leaves to jobs to come.

    ``hold``: a running job pauses only for slots foretold cheaper by this share, so that it does not flicker.
    ``brake``: nothing waits once the work released over the last ``day`` slots exceeds this share of their chips.
    """

    margin: int = 1
    reserve: float = 0.6
    hold: float = 0.03
    brake: float = np.inf
    day: int = 48

    def schedule(
        self, jobs: Sequence[ShiftableJob], forecast: Forecast, capacity: int, deadlines: Ints, slots: int
    ) -> Schedule:
        """Decide slot by slot. ``deadlines`` are the promised ones (`shifting.promised`), known at release."""
        release = np.array([job.release for job in jobs])
        work = np.array([job.work for job in jobs])
        left = work.copy()
        chips, kwh = np.array([job.chips for job in jobs]), np.array([job.kwh for job in jobs])
        pauses = np.array([job.interruptible for job in jobs])
        runs = np.zeros((len(jobs), slots), dtype=np.bool_)
        running = np.zeros(len(jobs), dtype=np.bool_)
        for now in range(slots):
            here = np.flatnonzero((release <= now) & (left > 0))
            chosen = here[:0]
            if len(here):
                present = Present(
                    chips[here], left[here], deadlines[here] - now, kwh[here], pauses[here], running[here]
                )
                told = forecast(now, int(max(present.window.max(), 1)))
                busy = self._load(release, work, chips, now) > self.brake * capacity
                chosen = here[self.decide(present, told, capacity, busy)]
            running[:] = False
            running[chosen] = True
            runs[chosen, now] = True
            left[chosen] -= 1
        return Schedule(runs)

    def _load(self, release: Ints, work: Ints, chips: Ints, now: int) -> float:
        lately = (release > now - self.day) & (release <= now)
        return float((work[lately] * chips[lately]).sum()) / self.day

    def decide(self, present: Present, told: Floats, capacity: int, busy: bool = False) -> Flags:
        """Which of the jobs present run in this slot. ``told[0]`` is the signal now, the rest foretold."""
        window = np.clip(present.window - self.margin, 1, len(told))
        wish = gains(told, present.left, window, present.pauses, present.running, self.hold)
        fixed = present.running & ~present.pauses
        return _pack(
            present,
            wish * present.kwh / present.chips,
            fixed,
            self.urgent(present, capacity) | busy,
            capacity,
        )

    def urgent(self, present: Present, capacity: int) -> Flags:
        """Jobs whose laxity is used up, and all work due by the last slot until which too little room is left."""
        urgent = present.window - present.left <= self.margin
        order = np.argsort(present.window, kind="stable")
        due = np.cumsum((present.left * present.chips)[order])
        room = capacity * (1 - self.reserve) * (present.window[order] - self.margin)
        tight = np.flatnonzero(due > room)
        if len(tight):
            urgent[order[: tight[-1] + 1]] = True
        return np.asarray(urgent)


@compiled
def gains(told: Floats, left: Ints, window: Ints, pauses: Flags, running: Flags, hold: float) -> Floats:
    """What running now saves against the best later choice, per kWh; at least 0 means run.

    ``told[0]`` is now. For a job that pauses: the ``left``-th cheapest later slot of its window minus now. For one
    that does not: the mean of the best later stretch minus the stretch from now. Infinite where nothing is later.
    """
    made = np.empty(len(left))
    for job in range(len(left)):
        work, end = left[job], window[job]
        if end <= work or (running[job] and not pauses[job]):
            made[job] = np.inf
        elif pauses[job]:
            later = np.sort(told[1:end])
            floor = 1.0 - hold if running[job] else 1.0
            made[job] = later[work - 1] - told[0] * floor
        else:
            total = told[:work].sum()
            best, stretch = np.inf, total
            for start in range(1, end - work + 1):
                stretch += told[start + work - 1] - told[start - 1]
                best = min(best, stretch)
            made[job] = (best * (1.0 + hold) - total) / work
    return made


def _pack(present: Present, worth: Floats, fixed: Flags, urgent: Flags, capacity: int) -> Flags:
    """What may not pause, then the urgent by laxity, then what gains most per chip, as long as chips are free."""
    chosen = np.zeros(len(present.chips), dtype=np.bool_)
    laxity = present.window - present.left
    free = capacity
    for job in np.lexsort((np.where(urgent, laxity, -worth), ~urgent, ~fixed)):
        if present.chips[job] <= free and (fixed[job] or urgent[job] or worth[job] >= 0):
            chosen[job] = True
            free -= int(present.chips[job])
    return chosen
