"""Reviews: assign, declare a conflict, score."""

from __future__ import annotations

from typing import Annotated, Any

from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.operation import Help, Json, Long, Reason, operation
from hutong.kernel.permission import Role
from hutong.kernel.text import Text
from hutong.modules.calls import policy as may
from hutong.modules.calls.lifecycle import REVIEW
from hutong.modules.calls.models import Proposal, Review
from hutong.modules.parties.contract import Person, holds_role, houses_of
from hutong.platform.context import RunContext

Reviewer = Annotated[Person, Text("Reviewer", "评审专家")]


@operation(
    "calls.review.assign",
    permission=may.REVIEW_ASSIGN,
    title=Text("Assign a reviewer", "分派评审专家"),
    sentence=Text("assigned a reviewer: {subject}", "分派了评审专家：{subject}"),
    lifecycle=REVIEW,
    creates=Review,
    needs=("submitted",),
)
def review_assign(ctx: RunContext, proposal: Proposal, *, reviewer: Reviewer) -> Review:
    """Ask a reviewer who has no tie to the applicant or a co-applicant for a judgement."""
    if not holds_role(reviewer, Role.REVIEWER, ctx.now):
        raise Invalid(
            Text("This person is not a reviewer.", "该人员不是评审专家。"),
            rule="review.role",
            remedy=Text("Choose a person who holds the reviewer's role.", "请选择持有评审专家角色的人员。"),
            field="reviewer",
        )
    _awaited(proposal)
    _untied(ctx, proposal, reviewer, field="reviewer")
    return Review(proposal=proposal, reviewer=reviewer)


def _awaited(proposal: Proposal) -> None:
    """Nothing is judged after the ranking: whoever computes it again must find the same scores."""
    if proposal.call.state == "decided":
        raise Conflict(
            Text("The proposals of this call are ranked already.", "该榜单的申报书已完成排序。"),
            rule="review.after_ranking",
            remedy=Text("Open the ranking of the call.", "请查看榜单的排序结果。"),
        )


def _untied(ctx: RunContext, proposal: Proposal, reviewer: Person, field: str | None) -> None:
    """No tie to the applicants now, and no hand in the proposal, which leaving the applicant does not undo."""
    applicants = {proposal.organisation.code, *proposal.co_applicants}
    tie = sorted(applicants & houses_of(reviewer, ctx.now))
    if tie:
        what = Text("The reviewer belongs to {o}, which applies.", "该专家隶属申报单位 {o}。")
    elif reviewer.pk == proposal.created_by_id:
        what = Text("The reviewer submitted this proposal.", "该专家为申报书提交人。")
    else:
        return
    raise Denied(
        what.format(o=", ".join(tie)),
        rule="review.conflict_of_interest",
        remedy=Text(
            "Assign a reviewer without a tie to the applicants; one assigned already declares the conflict.",
            "请分派与申报单位无关联的专家；已分派的专家应声明利益冲突。",
        ),
        field=field,
    )


@operation(
    "calls.review.declare",
    permission=may.REVIEW_DECLARE,
    title=Text("Declare a conflict of interest", "声明利益冲突"),
    sentence=Text("declared a conflict of interest: {subject}", "声明利益冲突：{subject}"),
    lifecycle=REVIEW,
    transition=REVIEW.declare,
)
def review_declare(ctx: RunContext, review: Review, *, reason: Reason) -> None:
    """Step back from a proposal because of a tie; no score of this reviewer counts."""


@operation(
    "calls.review.score",
    permission=may.REVIEW_SCORE,
    title=Text("Score", "评分"),
    sentence=Text("scored the proposal: {subject}", "完成评分：{subject}"),
    lifecycle=REVIEW,
    transition=REVIEW.score,
)
def review_score(
    ctx: RunContext,
    review: Review,
    *,
    scores: Annotated[
        Json,
        Text("Points", "分数"),
        Help(
            Text(
                "A list, 0 to 100 for each criterion in order, for example [80, 90].",
                "列表，按标准顺序各给0至100分，例如 [80, 90]。",
            )
        ),
    ],
    comment: Annotated[str, Text("Reasons", "评审理由"), Long(10_000)],
) -> None:
    """Give points to each published criterion, with reasons; the runner lets nobody change them afterwards."""
    _awaited(review.proposal)
    if review.proposal.state == "withdrawn":
        raise Conflict(
            Text("The proposal was withdrawn.", "该申报书已撤回。"),
            rule="review.withdrawn",
            remedy=Text("There is nothing left to score.", "无须再行评分。"),
        )
    _untied(ctx, review.proposal, review.reviewer, field=None)
    review.scores = _points(scores.value, len(review.proposal.call.criteria))
    review.comment = comment


def _points(given: Any, count: int) -> list[int]:
    points = given if isinstance(given, list) else []
    if len(points) != count or not all(type(p) is int and 0 <= p <= 100 for p in points):
        raise Invalid(
            Text(
                "There are {n} criteria, each with 0 to 100 whole points.", "共{n}项标准，每项0至100整数分。"
            ).format(n=count),
            rule="review.points",
            remedy=Text("Give one whole number per criterion, in order.", "请按顺序为每项标准填写一个整数。"),
            field="scores",
        )
    return list(points)
