"""Calls: draft, publish, close, rank."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import Help, Json, Long, operation
from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text
from hutong.modules.calls import policy as may
from hutong.modules.calls.lifecycle import CALL
from hutong.modules.calls.models import Call, Proposal
from hutong.modules.calls.ranking import FEWEST_REVIEWS, Scored, rank, score
from hutong.platform.context import RunContext

MOST_CRITERIA = 12
EXAMPLE = "- {name_en: Merit, name_zh: 先进性, weight: 3}"


def check_criteria(given: Any) -> list[dict[str, Any]]:
    """Criteria as a list of names in both languages with whole weights from 1 to 100."""
    rows = given if isinstance(given, list) else []
    good = [r for r in rows if isinstance(r, Mapping) and set(r) == {"name_en", "name_zh", "weight"}]
    named = all(isinstance(r[k], str) and r[k].strip() for r in good for k in ("name_en", "name_zh"))
    whole = all(type(r["weight"]) is int and 1 <= r["weight"] <= 100 for r in good)
    if not good or len(good) != len(rows) or len(rows) > MOST_CRITERIA or not named or not whole:
        raise Invalid(
            Text("The criteria cannot be read.", "评审标准无法识别。"),
            rule="call.criteria",
            remedy=Text(
                "Give 1 to {n} criteria, each with name_en, name_zh and a whole weight from 1 to 100.",
                "请给出1至{n}项标准，每项含 name_en、name_zh 与1至100的整数权重。",
            ).format(n=MOST_CRITERIA),
            field="criteria",
        )
    return [dict(r) for r in good]


@operation(
    "calls.call.draft",
    permission=may.CALL_DRAFT,
    title=Text("Draft a call", "起草项目榜单"),
    sentence=Text("drafted the call {subject}", "起草了项目榜单 {subject}"),
    lifecycle=CALL,
    creates=Call,
)
def call_draft(
    ctx: RunContext,
    *,
    title_en: Annotated[str, Text("Title in English", "英文标题")],
    title_zh: Annotated[str, Text("Title in Chinese", "中文标题")],
    problem: Annotated[str, Text("The problem, and who may compete", "攻关需求与申报条件"), Long(10_000)],
    deadline: Annotated[datetime, Text("Proposals until", "申报截止时间")],
    criteria: Annotated[
        Json,
        Text("Criteria", "评审标准"),
        Help(Text(f"One line each, for example {EXAMPLE}", f"每项一行，例如 {EXAMPLE}")),
    ],
    hours: Annotated[ChipTime, Text("Chip-hours in all", "算力总额（卡时）")],
    budget: Annotated[Money, Text("Money in all", "资金总额")],
) -> Call:
    """Write down a problem that anybody may take up, how proposals are judged, and how much there is."""
    if hours.as_json() <= 0:
        raise Invalid(
            Text("A call offers some hours.", "榜单须提供算力额度。"),
            rule="call.hours",
            remedy=Text("Give more than zero.", "请填写大于零的数值。"),
            field="hours",
        )
    return Call(
        title_en=title_en,
        title_zh=title_zh,
        problem=problem,
        deadline=deadline,
        criteria=check_criteria(criteria.value),
        hours_ms=hours.as_json(),
        budget_fen=budget.as_json(),
    )


@operation(
    "calls.call.publish",
    permission=may.CALL_PUBLISH,
    title=Text("Publish", "发布"),
    sentence=Text("published the call {subject}", "发布了项目榜单 {subject}"),
    lifecycle=CALL,
    transition=CALL.publish,
)
def call_publish(ctx: RunContext, call: Call) -> None:
    """Show the call to everybody; from now on its criteria and amounts are fixed."""
    if call.deadline <= ctx.now:
        raise Conflict(
            Text("The deadline lies in the past.", "申报截止时间已过。"),
            rule="call.deadline_past",
            remedy=Text("Draft the call again with a later deadline.", "请以较晚的截止时间重新起草。"),
            field="deadline",
        )


@operation(
    "calls.call.close",
    permission=may.CALL_CLOSE,
    title=Text("Close for proposals", "截止受理"),
    sentence=Text("closed the call {subject} for proposals", "截止了项目榜单 {subject} 的申报"),
    lifecycle=CALL,
    transition=CALL.close,
)
def call_close(ctx: RunContext, call: Call) -> None:
    """Close the call once its deadline has passed; not a minute earlier, since applicants rely on it."""
    if ctx.now < call.deadline:
        raise Conflict(
            Text("The deadline has not passed yet.", "尚未到申报截止时间。"),
            rule="call.deadline_ahead",
            remedy=Text("Close it after the deadline.", "请在截止时间之后办理。"),
            field="deadline",
        )


@operation(
    "calls.call.rank",
    permission=may.CALL_RANK,
    title=Text("Rank the proposals", "申报书排序"),
    sentence=Text("ranked the proposals of {subject}", "对 {subject} 的申报书进行了排序"),
    lifecycle=CALL,
    transition=CALL.rank,
)
def call_rank(ctx: RunContext, call: Call) -> None:
    """Rank the proposals by the exact mean of their weighted scores; the order is computed and nobody types it."""
    weights = [c["weight"] for c in call.criteria]
    proposals = list(call.proposals.exclude(state="withdrawn").prefetch_related("reviews"))
    scored = [_scored(p, weights) for p in proposals]
    by_code = {p.code: p for p in proposals}
    ordered = rank(scored)
    for place, one in enumerate(ordered, start=1):
        proposal = by_code[one.code]
        proposal.rank, proposal.score = place, decimal_text(one.score, 4)
        ctx.touch(proposal)
    call.ranking = [{"proposal": s.code, "score": str(s.score), "rank": i} for i, s in enumerate(ordered, 1)]
    ctx.note(ranking=call.ranking, ties="score, then smaller budget, then earlier submission")


def _scored(proposal: Proposal, weights: list[int]) -> Scored:
    points = [r.scores for r in proposal.reviews.all() if r.state == "scored"]
    if len(points) < FEWEST_REVIEWS:
        raise Conflict(
            Text(
                "Proposal {p} has {n} reviews; it needs {m}.", "申报书 {p} 仅有{n}份评审意见，至少须{m}份。"
            ).format(p=proposal.code, n=len(points), m=FEWEST_REVIEWS),
            rule="call.reviews_missing",
            remedy=Text("Wait for the scores or assign further reviewers.", "请等待评分或增派评审专家。"),
        )
    return Scored(proposal.code, proposal.pk, proposal.budget_fen, score(points, weights))
