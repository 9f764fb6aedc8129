"""One configuration per job at most, pools not overbooked, total value greatest: a multiple-choice knapsack.

Exact either way: dynamic programming over the chips left in each pool where that table is small (a few milliseconds
for 64 chips), HiGHS' branch and bound where it is not. Ties go to waiting before running and to the configuration
named first in the former; the latter is deterministic too, but breaks ties by its own rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from hutong.engines.broker.elastic.cluster import Configuration
from hutong.engines.broker.elastic.profile import Floats
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Ints = NDArray[np.int64]
WAIT = -1
FORBIDDEN = -np.inf
# Cells of the table times configurations: about half a second of array work.
TABLE_LIMIT = 100_000_000


def assign(
    value: Floats,
    configurations: Sequence[Configuration],
    capacity: Sequence[int],
    forced: Sequence[int | None] | None = None,
) -> Ints:
    """Index of the configuration of each job, or -1 to wait.

    ``value`` (jobs x configurations) is what running is worth against waiting (0); -inf forbids. ``capacity``: chips
    of each pool. ``forced``: configuration a job must keep, where given. Raises Invalid where forced jobs alone
    overbook a pool.
    """
    table = np.array(value, dtype=np.float64)
    must = np.zeros(len(table), dtype=np.bool_)
    for job, kept in enumerate(forced or ()):
        if kept is not None:
            worth = table[job, kept] if np.isfinite(table[job, kept]) else 0.0
            table[job] = FORBIDDEN
            table[job, kept] = worth
            must[job] = True
    _check_forced(configurations, capacity, forced or ())
    if not len(table):
        return np.empty(0, dtype=np.int64)
    states = int(np.prod([chips + 1 for chips in capacity]))
    if states * table.size <= TABLE_LIMIT:
        return _by_table(table, configurations, capacity, must)
    return by_program(table, configurations, capacity, must)


def _by_table(
    value: Floats, configurations: Sequence[Configuration], capacity: Sequence[int], must: NDArray[np.bool_]
) -> Ints:
    strides = np.cumprod([1] + [chips + 1 for chips in capacity[:-1]])
    states = int(strides[-1]) * (capacity[-1] + 1)
    left = np.stack(
        [np.arange(states) // stride % (chips + 1) for stride, chips in zip(strides, capacity, strict=True)]
    )
    need = np.array([one.chips for one in configurations], dtype=np.int64)
    pool = np.array([one.pool for one in configurations], dtype=np.int64)
    return knapsack(_undominated(value, need, pool), need, pool, need * strides[pool], left, must)


def _undominated(value: Floats, need: Ints, pool: Ints) -> Floats:
    """Forbid what a configuration of no more chips of the same pool, named before, is worth too."""
    kept = value.copy()
    for option in range(value.shape[1]):
        rivals = (pool[:option] == pool[option]) & (need[:option] <= need[option])
        if rivals.any():
            beaten = value[:, :option][:, rivals].max(axis=1) >= value[:, option]
            kept[beaten, option] = FORBIDDEN
    return kept


def knapsack(value: Floats, need: Ints, pool: Ints, shift: Ints, left: Ints, must: NDArray[np.bool_]) -> Ints:
    """Configuration per job. State s has ``left[p, s]`` chips of pool p; a configuration moves ``shift`` states down.

    Jobs are added one by one; the last state is all chips. Whole rows at a time: compiling it gained nothing.
    """
    jobs, options = value.shape
    states = left.shape[1]
    best = np.zeros(states)
    picks = np.full((jobs, states), -1, dtype=np.int64)
    for job in range(jobs):
        grown = np.full(states, -np.inf) if must[job] else best.copy()
        for option in range(options):
            worth = value[job, option]
            # More chips than the pools have: no state is so far from the end.
            if worth == -np.inf or shift[option] >= states:
                continue
            move = shift[option]
            offer = best[: states - move] + worth
            better = (left[pool[option], move:] >= need[option]) & (offer > grown[move:])
            grown[move:] = np.where(better, offer, grown[move:])
            picks[job, move:] = np.where(better, option, picks[job, move:])
        best = grown
    chosen = np.full(jobs, -1, dtype=np.int64)
    state = states - 1
    for job in range(jobs - 1, -1, -1):
        chosen[job] = picks[job, state]
        if chosen[job] >= 0:
            state -= shift[chosen[job]]
    return chosen


def by_program(
    value: Floats, configurations: Sequence[Configuration], capacity: Sequence[int], must: NDArray[np.bool_]
) -> Ints:
    """The same by mixed-integer programming (HiGHS, through SciPy)."""
    jobs, options = value.shape
    allowed = np.isfinite(value).ravel()
    rows = np.zeros((jobs + len(capacity), jobs * options))
    for job in range(jobs):
        rows[job, job * options : (job + 1) * options] = 1.0
    for index, one in enumerate(configurations):
        rows[jobs + one.pool, index::options] = one.chips
    low = np.concatenate([must.astype(float), np.zeros(len(capacity))])
    high = np.concatenate([np.ones(jobs), np.array(capacity, dtype=float)])
    found = milp(
        -np.where(allowed, value.ravel(), 0.0),
        constraints=LinearConstraint(rows, low, high),
        bounds=Bounds(0.0, allowed.astype(float)),
        integrality=np.ones(jobs * options),
    )
    taken = np.round(found.x.reshape(jobs, options))
    return np.where(taken.any(axis=1), taken.argmax(axis=1), WAIT).astype(np.int64)


def _check_forced(
    configurations: Sequence[Configuration], capacity: Sequence[int], forced: Sequence[int | None]
) -> None:
    for pool, chips in enumerate(capacity):
        kept = sum(
            configurations[one].chips
            for one in forced
            if one is not None and configurations[one].pool == pool
        )
        if kept > chips:
            raise Invalid(
                Text(
                    f"jobs that must stay hold {kept} of {chips} chips",
                    f"须保留的作业占 {kept} 张卡，仅有 {chips} 张",
                ),
                rule="broker.elastic.capacity",
                remedy=Text("release one of them first", "请先释放其中之一"),
            )
