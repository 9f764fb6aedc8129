"""The part of VNN-LIB that competitions use: boxes on the inputs, linear rows on the outputs, and, or.

A property states what a counter-example is. Numbers are read as the nearest float64, as the tools of VNN-COMP do;
the property verified is the one with those numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from hutong.engines.trust.networks.properties import Case, Goal, Property
from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

LARGEST, DEEPEST, MOST_CASES = 64 * 2**20, 64, 20_000
_TOKEN = re.compile(r"\s+|;[^\n]*|(?P<word>[()]|[^\s();]+)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NAME = re.compile(r"([XY])_(0|[1-9]\d{0,5})")


@dataclass(frozen=True, slots=True)
class _Tree:
    """A word, or a list of trees when `word` is empty. line: where it starts."""

    word: str
    parts: tuple[_Tree, ...]
    line: int


@dataclass(frozen=True, slots=True)
class _Atom:
    """kind "X": index <= value (side 1) or >= (side -1). kind "Y": sum of terms <= value."""

    kind: Literal["X", "Y"]
    index: int
    side: int
    terms: tuple[tuple[int, float], ...]
    value: float


_Conjunction = tuple[_Atom, ...]


def _bad(line: int, en: str, zh: str, rule: str = "property.form") -> Invalid:
    what = Text("Line {n}: ", "第{n}行：").format(n=line)
    return refuse(rule, Text(what.en + en, what.zh + zh), where=f"property:{line}")


def read_property(text: str) -> Property:
    """The cases in which a counter-example may lie. `Invalid` names the line: property.form, property.term,
    property.name, property.size, property.unbounded."""
    if len(text) > LARGEST:
        raise _bad(1, "The text is too long.", "文本过长。", "property.size")
    counts: dict[str, set[int]] = {"X": set(), "Y": set()}
    clauses: list[tuple[_Conjunction, ...]] = []
    last = 1
    for tree in _trees(text):
        last = tree.line
        head = tree.parts[0].word if tree.parts else ""
        if head == "declare-const" and len(tree.parts) == 3 and tree.parts[2].word == "Real":
            kind, index = _name(tree.parts[1])
            counts[kind].add(index)
        elif head == "assert" and len(tree.parts) == 2:
            clauses.append(_clauses(tree.parts[1], counts))
        else:
            raise _bad(tree.line, "Expected declare-const or assert.", "此处应为 declare-const 或 assert。")
    for kind, seen in counts.items():
        if seen != set(range(len(seen))) or not seen:
            en = f"The {kind} variables are not numbered from 0 without a gap."
            raise _bad(last, en, f"{kind}变量未从0起连续编号。", "property.name")
    return _cases(clauses, len(counts["X"]), len(counts["Y"]), last)


def _trees(text: str) -> Iterator[_Tree]:
    open_lists: list[tuple[list[_Tree], int]] = []
    line = 1
    for match in _TOKEN.finditer(text):
        word = match["word"]
        if word == "(":
            open_lists.append(([], line))
            if len(open_lists) > DEEPEST:
                raise _bad(line, "Too many brackets inside one another.", "括号嵌套过深。")
        elif word == ")":
            if not open_lists:
                raise _bad(line, "A bracket closes that never opened.", "多余的右括号。")
            parts, start = open_lists.pop()
            tree = _Tree("", tuple(parts), start)
            if not open_lists:
                yield tree
            else:
                open_lists[-1][0].append(tree)
        elif word:
            if not open_lists:
                raise _bad(line, f"{word[:40]!r} stands outside brackets.", f"{word[:40]!r}位于括号之外。")
            open_lists[-1][0].append(_Tree(word, (), line))
        line += match.group().count("\n")
    if open_lists:
        raise _bad(open_lists[-1][1], "A bracket never closes.", "括号未闭合。")


def _name(tree: _Tree) -> tuple[str, int]:
    match = _NAME.fullmatch(tree.word)
    if not match:
        raise _bad(
            tree.line, f"{tree.word[:40]!r} is neither X_i nor Y_i.", f"{tree.word[:40]!r}不是X_i或Y_i。",
            "property.name",
        )  # fmt: skip
    return match[1], int(match[2])


def _clauses(tree: _Tree, counts: dict[str, set[int]]) -> tuple[_Conjunction, ...]:
    """One assertion in disjunctive normal form."""
    head = tree.parts[0].word if tree.parts else ""
    if head == "and" and len(tree.parts) > 1:
        return _both([_clauses(p, counts) for p in tree.parts[1:]], tree.line)
    if head == "or" and len(tree.parts) > 1:
        found = tuple(c for p in tree.parts[1:] for c in _clauses(p, counts))
        return _limited(found, tree.line)
    if head in ("<=", ">=") and len(tree.parts) == 3:
        left, right = (_term(p, counts) for p in (tree.parts[1:] if head == "<=" else tree.parts[:0:-1]))
        return ((_atom(left, right, tree.line),),)
    raise _bad(tree.line, "Expected and, or, <= or >=.", "此处应为 and、or、<= 或 >=。", "property.term")


def _limited(found: tuple[_Conjunction, ...], line: int) -> tuple[_Conjunction, ...]:
    if len(found) > MOST_CASES:
        raise _bad(line, "The property has too many cases.", "性质的情形过多。", "property.size")
    return found


def _both(factors: list[tuple[_Conjunction, ...]], line: int) -> tuple[_Conjunction, ...]:
    if int(np.prod([len(f) for f in factors], dtype=object)) > MOST_CASES:
        raise _bad(line, "The property has too many cases.", "性质的情形过多。", "property.size")
    return tuple(tuple(a for part in choice for a in part) for choice in product(*factors))


def _term(tree: _Tree, counts: dict[str, set[int]]) -> tuple[str, int, float]:
    """("", 0, value) for a number, else (kind, index, 0)."""
    if len(tree.parts) == 2 and tree.parts[0].word == "-":
        kind, index, value = _term(tree.parts[1], counts)
        if not kind:
            return kind, index, -value
    if _NUMBER.fullmatch(tree.word):
        value = float(tree.word)
        if not np.isfinite(value):
            raise _bad(tree.line, "The number is too large.", "数值过大。", "property.term")
        return "", 0, value
    if not tree.word:
        raise _bad(tree.line, "Expected a variable or a number.", "此处应为变量或数值。", "property.term")
    kind, index = _name(tree)
    if index not in counts[kind]:
        raise _bad(tree.line, f"{tree.word} is not declared.", f"{tree.word}未声明。", "property.name")
    return kind, index, 0.0


def _atom(left: tuple[str, int, float], right: tuple[str, int, float], line: int) -> _Atom:
    """left <= right."""
    kinds = left[0] + right[0]
    if kinds == "X":
        index, side, value = (left[1], 1, right[2]) if left[0] else (right[1], -1, left[2])
        return _Atom("X", index, side, (), value)
    if kinds in ("Y", "YY"):
        terms = [(t[1], s) for t, s in ((left, 1.0), (right, -1.0)) if t[0]]
        return _Atom("Y", 0, 0, tuple(terms), right[2] - left[2])
    raise _bad(
        line, "A comparison joins an input and a number, or outputs.", "比较须为输入与数值，或输出之间。",
        "property.term",
    )  # fmt: skip


def _cases(clauses: list[tuple[_Conjunction, ...]], inputs: int, outputs: int, line: int) -> Property:
    boxes: dict[bytes, tuple[Case, list[Goal]]] = {}
    for conjunction in _both(clauses, line):
        low, high = np.full(inputs, -np.inf), np.full(inputs, np.inf)
        rows = [a for a in conjunction if a.kind == "Y"]
        for a in conjunction:
            if a.kind == "X" and a.side > 0:
                high[a.index] = min(high[a.index], a.value)
            elif a.kind == "X":
                low[a.index] = max(low[a.index], a.value)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            missing = int(np.argmin(np.isfinite(low) & np.isfinite(high)))
            raise _bad(
                line, f"X_{missing} has no two bounds.", f"X_{missing}缺少上下界。", "property.unbounded"
            )
        matrix = np.zeros((len(rows), outputs))
        for i, a in enumerate(rows):
            for index, factor in a.terms:
                matrix[i, index] += factor
        goal = Goal(matrix, np.array([a.value for a in rows], dtype=np.float64), False)
        boxes.setdefault(low.tobytes() + high.tobytes(), (Case(low, high, ()), []))[1].append(goal)
    cases = tuple(Case(c.low, c.high, tuple(goals)) for c, goals in boxes.values() if (c.low <= c.high).all())
    return Property(inputs, outputs, cases)
