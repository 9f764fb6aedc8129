"""The broker over three real Slurm centres on this machine, beside a Slurm federation of the same centres.

Figures: makespan of the same jobs through the broker, through the federation and in simulation; then again while
controllers and the broker are killed, with what was lost, run twice, or booked otherwise than sacct has it (all 0).
Needs slurmctld, slurmd, slurm-client, munge, slurmdbd, mariadb-server; without them the missing part says so.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd", "mariadb-install-db")


def run(
    jobs: int = 1000,
    seed: int = 7,
    brokers: int = 20,
    controllers: int = 2,
    nodes: int = 4,
    calibration: int = 60,
    peer: bool = True,
) -> dict[str, Any]:
    """jobs of 1, 2 or 4 chips and 2 to 8 s on 3 centres of `nodes` nodes with 4 chips; `brokers` and `controllers` tell
    how often each is killed in the second run."""
    from slurm_bed import missing

    absent = missing(*NEEDED)
    if absent:
        return {"figures": {}, "peers": {}, "ratios": {}, "missing": {"slurm": absent}}
    from slurm_bed.driver import Faults, Work, live
    from slurm_bed.peers import federated, simulated

    work = Work(jobs, seed)
    with _bed(nodes) as bed:
        trial = live(bed, bed.folder / "trial", Work(calibration, seed + 1), Faults())
    with _bed(nodes) as bed:
        clean = live(bed, bed.folder / "live", work, Faults())
        planned = simulated(bed, work, trial.overhead_ms, trial.turn_ms)
    with _bed(nodes) as bed:
        struck = live(bed, bed.folder / "live", work, Faults(brokers, controllers, seed=seed))
    theirs: dict[str, Any] = {}
    if peer:
        with _bed(nodes) as bed:
            theirs = federated(bed, bed.folder / "peer", work)
    figures = {"undisturbed": asdict(clean), "struck": asdict(struck), "simulated makespan, s": planned}
    ratios = {"simulated / live makespan": f"{planned / clean.makespan_s:.3f}x"}
    if theirs:
        ratios["makespan / federation"] = f"{clean.makespan_s / theirs['makespan, s']:.3f}x"
    return {"figures": figures, "peers": {"Slurm federation": theirs}, "ratios": ratios, "missing": {}}


@contextmanager
def _bed(nodes: int) -> Iterator[Any]:
    """A fresh bed for every run: no run inherits the books of another."""
    from slurm_bed import Bed, Shape

    with (
        tempfile.TemporaryDirectory(prefix="bed", dir="/tmp") as folder,
        Bed(Path(folder), Shape(nodes=nodes)) as bed,
    ):
        yield bed
