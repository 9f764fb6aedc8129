"""The page of a pilot: its acceptance tests against actuals; and of an opportunity: what it asks for."""

from __future__ import annotations

from typing import Any

from hutong.kernel.text import Text
from hutong.kernel.values import Missing, Number
from hutong.modules.scenarios.acceptance import Outcome, outcomes
from hutong.modules.scenarios.criteria import read_criteria
from hutong.modules.scenarios.models import Opportunity, Pilot
from hutong.modules.scenarios.queries import extent
from hutong.platform.components import Cell, Column, EmptyState, Figure, State, Table
from hutong.platform.entities import Sight

TEST = Column(Text("Acceptance test", "验收条件"))
HOLDS = State(Text("holds", "已达到"), "done")
FAILS = State(Text("does not hold", "未达到"), "needs")
NONE = State(Text("no record yet", "尚无记录"), "open")


def pilot_context(seen: Sight) -> dict[str, Any]:
    """Tests against actuals, and how much was recorded."""
    pilot: Pilot = seen.record
    recorded = extent(pilot)
    measured = outcomes(pilot, recorded)
    batches = Text("batches: {b}", "批次：{b}").format(b=recorded.batches)
    return {
        "title": pilot.opportunity.name,
        "measured": Table(
            caption=Text("Acceptance tests against actuals", "验收条件与实测结果"),
            columns=(
                TEST,
                Column(Text("Measured", "实测值")),
                Column(Text("Records behind it", "依据的记录数"), "number"),
                Column(Text("State", "状态")),
            ),
            rows=tuple(_row(pilot, o) for o in measured),
        ),
        "recorded": (
            Figure(
                Text("Records", "记录数"), Number(recorded.rows), on=recorded.last, definition=batches,
                drawer=f"/evidence/{pilot.code}",
            ),
            Figure(
                Text("Of these with a known truth", "其中真值已知"),
                Number(recorded.known) if recorded.rows else Missing(),
                on=recorded.last,
            ),
        ),
        "holding": sum(o.passed for o in measured),
        "tests": len(measured),
    }  # fmt: skip


def _row(pilot: Pilot, outcome: Outcome) -> tuple[Cell, ...]:
    state = NONE if outcome.value is None else HOLDS if outcome.passed else FAILS
    return (
        Cell(outcome.criterion.demand()),
        Cell(outcome.say(), drawer=f"/evidence/{pilot.code}"),
        Cell(Number(outcome.n)),
        Cell(state),
    )


def opportunity_context(seen: Sight) -> dict[str, Any]:
    """What an opportunity demands, test by test."""
    opportunity: Opportunity = seen.record
    return {
        "title": opportunity.name,
        "demands": Table(
            caption=Text("Acceptance tests, declared beforehand", "事先声明的验收条件"),
            columns=(TEST,),
            rows=tuple((Cell(c.demand()),) for c in read_criteria(opportunity.tests)),
            empty=EmptyState(Text("No test is declared.", "未声明验收条件。")),
        ),
    }
