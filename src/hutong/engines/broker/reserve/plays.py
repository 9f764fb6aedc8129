"""When each job of a live queue will start: the queue played forward many times at once, over many pools.

The live form of `eta`: in every play each job at work ends and each waiting job runs as its draw says, and the chips are
dealt out in queue order, each job at the pool where it starts first, the cheaper of equals. Plays stand side by side as
rows of arrays, so that a hub without a compiler can afford them. Quantiles over the plays are the raw forecast; outcomes
correct it (`calibrate`): what the deal leaves out is seen there, above all backfilling, later submissions, the calendar's
windows and chips that guests give back to the lendable share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.reserve.profile import NEVER, Ints
from hutong.engines.broker.reserve.starts import Kinds, Pools, Queue, Running

SHARES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Played:
    """when: (N, P, S) start of job n at pool p in play s with all before it dealt, `NEVER` where that cannot be.

    taken: (N, S) the pool where it starts, -1 for none.
    """

    when: Ints
    taken: Ints

    def starts(self, position: int) -> Ints:
        """(S,) the start of a job at the pool where it starts first."""
        first: Ints = self.when[position].min(axis=0)
        return first

    def pool(self, position: int) -> int:
        """The pool where it starts most often; -1 where it never does. Ties: the first of them."""
        reached = self.taken[position][self.taken[position] >= 0]
        return int(np.bincount(reached).argmax()) if len(reached) else -1


def quantiles(starts: Ints, shares: Sequence[float] = SHARES) -> tuple[int, ...]:
    """The smallest start with at least that share of the plays at or below it, for each share."""
    ranked = np.sort(starts)
    return tuple(int(ranked[max(0, int(np.ceil(share * len(ranked))) - 1)]) for share in shares)


def play_queue(
    pools: Pools, running: Running, queue: Queue, kinds: Kinds, ends: Ints, runs: Ints, now: int
) -> Played:
    """Deal the queue out in S plays; arguments as for `starts.plan_starts`.

    ends: (S, R) when each job at work ends. runs: (S, N) run time of each waiting job at the reference chip. What is
    free now is free for the first job that takes it; what is asked about starts a unit of time from now at the soonest.
    Cost grows with jobs x plays x chips of a pool: meant for the first some hundred of a queue.
    """
    plays, many = runs.shape
    free_at = [_free(running, ends, p, int(pools.total[p]), now) for p in range(len(pools.total))]
    when = np.full((many, len(free_at), plays), NEVER, np.int64)
    taken = np.full((many, plays), -1, np.int64)
    for j in range(many):
        kind, chips = int(queue.kind[j]), int(queue.chips[j])
        for p in _suits(pools, kinds, kind, chips):
            when[j, p] = free_at[p][:, chips - 1]
        for p, rows in _taken(when[j], kinds.cost[kind]):
            taken[j, rows] = p
            span = np.maximum(1, -(-runs[rows, j] * 1000 // kinds.speed[kind, p]))
            free_at[p][rows] = _dealt(free_at[p][rows], chips, when[j, p, rows] + span)
    return Played(np.maximum(when, now + 1), taken)


def _free(running: Running, ends: Ints, pool: int, total: int, now: int) -> Ints:
    """(S, total) when each chip of a pool is free, in order. What is said to be held beyond its chips is left out."""
    free = np.full((len(ends), total), now, np.int64)
    many = 0
    for r in np.flatnonzero(running.pool == pool):
        last = min(many + int(running.chips[r]), total)
        free[:, many:last] = ends[:, r, None]
        many = last
    free.sort(axis=1)
    return free


def _suits(pools: Pools, kinds: Kinds, kind: int, chips: int) -> list[int]:
    guest = kinds.home[kind] != pools.centre
    fits = (kinds.speed[kind] > 0) & (chips <= pools.total) & ~(guest & (chips > pools.lendable))
    return [int(p) for p in np.flatnonzero(fits)]


def _taken(when: Ints, cost: Ints) -> list[tuple[int, Ints]]:
    """Which plays take which pool: the earliest start, then the lower cost, then the first."""
    order = np.argsort(cost, kind="stable")
    chosen = order[when[order].argmin(axis=0)]
    reached = when.min(axis=0) < NEVER
    return [(int(p), np.flatnonzero(reached & (chosen == p))) for p in np.unique(chosen[reached])]


def _dealt(free_at: Ints, chips: int, end: Ints) -> Ints:
    """The chips that were free first are free again from `end` on."""
    after = free_at.copy()
    after[:, :chips] = end[:, None]
    after.sort(axis=1, kind="stable")
    return after
