"""Proposals: submit, withdraw, decline."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid
from hutong.kernel.operation import Long, Reason, operation
from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.text import Text
from hutong.modules.calls import policy as may
from hutong.modules.calls.lifecycle import PROPOSAL
from hutong.modules.calls.models import Call, Proposal
from hutong.modules.parties.contract import Organisation
from hutong.modules.passport.contract import System
from hutong.platform.context import RunContext


@operation(
    "calls.proposal.submit",
    permission=may.PROPOSAL_SUBMIT,
    title=Text("Submit a proposal", "提交申报书"),
    sentence=Text("submitted the proposal {subject}", "提交了申报书 {subject}"),
    lifecycle=PROPOSAL,
    creates=Proposal,
)
def proposal_submit(
    ctx: RunContext,
    call: Call,
    *,
    system: System,
    summary: Annotated[str, Text("Proposal", "方案"), Long(20_000)],
    hours: Annotated[ChipTime, Text("Chip-hours asked for", "申请算力（卡时）")],
    budget: Annotated[Money, Text("Money asked for", "申请资金")],
    co_applicants: Annotated[list[Organisation], Text("Co-applicants", "联合申报单位")] = [],  # noqa: B006
) -> Proposal:
    """Compete for a call with one of the own systems, before the deadline."""
    _open(ctx, call)
    if system.organisation_id != ctx.organisation:
        raise Denied(
            Text("{s} belongs to another organisation.", "{s} 属于其他单位。").format(s=system.code),
            rule="proposal.own_system",
            remedy=Text("Propose a system of your own organisation.", "请以本单位的系统申报。"),
            field="system",
        )
    _within(call, hours, budget)
    return Proposal(
        call=call,
        system=system,
        organisation_id=system.organisation_id,
        summary=summary,
        requested_ms=hours.as_json(),
        budget_fen=budget.as_json(),
        co_applicants=sorted({o.code for o in co_applicants}),
    )


def _open(ctx: RunContext, call: Call) -> None:
    if call.state != "published" or ctx.now > call.deadline:
        raise Conflict(
            Text("The call {c} takes no proposals any more.", "项目榜单 {c} 已截止申报。").format(
                c=call.code
            ),
            rule="proposal.after_deadline",
            remedy=Text("Look for calls that are open.", "请查看正在受理的榜单。"),
            field="call",
        )


def _within(call: Call, hours: ChipTime, budget: Money) -> None:
    if hours.as_json() <= 0:
        raise Invalid(
            Text("A proposal asks for some hours.", "申报书须申请算力。"),
            rule="proposal.hours",
            remedy=Text("Give more than zero.", "请填写大于零的数值。"),
            field="hours",
        )
    for field, asked, offered in (
        ("hours", hours.as_json(), call.hours_ms),
        ("budget", budget.as_json(), call.budget_fen),
    ):
        if asked > offered:
            raise Exhausted(
                Text("This is more than the whole call offers.", "申请额度超过榜单总额。"),
                rule=f"proposal.{field}_beyond_call",
                remedy=Text("Ask for less.", "请减少申请额度。"),
                field=field,
            )


@operation(
    "calls.proposal.withdraw",
    permission=may.PROPOSAL_WITHDRAW,
    title=Text("Withdraw", "撤回"),
    sentence=Text("withdrew the proposal {subject}", "撤回了申报书 {subject}"),
    lifecycle=PROPOSAL,
    transition=PROPOSAL.withdraw,
)
def proposal_withdraw(ctx: RunContext, proposal: Proposal, *, reason: Reason) -> None:
    """Take a proposal back before it is decided."""


@operation(
    "calls.proposal.decline",
    permission=may.PROPOSAL_DECLINE,
    title=Text("Decline", "不予立项"),
    sentence=Text("declined the proposal {subject}", "对申报书 {subject} 不予立项"),
    lifecycle=PROPOSAL,
    transition=PROPOSAL.decline,
)
def proposal_decline(ctx: RunContext, proposal: Proposal, *, reason: Reason) -> None:
    """Decide against a proposal; the applicant reads the reason, the score and the rank."""
    if proposal.rank is None:
        raise Conflict(
            Text("The proposals of this call are not ranked yet.", "该榜单的申报书尚未排序。"),
            rule="proposal.unranked",
            remedy=Text("Rank the call first.", "请先完成排序。"),
        )
    proposal.decision = reason
