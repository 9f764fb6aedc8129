"""Awards: grant, close."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Sum

from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid
from hutong.kernel.operation import Reason, operation
from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.text import Text
from hutong.modules.calls import policy as may
from hutong.modules.calls.lifecycle import AWARD, PROPOSAL
from hutong.modules.calls.models import Award, Call, Proposal
from hutong.platform.context import RunContext
from hutong.platform.ledger.tables import Event


@operation(
    "calls.award.grant",
    permission=may.AWARD_GRANT,
    title=Text("Award", "批准立项"),
    sentence=Text("granted the award {subject}", "批准立项 {subject}"),
    lifecycle=AWARD,
    creates=Award,
    needs=("submitted",),
)
def award_grant(
    ctx: RunContext,
    proposal: Proposal,
    *,
    hours: Annotated[ChipTime, Text("Chip-hours", "算力（卡时）")],
    amount: Annotated[Money, Text("Money", "资金")],
    reason: Reason,
) -> Award:
    """Take up a ranked proposal within what the call offers. Who ranked the call does not award it."""
    PROPOSAL.check(PROPOSAL.award, proposal)
    _ranked(ctx, proposal)
    _within(proposal, hours, amount)
    proposal.state, proposal.decision = PROPOSAL.award.target, reason
    return Award(
        proposal=proposal,
        system=proposal.system,
        organisation_id=proposal.organisation_id,
        granted_ms=hours.as_json(),
        amount_fen=amount.as_json(),
    )


def _ranked(ctx: RunContext, proposal: Proposal) -> None:
    if proposal.rank is None:
        raise Conflict(
            Text("The proposals of this call are not ranked yet.", "该榜单的申报书尚未排序。"),
            rule="award.unranked",
            remedy=Text("Rank the call first.", "请先完成排序。"),
        )
    ranked = Event.objects.filter(
        subject=proposal.call.code, operation="calls.call.rank", actor=ctx.actor.code
    )
    if ranked.exists():
        raise Denied(
            Text(
                "You ranked this call; the award needs a second person.",
                "您办理了该榜单的排序，立项须由他人决定。",
            ),
            rule="duty.separated:calls.call.rank",
            remedy=Text("Ask a colleague with the same role.", "请由持有同一角色的其他人员办理。"),
        )


def _within(proposal: Proposal, hours: ChipTime, amount: Money) -> None:
    for field, given, asked in (
        ("hours", hours, ChipTime.of(proposal.requested_ms)),
        ("amount", amount, Money.of(proposal.budget_fen)),
    ):
        # Hours without money are an award; money without hours is none.
        if given.as_json() > asked.as_json() or (field == "hours" and not given):
            raise Invalid(
                Text(
                    "An award is more than zero and at most what was asked for.",
                    "立项额度须大于零且不超过申请额度。",
                ),
                rule=f"award.{field}",
                remedy=Text("Grant at most {h}.", "最多批准 {h}。").format(
                    h=Text(asked.say("en"), asked.say("zh"))
                ),
                field=field,
            )
    # The row of the call is locked, so that two awards at once cannot both take the last of it.
    call = Call.objects.select_for_update().get(pk=proposal.call_id)
    spent = Award.objects.filter(proposal__call=call).aggregate(
        hours=Sum("granted_ms"), money=Sum("amount_fen")
    )
    for field, more, before, offered in (
        ("hours", hours.as_json(), spent["hours"] or 0, call.hours_ms),
        ("amount", amount.as_json(), spent["money"] or 0, call.budget_fen),
    ):
        if before + more > offered:
            raise Exhausted(
                Text("The call has too little left for this award.", "榜单剩余额度不足。"),
                rule=f"award.{field}_beyond_call",
                remedy=Text("Grant less, or decline the proposal.", "请减少额度或不予立项。"),
                field=field,
            )


@operation(
    "calls.award.close",
    permission=may.AWARD_CLOSE,
    title=Text("Close", "办结"),
    sentence=Text("closed the award {subject}", "办结了立项 {subject}"),
    lifecycle=AWARD,
    transition=AWARD.close,
)
def award_close(ctx: RunContext, award: Award, *, reason: Reason) -> None:
    """End an award: no hours can be asked for on it any more."""
