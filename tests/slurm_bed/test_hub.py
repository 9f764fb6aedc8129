"""Sixty jobs of a whole hub over three real Slurm centres, while its worker and a controller are killed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from slurm_bed import Bed, Shape, missing
from slurm_bed.driver import Faults, Work
from slurm_bed.hub import furnished, through_hub
from slurm_bed.hub_verdict import judge_hub

ABSENT = missing("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd", "mariadb-install-db")


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
def test_a_hub_loses_nothing_runs_nothing_twice_and_pays_what_sacct_says() -> None:
    work = Work(60, seed=7)
    with (
        tempfile.TemporaryDirectory(prefix="bed", dir="/tmp") as folder,
        Bed(Path(folder), Shape(nodes=2)) as bed,
    ):
        home = furnished(bed, Path(folder) / "hub")
        run = through_hub(bed, home, work, Faults(brokers=6, controllers=1))
        # The books are audited, the decisions replayed and the hub examined as well: nothing may be amiss.
        result = judge_hub(bed, home, work, run)
    assert (result.lost, result.twice, result.off) == (0, 0, 0), result
    assert (result.killed_workers, result.killed_controllers) == (6, 1)
    assert sum(result.by_centre.values()) == result.attempts >= 60 and len(result.by_centre) == 3
    assert result.decisions > 0 and result.chip_seconds > 60 * 2
