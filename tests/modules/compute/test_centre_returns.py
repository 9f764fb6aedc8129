"""A centre that falls silent, forgets or gives back: whatever it says next, a job runs once and is paid as accounted."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from compute.commands import CommandDesk, Neighbouring
from refusals import refused

from hutong.kernel.clock import SYSTEM_CLOCK
from hutong.kernel.errors import Conflict
from hutong.modules.compute.adapters import Attempt, Receipt, Report, Segment, Task, Unreachable, Usage
from hutong.modules.compute.adapters.local import LocalCentre
from hutong.modules.compute.broker import follow
from hutong.modules.compute.broker.centres import name_of
from hutong.modules.compute.execution import UNACCOUNTED, _span, conclude
from hutong.platform import jobs

NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    made = CommandDesk(hub)
    # Attempts are placed at the hour at which they are looked at.
    hub.clock = SYSTEM_CLOCK
    return made


def silent(self: Any, *_: Any, **__: Any) -> Any:
    raise Unreachable("north", "no answer")


class Late:
    """A centre that takes the first start and forgets it: it comes through later, if at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: list[tuple[LocalCentre, Attempt, Task]] = []
        self.start = LocalCentre.start
        monkeypatch.setattr(LocalCentre, "start", lambda *given, key: self.take(*given, key=key))

    def take(self, centre: LocalCentre, attempt: Attempt, task: Task, *, key: str) -> Receipt:
        if not self.kept:
            self.kept.append((centre, attempt, task))
            return Receipt(attempt, "17")
        return self.start(centre, attempt, task, key=key)

    def comes_through(self) -> Receipt:
        (kept,) = self.kept
        return self.start(*kept, key="late")


def saying(state: Any) -> Any:
    """A poll that says so once of everything, and afterwards the truth."""
    told: list[str] = []
    real = LocalCentre.poll

    def poll(self: LocalCentre, attempts: Any) -> dict[Attempt, Report]:
        if told or not attempts:
            return real(self, attempts)
        told.append(state)
        return {a: Report(a, state, "17") for a in attempts}

    return poll


def test_a_start_that_a_silent_centre_never_heard_is_repeated_when_it_answers(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.order(desk.active("2"), "true")
    desk.start(job)
    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "start", silent)
        patch.setattr(LocalCentre, "poll", silent)
        jobs.drain(wait=False)
    attempt = job.attempts.get()
    assert (attempt.state, attempt.reference) == ("unreachable", "")
    jobs.drain(limit=100)
    job.refresh_from_db()
    assert job.state == "finished" and job.attempts.count() == 1


def test_an_attempt_that_its_centre_forgot_begins_once_even_if_its_start_comes_through_late(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A Slurm controller that is killed forgets its last seconds, while a node may be about to begin."""
    south = Neighbouring(desk)
    south.agree()
    job = desk.order(desk.active("2"), "sh", "-c", f"echo ran >>{tmp_path}/ran")
    desk.hub.do(desk.operator, "compute.job.start", job=job, pool=south.pool)
    late = Late(monkeypatch)
    assert desk.done(job).state == "finished"
    late.comes_through()
    jobs.drain()
    assert (tmp_path / "ran").read_text().split() == ["ran"]
    assert job.attempts.count() == 1


def test_what_is_given_back_before_it_began_is_barred_from_beginning(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.order(desk.active("2"), "true")
    desk.start(job)
    late = Late(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "poll", saying("node_failed"))
        assert desk.done(job).state == "finished"
    assert [a.ending for a in job.attempts.order_by("pk")] == ["node_failed", "finished"]
    with refused(Conflict, "attempt.stale_fence", "fence"):
        late.comes_through()
    first = late.kept[0][1]
    assert late.kept[0][0].spool.is_revoked(first)


def test_what_began_while_it_was_being_given_back_is_not_begun_again(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = desk.order(desk.active("2"), "sh", "-c", f"echo ran >>{tmp_path}/ran; sleep 1")
    desk.start(job)
    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "poll", saying("lost"))
        # The engine that lost it ends nothing.
        patch.setattr(LocalCentre, "cancel", lambda self, attempt, *, key: None)
        assert desk.done(job).state == "finished"
    assert (tmp_path / "ran").read_text().split() == ["ran"] and job.attempts.count() == 1


def test_a_start_that_the_guard_refused_is_tried_again(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard refuses where the spool is out of reach of the node, or a killed controller launched a job anew."""
    job = desk.order(desk.active("2"), "true")
    desk.start(job)
    Late(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "poll", saying("refused"))
        assert desk.done(job).state == "finished"
    assert [a.ending for a in job.attempts.order_by("pk")] == ["refused", "finished"]


def test_an_accounting_that_is_away_when_a_job_ended_holds_up_nothing_else(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.order(desk.active("2"), "true")
    desk.start(job)
    other = desk.order(job.allocation, "true")
    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "usage", silent)
        ends = time.monotonic() + 2
        while time.monotonic() < ends:
            jobs.drain(wait=False)
        other.refresh_from_db()
        assert (other.state, other.attempts.get().state) == ("running", "running")
    assert desk.done(job).state == desk.done(other).state == "finished"
    assert job.attempts.count() == other.attempts.count() == 1


def usage(*rows: tuple[int, int, int]) -> Usage:
    """rows: start and end in seconds after noon, and milliseconds of suspension in between."""
    one = Attempt("J", "a1", 1)
    second = timedelta(seconds=1)
    made = (Segment(one, "1", NOON + s * second, NOON + e * second, 2, 0, held) for s, e, held in rows)
    return Usage(one, tuple(made), final=True)


@pytest.mark.parametrize(
    ("rows", "seconds"),
    [
        (((0, 5, 0),), 5),
        # Launched again by a killed controller and refused by the guard: two stretches, and nothing between them.
        (((0, 5, 0), (30, 31, 0)), 6),
        (((30, 31, 0), (0, 5, 0)), 6),
        # Suspended by the centre for two seconds.
        (((0, 9, 2000),), 7),
        # The clock was set back.
        (((9, 4, 0),), 0),
    ],
)
def test_paid_is_the_time_on_chips_and_not_from_the_first_second_to_the_last(
    rows: tuple[tuple[int, int, int], ...], seconds: int
) -> None:
    began, ended = _span(usage(*rows), Report(Attempt("J", "a1", 1), "finished"))
    assert began == NOON + min(s for s, _, _ in rows) * timedelta(seconds=1)
    assert ended - began == timedelta(seconds=seconds)


def test_an_end_that_the_accounting_does_not_know_is_waited_for_and_then_taken_from_the_guard(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed controller may leave a job open in its accounts for ever."""
    job = desk.order(desk.active("2"), "sleep", "30")
    desk.start(job)
    jobs.drain(wait=False)
    attempt = job.attempts.get()
    freed: list[str] = []
    monkeypatch.setattr(LocalCentre, "cancel", lambda self, a, *, key: freed.append(key))
    now = datetime.now(UTC).replace(microsecond=0)

    sent = Attempt(job.code, f"a{attempt.pk}", attempt.pk)
    unknown = Usage(sent, (), final=False)

    def report(ended: datetime) -> Report:
        return Report(sent, "finished", "17", 0, ended - timedelta(seconds=3), ended, accounted=False)

    assert conclude(attempt.pk, report(now), unknown) == ""
    assert freed and job.attempts.get().state != "ended"
    conclude(attempt.pk, report(now - UNACCOUNTED), unknown)
    job.refresh_from_db()
    assert (job.state, job.used_ms) == ("finished", 3000)


def test_an_engine_that_came_back_from_the_dead_gives_up_what_is_settled_and_nothing_else(
    desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that was killed comes back with what it knew some seconds before."""
    hours = desk.active("2")
    over = desk.done(desk.order(hours, "true"))
    runs = desk.order(hours, "sleep", "60")
    jobs.drain(wait=False)
    foreign, mistaken = Attempt("JOB-7777", "a777", 777), Attempt("JOB-7777", "a1", over.attempts.get().pk)
    known = [name_of(job.attempts.get()) for job in (over, runs)]
    cancelled: list[Attempt] = []
    local = follow.adapter_of(desk.pool.centre)
    with monkeypatch.context() as patch:
        patch.setattr(LocalCentre, "alive", lambda self: [*known, foreign, mistaken])
        patch.setattr(LocalCentre, "cancel", lambda self, attempt, *, key: cancelled.append(attempt))
        jobs.drain(wait=False)
        assert cancelled == []
        patch.setattr(follow, "adapter_of", lambda centre: local)
        patch.setattr(follow.connections, "known", lambda name: {"engine": "slurm"})
        jobs.drain(wait=False)
        assert set(cancelled) == {known[0]}
    desk.hub.do(desk.engineer, "compute.job.stop", job=runs)
    assert desk.done(runs).state == "failed"
