"""Who settles a job, with what reading, and at which price."""

from __future__ import annotations

from datetime import timedelta

import pytest
from compute.desk import HOUR, PRICE_FEN, Desk
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.turn import fall_due


def test_only_the_hub_settles_and_only_the_centre_starts(desk: Desk) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    with refused(Denied, "compute:job:start"):
        desk.hub.do(desk.engineer, "compute.job.start", job=job)
    desk.start(job)
    at = desk.hub.clock.now().isoformat()
    given = {"job": job, "ending": "finished", "began": at, "ended": at, "log": desk.log}
    for actor in (desk.engineer, desk.operator):
        with refused(Denied, "compute:job:settle"):
            desk.hub.do(actor, "compute.job.finish", **given)


@pytest.mark.parametrize(
    ("ended", "rule"),
    [("2026-08-31T23:59:59Z", "job.span"), ("NaN", "instant.form"), ("2026-09-01T10:00:00", "instant.naive")],
)
def test_a_meter_that_reads_nonsense_settles_nothing(desk: Desk, ended: str, rule: str) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    given = {
        "job": job,
        "ending": "finished",
        "began": "2026-09-01T01:00:00Z",
        "ended": ended,
        "log": desk.log,
    }
    with refused(Invalid, rule, "ended"):
        desk.hub.do(THE_HUB, "compute.job.finish", **given)
    job.refresh_from_db()
    assert (job.state, job.used_ms) == ("running", None)


def test_a_price_that_changes_while_a_job_runs_cuts_its_use_at_that_second(desk: Desk) -> None:
    job = desk.submit(desk.active("10"), chips=2, limit_s=7200)
    desk.start(job)
    half = desk.hub.clock.now() + timedelta(minutes=30)
    desk.hub.do(
        desk.operator, "compute.pool.price", pool=desk.pool, price="7.00", valid_from=half.isoformat()
    )
    desk.end(job, 2 * HOUR)
    job.refresh_from_db()
    first, second = job.segments.order_by("began_at")
    assert (first.price_fen, second.price_fen) == (
        PRICE_FEN,
        700,
    ) and first.ended_at == second.began_at == half
    assert first.native_ms == 2 * ((half - first.began_at) // timedelta(milliseconds=1))
    assert first.native_ms + second.native_ms == job.native_ms == job.used_ms == 2 * HOUR
    assert (
        first.cost_fen == first.native_ms * PRICE_FEN // HOUR
        and second.cost_fen == second.native_ms * 700 // HOUR
    )
    assert job.cost_fen == first.cost_fen + second.cost_fen
    for past, rule in ((half - timedelta(hours=2), "price.past"), (half, "price.order")):
        given = {"pool": desk.pool, "price": "1.00", "valid_from": past.isoformat()}
        kind = Invalid if rule == "price.past" else Conflict
        with refused(kind, rule, "valid_from"):
            desk.hub.do(desk.operator, "compute.pool.price", **given)


def test_another_price_changes_no_past_cost(desk: Desk) -> None:
    old = desk.submit(desk.active("2"), limit_s=3600)
    desk.start(old)
    desk.end(old, 1_234_567)
    old.refresh_from_db()
    assert old.cost_fen == 1_234_567 * PRICE_FEN // HOUR == 120
    desk.hub.do(desk.operator, "compute.pool.price", pool=desk.pool, price="７")
    new = desk.submit(desk.active("2"), limit_s=3600)
    desk.start(new)
    desk.end(new, 1_234_567)
    new.refresh_from_db()
    old.refresh_from_db()
    assert (old.cost_fen, new.cost_fen) == (120, 240)


def test_a_price_posted_for_later_is_shown_once_it_is_in_force(desk: Desk) -> None:
    later = desk.hub.clock.now() + timedelta(days=1)
    desk.hub.do(desk.operator, "compute.pool.price", pool=desk.pool, price="9", valid_from=later.isoformat())
    assert fall_due(later - timedelta(seconds=1)) == 0
    assert fall_due(later) == 1 and fall_due(later) == 0
    desk.pool.refresh_from_db()
    assert desk.pool.price_fen == 900
