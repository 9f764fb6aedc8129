"""One order from several reasons: determinism, strict FIFO, and the reason said for every overtaking."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.broker.order import NO_DEADLINE, OrderPolicy, Ranking, Waiting, fair_points, rank
from hutong.kernel.errors import Invalid

HOUR = 3_600_000
POLICY = OrderPolicy(
    "t1", fair=1000, award=500, laxity=2000, age=300, awards=5, horizon_ms=48 * HOUR, ageing_ms=168 * HOUR
)
NOW = 1000 * HOUR


def jobs(n: int, seed: int, queues: int = 5) -> Waiting:
    luck = np.random.default_rng(seed)
    submit = NOW - luck.integers(0, 300 * HOUR, n)
    deadline = np.where(luck.random(n) < 0.5, NO_DEADLINE, NOW + luck.integers(-HOUR, 100 * HOUR, n))
    return Waiting(
        luck.permutation(n).astype(np.int64),
        luck.integers(0, queues, n),
        submit,
        luck.integers(0, 6, n),
        deadline,
        luck.integers(0, 20 * HOUR, n),
    )


def fair(queues: int = 5) -> np.ndarray:
    return fair_points(np.arange(1, queues + 1))


def brute(given: Waiting, points: np.ndarray, now: int) -> list[int]:
    """The same order, one job at a time in unbounded integers."""
    keys = []
    for i in range(len(given)):
        submit, deadline, run = int(given.submit_ms[i]), int(given.deadline_ms[i]), int(given.run_ms[i])
        slack = min(max(deadline - now - run, 0), POLICY.horizon_ms)
        urgency = 0 if deadline == NO_DEADLINE else (POLICY.horizon_ms - slack) * 10**6 // POLICY.horizon_ms
        age = min(max(now - submit, 0), POLICY.ageing_ms) * 10**6 // POLICY.ageing_ms
        award = int(given.award[i]) * 10**6 // 5
        total = 1000 * int(points[given.queue[i]]) + 500 * award + 2000 * urgency + 300 * age
        keys.append((-total, submit, int(given.number[i]), i))
    return [key[-1] for key in sorted(keys)]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_equals_plain_sorting(seed: int) -> None:
    given = jobs(400, seed)
    assert rank(given, fair(), POLICY, NOW).order.tolist() == brute(given, fair(), NOW)


def test_the_order_does_not_depend_on_the_order_of_the_rows() -> None:
    given = jobs(500, 1)
    shuffle = np.random.default_rng(2).permutation(500)
    moved = Waiting(*(getattr(given, name)[shuffle] for name in Waiting.__slots__))
    for strict in (None, np.array([True, False, True, False, False])):
        one = given.number[rank(given, fair(), POLICY, NOW, strict).order]
        two = moved.number[rank(moved, fair(), POLICY, NOW, strict).order]
        assert one.tobytes() == two.tobytes()


def assert_strict(made: Ranking, queue: int) -> None:
    mine = [i for i in made.order.tolist() if made.jobs.queue[i] == queue]
    arrived = sorted(mine, key=lambda i: (int(made.jobs.submit_ms[i]), int(made.jobs.number[i])))
    assert mine == arrived


@given(st.integers(0, 60), st.integers(0, 10**6), st.lists(st.booleans(), min_size=5, max_size=5))
@settings(max_examples=60)
def test_nobody_overtakes_in_a_strict_queue_and_others_keep_their_places(
    n: int, seed: int, strict: list[bool]
) -> None:
    given = jobs(n, seed)
    free = rank(given, fair(), POLICY, NOW)
    made = rank(given, fair(), POLICY, NOW, np.array(strict))
    assert sorted(made.order.tolist()) == list(range(n))
    for queue in range(5):
        if strict[queue]:
            assert_strict(made, queue)
    # The places that each queue has won are the same, strict or not.
    assert given.queue[made.order].tolist() == given.queue[free.order].tolist()
    loose = ~np.array(strict)[given.queue]
    assert made.order[loose[made.order]].tolist() == free.order[loose[free.order]].tolist()


def one(**columns: list[int]) -> Waiting:
    n = len(next(iter(columns.values())))
    plain = {
        "number": list(range(n)),
        "queue": [0] * n,
        "submit_ms": [NOW] * n,
        "award": [0] * n,
        "deadline_ms": [NO_DEADLINE] * n,
        "run_ms": [HOUR] * n,
    }
    return Waiting(*(np.array({**plain, **columns}[name], dtype=np.int64) for name in Waiting.__slots__))


def test_every_overtaking_has_its_reason() -> None:
    made = rank(one(award=[0, 5]), fair(), POLICY, NOW)
    assert made.order.tolist() == [1, 0] and "award priority" in made.why_before(1, 0).en
    made = rank(one(deadline_ms=[NO_DEADLINE, NOW + 2 * HOUR]), fair(), POLICY, NOW)
    assert made.order.tolist() == [1, 0] and "deadline" in made.why_before(1, 0).en
    made = rank(one(queue=[4, 0]), fair(), POLICY, NOW)
    assert made.order.tolist() == [1, 0] and "公平份额" in made.why_before(1, 0).zh
    made = rank(one(submit_ms=[NOW, NOW - 30 * HOUR]), fair(), POLICY, NOW)
    assert made.order.tolist() == [1, 0] and "waiting time" in made.why_before(1, 0).en
    made = rank(one(number=[7, 3]), fair(), POLICY, NOW)
    assert made.order.tolist() == [1, 0] and "equal" in made.why_before(1, 0).en
    made = rank(one(award=[0, 5], submit_ms=[NOW - 5, NOW]), fair(), POLICY, NOW, np.ones(5, dtype=bool))
    assert made.order.tolist() == [0, 1] and "first in, first out" in made.why_before(0, 1).en
    strict = np.array([False, False, False, False, True])
    made = rank(
        one(award=[0, 5, 1], submit_ms=[NOW - 5, NOW, NOW], queue=[4, 4, 3]), fair(), POLICY, NOW, strict
    )
    assert made.order.tolist()[0] == 0 and "has won" in made.why_before(0, 2).en
    term, points = made.why(1)[0]
    assert (term.en, points) == ("award priority", 500 * 10**6)


def test_waiting_long_enough_beats_any_later_award() -> None:
    """Ageing: with the weight of age above all others together nobody starves."""
    patient = replace(POLICY, age=4_000)
    given = one(award=[0, 5], submit_ms=[NOW - 168 * HOUR, NOW])
    assert rank(given, fair(), patient, NOW).order.tolist() == [0, 1]
    assert rank(given, fair(), POLICY, NOW).order.tolist() == [1, 0]


def test_a_clock_that_jumps_back_makes_no_age_negative() -> None:
    made = rank(one(submit_ms=[NOW + 5 * HOUR, NOW]), fair(), POLICY, NOW)
    assert made.points[:, 3].tolist() == [0, 0]


def test_points_of_ranks_share_ties_and_stay_positive() -> None:
    assert fair_points([1, 1, 3, 4, 0]).tolist() == [10**6, 10**6, 500_000, 250_000, 0]


@pytest.mark.parametrize(
    "change", [{"fair": -1}, {"age": 10**9 + 1}, {"awards": 0}, {"horizon_ms": 10**12 + 1}]
)
def test_a_policy_that_overflows_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        replace(POLICY, **change)


def test_a_million_jobs_over_five_hundred_queues_take_seconds() -> None:
    given = jobs(1_000_000, 3, 500)
    began = time.process_time()
    made = rank(given, fair(500), POLICY, NOW, np.arange(500) % 10 == 0)
    assert time.process_time() - began < 5.0
    assert_strict(made, 10)
