"""Reads of the plan: status of everything as of a date, figures by id, what changed, what needs someone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from hutong.engines.indicators import Plan as PlanText
from hutong.engines.indicators import Target
from hutong.kernel.clock import local_date
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.kernel.values import Number, Value
from hutong.modules.plan.figures import Figures, Row
from hutong.modules.plan.looks import Look, Moment, look
from hutong.modules.plan.models import Action, Plan, Slippage
from hutong.modules.plan.nodes import Node, nodes_of

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Board:
    """The whole plan in one look. ended: the plan's period is over; figures go on being computed.

    before: the same figures a week earlier, as known then, by id.
    """

    look: Look
    record: Plan
    text: PlanText
    size: int
    ended: bool
    objectives: tuple[Node, ...]
    tasks: tuple[Node, ...]
    safeguards: tuple[Node, ...]
    rows: tuple[Row, ...]
    before: dict[str, Value] = field(default_factory=dict)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (*self.objectives, *self.tasks, *self.safeguards)

    def row(self, name: str) -> Row:
        """The row of an indicator. `NotFound` for an unknown id."""
        found = next((r for r in self.rows if r.id == name), None)
        if found is None:
            raise unknown(name)
        return found

    def as_json(self) -> dict[str, Any]:
        """The board as plain data without floats: the same for the same ledger and dates, byte for byte."""
        return {
            "plan": self.text.id,
            "definition_set": self.text.definition_set,
            "as_of": self.look.valid_on.isoformat(),
            "known_on": self.look.known_on.isoformat(),
            "period": {"from": self.text.starts.isoformat(), "to": self.text.ends.isoformat()},
            "period_ended": self.ended,
            "objectives": [node_json(n) for n in self.objectives],
            "tasks": [node_json(n) for n in self.tasks],
            "safeguards": [node_json(n) for n in self.safeguards],
            "indicators": [row_json(r, self.before.get(r.id)) for r in self.rows],
        }


def unknown(name: str) -> NotFound:
    """The refusal for an id that the plan does not have."""
    return NotFound(
        Text("The plan has no figure {n}.", "方案中没有指标 {n}。").format(n=name[:40]),
        rule="plan.figure",
        remedy=Text(
            "Take an id from the plan board, for example T6.2.", "请使用方案看板上的编号，例如 T6.2。"
        ),
        field="figure",
    )


def node_json(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "number": node.number,
        "title": node.title.as_json(),
        "state": node.state,
        "counts": dict(node.counts),
        "indicators": [r.id for r in node.rows],
    }


def row_json(row: Row, before: Value | None = None) -> dict[str, Any]:
    """One figure as plain data: value or the word for it, unit, definition, source, target, state and change."""
    one, made = row.indicator, row.evaluated
    moved = change(row.value, before)
    return {
        "id": one.id,
        "title": one.title.as_json(),
        "nodes": list(one.nodes),
        "value": row.value.as_json(),
        "unit": one.unit.name,
        "definition": made.version,
        "formula": made.formula,
        "formula_sha256": made.formula_hash,
        "source": {"citation": one.source.citation.as_json(), "verified": one.source.verified},
        "target": target_words(one.target).as_json(),
        "declared": one.target.declared and not one.target.lacks(),
        "must_declare": one.target.must_declare.as_json() if one.target.must_declare else None,
        "state": row.status.state,
        "why": row.status.reason.as_json(),
        "change_in_week": moved.as_json() if moved is not None else None,
        "facts": len(made.records),
    }


def change(now: Value, before: Value | None) -> Number | None:
    """How much a figure moved; None where either side is no number: the step from unknown to known has no size."""
    if isinstance(now, Number) and isinstance(before, Number):
        return Number(now.amount - before.amount)
    return None


def target_words(target: Target) -> Text:
    """A target as a sentence; where nobody declared it, who must."""
    if not target.declared or target.lacks():
        who = target.must_declare or Text("the owner of the indicator", "指标责任单位")
        return Text("not measurable until declared by {w}", "待{w}明确后方可考核").format(w=who)
    by = Text("by {d}", "至{d}").format(d=target.deadline.isoformat())
    goal = Number(target.goal) if target.goal is not None else None
    if target.kind == "range" and target.low is not None and target.high is not None:
        low, high = Number(target.low).say("en"), Number(target.high).say("en")
        return Text("{l} to {h} {b}", "{b}达到{l}至{h}").format(l=low, h=high, b=by)
    if target.kind == "qualitative":
        return Text("judged by an assessor from outside, {b}", "{b}由责任单位以外人员评估").format(b=by)
    if target.kind == "milestone":
        return Text("{n} steps proven {b}", "{b}完成{n}项节点并留痕").format(n=len(target.guards), b=by)
    if target.kind == "rank":
        return Text("place {g} {b}", "{b}居第{g}位").format(g=goal.say("en") if goal else "?", b=by)
    said = goal.say("en") if goal else "?"
    if target.kind == "maintain":
        more = Text("more than {g}", "高于{g}") if target.strict else Text("at least {g}", "不低于{g}")
        return Text("{m} kept every year", "每年保持{m}").format(m=more.format(g=said))
    more = Text("more than {g} {b}", "{b}超过{g}") if target.strict else Text("{g} {b}", "{b}达到{g}")
    return more.format(g=said, b=by)


def status(
    as_of: Moment | None = None,
    known_on: Moment | None = None,
    *,
    plan: str | None = None,
    now: datetime | None = None,
) -> Board:
    """Every objective, task, safeguard and indicator as of a day (default today), as known on a day (default then).

    `NotFound` where no plan is loaded, `Invalid` for a day in the future.
    """
    return board_from(Figures(look(as_of, known_on, now=now), plan))


def board_from(figures: Figures) -> Board:
    """The board of one look."""
    rows = figures.rows()
    objectives, tasks, safeguards = nodes_of(figures.text, rows)
    earlier = figures.look.then(figures.look.day - WEEK)
    return Board(
        look=figures.look,
        record=figures.record,
        text=figures.text,
        size=figures.size,
        ended=figures.ended,
        objectives=objectives,
        tasks=tasks,
        safeguards=safeguards,
        rows=rows,
        before={r.id: figures.value(r.id, earlier).value for r in rows},
    )


def figures(
    as_of: Moment | None = None, known_on: Moment | None = None, *, now: datetime | None = None
) -> dict[str, dict[str, Any]]:
    """The value and unit of every indicator by id: what a journey compares before and after."""
    seen = Figures(look(as_of, known_on, now=now))
    return {
        i.id: {"value": seen.value(i.id).value.as_json(), "unit": i.unit.name} for i in seen.text.indicators
    }


def open_slippages(plan: Plan, on: datetime) -> list[Slippage]:
    """Slippages waiting for an explanation or for its acceptance, oldest first, as they stand now."""
    held = Slippage.objects.select_related("lead").filter(
        plan__plan_key=plan.plan_key, state__in=("opened", "explained"), created_at__lte=on
    )
    return list(held.order_by("id"))


def slippages_of(plan: Plan, task: str) -> list[Slippage]:
    """All slippages of a task, newest first."""
    held = Slippage.objects.select_related("lead").filter(plan__plan_key=plan.plan_key, task=task)
    return list(held.order_by("-id"))


def actions_of(plan: Plan, task: str | None = None) -> list[Action]:
    """Actions of the annual plans, by date."""
    held = Action.objects.filter(plan_key=plan.plan_key).exclude(state="dropped")
    return list((held.filter(task=task) if task else held).order_by("due", "number"))


def overdue(actions: Sequence[Action], on: datetime) -> list[Action]:
    """Those of the actions that were due before the day and were not recorded as done by then."""
    day: date = local_date(on)
    return [a for a in actions if a.due < day and (a.done_at is None or a.done_at > on)]
