"""A million pending jobs over sixteen centres: one cycle in seconds, within the memory of a small machine."""

from __future__ import annotations

import resource
import time
from importlib.util import find_spec

import numpy as np
import pytest

from hutong.engines.broker.reserve import Kinds, Pools, Queue, Running, plan_starts

JOBS, CENTRES, KINDS = 1_000_000, 16, 500


@pytest.mark.slow
@pytest.mark.skipif(find_spec("numba") is None, reason="the plain path of a million jobs takes minutes")
def test_a_cycle_over_a_million_jobs_takes_less_than_5_seconds_and_2_gigabytes() -> None:
    luck = np.random.default_rng(0)
    on = luck.integers(0, CENTRES, 60_000)
    held = luck.choice([1, 2, 4, 8], len(on))
    free = luck.integers(0, 50, CENTRES)
    total = free + np.bincount(on, held, CENTRES).astype(int)
    pools, running = (
        Pools.of(np.arange(CENTRES), total, free),
        Running.of(on, held, luck.integers(1, 10**6, len(on))),
    )
    kinds = Kinds.of(
        np.where(luck.random((KINDS, CENTRES)) < 0.6, 1000, 0),
        luck.integers(0, 9, (KINDS, CENTRES)),
        luck.integers(0, CENTRES, KINDS),
    )
    queue = Queue.of(
        luck.integers(0, KINDS, JOBS), luck.choice([1, 2, 4, 8, 16, 64], JOBS), luck.integers(60, 10**5, JOBS)
    )
    plan_starts(pools, running, Queue.of([0], [1], [1]), kinds, 0)
    began = time.perf_counter()
    made = plan_starts(pools, running, queue, kinds, 0)
    assert time.perf_counter() - began < 5
    assert len(made.pool) == JOBS and len(made.reserved) == CENTRES and len(made.started) > CENTRES
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 1024 * 1024
