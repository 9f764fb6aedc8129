"""Statements of use: a centre claims, the hub holds it against its own meter, an officer accepts, disputes and settles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import Help, Json, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import STATEMENT
from hutong.modules.compute.models import Centre, Statement
from hutong.modules.compute.money import claims
from hutong.modules.compute.tasks import quarantine
from hutong.platform.context import RunContext

EXAMPLE = '{attempt: JOB-0001/7, began: "2026-11-02T08:00:00Z", ended: "2026-11-02T09:30:00Z", chips: 8}'


@operation(
    "compute.statement.submit",
    permission=may.STATEMENT_SUBMIT,
    title=Text("Submit a statement of use", "提交用量对账单"),
    sentence=Text("submitted the statement {subject}", "提交了用量对账单 {subject}"),
    lifecycle=STATEMENT,
    creates=Statement,
    needs=("active", "draining", "suspended", "closed"),
)
def statement_submit(
    ctx: RunContext,
    centre: Centre,
    *,
    begins: Annotated[datetime, Text("Period from", "账期起")],
    ends: Annotated[datetime, Text("Until, excluded", "账期止（不含）")],
    lines: Annotated[
        Json | None,
        Text("Use claimed", "申报用量"),
        Help(
            Text(
                f"One line each, for example {EXAMPLE}. None: as the hub metered.",
                f"每项一行，例如 {EXAMPLE}。不填则以平台计量为准。",
            )
        ),
    ] = None,
) -> Statement:
    """Claim the use of a period. It is held against what the hub metered at once, and the difference is said."""
    if not begins < ends <= ctx.now:
        raise Invalid(
            Text("The period is empty or not over yet.", "账期为空或尚未结束。"),
            rule="statement.period",
            remedy=Text("Give a period that is over.", "请填写已结束的账期。"),
            field="ends",
        )
    _once(centre, begins, ends)
    metered = claims.metered(centre, begins, ends)
    claimed = claims.read(lines.value if lines is not None else claims.as_rows(metered), centre, begins, ends)
    others = claims.elsewhere(centre, claimed, begins, ends)
    found = claims.compare(centre, claimed, metered, others)
    ctx.note(
        verdict=found.verdict, claimed_fen=found.claimed_fen, metered_fen=found.metered_fen, flags=found.flags
    )
    made = Statement(
        centre=centre,
        begins=begins,
        ends=ends,
        lines=claims.as_rows(claimed),
        flags=found.flags,
        claimed_ms=found.claimed_ms,
        metered_ms=found.metered_ms,
        claimed_fen=found.claimed_fen,
        metered_fen=found.metered_fen,
    )
    ctx.keep(made)
    if found.verdict == "quarantined":
        ctx.enqueue(quarantine, statement=made.code)
    return made


def _once(centre: Centre, begins: datetime, ends: datetime) -> None:
    """Nothing is claimed twice: a centre's standing statements do not overlap. The centre's row is the lock."""
    Centre.objects.select_for_update().get(pk=centre.pk)
    other = (
        Statement.objects.filter(centre=centre, begins__lt=ends, ends__gt=begins)
        .exclude(state="withdrawn")
        .first()
    )
    if other is not None:
        raise Conflict(
            Text("{s} covers part of this period.", "{s} 已涵盖部分账期。").format(s=other.code),
            rule="statement.overlap",
            remedy=Text("Withdraw it or give another period.", "请撤回该对账单或另选账期。"),
            field="begins",
        )


@operation(
    "compute.statement.accept",
    permission=may.STATEMENT_JUDGE,
    title=Text("Accept the statement", "受理对账单"),
    sentence=Text("accepted the statement {subject}", "受理了用量对账单 {subject}"),
    lifecycle=STATEMENT,
    transition=STATEMENT.accept,
)
def statement_accept(ctx: RunContext, statement: Statement) -> None:
    """Accept what agrees with the hub's meter. What does not agree is disputed instead."""
    flags: list[Mapping[str, Any]] = statement.flags
    if flags:
        raise Conflict(
            Text("The statement does not agree with the meter: {f}", "对账单与计量不符：{f}").format(
                f=Text(flags[0]["en"], flags[0]["zh"])
            ),
            rule="statement.flagged",
            remedy=Text(
                "Dispute it; the centre withdraws and claims anew.", "请提出质疑，由算力中心撤回后重新申报。"
            ),
        )
    ctx.note(claimed_fen=statement.claimed_fen)


@operation(
    "compute.statement.dispute",
    permission=may.STATEMENT_JUDGE,
    title=Text("Dispute the statement", "质疑对账单"),
    sentence=Text("disputed the statement {subject}", "质疑了用量对账单 {subject}"),
    lifecycle=STATEMENT,
    transition=STATEMENT.dispute,
)
def statement_dispute(ctx: RunContext, statement: Statement, *, reason: Reason) -> None:
    """Refuse to pay what was claimed, with the reason."""


@operation(
    "compute.statement.withdraw",
    permission=may.STATEMENT_WITHDRAW,
    title=Text("Withdraw the statement", "撤回对账单"),
    sentence=Text("withdrew the statement {subject}", "撤回了用量对账单 {subject}"),
    lifecycle=STATEMENT,
    transition=STATEMENT.withdraw,
)
def statement_withdraw(ctx: RunContext, statement: Statement, *, reason: Reason) -> None:
    """Take a claim back; the period can be claimed anew."""


@operation(
    "compute.statement.settle",
    permission=may.STATEMENT_SETTLE,
    title=Text("Settle the statement", "结算对账单"),
    sentence=Text("settled the statement {subject}", "结算了用量对账单 {subject}"),
    lifecycle=STATEMENT,
    transition=STATEMENT.settle,
)
def statement_settle(ctx: RunContext, statement: Statement) -> None:
    """Record that an accepted statement was paid."""
    ctx.note(paid_fen=statement.claimed_fen)
