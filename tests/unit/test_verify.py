"""The offline verifier: a true bundle is accepted, every bent one is refused at the right step and leaf."""

from __future__ import annotations

import base64
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong import verify
from hutong.kernel import merkle
from hutong.kernel.bundle import Earlier, Exhibit, make_bundle
from hutong.kernel.canonical import canonical
from hutong.kernel.errors import Invalid
from hutong.kernel.note import SigningKey, sign_note
from hutong.verify import Leaf, Report, verify_bundle

samples = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("evidence_samples.py"))))
PROGRAM = Path(verify.__file__)
Bundle = dict[str, Any]


def failed(report: Report) -> str:
    assert not report.accepted
    bad = [step for step in report.steps if step.ok is False]
    assert len(bad) == 1 and bad[0].en and bad[0].zh
    return bad[0].name


def test_a_true_bundle_is_accepted_step_by_step() -> None:
    report = verify_bundle(samples.bundle())
    assert report.accepted and report.first_bad is None and report.subject == "SYS-0007"
    assert [s.name for s in report.steps] == list(verify.STEPS)
    assert [s.ok for s in report.steps] == [True] * 7 + [None]


def test_a_bundle_read_back_from_its_file_is_accepted() -> None:
    assert verify_bundle(verify.parse_bundle(samples.written(samples.bundle()))).accepted


# Tampering: (name, what is done, the step that finds it, the seq of the first bad leaf)


def header(at: int, field: str, value: object) -> Callable[[Bundle], None]:
    def bend(bundle: Bundle) -> None:
        assert bundle["entries"][at]["entry"][field] != value
        bundle["entries"][at]["entry"][field] = value

    return bend


def put(*path_and_value: Any) -> Callable[[Bundle], None]:
    *path, last, value = path_and_value

    def bend(bundle: Bundle) -> None:
        here: Any = bundle
        for part in path:
            here = here[part]
        assert here[last] != value
        here[last] = value

    return bend


def flip(*path: Any) -> Callable[[Bundle], None]:
    """Change one character in the middle of a text for a neighbour of the same alphabet."""

    def bend(bundle: Bundle) -> None:
        here: Any = bundle
        for part in path[:-1]:
            here = here[part]
        text = here[path[-1]]
        at = len(text) // 2
        here[path[-1]] = text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :]

    return bend


def in_note(field: str, old: Callable[[str], str]) -> Callable[[Bundle], None]:
    def bend(bundle: Bundle) -> None:
        bent = old(bundle[field])
        assert bent != bundle[field]
        bundle[field] = bent

    return bend


def bend_signature(note: str) -> str:
    head, _, last = note.rpartition(" ")
    raw = bytearray(base64.b64decode(last))
    raw[40] ^= 1
    return f"{head} {base64.b64encode(raw).decode()}\n"


def swap_entries(bundle: Bundle) -> None:
    entries = bundle["entries"]
    entries[1], entries[3] = entries[3], entries[1]


def swap_payloads(bundle: Bundle) -> None:
    one, two = bundle["entries"][1], bundle["entries"][4]
    one["payload"], two["payload"] = two["payload"], one["payload"]


def swap_proofs(bundle: Bundle) -> None:
    one, two = bundle["entries"][0], bundle["entries"][4]
    one["proof"], two["proof"] = two["proof"], one["proof"]


def repeat(bundle: Bundle) -> None:
    bundle["entries"].insert(3, bundle["entries"][1])


def add_true_leaf(bundle: Bundle) -> None:
    """An event that is in the log but that the hub did not put into this bundle."""
    extra = samples.exhibits((8,))[0]
    bundle["entries"].insert(
        2,
        {
            "entry": extra.event.as_json(),
            "payload": json.loads(canonical(extra.payload)),
            "proof": [h.hex() for h in extra.proof],
        },
    )


def other_manifest(bundle: Bundle) -> None:
    """A true manifest of the same log about fewer entries."""
    bundle["manifest"] = make_bundle(
        key=samples.KEY,
        subject="SYS-0007",
        checkpoint=bundle["checkpoint"],
        exhibits=samples.exhibits()[:-1],
        record=bundle["record"],
    )["manifest"]


def manifest_of_other_checkpoint(bundle: Bundle) -> None:
    bundle["manifest"] = make_bundle(
        key=samples.KEY,
        subject="SYS-0007",
        checkpoint=samples.checkpoint(260),
        exhibits=samples.exhibits(samples.SHOWN[:-1], 260),
        record=bundle["record"],
    )["manifest"]


def old_checkpoint(bundle: Bundle) -> None:
    bundle["checkpoint"] = samples.checkpoint(299)


def other_signer(bundle: Bundle) -> None:
    bundle["checkpoint"] = samples.checkpoint(samples.SIZE, key=samples.OTHER)


def forged_history(bundle: Bundle) -> None:
    forged = [merkle.leaf_hash(b"x"), *samples.LEAVES[1:]]
    bundle["history"][1]["checkpoint"] = samples.checkpoint(128, forged)


def loosen(text: str) -> str:
    """The same bytes in sloppy base64: the last letter's unused bits set."""
    body = text.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = body[:-1] + alphabet[alphabet.index(body[-1]) | 1] + "=" * (len(text) - len(body))
    assert loose != text and base64.b64decode(loose) == base64.b64decode(text)
    return loose


def loosen_key(bundle: Bundle) -> None:
    bundle["log"]["key"]["public"] = loosen(bundle["log"]["key"]["public"])


def loosen_signature(note: str) -> str:
    head, _, last = note.rpartition(" ")
    return f"{head} {loosen(last.strip())}\n"


TAMPERINGS: list[tuple[str, Callable[[Bundle], None], str, int | None]] = [
    ("header field changed", header(2, "actor", "PER-0002"), "entries", 150),
    ("header state changed", header(0, "to_state", "withdrawn"), "entries", 3),
    ("header byte flipped", flip("entries", 1, "entry", "operation"), "entries", 7),
    ("header file digest flipped", flip("entries", 1, "entry", "files", 0), "entries", 7),
    ("header field added", put("entries", 4, "entry", {"seq": 256, "v": 1}), "entries", 256),
    ("header version changed", header(3, "v", 2), "entries", 255),
    ("header seq shifted", header(3, "seq", 254), "entries", 254),
    ("header seq not a number", header(3, "seq", "255"), "entries", None),
    ("header seq beyond the log", header(5, "seq", 300), "entries", 300),
    ("payload changed", put("entries", 0, "payload", "input", "hours", 3001), "entries", 3),
    ("payload float", put("entries", 0, "payload", "input", "hours", 3000.5), "entries", 3),
    ("payload digest changed too", flip("entries", 1, "entry", "payload_sha256"), "entries", 7),
    ("payloads swapped", swap_payloads, "entries", 7),
    ("payload withheld", put("entries", 3, "payload", None), "order", 255),
    ("proof byte flipped", flip("entries", 4, "proof", 2), "entries", 256),
    ("proof in capitals", put("entries", 4, "proof", 2, "AB" * 32), "entries", 256),
    ("proof shortened", put("entries", 4, "proof", []), "entries", 256),
    ("proofs swapped", swap_proofs, "entries", 3),
    (
        "checkpoint size changed",
        in_note("checkpoint", lambda n: n.replace("\n300\n", "\n301\n")),
        "checkpoint",
        None,
    ),
    ("checkpoint signature flipped", in_note("checkpoint", bend_signature), "checkpoint", None),
    ("checkpoint unsigned", in_note("checkpoint", lambda n: n.split("—")[0]), "checkpoint", None),
    ("checkpoint by another key", other_signer, "checkpoint", None),
    ("checkpoint replaced by an older one", old_checkpoint, "history", None),
    (
        "key byte flipped",
        put("log", "key", "public", base64.b64encode(bytes(32)).decode()),
        "checkpoint",
        None,
    ),
    ("key in sloppy base64", loosen_key, "keys", None),
    ("checkpoint signature in sloppy base64", in_note("checkpoint", loosen_signature), "checkpoint", None),
    ("manifest signature in sloppy base64", in_note("manifest", loosen_signature), "manifest", None),
    ("key cut", put("log", "key", "public", base64.b64encode(bytes(31)).decode()), "keys", None),
    ("key renamed", put("log", "key", "name", "hub.example/other"), "checkpoint", None),
    ("origin renamed", put("log", "origin", "hub.example/other"), "checkpoint", None),
    (
        "manifest byte flipped",
        in_note("manifest", lambda n: n.replace("entries 6", "entries 5")),
        "manifest",
        None,
    ),
    ("manifest signature flipped", in_note("manifest", bend_signature), "manifest", None),
    ("manifest of fewer entries", other_manifest, "order", 299),
    ("manifest of another checkpoint", manifest_of_other_checkpoint, "manifest", None),
    ("checkpoint shown as manifest", lambda b: b.update(manifest=b["checkpoint"]), "manifest", None),
    ("subject renamed", put("subject", "SYS-0008"), "manifest", None),
    ("record changed", put("record", "title", "en", "Another system"), "manifest", None),
    ("tail deleted", lambda b: b["entries"].pop(), "order", 299),
    ("middle deleted", lambda b: b["entries"].pop(2), "order", 150),
    ("head deleted", lambda b: b["entries"].pop(0), "order", 3),
    ("everything deleted", put("entries", []), "format", None),
    ("entries reordered", swap_entries, "order", 255),
    ("entry repeated", repeat, "order", 7),
    ("true leaf added", add_true_leaf, "order", 8),
    ("history forged", forged_history, "history", None),
    ("history proof flipped", flip("history", 1, "consistency", 0), "history", None),
    ("history reversed", lambda b: b["history"].reverse(), "history", None),
    ("field added", lambda b: b.update(note="x"), "format", None),
    ("field removed", lambda b: b.pop("record"), "format", None),
    ("other format", put("format", "hutong-bundle/2"), "format", None),
    ("entry is no object", put("entries", 3, 7), "entries", None),
    ("half a character", put("entries", 0, "payload", "input", "name", "\ud800"), "entries", 3),
]


@pytest.mark.parametrize(("bend", "step", "seq"), [t[1:] for t in TAMPERINGS], ids=[t[0] for t in TAMPERINGS])
def test_tampering_is_found_where_it_is(bend: Callable[[Bundle], None], step: str, seq: int | None) -> None:
    bundle = samples.bundle()
    bend(bundle)
    report = verify_bundle(bundle)
    assert failed(report) == step
    if seq is None:
        assert report.first_bad is None or report.first_bad.seq is None
    else:
        assert report.first_bad is not None and report.first_bad.seq == seq
    after = [s.ok for s in report.steps[[s.name for s in report.steps].index(step) + 1 :]]
    assert after == [None] * len(after)


def test_the_first_bad_leaf_is_named_with_operation_and_subject() -> None:
    bundle = samples.bundle()
    swap_payloads(bundle)
    assert verify_bundle(bundle).first_bad == Leaf(7, "compute.allocation.approve", "SYS-0007")


def test_a_key_from_elsewhere_decides() -> None:
    bundle = samples.bundle()
    public = base64.b64encode(samples.KEY.verify_key.public).decode()
    assert verify_bundle(bundle, key=public).accepted
    assert verify_bundle(bundle, key=samples.KEY.verify_key.encode()).accepted
    other = samples.OTHER.verify_key
    for wrong in (base64.b64encode(other.public).decode(), other.encode(), "", "nonsense", public[:-4]):
        assert failed(verify_bundle(bundle, key=wrong)) == "keys"


def test_a_bundle_forged_whole_is_refused_by_the_key() -> None:
    forger = SigningKey(samples.KEY.name, bytes(32))
    forged = make_bundle(
        key=forger,
        subject="SYS-0007",
        checkpoint=samples.checkpoint(samples.SIZE, key=forger),
        exhibits=samples.exhibits(),
    )
    assert verify_bundle(forged).accepted
    public = base64.b64encode(samples.KEY.verify_key.public).decode()
    assert failed(verify_bundle(forged, key=public)) == "keys"


def test_rollback_fork_and_a_gap_are_told_apart() -> None:
    bundle, checkpoint = samples.bundle(), samples.checkpoint
    for size in (1, 128, 200, 300, 0):
        assert verify_bundle(bundle, seen=checkpoint(size)).accepted, size
    forked = [*samples.LEAVES[:100], merkle.leaf_hash(b"x"), *samples.LEAVES[101:], merkle.leaf_hash(b"y")]
    for seen, word in (
        (checkpoint(301, [*samples.LEAVES, merkle.leaf_hash(b"next")]), "Rollback"),
        (checkpoint(300, forked), "Fork"),
        (checkpoint(200, forked), "Fork"),
        (checkpoint(199), "does not connect"),
        (checkpoint(300, key=samples.OTHER), "is not signed"),
        ("", "is not signed"),
    ):
        report = verify_bundle(bundle, seen=seen)
        assert failed(report) == "seen"
        assert word in report.steps[-1].en


def test_an_old_backup_is_a_rollback_even_with_all_signatures_right() -> None:
    backup = make_bundle(
        key=samples.KEY,
        subject="SYS-0007",
        checkpoint=samples.checkpoint(260),
        exhibits=samples.exhibits(samples.SHOWN[:-1], 260),
    )
    assert verify_bundle(backup).accepted
    assert failed(verify_bundle(backup, seen=samples.checkpoint(300))) == "seen"


SENT = samples.written(samples.bundle())


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, len(SENT) - 1), mask=st.integers(1, 255))
def test_no_single_flipped_byte_is_accepted(at: int, mask: int) -> None:
    raw = bytearray(SENT)
    raw[at] ^= mask
    try:
        bundle = verify.parse_bundle(bytes(raw))
    except ValueError:
        return
    if json.dumps(bundle) != json.dumps(samples.bundle()):
        assert not verify_bundle(bundle).accepted


def test_no_flipped_bit_of_any_character_of_proofs_and_signatures_is_accepted() -> None:
    """Every byte once, by the bit that turns capitals into small letters, where leniency would hide."""
    true = json.dumps(samples.bundle())
    start = SENT.index(b'"manifest"')
    for at in [*range(0, start, 3), *range(start, len(SENT), 23)]:
        raw = bytearray(SENT)
        raw[at] ^= 0x20
        try:
            bundle = verify.parse_bundle(bytes(raw))
        except ValueError:
            continue
        assert json.dumps(bundle) == true or not verify_bundle(bundle).accepted, at


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
places = st.sampled_from(
    [
        ("log",),
        ("log", "key"),
        ("log", "key", "name"),
        ("log", "origin"),
        ("subject",),
        ("checkpoint",),
        ("manifest",),
        ("entries",),
        ("entries", 0),
        ("entries", 1, "entry"),
        ("entries", 1, "entry", "seq"),
        ("entries", 1, "payload"),
        ("entries", 1, "proof"),
        ("entries", 1, "proof", 0),
        ("history",),
        ("history", 0),
        ("history", 0, "consistency"),
        ("record",),
    ]
)


@settings(max_examples=300, deadline=None)
@given(path=places, value=json_values)
def test_any_value_in_any_place_is_a_report(path: tuple[Any, ...], value: object) -> None:
    bundle: Any = samples.bundle()
    here = bundle
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    report = verify_bundle(bundle)
    # Without older checkpoints less is shown, but nothing that is shown is false.
    assert report.accepted == (path == ("history",) and value == [])


@given(json_values)
def test_any_value_at_all_is_a_report(value: object) -> None:
    assert failed(verify_bundle(value, key="x", seen="y")) == "format"


# The embedded Ed25519: RFC 8032 section 7.1, tests 1, 2, 3 and SHA(abc)

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize("vector", RFC_8032)
def test_the_embedded_routine_accepts_the_vectors_of_the_rfc(vector: tuple[str, str, str]) -> None:
    public, message, signature = map(bytes.fromhex, vector)
    assert verify.embedded_verify(public, message, signature)
    assert verify.ed25519_verify(public, message, signature)
    for at in (0, 31, 32, 63):
        bent = bytearray(signature)
        bent[at] ^= 1
        assert not verify.embedded_verify(public, message, bytes(bent))
    assert not verify.embedded_verify(public, message + b"x", signature)
    # Malleability: S + L is the same scalar, and is refused (RFC 8032 section 5.1.7).
    order = 2**252 + 27742317777372353535851937790883648493
    loose = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not verify.embedded_verify(public, message, signature[:32] + loose)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(0, 511))
def test_the_embedded_routine_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    key = SigningKey("x", seed)
    signature = key.sign(message)
    assert verify.embedded_verify(key.verify_key.public, message, signature)
    bent = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    assert not verify.embedded_verify(key.verify_key.public, message, bent)
    assert not key.verify_key.verify(message, bent)


@given(st.binary(min_size=32, max_size=32))
def test_any_bytes_as_a_key_are_a_verdict(public: bytes) -> None:
    assert not verify.embedded_verify(public, b"x", b"\x01" * 64)
    assert not verify.ed25519_verify(public[:31], b"x", b"\x01" * 64)


@given(json_values)
def test_its_canonical_form_is_that_of_the_kernel_or_none(value: object) -> None:
    try:
        expected = canonical(value)
    except Invalid:
        return
    normal = json.loads(expected)
    assert verify._canonical(normal) == expected


# The command


def command(*arguments: object, isolated: bool = True) -> subprocess.CompletedProcess[str]:
    flags = ["-I", "-S"] if isolated else []
    return subprocess.run(
        [sys.executable, *flags, str(PROGRAM), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"},
        check=False,
    )


def test_the_command_needs_the_standard_library_only(tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(SENT)
    done = command(file)
    assert done.returncode == 0 and "Accepted." in done.stdout and not done.stderr
    assert len(done.stdout.splitlines()) == len(verify.STEPS) + 2
    bundle = samples.bundle()
    header(2, "actor", "PER-0002")(bundle)
    file.write_bytes(samples.written(bundle))
    done = command(file, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["first_bad"]["seq"] == 150


def test_the_command_is_not_confused_by_its_neighbours(tmp_path: Path) -> None:
    """The hub's packages `platform` and `site` lie beside the program under names of the standard library."""
    for name in ("json", "platform", "argparse", "base64"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)\n")
    program = tmp_path / "verify.py"
    program.write_bytes(PROGRAM.read_bytes())
    file = tmp_path / "bundle.json"
    file.write_bytes(SENT)
    for folder, named in ((tmp_path, "verify.py"), (tmp_path.parent, str(program))):
        done = subprocess.run(
            [sys.executable, named, str(file)], cwd=folder, capture_output=True, check=False
        )
        assert done.returncode == 0


def test_the_command_looks_for_what_was_seen(tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(SENT)
    seen = tmp_path / "seen.txt"
    seen.write_text(samples.checkpoint(301, [*samples.LEAVES, bytes(32)]), encoding="utf-8")
    done = command(file, "--zh", "--seen", seen, isolated=False)
    assert done.returncode == 1 and "日志回退" in done.stdout and "未接受" in done.stdout
    assert command(file, "--seen", tmp_path / "none.txt", isolated=False).returncode == 2


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"{", b'{"a":1,"a":2}', b"[NaN]", b"[" * 100_000, b"1" * 5_000], ids=range(7)
)
def test_what_cannot_be_read_has_its_own_exit_code(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bundle.json"
    file.write_bytes(data)
    assert verify.main([str(file)]) == 2
    assert "could not be read" in capsys.readouterr().err


def test_a_bundle_cannot_write_to_the_terminal() -> None:
    bundle = samples.bundle()
    header(2, "operation", "\x1b[2Jgone\u202e")(bundle)
    text = verify.text_report(verify_bundle(bundle))
    assert "\x1b" not in text and "\u202e" not in text and "gone" in text


def test_reports_are_whole_in_both_languages() -> None:
    for bend in (lambda b: None, *(t[1] for t in TAMPERINGS)):
        bundle = samples.bundle()
        bend(bundle)
        report = verify_bundle(bundle)
        for step in report.steps:
            assert step.en.endswith((".", "publishes.")) and step.zh.endswith("。")
        assert verify.text_report(report, zh=True) != verify.text_report(report)


# The maker


def test_the_maker_refuses_what_would_not_verify() -> None:
    good = samples.exhibits()

    def made(exhibits: list[Exhibit], **change: Any) -> dict[str, object]:
        given = {"key": samples.KEY, "subject": "SYS-0007", "checkpoint": samples.checkpoint(300)} | change
        return make_bundle(exhibits=exhibits, **given)

    for bent in (
        [],
        good[::-1],
        [good[0], good[0]],
        [replace(good[0], payload={"x": 1})],
    ):
        with pytest.raises(Invalid):
            made(bent)
    for change in (
        {"checkpoint": samples.checkpoint(299)},
        {"checkpoint": samples.checkpoint(300, key=samples.OTHER)},
        {"subject": "two\nlines"},
        {"subject": ""},
    ):
        with pytest.raises(Invalid):
            made(good, **change)
    alone = made(
        good[:1], history=[Earlier(samples.checkpoint(200), merkle.consistency_proof(200, samples.LEAVES))]
    )
    assert verify_bundle(json.loads(json.dumps(alone))).accepted


def test_a_witness_beside_the_log_is_welcome() -> None:
    bundle = samples.bundle()
    body = bundle["checkpoint"].rpartition("\n\n")[0] + "\n"
    witness = sign_note(SigningKey("witness.example", bytes(32)), body).rpartition("\n\n")[2]
    bundle["checkpoint"] += witness
    assert verify_bundle(bundle).accepted
