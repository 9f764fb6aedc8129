"""Linear programmes of the rigid policies: limits kept, optimum against a search over a grid."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hutong.engines.broker import elastic
from hutong.engines.broker.elastic import Pool
from hutong.engines.broker.elastic.knowledge import Fits, Knowledge
from hutong.engines.broker.elastic.policies.shares import Shares
from hutong.engines.broker.elastic.policies.speed import speeds
from hutong.engines.broker.elastic.training import TrainingJob

POOLS = (Pool("slow", 2, 4), Pool("fast", 1, 4))


def jobs(applications: dict[str, elastic.Application], sizes: list[tuple[str, int]]) -> list[TrainingJob]:
    return [
        TrainingJob(
            elastic.Submission(f"j{n}", 0, kind, chips, 128), applications[kind], Knowledge(Fits()), False
        )
        for n, (kind, chips) in enumerate(sizes)
    ]


@pytest.mark.parametrize("way", ["max_sum", "max_min", "finish_time"])
def test_shares_keep_time_and_chips(way: str, applications: dict[str, elastic.Application]) -> None:
    present = jobs(
        applications, [("small", 4), ("small", 4), ("large", 2), ("large", 4), ("small", 1), ("large", 4)]
    )
    shares = getattr(Shares(), way)(present, POOLS, 600)
    chips = np.array([job.submission.chips for job in present])
    assert (shares >= 0).all() and (shares.sum(axis=1) <= 1 + 1e-4).all()
    assert (chips @ shares <= np.array([8, 4]) + 1e-3).all()


def test_equal_jobs_share_equally(applications: dict[str, elastic.Application]) -> None:
    shares = Shares().max_sum(jobs(applications, [("small", 4)] * 4), POOLS, 0)
    assert np.allclose(shares, shares[0])


def test_max_sum_is_the_best_of_a_grid(applications: dict[str, elastic.Application]) -> None:
    present = jobs(applications, [("small", 4), ("large", 4)])
    rate = speeds(present, POOLS)
    shares = Shares().max_sum(present, POOLS, 0)
    grid = [np.array(x).reshape(2, 2) for x in product(np.linspace(0, 1, 11), repeat=4)]
    able = [
        x for x in grid if (x.sum(axis=1) <= 1).all() and 4 * x[:, 0].sum() <= 8 and 4 * x[:, 1].sum() <= 4
    ]
    assert (rate * shares).sum() >= max((rate * x).sum() for x in able) - 1e-3


def test_max_min_raises_the_least(applications: dict[str, elastic.Application]) -> None:
    """Three equal jobs of a whole fast node: each gets a third of it and all the slow time that is left."""
    present = jobs(applications, [("small", 4)] * 3)
    shares = Shares().max_min(present, POOLS, 0)
    assert np.allclose(shares[:, 1], 1 / 3, atol=1e-4)
    assert np.allclose(shares[:, 0], 2 / 3, atol=1e-4)
