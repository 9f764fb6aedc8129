"""Expressions of indicator definitions: the tree, its one canonical text, and its hash.

The text form is read by `grammar.parse`; `canonical` writes it back in English keywords, and parsing the
canonical text gives the same tree. The hash of the canonical JSON (keys sorted, no spaces) names a formula
for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Literal

from hutong.engines.indicators.units import Unit
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text

Window = Literal["in_period", "cumulative", "point_in_time"]
Calendar = Literal["year", "half_year", "quarter", "month", "week", "day"]
Aggregation = Literal["count", "sum", "distinct", "median", "min", "max"]
Operator = Literal["+", "-", "*", "/"]

WINDOW_TITLES: dict[Window, Text] = {
    "in_period": Text("within the period", "期内"),
    "cumulative": Text("since the plan began", "累计"),
    "point_in_time": Text("at the date", "时点"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One test on a dimension: ``domestic = "yes"`` or ``region != "110108"``."""

    dim: str
    equal: bool
    value: str


@dataclass(frozen=True, slots=True)
class Const:
    """A constant, in a unit (share when it has none)."""

    amount: Fraction
    unit: Unit


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Facts of one measure, filtered and reduced to one value. key: dimension counted by distinct."""

    op: Aggregation
    measure: str
    where: tuple[Condition, ...] = ()
    window: Window | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """Another indicator, `back` calendar steps earlier; zero steps is the same period."""

    indicator: str
    back: int = 0
    calendar: Calendar = "year"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions joined; ``ratio(a, b)`` and ``share(m, …)`` are divisions."""

    op: Operator
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Growth:
    """Change against the same period one year before, as a share of that earlier value."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time from the start of the period to the date of the figure; for capacity from chips in a pool."""


Expression = Const | Aggregate | Ref | Binary | Growth | Elapsed


def children(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Binary):
        return (node.left, node.right)
    return (node.inner,) if isinstance(node, Growth) else ()


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def measures_in(node: Expression) -> frozenset[str]:
    return frozenset(n.measure for n in walk(node) if isinstance(n, Aggregate))


def references_in(node: Expression) -> frozenset[Ref]:
    return frozenset(n for n in walk(node) if isinstance(n, Ref))


def canonical(node: Expression) -> str:
    """The expression as text with English keywords."""
    if isinstance(node, Const):
        if node.amount.denominator != 1 and "." not in decimal_text(node.amount):
            return f"({node.amount.numerator} / {node.amount.denominator})"
        return decimal_text(node.amount) + ("" if node.unit.name == "share" else f" [{node.unit.name}]")
    if isinstance(node, Aggregate):
        return _aggregate_text(node)
    if isinstance(node, Ref):
        plural = "" if node.back == 1 else "s"
        return (
            f"previous({node.indicator}, {node.back} {node.calendar}{plural})"
            if node.back
            else node.indicator
        )
    if isinstance(node, Growth):
        return f"growth_yoy({canonical(node.inner)})"
    if isinstance(node, Elapsed):
        return "elapsed"
    return f"({canonical(node.left)} {node.op} {canonical(node.right)})"


def _aggregate_text(node: Aggregate) -> str:
    tests = " and ".join(
        f"{c.dim} {'=' if c.equal else '!='} {json.dumps(c.value, ensure_ascii=False)}" for c in node.where
    )
    inside = node.measure + (f" where {tests}" if tests else "") + (f", {node.key}" if node.key else "")
    return f"{node.op}({inside})" + (f" {node.window}" if node.window else "")


def as_json(node: object) -> object:
    """Plain JSON of a tree; fractions as ``n/d`` strings, units by name."""
    if isinstance(node, Unit):
        return node.name
    if isinstance(node, Fraction):
        return f"{node.numerator}/{node.denominator}"
    if isinstance(node, tuple):
        return [as_json(n) for n in node]
    if is_dataclass(node) and not isinstance(node, type):
        content = {f.name: as_json(getattr(node, f.name)) for f in fields(node)}
        return {"node": type(node).__name__.lower()} | content
    return node


def formula_hash(node: Expression) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    text = json.dumps(as_json(node), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
