"""The calendar: what is reserved is kept, starts on time, ends by itself, and is told to those who wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from compute.commands import CommandDesk, Neighbouring
from django.test import Client
from refusals import refused

from hutong.engines.broker.decide import decide
from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid, NotFound
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.over import end_reservations
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.models import Job, Reservation
from hutong.modules.compute.money import book
from hutong.platform.people import Person

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    return CommandDesk(hub)


def reserve(
    desk: CommandDesk, begins: datetime | None, minutes: int, *, chips: int = 1, who: Any = None, **given: Any
) -> Reservation:
    since = begins or desk.hub.clock.now()
    made: Reservation = desk.hub.do(
        who or desk.operator,
        "compute.reservation.reserve",
        pool=given.pop("pool", desk.pool),
        chips=chips,
        begins=None if begins is None else begins.isoformat(),
        ends=(since + minutes * MINUTE).isoformat(),
        purpose=given.pop("purpose", "A course."),
        **given,
    )
    return made


def starts(desk: CommandDesk) -> dict[str, str]:
    return {s.job: s.pool for s in decide(picture(desk.hub.clock.now())).starts}


def waits(desk: CommandDesk) -> dict[str, str]:
    return {w.job: w.reason for w in decide(picture(desk.hub.clock.now())).waits}


def test_no_job_starts_that_would_run_into_a_reservation(desk: CommandDesk) -> None:
    hours = desk.active("30")
    soon = desk.hub.clock.now() + 10 * MINUTE
    reserve(desk, soon, 60, chips=2)
    long, short = desk.order(hours, "true", limit_s=1200), desk.order(hours, "true", limit_s=300)
    assert starts(desk) == {short.code: desk.pool.code}
    assert waits(desk) == {long.code: "window"}
    with refused(Exhausted, "pool.reserved", "job"):
        desk.start(long)
    assert desk.start(short).state == "running"


def test_chips_beside_a_reservation_are_anybodys(desk: CommandDesk) -> None:
    hours = desk.active("30")
    reserve(desk, None, 60, chips=1)
    first, second = desk.order(hours, "true", limit_s=7200), desk.order(hours, "true", limit_s=7200)
    assert starts(desk) == {first.code: desk.pool.code}
    desk.start(first)
    with refused(Exhausted, "pool.reserved", "job"):
        desk.start(second)


def test_a_job_that_names_it_runs_inside_and_nobody_else(desk: CommandDesk) -> None:
    mine, others = desk.active("10"), desk.active("10")
    soon = desk.hub.clock.now() + 10 * MINUTE
    kept = reserve(desk, soon, 60, chips=2, allocation=mine)
    job = desk.order(mine, "true", chips=2, limit_s=1800, reservation=kept)
    other = desk.order(others, "true", limit_s=3600)
    assert starts(desk) == {}
    with refused(Conflict, "job.reservation_only", "pool"):
        desk.start(job)
    desk.hub.clock.move_to(soon)
    assert starts(desk) == {job.code: kept.code}
    desk.start(job)
    assert Job.objects.get(pk=job.pk).pool == desk.pool
    assert starts(desk) == {}
    seen = picture(desk.hub.clock.now())
    offered = {o.pool: (o.total, o.free) for o in seen.offers}
    assert offered == {desk.pool.code: (2, 2), kept.code: (2, 0)}
    desk.hub.clock.move_to(soon + 61 * MINUTE)
    desk.end(job, 2 * 1000 * 60)
    assert starts(desk) == {other.code: desk.pool.code}


def test_what_no_reservation_takes_is_refused_when_it_is_submitted(desk: CommandDesk) -> None:
    mine, others = desk.active("10"), desk.active("10")
    kept = reserve(desk, None, 60, chips=1, allocation=mine)
    idle = reserve(desk, None, 60, chips=1, purpose="Maintenance.")
    with refused(Conflict, "job.reservation_allocation", "reservation"):
        desk.order(others, "true", reservation=kept)
    with refused(Conflict, "job.reservation_allocation", "reservation"):
        desk.order(mine, "true", reservation=idle)
    with refused(Invalid, "job.chips", "chips"):
        desk.order(mine, "true", chips=2, reservation=kept)
    with refused(Invalid, "job.reservation_span", "limit_s"):
        desk.order(mine, "true", limit_s=3600, reservation=kept)
    desk.hub.clock.advance(61 * MINUTE)
    with refused(Conflict, "job.reservation_over", "reservation"):
        desk.order(mine, "true", reservation=kept)
    with refused(NotFound, "record.unknown", "reservation"):
        desk.order(mine, "true", reservation="RSV-0099")


def test_a_reservation_is_granted_only_where_it_fits(desk: CommandDesk) -> None:
    now = desk.hub.clock.now()
    job = desk.order(desk.active("10"), "true", limit_s=3600)
    desk.start(job)
    with pytest.raises(Exhausted) as full:
        reserve(desk, None, 30, chips=2)
    assert full.value.rule == "reservation.no_room" and "reserve 1 chips" in full.value.remedy.en
    assert "Begin 09-08 10:01 or later" in full.value.remedy.en and "09-08 10:01" in full.value.remedy.zh
    free = reserve(desk, now + 61 * MINUTE, 30, chips=2)
    with refused(Exhausted, "reservation.no_room", "begins"):
        reserve(desk, now + 80 * MINUTE, 30, chips=1)
    desk.hub.do(desk.operator, "compute.reservation.cancel", reservation=free, reason="Moved.")
    assert reserve(desk, now + 80 * MINUTE, 30, chips=2).state == "active"


def test_what_is_no_reservation(desk: CommandDesk) -> None:
    now, stranger = desk.hub.clock.now(), desk.stranger()
    for chips in (0, -1, 3):
        with refused(Invalid, "reservation.chips", "chips"):
            reserve(desk, None, 30, chips=chips)
    with refused(Invalid, "reservation.span", "begins"):
        reserve(desk, now - MINUTE, 30)
    with refused(Invalid, "reservation.span", "ends"):
        reserve(desk, now + MINUTE, 0)
    with refused(Invalid, "reservation.span", "ends"):
        reserve(desk, now + MINUTE, 367 * 24 * 60)
    asked = desk.ask("1")
    with refused(Conflict, "reservation.allocation", "allocation"):
        reserve(desk, None, 30, allocation=asked)
    with refused(Denied, "compute:reservation:reserve"):
        reserve(desk, None, 30, who=stranger)
    with refused(Denied, "compute:reservation:reserve"):
        reserve(desk, None, 30, who=desk.engineer)
    assert reserve(desk, None, 30, who=desk.lane.office, purpose="Flood.").state == "active"


def test_it_closes_by_itself_and_lets_go_who_still_waits(desk: CommandDesk) -> None:
    mine = desk.active("10")
    kept = reserve(desk, None, 60, chips=1, allocation=mine)
    late = desk.order(mine, "true", limit_s=1800, reservation=kept)
    desk.hub.clock.advance(45 * MINUTE)
    # What is left of it is shorter than the job.
    assert starts(desk) == {} and waits(desk) == {late.code: "window"}
    desk.hub.clock.advance(16 * MINUTE)
    assert end_reservations(desk.hub.clock.now(), desk.hub.clock) == 1
    kept.refresh_from_db(), late.refresh_from_db()
    assert (kept.state, late.state, late.ending) == ("closed", "cancelled", "reservation_over")
    assert book.balances(mine)["held"] == 0 and book.sound()
    assert end_reservations(desk.hub.clock.now(), desk.hub.clock) == 0
    with refused(Conflict, "lifecycle.reservation.cancel", "state"):
        desk.hub.do(desk.operator, "compute.reservation.cancel", reservation=kept, reason="Late.")


def test_cancelled_it_lets_its_running_job_end_and_counts_it_on_the_pool(desk: CommandDesk) -> None:
    mine = desk.active("10")
    kept = reserve(desk, None, 60, chips=2, allocation=mine)
    job = desk.order(mine, "true", chips=2, limit_s=1800, reservation=kept)
    desk.start(job)
    other = desk.order(mine, "true", limit_s=60)
    desk.hub.do(desk.operator, "compute.reservation.cancel", reservation=kept, reason="Moved.")
    assert starts(desk) == {} and waits(desk)[other.code] == "chips"
    later = reserve(desk, desk.hub.clock.now() + 40 * MINUTE, 60, allocation=mine)
    waiting = desk.order(mine, "true", reservation=later)
    with refused(Conflict, "job.reservation"):
        desk.hub.do(THE_HUB, "compute.job.lapse", job=waiting)


def test_a_guest_with_a_reservation_needs_no_lending(desk: CommandDesk) -> None:
    south = Neighbouring(desk)
    mine = desk.active("10")
    job = desk.order(mine, "true", limit_s=600)
    desk.start(desk.order(mine, "true", chips=2, limit_s=7200))
    assert starts(desk) == {}
    kept = reserve(desk, None, 60, chips=4, who=desk.lane.office, pool=south.pool, allocation=mine)
    inside = desk.order(mine, "true", chips=3, limit_s=600, reservation=kept)
    assert starts(desk) == {inside.code: kept.code}
    assert waits(desk)[job.code] == "chips"


def test_explanations_and_pages_name_it(desk: CommandDesk) -> None:
    from hutong.modules.compute.broker.turn import turn
    from hutong.modules.compute.outlook import lead

    now = desk.hub.clock.now()
    hours = desk.active("10")
    kept = reserve(desk, None, 24 * 60 * 300, chips=2, purpose="Exercise <b>, with; marks")
    job = desk.order(hours, "true", limit_s=60)
    turn()
    job.refresh_from_db()
    said = lead(job)
    assert said is not None and f"kept for {kept.code} until" in said.en, said
    assert f"为{kept.code}保留" in said.zh
    person = Person.objects.get(pk=desk.operator.id)
    client = Client()
    client.force_login(person)
    for language in ("en", "zh"):
        for path in (
            f"/compute/reservation/{kept.code}",
            f"/compute/centre/{desk.pool.centre.code}",
            "/compute/reservation/",
        ):
            page = client.get(f"{path}?lang={language}")
            assert page.status_code == 200 and kept.code in page.content.decode()
    file = client.get(f"/compute/centre/{desk.pool.centre.code}/calendar.ics")
    assert file["Content-Type"].startswith("text/calendar")
    text = file.content.decode()
    assert f"DTSTART:{now:%Y%m%dT%H%M}" in text and "Exercise <b>\\, with\\; marks" in text
    assert all(len(line) <= 75 for line in file.content.split(b"\r\n")) and text.endswith("END:VCALENDAR\r\n")
