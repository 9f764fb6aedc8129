"""Many at once: one allocation spent by 64 clients, one approval raced by two, events without gaps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection
from lane import Lane
from tests_hub import Hub

from hutong.kernel.errors import Conflict, Exhausted, HutongError
from hutong.modules.compute.models import Job
from hutong.modules.compute.money import book
from hutong.platform import runner
from hutong.platform.ledger import triggers
from hutong.platform.ledger.audit import audit
from hutong.platform.ledger.tables import Event

CLIENTS = 64


pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="empties the tables of a SQLite file afterwards"
)


@pytest.fixture
def hub(transactional_db, settings, tmp_path):
    """A hub that threads share: what it commits is real, so it is taken away afterwards, evidence included."""
    settings.HUTONG_HOME = tmp_path
    yield Hub()
    with connection.cursor() as cursor:
        for name in triggers.names(connection):
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("DELETE FROM platform_search")
    call_command("flush", verbosity=0, interactive=False)
    triggers.install(connection)


def together(work, many):
    """Run `work(i)` in threads that start at one moment; returns results, exceptions as values."""
    barrier = threading.Barrier(many)

    def one(i):
        barrier.wait()
        try:
            return work(i)
        except HutongError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def test_64_clients_never_overdraw_one_allocation(hub):
    lane = Lane(hub)
    lane.activate()
    lane.grant()
    allocation, grant, system = lane.made["allocation"], lane.made["grant"], lane.system()
    fits = allocation.granted_ms // (3600 * 1000)

    def submit(_):
        given = {"system": system.code, "spec": lane.spec, "grant": grant.code, "allocation": allocation.code,
                 "limit_s": "3600"}  # fmt: skip
        return runner.run(lane.engineer, "forge.build.submit", given, clock=hub.clock)

    results = together(submit, CLIENTS)
    refused = [r for r in results if isinstance(r, HutongError)]
    assert all(isinstance(r, Exhausted) and r.rule == "account.overdrawn" for r in refused)
    assert len(results) - len(refused) == fits == Job.objects.count()
    assert book.balances(allocation)["free"] == 0 and book.sound()
    assert audit() == []
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(
        range(Event.objects.count())
    )


def test_two_approvers_at_once_are_one_approval(hub):
    lane = Lane(hub)
    lane.award()
    pool = lane.pool()
    asked = hub.do(
        lane.engineer,
        "compute.allocation.request",
        award=lane.made["award"],
        pool=pool,
        hours="5",
        reason="x",
    )
    operator = lane.people["operator"]

    def approve(_):
        given = {"allocation": asked.code, "hours": "5", "reason": "yes"}
        return runner.run(operator, "compute.allocation.approve", given, clock=hub.clock)

    results = together(approve, 2)
    assert sum(isinstance(r, Conflict) for r in results) == 1
    assert Event.objects.filter(subject=asked.code, operation="compute.allocation.approve").count() == 1


def test_one_retry_key_from_many_threads_is_one_event(hub):
    from hutong.kernel.permission import THE_HUB

    given = {"name": "Once", "email": "once@hub.example"}
    results = together(lambda _: runner.run(THE_HUB, "parties.person.invite", given, key="same"), 8)
    good = [r for r in results if not isinstance(r, HutongError)]
    assert len({r.seq for r in good}) == 1
    assert Event.objects.filter(operation="parties.person.invite").count() == 1
