"""Faults that a simulated centre can have, and what they look like through the contract."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from lanes import SimulatedLane

from hutong.modules.compute.adapters import Attempt, Task, Unreachable
from hutong.modules.compute.adapters.simulated import Faults, SimulatedCentre, VirtualClock


def ran(tmp_path: Path, faults: Faults, seconds: float = 10) -> tuple[SimulatedLane, Attempt]:
    lane = SimulatedLane(tmp_path, faults)
    attempt = lane.attempt()
    lane.centre.start(attempt, lane.task(seconds, chips=2), key="k")
    lane.clock.advance(60_000)
    return lane, attempt


def test_a_start_that_was_obeyed_and_not_answered_is_found_by_repeating_it(tmp_path: Path) -> None:
    lane = SimulatedLane(tmp_path, Faults(mute=frozenset({1})))
    attempt, task = lane.attempt(), lane.task(10)
    with pytest.raises(Unreachable):
        lane.centre.start(attempt, task, key="k")
    assert lane.centre.start(attempt, task, key="k").repeated
    lane.ended(attempt)
    assert lane.runs(task) == 1


def test_a_silent_centre_goes_on_computing(tmp_path: Path) -> None:
    lane = SimulatedLane(tmp_path, Faults(silent=((1, 50_000),)))
    attempt, task = lane.attempt(), lane.task(10)
    lane.centre.start(attempt, task, key="k")
    lane.clock.advance(20_000)
    with pytest.raises(Unreachable):
        lane.centre.poll([attempt])
    lane.clock.advance(30_000)
    report = lane.centre.poll([attempt])[attempt]
    assert report.state == "finished" and report.ended_at is not None and report.started_at is not None
    assert report.ended_at - report.started_at == timedelta(seconds=10)


def test_late_reports_come_in_the_end(tmp_path: Path) -> None:
    lane, attempt = ran(tmp_path, Faults(late_ms=55_000))
    assert lane.centre.poll([attempt])[attempt].state == "running"
    assert not lane.centre.usage([attempt])[attempt].final
    lane.clock.advance(10_000)
    assert lane.centre.poll([attempt])[attempt].state == "finished"


def test_a_skewed_clock_shifts_and_does_not_stretch(tmp_path: Path) -> None:
    lane, attempt = ran(tmp_path, Faults(skew_ms=-600_000))
    (segment,) = lane.centre.usage([attempt])[attempt].segments
    ((start, end, chips),) = lane.held(attempt)
    assert start - segment.started_at == end - segment.ended_at == timedelta(minutes=10)
    assert segment.chip_ms == 10_000 * chips
    assert lane.centre.capacity().clock_ms == -600_000


def test_over_reporting_and_duplicates_are_told_apart_from_the_truth(tmp_path: Path) -> None:
    lane, attempt = ran(tmp_path, Faults(overreport=Fraction(13, 10), duplicate=True))
    one, two = lane.centre.usage([attempt])[attempt].segments
    assert one == two and one.chip_ms == 26_000
    ((start, end, chips),) = lane.held(attempt)
    assert (end - start) // timedelta(milliseconds=1) * chips == 20_000


def test_what_is_due_happens_in_its_order_whenever_somebody_looks() -> None:
    def look(every_ms: int) -> list[object]:
        clock = VirtualClock()
        centre = SimulatedCentre("s", clock, {"a": 8}, node_chips=4)
        attempts = [Attempt(f"J{n}", "a", 1) for n in range(12)]
        for n, attempt in enumerate(attempts):
            centre.start(attempt, Task(("sleep", str(1 + n % 3)), chips=1 + n % 4, limit_s=60), key="k")
        for _ in range(0, 60_000, every_ms):
            clock.advance(every_ms)
            centre.poll(attempts)
        return [centre.truth(a) for a in attempts]

    assert look(100) == look(60_000) == look(7_000)


def test_chips_of_two_nodes_do_not_make_one_task() -> None:
    clock = VirtualClock()
    centre = SimulatedCentre("s", clock, {"a": 8}, node_chips=4)
    for n in range(2):
        centre.start(Attempt(f"J{n}", "a", 1), Task(("sleep", "9"), chips=3, limit_s=60), key="k")
    late = Attempt("late", "a", 1)
    centre.start(late, Task(("sleep", "9"), chips=2, limit_s=60), key="k")
    assert centre.poll([late])[late].state == "pending"
    assert centre.capacity().pools[0].free == 2
    clock.advance(9_000)
    assert centre.poll([late])[late].state == "running"


def test_over_time_is_ended_at_its_limit(tmp_path: Path) -> None:
    lane, attempt = ran(tmp_path, Faults(), seconds=500)
    lane.clock.advance(120_000)
    report = lane.centre.poll([attempt])[attempt]
    assert (report.state, report.status) == ("over_time", None)
    assert lane.centre.usage([attempt])[attempt].chip_ms == 120_000 * 2
