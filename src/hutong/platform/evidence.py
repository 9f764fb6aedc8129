"""Reading the ledger for people and for the plan: the events of a record, of a dossier, and facts made of events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from hutong.kernel.measure import Fact
from hutong.kernel.stage import Step
from hutong.platform.ledger.tables import Event, Payload
from hutong.platform.people import Organisation

Amount = Callable[[Event, Mapping[str, Any]], int | Fraction]
Dims = Callable[[Event, Mapping[str, Any]], Mapping[str, str]]


def with_houses(events: QuerySet[Event]) -> QuerySet[Event]:
    """The events, each with the name of its organisation: ``house_en`` and ``house_zh``, None without one."""
    house = Organisation.objects.filter(code=OuterRef("organisation"))
    return events.annotate(
        house_en=Subquery(house.values("name_en")[:1]), house_zh=Subquery(house.values("name_zh")[:1])
    )


def events_of(code: str) -> list[Event]:
    """The events of one record, in order."""
    return list(Event.objects.filter(subject=code).order_by("seq"))


def dossier_of(passport: str) -> list[Event]:
    """The events of one AI system over the whole lane, in order."""
    return list(Event.objects.filter(passport=passport).order_by("seq"))


def steps_of(events: Sequence[Event], *operations: str) -> tuple[Step, ...]:
    """The events of these operations (all, where none is named) with what they were given and noted: one query."""
    wanted = [e for e in events if not operations or e.operation in operations]
    payloads = payloads_of(e.seq for e in wanted)
    return tuple(_step(event, payloads.get(event.seq, {})) for event in wanted)


def _step(event: Event, payload: Mapping[str, Any]) -> Step:
    given, noted = payload.get("input", {}), payload.get("noted", {})
    return Step(event.operation, event.subject, event.recorded_at, event.seq, given, noted)


def seq_of(code: str, *operations: str) -> int | None:
    """The number of the latest event of these operations on the record; None where there is none."""
    found = Event.objects.filter(subject=code, operation__in=operations).order_by("-seq")
    return found.values_list("seq", flat=True).first()


def seqs_of(*operations: str) -> dict[str, int]:
    """The number of the latest event of these operations, by code of the record."""
    rows = Event.objects.filter(operation__in=operations).order_by("seq")
    return dict(rows.values_list("subject", "seq"))


def payload_of(seq: int) -> dict[str, Any] | None:
    """What the operation was given (``input``) and noted (``noted``); None once it was erased."""
    body = Payload.objects.filter(seq=seq).values_list("body", flat=True).first()
    return None if body is None else json.loads(body)


def payloads_of(seqs: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Payloads by event number, in one query; erased ones are left out."""
    rows = Payload.objects.filter(seq__in=list(seqs), body__isnull=False)
    return {seq: json.loads(body) for seq, body in rows.values_list("seq", "body") if body is not None}


def facts_from_events(
    *operations: str, kind: str, amount: Amount | None = None, dims: Dims | None = None
) -> Iterable[Fact]:
    """One fact per event of these operations: `kind` is the entity's key (``calls.award``).

    amount and dims are read off the event and its payload; without `amount` each event counts one. An event whose
    payload was erased keeps its count and loses its dimensions, but has no amount: it is left out where one is asked.
    """
    events = list(Event.objects.filter(operation__in=operations).order_by("seq"))
    payloads = payloads_of(e.seq for e in events) if amount or dims else {}
    for event in events:
        payload = payloads.get(event.seq)
        if payload is None and amount is not None:
            continue
        yield Fact(
            record=f"urn:hutong:{kind}:{event.subject}",
            event=event.seq,
            amount=amount(event, payload) if amount is not None and payload is not None else 1,
            valid_from=event.valid_at,
            valid_to=None,
            recorded_at=event.recorded_at,
            dims=dims(event, payload) if dims is not None and payload is not None else {},
            label=event.subject,
        )
