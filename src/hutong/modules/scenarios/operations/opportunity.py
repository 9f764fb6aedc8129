"""Opportunities: draft, publish, close."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import Help, Json, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.scenarios import policy as may
from hutong.modules.scenarios.criteria import EXAMPLE, read_criteria
from hutong.modules.scenarios.lifecycle import OPPORTUNITY
from hutong.modules.scenarios.models import Opportunity
from hutong.platform.context import RunContext

LONGEST_PILOT = 1_095


@operation(
    "scenarios.opportunity.draft",
    permission=may.OPPORTUNITY_DRAFT,
    title=Text("Draft an opportunity", "起草场景机会"),
    sentence=Text("drafted the opportunity {subject}", "起草了场景机会 {subject}"),
    lifecycle=OPPORTUNITY,
    creates=Opportunity,
)
def opportunity_draft(
    ctx: RunContext,
    *,
    title_en: Annotated[str, Text("Title in English", "英文标题")],
    title_zh: Annotated[str, Text("Title in Chinese", "中文标题")],
    need: Annotated[
        str, Text("What is needed, where, with which data", "需求、场所与可提供的数据"), Long(10_000)
    ],
    tests: Annotated[
        Json,
        Text("Acceptance tests", "验收条件"),
        Help(Text(f"A list, for example {EXAMPLE}", f"列表，例如 {EXAMPLE}")),
    ],
    days: Annotated[int, Text("Days a pilot lasts", "试点天数"), Help(Text("1 to 1,095", "1至1095"))] = 30,
) -> Opportunity:
    """Write down a real process that systems may be piloted in, and what a pilot must show to be accepted."""
    if not 1 <= days <= LONGEST_PILOT:
        raise Invalid(
            Text("A pilot lasts 1 to {n} days.", "试点为期1至{n}天。").format(n=LONGEST_PILOT),
            rule="opportunity.days",
            remedy=Text("Give another number of days.", "请更正天数。"),
            field="days",
        )
    criteria = read_criteria(tests.value)
    return Opportunity(
        organisation=ctx.own_organisation(),
        title_en=title_en,
        title_zh=title_zh,
        need=need,
        tests=[c.as_json() for c in criteria],
        days=days,
    )


@operation(
    "scenarios.opportunity.publish",
    permission=may.OPPORTUNITY_PUBLISH,
    title=Text("Publish", "发布"),
    sentence=Text("published the opportunity {subject}", "发布了场景机会 {subject}"),
    lifecycle=OPPORTUNITY,
    transition=OPPORTUNITY.publish,
)
def opportunity_publish(ctx: RunContext, opportunity: Opportunity) -> None:
    """Open the scenario to everybody; from now on its acceptance tests are fixed."""
    ctx.note(tests=opportunity.tests, days=opportunity.days)


@operation(
    "scenarios.opportunity.close",
    permission=may.OPPORTUNITY_CLOSE,
    title=Text("Close", "办结"),
    sentence=Text("closed the opportunity {subject}", "办结了场景机会 {subject}"),
    lifecycle=OPPORTUNITY,
    transition=OPPORTUNITY.close,
)
def opportunity_close(ctx: RunContext, opportunity: Opportunity, *, reason: Reason) -> None:
    """Take no further proposals; not while a pilot is proposed, running or halted."""
    open_ones = opportunity.pilots.filter(state__in=("proposed", "running", "halted"))
    codes = ", ".join(open_ones.order_by("id").values_list("code", flat=True))
    if codes:
        raise Conflict(
            Text("Pilots are still open: {c}.", "尚有未结束的试点：{c}。").format(c=codes),
            rule="opportunity.pilots_open",
            remedy=Text("Accept or reject them first.", "请先作出验收结论。"),
        )
