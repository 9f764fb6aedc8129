"""What can be done in ethics review."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Annotated

from hutong.kernel.clock import local_date
from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.operation import Choice, Long, Reason, operation
from hutong.kernel.permission import Role
from hutong.kernel.text import Text
from hutong.modules.ethics import policy as may
from hutong.modules.ethics.lifecycle import APPLICATION, VOTE
from hutong.modules.ethics.models import Application, Vote
from hutong.modules.ethics.rules import rules
from hutong.modules.parties.contract import Person, holds_role, houses_of
from hutong.modules.passport.contract import System
from hutong.platform.context import RunContext

CHOICES = Choice(
    (
        ("approve", Text("In favour", "同意")),
        ("reject", Text("Against", "不同意")),
        ("abstain", Text("Abstain", "弃权")),
    )
)


@operation(
    "ethics.application.submit",
    permission=may.SUBMIT,
    title=Text("Apply for ethics review", "申请伦理审查"),
    sentence=Text("applied for ethics review: {subject}", "申请了伦理审查 {subject}"),
    lifecycle=APPLICATION,
    creates=Application,
    needs=("registered", "published"),
)
def application_submit(
    ctx: RunContext,
    system: System,
    *,
    summary: Annotated[str, Text("Whom it affects, and how", "影响对象与方式"), Long(10_000)],
    safeguards: Annotated[str, Text("What protects them", "保护措施"), Long(10_000)],
) -> Application:
    """Ask the committee for its approval before hours and data are given."""
    return Application(
        system=system, organisation_id=system.organisation_id, summary=summary, safeguards=safeguards
    )


@operation(
    "ethics.panel.convene",
    permission=may.CONVENE,
    title=Text("Convene the panel", "召集审查会议"),
    sentence=Text("convened the panel for {subject}", "为 {subject} 召集了审查会议"),
    lifecycle=APPLICATION,
    transition=APPLICATION.convene,
)
def panel_convene(
    ctx: RunContext, application: Application, *, members: Annotated[list[Person], Text("Members", "委员")]
) -> None:
    """Name the members who are to vote. A member of the applicant's house is recused from the start."""
    chosen = {m.pk: m for m in members}
    if len(chosen) < rules().members_min:
        raise Invalid(
            Text("A panel has at least {n} members.", "审查会议委员不少于{n}人。").format(
                n=rules().members_min
            ),
            rule="ethics.members",
            remedy=rules().citations["members_min"],
            field="members",
        )
    for member in chosen.values():
        if not holds_role(member, Role.ETHICS_MEMBER, ctx.now):
            raise Invalid(
                Text("{m} is not a member of the committee.", "{m} 不是伦理委员会委员。").format(
                    m=member.code
                ),
                rule="ethics.not_member",
                remedy=Text("Choose members of the committee.", "请选择委员会委员。"),
                field="members",
            )
    tied = [m.code for m in chosen.values() if application.organisation.code in houses_of(m, ctx.now)]
    if len(chosen) - len(tied) < rules().present_min:
        raise Invalid(
            Text("Fewer than {n} of this panel may vote.", "该名单中可参加表决的委员不足{n}人。").format(
                n=rules().present_min
            ),
            rule="ethics.quorum",
            remedy=Text(
                "Name more members who are not of the applicant's house.", "请增加与申报方无关联的委员。"
            ),
            field="members",
        )
    for member in chosen.values():
        state = "recused" if member.code in tied else ""
        ctx.touch(Vote(application=application, member=member, state=state))
    ctx.note(recused=tied)


@operation(
    "ethics.vote.cast",
    permission=may.VOTE,
    title=Text("Vote", "表决"),
    sentence=Text("voted: {subject}", "完成表决 {subject}"),
    lifecycle=VOTE,
    transition=VOTE.cast,
)
def vote_cast(
    ctx: RunContext, vote: Vote, *, choice: Annotated[str, Text("Vote", "表决意见"), CHOICES], reason: Reason
) -> None:
    """Vote on an application, with the reason. A vote is not changed."""
    _undecided(vote)
    if vote.application.organisation.code in houses_of(vote.member, ctx.now):
        raise Denied(
            Text("You act for the applicant's house now.", "您现已代表申报方。"),
            rule="ethics.conflict_of_interest",
            remedy=Text("Recuse yourself.", "请声明回避。"),
        )
    vote.choice, vote.reason = choice, reason


@operation(
    "ethics.vote.recuse",
    permission=may.VOTE,
    title=Text("Recuse yourself", "声明回避"),
    sentence=Text("stepped back: {subject}", "声明回避 {subject}"),
    lifecycle=VOTE,
    transition=VOTE.recuse,
)
def vote_recuse(ctx: RunContext, vote: Vote, *, reason: Reason) -> None:
    """Leave the decision because of an interest."""
    _undecided(vote)
    vote.reason = reason


def _undecided(vote: Vote) -> None:
    """After the decision its count stands: nobody joins it or leaves it."""
    if vote.application.state != "in_review":
        raise Conflict(
            Text("The application is decided.", "该申请已有决定。"),
            rule="ethics.decided",
            remedy=Text("There is nothing left to vote on.", "无需再表决。"),
        )


@operation(
    "ethics.application.approve",
    permission=may.DECIDE,
    title=Text("Approve", "批准"),
    sentence=Text("approved the application {subject}", "批准了申请 {subject}"),
    lifecycle=APPLICATION,
    transition=APPLICATION.approve,
)
def application_approve(
    ctx: RunContext,
    application: Application,
    *,
    conditions: Annotated[str | None, Text("Conditions", "附加条件"), Long(5_000)] = None,
) -> None:
    """Carry out the committee's vote in favour: quorum and two thirds are counted, not typed."""
    _note(ctx, application)
    application.conditions = conditions or ""
    application.valid_to = _later(local_date(ctx.now), rules().validity_months)


@operation(
    "ethics.application.reject",
    permission=may.DECIDE,
    title=Text("Reject", "驳回"),
    sentence=Text("rejected the application {subject}", "驳回了申请 {subject}"),
    lifecycle=APPLICATION,
    transition=APPLICATION.reject,
)
def application_reject(ctx: RunContext, application: Application, *, reason: Reason) -> None:
    """Carry out the committee's vote against."""
    _note(ctx, application)
    application.conditions = reason


@operation(
    "ethics.application.withdraw",
    permission=may.WITHDRAW,
    title=Text("Withdraw", "撤回"),
    sentence=Text("withdrew the application {subject}", "撤回了申请 {subject}"),
    lifecycle=APPLICATION,
    transition=APPLICATION.withdraw,
)
def application_withdraw(ctx: RunContext, application: Application, *, reason: Reason) -> None:
    """Take the application back before it is decided."""


def _note(ctx: RunContext, application: Application) -> None:
    """The count, and that whoever carries it out did not vote in it."""
    counted = application.tally
    if application.votes.filter(member_id=ctx.actor.id).exists():
        raise Denied(
            Text(
                "You sit on this panel; its decision is carried out by another.",
                "您是本次审查委员，决定须由他人办理。",
            ),
            rule="duty.separated:ethics.vote.cast",
            remedy=Text("Ask a colleague of the secretariat.", "请由秘书处其他人员办理。"),
        )
    ctx.note(
        members=counted.members, recused=counted.recused, present=counted.present, approve=counted.approve
    )


def _later(day: date, months: int) -> date:
    """The same day of the month some months later, or the last day of a month that lacks it (《民法典》第二百零二条)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
