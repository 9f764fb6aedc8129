"""The state of a node (objective, task, safeguard) as the worst of its figures: computed, in words and shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hutong.engines.indicators import STATES
from hutong.engines.indicators import Plan as PlanText
from hutong.engines.indicators.status import StateName
from hutong.kernel.text import Text
from hutong.modules.plan.figures import Row

# A node holds only where nothing that can be judged says otherwise; what is not measurable is counted beside it.
WORST_FIRST: tuple[StateName, ...] = (
    "missed",
    "far_behind",
    "late",
    "not_known",
    "on_path",
    "above",
    "hold",
    "not_assessed",
    "not_measurable",
)
LATE: tuple[StateName, ...] = ("missed", "far_behind", "late")


@dataclass(frozen=True, slots=True)
class Node:
    """An objective, task or safeguard with its figures. counts: how many are in each state, the worst first."""

    id: str
    kind: str
    number: int
    title: Text
    text: Text
    state: StateName
    counts: tuple[tuple[StateName, int], ...]
    rows: tuple[Row, ...]
    group: str = ""

    @property
    def words(self) -> Text:
        return STATES[self.state][0]

    @property
    def shape(self) -> str:
        return STATES[self.state][1]

    @property
    def reached(self) -> Text:
        """``7 of 10 aims``."""
        there = sum(n for name, n in self.counts if name == "hold")
        return Text("{n} of {m} aims reached", "{m}项目标中已达成{n}项").format(n=there, m=len(self.rows))

    @property
    def main(self) -> Row | None:
        """The figure to show for the node: the first that is a number, else the first that is computed at all."""
        known = next((r for r in self.rows if r.known), None)
        return known or next((r for r in self.rows if r.evaluated.formula), None)


def worst(rows: Iterable[Row]) -> StateName:
    """The state of a node by its figures; a node without figures is not measurable."""
    found = {r.status.state for r in rows}
    return next((name for name in WORST_FIRST if name in found), "not_measurable")


def _node(kind: str, number: int, one: object, rows: Sequence[Row], group: str = "") -> Node:
    counted = Counter(r.status.state for r in rows)
    return Node(
        id=one.id,  # type: ignore[attr-defined]
        kind=kind,
        number=number,
        title=one.title,  # type: ignore[attr-defined]
        text=one.text,  # type: ignore[attr-defined]
        state=worst(rows),
        counts=tuple((name, counted[name]) for name in WORST_FIRST if counted[name]),
        rows=tuple(rows),
        group=group,
    )


def nodes_of(
    text: PlanText, rows: Sequence[Row]
) -> tuple[tuple[Node, ...], tuple[Node, ...], tuple[Node, ...]]:
    """Objectives (with the figures of the tasks that serve them), tasks and safeguards."""
    serving = {o.id: {o.id, *(t.id for t in text.tasks if o.id in t.serves)} for o in text.objectives}

    def under(*names: str) -> list[Row]:
        return [r for r in rows if set(names) & set(r.indicator.nodes)]

    objectives = (_node("objective", n, o, under(*serving[o.id])) for n, o in enumerate(text.objectives, 1))
    tasks = (_node("task", t.number, t, under(t.id), group=t.group) for t in text.tasks)
    safeguards = (_node("safeguard", n, s, under(s.id)) for n, s in enumerate(text.safeguards, 1))
    return tuple(objectives), tuple(tasks), tuple(safeguards)
