"""What the broker's run is compared with: the same work on a Slurm federation, and in simulation."""

from __future__ import annotations

import time
from calendar import timegm
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hutong.modules.compute.adapters import Adapter, Task
from hutong.modules.compute.adapters.simulated import Outcome, SimulatedCentre, VirtualClock
from slurm_bed import broker
from slurm_bed.bed import Bed
from slurm_bed.driver import Work
from slurm_bed.journal import Journal


def federated(bed: Bed, folder: Path, work: Work) -> dict[str, object]:
    """Makespan of the work submitted to one member of a federation of the bed's centres, from the first submission to
    the last end; as fast as three clients submit, which is what the broker has too."""
    traces = folder / "traces"
    traces.mkdir(parents=True)
    bed.federate()
    time.sleep(3)
    first = next(iter(bed.centres.values()))
    began = time.time()

    def submit(job: tuple[str, Task]) -> None:
        name, task = job
        script = (
            "#!/bin/sh\n" + " ".join("'" + word.replace("'", "'\\''") + "'" for word in task.command) + "\n"
        )
        first.run(
            "sbatch", "--parsable", "--export=NIL", "--no-requeue", f"--job-name={name}", "--output=/dev/null",
            f"--gres=gpu:{task.chips}", "--time=10", "--nodes=1", stdin=script,
        )  # fmt: skip

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(submit, work.tasks(traces).items()))
    submitted = time.time() - began
    while sum("end" in p.read_text() for p in traces.iterdir()) < work.jobs:
        time.sleep(0.5)
    time.sleep(5)
    ends = []
    ran = {}
    for one in bed.centres.values():
        said = one.run(
            "sacct", "--noheader", "--parsable2", "--allocations", "--starttime=2020-01-01", "--state=COMPLETED",
            "--endtime=now", "--format=End,JobName",
        )  # fmt: skip
        rows = [line.split("|") for line in said.splitlines()]
        ran[one.name] = len(rows)
        ends += [timegm(time.strptime(end, "%Y-%m-%dT%H:%M:%S")) for end, _ in rows if end != "Unknown"]
    return {
        "makespan, s": round(max(ends) - began, 1),
        "submission, s": round(submitted, 1),
        "by centre": ran,
    }


def simulated(bed: Bed, work: Work, overhead_ms: int, turn_ms: int) -> float:
    """Makespan (s) of the same broker over simulated centres of the same shape.

    overhead_ms: by how much Slurm holds chips longer than the payload runs; turn_ms: how long a turn of the broker
    takes; both measured on another run.
    """
    clock = VirtualClock()

    def outcome(task: Task) -> Outcome:
        return Outcome(int(float(task.command[5]) * 1000) + overhead_ms)

    size = bed.shape.chips
    centres: dict[str, Adapter] = {
        name: SimulatedCentre(
            name, clock, {bed.shape.model: bed.shape.nodes * size}, outcome=outcome, node_chips=size
        )
        for name in bed.centres
    }
    journal = Journal(Path(":memory:"))
    journal.submit(work.tasks(Path("/nowhere")))
    while not broker.turn(journal, centres, dict.fromkeys(centres, bed.shape.nodes * size)):
        clock.advance(turn_ms)
    (end,) = journal.book.execute("SELECT max(end) FROM segment").fetchone()
    (start,) = journal.book.execute("SELECT min(start) FROM segment").fetchone()
    return float(end - start)
