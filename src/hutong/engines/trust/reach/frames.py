"""What goes between the evaluator and the child that keeps a model: a head of JSON and plain numbers, never a pickle.

A frame is the length of its head (4 bytes, big endian), the head (JSON), and as many bytes of numbers as the head says.
Neither side trusts the other with more: heads are short, sizes are checked before anything is made of the bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

HEAD = 2**20
# Tables of hostile input that are no numbers go in the head: they have a few rows.
_PLAIN = "fiu"
Read = Callable[[int], bytes]


class BrokenFrame(ValueError):
    """The other side does not speak as agreed."""


def packed(head: Mapping[str, object], body: bytes = b"") -> bytes:
    text = json.dumps({**head, "bytes": len(body)}, separators=(",", ":")).encode()
    if len(text) > HEAD:
        raise BrokenFrame("head")
    return len(text).to_bytes(4, "big") + text + body


def unpacked(read: Read, largest: int) -> tuple[dict[str, Any], bytes]:
    """One frame from `read`, which gives exactly as many bytes as asked. largest: bytes of numbers.

    `BrokenFrame` for anything else.
    """
    size = int.from_bytes(read(4), "big")
    if not 0 < size <= HEAD:
        raise BrokenFrame("head")
    try:
        head = json.loads(read(size))
    except (ValueError, RecursionError) as error:
        raise BrokenFrame("head") from error
    length = head.pop("bytes", None) if isinstance(head, dict) else None
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= largest:
        raise BrokenFrame("size")
    return head, read(length)


def table_out(rows: Any, **more: object) -> bytes:
    """Any array as a frame; text and objects as JSON, the numbers among them as Python has them. more: of the head."""
    table = np.asarray(rows)
    head: dict[str, object] = {**more, "type": table.dtype.str, "shape": list(table.shape)}
    if table.dtype.kind in _PLAIN:
        return packed(head, np.ascontiguousarray(table).tobytes())
    return packed({**head, "cells": table.reshape(-1).tolist()})


def table_in(head: Mapping[str, Any], body: bytes) -> Any:
    """The array again. `BrokenFrame` where head and numbers do not fit."""
    try:
        kind, shape = np.dtype(str(head["type"])), tuple(int(n) for n in head["shape"])
        if "cells" in head:
            return np.array(head["cells"], dtype=kind).reshape(shape)
        if kind.kind not in _PLAIN:
            raise BrokenFrame("type")
        return np.frombuffer(body, dtype=kind).reshape(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenFrame("table") from error
