"""States of opportunities and pilots. Whether a pilot passes is computed from its records: see `acceptance`."""

from __future__ import annotations

from typing import Any

from hutong.kernel.lifecycle import Guard, Lifecycle, State, Transition
from hutong.kernel.text import Text

OPPORTUNITY = Lifecycle(
    entity="opportunity",
    title=Text("Opportunity", "场景机会"),
    states=(
        State("draft", Text("Draft", "草稿"), "open"),
        State("published", Text("Published", "发布"), "holds"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(
        Transition("publish", ("draft",), "published"),
        Transition("close", ("published",), "closed"),
    ),
)


def _passes(pilot: Any) -> bool:
    # Looked up when asked: the table of states stands before the tables that the tests are computed from.
    from hutong.modules.scenarios.acceptance import passes

    return passes(pilot)


TESTS_HOLD = Guard(
    "pilot.tests_fail",
    _passes,
    Text(
        "The acceptance tests do not all hold on the pilot's records.", "按试点记录计算，验收项未全部达到。"
    ),
    Text(
        "Look at the failing test on the pilot's page; record further batches, or reject the pilot.",
        "请在试点页面查看未达到的验收项；可继续报送记录，或不予验收。",
    ),
)
TESTS_FAIL = Guard(
    "pilot.tests_hold",
    lambda pilot: not _passes(pilot),
    Text(
        "All acceptance tests hold: this pilot cannot be rejected.",
        "验收项已全部达到，不得作出不予验收的结论。",
    ),
    Text("Accept it: what was agreed beforehand was met.", "请予以验收：事先约定的要求已达到。"),
)
PILOT = Lifecycle(
    entity="pilot",
    title=Text("Pilot", "试点"),
    states=(
        State("proposed", Text("Proposed", "已申请"), "waiting"),
        State("running", Text("Running", "试点中"), "open"),
        State("halted", Text("Halted", "已中止"), "stopped"),
        State("accepted", Text("Accepted", "验收通过"), "holds"),
        State("rejected", Text("Not accepted", "未通过验收"), "stopped"),
        State("adopted", Text("Adopted", "推广应用"), "holds"),
    ),
    transitions=(
        Transition("start", ("proposed",), "running"),
        Transition("halt", ("running",), "halted"),
        Transition("resume", ("halted",), "running"),
        Transition("accept", ("running",), "accepted", guards=(TESTS_HOLD,)),
        Transition("reject", ("running", "halted"), "rejected", guards=(TESTS_FAIL,)),
        Transition("adopt", ("accepted",), "adopted"),
    ),
)
