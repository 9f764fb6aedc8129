"""Every step that moves hours, as rules of a state machine: each says beforehand what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compute.desk import AWARD_MS, CHIPS, HOUR, Desk
from compute.oracle import Expected, Hours, Oracle, Work, wrong_state
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from refusals import refused

from hutong.kernel.errors import Conflict, Exhausted, Invalid
from hutong.platform.ledger.tables import Event

LOT, EDGE = st.integers(0, 99), st.integers(0, 1)
MANY = 6


class BookMachine(RuleBasedStateMachine):
    """Each rule says beforehand what must come of the step, takes it, and writes the oracle."""

    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.events = Event.objects.count()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def take(self, expected: Expected | None, step: Callable[[], Any]) -> Any:
        if expected is not None:
            with refused(*expected):
                step()
            return None
        self.events += 1
        return step()

    def some_hours(self, lot: int) -> Hours:
        return self.oracle.hours[lot % len(self.oracle.hours)]

    def some_work(self, lot: int) -> Work:
        return self.oracle.work[lot % len(self.oracle.work)]

    @initialize()
    def begin(self) -> None:
        self.top_up(8 * HOUR)

    @precondition(lambda self: len(self.oracle.hours) < MANY)
    @rule(ms=st.integers(1, 15 * HOUR))
    def ask(self, ms: int) -> None:
        taken = sum(h.weight for h in self.oracle.hours)
        beyond = (Exhausted, "allocation.beyond_award", "hours") if taken + ms > AWARD_MS else None
        made = self.take(beyond, lambda: self.desk.ask(f"{ms} ms"))
        if made is not None:
            self.oracle.hours.append(Hours(made.code, ms))

    @rule(extra=EDGE)
    def ask_for_the_rest(self, extra: int) -> None:
        """All that the award has left, or a millisecond more."""
        left = AWARD_MS - sum(h.weight for h in self.oracle.hours)
        if left + extra > 0:
            self.ask(left + extra)

    @precondition(lambda self: self.oracle.hours)
    @rule(lot=LOT, share=st.integers(1, 110))
    def approve(self, lot: int, share: int) -> None:
        hours = self.some_hours(lot)
        ms = max(1, hours.asked * share // 100)
        expected: Expected | None = None
        if hours.state != "submitted":
            expected = wrong_state("allocation", "approve")
        elif ms > hours.asked:
            expected = (Invalid, "allocation.more_than_asked", "hours")
        given = {"hours": f"{ms}ms", "reason": "Free."}
        if self.take(expected, lambda: self.desk.operate("approve", hours.code, **given)):
            hours.state, hours.granted = "approved", ms

    @precondition(lambda self: self.oracle.hours)
    @rule(lot=LOT)
    def activate(self, lot: int) -> None:
        hours = self.some_hours(lot)
        expected = None if hours.state == "approved" else wrong_state("allocation", "activate")
        if self.take(expected, lambda: self.desk.operate("activate", hours.code)):
            hours.state, hours.free = "active", hours.granted

    @precondition(lambda self: len(self.oracle.hours) < MANY)
    @rule(ms=st.integers(1, 4 * HOUR))
    def top_up(self, ms: int) -> None:
        """More hours are a further allocation: asked, approved and activated in one go."""
        before = len(self.oracle.hours)
        self.ask(ms)
        if len(self.oracle.hours) > before:
            self.approve(before, 100)
            self.activate(before)

    @precondition(lambda self: self.oracle.hours)
    @rule(lot=LOT)
    def reject(self, lot: int) -> None:
        hours = self.some_hours(lot)
        expected = None if hours.state == "submitted" else wrong_state("allocation", "reject")
        if self.take(expected, lambda: self.desk.operate("reject", hours.code, reason="Full.")):
            hours.state = "rejected"

    @precondition(lambda self: self.oracle.hours)
    @rule(lot=LOT)
    def close(self, lot: int) -> None:
        hours = self.some_hours(lot)
        expected: Expected | None = None
        if hours.state != "active":
            expected = wrong_state("allocation", "close")
        elif self.oracle.open_jobs(hours):
            expected = (Conflict, "allocation.open_jobs", None)
        if self.take(expected, lambda: self.desk.operate("close", hours.code, reason="Done.")):
            hours.state = "closed"

    @precondition(lambda self: self.oracle.hours)
    @rule(lot=LOT, chips=st.integers(0, CHIPS + 1), share=st.sampled_from((0, 20, 60, 100)), extra=EDGE)
    def submit(self, lot: int, chips: int, share: int, extra: int) -> None:
        """share: percent of what is free, and a second more: the last one is met as often as the one beyond it."""
        hours = self.some_hours(lot)
        limit_s = hours.free * share // (max(chips, 1) * 100_000) + extra
        held = chips * limit_s * 1000
        expected: Expected | None = None
        if hours.state != "active":
            expected = (Conflict, "job.allocation", "allocation")
        elif not 1 <= chips <= CHIPS:
            expected = (Invalid, "job.chips", "chips")
        elif limit_s < 1:
            expected = (Invalid, "job.limit", "limit_s")
        elif held > hours.free:
            expected = (Exhausted, "account.overdrawn", "limit_s")
        job = self.take(expected, lambda: self.desk.submit(hours.code, chips=chips, limit_s=limit_s))
        if job is not None:
            hours.free, hours.held = hours.free - held, hours.held + held
            self.oracle.work.append(Work(job.code, hours, held, chips))

    @rule(chips=st.integers(1, CHIPS), share=st.integers(1, 60), metered=st.integers(0, 130))
    def run_through(self, chips: int, share: int, metered: int) -> None:
        """A job of the first allocation, from its submission to its end."""
        before = len(self.oracle.work)
        self.submit(0, chips, share, 0)
        if len(self.oracle.work) > before:
            self.start(before)
            if self.oracle.work[before].state == "running":
                self.end(before, metered, True)

    @precondition(lambda self: self.oracle.work)
    @rule(lot=LOT)
    def start(self, lot: int) -> None:
        work = self.some_work(lot)
        expected = None if work.state == "submitted" else wrong_state("job", "start")
        if expected is None and self.oracle.at_work + work.chips > CHIPS:
            expected = (Exhausted, "pool.busy", "job")
        if self.take(expected, lambda: self.desk.start(work.code)):
            work.state = "running"

    @precondition(lambda self: self.oracle.work)
    @rule(lot=LOT, share=st.integers(0, 130), well=st.booleans())
    def end(self, lot: int, share: int, well: bool) -> None:
        """The meter may say more than was held: only what was held is paid."""
        work = self.some_work(lot)
        metered = work.held * share // 100 // work.chips * work.chips
        step = "finish" if well else "fail"
        expected = None if work.state == "running" else wrong_state("job", step)
        if self.take(expected, lambda: self.desk.end(work.code, metered, well=well)):
            self.settle(work, "finished" if well else "failed", min(metered, work.held))

    @precondition(lambda self: self.oracle.work)
    @rule(lot=LOT)
    def cancel(self, lot: int) -> None:
        work = self.some_work(lot)
        expected = None if work.state == "submitted" else wrong_state("job", "cancel")
        step = self.desk.hub.do
        if self.take(expected, lambda: step(self.desk.engineer, "compute.job.cancel", job=work.code)):
            self.settle(work, "cancelled", 0)

    @precondition(lambda self: self.oracle.work)
    @rule(lot=LOT)
    def stop(self, lot: int) -> None:
        """Asking a running job to stop moves no hours by itself."""
        work = self.some_work(lot)
        expected = None if work.state == "running" else (Conflict, "needs.compute.job.stop", "state")
        step = self.desk.hub.do
        self.take(expected, lambda: step(self.desk.engineer, "compute.job.stop", job=work.code))

    def settle(self, work: Work, state: str, used: int) -> None:
        hours = work.hours
        hours.held -= work.held
        hours.used += used
        hours.free += work.held - used
        work.state, work.used = state, used
