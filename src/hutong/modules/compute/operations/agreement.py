"""Agreements of partnership: a centre offers its shares, the task force signs, either side ends it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from hutong.kernel.clock import local_date
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import Help, Long, Reason, operation
from hutong.kernel.quantity import Share
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import AGREEMENT
from hutong.modules.compute.models import Agreement, Centre
from hutong.platform.context import RunContext


@operation(
    "compute.agreement.offer",
    permission=may.AGREEMENT_OFFER,
    title=Text("Offer an agreement", "提出算力伙伴协议"),
    sentence=Text("offered the agreement {subject}", "提出了算力伙伴协议 {subject}"),
    lifecycle=AGREEMENT,
    creates=Agreement,
    needs=("active", "draining"),
)
def agreement_offer(
    ctx: RunContext,
    centre: Centre,
    *,
    guaranteed: Annotated[
        Share,
        Text("Share kept for own users", "自用保障份额"),
        Help(Text("For example 60 %.", "例如 60%。")),
    ],
    lendable: Annotated[Share, Text("Share that may be lent", "可出借份额")],
    notice_min: Annotated[int, Text("Notice of recall (minutes)", "收回通知期（分钟）")],
    valid_from: Annotated[date, Text("From", "起始日期")],
    valid_to: Annotated[date, Text("Until", "截止日期")],
    terms: Annotated[str, Text("Further terms", "其他约定"), Long(10_000)] = "",
) -> Agreement:
    """Say what a centre keeps, what it lends and how soon it wants it back. It stays the master of its own admission."""
    kept, lent = _milli(guaranteed, "guaranteed"), _milli(lendable, "lendable")
    if kept + lent > 1000:
        raise Invalid(
            Text("The two shares come to more than the whole.", "两项份额合计超过总量。"),
            rule="agreement.shares",
            remedy=Text("Lower one: together they are at most 100 %.", "请调低其一：合计不超过100%。"),
            field="lendable",
        )
    if not 0 <= notice_min <= 7 * 24 * 60:
        raise Invalid(
            Text("The notice lies between 0 minutes and 7 days.", "通知期须在0分钟至7天之间。"),
            rule="agreement.notice",
            remedy=Text("Give minutes as a whole number.", "请以整数分钟填写。"),
            field="notice_min",
        )
    if valid_to < max(valid_from, local_date(ctx.now)):
        raise Invalid(
            Text("The agreement ends before it begins or is over already.", "协议截止早于起始，或已届满。"),
            rule="agreement.period",
            remedy=Text("Give a later last day.", "请填写更晚的截止日期。"),
            field="valid_to",
        )
    return Agreement(
        centre=centre,
        guaranteed_milli=kept,
        lendable_milli=lent,
        notice_min=notice_min,
        valid_from=valid_from,
        valid_to=valid_to,
        terms=terms,
    )


def _milli(share: Share, field: str) -> int:
    thousandths = share.fraction * 1000
    if thousandths.denominator != 1 or not 0 <= thousandths <= 1000:
        raise Invalid(
            Text("A share of an agreement is given in whole thousandths.", "协议份额以整千分数填写。"),
            rule="agreement.share",
            remedy=Text("For example 60 % or 0.605.", "例如 60% 或 0.605。"),
            field=field,
        )
    return int(thousandths)


@operation(
    "compute.agreement.sign",
    permission=may.AGREEMENT_SIGN,
    title=Text("Sign the agreement", "签署协议"),
    sentence=Text("signed the agreement {subject}", "签署了协议 {subject}"),
    lifecycle=AGREEMENT,
    transition=AGREEMENT.sign,
)
def agreement_sign(ctx: RunContext, agreement: Agreement) -> None:
    """Put an offered agreement in force. A centre has one at a time."""
    other = Agreement.objects.filter(centre=agreement.centre, state="active").first()
    if other is not None:
        raise Conflict(
            Text("The agreement {a} is in force.", "协议 {a} 已生效。").format(a=other.code),
            rule="agreement.one_in_force",
            remedy=Text("End it first.", "请先终止该协议。"),
        )


@operation(
    "compute.agreement.reject",
    permission=may.AGREEMENT_SIGN,
    title=Text("Reject the agreement", "驳回协议"),
    sentence=Text("rejected the agreement {subject}", "驳回了协议 {subject}"),
    lifecycle=AGREEMENT,
    transition=AGREEMENT.reject,
)
def agreement_reject(ctx: RunContext, agreement: Agreement, *, reason: Reason) -> None:
    """Refuse an offered agreement, with the reason."""


@operation(
    "compute.agreement.close",
    permission=may.AGREEMENT_CLOSE,
    title=Text("End the agreement", "终止协议"),
    sentence=Text("ended the agreement {subject}", "终止了协议 {subject}"),
    lifecycle=AGREEMENT,
    transition=AGREEMENT.close,
)
def agreement_close(ctx: RunContext, agreement: Agreement, *, reason: Reason) -> None:
    """End an agreement: guests that run go on to their end, no further ones come."""
