"""Sixty jobs over three real Slurm centres, while a controller and the broker are killed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from slurm_bed import Bed, Shape, missing
from slurm_bed.driver import Faults, Work, live

ABSENT = missing("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd", "mariadb-install-db")


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
def test_nothing_is_lost_or_run_twice_and_the_books_are_those_of_sacct() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bed", dir="/tmp") as folder,
        Bed(Path(folder), Shape(nodes=2)) as bed,
    ):
        result = live(bed, Path(folder) / "live", Work(60, seed=7), Faults(brokers=6, controllers=1))
    assert (result.lost, result.twice, result.off) == (0, 0, 0), result
    assert (result.killed_brokers, result.killed_controllers) == (6, 1)
    assert sum(result.by_centre.values()) == result.attempts >= 60
    assert len(result.by_centre) == 3 and result.chip_seconds > 60 * 2
