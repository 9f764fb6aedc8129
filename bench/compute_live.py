"""The broker over three real Slurm centres on this machine, beside a Slurm federation of the same centres.

Figures: makespan of the same jobs through the broker, through the federation and in simulation; then again while
controllers and the broker are killed, with what was lost, run twice, or booked otherwise than sacct has it (all 0).
``--through adapters`` (default) drives the adapters by the small loop of the test bed; ``--through hub`` is a whole hub
with its own worker, its ledger and its book, whose jobs are arrays. Needs slurmctld, slurmd, slurm-client, munge,
slurmdbd, mariadb-server; without them the missing part says so.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "modules")]

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd", "mariadb-install-db")


def run(
    jobs: int | None = None,
    seed: int = 7,
    brokers: int = 20,
    controllers: int = 2,
    nodes: int = 4,
    calibration: int = 60,
    peer: bool = True,
    through: str = "adapters",
) -> dict[str, Any]:
    """jobs (1,000 through the adapters, 300 through a hub) of 1, 2 or 4 chips and 2 to 8 s, on 3 centres of `nodes` nodes
    with 4 chips each. brokers, controllers: how often each is killed in the second run."""
    from slurm_bed import missing

    absent = missing(*NEEDED)
    if absent:
        return {"figures": {}, "peers": {}, "ratios": {}, "missing": {"slurm": absent}}
    if through not in WAYS:
        raise ValueError(f"--through is one of {', '.join(WAYS)}")
    return WAYS[through](jobs, seed, (brokers, controllers), nodes, calibration, peer)


def _adapters(
    jobs: int | None, seed: int, kills: tuple[int, int], nodes: int, calibration: int, peer: bool
) -> dict[str, Any]:
    from slurm_bed.driver import Faults, Work, live
    from slurm_bed.peers import simulated

    work = Work(jobs or 1000, seed)
    with _bed(nodes) as bed:
        trial = live(bed, bed.folder / "trial", Work(calibration, seed + 1), Faults())
    with _bed(nodes) as bed:
        clean = live(bed, bed.folder / "live", work, Faults())
        planned = simulated(bed, work, trial.overhead_ms, trial.turn_ms)
    with _bed(nodes) as bed:
        struck = live(bed, bed.folder / "live", work, Faults(*kills, seed=seed))
    figures = {"undisturbed": asdict(clean), "struck": asdict(struck), "simulated makespan, s": planned}
    ratios = {"simulated / live makespan": f"{planned / clean.makespan_s:.3f}x"}
    return _beside(figures, ratios, clean.makespan_s, work, nodes, peer)


def _hub(
    jobs: int | None, seed: int, kills: tuple[int, int], nodes: int, calibration: int, peer: bool
) -> dict[str, Any]:
    """Undisturbed and struck; the hub has no simulation beside it (calibration is not used)."""
    from slurm_bed.driver import Faults, Work
    from slurm_bed.hub import furnished, through_hub
    from slurm_bed.hub_verdict import HubResult, judge_hub

    work = Work(jobs or 300, seed)

    def once(faults: Faults) -> HubResult:
        with _bed(nodes) as bed:
            home = furnished(bed, bed.folder / "hub")
            return judge_hub(bed, home, work, through_hub(bed, home, work, faults))

    clean, struck = once(Faults()), once(Faults(*kills, seed=seed))
    return _beside(
        {"undisturbed": asdict(clean), "struck": asdict(struck)}, {}, clean.makespan_s, work, nodes, peer
    )


WAYS = {"adapters": _adapters, "hub": _hub}


def _beside(
    figures: dict[str, Any], ratios: dict[str, str], makespan_s: float, work: Any, nodes: int, peer: bool
) -> dict[str, Any]:
    """The figures with the federation's makespan of the same work."""
    from slurm_bed.peers import federated

    theirs: dict[str, Any] = {}
    if peer:
        with _bed(nodes) as bed:
            theirs = federated(bed, bed.folder / "peer", work)
        ratios["makespan / federation"] = f"{makespan_s / theirs['makespan, s']:.3f}x"
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
