"""Lanes to every kind of centre, and the bed of real Slurm centres that the slow tests share."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
for place in (HERE, HERE.parents[2]):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

import ray_head as ray_head_module  # noqa: E402
from lanes import Lane, LocalLane, RayLane, SimulatedLane, SlurmLane, SlurmRestLane  # noqa: E402
from ray_head import RayHead  # noqa: E402

from slurm_bed import Bed, BedFailed, Shape, missing  # noqa: E402


@pytest.fixture(scope="package")
def bed() -> Iterator[Bed]:
    """Two small Slurm centres. Skips where Slurm is not installed."""
    absent = missing()
    if absent:
        pytest.skip(absent)
    # A path of its own and not pytest's: munge's socket has to fit 107 characters.
    with tempfile.TemporaryDirectory(prefix="bed", dir="/tmp") as folder:
        place = Bed(Path(folder), Shape(names=("haidian", "yizhuang"), nodes=2, rest=True))
        try:
            place.start()
        except BedFailed as problem:
            pytest.skip(f"Slurm is installed but does not come up here: {problem}")
        yield place
        place.stop()


@pytest.fixture(scope="package")
def ray_head() -> Iterator[RayHead]:
    """A Ray head. Skips where Ray is not installed."""
    if ray_head_module.program() is None:
        pytest.skip(ray_head_module.NEEDS)
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        head = RayHead(Path(folder))
        yield head
        head.stop()


@pytest.fixture(
    params=[
        "simulated",
        "local",
        pytest.param("slurm", marks=pytest.mark.slow),
        pytest.param("slurmrest", marks=pytest.mark.slow),
        pytest.param("ray", marks=pytest.mark.slow),
    ],
)
def lane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lane]:
    """The same contract, whatever the engine."""
    if request.param == "simulated":
        yield SimulatedLane(tmp_path)
    elif request.param == "local":
        yield LocalLane(tmp_path)
    elif request.param == "ray":
        yield RayLane(tmp_path, request.getfixturevalue("ray_head"))
    else:
        bed: Bed = request.getfixturevalue("bed")
        kind = SlurmLane if request.param == "slurm" else SlurmRestLane
        yield kind(tmp_path, bed.centres["haidian"])
