"""What a foreign file is, and the one finding against it if there is one. Runs in the child of `jail`.

The result is {"kind": "onnx" | "skops" | ..., "finding": null or a finding as JSON, "types": [...]}.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

from hutong.engines.trust.reach.archives import Refused, inflate, is_zip, members, stream_of, take
from hutong.engines.trust.reach.filewords import found
from hutong.engines.trust.reach.pickles import UNKNOWN, list_callables
from hutong.engines.trust.types import Finding

SHOWN = 40
_STANDARD = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_TEXT_PICKLE = (b"(d", b"(l", b"(t", b"(i", b"cc", b"c_", b"cp", b"cb", b"co", b"cs", b"cn", b"]q", b"}q")


def look(data: bytes) -> dict[str, object]:
    """Inspect the bytes of one file; never raises for what is in them."""
    try:
        kind, more = _look(data, 0)
    except Refused as refusal:
        return {"kind": "refused", "finding": refusal.finding.as_json(), "types": []}
    return {"kind": kind, "finding": None, "types": more}


def _look(data: bytes, depth: int) -> tuple[str, list[str]]:
    if not data:
        raise Refused(found("file.empty"))
    if is_zip(data):
        return _zip(data)
    if stream_of(data) is not None:
        if depth:
            raise Refused(found("file.archive_bomb"))
        return _look(inflate(data), depth + 1)
    if _is_pickle(data):
        raise Refused(_pickle(data))
    _onnx(data)
    return "onnx", []


def _is_pickle(data: bytes) -> bool:
    if data[:1] == b"\x80" and data[1:2] <= b"\x05":
        return True
    return data[:2] in _TEXT_PICKLE or (data[:1] == b"c" and b"\n" in data[:200])


def _pickle(data: bytes) -> Finding:
    """The callables that opening would run, listed; a pickle is refused whatever it names."""
    listing = list_callables(data)
    details = [{"callable": n, "called": c} for n, c in list(listing.names.items())[:SHOWN]]
    if not listing.names:
        return found("file.pickle" if listing.whole else "file.pickle_unreadable", "nothing", details)
    called = list(listing.called) or list(listing.names)
    shown = ", ".join("a name made at run time" if n == UNKNOWN else n for n in called[:4])
    more = f" (+{len(called) - 4})" if len(called) > 4 else ""
    return found("file.pickle", shown + more, details)


def _zip(data: bytes) -> tuple[str, list[str]]:
    archive = members(data)
    names = archive.namelist()
    if "schema.json" in names:
        return "skops", _skops_types(archive)
    pickled = [n for n in names if n.endswith((".pkl", ".pickle"))]
    if pickled:
        raise Refused(_pickle(take(archive, pickled[0])))
    # Every member is unpacked once, so that a bomb is called a bomb even where the archive is no model.
    left = sum(len(take(archive, n)) for n in names)
    raise Refused(found("file.archive_kind", details=({"members": len(names), "bytes": left},)))


def _skops_types(archive: zipfile.ZipFile) -> list[str]:
    """Types that a skops schema names, sorted: module and class of every node, and what functions it refers to."""
    try:
        schema = json.loads(take(archive, "schema.json"))
    except (ValueError, RecursionError) as error:
        raise Refused(found("file.archive_truncated")) from error
    return sorted(set(_named(schema)))


def _named(node: Any) -> Iterator[str]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__class__" in one:
                yield f"{one.get('__module__', '')}.{one['__class__']}"[:200]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _onnx(data: bytes) -> None:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(data)
    except (DecodeError, ValueError, TypeError, RuntimeError) as error:
        raise Refused(found("file.kind" if not _like_onnx(data) else "file.onnx_form")) from error
    if not proto.graph.node:
        raise Refused(found("file.onnx_form" if _like_onnx(data) else "file.kind"))
    outside: list[str] = []
    for message in _messages(proto):
        kind = message.DESCRIPTOR.name
        if kind == "NodeProto" and message.domain not in _STANDARD:
            raise Refused(found("file.onnx_operator", f"{message.domain}:{message.op_type}"))
        if kind == "TensorProto" and (message.data_location == 1 or message.external_data):
            outside += [e.value for e in message.external_data if e.key == "location"] or ["?"]
    if outside:
        bad = next((p for p in outside if _leads_out(p)), None)
        rule = "file.onnx_external" if bad is None else "file.onnx_path"
        raise Refused(found(rule, bad or outside[0], [{"location": p[:200]} for p in outside[:SHOWN]]))


def _like_onnx(data: bytes) -> bool:
    # Field 1 of a ModelProto: ir_version, a small number.
    return data[:1] == b"\x08" and 0 < data[1] < 32 if len(data) > 1 else False


def _leads_out(path: str) -> bool:
    plain = path.replace("\\", "/")
    return plain.startswith(("/", "~")) or ":" in plain or "\0" in plain or ".." in plain.split("/")


def _messages(message: Any) -> Iterator[Any]:
    """The message and all inside it: graphs in attributes, functions, sparse tensors, training parts."""
    waiting = [message]
    while waiting:
        one = waiting.pop()
        yield one
        for field, value in one.ListFields():
            if field.type == field.TYPE_MESSAGE:
                waiting.extend([value] if hasattr(value, "ListFields") else value)
