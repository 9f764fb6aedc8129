"""What is evaluated, as its owner declares it: columns, domain, promises, system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from hutong.engines.trust.types.refusal import refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Column:
    """One input column of a table: bounds, whether it holds whole numbers, whether noise may touch it."""

    name: str
    low: Fraction | None = None
    high: Fraction | None = None
    whole: bool = False
    immutable: bool = False

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "low": None if self.low is None else str(self.low),
            "high": None if self.high is None else str(self.high),
            "whole": self.whole,
            "immutable": self.immutable,
        }


@dataclass(frozen=True, slots=True)
class Domain:
    """What the system may be asked: images of one shape (row-major, flattened), a typed table, or words.

    columns: one per input, none for kind "text". shape: (height, width) for kind "image", else None.
    """

    kind: Literal["image", "table", "text"]
    columns: tuple[Column, ...]
    shape: tuple[int, int] | None = None

    @staticmethod
    def image(height: int, width: int, low: int = 0, high: int = 1) -> Domain:
        cells = (f"r{r}c{c}" for r in range(height) for c in range(width))
        return Domain(
            "image", tuple(Column(n, Fraction(low), Fraction(high)) for n in cells), (height, width)
        )

    @property
    def width(self) -> int:
        return len(self.columns)

    def as_json(self) -> dict[str, object]:
        if self.shape is not None:
            first = self.columns[0]
            return {
                "kind": self.kind,
                "shape": list(self.shape),
                "low": str(first.low),
                "high": str(first.high),
            }
        if self.kind == "text":
            return {"kind": self.kind}
        return {"kind": self.kind, "columns": [c.as_json() for c in self.columns]}


@dataclass(frozen=True, slots=True)
class Promise:
    """A declared property: every input of the box has this label. box: (column, low, high); other columns are free."""

    name: str
    box: tuple[tuple[str, Fraction, Fraction], ...]
    label: str

    def columns(self, domain: Domain) -> tuple[Column, ...]:
        """The columns of the domain narrowed to the box."""
        known = {name: (low, high) for name, low, high in self.box}
        return tuple(
            replace(c, low=known[c.name][0], high=known[c.name][1], immutable=False)
            if c.name in known
            else replace(c, immutable=False)
            for c in domain.columns
        )

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "box": [[n, str(low), str(high)] for n, low, high in self.box],
            "label": self.label,
        }


@dataclass(frozen=True, slots=True)
class System:
    """What is evaluated, as declared. labels: class names in the order of the model's probabilities; none where it
    answers in words.

    positive and decision_at: for two classes, which one is the favourable decision and the score from which
    it is given. guarded: the system is served behind a door that refuses input outside its domain.
    promises: declared properties, to be proven at level 5 of robustness. privacy: the differential privacy claimed and the
    mechanism that is said to give it, as decimal strings (`membership.promise`); None where none is claimed.
    """

    name: str
    version: str
    domain: Domain
    labels: tuple[str, ...]
    positive: str | None = None
    decision_at: Fraction | None = None
    guarded: bool = False
    promises: tuple[Promise, ...] = ()
    privacy: Mapping[str, str] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        binary = len(self.labels) == 2 and self.positive in self.labels and self.decision_at is not None
        words = self.domain.kind == "text"
        if len(set(self.labels)) != len(self.labels) or (
            len(self.labels) < 2 and not (words and not self.labels)
        ):
            raise refuse(
                "system.labels",
                Text("The labels are not two or more different names.", "标签应为两个以上不同名称。"),
            )
        if (self.positive is not None or self.decision_at is not None) and not binary:
            raise refuse(
                "system.decision",
                Text(
                    "A decision rule needs two labels, the favourable one and its score.",
                    "决策规则须有两个标签，并指明有利结果及其分数阈值。",
                ),
            )
        names = {c.name for c in self.domain.columns}
        for promise in self.promises:
            if promise.label not in self.labels or not {n for n, _, _ in promise.box} <= names:
                raise refuse(
                    "system.promises",
                    Text(
                        "A declared property names no column or label.", "声明的性质引用了不存在的列或标签。"
                    ),
                    where=promise.name,
                )

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "version": self.version,
            "domain": self.domain.as_json(),
            "labels": list(self.labels),
            "positive": self.positive,
            "decision_at": None if self.decision_at is None else str(self.decision_at),
            "guarded": self.guarded,
            **({"promises": [p.as_json() for p in self.promises]} if self.promises else {}),
            **({} if self.privacy is None else {"privacy": dict(self.privacy)}),
        }


def privacy_of(record: object) -> Mapping[str, str] | None:
    """The claim of differential privacy in a declaration. `Invalid` system.privacy where it is no map of names to numbers."""
    if record is None:
        return None
    if not isinstance(record, Mapping) or not {"epsilon", "delta", "kind"} <= set(record):
        raise refuse(
            "system.privacy",
            Text(
                "A claimed ε comes with delta, kind and the numbers of its mechanism.",
                "声明ε须同时给出delta、kind及机制参数。",
            ),
            where="privacy",
        )
    return {str(k): str(v) for k, v in sorted(record.items())}
