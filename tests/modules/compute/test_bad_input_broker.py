"""Faults around a broker at work: turns that passed on, centres out of reach, clocks that jump, prices and pools that change."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from compute.commands import CommandDesk, Neighbouring, connections_file
from refusals import refused

from hutong.kernel.clock import SYSTEM_CLOCK, SteppingClock
from hutong.kernel.errors import Conflict
from hutong.modules.compute.adapters import Segment as Metered
from hutong.modules.compute.adapters import Usage
from hutong.modules.compute.adapters.local import LocalCentre
from hutong.modules.compute.broker import lease
from hutong.modules.compute.broker.centres import name_of
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.broker.place import place
from hutong.modules.compute.contract import audit_books, replay_decisions
from hutong.modules.compute.models import Decision, Job, Segment, Turn
from hutong.modules.compute.money import book
from hutong.platform import jobs
from hutong.platform.ledger.tables import Event


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    return CommandDesk(hub)


def until_runs(job: Job, patience_s: float = 30.0) -> None:
    """Let the hub work a little until the job's process has begun."""
    ends = time.monotonic() + patience_s
    while not job.attempts.filter(state="running", started_at__isnull=False).exists():
        assert time.monotonic() < ends
        jobs.drain(wait=False)
        begun = job.attempts.filter(state="running").last()
        if begun is not None and (Path(_spool(begun)) / f"a{begun.pk}.claim" / "begun").is_file():
            return
        time.sleep(0.05)


def _spool(attempt: Any) -> Path:
    from hutong.modules.compute.broker.centres import adapter_of

    centre = adapter_of(attempt.pool.centre)
    assert isinstance(centre, LocalCentre)
    return centre.spool.of(name_of(attempt))


def sound() -> None:
    assert [f.rule for f in audit_books() if not f.holds] == []
    assert replay_decisions().faults == ()


def test_a_broker_whose_turn_has_passed_on_decides_nothing(desk: CommandDesk) -> None:
    """It was asleep (a stopped process, a slow disk) with its picture drawn: what it would decide is no longer its to decide."""
    now = datetime.now(UTC)
    desk.order(desk.active("2"), "true")
    first = lease.take(now, "elsewhere:one")
    second = lease.take(now + lease.LEASE + timedelta(seconds=1), "elsewhere:two")
    assert first is not None and second == first + 1
    assert place(first) == 0 and Decision.objects.count() == 0
    assert place(second) == 1 and Decision.objects.get().epoch == second


def test_a_broker_of_this_machine_that_died_is_followed_at_once(desk: CommandDesk) -> None:
    script = "from hutong.modules.compute.broker.lease import holder; print(holder())"
    dead = subprocess.run([sys.executable, "-c", f"import django; django.setup(); {script}"], check=True, text=True,
                          capture_output=True, env={**os.environ, "DJANGO_SETTINGS_MODULE": "hutong.site.settings"}).stdout.strip()  # fmt: skip
    now = datetime.now(UTC)
    assert dead.startswith(f"{socket.gethostname()}:") and len(dead) <= 80
    assert lease.take(now, dead) == 1
    # A clock that jumped back makes no difference: nobody waits for the dead.
    assert lease.take(now - timedelta(hours=1)) == 2
    Turn.objects.update(holder=f"{dead.rsplit(':', 1)[0]}:{os.getppid()}")
    assert lease.take(now - timedelta(hours=1), "here:new") is None
    Turn.objects.update(holder=f"another-machine:0:{dead.rsplit(':', 1)[1]}")
    assert lease.take(now - timedelta(hours=1), "here:new") is None


def test_a_centre_whose_entry_is_gone_is_silent_and_holds_up_no_other(desk: CommandDesk) -> None:
    south = Neighbouring(desk)
    connections_file().write_text(
        "south: {engine: local, commands: true}\nlocal: {engine: local, commands: true}\n"
    )
    type(south.centre).objects.filter(pk=south.centre.pk).update(connection="south")
    hours = desk.active("2")
    there = desk.order(hours, "sleep", "1")
    south.agree()
    desk.hub.do(desk.operator, "compute.job.start", job=there, pool=south.pool)
    until_runs(there)
    connections_file().write_text("local: {engine: local, commands: true}\n")
    here = desk.order(hours, "true")
    ends = time.monotonic() + 30
    while here.state != "finished":
        assert time.monotonic() < ends
        jobs.drain(wait=False)
        here.refresh_from_db()
        time.sleep(0.05)
    south.centre.refresh_from_db()
    assert south.centre.silent_since is not None and there.attempts.get().state == "unreachable"
    connections_file().write_text(
        "south: {engine: local, commands: true}\nlocal: {engine: local, commands: true}\n"
    )
    assert desk.done(there).state == "finished"
    said = Event.objects.filter(operation__startswith="compute.centre.", subject=south.centre.code).order_by(
        "seq"
    )
    assert [e.operation.rsplit(".", 1)[1] for e in said] == ["register", "fall_silent", "answer"]
    sound()


def test_a_clock_that_jumped_back_at_the_centre_pays_nothing_and_loses_no_job(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard writes whole seconds of the node's clock; set back in the middle, the end lies before the beginning."""
    hours = desk.active("2")
    job = desk.order(hours, "true")
    began = datetime.now(UTC)

    def set_back(self: LocalCentre, attempts: Any) -> dict[Any, Usage]:
        ended = began - timedelta(minutes=10)
        return {a: Usage(a, (Metered(a, a.id, began, ended, 1, 0),), final=True) for a in attempts}

    monkeypatch.setattr(LocalCentre, "usage", set_back)
    assert desk.done(job).state == "finished"
    assert (job.used_ms, job.cost_fen) == (0, 0) and not Segment.objects.filter(job=job).exists()
    assert book.balances(hours)["held"] == 0
    sound()


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(days=1), timedelta(days=-400)])
def test_a_clock_of_the_hub_that_jumped_keeps_no_job_from_running(
    desk: CommandDesk, ahead: timedelta
) -> None:
    """Submitted by a clock that was off: ten minutes, a day ahead, more than a year behind."""
    hours = desk.active("2")
    desk.hub.clock = SteppingClock(datetime.now(UTC) + ahead)
    job = desk.done(desk.order(hours, "true"))
    assert job.state == "finished" and job.wait_ms >= 0 and 0 < job.used_ms < 60_000
    sound()


def test_a_price_posted_for_the_middle_of_a_run_cuts_it_at_that_moment(desk: CommandDesk) -> None:
    desk.hub.clock = SYSTEM_CLOCK
    hours = desk.active("2")
    job = desk.order(hours, "sleep", "1.5")
    until_runs(job)
    change = datetime.now(UTC) + timedelta(seconds=0.5)
    desk.hub.do(
        desk.operator, "compute.pool.price", pool=desk.pool, price="36000", valid_from=change.isoformat()
    )
    assert desk.done(job).state == "finished"
    first, second = Segment.objects.filter(job=job).order_by("began_at")
    assert first.ended_at == second.began_at and abs(first.ended_at - change) < timedelta(milliseconds=1)
    assert (first.price_fen, second.price_fen) == (350, 3_600_000)
    assert first.cost_fen == first.native_ms * 350 // 3_600_000 and second.cost_fen == second.native_ms
    assert job.cost_fen == first.cost_fen + second.cost_fen
    sound()


def test_a_price_that_was_posted_for_later_is_offered_from_its_moment_on(desk: CommandDesk) -> None:
    now = desk.hub.clock.now()
    later = now + timedelta(hours=1)
    desk.hub.do(
        desk.operator, "compute.pool.price", pool=desk.pool, price="7.00", valid_from=later.isoformat()
    )

    def offered(at: datetime) -> list[int]:
        return [o.fen for o in picture(at).offers]

    assert offered(later - timedelta(seconds=1)) == [350] and offered(later) == [700]
    hours = desk.active("10")
    desk.hub.clock.move_to(later)
    assert desk.order(hours, "true", limit_s=3600).outlook == {"starts": desk.pool.code, "fen": 700}


def test_an_allocation_is_not_closed_over_a_running_job(desk: CommandDesk) -> None:
    hours = desk.active("2")
    job = desk.order(hours, "sleep", "0.5")
    until_runs(job)
    with refused(Conflict, "allocation.open_jobs"):
        desk.operate("close", hours, reason="Early.")
    assert desk.done(job).state == "finished"
    desk.operate("close", hours, reason="Done.")
    with refused(Conflict, "job.allocation", "allocation"):
        desk.order(hours, "true")
    sound()


def test_a_pool_closed_below_its_use_ends_what_it_has_and_takes_nothing_new(desk: CommandDesk) -> None:
    hours = desk.active("2")
    running, waiting = desk.order(hours, "sleep", "0.5", chips=2), desk.order(hours, "true", chips=2)
    until_runs(running)
    desk.hub.do(desk.operator, "compute.pool.close", pool=desk.pool, reason="Sold.")
    with refused(Conflict, "allocation.pool_closed", "pool"):
        desk.ask("1")
    assert desk.done(running).state == "finished"
    # Hours that were given on the pool are still served.
    waiting.refresh_from_db()
    assert waiting.state == "finished" and waiting.used_ms > 0
    sound()


def test_jobs_of_a_centre_that_is_suspended_wait_again_and_run_elsewhere_after_an_agreement(
    desk: CommandDesk, tmp_path: Path
) -> None:
    south = Neighbouring(desk)
    hours = desk.active("2")
    first = "test -e {0} || {{ touch {0}; sleep 60; }}"
    jobs_ = [desk.order(hours, "sh", "-c", first.format(tmp_path / f"ran{n}")) for n in range(2)]
    for job in jobs_:
        until_runs(job)
    ends = time.monotonic() + 30
    while not all((tmp_path / f"ran{n}").exists() for n in range(2)):
        assert time.monotonic() < ends
        time.sleep(0.05)
    desk.hub.do(desk.operator, "compute.centre.suspend", centre=desk.pool.centre, reason="Flood.")
    desk.hub.work()
    for job in jobs_:
        job.refresh_from_db()
        assert (job.state, job.pool, job.cancel_asked, job.attempts.get().ending) == (
            "submitted",
            None,
            False,
            "cancelled",
        )
    assert book.balances(hours)["held"] == 2 * 60_000
    south.agree()
    for job in jobs_:
        assert desk.done(job).state == "finished"
        assert [(a.pool, a.ending) for a in job.attempts.order_by("pk")] == [
            (desk.pool, "cancelled"),
            (south.pool, "finished"),
        ]
        # Lost work is not paid for, and what ran elsewhere costs what it costs there.
        assert {s.pool for s in job.segments.all()} == {south.pool}
    assert book.balances(hours)["held"] == 0
    sound()


def test_a_job_that_is_stopped_at_a_suspended_centre_does_not_come_back(desk: CommandDesk) -> None:
    job = desk.order(desk.active("2"), "sleep", "60")
    until_runs(job)
    desk.hub.do(desk.engineer, "compute.job.stop", job=job)
    desk.hub.do(desk.operator, "compute.centre.suspend", centre=desk.pool.centre, reason="Flood.")
    assert desk.done(job).state == "failed" and job.ending == "cancelled"
    sound()
