"""Append events to the log, inside the transaction of the operation that they record.

One row numbers all events (`Head`): locking it makes one writer of many, so numbers have no gaps and the compact
range is always that of the committed rows. A tile is written in the same transaction that fills it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import connection, transaction

from hutong.kernel.canonical import canonical
from hutong.kernel.event import Event as Header
from hutong.kernel.event import entry_bytes, instant, uuid7
from hutong.kernel.merkle import WIDTH, Frontier, leaf_hash, tile_root
from hutong.platform.ledger.tables import Event, Head, Payload, Tile


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has its number. payload: plain data without floats; salt: of its commitments, if any."""

    operation: str
    subject: str
    subject_kind: str
    passport: str | None
    actor: str
    organisation: str | None
    from_state: str | None
    to_state: str | None
    valid_at: datetime
    recorded_at: datetime
    payload: object
    files: tuple[str, ...] = ()
    salt: bytes | None = None


def append(drafts: Sequence[Draft]) -> list[int]:
    """Write the events in order and return their numbers. Call inside a transaction; they commit with it."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an event is appended inside the transaction of what it records")
    head = _lock()
    events, payloads, leaves = [], [], []
    for seq, draft in enumerate(drafts, start=head.size):
        event, payload, leaf = _rows(seq, draft)
        events.append(event)
        payloads.append(payload)
        leaves.append(leaf)
    _insert(Event, EVENT_FIELDS, events)
    _insert(Payload, PAYLOAD_FIELDS, payloads)
    frontier = Frontier.loads(head.frontier).extend(leaves)
    _fill_tiles(head.size, frontier.size)
    Head.objects.filter(pk=1).update(size=frontier.size, frontier=frontier.dumps())
    return list(range(head.size, frontier.size))


def _insert(
    model: type[Event] | type[Payload], names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of plain values by one prepared statement: this is the hot path of every write of the hub."""
    columns = ", ".join(connection.ops.quote_name(n) for n in names)
    table = connection.ops.quote_name(model._meta.db_table)
    marks = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def size() -> int:
    """How many events are committed."""
    return Head.objects.filter(pk=1).values_list("size", flat=True).first() or 0


def frontier() -> Frontier:
    """The compact range of the committed log: its size, and its root by `Frontier.root`."""
    return Frontier.loads(Head.objects.filter(pk=1).values_list("frontier", flat=True).first() or "")


def _lock() -> Head:
    heads = Head.objects.select_for_update() if connection.features.has_select_for_update else Head.objects
    head, _ = heads.get_or_create(pk=1)
    return head


EVENT_FIELDS = (
    *("seq", "id", "operation", "subject", "subject_kind", "passport", "actor", "organisation"),
    *("from_state", "to_state", "valid_at", "recorded_at", "entry", "leaf"),
)
PAYLOAD_FIELDS = ("seq", "body", "salt")


def _rows(seq: int, draft: Draft) -> tuple[tuple[Any, ...], tuple[Any, ...], bytes]:
    """The values of the event's and the payload's row, and the leaf."""
    body = canonical(draft.payload)
    header = Header(
        seq=seq,
        id=uuid7(int(draft.recorded_at.timestamp() * 1000), os.urandom(10)),
        operation=draft.operation,
        subject=draft.subject,
        subject_kind=draft.subject_kind,
        passport=draft.passport,
        actor=draft.actor,
        organisation=draft.organisation,
        from_state=draft.from_state,
        to_state=draft.to_state,
        valid_at=instant(draft.valid_at),
        recorded_at=instant(draft.recorded_at),
        payload_sha256=sha256(body).hexdigest(),
        files=draft.files,
    )
    entry = entry_bytes(header)
    leaf = leaf_hash(entry)
    when = connection.ops.adapt_datetimefield_value
    told = (
        header.operation,
        header.subject,
        header.subject_kind,
        header.passport,
        header.actor,
        header.organisation,
    )
    moved = (header.from_state, header.to_state, when(draft.valid_at), when(draft.recorded_at))
    return (seq, header.id, *told, *moved, entry.decode(), leaf), (seq, body.decode(), draft.salt), leaf


def _fill_tiles(old: int, new: int) -> None:
    """Write each tile that became full between two sizes: leaves at level 0, roots of full tiles above."""
    level, start, stop = 0, old // WIDTH, new // WIDTH
    while start < stop:
        rows = [Tile(level=level, index=i, hashes=_tile(level, i)) for i in range(start, stop)]
        Tile.objects.bulk_create(rows)
        level, start, stop = level + 1, start // WIDTH, stop // WIDTH


def _tile(level: int, index: int) -> bytes:
    first = index * WIDTH
    if level == 0:
        rows = Event.objects.filter(seq__gte=first, seq__lt=first + WIDTH).order_by("seq")
        return b"".join(bytes(leaf) for leaf in rows.values_list("leaf", flat=True))
    below = Tile.objects.filter(level=level - 1, index__gte=first, index__lt=first + WIDTH).order_by("index")
    return b"".join(tile_root(bytes(hashes)) for hashes in below.values_list("hashes", flat=True))
