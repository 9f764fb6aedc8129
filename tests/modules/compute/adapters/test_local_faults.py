"""What happens to local jobs when the broker or their supervisor is killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from lanes import LocalLane

from hutong.modules.compute.adapters import Attempt, Task

pytestmark = pytest.mark.faults


def supervisor_of(lane: LocalLane, attempt: Attempt) -> int:
    """The process whose argument is the attempt's folder."""
    folder = str(lane.local.log(attempt).parent).encode()
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if folder in words and b"hutong.modules.compute.adapters.local_supervisor" in words:
                    return int(entry.name)
        time.sleep(0.05)
    raise AssertionError("no supervisor")


def begun(lane: LocalLane, task: Task) -> None:
    ends = time.monotonic() + 20
    while lane.runs(task) == 0:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_another_broker_takes_over(tmp_path: Path) -> None:
    lane = LocalLane(tmp_path)
    attempt, task = lane.attempt(), lane.task(0.6, status=3)
    lane.centre.start(attempt, task, key="k")
    lane.centre = lane.again()
    assert lane.centre.start(attempt, task, key="k").repeated
    assert (lane.ended(attempt).state, lane.runs(task)) == ("failed", 1)


def test_a_payload_outlives_its_supervisor_and_keeps_its_chips(tmp_path: Path) -> None:
    lane = LocalLane(tmp_path)
    attempt, task, other = lane.attempt(), lane.task(2.5, chips=3), lane.attempt()
    lane.centre.start(attempt, task, key="k")
    begun(lane, task)
    os.kill(supervisor_of(lane, attempt), signal.SIGKILL)
    time.sleep(0.3)
    assert lane.centre.poll([attempt])[attempt].state == "running"
    assert lane.centre.capacity().pools[0].free == 1
    assert lane.centre.start(attempt, task, key="k").repeated
    lane.centre.start(other, lane.task(0, chips=2), key="k")
    time.sleep(0.3)
    assert lane.centre.poll([other])[other].state == "pending"
    report = lane.ended(attempt)
    assert (report.state, report.accounted) == ("finished", False)
    assert lane.centre.usage([attempt])[attempt].segments[0].chips == 3
    assert lane.ended(other).state == "finished"
    assert lane.runs(task) == 1


def test_an_orphan_can_be_cancelled(tmp_path: Path) -> None:
    lane = LocalLane(tmp_path)
    attempt, task = lane.attempt(), lane.task(30)
    lane.centre.start(attempt, task, key="k")
    begun(lane, task)
    os.kill(supervisor_of(lane, attempt), signal.SIGKILL)
    lane.centre.cancel(attempt, key="c")
    report = lane.ended(attempt)
    assert report.state == "cancelled" and not report.accounted
    assert lane.centre.capacity().pools[0].free == 4


def test_over_time_is_ended(tmp_path: Path) -> None:
    lane = LocalLane(tmp_path)
    attempt = lane.attempt()
    lane.centre.start(attempt, Task(("sleep", "30"), chips=1, limit_s=1), key="k")
    report = lane.ended(attempt)
    assert report.state == "over_time"
    assert 1_000 <= lane.centre.usage([attempt])[attempt].chip_ms < 10_000


def test_chips_are_given_in_the_order_of_arrival(tmp_path: Path) -> None:
    """A gang is not passed by smaller ones for ever."""
    lane = LocalLane(tmp_path)
    first, gang, small = lane.attempt(), lane.attempt(), lane.attempt()
    lane.centre.start(first, lane.task(1.5, chips=2), key="k")
    lane.until(first, "running")
    lane.centre.start(gang, lane.task(0.1, chips=4), key="k")
    ends = time.monotonic() + 10
    while not list((tmp_path / "centre" / "chips" / "line").iterdir()):
        assert time.monotonic() < ends
        time.sleep(0.02)
    lane.centre.start(small, lane.task(0.1, chips=1), key="k")
    ended = {a: lane.ended(a).started_at for a in (gang, small)}
    assert ended[gang] is not None and ended[small] is not None and ended[gang] < ended[small]


def test_a_payload_that_heeds_nothing_and_lost_its_supervisor_is_ended(tmp_path: Path) -> None:
    lane = LocalLane(tmp_path)
    attempt, trace = lane.attempt(), tmp_path / "deaf"
    script = 'trap "" TERM; echo run >>"$1"; sleep 60'
    lane.centre.start(attempt, Task(("/bin/sh", "-c", script, "p", str(trace)), chips=1, limit_s=90), key="k")
    while not trace.exists():
        lane.turn()
    os.kill(supervisor_of(lane, attempt), signal.SIGKILL)
    lane.centre.cancel(attempt, key="c")
    lane.turn()
    assert lane.centre.poll([attempt])[attempt].state == "running"
    # A repeated cancel does not begin its patience anew.
    lane.centre.cancel(attempt, key="c")
    assert lane.ended(attempt).state == "cancelled"
