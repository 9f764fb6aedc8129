"""A review from its application to the end of its approval, and what hangs on it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from ethics.committee import Committee
from lane import Lane
from refusals import refused

from hutong.demo import specs
from hutong.kernel.clock import ZONE, SteppingClock
from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import ANONYMOUS, Role
from hutong.modules.ethics.contract import approval_of
from hutong.modules.ethics.models import Application, Vote
from hutong.platform.ledger.tables import Event

STEPS: dict[str, tuple[str, ...]] = {
    "approve": ("in_review",),
    "reject": ("in_review",),
    "withdraw": ("submitted", "in_review"),
}
STATES = ("submitted", "in_review", "approved", "rejected", "withdrawn")


def withdraw(committee: Committee, application: Any) -> Any:
    return committee.hub.do(
        committee.applicant, "ethics.application.withdraw", application=application, reason="Redesigned."
    )


def test_each_step_is_open_in_its_states_and_in_no_other(committee: Committee) -> None:
    application = committee.panel()
    for state in STATES:
        Application.objects.update(state=state)
        for step, sources in STEPS.items():
            if state in sources:
                continue
            with refused(Conflict, f"lifecycle.ethics_application.{step}", "state"):
                withdraw(committee, application) if step == "withdraw" else committee.decide(
                    step, application
                )
        if state != "submitted":
            with refused(Conflict, "lifecycle.ethics_application.convene", "state"):
                committee.convene(application, committee.members[:7])


@pytest.mark.parametrize("count", range(3, 7))
def test_a_panel_of_fewer_than_seven_is_not_convened(committee: Committee, count: int) -> None:
    application = committee.apply()
    few = committee.members[:count]
    for members in (few, [*few, *few, *few]):
        with refused(Invalid, "ethics.members", "members"):
            committee.convene(application, members)
    assert Vote.objects.count() == 0


def test_a_panel_of_which_too_few_may_vote_is_not_convened(committee: Committee) -> None:
    for number in range(3):
        committee.hub.actor(Role.INNOVATOR, committee.house, person=committee.people[number])
    application = committee.apply()
    with refused(Invalid, "ethics.quorum", "members"):
        committee.convene(application, committee.members[:7])
    committee.convene(application, committee.members[:8])
    assert Vote.objects.filter(state="recused").count() == 3


def test_a_panel_is_made_of_members_of_the_committee(committee: Committee) -> None:
    application = committee.apply()
    with refused(Invalid, "ethics.not_member", "members"):
        committee.convene(application, [*committee.members[:6], committee.office])
    with refused(NotFound, "record.unknown", "members"):
        committee.convene(application, [*committee.members[:6], "PER-9999"])
    # Who may not convene does not even see who could be named.
    codes = [m.code for m in committee.members[:7]]
    for actor in (committee.applicant, committee.members[0]):
        with refused(NotFound, "record.unknown", "members"):
            committee.hub.do(actor, "ethics.panel.convene", application=application, members=codes)
    with refused(NotFound, "record.unknown", "application"):
        committee.hub.do(ANONYMOUS, "ethics.panel.convene", application=application, members=codes)
    assert Vote.objects.count() == 0


def test_who_sits_on_the_panel_does_not_carry_out_its_decision(committee: Committee) -> None:
    both = committee.hub.actor(Role.SUPERVISOR, person=committee.people[0])
    application = committee.panel()
    committee.vote(application, "aaaaa")
    with refused(Denied, "duty.separated:ethics.vote.cast"):
        committee.decide("approve", application, by=both)
    for actor in (committee.applicant, committee.members[9]):
        with refused(Denied, "ethics:application:decide"):
            committee.decide("approve", application, by=actor)
    assert committee.decide("approve", application).state == "approved"


def test_only_the_owner_applies_and_withdraws(committee: Committee) -> None:
    stranger = committee.hub.actor(Role.INNOVATOR, committee.hub.organisation("Other"))
    given = {"system": committee.system, "summary": "x", "safeguards": "y"}
    for actor in (stranger, ANONYMOUS):
        with refused(NotFound, "record.unknown", "system"):
            committee.hub.do(actor, "ethics.application.submit", **given)
    application = committee.apply()
    with refused(NotFound, "record.unknown", "application"):
        committee.hub.do(stranger, "ethics.application.withdraw", application=application, reason="x")
    with refused(Denied, "ethics:application:withdraw"):
        committee.hub.do(committee.office, "ethics.application.withdraw", application=application, reason="x")


def test_no_review_of_a_system_that_was_withdrawn(committee: Committee) -> None:
    committee.hub.do(committee.applicant, "passport.system.withdraw", system=committee.system, reason="Over.")
    with refused(Conflict, "needs.ethics.application.submit", "state"):
        committee.apply()


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 9, 1), date(2028, 9, 1)),
        (date(2026, 12, 31), date(2028, 12, 31)),
        (date(2027, 8, 31), date(2029, 8, 31)),
        (date(2028, 2, 29), date(2030, 2, 28)),
        (date(2026, 10, 30), date(2028, 10, 30)),
    ],
)
def test_an_approval_lasts_two_years_to_the_same_day(committee: Committee, day: date, last: date) -> None:
    committee.hub.clock = SteppingClock(datetime(day.year, day.month, day.day, 3, tzinfo=UTC))
    application = committee.apply()
    committee.convene(application, committee.members[:7])
    committee.vote(application, "aaaaa")
    approved = committee.decide("approve", application, conditions="Yearly report.")
    assert (approved.valid_to, approved.conditions) == (last, "Yearly report.")
    held = approval_of(committee.system.code, last)
    assert held is not None and (held.code, held.valid_to) == (approved.code, last)
    assert approval_of(committee.system.code, last + timedelta(days=1)) is None


def test_a_rejected_system_may_apply_again(committee: Committee) -> None:
    first = committee.panel()
    committee.vote(first, "rrrrr")
    committee.decide("reject", first)
    today = committee.hub.clock.now().date()
    assert approval_of(committee.system.code, today) is None
    second = committee.approved()
    held = approval_of(committee.system.code, today)
    assert held is not None and held.code == second.code


@pytest.mark.parametrize("risk_class", ["3", "4", "5"])
def test_hours_and_data_wait_for_an_approval_that_still_holds(hub: Any, risk_class: str) -> None:
    lane = Lane(hub, risk_class=risk_class, spec=specs.FORM_READER)
    allocation, grant = lane.allocation(), lane.request_grant(valid_to="2029-12-31")

    def both(rule: str | None) -> None:
        for actor, operation, given in (
            (lane.people["operator"], "compute.allocation.activate", {"allocation": allocation}),
            (lane.people["officer"], "datahub.grant.issue", {"grant": grant, "reason": "Public interest."}),
        ):
            if rule is None:
                hub.do(actor, operation, **given)
            else:
                with refused(Denied, rule):
                    hub.do(actor, operation, **given)

    if risk_class == "3":
        both(None)
        return
    both("ethics.approval_first")
    application = lane.ethics("aaaaarr")
    both("ethics.approval_first")
    hub.do(lane.people["supervisor"], "ethics.application.approve", application=application)
    application.refresh_from_db()
    hub.clock.move_to(datetime.combine(application.valid_to + timedelta(days=1), datetime.min.time(), ZONE))
    both("ethics.approval_first")
    again = Lane(hub, people=lane.people, made={"system": lane.system()}).ethics("aaaaa--")
    hub.do(lane.people["supervisor"], "ethics.application.approve", application=again)
    both(None)


def test_the_plan_counts_reviews_as_they_went(committee: Committee) -> None:
    chance, count = random.Random(11), Counter[str]()
    approved: list[Any] = []
    for _ in range(14):
        committee.hub.clock.advance(timedelta(days=chance.randint(0, 90)))
        application = committee.apply(committee.register(chance.choice("45")))
        count["received"] += 1
        if chance.random() < 0.2:
            withdraw(committee, application)
            continue
        committee.convene(application, committee.members[:7])
        if chance.random() < 0.2:
            continue
        letters = "aaaaa" if chance.random() < 0.6 else "aaarr"
        committee.vote(application, letters)
        done = committee.decide("approve" if letters == "aaaaa" else "reject", application)
        count[done.state] += 1
        if done.state == "approved":
            approved.append(done)

    def facts(name: str) -> list[Any]:
        return list(MEASURES[f"ethics.{name}"].facts())

    assert min(count["approved"], count["rejected"]) > 1
    assert len(facts("applications_received")) == count["received"]
    assert len(facts("reviews_decided")) == count["approved"] + count["rejected"]
    live = facts("approvals_live")
    assert [f.label for f in live] == [a.code for a in approved]
    for fact, application in zip(live, approved, strict=True):
        event = Event.objects.get(subject=application.code, operation="ethics.application.approve")
        assert (fact.event, fact.valid_from) == (event.seq, event.valid_at)
        last = datetime.combine(application.valid_to, datetime.max.time(), ZONE)
        assert fact.lasts(last) and not fact.lasts(last + timedelta(microseconds=1))
    middle = approved[0].valid_to
    at = datetime.combine(middle, datetime.min.time(), ZONE) + timedelta(days=1)
    assert sum(f.amount for f in live if f.lasts(at)) == sum(a.valid_to > middle for a in approved)
