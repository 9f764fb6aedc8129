"""The page of an objective, task or safeguard: text, figures against their path, actions, slippages, what moves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hutong.engines.indicators import Objective, Safeguard, Source, Task
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.kernel.values import Number
from hutong.modules.plan.charts import path_chart
from hutong.modules.plan.explain import Counted
from hutong.modules.plan.figures import Figures, Row
from hutong.modules.plan.models import Action, Slippage
from hutong.modules.plan.needs import NOT_NAMED, of_node
from hutong.modules.plan.nodes import Node
from hutong.modules.plan.points import Point, points
from hutong.modules.plan.queries import Board, actions_of, slippages_of
from hutong.modules.plan.texts import leads
from hutong.modules.plan.words import Place, figure_of, source_words, sparkline, state_words
from hutong.platform.components import (
    Cell,
    Column,
    Crumb,
    EmptyState,
    Facts,
    Given,
    State,
    Table,
    TimelineEntry,
)

MOST_MOVERS = 50
KINDS = {
    "objective": Text("Objective", "目标"),
    "task": Text("Task", "任务"),
    "safeguard": Text("Safeguard", "保障措施"),
}


def node_context(board: Board, figures: Figures, kind: str, number: int, place: Place) -> dict[str, Any]:
    """What the template of a node needs. `NotFound` for a number that the plan does not have."""
    node = next((n for n in board.nodes if n.kind == kind and n.number == number), None)
    if node is None:
        raise NotFound(
            Text("The plan has no {k} {n}.", "方案中没有{k}{n}。").format(k=KINDS[kind], n=number),
            rule="plan.node",
            remedy=Text("Start from the plan board.", "请从方案看板进入。"),
        )
    lines = {r.id: points(figures, r.id) for r in node.rows}
    source = _source(board, node)
    held = actions_of(board.record, node.id)
    return {
        "code": node.id,
        "title": node.title,
        "state": state_words(node.state),
        "text": node.text,
        "source": source_words(source) if source is not None else "",
        "facts": Facts(tuple(_facts(board, node, place))),
        "figures": tuple(
            figure_of(r, board.look, place, sparkline(r.indicator.title, r.indicator.unit, lines[r.id]))
            for r in node.rows
        ),
        "charts": tuple(
            chart
            for r in node.rows
            if _worth_drawing(r, lines[r.id]) and (chart := path_chart(r, lines[r.id], place)) is not None
        ),
        "measures_table": _actions(board, held),
        "slippages": tuple(_slippage(s) for s in slippages_of(board.record, node.id)),
        "movers": movers(node, place),
        "green": of_node(board, node, held),
        "ended": board.text.ends if board.ended else None,
        "crumbs": (Crumb(board.text.title, place.to("/")), Crumb(node.id)),
    }


def _worth_drawing(row: Row, found: Sequence[Point]) -> bool:
    """Two points make a line, and a path is worth seeing without any; the figure's own page draws the rest."""
    target = row.indicator.target
    return sum(isinstance(p.value, Number) for p in found) > 1 or (target.declared and not target.lacks())


def _source(board: Board, node: Node) -> Source | None:
    every: tuple[Objective | Task | Safeguard, ...] = (
        *board.text.objectives,
        *board.text.tasks,
        *board.text.safeguards,
    )
    return next((n.source for n in every if n.id == node.id), None)


def _facts(board: Board, node: Node, place: Place) -> Iterator[Given]:
    if node.kind == "objective":
        serving = [
            n for n in board.tasks if node.id in next(t.serves for t in board.text.tasks if t.id == n.id)
        ]
        names = Text(", ".join(n.id for n in serving) or "-", "、".join(n.id for n in serving) or "-")
        yield Given(Text("Served by the tasks", "支撑任务"), names)
        return
    every: tuple[Task | Safeguard, ...] = (*board.text.tasks, *board.text.safeguards)
    one = next(n for n in every if n.id == node.id)
    declared = leads(board.record.plan_key).get(node.id)
    bodies = {b.id: b.name for b in board.text.bodies}
    if declared is not None:
        yield Given(
            Text("Lead unit", "牵头单位"), declared.organisation.name, url=f"/plan/lead/{declared.code}"
        )
    for share in one.responsible:
        if share.capacity == "lead" and declared is not None and share.body is None:
            continue
        label = {
            "lead": Text("Lead unit", "牵头单位"),
            "support": Text("Co-operating unit", "配合单位"),
            "supervise": Text("Supervising unit", "督办单位"),
        }[share.capacity]
        yield Given(label, bodies.get(share.body or "", NOT_NAMED), note=share.ask)
    if isinstance(one, Task):
        for objective in board.objectives:
            if objective.id in one.serves:
                yield Given(Text("Objective served", "服务目标"), objective.title, url=place.node(objective))
        yield Given(Text("To be done by", "完成期限"), one.due)


def _actions(board: Board, held: Sequence[Action]) -> Table | None:
    if not held:
        return None
    columns = (
        Column(Text("Action", "行动")),
        Column(Text("Lead unit", "牵头单位")),
        Column(Text("Due", "期限"), "date"),
        Column(Text("State", "状态")),
    )
    rows = tuple(_action(board, a) for a in held)
    return Table(Text("Actions of the annual plans", "年度行动计划"), columns, rows, caption_hidden=True)


def _action(board: Board, action: Action) -> tuple[Cell, ...]:
    done = action.done_at is not None and action.done_at <= board.look.valid_on
    late = not done and action.due < board.look.day
    state = (
        State(Text("done", "已完成"), "done")
        if done
        else State(Text("late", "进度滞后"), "late")
        if late
        else State(Text("open", "进行中"), "open")
    )
    name = Text(f"{action.number} {action.title_en}", f"{action.number} {action.title_zh}")
    return (
        Cell(name, url=f"/plan/action/{action.code}"),
        Cell(action.lead),
        Cell(action.due),
        Cell(state, drawer=f"/evidence/{action.proof}" if done else None),
    )


def _slippage(one: Slippage) -> TimelineEntry:
    why = one.found.get("why", {})
    found = Text(why.get("en") or one.node, why.get("zh") or one.node)
    told = (
        Text("{n}: {w}. Explanation: {e}", "{n}：{w}。说明：{e}").format(
            n=one.node, w=found, e=one.explanation
        )
        if one.explanation
        else Text("{n}: {w}. Not explained yet.", "{n}：{w}。尚未说明。").format(n=one.node, w=found)
    )
    return TimelineEntry(
        sentence=told,
        who=one.lead.name if one.lead is not None else NOT_NAMED,
        at=one.explained_at or one.created_at,
        url=f"/plan/slippage/{one.code}",
        tone="closed" if one.state in ("accepted", "recovered") else "needs",
    )


def movers(node: Node, place: Place) -> Table:
    """The records that the figures of this node count: each once, with the figures that count it."""
    counted: dict[str, tuple[Counted, list[str]]] = {}
    for row in node.rows:
        for fact in row.evaluated.records:
            one = Counted(fact)
            if one.kind != "ledger.event":
                counted.setdefault(fact.record, (one, []))[1].append(row.id)
    newest = sorted(counted.values(), key=lambda pair: pair[0].fact.valid_from, reverse=True)
    rows = tuple(
        (
            Cell(one.code, url=one.url),
            Cell(", ".join(dict.fromkeys(names)), url=place.figure(names[0])),
            Cell(one.fact.valid_from),
        )
        for one, names in newest[:MOST_MOVERS]
    )
    shown = Text("{n} of {m} records shown", "共{m}条记录，显示{n}条").format(n=len(rows), m=len(counted))
    return Table(
        Text("What moves it", "影响该任务的事项"),
        (
            Column(Text("Record", "记录"), "code"),
            Column(Text("Counted in", "计入指标")),
            Column(Text("Since", "起始"), "date"),
        ),
        rows,
        empty=EmptyState(Text("No record counts here yet.", "尚无记录计入。")),
        shown=shown if counted else None,
        caption_hidden=True,
    )
