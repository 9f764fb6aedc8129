"""Lead units: declare who answers for a node whose lead the plan does not name."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Invalid
from hutong.kernel.operation import Help, operation
from hutong.kernel.text import Text
from hutong.modules.parties.contract import Organisation
from hutong.modules.plan import policy as may
from hutong.modules.plan.lifecycle import LEAD
from hutong.modules.plan.models import Lead, Plan, Slippage
from hutong.modules.plan.texts import read
from hutong.platform.context import RunContext


@operation(
    "plan.lead.declare",
    permission=may.LEAD_DECLARE,
    title=Text("Declare the lead unit", "明确牵头单位"),
    sentence=Text("declared the lead unit {subject}", "明确了牵头单位 {subject}"),
    lifecycle=LEAD,
    creates=Lead,
)
def lead_declare(
    ctx: RunContext,
    plan: Plan,
    *,
    node: Annotated[
        str, Text("Task or safeguard", "任务或保障措施"), Help(Text("For example T6", "例如 T6"))
    ],
    organisation: Organisation,
    source: Annotated[str, Text("Where that is written", "依据")],
) -> Lead:
    """Say which registered organisation leads a task, and where that is written; it signs explanations from now on."""
    text = read(plan.file_sha256)
    if node not in {t.id for t in text.tasks} | {s.id for s in text.safeguards}:
        raise Invalid(
            Text("The plan has no task or safeguard {n}.", "方案中没有任务或保障措施 {n}。").format(
                n=node[:20]
            ),
            rule="lead.node",
            remedy=Text("Give an id such as T6 or S1.", "请填写编号，例如 T6 或 S1。"),
            field="node",
        )
    held = Lead.objects.select_for_update().filter(plan_key=plan.plan_key, node=node, state="in_force")
    for before in held:
        before.state, before.superseded_at = LEAD.supersede.target, ctx.now
        ctx.keep(before)
    for slippage in Slippage.objects.filter(plan__plan_key=plan.plan_key, task=node, state="opened"):
        slippage.lead = organisation
        ctx.touch(slippage)
    ctx.note(plan=plan.plan_key, node=node)
    return Lead(plan_key=plan.plan_key, node=node, organisation=organisation, source=source)
