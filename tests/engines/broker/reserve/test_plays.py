"""Plays of a live queue: equal to the compiled plays of one pool, and right by hand on several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.broker.reserve import NEVER, Calibrator, Kinds, Pools, Queue, Running, RunTimes, eta
from hutong.engines.broker.reserve.plays import play_queue, quantiles
from hutong.engines.broker.reserve.quantiles import SIDES


def table(plays: int, values: list[int]) -> np.ndarray:
    return np.tile(np.array(values, np.int64), (plays, 1)) if values else np.zeros((plays, 0), np.int64)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 50)), max_size=4),
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 50)), min_size=1, max_size=8),
)
def test_on_one_pool_they_are_the_plays_of_eta(
    capacity: int, on: list[tuple[int, int]], waiting: list[tuple[int, int]]
) -> None:
    """`eta.play` with limits given draws nothing: each job runs for the limit of its class."""
    waiting = [(min(chips, capacity), run) for chips, run in waiting]
    now, chips = 100, np.array([c for c, _ in (*on, *waiting)], np.int64)
    limits = np.array([r for _, r in (*on, *waiting)], np.int64)
    kind = np.arange(len(chips))
    begun = np.full(len(chips), now, np.int64)
    running = np.arange(len(on))
    held, room = [], capacity
    for size, _ in on:
        held.append(min(size, room))
        room -= held[-1]
    played = play_queue(
        Pools.of([0], [capacity], [room]),
        Running.of([0] * len(on), held, [now + r for _, r in on]),
        Queue.of([0] * len(waiting), [c for c, _ in waiting], [r for _, r in waiting]),
        Kinds.of([[1000]]),
        table(2, [now + r for _, r in on]),
        table(2, [r for _, r in waiting]),
        now,
    )
    for place in range(len(waiting)):
        j = len(on) + place
        before = np.arange(len(on), j)
        none = np.zeros((1, 1), np.int64)
        start, _ = eta.play(
            now, j, capacity, begun, chips, kind, running, before, none, none[0], none[0], 0, 1, limits
        )
        assert played.starts(place).tolist() == [start, start]


def test_a_job_goes_where_it_starts_first_and_of_equals_where_it_costs_less() -> None:
    pools = Pools.of([0, 1, 1], [4, 4, 4], [0, 0, 0])
    running = Running.of([0, 1, 2], [4, 4, 4], [50, 50, 90])
    queue = Queue.of([0, 0, 0], [4, 4, 4], [10, 10, 10])
    kinds = Kinds.of([[1000, 1000, 1000]], [[3, 2, 1]], [0])
    played = play_queue(pools, running, queue, kinds, table(1, [50, 50, 90]), table(1, [10, 10, 10]), 0)
    assert [(played.pool(n), int(played.starts(n)[0])) for n in range(3)] == [(1, 50), (0, 50), (1, 60)]


def test_a_guest_of_a_pool_that_lends_too_few_never_starts_there() -> None:
    pools = Pools.of([0, 1], [2, 8], [0, 8], [2, 3])
    kinds = Kinds.of([[1000, 1000]], None, [0])
    played = play_queue(
        pools, Running.of([0], [2], [7]), Queue.of([0, 0], [2, 4], [1, 1]), kinds,
        table(1, [7]), table(1, [1, 1]), 5,
    )  # fmt: skip
    assert played.when[0, :, 0].tolist() == [7, 6] and played.when[1].min() == NEVER
    assert (played.pool(0), played.pool(1)) == (1, -1)


def test_a_faster_pool_is_free_again_sooner() -> None:
    pools = Pools.of([0], [1], [1])
    played = play_queue(
        pools, Running.of(), Queue.of([0, 0], [1, 1], [100, 1]), Kinds.of([[4000]]),
        table(1, []), table(1, [100, 1]), 0,
    )  # fmt: skip
    assert played.starts(1).tolist() == [25]


def test_quantiles_are_the_smallest_with_that_share_at_or_below() -> None:
    assert quantiles(np.arange(1, 11)) == (1, 5, 9)
    assert quantiles(np.array([7])) == (7, 7, 7)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 400), max_size=200),
    st.integers(0, 500),
    st.lists(st.integers(0, SIDES - 1), min_size=1, max_size=6),
)
def test_draws_of_the_live_form_are_those_of_the_compiled_one(
    seen: list[int], ran: int, dice: list[int]
) -> None:
    live = RunTimes(2, 300)
    rings, counts = np.zeros((3, 128), np.int64), np.zeros(3, np.int64)
    for n, run in enumerate(seen):
        live.observe(n % 2, run)
        eta.observe(rings, counts, n % 2, run)
    for kind in (0, 1):
        drawn = live.drawn(kind, ran, np.array(dice, np.int64))
        assert drawn.tolist() == [eta.longer_than(rings, counts, kind, ran, d, 300) for d in dice]
    assert live.ready == (len(seen) >= 8) and live.known(0) == (len(seen) >= 15)


def test_a_stream_that_is_told_again_goes_on_as_if_it_had_never_stopped() -> None:
    dice = np.random.default_rng(3)
    first, second = Calibrator(0.8), Calibrator(0.8)
    for n in range(60):
        now = 100 * n
        given_ = first.interval(n, now, now + 20, now + 40, now + 80)
        second.recall(n, now, now + 40, given_)
        if n % 3:
            wait = now + int(dice.integers(1, 90))
            first.started(n, wait)
            second.started(n, wait)
    asked = (6_100, 6_120, 6_140, 6_180)
    assert second.corrected(*asked) == first.corrected(*asked) == first.interval(99, *asked)


def test_asking_teaches_nothing() -> None:
    stream = Calibrator(0.8)
    for _ in range(20):
        stream.corrected(0, 1, 2, 3)
    assert stream.corrected(0, 1, 2, 3) == Calibrator(0.8).corrected(0, 1, 2, 3)


def test_more_plays_than_one_stand_side_by_side() -> None:
    pools = Pools.of([0], [2], [0])
    ends = np.array([[10, 30], [40, 20]], np.int64)
    played = play_queue(
        pools, Running.of([0, 0], [1, 1], [99, 99]), Queue.of([0, 0], [1, 2], [5, 5]), Kinds.of([[1000]]),
        ends, table(2, [5, 5]), 0,
    )  # fmt: skip
    assert played.when[:, 0].tolist() == [[10, 20], [30, 40]]
    with pytest.raises(IndexError):
        played.starts(2)
