"""Refused systems: each once at any moment, whatever gates stopped it and how often, until they are passed."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
from filing.counter import Counter
from lane import Lane

from hutong.kernel.measure import MEASURES, Fact
from hutong.modules.passport.contract import course
from hutong.platform.ledger.tables import Event


def facts() -> list[Fact]:
    return list(MEASURES["passport.systems_refused"].facts())


def known(at: datetime, code: str | None = None) -> list[Fact]:
    return [f for f in facts() if f.known(at) and code in (None, f.label)]


class Gates:
    """A lane whose hours and data can be refused and given, again and again."""

    def __init__(self, hub: Any) -> None:
        self.hub, self.lane = hub, Lane(hub)
        self.code = self.lane.system().code
        self.lane.award()
        self.lane.pool()
        self.version = self.lane.dataset_version()

    def reject_hours(self) -> None:
        asked = self.lane.hub.do(
            self.lane.engineer,
            "compute.allocation.request",
            award=self.lane.made["award"],
            pool=self.lane.made["pool"],
            hours="1",
            reason="Training.",
        )
        self.hub.do(self.operator, "compute.allocation.reject", allocation=asked, reason="Full.")

    def give_hours(self) -> None:
        allocation = self.lane.allocation("1")
        self.hub.do(self.operator, "compute.allocation.activate", allocation=allocation)

    def deny_data(self) -> None:
        asked = self.lane.request_grant()
        self.hub.do(self.lane.people["officer"], "datahub.grant.deny", grant=asked, reason="Too broad.")

    def give_data(self) -> None:
        self.lane.grant()

    @property
    def operator(self) -> Any:
        return self.lane.people["operator"]

    def refused(self) -> bool:
        return course(self.lane.system()).outcome == "refused"


def when(hub: Any) -> datetime:
    moment: datetime = hub.last().recorded_at
    return moment


def test_a_system_that_is_refused_twice_at_a_gate_counts_once(hub: Any) -> None:
    gates = Gates(hub)
    assert facts() == [] and not gates.refused()
    gates.reject_hours()
    first = hub.last()
    gates.reject_hours()
    (fact,) = facts()
    assert (fact.event, fact.valid_from, fact.retracted_at) == (first.seq, first.valid_at, None)
    assert fact.record == f"urn:hutong:passport.system:{gates.code}" and gates.refused()


def test_a_system_that_is_refused_at_two_gates_counts_once(hub: Any) -> None:
    gates = Gates(hub)
    gates.reject_hours()
    gates.deny_data()
    assert len(known(when(hub))) == 1


def test_a_refusal_is_taken_back_when_its_gate_is_passed(hub: Any) -> None:
    gates = Gates(hub)
    gates.reject_hours()
    refused_at = when(hub)
    gates.give_hours()
    (fact,) = facts()
    assert fact.retracted_at == when(hub)
    assert fact.known(refused_at) and not fact.known(when(hub)) and not gates.refused()
    # Further hours that are not given take nothing away from those that were.
    gates.reject_hours()
    assert known(when(hub)) == [] and not gates.refused()


def test_the_refusal_that_still_stands_counts_on_its_own_day(hub: Any) -> None:
    gates = Gates(hub)
    gates.reject_hours()
    gates.deny_data()
    denied = hub.last()
    gates.give_hours()
    passed = when(hub)
    (fact,) = known(passed)
    assert (fact.event, fact.valid_from, fact.recorded_at) == (denied.seq, denied.valid_at, passed)
    gates.give_data()
    assert known(when(hub)) == [] and not gates.refused()


def test_each_system_is_counted_for_itself(hub: Any) -> None:
    one, other = Gates(hub), Gates(hub)
    for gates in (one, other):
        gates.reject_hours()
        gates.deny_data()
    one.give_data()
    assert sorted(f.label for f in known(when(hub))) == sorted([one.code, other.code])
    one.give_hours()
    assert [f.label for f in known(when(hub))] == [other.code]


@pytest.mark.parametrize("seed", range(4))
def test_at_every_moment_the_measure_says_who_stands_refused(hub: Any, seed: int) -> None:
    chance = random.Random(seed)
    both = [Gates(hub), Gates(hub)]
    history: list[tuple[datetime, set[str]]] = []
    for _ in range(14):
        gates = chance.choice(both)
        chance.choice((gates.reject_hours, gates.give_hours, gates.deny_data, gates.give_data))()
        history.append((when(hub), {g.code for g in both if g.refused()}))
    for moment, standing in history:
        assert sorted(f.label for f in known(moment)) == sorted(standing)
    for fact in facts():
        event = Event.objects.get(seq=fact.event)
        assert (event.passport, event.valid_at) == (fact.label, fact.valid_from)


def test_a_suspension_stops_a_system_at_two_gates_until_both_are_open_again(hub: Any) -> None:
    counter = Counter(hub)
    filing = counter.filed()
    certificate = filing.certificate
    given = {"certificate": certificate, "reason": "Drift."}
    hub.do(counter.first, "trust.certificate.suspend", **given)
    states = {g.stage.key: g.state for g in course(counter.system).gates}
    assert (states["trust"], states["filing"]) == ("closed", "closed")
    assert len(known(when(hub))) == 1
    hub.do(counter.first, "trust.certificate.resume", **given)
    counter.take("resume", filing, reason="Certified again.")
    states = {g.stage.key: g.state for g in course(counter.system).gates}
    assert (states["trust"], states["filing"]) == ("done", "done")
    assert known(when(hub)) == []


def test_registrations_are_counted_each_on_its_day(hub: Any) -> None:
    lanes = [Lane(hub) for _ in range(3)]
    codes = [lane.system().code for lane in lanes]
    found = list(MEASURES["passport.systems_registered"].facts())
    assert [f.label for f in found] == codes
    for fact in found:
        event = Event.objects.get(seq=fact.event)
        assert (event.operation, event.valid_at) == ("passport.system.register", fact.valid_from)
