"""Evidence in the database: it cannot be changed, and whoever changes it all the same is found out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from hutong.kernel.errors import NotFound
from hutong.kernel.permission import THE_HUB
from hutong.platform.ledger import checkpoints, export, proofs, store, triggers
from hutong.platform.ledger.audit import audit
from hutong.platform.ledger.erasure import erase
from hutong.platform.ledger.tables import Checkpoint, Event, Payload

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="tampers with a SQLite file")
EVENTS = 300


@pytest.fixture
def log(hub):
    """A log of more than one tile, two checkpoints, no fault."""
    for _ in range(EVENTS // 2):
        hub.person()
    checkpoints.sign()
    for _ in range(EVENTS - EVENTS // 2):
        hub.person()
    checkpoints.sign()
    assert audit() == []
    return hub


def sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE platform_event SET operation = 'x' WHERE seq = 3",
        "DELETE FROM platform_event WHERE seq = 3",
        "DELETE FROM platform_payload WHERE seq = 3",
        "UPDATE platform_payload SET body = '{}' WHERE seq = 3",
        "UPDATE platform_checkpoint SET root = 'x'",
        "DELETE FROM platform_tile",
    ],
)
def test_the_database_itself_refuses(log, statement):
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement)
    assert audit() == []


def drop(*tables: str) -> None:
    for name in triggers.names(connection):
        if name.startswith(tuple(f"platform_{t}" for t in tables)):
            sql(f"DROP TRIGGER {name}")


LAST = EVENTS - 1
TAMPERINGS = {
    "column": (["event"], ["UPDATE platform_event SET actor = 'PER-9999' WHERE seq = 7"], "column", 7),
    "entry": (
        ["event"],
        ["UPDATE platform_event SET entry = replace(entry, 'SYSTEM', 'SYSTEN') WHERE seq = 7"],
        "leaf",
        7,
    ),
    "leaf": (["event"], ["UPDATE platform_event SET leaf = randomblob(32) WHERE seq = 7"], "leaf", 7),
    "payload": (
        ["payload"],
        ["UPDATE platform_payload SET body = '{\"input\":{}}' WHERE seq = 7"],
        "payload",
        7,
    ),
    "payload deleted": (["payload"], ["DELETE FROM platform_payload WHERE seq = 7"], "payload_missing", 7),
    "middle deleted": (["event"], ["DELETE FROM platform_event WHERE seq = 7"], "missing", 8),
    "tail deleted": (
        ["event"],
        [f"DELETE FROM platform_event WHERE seq >= {LAST - 3}"],
        "tail_missing",
        LAST - 4,
    ),
    "reordered": (
        ["event"],
        [
            "UPDATE platform_event SET seq = 100000 WHERE seq = 7",
            "UPDATE platform_event SET seq = 7 WHERE seq = 8",
            "UPDATE platform_event SET seq = 8 WHERE seq = 100000",
        ],
        "column",
        7,
    ),
    "tile": (["tile"], ["UPDATE platform_tile SET hashes = randomblob(8192) WHERE level = 0"], "tile", 0),
    "head": ([], ["UPDATE platform_head SET frontier = replace(frontier, 'a', 'b')"], "head", None),
    "checkpoint": (
        ["checkpoint"],
        ["UPDATE platform_checkpoint SET note = replace(note, '150', '151')"],
        "checkpoint_signature",
        None,
    ),
    "old backup": (
        ["event", "payload", "checkpoint"],
        [
            f"DELETE FROM platform_{t} WHERE {c} >= 200"
            for t, c in (("event", "seq"), ("payload", "seq"), ("checkpoint", "size"))
        ]
        + ["DELETE FROM platform_tile", "UPDATE platform_head SET size = 200"],
        "rollback",
        None,
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_twelve_ways_to_tamper_and_twelve_found(log, name):
    tables, statements, kind, seq = TAMPERINGS[name]
    drop(*tables)
    if name == "old backup":
        drop("tile")
    sql(*statements)
    faults = audit()
    assert any(f.kind == kind and (seq is None or f.seq == seq) for f in faults), faults[:5]
    assert not tables or any(f.kind == "trigger_missing" for f in faults)


def test_a_bundle_is_accepted_by_the_file_that_stands_alone(log, tmp_path: Path):
    import json

    code = Event.objects.get(seq=5).subject
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps(export.record_bundle(code), ensure_ascii=False), encoding="utf-8")
    import hutong

    alone = shutil.copy(Path(hutong.__file__).parent / "verify.py", tmp_path / "verify.py")
    done = subprocess.run([sys.executable, "-I", alone, str(bundle)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    text = bundle.read_text(encoding="utf-8").replace("parties.person.invite", "parties.person.invitf", 1)
    bundle.write_text(text, encoding="utf-8")
    bent = subprocess.run([sys.executable, "-I", alone, str(bundle)], capture_output=True, text=True)
    assert bent.returncode == 1 and "5" in bent.stdout


def test_an_erased_payload_leaves_the_proof(log):
    assert erase(5) and not erase(5)
    assert Payload.objects.get(seq=5).body is None
    assert audit() == []
    code = Event.objects.get(seq=5).subject
    assert export.record_bundle(code)["entries"][0]["payload"] is None


def test_proofs_verify_for_every_event(log):
    from hutong.kernel.merkle import verify_inclusion

    head = store.frontier()
    paths = proofs.inclusion(range(head.size), head.size)
    leaves = dict(Event.objects.values_list("seq", "leaf"))
    assert all(verify_inclusion(bytes(leaves[s]), s, head.size, p, head.root()) for s, p in paths.items())


def test_signing_the_same_size_again_is_the_same_checkpoint(log):
    assert checkpoints.sign().pk == checkpoints.sign().pk
    assert Checkpoint.objects.count() == 2 and len(checkpoints.remembered()) == 2


def test_nothing_is_exported_of_nobody(hub):
    hub.person()
    with pytest.raises(NotFound):
        export.record_bundle("PER-9999")


def test_a_refused_operation_leaves_no_event(hub):
    from hutong.kernel.errors import HutongError
    from hutong.platform import runner

    hub.person()
    before = store.size()
    with pytest.raises(HutongError):
        runner.run(THE_HUB, "parties.person.invite", {"name": "x", "email": "person1@hub.example", "age": 3})
    assert store.size() == before
