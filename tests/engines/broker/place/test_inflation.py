"""Arrivals up to a demand, and the typical mix."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from hutong.engines.broker.place import inflated, typical

from . import cases


@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(13, 10), Fraction(3)])
def test_demand_ends_at_the_ratio_within_one_task(ratio: Fraction) -> None:
    cluster, jobs = cases.cluster(1, 12), cases.drawn(1, 120)
    arrivals = inflated(cluster, jobs, 42, ratio)
    demand, target = int(jobs.gpu_milli[arrivals.order].sum()), ratio * cluster.gpu_milli
    assert abs(demand - target) <= 8000
    assert sorted(arrivals.rank) == list(range(len(cluster.names)))


def test_up_keeps_every_task_and_down_repeats_none() -> None:
    cluster, jobs = cases.cluster(1, 40), cases.drawn(1, 60)
    up = Counter(inflated(cluster, jobs, 1, Fraction(3)).order.tolist())
    down = Counter(inflated(cluster, jobs, 1, Fraction(1, 10)).order.tolist())
    assert set(up) == set(range(60)) and max(down.values()) == 1


def test_seeds_give_other_orders() -> None:
    cluster, jobs = cases.cluster(1, 12), cases.drawn(1, 120)
    assert not np.array_equal(inflated(cluster, jobs, 42).rank, inflated(cluster, jobs, 43).rank)


def test_the_mix_covers_the_popular_types_and_sums_to_one() -> None:
    jobs = cases.tasks(*[(1000, 1, 500, 0)] * 90, *[(2000, 1, 1000, 0)] * 6, *[(3000, 0, 0, 0)] * 4)
    mix = typical(jobs)
    assert mix.cpu_milli.tolist() == [1000, 2000] and mix.share.tolist() == pytest.approx([90 / 96, 6 / 96])
    assert typical(jobs, 100).share.tolist() == pytest.approx([0.9, 0.06, 0.04])


def test_equal_counts_put_the_larger_request_first() -> None:
    jobs = cases.tasks((1000, 1, 500, 0), (4000, 1, 200, 0), (1000, 1, 1000, 0))
    assert typical(jobs, 100).cpu_milli.tolist() == [4000, 1000, 1000]
    assert typical(jobs, 100).milli.tolist() == [200, 1000, 500]
