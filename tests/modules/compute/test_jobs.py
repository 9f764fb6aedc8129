"""Jobs as real processes: each ends once, is metered once, and gives back what it did not use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from compute.desk import HOUR, Desk
from refusals import refused

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text
from hutong.modules.compute import book
from hutong.modules.compute.execution import execute, folder_of, recover
from hutong.modules.compute.models import Posting, Segment
from hutong.modules.compute.programs import PROGRAMS, Program
from hutong.platform.evidence import payload_of
from hutong.platform.jobs import JobFailed
from hutong.platform.ledger.tables import Event

Install = Callable[..., None]
QUIET = "import time; time.sleep(0.1)"


def nothing(job: Any, folder: Path) -> None:
    """A step that has nothing to do."""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put Python text in the place of the forge's program: it runs as its own process, limited and metered as ever."""

    def install(source: str, *, prepare: Any = nothing, collect: Any = nothing) -> None:
        (tmp_path / "a_job.py").write_text(source, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        one = Program("forge.build", Text("Test", "测试"), "a_job", prepare, collect)
        monkeypatch.setitem(PROGRAMS, "forge.build", one)

    return install


def lines_of(job: Any) -> list[tuple[str, int]]:
    rows = Posting.objects.filter(job=job).order_by("id").values_list("account__kind", "amount_ms")
    return list(rows)


def settled(job: Any, state: str, ending: str, used: int) -> None:
    """The job ended so, used so much, and every trace of its metering is there once."""
    job.refresh_from_db()
    assert (job.state, job.ending, job.used_ms) == (state, ending, used)
    held, spent = job.held_ms, [("used", used)] if used else []
    back = [("free", held - used)] if held != used else []
    assert lines_of(job) == [("free", -held), ("held", held), ("held", -held), *spent, *back]
    assert list(Segment.objects.filter(job=job).values_list("used_ms", flat=True)) == [used] * bool(used)
    ends = ("compute.job.finish", "compute.job.fail", "compute.job.cancel")
    assert Event.objects.filter(subject=job.code, operation__in=ends).count() == 1
    assert book.sound()


def frozen(job: Any, desk: Desk) -> None:
    """Whatever comes afterwards, the job stays metered as it is."""
    lines, events = lines_of(job), Event.objects.count()
    assert execute.call(job.code) == job.state
    assert recover() == []
    for step in ("finish", "fail"):
        with refused(Conflict, f"lifecycle.job.{step}", "state"):
            desk.end(job, 1, well=step == "finish")
    with refused(Conflict, "lifecycle.job.cancel", "state"):
        desk.hub.do(desk.engineer, "compute.job.cancel", job=job)
    with refused(Conflict, "job.not_running"):
        desk.hub.do(desk.engineer, "compute.job.stop", job=job)
    assert (lines_of(job), Event.objects.count()) == (lines, events)


def run(desk: Desk, *, hours: str = "2", chips: int = 1, limit_s: int = 60) -> Any:
    job = desk.submit(desk.active(hours), chips=chips, limit_s=limit_s)
    desk.start(job)
    desk.hub.work()
    job.refresh_from_db()
    return job


def test_a_good_end_is_metered_by_chips_and_wall_time(desk: Desk, program: Install) -> None:
    program(QUIET)
    job = run(desk, chips=2)
    assert 200 <= job.used_ms < job.held_ms and job.used_ms % 2 == 0
    settled(job, "finished", "finished", job.used_ms)
    segment = Segment.objects.get(job=job)
    assert segment.chips == 2
    assert (segment.ended_at - segment.began_at) * 2 == timedelta(milliseconds=job.used_ms)
    frozen(job, desk)


def test_a_job_that_fails_pays_what_it_used(desk: Desk, program: Install) -> None:
    program("import sys, time; print('no such column'); time.sleep(0.1); sys.exit(3)")
    job = run(desk)
    meter = json.loads((folder_of(job.code) / "meter.json").read_text())
    assert meter["status"] == 3 and meter["used_ms"] >= 100
    settled(job, "failed", "failed", meter["used_ms"])
    frozen(job, desk)


def test_a_job_over_its_time_pays_no_more_than_it_held(desk: Desk, program: Install) -> None:
    program("import time; time.sleep(60)")
    job = run(desk, chips=2, limit_s=1)
    settled(job, "failed", "over_time", 2000)
    noted = payload_of(desk.hub.last().seq)["noted"]
    meter = json.loads((folder_of(job.code) / "meter.json").read_text())
    assert (noted["used_ms"], noted["beyond_hold_ms"]) == (2000, meter["used_ms"] - 2000)
    assert noted["beyond_hold_ms"] > 0
    frozen(job, desk)


def test_a_job_that_is_stopped_pays_what_it_used(desk: Desk, program: Install) -> None:
    program("import time; time.sleep(60)")
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    desk.hub.do(desk.engineer, "compute.job.stop", job=job)
    desk.hub.work()
    job.refresh_from_db()
    assert 0 < job.used_ms < 20_000
    settled(job, "failed", "cancelled", job.used_ms)
    frozen(job, desk)


def test_a_job_that_is_cancelled_before_its_start_pays_nothing(desk: Desk, program: Install) -> None:
    program(QUIET)
    allocation = desk.active("2")
    job = desk.submit(allocation, limit_s=60)
    desk.hub.do(desk.engineer, "compute.job.cancel", job=job)
    settled(job, "cancelled", "cancelled", 0)
    with refused(Conflict, "lifecycle.job.start", "state"):
        desk.start(job)
    assert desk.hub.work() == 0 and not folder_of(job.code).exists()
    assert book.balances(allocation)["free"] == 2 * HOUR
    frozen(job, desk)


def test_a_job_whose_data_is_no_longer_granted_gives_its_hours_back(desk: Desk) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    desk.hub.do(
        desk.lane.people["officer"], "datahub.grant.revoke", grant=desk.grant, reason="Consent withdrawn."
    )
    desk.hub.work()
    settled(job, "failed", "prepare:grant.not_issued", 0)
    frozen(job, desk)


def test_a_result_that_is_refused_was_still_computed(desk: Desk, program: Install) -> None:
    def collect(job: Any, folder: Path) -> None:
        text = Text("No.", "否。")
        raise Invalid(text, rule="a.rule.with.a.rather.long.name", remedy=text)

    program(QUIET, collect=collect)
    job = run(desk)
    assert job.used_ms >= 100
    settled(job, "failed", "collect:a.rule.with.a.rather.long.name", job.used_ms)
    frozen(job, desk)


@pytest.mark.parametrize(("step", "least"), [("prepare", 0), ("collect", 100)])
def test_a_fault_of_the_hub_does_not_leave_the_job_running(
    desk: Desk, program: Install, step: str, least: int
) -> None:
    def broken(job: Any, folder: Path) -> None:
        raise FileNotFoundError("model.onnx")

    program(QUIET, **{step: broken})
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    # The worker is told, and the job is settled all the same.
    with pytest.raises(JobFailed, match=r"model\.onnx"):
        desk.hub.work()
    job.refresh_from_db()
    assert job.used_ms is not None and job.used_ms >= least
    settled(job, "failed", f"{step}:FileNotFoundError", job.used_ms)
    frozen(job, desk)


def test_a_lost_job_is_failed_once_and_gives_its_hours_back(desk: Desk) -> None:
    allocation = desk.active("2")
    job = desk.submit(allocation, limit_s=60)
    desk.start(job)
    folder_of(job.code).mkdir(parents=True)
    (folder_of(job.code) / "pid").write_text(str(2**22 + 1))
    assert recover() == [job.code]
    settled(job, "failed", "lost", 0)
    assert book.balances(allocation)["free"] == 2 * HOUR
    assert desk.hub.work() == 1
    frozen(job, desk)


def test_a_job_whose_process_lives_is_not_lost(desk: Desk) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    folder_of(job.code).mkdir(parents=True)
    (folder_of(job.code) / "pid").write_text(str(os.getpid()))
    assert recover() == []
    job.refresh_from_db()
    assert job.state == "running"


def test_a_started_job_that_still_waits_for_the_worker_is_not_lost(desk: Desk, program: Install) -> None:
    """The worker comes up after the operator has started a job: it carries the job out."""
    program(QUIET)
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    assert recover() == []
    desk.hub.work()
    job.refresh_from_db()
    settled(job, "finished", "finished", job.used_ms)
