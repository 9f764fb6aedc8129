"""Evidence to take away: the bundle of a record, of a system's dossier, or of any set of events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hutong.kernel.bundle import Earlier, Exhibit, make_bundle
from hutong.kernel.errors import NotFound
from hutong.kernel.event import Event as Header
from hutong.kernel.text import Text
from hutong.platform.ledger import checkpoints, proofs
from hutong.platform.ledger.keys import signing_key
from hutong.platform.ledger.tables import Checkpoint, Event, Payload

# How many older checkpoints a bundle carries: enough to tie it to what others have kept, few enough to read.
HISTORY = 8


def bundle_of(subject: str, events: Sequence[Event], record: object = None) -> dict[str, object]:
    """The bundle of these events under a fresh checkpoint, oldest event first. Raises `NotFound` for none."""
    head = checkpoints.sign()
    if not events or head is None:
        raise NotFound(
            Text("There is no event of {s}.", "没有 {s} 的事件。").format(s=subject),
            rule="bundle.empty",
            remedy=Text("Check the code.", "请核对编号。"),
        )
    source = proofs.prover()
    bodies = dict(Payload.objects.filter(seq__in=[e.seq for e in events]).values_list("seq", "body"))
    exhibits = [
        Exhibit(
            Header.from_json(json.loads(event.entry)),
            _payload(bodies.get(event.seq)),
            source.inclusion(event.seq, head.size),
        )
        for event in sorted(events, key=lambda e: e.seq)
    ]
    older = Checkpoint.objects.filter(size__lt=head.size).order_by("-size")[:HISTORY]
    history = [Earlier(c.note, source.consistency(c.size, head.size)) for c in reversed(older)]
    return make_bundle(
        key=signing_key(),
        subject=subject,
        checkpoint=head.note,
        exhibits=exhibits,
        history=history,
        record=record,
    )


def _payload(body: str | None) -> Any:
    return None if body is None else json.loads(body)


def dossier_bundle(passport: str, record: object = None) -> dict[str, object]:
    """The bundle of an AI system: every event of its dossier."""
    return bundle_of(passport, list(Event.objects.filter(passport=passport).order_by("seq")), record)


def record_bundle(code: str, record: object = None) -> dict[str, object]:
    """The bundle of one record."""
    return bundle_of(code, list(Event.objects.filter(subject=code).order_by("seq")), record)
