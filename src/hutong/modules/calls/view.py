"""The call as its applicant reads it: how much there is, how proposals are judged, how they were ranked."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text
from hutong.modules.calls.models import Call
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Cell, Column, Figure, Table
from hutong.platform.entities import Sight

JUDGED = Text("How it is judged", "评审标准")
RANKED = Text("Ranking", "排序结果")


def call_context(seen: Sight) -> dict[str, Any]:
    """What an applicant asks first, and the ranking once there is one."""
    call: Call = seen.record
    sections = [(JUDGED, _criteria(call)), *([(RANKED, _ranking(call))] if call.ranking else [])]
    hours, budget = ChipTime.of(call.hours_ms), Money.of(call.budget_fen)
    figures = (
        Figure(Text("chip-hours in all", "算力总额"), Text(hours.say("en"), hours.say("zh"))),
        Figure(Text("money in all", "资金总额"), Text(budget.say("en"), budget.say("zh"))),
    )
    return {"lead": call.problem, "figures": figures, "sections": tuple(sections)}


def _criteria(call: Call) -> Table:
    whole = sum(c["weight"] for c in call.criteria)
    columns = (Column(Text("Criterion", "标准")), Column(Text("Weight in the score", "得分权重")))
    rows = tuple(
        (Cell(Text(c["name_en"], c["name_zh"])), Cell(_weight(c["weight"], whole))) for c in call.criteria
    )
    return Table(JUDGED, columns, rows, caption_hidden=True)


def _weight(weight: int, whole: int) -> Meter:
    words = Text("{w} of {n}", "{n}分之{w}").format(w=weight, n=whole)
    return Meter((Part(words, weight, "closed"),), whole, words)


def _ranking(call: Call) -> Table:
    columns = (
        Column(Text("Rank", "名次"), "number"),
        Column(Text("Proposal", "申报书"), "code"),
        Column(Text("Score of 100", "得分（百分制）"), "number"),
    )
    rows = tuple(
        (
            Cell(str(r["rank"])),
            Cell(r["proposal"], url=f"/calls/proposal/{r['proposal']}"),
            Cell(decimal_text(Fraction(r["score"]), 2)),
        )
        for r in call.ranking
    )
    return Table(RANKED, columns, rows, caption_hidden=True)
