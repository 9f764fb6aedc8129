"""Rights from the hub's records, and the proof that the guarantee was kept: on the page, at the terminal, in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from compute.lender import CHIPS, Lender
from compute.test_pages import body, client_of, words
from django.db import connection
from django.test.utils import CaptureQueriesContext
from refusals import refused

from hutong.kernel.clock import SYSTEM_CLOCK, SteppingClock
from hutong.kernel.errors import Denied
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.guarantee import settle_rights
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.contract import audit_books, proof_for
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.proof import CARRYING_OUT, prove

MINUTE = timedelta(minutes=1)


@pytest.fixture
def lender(hub: Any) -> Lender:
    # The pages look thirty days back from now.
    hub.clock = SteppingClock(SYSTEM_CLOCK.now().replace(microsecond=0) - timedelta(days=9))
    made = Lender(hub)
    made.keep_all()
    return made


def turn(lender: Lender, since: datetime | None = None) -> int:
    return settle_rights(lender.hub.clock.now(), since)


def right(job: Job) -> datetime | None:
    job.refresh_from_db()
    return job.right_at


def ran(lender: Lender, job: Job, pool: Any, length: timedelta) -> None:
    """The job runs at a pool for so long, as the hub writes it."""
    hub = lender.hub
    hub.do(THE_HUB, "compute.job.start", job=job, pool=pool)
    began = hub.clock.now()
    hub.clock.advance(length)
    span = {"began": began.isoformat(), "ended": hub.clock.now().isoformat()}
    hub.do(THE_HUB, "compute.job.finish", job=job, ending="finished", log=lender.log, **span)


def test_a_job_has_its_right_from_when_the_centre_alone_would_have_started_it(lender: Lender) -> None:
    hub = lender.hub
    begin = hub.clock.now()
    first = lender.home(chips=3, limit_s=3600)
    hub.clock.advance(MINUTE)
    second = lender.home(chips=2, limit_s=3600)
    third = lender.home(chips=1, limit_s=600)
    assert turn(lender, begin) == 2
    # The second waits for the first; the third is short enough to be let past (EASY).
    assert [right(j) for j in (first, second, third)] == [first.created_at, None, third.created_at]
    assert turn(lender, hub.clock.now()) == 0
    # The first ran elsewhere, and for half an hour only: in the shadow it gives its chips up then.
    before = hub.clock.now()
    ran(lender, first, lender.lent, 30 * MINUTE)
    assert turn(lender, before) == 1
    first.refresh_from_db()
    native = timedelta(milliseconds=first.native_ms // first.chips)
    assert right(second) == first.right_at + native


def test_who_has_no_right(lender: Lender) -> None:
    """Too large for the share, of another region, waiting for a cleaner hour, or of a centre that does not answer."""
    begin = lender.hub.clock.now()
    green, away, fine = lender.home(chips=1), lender.home(chips=1), lender.home(chips=1)
    Job.objects.filter(pk=green.pk).update(green=True)
    Job.objects.filter(pk=away.pk).update(regions=["310000"])
    type(lender.centre).objects.filter(pk=lender.centre.pk).update(silent_since=begin)
    assert turn(lender, begin) == 0
    type(lender.centre).objects.filter(pk=lender.centre.pk).update(silent_since=None)
    assert turn(lender, begin) == 1 and right(fine) is not None
    lender.hub.do(lender.south, "compute.agreement.close", agreement=lender.terms, reason="Less.")
    lender.terms = lender.agree("50%", "50%")
    large = lender.home(chips=3)
    assert turn(lender, lender.hub.clock.now()) == 0 and right(large) is None


def test_rights_and_notice_are_in_the_picture(lender: Lender) -> None:
    begin = lender.hub.clock.now()
    waits = lender.home(chips=CHIPS)
    turn(lender, begin)
    seen = picture(lender.hub.clock.now())
    asked = next(a for a in seen.waiting if a.job == waits.code)
    assert asked.right and asked.right_since_ms is not None
    assert {o.pool: o.notice_ms for o in seen.offers} == {lender.pool.code: None, lender.lent.code: 600_000}
    lender.hub.do(THE_HUB, "compute.job.start", job=waits, pool=lender.lent)
    assert [(h.job, h.right) for h in picture(lender.hub.clock.now()).running] == [(waits.code, True)]


def test_looking_costs_a_bounded_number_of_queries(
    lender: Lender, django_assert_max_num_queries: Any
) -> None:
    begin = lender.hub.clock.now()
    for _ in range(12):
        lender.home(chips=1)
    with django_assert_max_num_queries(4):
        turn(lender, begin)
    with django_assert_max_num_queries(4):
        prove(lender.centre, lender.hub.clock.now())


def waited(lender: Lender, minutes: int, *, guest: bool) -> Job:
    """An own job that starts so long after its right, while a guest or nobody holds its chips."""
    hub = lender.hub
    begin = hub.clock.now()
    other = None
    if guest:
        other = lender.order(lender.guests, "true", chips=1, limit_s=60)
        hub.do(THE_HUB, "compute.job.start", job=other, pool=lender.lent)
    job = lender.home(chips=CHIPS)
    turn(lender, begin)
    hub.clock.advance(minutes * MINUTE)
    if other is not None:
        span = {"began": begin.isoformat(), "ended": hub.clock.now().isoformat()}
        hub.do(THE_HUB, "compute.job.finish", job=other, ending="finished", log=lender.log, **span)
    ran(lender, job, lender.lent, MINUTE)
    return job


def test_kept_and_late_are_told_apart_and_who_was_in_the_way_is_said(lender: Lender) -> None:
    on_time = waited(lender, 10, guest=True)
    late = waited(lender, 12, guest=True)
    alone = waited(lender, 12, guest=False)
    still = lender.home(chips=1)
    turn(lender, lender.hub.clock.now())
    now = lender.hub.clock.now()
    found = prove(lender.centre, now)
    assert (found.kept, found.judged, found.open) == (1, 3, 1)
    assert {(o.job.code, o.guests) for o in found.late} == {(late.code, 1), (alone.code, 0)}
    assert all(o.notice == 10 * MINUTE and o.waited > 11 * MINUTE for o in found.late)
    assert right(on_time) is not None and right(still) is not None
    assert [f.rule for f in audit_books() if not f.holds] == ["guarantee.kept"]


def test_a_job_that_is_called_back_elsewhere_and_waits_too_long_is_late(lender: Lender) -> None:
    hub = lender.hub
    begin = hub.clock.now()
    job = lender.home(chips=2, limit_s=3600)
    turn(lender, begin)
    hub.do(THE_HUB, "compute.job.start", job=job, pool=lender.lent)
    lender.recall(job)
    began = hub.clock.now()
    hub.clock.advance(5 * MINUTE)
    given = {"began": began.isoformat(), "ended": hub.clock.now().isoformat(), "saved": False}
    hub.do(THE_HUB, "compute.job.give_back", job=job, **given)
    hub.clock.advance(10 * MINUTE + CARRYING_OUT - timedelta(seconds=10))
    assert prove(lender.centre, hub.clock.now()).late == ()
    hub.clock.advance(timedelta(seconds=15))
    found = prove(lender.centre, hub.clock.now())
    assert [o.job.code for o in found.late] == [job.code]
    # The loss of its own user's job is no guest's.
    once = Attempt.objects.get(ending="recalled")
    assert found.recalled == () and timedelta(milliseconds=once.lost_ms) == 2 * (once.ended_at - began)


def test_the_page_and_the_json_say_the_same(lender: Lender) -> None:
    late = waited(lender, 12, guest=True)
    page = f"/compute/centre/{lender.centre.code}/guarantee"
    assert page in body(lender.south, f"/compute/centre/{lender.centre.code}/partners")
    now = lender.hub.clock.now()
    told = proof_for(lender.south, lender.centre, now, now - timedelta(days=1)).as_json()
    assert (told["judged"], told["kept"]) == (1, 0) and told["late"][0]["job"] == late.code
    assert told["late"][0]["guests_held"] == 1
    said = words(body(lender.south, page))
    assert "guarantee kept 0 of 1" in said and f"{late.code}" in said and "Guarantee to own users" in said
    assert "自用保障已履行 1项中0项" in words(body(lender.south, page, "zh"))
    assert client_of(lender.engineer).get(page).status_code == 403
    client = client_of(lender.south)
    client.get(page)
    with CaptureQueriesContext(connection) as seen:
        client.get(page)
    assert len(seen) <= 8
    with refused(Denied, "compute:statement:view"):
        proof_for(lender.engineer, lender.centre, now, now)


def test_the_page_of_a_guest_says_what_it_lost_and_that_nobody_pays(lender: Lender) -> None:
    guest = lender.order(lender.guests, "true", chips=2, limit_s=1800, checkpoint_s=60)
    lender.hub.do(THE_HUB, "compute.job.start", job=guest, pool=lender.lent)
    lender.recall(guest)
    page = f"/compute/job/{guest.code}"
    assert "chips called back by" in words(body(lender.engineer, page))
    began = lender.hub.clock.now()
    span = {"began": began.isoformat(), "ended": (began + timedelta(seconds=90)).isoformat()}
    lender.hub.do(THE_HUB, "compute.job.give_back", job=guest, saved=False, **span)
    said = words(body(lender.engineer, page))
    assert "Gave its chips back" in said and "work lost; nobody pays for it" in said
    home = words(body(lender.south, f"/compute/centre/{lender.centre.code}/guarantee"))
    assert "Chips called back from guests" in home and guest.code in home
