"""The cycle that the broker calls: pools, running jobs and the queue in order go in; starts and reasons come out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.reserve.cycle import plan
from hutong.engines.broker.reserve.easy import Bytes
from hutong.engines.broker.reserve.profile import Ints
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

NO_LIMIT = 1 << 60
"""Lendable chips of a pool that lends without limit."""


def ints(values: object) -> Ints:
    """As a contiguous array of 64-bit integers."""
    return np.ascontiguousarray(values, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Pools:
    """P pools: centre of each, chips in all, chips free now, chips that guests may still take now.

    free counts what no running job holds; windows of the calendar are taken off by the cycle itself.
    """

    centre: Ints
    total: Ints
    free: Ints
    lendable: Ints

    @classmethod
    def of(cls, centre: object, total: object, free: object, lendable: object | None = None) -> Pools:
        size = ints(total)
        lend = np.full(len(size), NO_LIMIT, np.int64) if lendable is None else ints(lendable)
        return cls(ints(centre), size, ints(free), lend)


@dataclass(frozen=True, slots=True)
class Running:
    """R running jobs: pool, chips held, expected end. An end that has passed counts as the next instant."""

    pool: Ints
    chips: Ints
    end: Ints

    @classmethod
    def of(cls, pool: object = (), chips: object = (), end: object = ()) -> Running:
        return cls(ints(pool), ints(chips), ints(end))

    def rows(self) -> Ints:
        """As a table (R, 3): pool, chips, end."""
        return np.stack((self.pool, self.chips, self.end), axis=1)


@dataclass(frozen=True, slots=True)
class Kinds:
    """K kinds of job, so that a million jobs share few rows.

    speed: (K, P) thousandths of the reference chip, 0 where the kind may not run (chip, template, zone, price …).
    cost: (K, P) what a start there costs in any one unit; the cheapest pool that can start the job now is taken, the
    first of equals. home: (K,) centre whose own users these are; at pools of other centres they are guests.
    """

    speed: Ints
    cost: Ints
    home: Ints

    @classmethod
    def of(cls, speed: object, cost: object | None = None, home: object | None = None) -> Kinds:
        pace = ints(speed)
        price = np.zeros_like(pace) if cost is None else ints(cost)
        return cls(pace, price, np.zeros(len(pace), np.int64) if home is None else ints(home))


@dataclass(frozen=True, slots=True)
class Queue:
    """N waiting jobs in their order: kind, chips, run time at the reference chip (a limit or a cautious estimate)."""

    kind: Ints
    chips: Ints
    run: Ints

    @classmethod
    def of(cls, kind: object, chips: object, run: object) -> Queue:
        return cls(ints(kind), ints(chips), ints(run))


@dataclass(frozen=True, slots=True)
class Starts:
    """What one cycle decided. Positions are those of the queue.

    pool: where the job starts now, -1 where it waits. reason: 0 or why it waits (`easy.CHIPS` and its neighbours).
    reason_pool: the pool that this reason speaks of, the one nearest to a start; -1 where none.
    reserved: rows (position in the queue, pool, promised start), in the order made.
    reasons: (N, P) the reason at every pool, where asked for; 0 where it could have started.
    """

    pool: Ints
    reason: Bytes
    reason_pool: Ints
    reserved: Ints = field(repr=False)
    reasons: Bytes = field(repr=False)

    @property
    def started(self) -> Ints:
        """Positions that start now."""
        return np.flatnonzero(self.pool >= 0)


def plan_starts(
    pools: Pools,
    running: Running,
    queue: Queue,
    kinds: Kinds,
    now: int,
    *,
    windows: object = (),
    depth: int = 1,
    per_pool: bool = False,
) -> Starts:
    """Decide one cycle by EASY backfill (Lifka 1995) over all pools, in one pass over the queue.

    windows: rows (pool, chips, start, end) held for the calendar; a job that would run into one does not start.
    depth: how many jobs may hold a reservation at each pool; 1 is EASY, 0 is pure first-fit.
    per_pool: also answer the reason at every pool (N x P bytes).
    Times and run times share one unit, chips another; all are integers. Deterministic: the same arrays give the same
    answer, compiled or not. Raises `Invalid` for arrays that do not fit together or amounts below one.
    """
    spans = ints(windows).reshape(-1, 4)
    check_cycle(pools, running, queue, kinds, spans, depth)
    many = len(queue.chips)
    pool, at = np.empty(many, np.int64), np.empty(many, np.int64)
    reason = np.empty(many, np.int8)
    reserved = np.empty((max(1, depth * len(pools.free)), 3), np.int64)
    whys = np.zeros((max(1, many), len(pools.free)) if per_pool else (1, 0), np.int8)
    made = plan(
        now, depth, False, pools.centre, pools.total, pools.free, pools.lendable,
        running.rows(), spans, np.arange(many, dtype=np.int64),
        queue.kind, queue.chips, queue.run, kinds.speed, kinds.cost, kinds.home, pool, reason, at, reserved, whys,
    )  # fmt: skip
    return Starts(pool, reason, at, reserved[:made], whys if per_pool else whys[:0])


def check_cycle(
    pools: Pools, running: Running, queue: Queue, kinds: Kinds, windows: Ints, depth: int = 1
) -> None:
    """Raise `Invalid` where the arrays of a cycle do not fit together, naming the first that does not."""
    count, shapes = len(pools.total), len(kinds.home)
    lengths = (
        ("pools", {len(pools.centre), len(pools.free), len(pools.lendable)} == {count}),
        ("running", len(running.pool) == len(running.chips) == len(running.end)),
        ("queue", len(queue.kind) == len(queue.chips) == len(queue.run)),
        ("kinds", kinds.speed.shape == kinds.cost.shape == (shapes, count)),
    )
    ranges = (
        ("pools", bool((pools.free <= pools.total).all())),
        ("running", not len(running.pool) or (running.pool.min() >= 0 and running.pool.max() < count)),
        ("windows", not len(windows) or (windows[:, 0].min() >= 0 and windows[:, 0].max() < count)),
        ("queue", not len(queue.kind) or (queue.kind.min() >= 0 and queue.kind.max() < shapes)),
        ("queue", not len(queue.run) or (queue.run.min() > 0 and queue.chips.min() > 0)),
        ("depth", depth >= 0),
    )
    for name, holds in lengths + ranges:
        if not holds:
            raise Invalid(
                Text("The arrays of a cycle do not fit together.", "一次调度所用的数组彼此不一致。"),
                rule="reserve.arrays",
                remedy=Text(
                    "Give arrays of one length, known indices and amounts above zero.",
                    "请提供等长数组、有效索引与正数。",
                ),
                field=name,
            )
