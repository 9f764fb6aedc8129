"""The book of chip-time against an oracle of plain integers, over random orders of every step that moves hours."""

from __future__ import annotations

from compute.desk import Desk
from compute.machine import BookMachine
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from hutong.modules.compute.models import Account, Allocation, Job, Posting, Segment
from hutong.modules.compute.money import book
from hutong.platform.ledger.tables import Event


class CheckedBook(BookMachine):
    """After each step, refused ones included, the database is what the oracle says."""

    @invariant()
    def the_book_is_the_oracle(self) -> None:
        expected = {
            h.code: {"source": -h.granted, "free": h.free, "held": h.held, "used": h.used}
            for h in self.oracle.hours
            if h.state in ("active", "closed")
        }
        found: dict[str, dict[str, int]] = {}
        for code, kind, ms in Account.objects.values_list("allocation__code", "kind", "balance_ms"):
            found.setdefault(code, {})[kind] = ms
        assert found == expected
        assert not Account.objects.exclude(kind="source").filter(balance_ms__lt=0).exists()
        states = {h.code: (h.state, h.granted) for h in self.oracle.hours}
        rows = Allocation.objects.values_list("code", "state", "granted_ms")
        assert {code: (state, ms) for code, state, ms in rows} == states

    @invariant()
    def every_booking_sums_to_zero(self) -> None:
        sums = Posting.objects.values_list("booking").annotate(Sum("amount_ms"))
        assert all(total == 0 for _, total in sums)
        assert (Posting.objects.aggregate(total=Sum("amount_ms"))["total"] or 0) == 0
        assert book.sound()

    @invariant()
    def each_job_is_metered_once(self) -> None:
        jobs = {w.code: (w.state, w.held, w.used) for w in self.oracle.work}
        rows = Job.objects.values_list("code", "state", "held_ms", "used_ms")
        assert {code: (state, held, used) for code, state, held, used in rows} == jobs
        metered = [(w.code, w.used) for w in self.oracle.work if w.used]
        assert sorted(Segment.objects.values_list("job__code", "used_ms")) == sorted(metered)

    @invariant()
    def each_step_is_one_event(self) -> None:
        assert Event.objects.count() == self.events


def test_hours_are_moved_and_never_made_or_lost(desk: Desk) -> None:
    class Machine(CheckedBook):
        pass

    Machine.desk = desk
    # Without shrinking: a failure is told in seconds, by the steps that led to it.
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
