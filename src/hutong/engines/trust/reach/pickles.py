"""What a pickle would run, read from its instructions and never loaded.

The instructions are followed on a stack of names and unknowns (Python's pickletools; format: PEP 307, PEP 574). A
callable is listed where it is named (GLOBAL, STACK_GLOBAL, INST, extension codes) and marked as called where an instruction
would call it. A name put together at run time is listed as unknown, never left out.
"""

from __future__ import annotations

import io
import pickletools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LONGEST = 2_000_000
UNKNOWN = "?"
_MARK = object()
_STRINGS = frozenset(
    {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
)
_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_CALLS = frozenset({"REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "BUILD"})
# Names as they lie in bytes that are no instructions (joblib puts raw arrays between them).
_BY_NAME = re.compile(
    rb"c([A-Za-z_][\w.]{0,80})\n([A-Za-z_][\w.]{0,80})\n"
    rb"|\x8c.([A-Za-z_][\w.]{0,80})(?:\x94|q.|r....)?\x8c.([A-Za-z_][\w.]{0,80})(?:\x94|q.|r....)?\x93",
    re.DOTALL,
)


@dataclass(slots=True)
class Listing:
    """names: callables named, in order. called: those that opening would call. whole: read to the last STOP."""

    names: dict[str, bool] = field(default_factory=dict)
    whole: bool = True

    def name(self, name: str) -> str:
        self.names.setdefault(name, False)
        return name

    def call(self, thing: object) -> None:
        name = thing.name if isinstance(thing, _Named) else UNKNOWN
        self.names[name] = True

    @property
    def called(self) -> tuple[str, ...]:
        return tuple(n for n, c in self.names.items() if c)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str


def list_callables(data: bytes) -> Listing:
    """All callables of one or more pickles in a row. Linear in the length of the data; nothing is imported or run."""
    listing, stream = Listing(), io.BytesIO(data)
    steps = 0
    while stream.tell() < len(data):
        start = stream.tell()
        try:
            steps = _follow(pickletools.genops(stream), listing, steps)
        except (ValueError, IndexError, KeyError, OverflowError, UnicodeError, TypeError):
            listing.whole = False
            _by_name(data[start:], listing)
            break
    return listing


def _by_name(rest: bytes, listing: Listing) -> None:
    for match in _BY_NAME.finditer(rest):
        module, name = (match[1], match[2]) if match[1] else (match[3], match[4])
        # Whether it would be called cannot be told here: taken as called.
        listing.names[f"{module.decode()}.{name.decode()}"] = True


def _follow(steps: Iterator[tuple[Any, Any, int | None]], listing: Listing, done: int) -> int:
    stack: list[object] = []
    memo: dict[int, object] = {}
    for op, arg, _ in steps:
        done += 1
        if done > LONGEST:
            raise ValueError("too many instructions")
        _step(op, arg, stack, memo, listing)
    return done


def _step(op: Any, arg: Any, stack: list[object], memo: dict[int, object], listing: Listing) -> None:
    name = op.name
    if name in _STRINGS:
        stack.append(arg)
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in _PUTS:
        memo[int(arg)] = stack[-1]
    elif name in _GETS:
        stack.append(memo[int(arg)])
    elif name == "DUP":
        stack.append(stack[-1])
    elif name == "GLOBAL":
        stack.append(_Named(listing.name(str(arg).replace(" ", "."))))
    elif name == "STACK_GLOBAL":
        last, first = stack.pop(), stack.pop()
        known = isinstance(first, str) and isinstance(last, str)
        stack.append(_Named(listing.name(f"{first}.{last}" if known else UNKNOWN)))
    elif name.startswith("EXT"):
        stack.append(_Named(listing.name(f"extension.{arg}")))
    elif name == "INST":
        _pop_to_mark(stack)
        made = _Named(listing.name(str(arg).replace(" ", ".")))
        listing.call(made)
        stack.append(None)
    elif name in {"PERSID", "BINPERSID"}:
        if name == "BINPERSID":
            stack.pop()
        listing.name("persistent_load")
        stack.append(None)
    elif name in _CALLS:
        _call(name, stack, listing)
    else:
        _other(op, stack)


def _call(name: str, stack: list[object], listing: Listing) -> None:
    if name == "OBJ":
        items = _pop_to_mark(stack)
        listing.call(items[0] if items else None)
    elif name == "BUILD":
        # Calls __setstate__ of what lies below: its class is named already.
        stack.pop()
        return
    else:
        for _ in range(2 if name == "NEWOBJ_EX" else 1):
            stack.pop()
        listing.call(stack.pop())
    stack.append(None)


def _other(op: Any, stack: list[object]) -> None:
    """Any other instruction: as many unknowns as it leaves, for what it takes."""
    takes = list(op.stack_before)
    if pickletools.markobject in takes:
        after_mark = takes[takes.index(pickletools.markobject) :]
        if pickletools.stackslice in after_mark or op.name == "POP_MARK":
            _pop_to_mark(stack)
            takes = takes[: takes.index(pickletools.markobject)]
    for _ in takes:
        stack.pop()
    for made in op.stack_after:
        stack.append(_MARK if made is pickletools.markobject else None)


def _pop_to_mark(stack: list[object]) -> list[object]:
    items: list[object] = []
    while True:
        top = stack.pop()
        if top is _MARK:
            return items[::-1]
        items.append(top)
