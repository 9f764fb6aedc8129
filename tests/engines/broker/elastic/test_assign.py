"""The multiple-choice knapsack against every possibility, both ways of solving it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hutong.engines.broker.elastic import Configuration, assign
from hutong.engines.broker.elastic.assignment import by_program
from hutong.kernel.errors import Invalid

OPTIONS = [
    Configuration(0, 1, 1),
    Configuration(0, 2, 1),
    Configuration(0, 4, 1),
    Configuration(1, 1, 1),
    Configuration(1, 3, 1),
]
CAPACITY = (4, 3)


def total(value: np.ndarray, chosen: tuple[int, ...]) -> float:
    return sum(value[job, one] for job, one in enumerate(chosen) if one >= 0)


def fits(chosen: tuple[int, ...]) -> bool:
    return all(
        sum(OPTIONS[one].chips for one in chosen if one >= 0 and OPTIONS[one].pool == pool) <= chips
        for pool, chips in enumerate(CAPACITY)
    )


def best(value: np.ndarray, forced: list[int | None]) -> float:
    found = [
        total(value, chosen)
        for chosen in product(range(-1, len(OPTIONS)), repeat=len(value))
        if fits(chosen) and all(must is None or must == one for must, one in zip(forced, chosen, strict=True))
    ]
    return max(found)


@pytest.mark.parametrize("seed", range(60))
def test_it_finds_the_best_of_all_possibilities(seed: int) -> None:
    generator = np.random.default_rng(seed)
    jobs = int(generator.integers(1, 5))
    value = generator.normal(1.0, 1.0, (jobs, len(OPTIONS)))
    value[generator.random(value.shape) < 0.2] = -np.inf
    forced: list[int | None] = [None] * jobs
    if seed % 3 == 0:
        forced[0] = 3
        value[0, 3] = -0.5
    chosen = tuple(int(one) for one in assign(value, OPTIONS, CAPACITY, forced))
    assert fits(chosen)
    assert total(value, chosen) == pytest.approx(best(value, forced))


@pytest.mark.parametrize("seed", range(20))
def test_the_table_and_the_programme_agree_in_value(seed: int) -> None:
    value = np.random.default_rng(seed).random((7, len(OPTIONS)))
    must = np.zeros(7, dtype=bool)
    one, other = assign(value, OPTIONS, CAPACITY), by_program(value, OPTIONS, CAPACITY, must)
    assert total(value, tuple(one)) == pytest.approx(total(value, tuple(other)))


def test_ties_go_to_waiting_and_to_the_first_configuration() -> None:
    assert list(assign(np.zeros((2, len(OPTIONS))), OPTIONS, CAPACITY)) == [-1, -1]
    assert list(assign(np.ones((1, len(OPTIONS))), OPTIONS, CAPACITY)) == [0]


def test_forced_jobs_that_overbook_are_refused() -> None:
    with pytest.raises(Invalid, match="hold 8 of 4"):
        assign(np.ones((2, len(OPTIONS))), OPTIONS, CAPACITY, [2, 2])


def test_no_jobs_no_choice() -> None:
    assert len(assign(np.empty((0, len(OPTIONS))), OPTIONS, CAPACITY)) == 0
