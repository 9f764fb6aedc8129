"""One EASY cycle over many pools, compiled: the walk along the queue. See `easy` for the rule and `starts` for the call."""

from __future__ import annotations

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.easy import (
    CHIPS,
    NO_POOL,
    STARTS,
    TOO_LARGE,
    Bytes,
    blocked_by,
    hold_slack,
    pool_profile,
    run_at,
)
from hutong.engines.broker.reserve.profile import NEVER, Ints, earliest

CENTRE, TOTAL, WHOLE, FREE, LENDABLE, HOLDS, CALENDAR, OPEN = range(8)
"""Columns of the pool table: centre; chips in all; free before and after active windows are taken off; that guests may
still take; holds still to begin, those of the calendar among them; reservations that jobs may still make."""


@compiled
def open_pools(
    now: int, depth: int, centre: Ints, total: Ints, free: Ints, lendable: Ints, on: Ints, held: Ints,
    starts: Ints, slacks: Ints,
) -> Ints:  # fmt: skip
    """The pool table at the beginning of a cycle; writes start and left-over chips of the calendar's windows."""
    pool = np.empty((len(centre), 8), np.int64)
    for p in range(len(centre)):
        steps, levels = pool_profile(now, free[p], p, on, held)
        pool[p, CENTRE], pool[p, TOTAL], pool[p, WHOLE], pool[p, FREE] = (
            centre[p],
            total[p],
            free[p],
            levels[0],
        )
        pool[p, LENDABLE], pool[p, OPEN] = lendable[p], depth
        pool[p, HOLDS] = hold_slack(now, p, steps, levels, held, starts[p], slacks[p])
        pool[p, CALENDAR] = pool[p, HOLDS]
    return pool


@compiled
def best_pool(
    now: int, chips: int, run: int, home: int, speed: Ints, cost: Ints, pool: Ints, starts: Ints, slacks: Ints, whys: Bytes
) -> tuple[int, int, int]:  # fmt: skip
    """The cheapest pool where the job starts now, or -1; else the nearest reason against a start and its pool.

    Writes the reason at each pool into `whys`, unless it is empty.
    """
    best, reason, at = -1, NO_POOL, -1
    for p in range(len(pool)):
        why = NO_POOL
        if speed[p] > 0:
            why = TOO_LARGE
            if chips <= pool[p, TOTAL]:
                why = blocked_by(
                    now, chips, run_at(run, speed[p]), home != pool[p, CENTRE],
                    pool[p, FREE], pool[p, LENDABLE], starts[p], slacks[p], pool[p, HOLDS], pool[p, CALENDAR],
                )  # fmt: skip
        if len(whys):
            whys[p] = why
        if why == STARTS:
            if best < 0 or cost[p] < cost[best]:
                best = p
        elif why > reason:
            reason, at = why, p
    if best >= 0:
        return best, STARTS, best
    return -1, reason, at


@compiled
def first_pool(
    now: int, chips: int, run: int, home: int, speed: Ints, cost: Ints, pool: Ints, on: Ints, held: Ints
) -> tuple[int, int]:
    """The open pool where the job would start first, and when; (-1, NEVER) where it never would. Ties: lower cost."""
    best, when = -1, int(NEVER)
    for p in range(len(pool)):
        if speed[p] <= 0 or chips > pool[p, TOTAL] or pool[p, OPEN] <= 0:
            continue
        if home != pool[p, CENTRE] and chips > pool[p, LENDABLE]:
            continue
        steps, levels = pool_profile(now, pool[p, WHOLE], p, on, held)
        start = earliest(steps, levels, chips, run_at(run, speed[p]))
        if start < when or (start == when and best >= 0 and cost[p] < cost[best]):
            best, when = p, start
    return best, when


@compiled
def note_start(p: int, chips: int, end: int, home: int, pool: Ints, starts: Ints, slacks: Ints) -> None:
    """Take the chips of a job that starts now, also from holds that begin before it ends."""
    pool[p, WHOLE] -= chips
    pool[p, FREE] -= chips
    if home != pool[p, CENTRE]:
        pool[p, LENDABLE] -= chips
    for h in range(pool[p, HOLDS]):
        if starts[p, h] < end:
            slacks[p, h] -= chips


@compiled
def note_reservation(now: int, p: int, pool: Ints, on: Ints, held: Ints, starts: Ints, slacks: Ints) -> None:
    """Work out the pool's holds anew; the last row of `held` is the new one."""
    pool[p, OPEN] -= 1
    steps, levels = pool_profile(now, pool[p, WHOLE], p, on, held)
    pool[p, HOLDS] = hold_slack(now, p, steps, levels, held, starts[p], slacks[p])


@compiled
def add_row(rows: Ints, many: int, a: int, b: int, c: int) -> Ints:
    """The rows with one more at `many`; in a larger array where there is no room."""
    if many == len(rows):
        wide = np.empty((2 * many + 64, 3), np.int64)
        wide[:many] = rows
        rows = wide
    rows[many, 0], rows[many, 1], rows[many, 2] = a, b, c
    return rows


@compiled
def plan(
    now: int, depth: int, full_stop: bool, centre: Ints, total: Ints, free: Ints, lendable: Ints, on: Ints, windows: Ints,
    order: Ints, kind: Ints, chips: Ints, run: Ints, speed: Ints, cost: Ints, home: Ints,
    begun: Ints, reason: Bytes, at: Ints, reserved: Ints, whys: Bytes,
) -> int:  # fmt: skip
    """One cycle. Writes `begun` (pool or -1), `reason`, `at` (pool of the reason), `reserved` (position, pool, start).

    `on` has rows pool, chips, end; `windows` rows pool, chips, start, end. `whys`, one row per position, takes the
    reason at each pool; one row of no columns asks for none. `order` lists the jobs, first come first; arrays of jobs
    are indexed by its entries, the written ones by position. With `full_stop` the walk ends once no pool has a free
    chip and all reservations are made; what it did not reach stays as it was. Answers how many reservations there are.
    """
    places, spans, made, many = depth * len(free), len(windows), 0, len(on)
    held = np.empty((spans + places, 4), np.int64)
    held[:spans] = windows
    starts, slacks = np.empty((2, len(free), spans + depth), np.int64)
    pool = open_pools(now, depth, centre, total, free, lendable, on, windows, starts, slacks)
    for k in range(len(order)):
        j = order[k]
        g = kind[j]
        if full_stop and made == places and pool[:, FREE].max() <= 0:
            return made
        p, reason[k], at[k] = best_pool(
            now, chips[j], run[j], home[g], speed[g], cost[g], pool, starts, slacks, whys[k if len(whys) > 1 else 0]
        )  # fmt: skip
        begun[k] = p
        if p >= 0:
            end = now + run_at(run[j], speed[g, p])
            note_start(p, chips[j], end, home[g], pool, starts, slacks)
            on = add_row(on, many, p, chips[j], end)
            many += 1
        elif made < places and reason[k] >= CHIPS:
            p, when = first_pool(
                now, chips[j], run[j], home[g], speed[g], cost[g], pool, on[:many], held[: spans + made]
            )  # fmt: skip
            if p >= 0:
                held[spans + made, 0], held[spans + made, 1] = p, chips[j]
                held[spans + made, 2], held[spans + made, 3] = when, when + run_at(run[j], speed[g, p])
                reserved[made, 0], reserved[made, 1], reserved[made, 2] = k, p, when
                made += 1
                note_reservation(now, p, pool, on[:many], held[: spans + made], starts, slacks)
    return made
