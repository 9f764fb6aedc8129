"""Is the evidence in this database what was once written? Everything is computed again; the first bad event is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from hutong.kernel.errors import HutongError
from hutong.kernel.event import Event as Header
from hutong.kernel.event import entry_bytes, instant
from hutong.kernel.merkle import WIDTH, Frontier, leaf_hash, tile_root
from hutong.kernel.note import open_checkpoint
from hutong.kernel.text import Text
from hutong.platform.ledger import checkpoints, triggers
from hutong.platform.ledger.keys import signing_key
from hutong.platform.ledger.tables import Checkpoint, Event, Head, Payload, Tile

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a stable word, the first event concerned (None where it is not one event), and words for people."""

    kind: str
    seq: int | None
    subject: str | None
    words: Text


def audit() -> list[Fault]:
    """All faults, the first bad event first; empty when the evidence is whole."""
    faults = list(_triggers())
    roots: dict[int, str] = {}
    wanted = set(Checkpoint.objects.values_list("size", flat=True)) | {s for s, _ in checkpoints.remembered()}
    frontier, event_faults = _events(wanted, roots)
    faults += event_faults
    faults += _head(frontier)
    faults += _tiles(frontier.size)
    faults += _checkpoints(roots, frontier.size)
    faults += _rollback(roots, frontier.size)
    return sorted(faults, key=lambda f: (f.seq is None, f.seq or 0))


def _fault(
    kind: str, en: str, zh: str, seq: int | None = None, subject: str | None = None, **say: object
) -> Fault:
    return Fault(kind, seq, subject, Text(en, zh).format(seq=seq, subject=subject, **say))


def _triggers() -> Iterator[Fault]:
    for name in sorted(triggers.expected(connection) - triggers.names(connection)):
        yield _fault("trigger_missing", "The trigger {t} is gone.", "触发器 {t} 缺失。", t=name)


def _events(wanted: set[int], roots: dict[int, str]) -> tuple[Frontier, list[Fault]]:
    """Every event in order: its number, its entry against its columns, its leaf, its payload. Fills `roots`."""
    faults: list[Fault] = []
    frontier, expected = Frontier(), 0
    for event, body in _rows():
        if event.seq != expected:
            kind = "missing" if event.seq > expected else "doubled"
            faults.append(
                _fault(kind, "Event {seq} ({subject}) does not follow event {n}.", "第{seq}号事件（{subject}）未接续第{n}号事件。",
                       event.seq, event.subject, n=expected - 1)
            )  # fmt: skip
            expected = event.seq
        fault = _event(event, body)
        if fault is not None:
            faults.append(fault)
        frontier = frontier.append(bytes(event.leaf))
        expected += 1
        if frontier.size in wanted:
            roots[frontier.size] = frontier.root().hex()
    return frontier, faults


def _rows() -> Iterator[tuple[Event, Payload | None]]:
    start = -1
    while True:
        rows = list(Event.objects.filter(seq__gt=start).order_by("seq")[:CHUNK])
        if not rows:
            return
        bodies = {p.seq: p for p in Payload.objects.filter(seq__in=[r.seq for r in rows])}
        for row in rows:
            yield row, bodies.get(row.seq)
        start = rows[-1].seq


def _event(event: Event, payload: Payload | None) -> Fault | None:
    try:
        header = Header.from_json(json.loads(event.entry))
        same = entry_bytes(header) == event.entry.encode()
    except (ValueError, TypeError, HutongError):
        return _fault(
            "entry",
            "The entry of event {seq} ({subject}) cannot be read.",
            "第{seq}号事件（{subject}）的条目无法读取。",
            event.seq,
            event.subject,
        )
    if not same or leaf_hash(event.entry.encode()) != bytes(event.leaf):
        return _fault(
            "leaf",
            "Event {seq} ({subject}) does not match its leaf.",
            "第{seq}号事件（{subject}）与其叶节点不符。",
            event.seq,
            event.subject,
        )
    columns = (
        header.seq == event.seq,
        header.id == event.id,
        header.operation == event.operation,
        header.subject == event.subject,
        header.subject_kind == event.subject_kind,
        header.passport == event.passport,
        header.actor == event.actor,
        header.organisation == event.organisation,
        header.from_state == event.from_state,
        header.to_state == event.to_state,
        header.valid_at == instant(event.valid_at),
        header.recorded_at == instant(event.recorded_at),
    )
    if not all(columns):
        return _fault(
            "column",
            "A column of event {seq} ({subject}) differs from its entry.",
            "第{seq}号事件（{subject}）的字段与条目不符。",
            event.seq,
            event.subject,
        )
    if payload is None:
        return _fault(
            "payload_missing",
            "The payload of event {seq} ({subject}) is gone.",
            "第{seq}号事件（{subject}）的内容缺失。",
            event.seq,
            event.subject,
        )
    if (
        payload.body is not None
        and hashlib.sha256(payload.body.encode()).hexdigest() != header.payload_sha256
    ):
        return _fault(
            "payload",
            "The payload of event {seq} ({subject}) was changed.",
            "第{seq}号事件（{subject}）的内容被更改。",
            event.seq,
            event.subject,
        )
    return None


def _head(frontier: Frontier) -> Iterator[Fault]:
    head = Head.objects.filter(pk=1).first()
    size = head.size if head is not None else 0
    if size > frontier.size:
        yield _fault(
            "tail_missing",
            "The log ends at event {seq}; {n} were written.",
            "日志止于第{seq}号事件，应有{n}个。",
            frontier.size - 1,
            None,
            n=size,
        )
    elif size < frontier.size or (head is not None and _kept(head.frontier) != frontier):
        yield _fault("head", "The head of the log is not that of its events.", "日志首部与其事件不符。")


def _kept(text: str) -> Frontier | None:
    """The frontier that the head holds; None where it is not one."""
    try:
        return Frontier.loads(text)
    except HutongError:
        return None


def _tiles(size: int) -> Iterator[Fault]:
    level, count = 0, size // WIDTH
    while count:
        kept = dict(Tile.objects.filter(level=level).values_list("index", "hashes"))
        for index in range(count):
            if bytes(kept.get(index, b"")) != _tile(level, index):
                first = index * WIDTH ** (level + 1)
                yield _fault(
                    "tile",
                    "Tile {l}/{i} from event {seq} on is not that of its events.",
                    "自第{seq}号事件起的分块 {l}/{i} 与事件不符。",
                    first,
                    None,
                    l=level,
                    i=index,
                )
        level, count = level + 1, count // WIDTH


def _tile(level: int, index: int) -> bytes:
    first = index * WIDTH
    if level == 0:
        rows = Event.objects.filter(seq__gte=first, seq__lt=first + WIDTH).order_by("seq")
        return b"".join(bytes(leaf) for leaf in rows.values_list("leaf", flat=True))
    below = Tile.objects.filter(level=level - 1, index__gte=first, index__lt=first + WIDTH).order_by("index")
    return b"".join(tile_root(bytes(hashes)) for hashes in below.values_list("hashes", flat=True))


def _checkpoints(roots: dict[int, str], size: int) -> Iterator[Fault]:
    key = signing_key().verify_key
    for kept in Checkpoint.objects.order_by("size"):
        try:
            stated = open_checkpoint(kept.note, key)
        except HutongError as refusal:
            yield _fault(
                "checkpoint_signature",
                "The checkpoint of size {n} is not signed by this hub: {w}",
                "规模{n}的检查点并非本平台签署：{w}",
                n=kept.size,
                w=refusal.what,
            )
            continue
        if (stated.size, stated.root.hex()) != (kept.size, kept.root) or roots.get(
            kept.size, kept.root
        ) != kept.root:
            yield _fault(
                "checkpoint_root",
                "The log up to event {seq} is not what its checkpoint states.",
                "截至第{seq}号事件的日志与检查点不符。",
                max(kept.size - 1, 0),
            )
        if kept.size > size:
            yield _fault(
                "tail_missing",
                "The log ends at event {seq}; a checkpoint states {n}.",
                "日志止于第{seq}号事件，检查点载明{n}个。",
                size - 1,
                None,
                n=kept.size,
            )


def _rollback(roots: dict[int, str], size: int) -> Iterator[Fault]:
    for stated, root in checkpoints.remembered():
        if stated > size:
            yield _fault(
                "rollback",
                "An old backup: {n} events were once signed, {m} are here.",
                "疑似恢复旧备份：曾签署{n}个事件，现有{m}个。",
                n=stated,
                m=size,
            )
        elif roots.get(stated, root) != root:
            yield _fault(
                "rewritten",
                "The log up to event {seq} was rewritten since it was signed.",
                "截至第{seq}号事件的日志在签署后被改写。",
                stated - 1,
            )
