"""One system through every gate of the lane: where it stands after each step, and who is counted at its end."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from lane import Lane

from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import Role
from hutong.modules.passport.contract import course
from hutong.platform.ledger.tables import Event

TESTS = [{"query": "error_count", "at_most": 0}, {"query": "days_run", "at_least": 1}]
KEYS = ("call", "hours", "data", "build", "trust", "filing", "ethics", "pilot", "adopted")


class Way:
    """What the course of a system should be, told step by step."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.expected: dict[str, str] = {**dict.fromkeys(KEYS, "waiting"), "ethics": "not_required"}
        self.standing = "registered"
        self.holds()

    def now(self, key: str, state: str) -> None:
        self.expected[key] = state
        if state == "done":
            self.standing = key
        self.holds()

    def holds(self) -> None:
        way = course(self.lane.system())
        assert {g.stage.key: g.state for g in way.gates} == self.expected
        assert way.standing == self.standing
        closed = [k for k, state in self.expected.items() if state == "closed"]
        assert (way.outcome == "refused") == bool(closed)
        for gate in way.gates:
            reached = gate.state in ("done", "closed", "active")
            assert (gate.seq is not None) == reached and (gate.at is not None) == reached
            if gate.seq is not None:
                event = Event.objects.get(seq=gate.seq)
                assert (event.subject, event.recorded_at) == (gate.subject, gate.at)
                assert event.operation in (*gate.stage.begun, *gate.stage.done, *gate.stage.closed)


def pilot(lane: Lane, way: Way | None = None) -> None:
    """A pilot from its proposal to adoption, with one batch without an error."""
    hub = lane.hub
    owner = lane.who("scenario", Role.SCENARIO_OWNER, "counter")
    given = {"title_en": "Forms", "title_zh": "表单", "need": "Read them.", "tests": TESTS, "days": 5}
    opening = hub.do(owner, "scenarios.opportunity.draft", **given)
    hub.do(owner, "scenarios.opportunity.publish", opportunity=opening)
    asked = {"opportunity": opening, "version": lane.made["version"], "approach": "At the counter."}
    made = hub.do(lane.engineer, "scenarios.pilot.propose", **asked)
    if way is not None:
        way.now("pilot", "active")
    hub.do(owner, "scenarios.pilot.start", pilot=made)
    hub.clock.advance(timedelta(hours=1))
    moment = hub.clock.now().isoformat()
    row = {"answer": "7", "truth": "7", "latency_us": 900, "at": moment}
    rows = [
        {**row, "input_sha256": hashlib.sha256(f"{made.code} {n}".encode()).hexdigest()} for n in range(5)
    ]
    batch = hub.store(json.dumps(rows).encode(), "batch.json", "application/json")
    hub.do(owner, "scenarios.pilot.record", pilot=made, records=batch)
    hub.do(owner, "scenarios.pilot.accept", pilot=made)
    if way is not None:
        way.now("pilot", "done")
    hub.do(owner, "scenarios.pilot.adopt", pilot=made, reason="It works.")
    if way is not None:
        way.now("adopted", "done")


def counted(name: str) -> list[Any]:
    return [f for f in MEASURES[f"passport.{name}"].facts() if f.retracted_at is None]


def test_a_system_passes_every_gate_in_order(hub: Any) -> None:
    lane = Lane(hub)
    way = Way(lane)
    lane.proposal()
    way.now("call", "active")
    lane.award()
    way.now("call", "done")
    allocation = lane.allocation()
    way.now("hours", "active")
    hub.do(lane.people["operator"], "compute.allocation.activate", allocation=allocation)
    way.now("hours", "done")
    lane.made["allocation"].refresh_from_db()
    asked = lane.request_grant(quota=10)
    way.now("data", "active")
    hub.do(lane.people["officer"], "datahub.grant.issue", grant=asked, reason="Public interest.")
    way.now("data", "done")
    lane.build()
    way.now("build", "active")
    lane.version()
    way.now("build", "done")
    lane.evaluation()
    way.now("trust", "active")
    lane.certificate()
    way.now("trust", "done")
    lane.filing()
    way.now("filing", "done")
    pilot(lane, way)
    assert course(lane.system()).outcome == "adopted"
    # Adopted in a second scenario, the system still counts once, on the day of the first adoption.
    first = Event.objects.get(operation="scenarios.pilot.adopt")
    pilot(lane)
    (fact,) = counted("systems_adopted")
    assert counted("systems_refused") == []
    assert (fact.event, fact.valid_from) == (first.seq, first.valid_at)
    assert Event.objects.filter(operation="scenarios.pilot.adopt").count() == 2
