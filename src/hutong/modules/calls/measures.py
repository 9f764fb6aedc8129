"""What open competition offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.platform.evidence import facts_from_events


@measure(
    "calls.calls_published",
    unit="count(call)",
    nature="flow",
    title=Text("Calls published", "发布榜单数"),
    definition=Text(
        "Calls shown to the public, on the day of publication.", "向社会发布的榜单，按发布之日计。"
    ),
)
def calls_published() -> Iterable[Fact]:
    return facts_from_events("calls.call.publish", kind="calls.call")


@measure(
    "calls.proposals_submitted",
    unit="count(proposal)",
    nature="flow",
    title=Text("Proposals submitted", "提交申报书数"),
    definition=Text(
        "Proposals received before the deadline, later withdrawals included.",
        "截止时间前收到的申报书，含此后撤回的。",
    ),
)
def proposals_submitted() -> Iterable[Fact]:
    return facts_from_events("calls.proposal.submit", kind="calls.proposal")


@measure(
    "calls.awards_granted",
    unit="count(award)",
    nature="flow",
    title=Text("Awards granted", "立项数"),
    definition=Text("Awards, on the day of the decision.", "批准的立项，按决定之日计。"),
)
def awards_granted() -> Iterable[Fact]:
    return facts_from_events("calls.award.grant", kind="calls.award")


@measure(
    "calls.award_amount",
    unit="fen",
    nature="flow",
    title=Text("Money awarded", "立项金额"),
    definition=Text("Money of the awards, on the day of the decision.", "立项批准金额，按决定之日计。"),
)
def award_amount() -> Iterable[Fact]:
    return facts_from_events(
        "calls.award.grant",
        kind="calls.award",
        amount=lambda event, payload: Money.of(payload["input"]["amount"]).as_json(),
    )
