"""What is late, as computed: an indicator behind its target, or an action past its date. Nobody writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.kernel.clock import local_date
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.modules.plan.figures import Figures
from hutong.modules.plan.looks import Look, look
from hutong.modules.plan.models import Action, Plan
from hutong.modules.plan.nodes import LATE


@dataclass(frozen=True, slots=True)
class Lateness:
    """A computed lag: which node, under which task, in which state and why."""

    node: str
    task: str
    title: Text
    state: str
    why: Text
    leads: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"node": self.node, "state": self.state, "why": self.why.as_json()}


def lateness_of(plan: Plan, node: str, now: datetime | None = None) -> Lateness | None:
    """The lag of an indicator or an action now; None where it is not late. `NotFound` for an unknown node."""
    seen = look(now=now)
    action = Action.objects.filter(plan_key=plan.plan_key, number=node).first()
    if action is not None:
        return action_lag(action, seen)
    figures = Figures(seen, plan.plan_key)
    indicator = next((i for i in figures.text.indicators if i.id == node), None)
    if indicator is None:
        raise NotFound(
            Text("The plan has no indicator or action {n}.", "方案中没有指标或行动 {n}。").format(
                n=node[:40]
            ),
            rule="plan.node",
            remedy=Text("Give an id as it stands on the plan board.", "请填写方案看板上的编号。"),
            field="node",
        )
    row = figures.row(indicator)
    if row.status.state not in LATE:
        return None
    task = next((n for n in indicator.nodes if n.startswith(("T", "S"))), indicator.nodes[0])
    return Lateness(node, task, indicator.title, row.status.state, row.status.reason, tuple(indicator.nodes))


def action_lag(action: Action, seen: Look) -> Lateness | None:
    """The lag of an action: open after its last milestone was due."""
    if action.state != "open" or local_date(seen.valid_on) <= action.due:
        return None
    days = (local_date(seen.valid_on) - action.due).days
    why = Text("due {d}, {n} days ago, not recorded as done", "应于{d}完成，已逾期{n}天，未登记完成").format(
        d=action.due.isoformat(), n=days
    )
    return Lateness(action.number, action.task, action.name, "late", why, (action.task,))
