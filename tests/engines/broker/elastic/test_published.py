"""Against published figures, on the data of the Sia artifact (HUTONG_DATA)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hutong.engines.broker import elastic

FOLDER = Path(os.environ.get("HUTONG_DATA", "")) / "philly"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "sia_workloads").is_dir(), reason="HUTONG_DATA names no folder with philly/sia_workloads"
)


@pytest.fixture(scope="module")
def applications() -> dict[str, elastic.Application]:
    return elastic.load_applications(FOLDER / "sia_throughput", elastic.SIA_CLUSTER)


def runs(
    applications: dict[str, elastic.Application], trace: str, policy: str, files: str
) -> list[elastic.RunOutcome]:
    found = sorted((FOLDER / "sia_workloads" / trace).glob(files))
    return [
        elastic.simulate(
            elastic.load_workload(file), applications, elastic.SIA_CLUSTER, elastic.POLICIES[policy]()
        )
        for file in found
    ]


@pytest.mark.slow
def test_gavel_on_saturn_is_the_run_its_authors_print(applications: dict[str, elastic.Application]) -> None:
    """The README of the artifact's simulator prints this run to the last digit."""
    made = runs(applications, "saturn", "gavel", "*.csv")
    assert len(made) == 10
    assert np.mean([run.mean_completion_s for run in made]) / 3600 == pytest.approx(
        2.548240277777778, rel=1e-12
    )
    assert np.mean([run.makespan_s for run in made]) / 3600 == pytest.approx(43.25152777777778, rel=1e-12)
    assert np.mean([np.mean(run.contention) for run in made]) == pytest.approx(9.245206956348978, rel=1e-12)
    assert np.mean([job.restarts for run in made for job in run.jobs]) == pytest.approx(7.408, abs=0.0005)


@pytest.mark.slow
def test_gavel_on_philly_is_within_five_per_cent_of_table_3(
    applications: dict[str, elastic.Application],
) -> None:
    made = runs(applications, "philly", "gavel", "*.csv")
    assert np.mean([run.mean_completion_s for run in made]) / 3600 == pytest.approx(1.9, rel=0.05)
    assert np.mean([run.makespan_s for run in made]) / 3600 == pytest.approx(33.8, rel=0.05)


@pytest.mark.slow
def test_the_elastic_policy_beats_sia_on_the_same_loop(applications: dict[str, elastic.Application]) -> None:
    ours, sia = (runs(applications, "philly", policy, "workload-3.csv")[0] for policy in ("elastic", "sia"))
    assert ours.mean_completion_s < 0.9 * sia.mean_completion_s
