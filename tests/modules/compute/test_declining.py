"""The veto of a centre: what it declines goes elsewhere, with a reason; what failed there tries elsewhere first."""

from __future__ import annotations

from typing import Any

import pytest
from compute.commands import CommandDesk, Neighbouring
from django.test import Client
from refusals import refused

from hutong.engines.broker.decide import decide
from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.outlook import lead
from hutong.platform.people import Organisation, Person


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    return CommandDesk(hub)


@pytest.fixture
def south(desk: CommandDesk) -> Neighbouring:
    made = Neighbouring(desk)
    made.agree()
    return made


def starts(desk: CommandDesk) -> dict[str, str]:
    return {s.job: s.pool for s in decide(picture(desk.hub.clock.now())).starts}


def house(desk: CommandDesk) -> Organisation:
    return Organisation.objects.get(pk=next(iter(desk.engineer.grants)).organisation)


def test_a_declined_job_goes_elsewhere_and_its_owner_reads_why(
    desk: CommandDesk, south: Neighbouring
) -> None:
    hours = desk.active("10")
    job = desk.order(hours, "true")
    assert starts(desk) == {job.code: south.pool.code}
    desk.hub.do(
        south.operator, "compute.centre.decline", centre=south.centre, job=job.code, reason="No licence here."
    )
    assert starts(desk) == {job.code: desk.pool.code}
    job.refresh_from_db()
    said = lead(job)
    assert said is not None and f"{south.centre.code} declined it: No licence here." in said.en
    assert f"{south.centre.code} 拒绝了该作业：No licence here." in said.zh
    with refused(Denied, "pool.declined", "pool"):
        desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=south.pool)
    client = Client()
    client.force_login(Person.objects.get(pk=desk.engineer.id))
    assert "No licence here." in client.get(f"/compute/job/{job.code}").content.decode()
    client.force_login(Person.objects.get(pk=south.operator.id))
    page = client.get(f"/compute/centre/{south.centre.code}").content.decode()
    assert job.code in page and "declined" in page and "Jobs of others" in page
    client.force_login(Person.objects.get(pk=desk.engineer.id))
    assert "Jobs of others" not in client.get(f"/compute/centre/{south.centre.code}").content.decode()
    desk.hub.do(south.operator, "compute.centre.admit", centre=south.centre, job=job.code)
    assert starts(desk) == {job.code: south.pool.code}


def test_a_declined_organisation_is_declined_until_it_is_admitted(
    desk: CommandDesk, south: Neighbouring
) -> None:
    hours, mine = desk.active("10"), house(desk)
    before = desk.order(hours, "true")
    given = {"centre": south.centre, "organisation": mine}
    desk.hub.do(south.operator, "compute.centre.bar", **given, reason="Unpaid.")
    after = desk.order(hours, "true")
    assert starts(desk) == {before.code: desk.pool.code, after.code: desk.pool.code}
    after.refresh_from_db()
    said = lead(after)
    assert said is not None and f"{south.centre.code} declined its organisation: Unpaid." in said.en
    desk.hub.do(south.operator, "compute.centre.admit", **given)
    third = desk.order(hours, "true")
    assert set(starts(desk).values()) == {south.pool.code} and third.code in starts(desk)


def test_what_cannot_be_declined(desk: CommandDesk, south: Neighbouring) -> None:
    hours = desk.active("10")
    job, running = desk.order(hours, "true"), desk.order(hours, "true")
    desk.hub.do(THE_HUB, "compute.job.start", job=running, pool=south.pool)
    stranger, own = desk.stranger(), Organisation.objects.get(pk=desk.pool.centre.organisation_id)

    def decline(who: Any, centre: Any, code: str) -> None:
        desk.hub.do(who, "compute.centre.decline", centre=centre, job=code, reason="No.")

    with refused(Denied, "decline.own_users", "job"):
        decline(desk.operator, desk.pool.centre, job.code)
    with refused(Denied, "decline.own_users", "organisation"):
        desk.hub.do(
            desk.operator, "compute.centre.bar", centre=desk.pool.centre, organisation=own, reason="No."
        )
    with refused(Conflict, "decline.waiting", "job"):
        decline(south.operator, south.centre, running.code)
    with refused(Denied, "compute:centre:decline"):
        decline(stranger, south.centre, job.code)
    with refused(Denied, "compute:centre:decline"):
        decline(desk.engineer, south.centre, job.code)
    for unknown in ("JOB-9999", "x" * 200, "JOB-0001; rm"):
        with refused(NotFound, "record.unknown", "job"):
            decline(south.operator, south.centre, unknown)
    with refused(Conflict, "decline.none", "job"):
        desk.hub.do(south.operator, "compute.centre.admit", centre=south.centre, job=job.code)
    with refused(Invalid, "decline.which", "organisation"):
        desk.hub.do(south.operator, "compute.centre.admit", centre=south.centre)


def test_a_job_with_other_chips_is_not_there_for_a_centre(desk: CommandDesk) -> None:
    job = desk.order(desk.active("10"), "true")
    other = desk.stranger()
    centre = desk.hub.do(other, "compute.centre.register", name_en="Far", name_zh="远")
    desk.hub.do(other, "compute.pool.open", centre=centre, chip="a100", chips=8, price="9.00")
    with refused(NotFound, "record.unknown", "job"):
        desk.hub.do(other, "compute.centre.decline", centre=centre, job=job.code, reason="No.")


def test_a_job_that_a_node_lost_tries_elsewhere_first_if_it_can(
    desk: CommandDesk, south: Neighbouring
) -> None:
    hours = desk.active("10")
    job = desk.order(hours, "true")
    desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=south.pool)
    desk.hub.do(THE_HUB, "compute.job.requeue", job=job, ending="node_failed")
    assert starts(desk) == {job.code: desk.pool.code}
    job.refresh_from_db()
    said = lead(job)
    assert said is not None and "a node failed there" in said.en and "节点曾故障" in said.zh
    # Nobody else could take it: it tries there again rather than never.
    desk.hub.do(desk.operator, "compute.centre.drain", centre=desk.pool.centre, reason="Repairs.")
    assert starts(desk) == {job.code: south.pool.code}
    desk.hub.do(desk.operator, "compute.centre.resume", centre=desk.pool.centre)
    desk.start(job)
    assert Job.objects.get(pk=job.pk).avoid == []
    desk.hub.do(THE_HUB, "compute.job.requeue", job=job, ending="preempted")
    assert Job.objects.get(pk=job.pk).avoid == [] and Attempt.objects.filter(job=job).count() == 2
