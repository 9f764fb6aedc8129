"""States of applications and votes."""

from __future__ import annotations

from hutong.kernel.lifecycle import Guard, Lifecycle, State, Transition
from hutong.kernel.text import Text

LAW = Text(
    "Measures for ethics review of science and technology (trial), 2023",
    "科技伦理审查办法（试行）（国科发监〔2023〕167号）",
)


QUORUM = Guard(
    rule="ethics.quorum",
    holds=lambda a: a.tally.quorate,
    what=Text("Too few members have voted.", "参会表决委员不足法定人数。"),
    remedy=Text(
        "Wait for further votes; where too few can still vote, the applicant withdraws and applies again.",
        "请等待更多委员表决；可表决委员已不足的，由申报方撤回后重新申请。",
    ),
)
CARRIED = Guard(
    rule="ethics.two_thirds",
    holds=lambda a: a.tally.carried,
    what=Text("Fewer than two thirds of those present are in favour.", "同意人数未达到会委员三分之二。"),
    remedy=Text("Reject the application.", "请作不予批准处理。"),
)
NOT_CARRIED = Guard(
    rule="ethics.two_thirds",
    holds=lambda a: not a.tally.carried,
    what=Text("Two thirds of those present are in favour.", "同意人数已达到会委员三分之二。"),
    remedy=Text("Approve the application.", "请作批准处理。"),
)
APPLICATION = Lifecycle(
    entity="ethics_application",
    title=Text("Ethics application", "伦理审查申请"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("in_review", Text("In review", "审查中"), "waiting"),
        State("approved", Text("Approved", "批准"), "holds"),
        State("rejected", Text("Rejected", "驳回"), "stopped"),
        State("withdrawn", Text("Withdrawn", "撤回"), "closed"),
    ),
    transitions=(
        Transition("convene", ("submitted",), "in_review"),
        Transition("approve", ("in_review",), "approved", guards=(QUORUM, CARRIED), legal_basis=LAW),
        Transition("reject", ("in_review",), "rejected", guards=(QUORUM, NOT_CARRIED), legal_basis=LAW),
        Transition("withdraw", ("submitted", "in_review"), "withdrawn"),
    ),
)

VOTE = Lifecycle(
    entity="vote",
    title=Text("Vote", "表决"),
    states=(
        State("waiting", Text("Waiting", "待表决"), "waiting"),
        State("cast", Text("Cast", "已表决"), "holds"),
        State("recused", Text("Recused", "已回避"), "closed"),
    ),
    transitions=(
        Transition("cast", ("waiting",), "cast"),
        Transition("recuse", ("waiting",), "recused"),
    ),
)
