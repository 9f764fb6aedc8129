"""Which waiting jobs start now, which reserve, and why the others wait: EASY backfill over many pools.

EASY (Lifka 1995, "The ANL/IBM SP scheduling system"): the first job that cannot start gets a reservation at the
earliest time at which its chips will be free (the shadow time); a later job may overtake it only if that reservation
does not move. Over several centres the head reserves at one pool at a time, where it would start first, and each pool
holds reservations for at most `depth` jobs (1 is EASY; more approaches conservative backfill). Windows of a calendar
(teaching, drills, emergencies) are held like reservations, before all of them.

One fact keeps a cycle linear in the queue: between the starts of held windows the free level of a pool only rises, so
a job that starts now harms a held window only at that window's start. Each pool keeps, per hold, its start and the
chips then left over; "ends before the shadow time, or fits the extra chips" is this test for one hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.profile import Ints, build_profile, level_at

Bytes = NDArray[np.int8]

STARTS, NO_POOL, TOO_LARGE, CHIPS, LENDING, WINDOW, RESERVATION = range(7)
"""Why a job waits, from the farthest from a start to the nearest; 0 is a start."""


@compiled
def run_at(run: int, speed: int) -> int:
    """Run time at a pool: the declared one over its speed (1000 is the reference chip), rounded up, at least 1."""
    return max(1, -((-run * 1000) // speed))


@compiled
def pool_profile(now: int, free: int, pool: int, on: Ints, held: Ints) -> tuple[Ints, Ints]:
    """The profile of one pool from running jobs `on` (rows pool, chips, end) and `held` (rows pool, chips, start, end)."""
    times = np.empty(len(on) + 2 * len(held), np.int64)
    deltas = np.empty(len(on) + 2 * len(held), np.int64)
    k = 0
    for i in range(len(on)):
        if on[i, 0] == pool:
            # A job over its expected end still holds its chips: it is expected to end at the next instant.
            times[k], deltas[k] = max(on[i, 2], now + 1), on[i, 1]
            k += 1
    for i in range(len(held)):
        if held[i, 0] == pool:
            times[k], deltas[k] = held[i, 2], -held[i, 1]
            times[k + 1], deltas[k + 1] = held[i, 3], held[i, 1]
            k += 2
    return build_profile(now, free, times[:k], deltas[:k])


@compiled
def hold_slack(now: int, pool: int, steps: Ints, levels: Ints, held: Ints, starts: Ints, slacks: Ints) -> int:
    """Write start and left-over chips of each hold of the pool that is still to begin; answer how many there are."""
    count = 0
    for i in range(len(held)):
        if held[i, 0] == pool and held[i, 2] > now:
            starts[count] = held[i, 2]
            slacks[count] = level_at(steps, levels, held[i, 2])
            count += 1
    return count


@compiled
def blocked_by(
    now: int,
    chips: int,
    run: int,
    guest: bool,
    free: int,
    lendable: int,
    starts: Ints,
    slacks: Ints,
    count: int,
    calendar: int,
) -> int:
    """STARTS, or what keeps a job of so many chips and such a run time out of this pool now.

    The first `calendar` holds are windows of the calendar, the rest reservations of jobs.
    """
    if chips > free:
        return CHIPS
    if guest and chips > lendable:
        return LENDING
    answer = STARTS
    for h in range(count):
        if starts[h] < now + run and chips > slacks[h]:
            if h < calendar:
                return WINDOW
            answer = RESERVATION
    return answer
