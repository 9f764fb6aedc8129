"""Whatever a job goes through, what was held is what it used and what it got back, to the millisecond."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from compute.commands import CommandDesk
from compute.desk import HOUR, PRICE_FEN
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.contract import audit_books
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.money import book
from hutong.platform.evidence import payload_of
from hutong.platform.ledger.tables import Event

# What becomes of a run: called back (saved or not), given back by the centre, or its end.
RUN = st.tuples(st.sampled_from(["saved", "lost", "requeue"]), st.integers(0, 90_000))
END = st.sampled_from(["finish", "fail", "cancel"])


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    return CommandDesk(hub)


def started(desk: CommandDesk, job: Job) -> Job:
    desk.start(job)
    desk.hub.clock.advance(timedelta(seconds=1))
    job.refresh_from_db()
    return job


def span(desk: CommandDesk, ms: int) -> dict[str, str]:
    began = desk.hub.clock.now()
    return {"began": began.isoformat(), "ended": (began + timedelta(milliseconds=ms)).isoformat()}


def recall(desk: CommandDesk, job: Job, lost_ms: int = 0) -> None:
    due = (desk.hub.clock.now() + timedelta(minutes=5)).isoformat()
    words = {"due": due, "why": "guarantee", "for_whom": "JOB-9999", "lost_ms": lost_ms}
    desk.hub.do(THE_HUB, "compute.job.recall", job=job, **words)


def give_back(desk: CommandDesk, job: Job, ms: int, *, saved: bool) -> None:
    desk.hub.do(THE_HUB, "compute.job.give_back", job=job, saved=saved, **span(desk, ms))
    job.refresh_from_db()


def kept_of(job: Job, how: str, ms: int, left_s: int) -> int:
    """By hand: what of a run goes on, in milliseconds."""
    every = job.checkpoint_s * 1000
    kept = ms if how == "saved" else ms - ms % every if every else 0
    return min(kept, left_s * 1000)


@given(
    chips=st.integers(1, 2),
    limit_s=st.integers(1, 120),
    every=st.sampled_from([0, 7, 30]),
    runs=st.lists(RUN, max_size=5),
    end=END,
    last_ms=st.integers(0, 150_000),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_held_is_used_and_back(
    desk: CommandDesk, chips: int, limit_s: int, every: int, runs: Any, end: str, last_ms: int
) -> None:
    with transaction.atomic():
        hours = desk.active("1")
        job = desk.order(hours, "true", chips=chips, limit_s=limit_s, checkpoint_s=every)
        paid, left_s, lost = 0, limit_s, 0
        for how, ms in runs:
            started(desk, job)
            if how == "requeue":
                desk.hub.do(THE_HUB, "compute.job.requeue", job=job, ending="lost")
                continue
            recall(desk, job)
            give_back(desk, job, ms, saved=how == "saved")
            kept = kept_of(job, how, ms, left_s)
            paid, lost = paid + kept * chips, lost + (ms - kept) * chips
            left_s = max(1, left_s - -(-kept // 1000))
            balances = book.balances(hours)
            assert (job.paid_ms, job.limit_s - job.spent_s) == (min(paid, job.held_ms), left_s)
            assert (balances["held"], balances["used"]) == (job.held_ms - job.paid_ms, job.paid_ms)
        if end == "cancel":
            desk.hub.do(desk.engineer, "compute.job.cancel", job=job)
        else:
            started(desk, job)
            ended = {"job": job, "ending": end, "log": desk.log, **span(desk, last_ms)}
            desk.hub.do(THE_HUB, f"compute.job.{end}", **ended)
            paid += min(last_ms, left_s * 1000) * chips
        job.refresh_from_db()
        balances = book.balances(hours)
        assert job.used_ms == min(paid, job.held_ms) == balances["used"]
        assert balances == {"source": -HOUR, "free": HOUR - job.used_ms, "held": 0, "used": job.used_ms}
        assert sum(job.segments.values_list("native_ms", flat=True)) == job.native_ms >= job.used_ms
        # Money is rounded down part by part.
        assert 0 <= (job.native_ms or 0) * PRICE_FEN // HOUR - (job.cost_fen or 0) <= len(runs) + 1
        assert sum(Attempt.objects.filter(job=job).values_list("lost_ms", flat=True)) == lost
        noted = [payload_of(e.seq)["noted"] for e in Event.objects.filter(subject=job.code).order_by("seq")]
        assert sum(n.get("used_ms", 0) for n in noted) == job.used_ms
        assert [f.rule for f in audit_books() if not f.holds] == []
        transaction.set_rollback(True)


def test_a_job_is_called_back_once_per_run_and_by_the_hub_alone(desk: CommandDesk) -> None:
    job = started(desk, desk.order(desk.active("1"), "true", limit_s=60))
    due = desk.hub.clock.now().isoformat()
    words = {"due": due, "why": "guarantee", "for_whom": "JOB-9999"}
    for actor in (desk.engineer, desk.operator):
        with refused(Denied, "compute:job:settle"):
            desk.hub.do(actor, "compute.job.recall", job=job, **words)
    with refused(Conflict, "recall.none", "job"):
        give_back(desk, job, 1, saved=True)
    recall(desk, job, 5)
    with refused(Conflict, "recall.once", "job"):
        recall(desk, job)
    assert job.attempts.get().lost_ms == 5
    late = {"began": "2026-09-01T02:00:00Z", "ended": "2026-09-01T01:00:00Z"}
    with refused(Invalid, "job.span", "ended"):
        desk.hub.do(THE_HUB, "compute.job.give_back", job=job, saved=True, **late)
    give_back(desk, job, 30_000, saved=True)
    with refused(Conflict, "needs.compute.job.recall", "state"):
        recall(desk, job)
    started(desk, job)
    recall(desk, job)


def test_what_lenders_are_owed_is_split_by_where_it_ran(desk: CommandDesk) -> None:
    """Half of a job at a neighbour, the rest at home: the neighbour claims and is owed its half, and once."""
    from compute.partner import Neighbour

    from hutong.modules.compute.show.partners import debts

    south = Neighbour(desk)
    south.agree()
    hours = desk.active("6")
    job = desk.order(hours, "true", chips=2, limit_s=7200, checkpoint_s=600)
    type(job).objects.filter(pk=job.pk).update(program="forge.build")
    desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=south.pool)
    recall(desk, job)
    give_back(desk, job, HOUR, saved=True)
    desk.hub.clock.advance(timedelta(hours=2))
    job.ended_at = job.attempts.get().ended_at
    statement = south.accepted(job)
    assert [line["attempt"] for line in statement.lines] == [f"{job.code}/{job.attempts.get().pk}"]
    assert statement.claimed_fen == 200
    assert [(o.debtor, o.creditor, o.amount) for o in debts()] == [
        (desk.pool.centre.code, south.centre.code, 200)
    ]
    job.refresh_from_db()
    desk.start(job)
    desk.end(job, 2 * HOUR)
    job.refresh_from_db()
    assert job.cost_fen == 200 + 2 * PRICE_FEN and job.used_ms == 4 * HOUR
    assert sum(o.amount for o in debts()) == 200
