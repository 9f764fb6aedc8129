"""A small log and its bundle, made afresh for each test that bends one."""

from __future__ import annotations

import copy
import json
from typing import Any

from hutong.kernel import merkle
from hutong.kernel.bundle import Earlier, Exhibit, make_bundle
from hutong.kernel.canonical import digest
from hutong.kernel.event import Event, leaf, uuid7
from hutong.kernel.note import SigningKey, sign_checkpoint

KEY = SigningKey("hub.example/log", bytes(range(32)))
OTHER = SigningKey("hub.example/log", bytes(range(1, 33)))
ORIGIN = "hub.example/log"
SIZE = 300
SHOWN = (3, 7, 150, 255, 256, 299)
ERASED = 150


def payload(seq: int) -> dict[str, Any]:
    return {"input": {"name": f"系统 {seq}", "hours": seq * 1000, "\U0001f600": 1, "ﬀ": None}, "noted": []}


def event(seq: int, body: Any = None) -> Event:
    return Event(
        seq=seq,
        id=uuid7(1_700_000_000_000 + seq, bytes([seq % 256] * 10)),
        operation="compute.allocation.approve" if seq % 2 else "passport.system.register",
        subject="SYS-0007" if seq in SHOWN else f"ALC-{seq:04}",
        subject_kind="System",
        passport="SYS-0007",
        actor="PER-0001",
        organisation=None if seq % 3 else "ORG-0002",
        from_state=None,
        to_state="active",
        valid_at="2025-01-01T00:00:00.000Z",
        recorded_at="2025-01-02T03:04:05.678Z",
        payload_sha256=digest(payload(seq) if body is None else body),
        files=(digest("a file"),) if seq == 7 else (),
    )


EVENTS = [event(i) for i in range(SIZE)]
LEAVES = [leaf(e) for e in EVENTS]


def checkpoint(size: int, leaves: list[bytes] = LEAVES, key: SigningKey = KEY) -> str:
    return sign_checkpoint(key, ORIGIN, size, merkle.root(leaves[:size]))


def exhibits(seqs: tuple[int, ...] = SHOWN, size: int = SIZE) -> list[Exhibit]:
    return [
        Exhibit(EVENTS[s], None if s == ERASED else payload(s), merkle.inclusion_proof(s, LEAVES[:size]))
        for s in seqs
    ]


def _made() -> dict[str, Any]:
    history = [Earlier(checkpoint(n), merkle.consistency_proof(n, LEAVES)) for n in (1, 128, 200)]
    return make_bundle(
        key=KEY,
        subject="SYS-0007",
        checkpoint=checkpoint(SIZE),
        exhibits=exhibits(),
        history=history,
        record={"code": "SYS-0007", "title": {"zh": "智能系统", "en": "An AI system"}},
    )


_BUNDLE = _made()


def bundle() -> dict[str, Any]:
    return copy.deepcopy(_BUNDLE)


def written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
