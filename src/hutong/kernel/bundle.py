"""The evidence bundle ``hutong-bundle/1``: what a person takes away and verifies without the hub.

One JSON object: the log's name and key, the signed checkpoint, a signed manifest, and per event its header, its
payload (null once erased) and its inclusion proof. The manifest binds what the entries are, so that a missing,
reordered or doubled entry is found; the checkpoint binds each entry to the log.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from hutong.kernel.canonical import canonical, digest
from hutong.kernel.errors import Invalid
from hutong.kernel.event import Event, leaf
from hutong.kernel.note import Checkpoint, SigningKey, open_checkpoint, sign_note
from hutong.kernel.text import Text

FORMAT = "hutong-bundle/1"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One event to show: its header, its payload (None when erased), its inclusion proof under the checkpoint."""

    event: Event
    payload: object
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An older signed checkpoint and the consistency proof from it to the bundle's checkpoint."""

    checkpoint: str
    consistency: tuple[bytes, ...]


def make_bundle(
    *,
    key: SigningKey,
    subject: str,
    checkpoint: str,
    exhibits: Sequence[Exhibit],
    history: Sequence[Earlier] = (),
    record: object = None,
) -> dict[str, object]:
    """The bundle as a JSON object; pure, no proof is checked here (the verifier does).

    checkpoint: signed note of the log by this key. exhibits: in order of seq. history: oldest first. record: what
    is exported with the evidence, any canonical JSON. Raises `Invalid` for exhibits out of order, a seq beyond the
    checkpoint, a payload that is not the event's, or a checkpoint that the key did not sign.
    """
    head = open_checkpoint(checkpoint, key.verify_key)
    _check(subject, exhibits, head)
    record = _plain(record)
    manifest = sign_note(key, manifest_body(subject, head, exhibits, digest(record)))
    return {
        "format": FORMAT,
        "log": {"origin": head.origin, "key": key.verify_key.as_json()},
        "subject": subject,
        "checkpoint": checkpoint,
        "manifest": manifest,
        "entries": [
            {
                "entry": exhibit.event.as_json(),
                "payload": _plain(exhibit.payload),
                "proof": [h.hex() for h in exhibit.proof],
            }
            for exhibit in exhibits
        ],
        "history": [
            {"checkpoint": earlier.checkpoint, "consistency": [h.hex() for h in earlier.consistency]}
            for earlier in history
        ],
        "record": record,
    }


def manifest_body(subject: str, head: Checkpoint, exhibits: Sequence[Exhibit], record_sha256: str) -> str:
    """The text that the manifest's signature covers, one ``name value`` a line.

    leaves: SHA-256 over the leaf hashes one after the other. seqs and erased: leaf numbers, ``-`` for none.
    """
    leaves = hashlib.sha256(b"".join(leaf(e.event) for e in exhibits)).hexdigest()
    root = base64.b64encode(head.root).decode()
    lines = (
        f"{FORMAT} manifest",
        f"subject {subject}",
        f"checkpoint {head.size} {root}",
        f"entries {len(exhibits)}",
        f"leaves {leaves}",
        f"seqs {_numbers([e.event.seq for e in exhibits])}",
        f"erased {_numbers([e.event.seq for e in exhibits if e.payload is None])}",
        f"record {record_sha256}",
    )
    return "\n".join(lines) + "\n"


def _numbers(seqs: Sequence[int]) -> str:
    return " ".join(map(str, seqs)) or "-"


def _plain(value: object) -> object:
    """The value as it is read back from its canonical bytes: NFC, lists instead of tuples."""
    return json.loads(canonical(value))


def _check(subject: str, exhibits: Sequence[Exhibit], head: Checkpoint) -> None:
    if not subject or any(c <= " " for c in subject):
        raise _refuse(
            "subject", Text("A bundle names one record by its code.", "证据包须写明一个记录的编号。")
        )
    if not exhibits:
        raise _refuse("empty", Text("A bundle shows at least one event.", "证据包至少包含一个事件。"))
    last = -1
    for exhibit in exhibits:
        seq = exhibit.event.seq
        if seq <= last or seq >= head.size:
            out = Text(
                "Event {s} is out of order or beyond the checkpoint.", "第{s}号事件次序有误或超出检查点。"
            )
            raise _refuse("order", out.format(s=seq))
        if exhibit.payload is not None and digest(exhibit.payload) != exhibit.event.payload_sha256:
            other = Text(
                "Event {s} has another payload than its header says.", "第{s}号事件的内容与事件头不符。"
            )
            raise _refuse("payload", other.format(s=seq))
        last = seq


def _refuse(rule: str, what: Text) -> Invalid:
    remedy = Text("Verify the ledger, then export again.", "请先核验台账，再重新导出。")
    return Invalid(what, rule=f"bundle.{rule}", remedy=remedy)
