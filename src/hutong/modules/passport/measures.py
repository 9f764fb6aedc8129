"""What the passports offer to the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hutong.kernel.measure import Fact, measure
from hutong.kernel.stage import lane
from hutong.kernel.text import Text
from hutong.modules.passport.standing import GateStanding
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
        "Systems stopped at a gate, on the day of the refusal, each system once; a refusal no longer counts once the "
        "gate is passed.",
        "在某一环节未获通过的系统，按不予通过之日计，每个系统计一次；此后通过该环节的，不再计入。",
    ),
)
def systems_refused() -> Iterable[Fact]:
    systems: dict[str, list[Event]] = {}
    for event in _events(*(o for stage in lane() for o in (*stage.done, *stage.closed))):
        if event.passport is not None:
            systems.setdefault(event.passport, []).append(event)
    for events in systems.values():
        yield from _refusals(events)


def _refusals(events: Sequence[Event]) -> Iterable[Fact]:
    """The refusals of one system, of which one counts at a time: the earliest that stands.

    Once its gate is passed while another is still closed, the refusal there counts from then on, on its own day.
    """
    gates: list[GateStanding[Event]] = [GateStanding(stage) for stage in lane()]
    standing: dict[int, Fact] = {}
    for event in events:
        before = next(iter(standing.values()), None)
        for number, gate in enumerate(gates):
            gate.take(event)
            if gate.closed_by is None:
                standing.pop(number, None)
            else:
                standing.setdefault(number, _fact(event))
        first = next(iter(standing), None)
        if before is not None and (first is None or standing[first] is not before):
            yield replace(before, retracted_at=event.recorded_at)
            if first is not None:
                standing[first] = replace(standing[first], recorded_at=event.recorded_at)
    yield from list(standing.values())[:1]


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
