"""Answers of a service that people look at: draw them, show them, take their marks in; and why measuring broke off."""

from __future__ import annotations

from typing import Annotated

from hutong.engines.trust.content.records import marks_of_people
from hutong.kernel.operation import FileRef, Help, Json, operation
from hutong.kernel.text import Text
from hutong.modules.trust import deployed
from hutong.modules.trust import policy as may
from hutong.modules.trust.lifecycle import EVALUATION
from hutong.modules.trust.models import Evaluation
from hutong.modules.trust.tasks import draw
from hutong.platform.context import RunContext

BEFORE_DECIDED = ("planned", "interrupted", "measured")


@operation(
    "trust.evaluation.draw",
    permission=may.EVALUATION_MARK,
    title=Text("Draw the answers that people look at", "抽取供人工评审的回答"),
    sentence=Text("had answers drawn for {subject}", "为 {subject} 抽取了供评审的回答"),
    lifecycle=EVALUATION,
    needs=BEFORE_DECIDED,
)
def evaluation_draw(ctx: RunContext, evaluation: Evaluation) -> None:
    """Ask the service, in the background, what people have to look at. The answers are those that measuring will count."""
    ctx.enqueue(draw, code=evaluation.code)


@operation(
    "trust.evaluation.show",
    permission=may.EVALUATION_OBSERVE,
    title=Text("Show the answers", "列出回答"),
    sentence=Text("drew the answers of {subject} that people look at", "抽取了 {subject} 供评审的回答"),
    lifecycle=EVALUATION,
    needs=BEFORE_DECIDED,
    hidden=True,
)
def evaluation_show(
    ctx: RunContext,
    evaluation: Evaluation,
    *,
    sheet: Annotated[FileRef, Text("Sheet of answers", "回答清单")],
    answers: Annotated[int, Text("Answers", "回答数")],
) -> None:
    """Keep the sheet of answers that people have to mark."""
    evaluation.sheet_sha256 = sheet.sha256


@operation(
    "trust.evaluation.mark",
    permission=may.EVALUATION_MARK,
    title=Text("Hand the marks in", "提交评审结论"),
    sentence=Text("handed the marks of {subject} in", "提交了 {subject} 的评审结论"),
    lifecycle=EVALUATION,
    needs=BEFORE_DECIDED,
)
def evaluation_mark(
    ctx: RunContext,
    evaluation: Evaluation,
    *,
    marks: Annotated[
        FileRef,
        Text("Marked sheet", "评审后的清单"),
        Help(
            Text(
                "The sheet with true or false under “bad” in every line.",
                "在清单每行的“bad”处填写true或false。",
            )
        ),
    ],
) -> None:
    """Take in what people said of the answers. Measure afterwards: nothing is asked again that is on the record."""
    found = marks_of_people(deployed.text_of(marks.sha256, "marks"))
    evaluation.marks_sha256 = marks.sha256
    ctx.note(marked=len(found), bad=sum(mark == "bad" for mark in found.values()))


@operation(
    "trust.evaluation.interrupt",
    permission=may.EVALUATION_OBSERVE,
    title=Text("Break off", "中断"),
    sentence=Text("broke {subject} off", "{subject} 的测量中断"),
    lifecycle=EVALUATION,
    transition=EVALUATION.interrupt,
    hidden=True,
)
def evaluation_interrupt(
    ctx: RunContext, evaluation: Evaluation, *, fault: Annotated[Json, Text("Fault", "故障")]
) -> None:
    """Keep why measuring broke off. What was counted and answered stays, and measuring goes on from there."""
    evaluation.fault = fault.value
