"""The claims of a verdict for people: what was shown, of whom, by which number, with which chance of error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hutong.engines.trust import CATEGORY_WORDS, LEVEL_WORDS, STATE_WORDS
from hutong.kernel.text import Text
from hutong.modules.trust.words import TONES, short
from hutong.platform.component_plots import Whisker
from hutong.platform.components import Cell, Column, State, Table

Record = Mapping[str, Any]
SHOWN = Text("What was tested", "测试内容")
NOT_SHOWN = Text("What was not tested", "未测试内容")
COLUMNS = (
    Column(Text("Category and level", "类别与等级")),
    Column(Text("Claim", "主张")),
    Column(Text("Measured, with its interval, beside the limit", "实测值、区间与限值")),
    Column(Text("Cases", "样本数"), "number"),
    Column(Text("Chance of a false pass", "误判通过概率")),
    Column(Text("Result", "结果")),
)
REASONS = (Column(Text("Category and level", "类别与等级")), Column(Text("Why not", "原因")))


def tested(plan: Record, verdict: Record, only: tuple[str, int] | None = None) -> Table:
    """Every claim that was measured or confirmed, as it was stated before the first observation."""
    rows = tuple(
        _row(claim, finding, cell)
        for claim, finding, cell in _claims(plan, verdict)
        if only is None or (cell["category"], cell["level"]) == only
    )
    return Table(SHOWN, COLUMNS, rows, caption_hidden=True)


def untested(verdict: Record, plan: Record | None = None) -> Table | None:
    """What the verdict says nothing about: cells that were excused, with the ground declared in the plan, not run, or cannot
    be reached."""
    grounds = {d["category"]: Text(**d["reason"]) for d in (plan or {}).get("declarations", ())}
    rows = tuple(
        (
            Cell(place(c)),
            Cell(
                _why(c) if c["findings"] else STATE_WORDS[c["state"]][0],
                note=grounds.get(c["category"]) if c["state"] == "not_applicable" else None,
            ),
        )
        for c in verdict["cells"]
        if c["state"] in ("not_run", "not_reachable", "not_applicable", "not_estimable")
    )
    return Table(NOT_SHOWN, REASONS, rows, caption_hidden=True) if rows else None


def place(cell: Record) -> Text:
    """“Fair, level 2 (measured)”."""
    level = LEVEL_WORDS[cell["level"]]
    return Text("{c}, level {n} ({w})", "{c}，第{n}级（{w}）").format(
        c=CATEGORY_WORDS[cell["category"]], n=cell["level"], w=level
    )


def _why(cell: Record) -> Text:
    words = [f["words"] for f in cell["findings"] if f["state"] == cell["state"]]
    return Text(**words[0]) if words else STATE_WORDS[cell["state"]][0]


def _claims(plan: Record, verdict: Record) -> Iterator[tuple[Record, Record, Record]]:
    stated = {c["id"]: c for c in plan["claims"]}
    for cell in verdict["cells"]:
        for finding in cell["findings"]:
            claim = stated.get(finding["claim"])
            if claim is not None and finding["state"] not in ("not_run", "not_reachable"):
                yield claim, finding, cell


def _row(claim: Record, finding: Record, cell: Record) -> tuple[Cell, ...]:
    statement, population = Text(**claim["statement"]), Text(**claim["population"])
    words, _ = STATE_WORDS[finding["state"]]
    return (
        Cell(place(cell)),
        Cell(statement, note=Text("of: {p}", "对象：{p}").format(p=population)),
        Cell(whisker(finding) or "", note=Text(**finding["words"])),
        Cell(f"{finding['n']:,}" if finding["n"] is not None else ""),
        Cell(_chance(claim)),
        Cell(State(words, TONES[finding["state"]])),
    )


# Claims that spend no chance: what their result rests on instead.
UNSAMPLED = {
    "process": Text("declared, on record", "已声明并留有记录"),
    "confirmed": Text("confirmed by a second person", "经第二人核实"),
}
COUNTED = Text("none: every case was counted", "无：逐例核查")


def _chance(claim: Record) -> Text:
    if claim["alpha"] is None:
        return UNSAMPLED.get(claim["kind"], COUNTED)
    return Text("at most {a}", "不超过{a}").format(a=short(claim["alpha"]))


def whisker(finding: Record) -> Whisker | None:
    """The plot of a finding that carries a number with its interval."""
    given = [finding[k] for k in ("value", "lower", "upper")]
    if any(v is None for v in given):
        return None
    value, low, high = map(float, given)
    limit = float(finding["threshold"]) if finding["threshold"] is not None else None
    ends = [value, low, high, *([limit] if limit is not None else [])]
    start, end = min(0.0, *ends), max(ends) * 1.1 or 1.0
    return Whisker(value, low, high, limit, Text(**finding["words"]), start, 1.0 if 0.5 < end <= 1.2 else end)
