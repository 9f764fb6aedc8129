"""Milestones: prove a step of an aim that is a list of steps; retract a proof that did not hold."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Help, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.plan import policy as may
from hutong.modules.plan.lifecycle import MILESTONE
from hutong.modules.plan.models import Milestone, Plan
from hutong.modules.plan.operations.action import proof_event
from hutong.modules.plan.texts import read
from hutong.platform.context import RunContext


@operation(
    "plan.milestone.prove",
    permission=may.MILESTONE_PROVE,
    title=Text("Prove a milestone", "登记节点完成"),
    sentence=Text("proved the milestone {subject}", "登记节点 {subject} 完成"),
    lifecycle=MILESTONE,
    creates=Milestone,
)
def milestone_prove(
    ctx: RunContext,
    plan: Plan,
    *,
    indicator: Annotated[str, Text("Indicator", "指标"), Help(Text("For example O1.2", "例如 O1.2"))],
    guard: Annotated[str, Text("Step, by its name in the plan", "节点名称（按方案文本）")],
    proof: Annotated[str, Text("Record that proves it", "证明记录编号")],
) -> Milestone:
    """Record a step as done on the strength of a record of the ledger; the state of the aim follows from the steps."""
    found = next((i for i in read(plan.file_sha256).indicators if i.id == indicator), None)
    guards = found.target.guards if found is not None else ()
    if guard not in guards:
        raise Invalid(
            Text("The plan has no step {g} in {i}.", "方案的 {i} 中没有节点 {g}。").format(
                g=guard[:40], i=indicator[:20]
            ),
            rule="milestone.guard",
            remedy=Text("The steps are: {s}.", "可选节点：{s}。").format(s=", ".join(guards) or "-"),
            field="guard",
        )
    code, seq = proof_event(proof)
    ctx.note(plan=plan.plan_key, proof=code, proof_event=seq)
    return Milestone(plan_key=plan.plan_key, indicator=indicator, guard=guard, proof=code)


@operation(
    "plan.milestone.retract",
    permission=may.MILESTONE_RETRACT,
    title=Text("Retract", "撤销"),
    sentence=Text("retracted the milestone {subject}", "撤销了节点 {subject}"),
    lifecycle=MILESTONE,
    transition=MILESTONE.retract,
)
def milestone_retract(ctx: RunContext, milestone: Milestone, *, reason: Reason) -> None:
    """Take a proof back, by a second person; who looks with the knowledge of then still sees it."""
    milestone.retracted_at = ctx.now
