"""One record: particulars, verbs with their reasons, related lists, what happened, proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hutong.kernel.errors import HutongError
from hutong.kernel.operation import OPERATIONS
from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.platform import runner
from hutong.platform.components import (
    Action,
    Crumb,
    EmptyState,
    Facts,
    Table,
    Timeline,
    TimelineEntry,
    Tone,
    Verbs,
)
from hutong.platform.entities import ENTITIES, Entity, Sight
from hutong.platform.evidence import with_houses
from hutong.platform.ledger.tables import Event
from hutong.platform.parsing import load_record
from hutong.platform.scope import visible
from hutong.platform.web import cells
from hutong.platform.web.lists import entity_of

MOST_RELATED = 20
FIRST_EVENTS = 25
MOST_EVENTS = 2000
NONE_SEEN = Text("None that you can see.", "没有您可见的记录。")
THE_HUB = Text("the hub", "系统")


def detail_view(request: HttpRequest, scope: str, resource: str, code: str) -> HttpResponse:
    entity = entity_of(scope, resource)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    record = load_record(entity.model, code, actor, "code")
    every = request.GET.get("events") == "all"
    events = _events(entity, record, every)
    context: dict[str, Any] = {
        "title": getattr(record, "name", None) or entity.title,
        "code": record.code,
        "entity": entity.title,
        "state": cells.state_of(record),
        "actions": Verbs(actions(entity, record, actor)),
        "facts": Facts(tuple(cells.given(record, s) for s in entity.fields)),
        "timeline": timeline(
            events[: MOST_EVENTS if every else FIRST_EVENTS],
            None if every or len(events) <= FIRST_EVENTS else "?events=all",
        ),
        "crumbs": (Crumb(entity.plural, entity.url), Crumb(record.code)),
        "refresh": request.get_full_path() if _moves(record) else None,
    }
    if entity.context is not None:
        context |= entity.context(Sight(record, actor, events))
    context["sections"] = (*context.get("sections", ()), *_related(entity, record, actor))
    return render(request, entity.template or "hutong/pages/detail.html", context)


def _moves(record: Any) -> bool:
    """Whether somebody or something may change the record soon."""
    lifecycle = type(record).lifecycle
    return lifecycle is not None and lifecycle.state(record.state).kind in ("open", "waiting")


def _events(entity: Entity, record: Any, every: bool) -> list[Event]:
    """Events of the record, newest first; of the whole dossier where the record is the bearer of one."""
    if entity.model.passport_path == "code":
        return list(with_houses(Event.objects.filter(passport=record.code)).order_by("-seq"))
    rows = with_houses(Event.objects.filter(subject=record.code)).order_by("-seq")
    return list(rows[: MOST_EVENTS if every else FIRST_EVENTS + 1])


def actions(entity: Entity, record: Any, actor: Actor) -> tuple[Action, ...]:
    """The verbs that the actor's role has on this record: open, or disabled with the reason."""
    if actor.id is None:
        return ()
    found = []
    for operation in entity.operations():
        outcome = runner.check(actor, operation, record)
        if isinstance(outcome, HutongError) and outcome.rule == operation.permission.name:
            continue
        url = f"/do/{operation.name}/{record.code}"
        if isinstance(outcome, HutongError):
            found.append(Action(operation.title, url, operation.name, enabled=False, reason=outcome.what))
        else:
            weight = "plain" if any(a.enabled and a.weight == "primary" for a in found) else "primary"
            found.append(Action(operation.title, url, operation.name, weight=weight))  # type: ignore[arg-type]
    return tuple(found)


def timeline(events: Sequence[Event], more: str | None = None) -> Timeline:
    """Events `with_houses` as sentences; people appear by their code, which names nobody to strangers."""
    entries = tuple(_entry(event) for event in events)
    return Timeline(entries, empty=EmptyState(Text("Nothing has happened yet.", "尚无办理记录。")), next=more)


def _entry(event: Any) -> TimelineEntry:
    operation = OPERATIONS.get(event.operation)
    sentence = (
        operation.sentence.format(subject=event.subject)
        if operation is not None
        else Text(f"{event.operation} {event.subject}", f"{event.operation} {event.subject}")
    )
    return TimelineEntry(
        sentence=sentence,
        who=THE_HUB if event.actor == "SYSTEM" else event.actor,
        at=event.recorded_at,
        proof=f"/ledger/event/{event.seq}",
        on_behalf=Text(event.house_en, event.house_zh) if event.house_en else None,
        tone=_tone(operation, event),
    )


def _tone(operation: Any, event: Event) -> Tone:
    if operation is None or operation.lifecycle is None or event.to_state is None:
        return "open"
    names = {s.name: s.kind for s in operation.lifecycle.states}
    kinds: dict[str, Tone] = {"holds": "done", "stopped": "stopped", "waiting": "open", "closed": "closed"}
    return kinds.get(names.get(event.to_state, ""), "open")


def _related(entity: Entity, record: Any, actor: Actor) -> list[tuple[Text, Table]]:
    found = []
    for title, key, path in entity.related:
        other = ENTITIES.get(key)
        if other is None:
            continue
        rows = visible(other.model._default_manager.all(), other.view, actor).filter(**{path: record})
        shown = list(rows.select_related(*other.select).order_by("-id")[:MOST_RELATED])
        if not shown and actor.id is None:
            continue
        lines = tuple(cells.line(other, r) for r in shown)
        found.append(
            (
                title,
                Table(title, cells.heading(other), lines, empty=EmptyState(NONE_SEEN), caption_hidden=True),
            )
        )
    return found
