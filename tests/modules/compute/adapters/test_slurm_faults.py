"""What happens to real Slurm jobs when the controller or the broker is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lanes import SlurmLane

from hutong.modules.compute.adapters import Unreachable
from slurm_bed import Bed

pytestmark = [pytest.mark.slow, pytest.mark.faults]

BROKER = """
import sys
from pathlib import Path
from hutong.modules.compute.adapters import Attempt, Task
from hutong.modules.compute.adapters.slurm import SlurmCentre
from hutong.modules.compute.adapters.slurm_programs import SlurmPrograms
conf, spool, job, trace = sys.argv[1:]
centre = SlurmCentre("haidian", SlurmPrograms("haidian", Path(conf), export="NIL"), Path(spool))
task = Task(("/bin/sh", "-c", 'echo run >>"$1"', "payload", trace), chips=1, limit_s=60)
centre.start(Attempt(job, "a1", 1), task, key="k")
"""


@pytest.fixture
def lane(bed: Bed, tmp_path: Path) -> Iterator[SlurmLane]:
    lane = SlurmLane(tmp_path, bed.centres["haidian"])
    yield lane
    if not lane.bed.answers():
        lane.bed.recover()


def test_jobs_go_on_while_the_controller_is_dead(lane: SlurmLane) -> None:
    attempt, task = lane.attempt(), lane.task(4, chips=2)
    lane.centre.start(attempt, task, key="k")
    lane.until(attempt, "running")
    # The controller saves its state every five seconds.
    time.sleep(6)
    second, other = lane.attempt(), lane.task(8)
    lane.centre.start(second, other, key="k")
    lane.until(second, "running")
    time.sleep(5.5)
    lane.bed.kill_controller()
    with pytest.raises(Unreachable):
        lane.centre.poll([attempt, second])
    time.sleep(3)
    lane.bed.recover()
    assert lane.ended(attempt).state == lane.ended(second).state == "finished"
    assert lane.runs(task) == lane.runs(other) == 1
    usage = lane.centre.usage([attempt])[attempt]
    assert [(s.started_at, s.ended_at, s.chips) for s in usage.segments] == lane.held(attempt)


def test_a_job_that_the_controller_forgot_runs_once(lane: SlurmLane) -> None:
    """Killed within its five seconds, it has lost the jobs it took last, and gives their numbers again."""
    time.sleep(6)
    lane.centre.start(lane.attempt(), lane.task(0), key="k")
    tries = [(lane.attempt(), lane.task(3)) for _ in range(4)]
    numbers = [lane.centre.start(a, t, key="k").number for a, t in tries]
    lane.bed.kill_controller()
    time.sleep(0.5)
    lane.bed.recover()
    fresh, other = lane.attempt(), lane.task(0)
    number = lane.centre.start(fresh, other, key="k").number
    assert number in numbers, "the controller forgot nothing: this test shows nothing"
    states = {}
    for attempt, task in tries:
        report = lane.until(attempt, "unknown", "running", "pending", "finished", "lost", "refused")
        if report.state == "unknown":
            lane.centre.start(attempt, task, key="k")
        states[attempt] = lane.ended(attempt).state
    for attempt, task in tries:
        assert lane.runs(task) <= 1
        assert states[attempt] == "finished" or (lane.runs(task) == 1 and states[attempt] == "lost"), states
    assert lane.ended(fresh).state == "finished" and lane.runs(other) == 1


def test_a_broker_killed_in_its_submission_does_not_submit_twice(lane: SlurmLane, tmp_path: Path) -> None:
    """sbatch goes on after the broker is dead; whoever repeats the start waits for it and finds its job."""
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "sbatch").write_text('#!/bin/sh\nsleep 2\nexec /usr/bin/sbatch "$@"\n')
    (slow / "sbatch").chmod(0o755)
    attempt, task = lane.attempt(), lane.task(0)
    source = str(Path(sys.modules["hutong"].__file__ or "").parents[1])
    spool = lane.bed.folder / "adapter"
    command = [sys.executable, "-c", BROKER, str(lane.bed.conf), str(spool), attempt.job, str(tmp_path / "t")]
    environment = {**os.environ, "PATH": f"{slow}:{os.environ['PATH']}", "PYTHONPATH": source}
    broker = subprocess.Popen(command, env=environment)
    note = spool / attempt.job / "a1.task"
    while not note.exists():
        time.sleep(0.02)
    time.sleep(0.3)
    broker.send_signal(signal.SIGKILL)
    broker.wait()
    same = type(task)(
        ("/bin/sh", "-c", 'echo run >>"$1"', "payload", str(tmp_path / "t")), chips=1, limit_s=60
    )
    attempt = type(attempt)(attempt.job, "a1", 1)
    receipt = lane.centre.start(attempt, same, key="k")
    assert receipt.repeated
    assert lane.ended(attempt).state == "finished"
    assert (tmp_path / "t").read_text().count("run") == 1
    while not lane.centre.usage([attempt])[attempt].final:
        lane.turn()
    assert len(lane.held(attempt)) == 1


def test_a_job_cancelled_at_a_dead_controller_never_begins(lane: SlurmLane) -> None:
    attempt, task = lane.attempt(), lane.task(0)
    # It has to wait for chips that are taken.
    blocker = lane.attempt()
    lane.centre.start(blocker, lane.task(9, chips=4), key="k")
    other = lane.attempt()
    lane.centre.start(other, lane.task(9, chips=4), key="k")
    lane.centre.start(attempt, task, key="k")
    time.sleep(6)
    lane.bed.kill_controller()
    with pytest.raises(Unreachable):
        lane.centre.cancel(attempt, key="c")
    lane.bed.recover()
    assert lane.ended(attempt).state in ("refused", "cancelled")
    assert lane.runs(task) == 0
    lane.ended(blocker), lane.ended(other)
