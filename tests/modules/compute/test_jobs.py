"""Jobs as real processes: each ends once, is metered once, and gives back what it did not use."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from compute.desk import HOUR, Desk
from refusals import refused

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.adapters import Unreachable
from hutong.modules.compute.adapters.local import LocalCentre
from hutong.modules.compute.broker.centres import adapter_of, name_of
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.execution import MOST_ATTEMPTS, begin, folder_of
from hutong.modules.compute.models import Decision, Posting, Segment
from hutong.modules.compute.money import book
from hutong.modules.compute.programs import PROGRAMS, Program
from hutong.platform import files, jobs
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
        words = (sys.executable, str(tmp_path / "a_job.py"))
        one = Program("forge.build", Text("Test", "测试"), lambda job: words, prepare, collect)
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
    for attempt in job.attempts.all():
        assert begin.call(attempt.pk) == "ended"
    assert not turn()
    for step in ("finish", "fail"):
        with refused(Conflict, f"lifecycle.job.{step}", "state"):
            desk.end(job, 1, well=step == "finish")
    with refused(Conflict, "lifecycle.job.cancel", "state"):
        desk.hub.do(desk.engineer, "compute.job.cancel", job=job)
    with refused(Conflict, "needs.compute.job.stop", "state"):
        desk.hub.do(desk.engineer, "compute.job.stop", job=job)
    assert (lines_of(job), Event.objects.count()) == (lines, events)


def metered(job: Any) -> int:
    """What the centre's own meter says, in chip-milliseconds."""
    attempt = job.attempts.get()
    sent = name_of(attempt)
    found = adapter_of(attempt.pool.centre).usage([sent])[sent]
    assert found.final
    return found.chip_ms


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
    assert metered(job) >= 100
    settled(job, "failed", "failed", metered(job))
    assert b"no such column" in files.read(job.log_sha256)
    frozen(job, desk)


def test_a_job_over_its_time_pays_no_more_than_it_held(desk: Desk, program: Install) -> None:
    program("import time; time.sleep(60)")
    job = run(desk, chips=2, limit_s=1)
    settled(job, "failed", "over_time", 2000)
    noted = payload_of(desk.hub.last().seq)["noted"]
    assert noted["used_ms"] == 2000 and metered(job) > 2000
    assert noted["beyond_limit_s"] == -(-(metered(job) // 2 - 1000) // 1000) > 0
    frozen(job, desk)


def test_a_job_that_is_stopped_pays_what_it_used(desk: Desk, program: Install) -> None:
    program("import time; time.sleep(60)")
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    until(lambda: at_work(job))
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
    desk.hub.work()
    assert not folder_of(job.code).exists() and not job.attempts.exists()
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


def kill(job: Any) -> None:
    """The machine takes everything of the job away: its supervisor and its process."""
    sent = name_of(job.attempts.get(state="running"))
    marked = f"{job.code}/{sent.id}"
    for place in Path("/proc").iterdir():
        with suppress(OSError):
            if place.name.isdigit() and marked in (place / "cmdline").read_text():
                os.kill(int(place.name), signal.SIGKILL)


def test_a_job_that_its_centre_lost_waits_again_and_is_paid_once(
    desk: Desk, program: Install, tmp_path: Path
) -> None:
    """The first try never ends and is killed; the second finds what the first left and ends well."""
    program(
        f"import pathlib, time; p = pathlib.Path({str(tmp_path)!r}, 'x'); time.sleep(60 * (not p.exists()))"
    )
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    until(lambda: at_work(job))
    (tmp_path / "x").touch()
    kill(job)
    desk.hub.work()
    assert list(job.attempts.order_by("pk").values_list("state", "ending")) == [
        ("ended", "lost"),
        ("ended", "finished"),
    ]
    job.refresh_from_db()
    settled(job, "finished", "finished", job.used_ms)


def test_a_job_that_is_lost_again_and_again_fails_and_gives_its_hours_back(
    desk: Desk, program: Install
) -> None:
    program("import os, signal; os.kill(os.getppid(), signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)")
    allocation = desk.active("2")
    job = desk.submit(allocation, limit_s=60)
    desk.start(job)
    desk.hub.work()
    job.refresh_from_db()
    assert job.state == "failed" and job.attempts.count() <= MOST_ATTEMPTS
    assert book.sound()
    frozen(job, desk)


def test_a_silent_centre_is_unreachable_and_its_job_is_run_nowhere_else(
    desk: Desk, program: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("import time; time.sleep(0.5)")
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    jobs.drain(wait=False)

    def silent(self: Any, attempts: Any) -> Any:
        raise Unreachable("north", "no answer")

    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "poll", silent)
        for _ in range(3):
            jobs.drain(wait=False)
        assert job.attempts.get().state == "unreachable"
        desk.pool.centre.refresh_from_db()
        assert desk.pool.centre.silent_since is not None
        with refused(Conflict, "lifecycle.job.start", "state"):
            desk.start(job)
    desk.hub.work()
    job.refresh_from_db()
    settled(job, "finished", "finished", job.used_ms)
    desk.pool.centre.refresh_from_db()
    assert desk.pool.centre.silent_since is None
    said = Event.objects.filter(operation__startswith="compute.centre.", subject=desk.pool.centre.code)
    assert [e.operation.rsplit(".", 1)[1] for e in said.order_by("seq")] == [
        "register",
        "fall_silent",
        "answer",
    ]


def test_the_broker_places_what_waits_by_itself(desk: Desk, program: Install) -> None:
    program(QUIET)
    allocation = desk.active("2")
    many = [desk.submit(allocation, chips=1 + n % 2, limit_s=60) for n in range(4)]
    desk.hub.work()
    for job in many:
        job.refresh_from_db()
        settled(job, "finished", "finished", job.used_ms)
    chain = list(Decision.objects.order_by("pk"))
    assert [d.previous_sha256 for d in chain] == ["", *[d.sha256 for d in chain[:-1]]]


def at_work(job: Any) -> bool:
    """Let the hub work a little; whether the job's process has begun."""
    jobs.drain(wait=False)
    attempt = job.attempts.last()
    sent = name_of(attempt)
    return (
        attempt.state == "running"
        and adapter_of(attempt.pool.centre).poll([sent])[sent].started_at is not None
    )


def until(holds: Callable[[], Any], patience_s: float = 20.0) -> None:
    ends = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)
