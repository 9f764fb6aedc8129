"""A figure over time as a chart: one line per definition, never one across two; the path asked for dashed beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hutong.engines.indicators import Target, expected
from hutong.kernel.text import Text
from hutong.kernel.values import Number
from hutong.modules.plan.figures import Row
from hutong.modules.plan.points import Point, breaks, number
from hutong.modules.plan.words import Place, said, unit_words
from hutong.platform.components import Break, Cell, Chart, Column, Series, Table

DAY = Column(Text("Day", "日期"), "date")


def path_chart(row: Row, found: Sequence[Point], place: Place) -> Chart | None:
    """Actuals against the target's path; None where there is neither a number nor a path to draw."""
    target = row.indicator.target
    asked = _asked(target, found)
    if not any(isinstance(p.value, Number) for p in found) and not any(a is not None for a in asked):
        return None
    lines = [*_lines(found)]
    if any(a is not None for a in asked):
        lines.append(Series(Text("asked for by the path", "计划进度"), tuple(asked), dashed=True))
    unit = unit_words(row.indicator.unit, Number(2)) or Text("number", "数值")
    return Chart(
        name=row.id.replace(".", "-"),
        title=Text(f"{row.id} {row.indicator.title.en}", f"{row.id} {row.indicator.title.zh}"),
        kind="line",
        labels=tuple(p.day.isoformat() for p in found),
        series=tuple(lines),
        unit=unit,
        table=points_table(row, found, place),
        summary=_summary(row, found),
        x_title=Text("end of month", "月末"),
        breaks=tuple(
            Break(at, Text("definition {v}", "口径{v}").format(v=found[at].version or "-"))
            for at in breaks(tuple(found))
        ),
        csv=place.to(f"/plan/figure/{row.id}.csv"),
    )


def _asked(target: Target, found: Sequence[Point]) -> list[float | None]:
    if not target.declared or target.lacks():
        return [None] * len(found)
    path = [expected(target, p.day) for p in found]
    return [float(a) if a is not None else None for a in path]


def _lines(found: Sequence[Point]) -> list[Series]:
    """One series per run of a definition; elsewhere it has gaps."""
    edges = [0, *breaks(tuple(found)), len(found)]
    lines = []
    for start, stop in pairwise(edges):
        values = tuple(number(p.value) if start <= n < stop else None for n, p in enumerate(found))
        version = found[start].version
        if version is not None and any(v is not None for v in values):
            lines.append(Series(Text("actual, definition {v}", "实际值，口径{v}").format(v=version), values))
    return lines


def _summary(row: Row, found: Sequence[Point]) -> Text:
    known = [p for p in found if isinstance(p.value, Number)]
    return Text(
        "{n} of {m} months are known; now: {v}; {s}", "{m}个月末中{n}个有数据；目前：{v}；{s}"
    ).format(n=len(known), m=len(found), v=said(row.value, row.indicator.unit), s=row.status.words)


def points_table(row: Row, found: Sequence[Point], place: Place) -> Table:
    """The same as a table, with what was known then beside what is known now: a restatement keeps both."""
    columns = (
        DAY,
        Column(
            Text("Value as known now", "现知数值"),
            "number",
            unit_words(row.indicator.unit, Number(2)) or None,
        ),
        Column(Text("As known on that day", "当日所知"), "number"),
        Column(Text("Definition", "口径")),
        Column(Text("Facts", "依据事实数"), "number"),
    )
    rows = tuple(
        (
            Cell(p.day, url=place.to(f"/plan/figure/{row.id}", as_of=p.day.isoformat())),
            Cell(p.value, note=Text("restated", "已修订") if p.restated else None),
            Cell(p.then),
            Cell(p.version or Text("none in force", "无")),
            Cell(Number(p.facts) if p.facts else Text("none", "无")),
        )
        for p in reversed(found)
    )
    return Table(Text("Month by month", "逐月数据"), columns, rows, caption_hidden=True)
