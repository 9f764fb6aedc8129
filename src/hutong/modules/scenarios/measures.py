"""What scenarios offer to the plan."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.platform.evidence import facts_from_events
from hutong.platform.ledger.tables import Event

OPENING = ("scenarios.pilot.start", "scenarios.pilot.resume")
CLOSING = ("scenarios.pilot.halt", "scenarios.pilot.accept", "scenarios.pilot.reject")


@measure(
    "scenarios.opportunities_published",
    unit="count(opportunity)",
    nature="flow",
    title=Text("Opportunities published", "发布场景机会数"),
    definition=Text(
        "Scenarios opened to the public with their acceptance tests, on the day of publication.",
        "连同验收条件向社会开放的场景机会，按发布之日计。",
    ),
)
def opportunities_published() -> Iterable[Fact]:
    return facts_from_events("scenarios.opportunity.publish", kind="scenarios.opportunity")


@measure(
    "scenarios.pilots_running",
    unit="count(pilot)",
    nature="stock",
    title=Text("Pilots running", "进行中的试点数"),
    definition=Text(
        "Pilots from their start to acceptance, rejection or halt; a halted pilot counts again from its resumption.",
        "自启动起至验收、不予验收或中止为止的试点；中止的试点自恢复之日起重新计入。",
    ),
)
def pilots_running() -> Iterable[Fact]:
    opened: dict[str, Event] = {}
    for event in Event.objects.filter(operation__in=(*OPENING, *CLOSING)).order_by("seq"):
        if event.operation in OPENING:
            opened[event.subject] = event
        elif event.subject in opened:
            yield _ran(opened.pop(event.subject), event)
    for event in opened.values():
        yield _ran(event, None)


def _ran(began: Event, ended: Event | None) -> Fact:
    return Fact(
        record=f"urn:hutong:scenarios.pilot:{began.subject}",
        event=began.seq,
        amount=1,
        valid_from=began.valid_at,
        valid_to=ended.valid_at if ended is not None else None,
        recorded_at=began.recorded_at,
        label=began.subject,
    )


@measure(
    "scenarios.pilots_accepted",
    unit="count(pilot)",
    nature="flow",
    title=Text("Pilots accepted", "验收通过的试点数"),
    definition=Text(
        "Pilots whose acceptance tests all held, on the day of acceptance.",
        "验收条件全部达到的试点，按验收之日计。",
    ),
)
def pilots_accepted() -> Iterable[Fact]:
    return facts_from_events("scenarios.pilot.accept", kind="scenarios.pilot")


@measure(
    "scenarios.systems_adopted",
    unit="count(system)",
    nature="flow",
    title=Text("Systems adopted", "推广应用的系统数"),
    definition=Text(
        "Systems taken into regular use after an accepted pilot, each once, on the day of its first adoption.",
        "试点验收通过后投入常态使用的系统，每个系统计一次，按首次推广应用之日计。",
    ),
)
def systems_adopted() -> Iterable[Fact]:
    seen: set[str | None] = set()
    for event in Event.objects.filter(operation="scenarios.pilot.adopt").order_by("seq"):
        if event.passport not in seen:
            seen.add(event.passport)
            yield Fact(
                record=f"urn:hutong:passport.system:{event.passport}",
                event=event.seq,
                amount=1,
                valid_from=event.valid_at,
                valid_to=None,
                recorded_at=event.recorded_at,
                label=event.passport or "",
            )
