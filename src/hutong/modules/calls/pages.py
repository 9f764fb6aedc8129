"""How calls, proposals, reviews and awards appear."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.calls import policy as may
from hutong.modules.calls.models import Award, Call, Proposal, Review
from hutong.modules.calls.view import call_context
from hutong.platform.entities import Entity, Show, show

SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
APPLICANT = Show("organisation", Text("Applicant", "申报方"), "record")
CALL_OF = Show("call", Call.title, "record")
TITLE_ZH = Show("title_zh", Text("Title in Chinese", "中文标题"))
TITLE_EN = Show("title_en", Text("Title in English", "英文标题"))
DEADLINE = Show("deadline", Text("Proposals until", "申报截止时间"), "instant")
HOURS = Show("hours_ms", Text("Chip-hours in all", "算力总额（卡时）"), "chip_time")
BUDGET = Show("budget_fen", Text("Money in all", "资金总额"), "money")
RANK = Show("rank", Text("Rank", "名次"), "count")
SCORE = Show("score", Text("Score", "得分"))
GRANTED = Show("granted_ms", Text("Chip-hours", "算力（卡时）"), "chip_time")
AMOUNT = Show("amount_fen", Text("Money", "资金"), "money")
PROPOSAL_OF = Show("proposal", Proposal.title, "record")

show(
    Entity(
        model=Call,
        scope="calls",
        resource="call",
        menu=(30, Text("Calls", "榜单")),
        view=may.CALL_VIEW,
        title=Call.title,
        plural=Text("Calls", "项目榜单"),
        columns=(TITLE_ZH, TITLE_EN, DEADLINE, HOURS, BUDGET),
        fields=(
            TITLE_ZH,
            TITLE_EN,
            DEADLINE,
            HOURS,
            BUDGET,
            Show("problem", Text("The problem, and who may compete", "攻关需求与申报条件"), "long"),
        ),
        related=(
            (Text("Proposals", "申报书"), "calls.proposal", "call"),
            (Text("Awards", "立项"), "calls.award", "proposal__call"),
        ),
        empty=Text(
            "No call is open. The task force publishes the first one.", "暂无榜单，由工作专班发布第一个榜单。"
        ),
        words=lambda c: (c.name, c.problem),
        context=call_context,
    )
)
show(
    Entity(
        model=Proposal,
        scope="calls",
        resource="proposal",
        view=may.PROPOSAL_VIEW,
        title=Proposal.title,
        plural=Text("Applications", "申报书"),
        columns=(CALL_OF, SYSTEM, APPLICANT, RANK, SCORE),
        fields=(
            CALL_OF,
            SYSTEM,
            APPLICANT,
            Show("summary", Text("Proposal", "方案"), "long"),
            Show("requested_ms", Text("Chip-hours asked for", "申请算力（卡时）"), "chip_time"),
            Show("budget_fen", Text("Money asked for", "申请资金"), "money"),
            RANK,
            SCORE,
            Show("decision", Text("Reasons of the decision", "决定理由"), "long"),
        ),
        related=((Text("Reviews", "评审意见"), "calls.review", "proposal"),),
        empty=Text("No proposal yet. Open a call and submit one.", "尚无申报书，请打开榜单提交。"),
        select=("call", "system", "organisation"),
    )
)
show(
    Entity(
        model=Review,
        scope="calls",
        resource="review",
        view=may.REVIEW_VIEW,
        title=Review.title,
        plural=Text("Reviews", "评审意见"),
        columns=(PROPOSAL_OF, Show("proposal.system.name_zh", Text("AI system", "人工智能系统"))),
        fields=(
            PROPOSAL_OF,
            Show("proposal.system.name_zh", Text("AI system", "人工智能系统")),
            Show("proposal.summary", Text("Proposal", "方案"), "long"),
            Show("proposal.call.criteria", Text("How it is judged", "评审标准"), "json"),
            Show("scores", Text("Points", "分数"), "json"),
            Show("comment", Text("Reasons", "评审理由"), "long"),
        ),
        empty=Text("Nothing is assigned to you.", "暂无分派给您的评审。"),
        select=("proposal", "proposal__system", "proposal__call"),
    )
)
show(
    Entity(
        model=Award,
        scope="calls",
        resource="award",
        view=may.AWARD_VIEW,
        title=Award.title,
        plural=Text("Awards", "立项"),
        columns=(SYSTEM, APPLICANT, GRANTED, AMOUNT),
        fields=(SYSTEM, APPLICANT, PROPOSAL_OF, GRANTED, AMOUNT),
        empty=Text("No award yet: calls are still being decided.", "尚无立项，榜单仍在评审中。"),
        select=("system", "organisation", "proposal"),
    )
)
