"""States of calls, proposals, reviews and awards."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

CALL = Lifecycle(
    entity="call",
    title=Text("Call", "项目榜单"),
    states=(
        State("draft", Text("Draft", "草稿"), "open"),
        State("published", Text("Published", "发布"), "holds"),
        State("closed", Text("Closed for proposals", "截止受理"), "waiting"),
        State("decided", Text("Ranked", "已排序"), "closed"),
    ),
    transitions=(
        Transition("publish", ("draft",), "published"),
        Transition("close", ("published",), "closed"),
        Transition("rank", ("closed",), "decided"),
    ),
)

PROPOSAL = Lifecycle(
    entity="proposal",
    title=Text("Application", "申报书"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("awarded", Text("Awarded", "立项"), "holds"),
        State("declined", Text("Declined", "未立项"), "stopped"),
        State("withdrawn", Text("Withdrawn", "撤回"), "closed"),
    ),
    transitions=(
        Transition("award", ("submitted",), "awarded"),
        Transition("decline", ("submitted",), "declined"),
        Transition("withdraw", ("submitted",), "withdrawn"),
    ),
)

REVIEW = Lifecycle(
    entity="review",
    title=Text("Review", "评审意见"),
    states=(
        State("assigned", Text("Assigned", "已分派"), "waiting"),
        State("scored", Text("Scored", "已评分"), "holds"),
        State("recused", Text("Recused", "已回避"), "closed"),
    ),
    transitions=(
        Transition("score", ("assigned",), "scored"),
        Transition(
            "declare",
            ("assigned",),
            "recused",
            legal_basis=Text(
                "Administrative Licensing Law, art. 48 (recusal)", "行政许可法第四十八条（回避）"
            ),
        ),
    ),
)

AWARD = Lifecycle(
    entity="award",
    title=Text("Award", "立项"),
    states=(
        State("live", Text("Live", "有效"), "holds"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(Transition("close", ("live",), "closed"),),
)
