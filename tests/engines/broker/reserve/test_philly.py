"""The partnership on the public Philly log: read from HUTONG_DATA, the folder that contains philly/."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hutong.engines.broker.reserve import (
    Federation,
    Terms,
    calibrate,
    federation,
    foretell_starts,
    replay_partnership,
    replay_silos,
)
from hutong.engines.broker.traces.jobs import Row, trace
from hutong.engines.broker.traces.philly import read_philly
from hutong.kernel.errors import Invalid

LOG = Path(os.environ.get("HUTONG_DATA", "")) / "philly" / "philly_jobs.csv"
needs_data = pytest.mark.skipif(
    "HUTONG_DATA" not in os.environ or not LOG.exists(),
    reason="set HUTONG_DATA to the folder that contains philly/",
)


def test_groups_become_centres_sized_by_what_they_ask_for() -> None:
    """Centre a: 2 jobs of 10 h x 4 chips within 10 h: 8 chips on average. Centre b is too small to be one."""
    hour = 3_600_000
    rows = [
        Row(f"{g}{i}", i * 10 * hour, run, -1, 4, "", g)
        for i in (0, 1)
        for g, run in (("a", 10 * hour), ("b", 1500))
    ]
    made = federation(trace(rows), least_hours=10)
    assert made.names == ("a",) and made.home.tolist() == [0, 0]
    assert made.log.run.tolist() == [36_000, 36_000]
    assert made.demand() == (8.0,)
    assert made.capacity(0.6).tolist() == [5] and made.capacity(0.1).tolist() == [4], (
        "at least the largest job"
    )
    assert federation(trace(rows), least_hours=0).log.run.tolist() == [36_000, 2, 36_000, 2], (
        "1.5 s counts as 2"
    )
    with pytest.raises(Invalid):
        federation(trace(rows), least_hours=1000)


@pytest.fixture(scope="module")
def jobs() -> Federation:
    return federation(read_philly(LOG)[0])


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("level", [0.6, 0.9, 1.2])
def test_half_the_wait_and_no_job_of_any_centre_later(jobs: Federation, level: float) -> None:
    assert len(jobs.names) == 11
    capacity = jobs.capacity(level)
    shadow = replay_silos(jobs.log, jobs.home, capacity)
    made = replay_partnership(jobs.log, jobs.home, capacity, shadow, Terms())
    assert (made.end <= shadow + jobs.log.run).all()
    alone, shared = shadow - jobs.log.submit, made.end - jobs.log.submit - jobs.log.run
    assert shared.mean() <= 0.5 * alone.mean()
    for centre in range(11):
        own = jobs.home == centre
        assert shared[own].mean() <= 1.05 * alone[own].mean()


@needs_data
@pytest.mark.slow
def test_80_percent_intervals_cover_77_to_83(jobs: Federation) -> None:
    capacity = jobs.capacity(1.2)
    shadow = replay_silos(jobs.log, jobs.home, capacity)
    made = replay_partnership(jobs.log, jobs.home, capacity, shadow, Terms())
    told = foretell_starts(jobs.log, int(capacity.sum()), made.first, end=made.end, key=made.key, stride=8)
    given = calibrate(told.made, told.actual, told.low, told.middle, told.high)
    covered = (given[:, 0] <= told.actual) & (told.actual <= given[:, 2])
    assert 0.77 <= np.mean(covered) <= 0.83
