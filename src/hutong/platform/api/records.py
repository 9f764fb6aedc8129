"""Records as JSON: what the entity shows, with codes for records and exact integers for amounts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hutong.kernel.errors import HutongError
from hutong.kernel.permission import Actor
from hutong.platform import runner
from hutong.platform.entities import Entity, Show
from hutong.platform.ledger.tables import Event
from hutong.platform.records import Record
from hutong.platform.web.cells import raw


def brief(record: Any) -> dict[str, Any] | None:
    """Code, kind, state and version of a record."""
    if not isinstance(record, Record):
        return None
    return {
        "code": record.code,
        "kind": type(record).__name__,
        "state": record.state,
        "version": record.version,
    }


def fields(record: Any, shown: tuple[Show, ...]) -> dict[str, Any]:
    return {s.path: plain(raw(record, s)) for s in shown}


def plain(value: Any) -> Any:
    """A value without its type: records by code, moments in ISO 8601."""
    if isinstance(value, Record):
        return value.code
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def line(entity: Entity, record: Any) -> dict[str, Any]:
    return {**(brief(record) or {}), "fields": fields(record, entity.columns)}


def full(entity: Entity, record: Any, actor: Actor) -> dict[str, Any]:
    """A record with all that its page shows, and which operations are open now, or why not."""
    return {
        **(brief(record) or {}),
        "created_at": record.created_at.isoformat(),
        "fields": fields(record, entity.fields),
        "operations": [_verb(operation, actor, record) for operation in entity.operations()],
    }


def _verb(operation: Any, actor: Actor, record: Any) -> dict[str, Any]:
    outcome = runner.check(actor, operation, record)
    refusal = outcome.as_json() if isinstance(outcome, HutongError) else None
    return {"name": operation.name, "open": refusal is None, "refusal": refusal}


def event(row: Event) -> dict[str, Any]:
    """The header of an event."""
    return {
        "seq": row.seq,
        "id": row.id,
        "operation": row.operation,
        "subject": row.subject,
        "passport": row.passport,
        "actor": row.actor,
        "organisation": row.organisation,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "valid_at": row.valid_at.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "leaf": bytes(row.leaf).hex(),
    }
