"""The plans that come with the hub load against what its departments really measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hutong.engines.indicators import load_plan
from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import Role
from hutong.modules.plan.contract import figures, status

PLANS = Path(__file__).resolve().parents[3] / "plans"
BEIJING, EXAMPLE = PLANS / "beijing-2023-2025.yaml", PLANS / "example-ai-factory.yaml"


def test_every_measure_the_plan_reads_is_offered_by_exactly_that_name_unit_and_nature() -> None:
    plan = load_plan(BEIJING, MEASURES)
    awaited = {m.name for m in plan.measures if m.awaited_from is not None}
    read = {m.name: (m.unit.name, m.nature) for m in plan.measures if m.name not in awaited}
    offered = {m.name: (m.unit, m.nature) for m in MEASURES.values()}
    assert {n: offered.get(n) for n in read} == read
    assert set(offered) - set(read) == set()
    assert awaited & set(offered) == set()


def test_the_parent_plan_is_complete_and_no_target_is_defaulted(hub: Any, settings: Any) -> None:
    officer = hub.actor(Role.TASK_FORCE)
    hub.do(officer, "plan.plan.load", file=hub.store(BEIJING.read_bytes(), "plan.yaml"))
    board = status(now=hub.clock.now())
    assert (len(board.objectives), len(board.tasks), len(board.safeguards)) == (5, 16, 4)
    assert len(board.rows) >= 40
    undeclared = [r for r in board.rows if not r.indicator.target.declared]
    assert undeclared and all(r.status.state == "not_measurable" for r in undeclared)
    assert all(r.status.reason.en and r.status.reason.zh for r in undeclared)
    assert board.ended
    awaited = {m.name for m in board.text.measures if m.awaited_from}
    for row in board.rows:
        if any(name in row.evaluated.formula for name in awaited):
            assert row.value.as_json()["state"] == "missing"


@pytest.mark.parametrize("path", [EXAMPLE])
def test_another_hub_loads_its_own_plan(hub: Any, settings: Any, path: Path) -> None:
    settings.HUTONG_PLAN = str(path)
    officer = hub.actor(Role.TASK_FORCE)
    hub.do(officer, "plan.plan.load", file=hub.store(path.read_bytes(), "plan.yaml"))
    board = status(now=hub.clock.now())
    assert board.text.id == "example-ai-factory" and not board.ended
    assert set(figures(now=hub.clock.now())) == {"T1.1", "T1.2", "S1.1"}


def test_two_plans_stand_side_by_side(hub: Any) -> None:
    officer = hub.actor(Role.TASK_FORCE)
    for path in (EXAMPLE, BEIJING):
        hub.do(officer, "plan.plan.load", file=hub.store(path.read_bytes(), "plan.yaml"))
    assert status(now=hub.clock.now()).text.id == "beijing-2023-2025"
    assert status(now=hub.clock.now(), plan="example-ai-factory").text.id == "example-ai-factory"
