"""Allocations: ask, approve or reject, activate, close."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Case, F, Sum, When

from hutong.kernel.errors import Conflict, Exhausted, Invalid
from hutong.kernel.operation import Reason, operation
from hutong.kernel.quantity import ChipTime
from hutong.kernel.text import Text
from hutong.modules.calls.contract import Award, live_award
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import ALLOCATION
from hutong.modules.compute.models import Allocation, Job, Pool
from hutong.modules.compute.money import book
from hutong.platform.context import RunContext

Hours = Annotated[ChipTime, Text("Chip-hours", "算力（卡时）")]


@operation(
    "compute.allocation.request",
    permission=may.ALLOCATION_REQUEST,
    title=Text("Ask for hours", "申请算力配额"),
    sentence=Text("asked for hours: {subject}", "申请了算力配额 {subject}"),
    lifecycle=ALLOCATION,
    creates=Allocation,
    needs=("live",),
)
def allocation_request(
    ctx: RunContext, award: Award, *, pool: Pool, hours: Hours, reason: Reason
) -> Allocation:
    """Ask a centre for a part of the hours that an award grants."""
    view = live_award(award.code)
    _offered(pool, "pool")
    _positive(hours)
    _within_award(award, view.granted_ms, hours)
    return Allocation(
        award=award,
        system_id=view.system_id,
        organisation_id=view.organisation_id,
        pool=pool,
        requested_ms=hours.as_json(),
        reason=reason,
    )


def _offered(pool: Pool, field: str | None = None) -> None:
    if pool.state != "active":
        raise Conflict(
            Text("The pool {p} is closed.", "算力池 {p} 已关闭。").format(p=pool.code),
            rule="allocation.pool_closed",
            remedy=Text("Hours are given on a pool that is active.", "请在在用的算力池上申请算力。"),
            field=field,
        )


def _positive(hours: ChipTime) -> None:
    if hours.as_json() <= 0:
        raise Invalid(
            Text("An allocation is more than zero.", "配额须大于零。"),
            rule="allocation.hours",
            remedy=Text("Give more than zero.", "请填写大于零的数值。"),
            field="hours",
        )


def _within_award(award: Award, granted_ms: int, hours: ChipTime) -> None:
    """What was granted, and what is still asked for, never exceeds the award. The award's row is the lock."""
    live = Allocation.objects.filter(award=award).exclude(state="rejected")
    # Until it is approved, an allocation weighs what it asks for.
    weight = Case(When(state="submitted", then=F("requested_ms")), default=F("granted_ms"))
    taken = live.aggregate(total=Sum(weight))["total"] or 0
    if taken + hours.as_json() > granted_ms:
        left = ChipTime.of(max(granted_ms - taken, 0))
        raise Exhausted(
            Text("The award {a} has {l} left.", "立项 {a} 剩余 {l}。").format(
                a=award.code, l=Text(left.say("en"), left.say("zh"))
            ),
            rule="allocation.beyond_award",
            remedy=Text("Ask for less.", "请减少申请额度。"),
            field="hours",
        )


@operation(
    "compute.allocation.approve",
    permission=may.ALLOCATION_APPROVE,
    title=Text("Approve hours", "批准算力配额"),
    sentence=Text("approved the hours of {subject}", "批准了算力配额 {subject}"),
    lifecycle=ALLOCATION,
    transition=ALLOCATION.approve,
)
def allocation_approve(ctx: RunContext, allocation: Allocation, *, hours: Hours, reason: Reason) -> None:
    """Grant an applicant hours on a centre's chips; they are entered into the book when they are activated."""
    _offered(allocation.pool)
    _positive(hours)
    if hours.as_json() > allocation.requested_ms:
        raise Invalid(
            Text("This is more than was asked for.", "批准额度超过申请额度。"),
            rule="allocation.more_than_asked",
            remedy=Text("Grant at most what was asked for.", "批准额度不得超过申请额度。"),
            field="hours",
        )
    allocation.granted_ms = hours.as_json()


@operation(
    "compute.allocation.reject",
    permission=may.ALLOCATION_REJECT,
    title=Text("Reject", "驳回"),
    sentence=Text("rejected the request for hours {subject}", "驳回了算力申请 {subject}"),
    lifecycle=ALLOCATION,
    transition=ALLOCATION.reject,
)
def allocation_reject(ctx: RunContext, allocation: Allocation, *, reason: Reason) -> None:
    """Refuse a request for hours, with the reason. The award keeps its hours."""


@operation(
    "compute.allocation.activate",
    permission=may.ALLOCATION_ACTIVATE,
    title=Text("Activate the hours", "启用算力配额"),
    sentence=Text("activated the hours of {subject}", "启用了算力配额 {subject}"),
    lifecycle=ALLOCATION,
    transition=ALLOCATION.activate,
)
def allocation_activate(ctx: RunContext, allocation: Allocation) -> None:
    """Enter the granted hours into the book: from now on jobs can run. Later gates of the lane may refuse this."""
    book.open_accounts(allocation)
    book.grant(allocation, allocation.granted_ms, ctx.now)
    ctx.note(granted_ms=allocation.granted_ms)


@operation(
    "compute.allocation.close",
    permission=may.ALLOCATION_CLOSE,
    title=Text("Close the allocation", "办结算力配额"),
    sentence=Text("closed the allocation {subject}", "办结了算力配额 {subject}"),
    lifecycle=ALLOCATION,
    transition=ALLOCATION.close,
)
def allocation_close(ctx: RunContext, allocation: Allocation, *, reason: Reason) -> None:
    """End an allocation whose jobs have ended. What was used stays in the book."""
    if Job.objects.filter(allocation=allocation, state__in=("submitted", "running")).exists():
        raise Conflict(
            Text("Jobs of this allocation wait or run.", "该配额尚有排队或运行中的作业。"),
            rule="allocation.open_jobs",
            remedy=Text("Cancel them or wait for their end.", "请取消或等待其结束。"),
        )
    ctx.note(used_ms=book.balances(allocation).get("used", 0))
