"""Verify an evidence bundle of a Hutong hub, without Hutong: this one file and the standard library suffice.

    python verify.py BUNDLE.json [--key BASE64] [--seen CHECKPOINT] [--json] [--zh]

Exit code 0: accepted. 1: refused. 2: the file could not be read. Formats: RFC 9162 (Merkle tree), RFC 8785
(canonical JSON, here without floats), RFC 8032 (Ed25519), C2SP signed-note and tlog-checkpoint.

What acceptance says: each event shown is, byte for byte, in the log that the key's holder signed; the bundle is
the one that holder made, whole and in order; the log was not rewritten since the older checkpoints. What it cannot
say: that the holder put everything into the bundle, or that the key is the hub's. For the second, compare the key
with the one the hub publishes and give it with --key.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Beside this file lie packages named like parts of the standard library; a script's own folder comes first.
    _here = __file__.rpartition("/")[0]
    sys.path[:] = [p for p in sys.path if p not in ("", _here) and p.rstrip("/") != _here]

import argparse
import base64
import importlib
import json
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from hashlib import sha256, sha512
from itertools import pairwise
from typing import Any, NoReturn

FORMAT = "hutong-bundle/1"
LARGEST = 2**53 - 1
DEEPEST = 100
STEPS = {
    "format": ("Format", "格式"),
    "keys": ("Keys", "密钥"),
    "checkpoint": ("Checkpoint", "检查点"),
    "history": ("History", "历史"),
    "manifest": ("Manifest", "清单"),
    "entries": ("Entries", "条目"),
    "order": ("Order", "次序"),
    "seen": ("Seen before", "曾见检查点"),
}
BUNDLE_FIELDS = {"format", "log", "subject", "checkpoint", "manifest", "entries", "history", "record"}
ENTRY_FIELDS = {
    *("actor", "files", "from_state", "id", "operation", "organisation", "passport", "payload_sha256"),
    *("recorded_at", "seq", "subject", "subject_kind", "to_state", "v", "valid_at"),
}
MANIFEST_LINES = ("subject", "checkpoint", "entries", "leaves", "seqs", "erased", "record")


@dataclass(frozen=True)
class Leaf:
    """An event by its leaf number; operation and subject as its own header claims, None where it is missing."""

    seq: int | None
    operation: str | None
    subject: str | None


@dataclass(frozen=True)
class Step:
    """One thing that was checked: ok is True, False, or None when it was not reached or not asked for."""

    name: str
    ok: bool | None
    en: str
    zh: str


@dataclass(frozen=True)
class Report:
    """The verdict: every step in order, and the first leaf that is wrong, if one is."""

    accepted: bool
    subject: str | None
    steps: tuple[Step, ...]
    first_bad: Leaf | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Refused(Exception):
    """A check failed: one sentence in each language, and the leaf it fails at."""

    def __init__(self, en: str, zh: str, leaf: Leaf | None = None) -> None:
        super().__init__(en)
        self.en, self.zh, self.leaf = en, zh, leaf


@dataclass
class _Work:
    """What the steps hand on to each other."""

    raw: dict[str, Any]
    asked_key: str | None
    seen: str | None
    name: str = ""
    public: bytes = b""
    size: int = 0
    root: bytes = b""
    older: dict[int, bytes] = field(default_factory=dict)
    manifest: dict[str, str] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)


def verify_bundle(bundle: object, *, key: str | None = None, seen: str | None = None) -> Report:
    """Check a parsed bundle step by step; stops at the first step that fails. Never raises.

    key: base64 of the hub's 32-byte Ed25519 public key (or C2SP ``name+id+key``), from a source you trust.
    seen: text of a checkpoint you kept from earlier, to find a rollback or a fork.
    """
    work = _Work(bundle if isinstance(bundle, dict) else {}, key, seen)
    steps: list[Step] = []
    refused: Refused | None = None
    for name, check in CHECKS.items():
        if refused is not None:
            steps.append(Step(name, None, "Not reached.", "未进行到此步。"))
            continue
        try:
            ok, en, zh = check(work)
        except Refused as problem:
            refused = problem
            ok, en, zh = False, problem.en, problem.zh
        steps.append(Step(name, ok, en, zh))
    subject = work.raw.get("subject")
    return Report(
        accepted=refused is None,
        subject=subject if isinstance(subject, str) else None,
        steps=tuple(steps),
        first_bad=refused.leaf if refused else None,
    )


_Said = tuple[bool | None, str, str]


def _check_format(work: _Work) -> _Said:
    raw = work.raw
    log = raw.get("log")
    key = log.get("key") if isinstance(log, dict) else None
    texts = (raw.get("subject"), raw.get("checkpoint"), raw.get("manifest"))
    good = (
        raw.get("format") == FORMAT
        and set(raw) == BUNDLE_FIELDS
        and isinstance(log, dict)
        and set(log) == {"origin", "key"}
        and isinstance(key, dict)
        and set(key) == {"name", "public"}
        and all(isinstance(t, str) and t and _encodes(t) for t in (*texts, log["origin"], *key.values()))
        and isinstance(raw["entries"], list)
        and bool(raw["entries"])
        and isinstance(raw["history"], list)
    )
    if not good:
        raise Refused(f"This is not a bundle of the form {FORMAT}.", f"此文件不是{FORMAT}格式的证据包。")
    return True, f"The bundle has the form {FORMAT}.", f"证据包符合{FORMAT}格式。"


def _check_keys(work: _Work) -> _Said:
    work.name, encoded = work.raw["log"]["key"]["name"], work.raw["log"]["key"]["public"]
    public = _unbase64(encoded)
    if public is None or len(public) != 32 or not _is_name(work.name):
        raise Refused("The log's key is not a named Ed25519 key.", "日志公钥不是带名称的Ed25519公钥。")
    work.public = public
    if work.asked_key is None:
        return (
            True,
            f"The key {encoded} comes from the bundle itself: compare it with the one the hub publishes.",
            f"公钥{encoded}取自证据包本身：请与中心公布的公钥核对。",
        )
    given = work.asked_key.strip()
    asked = _unbase64(given.split("+", 2)[2] if _is_vkey(given) else given)
    if asked not in (public, b"\x01" + public):
        raise Refused(
            "The bundle names another key than the one you gave.", "证据包所示公钥与您提供的公钥不同。"
        )
    return True, "The bundle names the key you gave.", "证据包所示公钥即您提供的公钥。"


def _check_checkpoint(work: _Work) -> _Said:
    work.size, work.root = _checkpoint(work, work.raw["checkpoint"], "The checkpoint", "检查点")
    n = work.size
    return (
        True,
        f"The checkpoint of {n} events is signed by the log's key.",
        f"含{n}个事件的检查点由日志密钥签署。",
    )


def _check_history(work: _Work) -> _Said:
    last = 0
    for i, older in enumerate(work.raw["history"], 1):
        en, zh = f"Older checkpoint {i}", f"第{i}个旧检查点"
        if not isinstance(older, dict) or set(older) != {"checkpoint", "consistency"}:
            raise Refused(f"{en} has not the right form.", f"{zh}格式不正确。")
        size, root = _checkpoint(work, older["checkpoint"], en, zh)
        path = _path(older["consistency"])
        if not last < size < work.size:
            raise Refused(f"{en} is not older than what follows it.", f"{zh}不早于其后的检查点。")
        if path is None or not _consistent(size, work.size, root, work.root, path):
            raise Refused(
                f"{en} (size {size}) is not a beginning of this log.", f"{zh}（规模{size}）不是本日志的前段。"
            )
        work.older[size] = root
        last = size
    n = len(work.older)
    if n == 0:
        return True, "The bundle brings no older checkpoint.", "证据包未附旧检查点。"
    return (
        True,
        f"The log only grew since each of {n} older checkpoints.",
        f"自{n}个旧检查点以来，日志只增未改。",
    )


def _check_manifest(work: _Work) -> _Said:
    lines = _note(work, work.raw["manifest"], "The manifest", "清单").split("\n")
    if len(lines) != len(MANIFEST_LINES) + 2 or lines[0] != f"{FORMAT} manifest":
        _no_manifest()
    for name, line in zip(MANIFEST_LINES, lines[1:-1], strict=True):
        if not line.startswith(name + " "):
            _no_manifest()
        work.manifest[name] = line[len(name) + 1 :]
    stated = work.manifest
    if stated["subject"] != work.raw["subject"]:
        raise Refused("The manifest is about another subject.", "清单所述对象与证据包不同。")
    if stated["checkpoint"] != f"{work.size} {base64.b64encode(work.root).decode()}":
        raise Refused("The manifest belongs to another checkpoint.", "清单对应另一检查点。")
    if stated["record"] != _digest(work.raw["record"]):
        raise Refused("The exported record is not the one in the manifest.", "所附记录与清单不符。")
    return (
        True,
        "The manifest is signed and covers the subject and the record.",
        "清单已签署，涵盖对象及所附记录。",
    )


def _check_entries(work: _Work) -> _Said:
    erased = 0
    for entry in work.raw["entries"]:
        leaf = _leaf_of(entry)
        header = _header(entry, leaf)
        if entry["payload"] is None:
            erased += 1
        elif _digest(entry["payload"]) != header["payload_sha256"]:
            _refuse(leaf, "has another payload than its header says", "的内容与事件头不符")
        encoded = _canonical(header)
        path = _path(entry["proof"])
        if encoded is None or path is None:
            _refuse(leaf, "has a header or proof of the wrong form", "的事件头或证明格式不正确")
        hashed = sha256(b"\x00" + encoded).digest()
        if not _included(hashed, header["seq"], work.size, path, work.root):
            _refuse(leaf, "is not in the log as shown", "与日志所载不符")
        work.leaves.append(hashed)
    n = len(work.leaves)
    en = f"Each of {n} events is in the log exactly as shown"
    zh = f"{n}个事件均与日志所载完全一致"
    if erased:
        return True, f"{en}; {erased} payloads were erased.", f"{zh}；其中{erased}个事件的内容已删除。"
    return True, f"{en}.", f"{zh}。"


def _check_order(work: _Work) -> _Said:
    entries = work.raw["entries"]
    expected, erased = _numbers(work.manifest["seqs"]), _numbers(work.manifest["erased"])
    if expected is None or erased is None or work.manifest["entries"] != str(len(expected)):
        _no_manifest()
    actual = [entry["entry"]["seq"] for entry in entries]
    for at in range(max(len(actual), len(expected))):
        here = actual[at] if at < len(actual) else None
        there = expected[at] if at < len(expected) else None
        if here != there:
            _misplaced(entries, actual, expected, at)
    if sha256(b"".join(work.leaves)).hexdigest() != work.manifest["leaves"]:
        raise Refused("The events are not those of the manifest.", "所示事件与清单不符。")
    for entry in entries:
        if (entry["payload"] is None) != (entry["entry"]["seq"] in erased):
            _refuse(
                _leaf_of(entry),
                "has its payload shown or left out against the manifest",
                "的内容有无与清单不符",
            )
    n = len(actual)
    return (
        True,
        f"The {n} events are whole and in order, as the manifest says.",
        f"{n}个事件齐全且次序正确，与清单一致。",
    )


def _misplaced(entries: list[Any], actual: list[int], expected: list[int], at: int) -> NoReturn:
    """Name what is wrong at the first place where the seqs shown and the seqs stated part."""
    if at < len(actual) and actual[at] in actual[:at]:
        _refuse(_leaf_of(entries[at]), "is shown twice", "重复出现")
    if at < len(expected) and expected[at] not in actual:
        _refuse(Leaf(expected[at], None, None), "is missing from the bundle", "在证据包中缺失")
    if actual[at] not in expected:
        _refuse(_leaf_of(entries[at]), "is not in the manifest", "不在清单之列")
    _refuse(_leaf_of(entries[at]), "is out of order", "次序有误")


def _check_seen(work: _Work) -> _Said:
    if work.seen is None:
        return (
            None,
            "No checkpoint kept from earlier was given, so rollback and fork were not looked for.",
            "未提供先前保存的检查点，故未检查回退与分叉。",
        )
    size, root = _checkpoint(work, work.seen, "The checkpoint you kept", "您保存的检查点")
    if size > work.size:
        raise Refused(
            f"Rollback: you have seen {size} events, this log shows {work.size}.",
            f"日志回退：您曾见{size}个事件，此日志仅有{work.size}个。",
        )
    known = work.root if size == work.size else work.older.get(size)
    if known is not None and known != root:
        raise Refused(
            f"Fork: this log had another root at size {size}.", f"日志分叉：规模为{size}时根哈希不同。"
        )
    if known is None and size > 0:
        raise Refused(
            f"The bundle does not connect to the checkpoint you kept (size {size}): ask for one that does.",
            f"证据包未与您保存的检查点（规模{size}）相衔接：请索取可衔接的证据包。",
        )
    return True, "The log contains all that you had seen.", "日志包含您先前所见的全部内容。"


CHECKS: dict[str, Callable[[_Work], _Said]] = {
    "format": _check_format,
    "keys": _check_keys,
    "checkpoint": _check_checkpoint,
    "history": _check_history,
    "manifest": _check_manifest,
    "entries": _check_entries,
    "order": _check_order,
    "seen": _check_seen,
}


def _refuse(leaf: Leaf, en: str, zh: str) -> NoReturn:
    seq = "?" if leaf.seq is None else leaf.seq
    raise Refused(f"Event {seq} {en}.", f"第{seq}号事件{zh}。", leaf)


def _no_manifest() -> NoReturn:
    raise Refused("The manifest has not the right form.", "清单格式不正确。")


def _leaf_of(entry: object) -> Leaf:
    header = entry.get("entry") if isinstance(entry, dict) else None
    if not isinstance(header, dict):
        return Leaf(None, None, None)
    seq, operation, subject = header.get("seq"), header.get("operation"), header.get("subject")
    return Leaf(
        seq if type(seq) is int and 0 <= seq <= LARGEST else None,
        operation if isinstance(operation, str) else None,
        subject if isinstance(subject, str) else None,
    )


def _header(entry: object, leaf: Leaf) -> dict[str, Any]:
    good = isinstance(entry, dict) and set(entry) == {"entry", "payload", "proof"}
    header = entry["entry"] if isinstance(entry, dict) and good else None
    version = header.get("v") if isinstance(header, dict) else None
    if not isinstance(header, dict) or set(header) != ENTRY_FIELDS or leaf.seq is None:
        _refuse(leaf, "has a header or proof of the wrong form", "的事件头或证明格式不正确")
    if type(version) is not int or version != 1:
        _refuse(leaf, "is of a version this verifier does not know", "的版本为本核验程序所不识")
    return header


# Notes and checkpoints (C2SP)


def _note(work: _Work, text: object, en: str, zh: str) -> str:
    """The body that the log's key signed, else `Refused`."""
    if isinstance(text, str) and _encodes(text) and all(c >= " " or c == "\n" for c in text):
        body, gap, signatures = text.rpartition("\n\n")
        lines = signatures.split("\n")
        if gap and body and lines.pop() == "" and _signed(work, (body + "\n").encode(), lines):
            return body + "\n"
    raise Refused(f"{en} is not signed by the log's key.", f"{zh}并非由日志密钥签署。")


def _signed(work: _Work, body: bytes, lines: list[str]) -> bool:
    """True when the key's signature is there and every line is a signature line."""
    key_id = sha256(work.name.encode() + b"\n\x01" + work.public).digest()[:4]
    found = False
    for line in lines:
        parts = line.split(" ")
        raw = _unbase64(parts[2]) if len(parts) == 3 and parts[0] == "—" and _is_name(parts[1]) else None
        if raw is None or len(raw) < 5:
            return False
        if parts[1] == work.name and raw[:4] == key_id:
            if not ed25519_verify(work.public, body, raw[4:]):
                return False
            found = True
    return found


def _checkpoint(work: _Work, text: object, en: str, zh: str) -> tuple[int, bytes]:
    origin, size, encoded = (*_note(work, text, en, zh).split("\n"), "", "")[:3]
    root = _unbase64(encoded)
    if not _is_number(size) or root is None or len(root) != 32:
        raise Refused(f"{en} has not the right form.", f"{zh}格式不正确。")
    if origin != work.raw["log"]["origin"]:
        raise Refused(f"{en} is of another log.", f"{zh}属于另一日志。")
    return int(size), root


# Merkle tree (RFC 9162)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = _node(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = _node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def _consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2, for 0 < old < new."""
    if not path:
        return False
    if old & (old - 1) == 0:
        path = [old_root, *path]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def _path(proof: object) -> list[bytes] | None:
    if not isinstance(proof, list) or len(proof) > 128:
        return None
    if not all(isinstance(p, str) and len(p) == 64 and not p.strip("0123456789abcdef") for p in proof):
        return None
    return [bytes.fromhex(p) for p in proof]


# Canonical JSON (RFC 8785, no floats) and other small forms


def _digest(value: object) -> str | None:
    encoded = _canonical(value)
    return None if encoded is None else sha256(encoded).hexdigest()


def _canonical(value: object) -> bytes | None:
    """RFC 8785 bytes; None for what has none here: floats, integers beyond 2^53-1, half characters."""
    try:
        return json.dumps(_sorted(value, 0), ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return None


def _sorted(value: object, depth: int) -> object:
    if depth > DEEPEST or isinstance(value, float):
        raise ValueError("not canonical")
    if isinstance(value, dict):
        # RFC 8785 section 3.2.3: keys in the order of their UTF-16 code units.
        return {
            k: _sorted(value[k], depth + 1) for k in sorted(value, key=lambda k: str(k).encode("utf-16-be"))
        }
    if isinstance(value, list):
        return [_sorted(item, depth + 1) for item in value]
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError("not canonical")
    return value


def _unbase64(text: str) -> bytes | None:
    """Strict base64: one text per value."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def _is_vkey(key: str) -> bool:
    # "+" is a base64 digit too; only name+8 hex digits+key has the hex digits in the middle.
    parts = key.split("+", 2)
    return len(parts) == 3 and len(parts[1]) == 8 and not parts[1].strip("0123456789abcdef")


def _is_number(text: str) -> bool:
    digits = text.isascii() and text.isdigit() and len(text) <= 16 and (text == "0" or text[0] != "0")
    return digits and int(text) <= LARGEST


def _numbers(text: str) -> list[int] | None:
    """Ascending leaf numbers, ``-`` for none."""
    if text == "-":
        return []
    parts = text.split(" ")
    numbers = [int(p) for p in parts if _is_number(p)]
    ascending = all(a < b for a, b in pairwise(numbers))
    return numbers if len(numbers) == len(parts) and ascending else None


# Ed25519 (RFC 8032): the `cryptography` library where it is, else this verify-only routine. Never sign with it.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_I = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the 64-byte signature over the message is by this 32-byte public key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    return (_library_verify or embedded_verify)(public, message, signature)


def embedded_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 section 5.1.7: S B = R + k A, with S below the group's order and R compared as bytes."""
    a, s = _decompress(public), int.from_bytes(signature[32:], "little")
    if a is None or s >= _L:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % _L
    negative = (_P - a[0], a[1], a[2], _P - a[3])
    x, y, z, _ = _add(_times(s, _BASE), _times(k, negative))
    inverse = pow(z, _P - 2, _P)
    encoded = y * inverse % _P | (x * inverse % _P & 1) << 255
    return encoded.to_bytes(32, "little") == signature[:32]


def _decompress(encoded: bytes) -> _Point | None:
    """RFC 8032 section 5.1.3: the point of 32 bytes in extended coordinates, or None."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _I % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _add(p: _Point, q: _Point) -> _Point:
    """RFC 8032 section 5.1.4; complete, so it doubles too."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    total: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


_BASE_POINT = _decompress((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))
assert _BASE_POINT is not None
_BASE: _Point = _BASE_POINT


def _library() -> Callable[[bytes, bytes, bytes], bool] | None:
    """The check of the `cryptography` library, or None where it is not installed."""
    try:
        refusal = importlib.import_module("cryptography.exceptions").InvalidSignature
        keys = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ed25519").Ed25519PublicKey
    except ImportError:
        return None

    def check(public: bytes, message: bytes, signature: bytes) -> bool:
        try:
            keys.from_public_bytes(public).verify(signature, message)
        except (refusal, ValueError):
            return False
        return True

    return check


_library_verify = _library()


# The command


def parse_bundle(data: bytes) -> object:
    """The JSON of a bundle file. Raises ValueError for what is not JSON in UTF-8 or names a field twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a field is named twice")
        return dict(pairs)

    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(data.decode(), object_pairs_hook=once, parse_constant=no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text_report(report: Report, zh: bool = False) -> str:
    """The report for a terminal: three columns (result, step, one sentence), then the verdict."""
    words = {True: ("passed", "通过"), False: ("REFUSED", "不通过"), None: ("–", "–")}
    lines = []
    for step in report.steps:
        result, title = words[step.ok][zh], STEPS[step.name][zh]
        lines.append(f"{_pad(result, 8)}  {_pad(title, 12)}  {_shown(step.zh if zh else step.en)}")
    lines.append("")
    lines.append(
        ("已接受。" if zh else "Accepted.") if report.accepted else ("未接受。" if zh else "Refused.")
    )
    bad = report.first_bad
    if bad is not None:
        parts = ", ".join(_shown(str(p)) for p in (bad.seq, bad.operation, bad.subject) if p is not None)
        lines.append(f"首个有误的叶子：{parts or '?'}" if zh else f"First bad leaf: {parts or '?'}")
    return "\n".join(lines) + "\n"


def _shown(text: str) -> str:
    """A text from the bundle, made safe for a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:400])


def _pad(text: str, columns: int) -> str:
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * (columns - width)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify an evidence bundle. 核验证据包。")
    parser.add_argument("bundle", help="bundle file (JSON) 证据包文件")
    parser.add_argument("--key", help="the hub's public key, base64 中心公钥")
    parser.add_argument("--seen", help="file with a checkpoint you kept 先前保存的检查点文件")
    parser.add_argument("--json", action="store_true", help="report as JSON 以JSON输出")
    parser.add_argument("--zh", action="store_true", help="report in Chinese 以中文输出")
    options = parser.parse_args(arguments)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        with open(options.bundle, "rb") as file:
            bundle = parse_bundle(file.read())
        seen = None
        if options.seen is not None:
            with open(options.seen, "rb") as file:
                seen = file.read().decode()
    except (OSError, ValueError) as problem:
        said = "无法读取文件：" if options.zh else "The file could not be read: "
        print(said + _shown(str(problem)), file=sys.stderr)
        return 2
    report = verify_bundle(bundle, key=options.key, seen=seen)
    if options.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print(text_report(report, options.zh), end="")
    return 0 if report.accepted else 1


if __name__ == "__main__":
    sys.exit(main())
