"""Slippages: open, explain, send back, accept, recover. Their cause is computed; people explain it and sign."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from hutong.kernel.errors import Conflict
from hutong.kernel.operation import Help, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.plan import policy as may
from hutong.modules.plan.lateness import lateness_of
from hutong.modules.plan.lifecycle import SLIPPAGE
from hutong.modules.plan.models import Plan, Slippage
from hutong.modules.plan.texts import leads
from hutong.platform.context import RunContext


@operation(
    "plan.slippage.open",
    permission=may.SLIPPAGE_OPEN,
    title=Text("Open a slippage", "挂账"),
    sentence=Text("opened the slippage {subject}", "挂账进度偏差 {subject}"),
    lifecycle=SLIPPAGE,
    creates=Slippage,
)
def slippage_open(
    ctx: RunContext,
    plan: Plan,
    *,
    node: Annotated[
        str,
        Text("Indicator or action", "指标或行动"),
        Help(Text("For example T6.2 or A6.1", "例如 T6.2 或 A6.1")),
    ],
) -> Slippage:
    """Ask for an explanation of what is late as computed now; what is not late cannot be opened."""
    lag = lateness_of(plan, node, ctx.now)
    if lag is None:
        raise Conflict(
            Text("{n} is not late as computed now.", "按数据计算，{n} 目前未滞后。").format(n=node[:40]),
            rule="slippage.not_late",
            remedy=Text("There is nothing to explain.", "无须说明。"),
            field="node",
        )
    held = Slippage.objects.filter(
        plan__plan_key=plan.plan_key, node=lag.node, state__in=("opened", "explained")
    ).first()
    if held is not None:
        raise Conflict(
            Text("{n} is open already, as {c}.", "{n} 已挂账：{c}。").format(n=lag.node, c=held.code),
            rule="slippage.open_already",
            remedy=Text("Explain or judge that one.", "请办理该挂账事项。"),
            field="node",
        )
    lead = leads(plan.plan_key).get(lag.task)
    ctx.note(found=lag.as_json())
    return Slippage(
        plan=plan,
        node=lag.node,
        task=lag.task,
        found=lag.as_json(),
        lead=lead.organisation if lead is not None else None,
    )


@operation(
    "plan.slippage.explain",
    permission=may.SLIPPAGE_EXPLAIN,
    title=Text("Explain", "说明"),
    sentence=Text("explained the slippage {subject}", "说明了进度偏差 {subject}"),
    lifecycle=SLIPPAGE,
    transition=SLIPPAGE.explain,
)
def slippage_explain(
    ctx: RunContext,
    slippage: Slippage,
    *,
    explanation: Annotated[str, Text("Why, and what is being done", "原因与措施"), Long(10_000)],
    mend_by: Annotated[date | None, Text("Mended by", "整改期限")] = None,
) -> None:
    """Sign an explanation for the lead unit. It changes no figure and no state of a figure."""
    slippage.explanation, slippage.mend_by, slippage.explained_at = explanation, mend_by, ctx.now


@operation(
    "plan.slippage.send_back",
    permission=may.SLIPPAGE_JUDGE,
    title=Text("Send back", "退回"),
    sentence=Text("sent the explanation of {subject} back", "退回了 {subject} 的说明"),
    lifecycle=SLIPPAGE,
    transition=SLIPPAGE.send_back,
)
def slippage_send_back(ctx: RunContext, slippage: Slippage, *, reason: Reason) -> None:
    """Ask for a better explanation."""


@operation(
    "plan.slippage.accept",
    permission=may.SLIPPAGE_JUDGE,
    title=Text("Accept the explanation", "采纳说明"),
    sentence=Text("accepted the explanation of {subject}", "采纳了 {subject} 的说明"),
    lifecycle=SLIPPAGE,
    transition=SLIPPAGE.accept,
)
def slippage_accept(ctx: RunContext, slippage: Slippage) -> None:
    """Accept an explanation; who gave it does not accept it. The figure stays as late as it is."""


@operation(
    "plan.slippage.recover",
    permission=may.SLIPPAGE_RECOVER,
    title=Text("Record the recovery", "销账"),
    sentence=Text("recorded the recovery of {subject}", "销账进度偏差 {subject}"),
    lifecycle=SLIPPAGE,
    transition=SLIPPAGE.recover,
)
def slippage_recover(ctx: RunContext, slippage: Slippage) -> None:
    """Close a slippage whose figure is no longer late, as computed."""
