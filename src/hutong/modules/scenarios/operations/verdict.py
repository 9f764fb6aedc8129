"""The end of a pilot: accept, reject, adopt. The tests decide; a person signs."""

from __future__ import annotations

from hutong.kernel.operation import Reason, operation
from hutong.kernel.text import Text
from hutong.modules.scenarios import policy as may
from hutong.modules.scenarios.acceptance import outcomes
from hutong.modules.scenarios.lifecycle import PILOT
from hutong.modules.scenarios.models import Pilot
from hutong.platform.context import RunContext


def _measure(ctx: RunContext, pilot: Pilot) -> None:
    """Keep each test with its value and threshold, in the record and in the event."""
    pilot.results = [outcome.as_json() for outcome in outcomes(pilot)]
    ctx.note(tests=pilot.results)


@operation(
    "scenarios.pilot.accept",
    permission=may.PILOT_ACCEPT,
    title=Text("Accept the pilot", "验收通过"),
    sentence=Text("accepted the pilot {subject}", "验收通过了试点 {subject}"),
    lifecycle=PILOT,
    transition=PILOT.accept,
)
def pilot_accept(ctx: RunContext, pilot: Pilot) -> None:
    """Accept a pilot whose acceptance tests all hold on its own records."""
    _measure(ctx, pilot)


@operation(
    "scenarios.pilot.reject",
    permission=may.PILOT_REJECT,
    title=Text("Reject the pilot", "不予验收"),
    sentence=Text("rejected the pilot {subject}", "对试点 {subject} 不予验收"),
    lifecycle=PILOT,
    transition=PILOT.reject,
)
def pilot_reject(ctx: RunContext, pilot: Pilot, *, reason: Reason) -> None:
    """End a pilot that does not meet its tests; every failing test stands in the event."""
    _measure(ctx, pilot)


@operation(
    "scenarios.pilot.adopt",
    permission=may.PILOT_ADOPT,
    title=Text("Adopt the system", "推广应用"),
    sentence=Text("adopted the system after the pilot {subject}", "在试点 {subject} 之后推广应用该系统"),
    lifecycle=PILOT,
    transition=PILOT.adopt,
)
def pilot_adopt(ctx: RunContext, pilot: Pilot, *, reason: Reason) -> None:
    """Take an accepted system into regular use."""
    ctx.note(
        system=pilot.system.code,
        version=pilot.version_used.code,
        opportunity=pilot.opportunity.name.as_json(),
    )
