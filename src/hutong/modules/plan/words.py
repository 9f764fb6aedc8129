"""Figures and states of the plan as page components: values with unit, date, definition and source."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from hutong.engines.indicators import STATES, Source, Unit
from hutong.engines.indicators.status import StateName
from hutong.kernel.text import Text
from hutong.kernel.values import Number, Value
from hutong.modules.plan.figures import Row
from hutong.modules.plan.looks import Look
from hutong.modules.plan.nodes import Node
from hutong.modules.plan.points import Point, breaks, number
from hutong.modules.plan.queries import target_words
from hutong.platform.components import Figure, Sparkline, State, Tone

TONES: dict[StateName, Tone] = {
    "hold": "done",
    "above": "needs",
    "on_path": "holds",
    "late": "late",
    "far_behind": "late",
    "missed": "stopped",
    "not_known": "open",
    "not_measurable": "open",
    "not_assessed": "open",
}


class Place:
    """Addresses of the plan's pages that keep the look: a reader who chose a date stays on it."""

    def __init__(self, query: dict[str, str]) -> None:
        self.query = query

    def to(self, path: str, **more: str) -> str:
        asked = urlencode(self.query | more)
        return f"{path}?{asked}" if asked else path

    def figure(self, name: str) -> str:
        return self.to(f"/plan/figure/{name}")

    def drawer(self, name: str) -> str:
        return self.to(f"/plan/figure/{name}/drawer")

    def node(self, node: Node) -> str:
        return self.to(f"/plan/{node.kind}/{node.number}")


def unit_words(unit: Unit, value: Value) -> Text | str:
    """The unit as it stands behind a value; nothing for a bare number."""
    if unit.name in ("none", "rank") or (unit.is_share and unit.name == "share"):
        return ""
    if unit.name == "percent":
        return "%"
    return unit.spoken(value.amount) if isinstance(value, Number) else unit.title


def said(value: Value, unit: Unit) -> Text:
    """A value with its unit as one phrase; what is no number is said in its own words."""
    if not isinstance(value, Number):
        return Text(value.say("en"), value.say("zh"))
    words = unit_words(unit, value)
    name = words if isinstance(words, Text) else Text(words, words) if words else None
    if name is None:
        return Text(value.say("en"), value.say("zh"))
    return Text(f"{value.say('en')} {name.en}", f"{value.say('zh')}{name.zh}")


def state_words(name: StateName, count: int | None = None, note: Text | None = None) -> State:
    """A computed state, with how many there are of it where it counts."""
    words = STATES[name][0]
    if count is not None:
        words = Text(f"{count} {words.en}", f"{count}项{words.zh}")
    return State(words, TONES[name], note)


def source_words(source: Source) -> Text:
    """Where a statement comes from, and whether somebody compared it with the source."""
    place = f", {source.place}" if source.place else ""
    where = Text(f"{source.citation.en}{place}", f"{source.citation.zh}{place.replace(', ', '，')}")
    mark = (
        Text("{w} (confirmed in the source)", "{w}（已与原文核对）")
        if source.verified
        else Text("{w} (to be confirmed)", "{w}（待核实）")
    )
    return mark.format(w=where)


def sparkline(title: Text, unit: Unit, found: Sequence[Point]) -> Sparkline | None:
    """The line of a figure; None before two points are numbers."""
    values = tuple(number(p.value) for p in found)
    known = [p for p in found if isinstance(p.value, Number)]
    if len(known) < 2:
        return None
    first, last = said(known[0].value, unit), said(known[-1].value, unit)
    summary = Text("{t}: from {a} to {b} between {d} and {e}", "{t}：{d}至{e}由{a}变为{b}").format(
        t=title, a=first, b=last, d=known[0].day.isoformat(), e=known[-1].day.isoformat()
    )
    return Sparkline(values, summary, breaks(tuple(found)))


def figure_of(row: Row, look: Look, place: Place, line: Sparkline | None = None) -> Figure:
    """A figure as pages show it."""
    version, target = row.evaluated.version, row.indicator.target
    definition = (
        Text("definition {v} · {s}", "口径{v} · {s}").format(v=version, s=source_words(row.indicator.source))
        if version
        else Text("no definition in force", "无有效口径")
    )
    return Figure(
        label=Text(f"{row.id} {row.indicator.title.en}", f"{row.id} {row.indicator.title.zh}"),
        value=row.value,
        unit=unit_words(row.indicator.unit, row.value),
        on=look.day,
        definition=definition,
        drawer=place.drawer(row.id),
        sparkline=line,
        state=state_words(row.status.state, note=row.status.reason),
        # Where nobody declared a target, the state says so and who must.
        target=target_words(target) if target.declared and not target.lacks() else None,
    )
