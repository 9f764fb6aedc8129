"""The page of one figure, and its drawer: meaning, formula with values, records, events, proof."""

from __future__ import annotations

import re
from typing import Any

from hutong.engines.indicators import Input, parse_unit
from hutong.kernel.measure import MEASURES, Measure
from hutong.kernel.text import Text
from hutong.kernel.values import Number
from hutong.modules.plan.charts import path_chart
from hutong.modules.plan.explain import Counted, Explanation, checkpoint, leaves
from hutong.modules.plan.figures import Figures
from hutong.modules.plan.points import points
from hutong.modules.plan.words import (
    Place,
    figure_of,
    said,
    source_words,
    sparkline,
    state_words,
)
from hutong.platform.components import (
    Cell,
    Column,
    Computed,
    Crumb,
    Drawer,
    EmptyState,
    Given,
    Meaning,
    Proof,
    Table,
)
from hutong.platform.ledger.tables import Event
from hutong.platform.web.details import timeline

MOST_SHOWN = 50


def figure_context(found: Explanation, figures: Figures, place: Place) -> dict[str, Any]:
    """What the template of a figure needs."""
    row = found.row
    line = points(figures, row.id)
    return {
        "title": Text(f"{row.id} {row.indicator.title.en}", f"{row.id} {row.indicator.title.zh}"),
        "figure": figure_of(row, found.look, place, sparkline(row.indicator.title, row.indicator.unit, line)),
        "state": state_words(row.status.state, note=row.status.reason),
        "drawer": drawer(found, place),
        "chart": path_chart(row, line, place),
        "definitions": definitions(found),
        "bundle": place.to(f"/plan/figure/{row.id}/bundle.json"),
        "ended": figures.text.ends if figures.ended else None,
        "crumbs": (Crumb(figures.text.title, place.to("/")), Crumb(row.id)),
    }


def drawer(found: Explanation, place: Place) -> Drawer:
    """The five answers of the evidence drawer for a figure."""
    row = found.row
    made = row.evaluated
    values = tuple(_given(leaf) for leaf in leaves(made.inputs))
    events = found.events(MOST_SHOWN)
    return Drawer(
        title=Text(f"{row.id} {row.indicator.title.en}", f"{row.id} {row.indicator.title.zh}"),
        value=said(row.value, row.indicator.unit),
        meaning=Meaning(
            found.definition,
            version=made.version or "",
            since=found.since,
            citation=source_words(row.indicator.source),
            url=place.figure(row.id),
        ),
        computed=Computed(
            formula=Text(made.formula, made.formula) if made.formula else made.worked,
            values=(Given(Text("With its values", "代入数值"), made.worked), *values),
            result=said(row.value, row.indicator.unit),
            at=found.look.valid_on,
        ),
        records=_records(found, place),
        events=timeline(events) if events else None,
        proof=_proof(found, events[0], place) if events else None,
    )


def _given(leaf: Input) -> Given:
    counted = (
        Text("facts counted: {n}", "计入事实{n}条").format(n=len(leaf.records)) if leaf.records else None
    )
    return Given(leaf.expression, said(leaf.value, leaf.unit), note=counted)


def _records(found: Explanation, place: Place) -> Table:
    counted = found.counted
    measured = _measures(found)
    columns = (
        Column(Text("Record", "记录"), "code"),
        Column(Text("Amount", "数量"), "number"),
        Column(Text("Measure", "数据项")),
        Column(Text("Since", "起始"), "date"),
        Column(Text("Until", "截止"), "date"),
        Column(Text("Event", "事件"), "number"),
    )
    shown = Text("{n} of {m} facts shown", "共{m}条事实，显示{n}条").format(
        n=min(len(counted), MOST_SHOWN), m=len(counted)
    )
    if found.unproven:
        shown = Text(
            "{s}; {u} of them name no event and cannot be checked", "{s}；其中{u}条未关联事件，无法核验"
        ).format(s=shown, u=found.unproven)
    return Table(
        Text("Facts counted", "计入的事实"),
        columns,
        tuple(_fact(c, measured) for c in counted[-MOST_SHOWN:][::-1]),
        empty=EmptyState(Text("No fact is counted here yet.", "尚无计入的事实。")),
        csv=place.to(f"/plan/figure/{found.row.id}/facts.csv"),
        shown=shown if counted else None,
        caption_hidden=True,
    )


def _measures(found: Explanation) -> dict[int, Measure]:
    """Which measure each fact came from: its amount is in that measure's own unit."""
    held: dict[int, Measure] = {}
    for leaf in leaves(found.inputs):
        name = next(
            (n for n in MEASURES if re.search(rf"\({re.escape(n)}(?![a-z0-9_.])", leaf.expression)), None
        )
        if name is not None:
            held |= {id(fact): MEASURES[name] for fact in leaf.records}
    return held


def _fact(one: Counted, measured: dict[int, Measure]) -> tuple[Cell, ...]:
    fact = one.fact
    source = measured.get(id(fact))
    amount = said(Number(fact.amount), parse_unit(source.unit)) if source is not None else Number(fact.amount)
    lasting = source is not None and source.nature == "stock"
    ends: object = fact.valid_to
    if ends is None:
        ends = Text("still so", "持续有效") if lasting else Text("happened once", "一次性事项")
    event = (
        Cell(str(fact.event), url=f"/ledger/event/{fact.event}")
        if fact.event is not None
        else Cell(Text("not recorded", "未记录"))
    )
    return (
        Cell(one.code, url=one.url),
        Cell(amount),
        Cell(source.title if source is not None else Text("another measure", "其他数据项")),
        Cell(fact.valid_from),
        Cell(ends),
        event,
    )


def _proof(found: Explanation, event: Event, place: Place) -> Proof | None:
    """The newest event under a signed checkpoint; the download holds the proofs of all of them."""
    head = checkpoint()
    if head is None or head.size <= event.seq:
        return None
    return Proof(
        leaf=bytes(event.leaf).hex(),
        index=event.seq,
        size=head.size,
        root=head.root,
        at=head.signed_at,
        download=place.to(f"/plan/figure/{found.row.id}/bundle.json"),
        verify="/verify",
    )


def definitions(found: Explanation) -> Table:
    """The dated definitions, newest first, each with its formula."""
    columns = (
        Column(Text("Definition", "口径"), "code"),
        Column(Text("From", "起"), "date"),
        Column(Text("Until", "止"), "date"),
        Column(Text("What it counts", "口径说明")),
        Column(Text("Formula", "计算式"), "code"),
    )
    ordered = sorted(found.row.indicator.definitions, key=lambda d: d.valid_from, reverse=True)
    rows = tuple(
        (
            Cell(d.version),
            Cell(d.valid_from),
            Cell(d.valid_to if d.valid_to is not None else Text("in force", "现行")),
            Cell(d.text),
            Cell(d.formula or Text("judged, not computed", "由评估确定")),
        )
        for d in ordered
    )
    return Table(Text("Definitions, by date", "口径沿革"), columns, rows, caption_hidden=True)
