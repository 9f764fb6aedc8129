"""Many jobs over real Slurm centres while controllers and the broker are killed, and what came of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import hutong
from hutong.modules.compute.adapters import Adapter, Task
from hutong.modules.compute.adapters.slurm import SlurmCentre
from hutong.modules.compute.adapters.slurm_programs import SlurmPrograms
from slurm_bed import broker
from slurm_bed.bed import Bed
from slurm_bed.daemons import BedFailed
from slurm_bed.journal import Journal
from slurm_bed.verdict import Result, judge

# A payload notes its beginning and its end; several notes of one job tell of several runs. A sleep that was killed is no
# end: whoever kills a job may hit the sleep before the shell.
PAYLOAD = 'echo "begin $$" >>"$1"; sleep "$2" && echo "end $$" >>"$1"'


@dataclass(frozen=True, slots=True)
class Work:
    """So many jobs of 1, 2 or 4 chips and `shortest` to `longest` seconds."""

    jobs: int
    seed: int
    shortest: float = 2.0
    longest: float = 8.0

    def tasks(self, folder: Path) -> dict[str, Task]:
        chance = random.Random(self.seed)
        found = {}
        for n in range(self.jobs):
            seconds = round(chance.uniform(self.shortest, self.longest), 1)
            chips = chance.choices((1, 2, 4), (5, 3, 2))[0]
            command = ("/bin/sh", "-c", PAYLOAD, "payload", str(folder / f"J{n}"), str(seconds))
            found[f"J{n}"] = Task(command, chips=chips, limit_s=600, label=f"job {n}; $(touch /tmp/never)")
        return found


@dataclass(frozen=True, slots=True)
class Faults:
    """How often the broker and a controller are killed with SIGKILL, and how long the controller stays away."""

    brokers: int = 0
    controllers: int = 0
    away_s: float = 2.0
    seed: int = 1


def live(bed: Bed, folder: Path, work: Work, faults: Faults) -> Result:
    """Run the work through the broker in `folder` and judge it by the payloads' traces and by sacct."""
    traces = folder / "traces"
    traces.mkdir(parents=True)
    tasks = work.tasks(traces)
    plan = {
        c.name: (str(c.conf), str(folder / c.name), bed.shape.nodes * bed.shape.chips)
        for c in bed.centres.values()
    }
    (folder / "centres.json").write_text(json.dumps(plan))
    centres = {
        c.name: SlurmCentre(c.name, SlurmPrograms(c.name, c.conf), folder / c.name)
        for c in bed.centres.values()
    }
    for centre in centres.values():
        centre.prepare()
    journal = Journal(folder / "journal.db")
    began = time.time()
    journal.submit(tasks)
    killed = _run(bed, folder, journal, faults, len(tasks))
    corrected = _close_books(bed, journal, centres)
    return judge(bed, folder, journal, tasks, began, (*killed, corrected))


def _run(bed: Bed, folder: Path, journal: Journal, faults: Faults, jobs: int) -> tuple[int, int]:
    """Keep a broker going until all is done; kill it and controllers at random points of the work's progress."""
    chance = random.Random(faults.seed)
    points = sorted(
        [(chance.uniform(0.0, 0.95), "broker") for _ in range(faults.brokers)]
        + [
            ((n + chance.random()) / (faults.controllers + 1), "controller")
            for n in range(faults.controllers)
        ]
    )
    killed = Counter[str]()
    process = _broker(folder)
    try:
        while process.poll() is None:
            done = journal.count("job WHERE state IN ('finished', 'failed')") / jobs
            if points and done >= points[0][0]:
                _, what = points.pop(0)
                killed[what] += 1
                if what == "broker":
                    # Not at the moment at which progress was made, but somewhere in the loop.
                    time.sleep(chance.uniform(0, 0.7))
                    process.kill()
                    process.wait()
                    process = _broker(folder)
                else:
                    strike(bed, chance, faults.away_s)
            if int(time.time()) % 5 == 0:
                for centre in bed.centres.values():
                    centre.resume()
            time.sleep(0.2)
    finally:
        process.kill()
    if process.wait():
        raise BedFailed((folder / "broker.log").read_text()[-2000:])
    return killed["broker"], killed["controller"]


def strike(bed: Bed, chance: random.Random, away_s: float) -> None:
    centre = chance.choice(list(bed.centres.values()))
    centre.kill_controller()
    time.sleep(away_s)
    centre.recover()


def _broker(folder: Path) -> subprocess.Popen[bytes]:
    source = [str(Path(__file__).resolve().parents[1]), str(Path(hutong.__file__ or "").parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(source)}
    with (folder / "broker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "slurm_bed.broker", str(folder)], env=environment, stdout=log, stderr=log
        )


def _close_books(bed: Bed, journal: Journal, centres: Mapping[str, Adapter]) -> int:
    """Settle the rest, ending in the accounting what no controller knows any more, as an operator does after a crash;
    then reconcile. How many settled attempts the accounting had changed afterwards."""
    ends = time.monotonic() + 30
    while journal.unsettled() and time.monotonic() < ends:
        broker.look(journal, centres)
        broker.bury(journal, centres)
        broker.settle(journal, centres)
        time.sleep(0.5)
    if journal.unsettled():
        for one in bed.centres.values():
            one.run(
                "sacctmgr",
                "--immediate",
                "show",
                "runawayjobs",
                f"cluster={one.name}",
                check=False,
                stdin="y\n",
            )
        broker.settle(journal, centres, for_good=True)
    return broker.reconcile(journal, centres)
