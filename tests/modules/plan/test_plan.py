"""The plan is loaded whole or not at all; its figures follow the ledger and nobody sets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from plan.small_plan import SMALL

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.operation import OPERATIONS
from hutong.kernel.permission import THE_HUB, Role
from hutong.modules.plan.contract import Action, Plan, figures, status
from hutong.modules.plan.measures import evidence_lag

Load = Callable[..., Any]


@pytest.fixture
def officer(hub: Any) -> Any:
    return hub.actor(Role.TASK_FORCE)


def at(hub: Any, **asked: Any) -> Any:
    return status(now=hub.clock.now(), **asked)


def test_no_plan_is_said_and_not_shown_as_an_empty_one(hub: Any) -> None:
    with pytest.raises(NotFound) as refused:
        at(hub)
    assert refused.value.rule == "plan.none"


def test_a_loaded_plan_is_computed_and_null_is_not_zero(hub: Any, load: Load, officer: Any) -> None:
    hub.organisation()
    load(officer)
    board = at(hub)
    assert [n.id for n in board.nodes] == ["O1", "T1", "T2", "S1"]
    assert board.ended
    assert board.row("T1.2").value.as_json()["state"] == "missing"
    assert board.row("T2.1").value.as_json()["state"] == "missing"
    assert board.row("T2.1").status.state == "not_known"
    assert board.row("T1.2").status.state == "not_measurable"
    assert "the office" in board.row("T1.2").status.reason.en
    assert board.row("T1.1").value.as_json() == {"state": "number", "value": 1}
    assert board.row("T1.1").status.state == "missed"
    assert board.tasks[0].state == "missed"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("sum(parties.innovators_active)", "sum(parties.nobody_counts_this)", "plan.unknown_measure"),
        ("id: T1.2", "id: T1.1", "T1.1"),
        ("sum(city.trees_planted)", "T2.1", "indicators.cycle"),
        ("unit: count(tree)\n    nature", "unit: yuan\n    nature", "unit"),
        ("serves: [O1]", "serves: [O9]", "plan.unknown_node"),
    ],
    ids=["unknown measure", "id twice", "cycle", "unit mismatch", "unknown objective"],
)
def test_a_plan_with_a_fault_is_refused_and_the_field_named(
    hub: Any, load: Load, officer: Any, old: str, new: str, field: str
) -> None:
    before = hub.last().seq
    with pytest.raises(Invalid) as refused:
        load(officer, SMALL.replace(old, new, 1))
    assert field in f"{refused.value.field} {refused.value.rule} {refused.value.what.en}"
    assert refused.value.field
    assert refused.value.what.zh and refused.value.remedy.zh
    assert Plan.objects.count() == 0
    assert hub.last().seq == before


def test_text_that_is_not_utf8_is_refused(hub: Any, officer: Any) -> None:
    stored = hub.store("plan: {标题: 方案}".encode("gb18030"), "plan.yaml")
    with pytest.raises(Invalid) as refused:
        hub.do(officer, "plan.plan.load", file=stored)
    assert refused.value.rule == "plan.encoding"


def test_the_event_binds_the_text(hub: Any, load: Load, officer: Any) -> None:
    plan = load(officer)
    event = hub.last()
    assert event.operation == "plan.plan.load" and event.subject == plan.code
    assert json.loads(event.entry)["files"] == [plan.file_sha256]


def test_one_text_in_force_and_the_old_one_stays_readable(hub: Any, load: Load, officer: Any) -> None:
    first = load(officer)
    known = hub.clock.now()
    hub.clock.advance(timedelta(days=2))
    second = load(officer, SMALL.replace("goal: 100", "goal: 1").replace("id: A1.2", "id: A1.3"))
    hub.organisation()
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "in_force")
    assert at(hub).row("T1.1").status.state == "hold"
    assert status(known_on=known, now=hub.clock.now()).record.code == first.code
    assert status(known_on=known, now=hub.clock.now()).row("T1.1").indicator.target.goal == 100
    assert {a.number: a.state for a in Action.objects.all()} == {
        "A1.1": "open",
        "A1.2": "dropped",
        "A1.3": "open",
    }
    with pytest.raises(Conflict):
        load(officer, SMALL.replace("goal: 100", "goal: 1").replace("id: A1.2", "id: A1.3"))


def test_a_stranger_loads_nothing(hub: Any, load: Load) -> None:
    with pytest.raises(Denied):
        load(hub.actor(Role.INNOVATOR, hub.organisation()))


def test_an_action_is_done_on_a_record_of_the_ledger_only(hub: Any, load: Load, officer: Any) -> None:
    house = hub.organisation()
    load(officer)
    action = Action.objects.get(number="A1.1")
    assert at(hub).row("S1.1").value.as_json()["state"] == "missing"
    with pytest.raises(NotFound):
        hub.do(officer, "plan.action.complete", action=action, proof="ORG-9999")
    hub.do(officer, "plan.action.complete", action=action, proof=house.code)
    assert at(hub).row("S1.1").value.as_json() == {"state": "number", "value": 1}
    with pytest.raises(Conflict):
        hub.do(officer, "plan.action.complete", action=action, proof=house.code)


def test_a_declared_target_makes_a_figure_measurable_from_then_on(hub: Any, load: Load, officer: Any) -> None:
    plan = load(officer)
    hub.actor(Role.INNOVATOR, hub.organisation())
    before = hub.clock.now()
    hub.clock.advance(timedelta(hours=1))
    given = {"indicator": "T1.2", "source": "Minutes of 2 September", "who": "the office"}
    hub.do(officer, "plan.target.declare", plan=plan, number="１", **given)
    assert at(hub).row("T1.2").status.state == "hold"
    assert status(known_on=before, now=hub.clock.now()).row("T1.2").status.state == "not_measurable"
    hub.do(officer, "plan.target.declare", plan=plan, number="2", **given)
    assert at(hub).row("T1.2").status.state == "missed"


@pytest.mark.parametrize("number", ["NaN", "1e9", "近3000", "", "1/3", "Infinity"])
def test_a_target_is_a_plain_number(hub: Any, load: Load, officer: Any, number: str) -> None:
    plan = load(officer)
    with pytest.raises(Invalid):
        hub.do(
            officer,
            "plan.target.declare",
            plan=plan,
            indicator="T1.2",
            number=number,
            source="-",
            who="office",
        )


def test_a_number_that_the_plan_states_is_not_declared_away(hub: Any, load: Load, officer: Any) -> None:
    plan = load(officer)
    with pytest.raises(Conflict) as refused:
        hub.do(
            officer, "plan.target.declare", plan=plan, indicator="T1.1", number="1", source="-", who="office"
        )
    assert refused.value.rule == "target.stated"


def test_a_slippage_is_computed_explained_by_the_lead_and_accepted_by_another(
    hub: Any, load: Load, officer: Any
) -> None:
    house = hub.organisation()
    plan = load(officer)
    with pytest.raises(Conflict) as refused:
        hub.do(officer, "plan.slippage.open", plan=plan, node="A1.2")
    assert refused.value.rule == "slippage.not_late"
    with pytest.raises(NotFound):
        hub.do(officer, "plan.slippage.open", plan=plan, node="T9.9")
    lag = hub.do(officer, "plan.slippage.open", plan=plan, node="T1.1")
    assert lag.found["state"] == "missed"
    with pytest.raises(Conflict) as twice:
        hub.do(officer, "plan.slippage.open", plan=plan, node="T1.1")
    assert twice.value.rule == "slippage.open_already"
    signer = hub.actor(Role.DATA_OFFICER, house)
    told = {"slippage": lag, "explanation": "Two offices were closed.", "mend_by": date(2026, 12, 1)}
    with pytest.raises(Denied):
        hub.do(signer, "plan.slippage.explain", **told)
    hub.do(officer, "plan.lead.declare", plan=plan, node="T1", organisation=house, source="Minutes")
    hub.do(signer, "plan.slippage.explain", **told)
    assert hub.last().organisation == house.code
    assert at(hub).row("T1.1").status.state == "missed"
    assert at(hub).row("S1.2").value.as_json()["value"] == 1
    hub.do(officer, "plan.slippage.accept", slippage=lag)
    assert at(hub).row("S1.2").value.as_json()["value"] == 0
    assert at(hub).row("T1.1").status.state == "missed"


def test_who_explained_does_not_accept(hub: Any, load: Load, officer: Any) -> None:
    house = hub.organisation()
    plan = load(officer)
    person = hub.person()
    hub.actor(Role.INNOVATOR, house, person=person)
    both = hub.actor(Role.TASK_FORCE, person=person)
    hub.do(officer, "plan.lead.declare", plan=plan, node="T1", organisation=house, source="Minutes")
    lag = hub.do(officer, "plan.slippage.open", plan=plan, node="A1.1")
    hub.do(both, "plan.slippage.explain", slippage=lag, explanation="Late.")
    with pytest.raises(Denied):
        hub.do(both, "plan.slippage.accept", slippage=lag)
    with pytest.raises(Conflict) as refused:
        hub.do(officer, "plan.slippage.recover", slippage=lag)
    assert refused.value.rule == "slippage.still_late"
    hub.do(officer, "plan.action.complete", action=Action.objects.get(number="A1.1"), proof=house.code)
    hub.do(officer, "plan.slippage.recover", slippage=lag)
    lag.refresh_from_db()
    assert lag.state == "recovered"


def test_steps_are_proven_by_records_and_retracted_by_another(hub: Any, load: Load, officer: Any) -> None:
    text = SMALL.replace(
        "target: {kind: reach, goal: 10, deadline: 2025-12-31}",
        "target: {kind: milestone, guards: [dug, planted], deadline: 2026-12-31}",
    )
    house = hub.organisation()
    plan = load(officer, text)
    assert at(hub).row("T2.1").status.state == "not_known"
    given = {"plan": plan, "indicator": "T2.1", "proof": house.code}
    with pytest.raises(Invalid):
        hub.do(officer, "plan.milestone.prove", guard="watered", **given)
    with pytest.raises(NotFound):
        hub.do(officer, "plan.milestone.prove", guard="dug", **(given | {"proof": "ORG-9999"}))
    hub.do(officer, "plan.milestone.prove", guard="dug", **given)
    assert at(hub).row("T2.1").status.state == "on_path"
    last = hub.do(officer, "plan.milestone.prove", guard="planted", **given)
    assert at(hub).row("T2.1").status.state == "hold"
    before = hub.clock.now()
    hub.clock.advance(timedelta(hours=1))
    with pytest.raises(Denied):
        hub.do(officer, "plan.milestone.retract", milestone=last, reason="It was a shrub.")
    hub.do(hub.actor(Role.TASK_FORCE), "plan.milestone.retract", milestone=last, reason="It was a shrub.")
    assert at(hub).row("T2.1").status.state == "on_path"
    assert status(known_on=before, now=hub.clock.now()).row("T2.1").status.state == "hold"


def test_no_operation_takes_a_state_or_a_value_of_a_figure() -> None:
    inputs = {o.name: {p.name for p in o.parameters} for o in OPERATIONS.values() if o.scope == "plan"}
    assert len(inputs) == 11
    forbidden = {"state", "colour", "color", "status", "value", "actual"}
    assert not any(forbidden & names for names in inputs.values())


def test_the_past_stays_as_it_was_known_then(hub: Any, load: Load, officer: Any) -> None:
    load(officer)
    hub.organisation()
    hub.clock.advance(timedelta(days=1))
    then = status(date(2026, 9, 1), now=hub.clock.now()).as_json()
    hub.organisation()
    hub.clock.advance(timedelta(days=30))
    assert status(date(2026, 9, 1), now=hub.clock.now()).as_json() == then
    assert at(hub).row("T1.1").value.as_json()["value"] == 2


def test_the_future_is_refused(hub: Any, load: Load, officer: Any) -> None:
    load(officer)
    with pytest.raises(Invalid):
        status(date(2027, 1, 1), now=hub.clock.now())


def test_definitions_are_dated(hub: Any, load: Load, officer: Any) -> None:
    load(officer)
    assert at(hub).row("T1.1").evaluated.version == "2024-1"
    hub.clock.advance(timedelta(days=5))
    assert at(hub).row("T1.1").evaluated.version == "2026-1"


def test_figures_change_with_the_ledger_only(hub: Any, load: Load, officer: Any) -> None:
    load(officer)
    now = hub.clock.now()
    before = figures(now=now)
    assert set(before) == {"T1.1", "T1.2", "T2.1", "S1.1", "S1.2"}
    hub.organisation()
    after = figures(now=hub.clock.now())
    assert {i for i in before if before[i] != after[i]} == {"T1.1"}
    json.dumps(after)


def test_evidence_lag_is_counted_per_event(hub: Any, load: Load, officer: Any) -> None:
    load(officer)
    facts = list(evidence_lag())
    assert len(facts) == hub.last().seq + 1
    assert {f.amount for f in facts} == {0}


def test_the_hub_itself_may_load_its_plan(hub: Any, load: Load) -> None:
    assert load(THE_HUB).plan_key == "small"
