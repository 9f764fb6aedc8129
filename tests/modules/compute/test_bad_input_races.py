"""Many at once, with connections of their own, on SQLite and PostgreSQL alike: paid once, started once, never overdrawn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from compute.commands import FORM, CommandDesk
from compute.desk import HOUR
from django.db import connection
from tests_hub import Hub

from hutong.engines.broker.decide import decide
from hutong.kernel.clock import SteppingClock
from hutong.kernel.errors import Conflict, Exhausted, HutongError
from hutong.kernel.permission import THE_HUB, Role
from hutong.modules.compute.broker import lease
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.broker.place import place
from hutong.modules.compute.contract import audit_books, replay_decisions
from hutong.modules.compute.models import Attempt, Decision, Job, VoucherEntry
from hutong.modules.compute.money import book
from hutong.platform import runner
from hutong.platform.ledger import triggers
from hutong.platform.ledger.audit import audit
from hutong.platform.ledger.tables import Event


@pytest.fixture
def evidence(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The guard of the evidence comes back when the tables are empty again."""
    yield
    with django_db_blocker.unblock():
        triggers.install(connection)


@pytest.fixture
def hub(evidence: None, transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Hub]:
    """A hub that threads share: what it commits is real, so it is taken away afterwards, evidence included."""
    settings.HUTONG_HOME = tmp_path
    yield Hub()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            drop = [f"DROP TRIGGER {name}" for name in triggers.names(connection)]
        else:
            cursor.execute("SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal")
            drop = [f"DROP TRIGGER {name} ON {table}" for name, table in cursor.fetchall()]
        for statement in [*drop, "DELETE FROM platform_search"]:
            cursor.execute(statement)


def together(work: Callable[[int], Any], many: int) -> list[Any]:
    """Run `work(i)` in threads that begin at one moment; results, refusals as values."""
    barrier = threading.Barrier(many)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except HutongError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def sound() -> None:
    assert [f.rule for f in audit_books() if not f.holds] == []
    assert audit() == []
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(
        range(Event.objects.count())
    )


class Office:
    """Vouchers of one firm, decided and paid by many hands at once."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        # Within the term of Beijing's programme.
        hub.clock = SteppingClock(datetime(2024, 11, 1, 1, 0, tzinfo=UTC))
        self.supplier = hub.organisation("Supplier")
        self.applicant = hub.actor(Role.INNOVATOR, hub.organisation("Firm"))
        self.hands = [hub.actor(Role.TASK_FORCE) for _ in range(4)]

    def run(self, actor: Any, step: str, given: dict[str, Any]) -> Any:
        return runner.run(actor, f"compute.voucher.{step}", given, clock=self.hub.clock).record

    def apply(self, contract: str, yuan: str) -> Any:
        given = {"supplier": self.supplier.code, "contract_no": contract, "signed_on": "2024-10-01", "starts_on": "2024-10-10",
                 "ends_on": "2025-10-09", "lines": [{"scope": "compute", "amount": yuan}], "industry": "I6513", "affiliated": False}  # fmt: skip
        return self.run(self.applicant, "apply", given)

    def redeem(self, hand: int, voucher: Any, invoice: str, yuan: str) -> Any:
        given = {"voucher": voucher.code, "invoice": invoice, "invoiced": yuan, "delivered": yuan, "first_day": "2024-10-10",
                 "last_day": "2024-10-31", "proof": "meter"}  # fmt: skip
        return self.run(self.hands[hand], "redeem", given)


def paid() -> list[int]:
    return list(VoucherEntry.objects.filter(kind="redeemed").values_list("fen", flat=True))


def test_a_voucher_that_is_redeemed_four_times_at_once_pays_once(hub: Hub) -> None:
    office = Office(hub)
    voucher = office.run(office.hands[0], "approve", {"voucher": office.apply("C-1", "1000000").code})
    results = together(lambda n: office.redeem(n, voucher, "F-1", "400000"), 4)
    assert sorted(r.rule for r in results if isinstance(r, Conflict)) == ["voucher.invoice_twice"] * 3
    assert paid() == [8_000_000]
    sound()


def test_four_invoices_at_once_never_pay_more_than_the_voucher(hub: Hub) -> None:
    office = Office(hub)
    voucher = office.run(office.hands[0], "approve", {"voucher": office.apply("C-1", "1000000").code})
    results = together(lambda n: office.redeem(n, voucher, f"F-{n}", "400000"), 4)
    # 20 per cent of 400,000 each, and 200,000 in all: the third is paid what is left, the fourth comes too late.
    assert sorted(paid()) == [4_000_000, 8_000_000, 8_000_000]
    assert sum(isinstance(r, HutongError) for r in results) == 1
    sound()


def test_two_applications_at_the_cap_at_once_share_it_to_the_fen(hub: Hub) -> None:
    office = Office(hub)
    asked = together(lambda n: office.apply(f"C-{n}", "6000000"), 3)
    results = together(lambda n: office.run(office.hands[n], "approve", {"voucher": asked[n].code}), 3)
    claimed = list(VoucherEntry.objects.filter(kind="claimed").values_list("fen", flat=True))
    # The enterprise's cap is 2,000,000 a year; each application alone is worth 1,200,000.
    assert sorted(claimed) == [80_000_000, 120_000_000]
    assert [r.rule for r in results if isinstance(r, Exhausted)] == ["voucher.cap_enterprise_year_fen"]
    sound()


def test_two_applications_for_one_contract_at_once_are_one_voucher(hub: Hub) -> None:
    office = Office(hub)
    asked = together(lambda n: office.apply("C-1", "1000000"), 2)
    results = together(lambda n: office.run(office.hands[n], "approve", {"voucher": asked[n].code}), 2)
    assert [r.rule for r in results if isinstance(r, HutongError)] == ["voucher.vouchers_per_contract"]
    assert VoucherEntry.objects.filter(kind="claimed").count() == 1
    sound()


def last_hours(hub: Hub, writers: int) -> None:
    desk = CommandDesk(hub)
    hours = desk.active("10")
    given = {"work": {"form": FORM, "command": ["true"]}, "allocation": hours.code, "limit_s": 3600}
    results = together(
        lambda n: runner.run(desk.engineer, "compute.job.submit", given, clock=hub.clock), writers
    )
    refused = [r for r in results if isinstance(r, HutongError)]
    assert {(type(r), r.rule) for r in refused} == {(Exhausted, "account.overdrawn")}
    assert writers - len(refused) == Job.objects.count() == 10
    assert book.balances(hours) == {"source": -10 * HOUR, "free": 0, "held": 10 * HOUR, "used": 0}
    sound()


def test_sixteen_writers_on_the_last_hours_never_overdraw(hub: Hub) -> None:
    last_hours(hub, 16)


@pytest.mark.slow
def test_sixty_four_writers_on_the_last_hours_never_overdraw(hub: Hub) -> None:
    last_hours(hub, 64)


def test_one_job_started_by_many_and_many_jobs_on_the_last_chips(hub: Hub) -> None:
    desk = CommandDesk(hub)
    hours = desk.active("10")
    made = [desk.order(hours, "true") for _ in range(4)]
    start = {"pool": desk.pool.code}
    again = together(lambda n: runner.run(THE_HUB, "compute.job.start", {"job": made[0].code, **start}), 4)
    assert sum(isinstance(r, Conflict) for r in again) == 3 and Attempt.objects.count() == 1
    # One of two chips is left for three jobs.
    rest = together(lambda n: runner.run(THE_HUB, "compute.job.start", {"job": made[n + 1].code, **start}), 3)
    assert [r.rule for r in rest if isinstance(r, HutongError)] == ["pool.busy"] * 2
    assert Attempt.objects.count() == 2
    sound()


def test_brokers_that_take_their_turn_at_once_decide_one_after_the_other(hub: Hub) -> None:
    desk = CommandDesk(hub)
    hours = desk.active("10")
    for _ in range(4):
        desk.order(hours, "true")
    now = datetime.now(UTC)
    taken = together(lambda n: lease.take(now, f"elsewhere:{n}"), 6)
    assert [e for e in taken if e is not None] == [1]

    def late(number: int) -> int:
        """Each finds the lease of the one before over, and all of them go on to decide."""
        epoch = lease.take(now + lease.LEASE * (number + 2), f"elsewhere:{10 + number}")
        return 0 if epoch is None else place(epoch)

    assert sum(together(late, 6)) == Attempt.objects.count() == 2
    rows = list(Decision.objects.order_by("pk"))
    assert [d.previous_sha256 for d in rows] == ["", *[d.sha256 for d in rows[:-1]]]
    assert [d.epoch for d in rows] == sorted({d.epoch for d in rows}) and replay_decisions(3).faults == ()
    assert decide(picture(now)).starts == ()
    sound()
