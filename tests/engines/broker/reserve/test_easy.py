"""A cycle of EASY backfill decides as its definition says: compared with a timeline filled square by square."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from hutong.engines.broker.reserve import (
    CHIPS,
    LENDING,
    NO_POOL,
    RESERVATION,
    TOO_LARGE,
    WINDOW,
    Kinds,
    Pools,
    Queue,
    Running,
    plan_starts,
)
from hutong.kernel.errors import Invalid

HORIZON = 80
Reserved = list[tuple[int, int, int]]


@dataclass(frozen=True)
class Case:
    pools: Pools
    running: Running
    queue: Queue
    kinds: Kinds
    windows: list[tuple[int, int, int, int]]
    depth: int


def draw(luck: np.random.Generator, *, pools: int, windows: int, depth: int, lending: bool) -> Case:
    many = int(luck.integers(0, 5))
    pool = luck.integers(0, pools, many)
    held = luck.integers(1, 4, many)
    free = luck.integers(0, 5, pools)
    total = free + np.bincount(pool, held, pools).astype(int)
    kinds = int(luck.integers(1, 4))
    span = [sorted(luck.choice(20, 2, replace=False)) for _ in range(windows)]
    return Case(
        Pools.of(np.arange(pools), total, free, luck.integers(0, 5, pools) if lending else None),
        Running.of(pool, held, luck.integers(0, 12, many)),
        Queue.of(luck.integers(0, kinds, n := int(luck.integers(1, 8))), luck.integers(1, 7, n), luck.integers(1, 10, n)),
        Kinds.of(
            luck.choice([0, 500, 1000, 1500], (kinds, pools)),
            luck.integers(0, 3, (kinds, pools)),
            luck.integers(0, pools, kinds),
        ),
        [(int(luck.integers(0, pools)), int(luck.integers(1, 4)), int(a), int(b)) for a, b in span],
        depth,
    )  # fmt: skip


class Timeline:
    """Free chips of every pool at every instant, filled square by square."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.free = np.repeat(case.pools.free[:, None], HORIZON, 1)
        for pool, chips, end in zip(case.running.pool, case.running.chips, case.running.end, strict=True):
            self.free[pool, max(int(end), 1) :] += chips
        for pool, chips, start, end in case.windows:
            self.free[pool, start:end] -= chips
        self.lendable = case.pools.lendable.copy()

    def span(self, job: int, pool: int) -> int:
        speed = int(self.case.kinds.speed[self.case.queue.kind[job], pool])
        return -(-int(self.case.queue.run[job]) * 1000 // speed) if speed else 0

    def may(self, job: int, pool: int) -> bool:
        chips, kind = self.case.queue.chips[job], self.case.queue.kind[job]
        guest = self.case.kinds.home[kind] != self.case.pools.centre[pool]
        return bool(
            self.case.kinds.speed[kind, pool] > 0
            and chips <= self.case.pools.total[pool]
            and not (guest and chips > self.lendable[pool])
        )

    def fits(self, job: int, pool: int, start: int) -> bool:
        part = self.free[pool, start : start + self.span(job, pool)]
        return bool((part >= self.case.queue.chips[job]).all())

    def fill(self, job: int, pool: int, start: int) -> None:
        self.free[pool, start : start + self.span(job, pool)] -= self.case.queue.chips[job]


def by_definition(case: Case) -> tuple[list[int], Reserved]:
    """Starts and reservations, each found by trying every pool and every instant."""
    line, places = Timeline(case), range(len(case.pools.free))
    open_ = [case.depth for _ in places]
    starts: list[int] = []
    reserved: Reserved = []
    for job in range(len(case.queue.chips)):
        cost = case.kinds.cost[case.queue.kind[job]]
        now = [p for p in places if line.may(job, p) and line.fits(job, p, 0)]
        pool = min(now, key=lambda p: (cost[p], p), default=-1)
        starts.append(pool)
        if pool >= 0:
            line.fill(job, pool, 0)
            if case.kinds.home[case.queue.kind[job]] != case.pools.centre[pool]:
                line.lendable[pool] -= case.queue.chips[job]
            continue
        later = [
            (t, cost[p], p)
            for p in places
            if open_[p] and line.may(job, p)
            for t in range(HORIZON - 25)
            if line.fits(job, p, t)
        ]
        if later:
            when, _, pool = min(later)
            line.fill(job, pool, when)
            open_[pool] -= 1
            reserved.append((job, pool, when))
    return starts, reserved


SHAPES = [(1, 0, 1, False), (2, 0, 1, False), (3, 1, 1, True), (2, 2, 2, True), (2, 1, 0, False)]


@pytest.mark.parametrize(("pools", "windows", "depth", "lending"), SHAPES)
def test_10000_small_cycles_equal_the_definition(pools: int, windows: int, depth: int, lending: bool) -> None:
    luck = np.random.default_rng([pools, windows, depth, lending])
    for _ in range(2000):
        case = draw(luck, pools=pools, windows=windows, depth=depth, lending=lending)
        made = plan_starts(
            case.pools, case.running, case.queue, case.kinds, 0, windows=case.windows, depth=case.depth
        )
        starts, reserved = by_definition(case)
        assert made.pool.tolist() == starts, case
        assert [tuple(row) for row in made.reserved.tolist()] == reserved, case


def head_start(case: Case, line: Timeline, job: int) -> int:
    return next(t for t in range(HORIZON) if line.fits(job, 0, t))


def test_a_job_overtakes_exactly_when_the_head_does_not_start_later() -> None:
    """Lifka's rule itself, without any notion of slack: add the job, look when the head starts now."""
    luck, overtook, held = np.random.default_rng(7), 0, 0
    for _ in range(2000):
        case = draw(luck, pools=1, windows=0, depth=1, lending=False)
        case.kinds.speed[:] = 1000
        fitting = case.queue.chips <= case.pools.total[0]
        made = plan_starts(case.pools, case.running, case.queue, case.kinds, 0)
        line, head = Timeline(case), -1
        for job in np.flatnonzero(fitting):
            chips = case.queue.chips[job]
            start = bool(line.free[0, 0] >= chips)
            if start and head >= 0:
                before = head_start(case, line, head)
                line.fill(job, 0, 0)
                start = head_start(case, line, head) == before
                overtook, held = overtook + start, held + (not start)
                if not start:
                    line.free[0, : line.span(job, 0)] += chips
            elif start:
                line.fill(job, 0, 0)
            elif head < 0:
                head = job
            assert (made.pool[job] == 0) == start, case
    assert overtook > 100 and held > 100


def one_pool(free: int, queue: list[tuple[int, int]], **more: object) -> list[int]:
    chips, run = zip(*queue, strict=True)
    made = plan_starts(
        Pools.of([0], [10], [free]), Running.of([0], [10 - free], [50]), Queue.of([0] * len(queue), chips, run),
        Kinds.of([[1000]]), 0, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return made.reason.tolist()


def test_each_reason_is_told() -> None:
    assert one_pool(4, [(6, 10), (4, 50), (4, 51)]) == [CHIPS, 0, CHIPS]
    assert one_pool(4, [(6, 10), (4, 51), (4, 50)]) == [CHIPS, 0, CHIPS], "4 extra chips: 10 - 6"
    assert one_pool(4, [(8, 10), (4, 51), (4, 50)]) == [CHIPS, RESERVATION, 0]
    assert one_pool(4, [(4, 20), (4, 21)], windows=[(0, 2, 20, 30)]) == [0, CHIPS]
    assert one_pool(4, [(4, 21), (2, 21)], windows=[(0, 2, 20, 30)]) == [WINDOW, 0]
    assert one_pool(4, [(11, 1)]) == [TOO_LARGE]
    kinds = Kinds.of([[0], [1000]], home=[0, 1])
    made = plan_starts(
        Pools.of([0], [4], [4], [2]), Running.of(), Queue.of([0, 1, 1], [1, 3, 2], [1, 1, 1]), kinds, 0
    )
    assert made.reason.tolist() == [NO_POOL, LENDING, 0]


def test_a_head_reserves_at_one_pool_only_the_one_where_it_starts_first() -> None:
    pools = Pools.of([0, 1], [8, 8], [2, 2])
    running = Running.of([0, 1], [6, 6], [100, 40])
    made = plan_starts(
        pools, running, Queue.of([0, 0, 0], [8, 2, 2], [10, 99, 99]), Kinds.of([[1000, 1000]]), 0
    )
    assert made.reserved.tolist() == [[0, 1, 40], [2, 0, 99]], "the next that waits may hold the other pool"
    assert made.pool.tolist() == [-1, 0, -1], "pool 0 is free to all, pool 1 is kept for the head"


def test_a_job_over_its_expected_end_still_holds_its_chips() -> None:
    late = Running.of([0], [6], [-500])
    made = plan_starts(Pools.of([0], [8], [2]), late, Queue.of([0, 0], [8, 1], [5, 5]), Kinds.of([[1000]]), 0)
    assert made.reserved.tolist() == [[0, 0, 1]] and made.pool.tolist() == [-1, -1]


def test_inputs_are_left_as_they_were_and_the_same_cycle_decides_alike() -> None:
    case = draw(np.random.default_rng(3), pools=3, windows=2, depth=2, lending=True)
    arrays = [case.pools.free, case.pools.lendable, case.running.end, case.queue.run, case.kinds.speed]
    before = [a.copy() for a in arrays]
    first, again = (
        plan_starts(case.pools, case.running, case.queue, case.kinds, 0, windows=case.windows, per_pool=True)
        for _ in range(2)
    )
    assert all((a == b).all() for a, b in zip(arrays, before, strict=True))
    for name in ("pool", "reason", "reason_pool", "reserved", "reasons"):
        assert (getattr(first, name) == getattr(again, name)).all()


@pytest.mark.parametrize(
    ("field", "pools", "queue", "windows"),
    [
        ("queue", Pools.of([0], [4], [4]), Queue.of([0], [0], [5]), []),
        ("queue", Pools.of([0], [4], [4]), Queue.of([0], [1], [-5]), []),
        ("queue", Pools.of([0], [4], [4]), Queue.of([7], [1], [5]), []),
        ("pools", Pools.of([0], [4], [5]), Queue.of([0], [1], [5]), []),
        ("windows", Pools.of([0], [4], [4]), Queue.of([0], [1], [5]), [(3, 1, 0, 9)]),
        ("kinds", Pools.of([0, 1], [4, 4], [4, 4]), Queue.of([0], [1], [5]), []),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(
    field: str, pools: Pools, queue: Queue, windows: object
) -> None:
    with pytest.raises(Invalid) as refused:
        plan_starts(pools, Running.of(), queue, Kinds.of([[1000]]), 0, windows=windows)
    assert refused.value.field == field
