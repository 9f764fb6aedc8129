"""When each waiting job would start if run times came as expected: conservative backfill in the order of the queue.

Conservative backfill (Mu'alem and Feitelson 2001, "Utilization, predictability, workloads, and user runtime estimates
in scheduling the IBM SP2 with backfilling"): every job in turn takes the earliest place that moves no job before it.
The live cycle is EASY and may start a job sooner; this is the plan that a calendar and an explanation rest on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.easy import pool_profile, run_at
from hutong.engines.broker.reserve.profile import NEVER, Ints, earliest
from hutong.engines.broker.reserve.starts import Kinds, Pools, Queue, Running, check_cycle, ints

TRIALS = 3
"""Sizes tried for each job: as asked, one chip fewer, half."""


@compiled
def trial(chips: int, t: int) -> int:
    """The t-th size tried; 0 where there is no such size."""
    if t == 0:
        return chips
    return chips - 1 if t == 1 else chips // 2


@compiled
def cut(steps: Ints, levels: Ints, many: int, when: int) -> int:
    """Make a step begin at this time (in place). Answers how many steps there are."""
    k = np.searchsorted(steps[:many], when, side="left")
    if k < many and steps[k] == when:
        return many
    for i in range(many, k, -1):
        steps[i], levels[i] = steps[i - 1], levels[i - 1]
    steps[k], levels[k] = when, levels[k - 1]
    return many + 1


@compiled
def take(steps: Ints, levels: Ints, many: int, start: int, end: int, chips: int) -> int:
    """Take chips during [start, end) (in place). Answers how many steps there are."""
    many = cut(steps, levels, many, start)
    many = cut(steps, levels, many, end)
    for k in range(np.searchsorted(steps[:many], start), np.searchsorted(steps[:many], end)):
        levels[k] -= chips
    return many


@compiled
def place_all(
    now: int, centre: Ints, total: Ints, free: Ints, lendable: Ints,
    on: Ints, windows: Ints,
    kind: Ints, chips: Ints, run: Ints, speed: Ints, cost: Ints, home: Ints, where: Ints, when: Ints,
) -> None:  # fmt: skip
    """Place the jobs in order. Writes `where` (N,) and `when` (N, P, TRIALS): the start at each pool for each size."""
    pools, jobs = len(centre), len(chips)
    room = len(on) + 2 * len(windows) + 2 * jobs + 2
    steps, levels = np.empty((pools, room), np.int64), np.empty((pools, room), np.int64)
    many = np.zeros(pools, np.int64)
    for p in range(pools):
        a, b = pool_profile(now, free[p], p, on, windows)
        many[p] = len(a)
        steps[p, : len(a)], levels[p, : len(a)] = a, b
    for j in range(jobs):
        g, best = kind[j], -1
        for p in range(pools):
            span = run_at(run[j], speed[g, p]) if speed[g, p] > 0 else 0
            for t in range(TRIALS):
                size = trial(chips[j], t)
                when[j, p, t] = NEVER
                if span == 0 or size < 1 or size > total[p] or (home[g] != centre[p] and size > lendable[p]):
                    continue
                when[j, p, t] = earliest(steps[p, : many[p]], levels[p, : many[p]], size, span)
            if when[j, p, 0] == NEVER:
                continue
            if best < 0 or (when[j, p, 0], cost[g, p]) < (when[j, best, 0], cost[g, best]):
                best = p
        where[j] = best
        if best >= 0:
            start = when[j, best, 0]
            end = start + run_at(run[j], speed[g, best])
            many[best] = take(steps[best], levels[best], many[best], start, end, chips[j])


@dataclass(frozen=True, slots=True)
class Forecast:
    """For N jobs and P pools: the pool taken (-1: none ever) and the start at every pool, by size tried.

    when[n, p, t] is the start of job n at pool p with the t-th size (as asked, one fewer, half), `NEVER` where that
    cannot be; all jobs before n are placed as asked.
    """

    pool: Ints
    when: NDArray[np.int64]

    def start(self, position: int) -> int | None:
        """When the job starts, as asked; None where it never would."""
        pool = int(self.pool[position])
        return None if pool < 0 else int(self.when[position, pool, 0])


def forecast(
    pools: Pools, running: Running, queue: Queue, kinds: Kinds, now: int, *, windows: object = ()
) -> Forecast:
    """Plan all waiting jobs by conservative backfill; arguments as for `starts.plan_starts`.

    Meant for the first few thousand of a queue: the cost grows with jobs x pools x steps.
    """
    spans = ints(windows).reshape(-1, 4)
    check_cycle(pools, running, queue, kinds, spans)
    many = len(queue.chips)
    where = np.empty(many, np.int64)
    when = np.empty((many, len(pools.total), TRIALS), np.int64)
    place_all(
        now, pools.centre, pools.total, pools.free, pools.lendable, running.rows(), spans,
        queue.kind, queue.chips, queue.run, kinds.speed, kinds.cost, kinds.home, where, when,
    )  # fmt: skip
    return Forecast(where, when)
