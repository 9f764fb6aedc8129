"""What the passports offer to the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hutong.kernel.measure import Fact, measure
from hutong.kernel.stage import Stage, lane
from hutong.kernel.text import Text
from hutong.platform.evidence import facts_from_events
from hutong.platform.ledger.tables import Event


@measure(
    "passport.systems_registered",
    unit="count(system)",
    nature="flow",
    title=Text("AI systems registered", "登记人工智能系统数"),
    definition=Text("Passports opened, on the day of registration.", "开立的系统护照，按登记之日计。"),
)
def systems_registered() -> Iterable[Fact]:
    return facts_from_events("passport.system.register", kind="passport.system")


@measure(
    "passport.systems_adopted",
    unit="count(system)",
    nature="flow",
    title=Text("AI systems adopted", "推广应用系统数"),
    definition=Text(
        "Systems that passed the last gate of the lane, on the day of adoption; each system once.",
        "通过全部环节并投入常态使用的系统，按采用之日计，每个系统计一次。",
    ),
)
def systems_adopted() -> Iterable[Fact]:
    seen: set[str] = set()
    for event in _events(*(lane()[-1].done if lane() else ())):
        if event.passport and event.passport not in seen:
            seen.add(event.passport)
            yield _fact(event)


@measure(
    "passport.systems_refused",
    unit="count(system)",
    nature="flow",
    title=Text("AI systems refused", "未通过系统数"),
    definition=Text(
        "Systems stopped at a gate, on the day of the refusal; a refusal no longer counts once the gate is passed.",
        "在某一环节未获通过的系统，按不予通过之日计；此后通过该环节的，不再计入。",
    ),
)
def systems_refused() -> Iterable[Fact]:
    for stage in lane():
        yield from _refusals(stage)


def _refusals(stage: Stage) -> Iterable[Fact]:
    open_: dict[str, Fact] = {}
    for event in _events(*stage.done, *stage.closed):
        if event.passport is None:
            continue
        earlier = open_.pop(event.passport, None)
        if earlier is not None and event.operation in stage.done:
            yield replace(earlier, retracted_at=event.recorded_at)
        elif event.operation in stage.closed:
            open_[event.passport] = earlier or _fact(event)
    yield from open_.values()


def _events(*operations: str) -> list[Event]:
    return list(Event.objects.filter(operation__in=operations).order_by("seq"))


def _fact(event: Event) -> Fact:
    return Fact(
        record=f"urn:hutong:passport.system:{event.passport}",
        event=event.seq,
        amount=1,
        valid_from=event.valid_at,
        valid_to=None,
        recorded_at=event.recorded_at,
        label=event.passport or "",
    )
