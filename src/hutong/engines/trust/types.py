"""The words of an evaluation: category, level, system, claim, evidence, observations, cell, verdict.

All frozen; numbers that are published are integers or decimal strings, so that they can be hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Category = Literal["Q", "R", "X", "F", "S", "P", "G"]
CATEGORIES: tuple[Category, ...] = ("Q", "R", "X", "F", "S", "P", "G")
CATEGORY_WORDS: dict[Category, Text] = {
    "Q": Text("Good", "质量"),
    "R": Text("Robust", "鲁棒性"),
    "X": Text("Explainable", "可解释性"),
    "F": Text("Fair", "公平性"),
    "S": Text("Safe", "安全性"),
    "P": Text("Private", "隐私保护"),
    "G": Text("Governed", "治理"),
}
LEVEL_WORDS: dict[int, Text] = {
    0: Text("nothing shown", "尚无证据"),
    1: Text("declared", "已声明"),
    2: Text("measured", "已测量"),
    3: Text("challenged", "经对抗检验"),
    4: Text("bounded", "有界保证"),
    5: Text("proven", "已证明"),
}
State = Literal["pass", "fail", "inconclusive", "not_estimable", "not_run", "not_reachable", "not_applicable"]
STATE_WORDS: dict[State, tuple[Text, str]] = {
    "pass": (Text("passes", "通过"), "✔"),
    "fail": (Text("fails", "不通过"), "✘"),
    "inconclusive": (Text("not decided", "未能判定"), "≈"),
    "not_estimable": (Text("cannot be estimated", "无法估计"), "∅"),
    "not_run": (Text("not shown", "未提供证据"), "○"),
    "not_reachable": (Text("not reachable with the tests installed", "现有测试手段无法达到"), "⊘"),
    "not_applicable": (Text("does not apply", "不适用"), "–"),
}
Json = Mapping[str, object]


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


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing to be shown. kind names the rule that judges its counts; params are what the rule needs.

    alpha: error of this claim (decimal string). null: what is believed until refuted. n: units counted, with the truth
    from which it passes (`passes_from`) or fails (`fails_from`) with 95 % chance; None where no truth would.
    """

    id: str
    category: Category
    level: int
    kind: str
    metric: str
    statement: Text
    population: Text
    null: Text
    threshold: str | None = None
    direction: Literal[">=", "<=", "all"] = "all"
    alpha: str | None = None
    n: int | None = None
    passes_from: str | None = None
    fails_from: str | None = None
    stopping: str = "fixed size, one look"
    queries: int | None = None
    params: Mapping[str, object] = field(default_factory=dict, hash=False)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "category": self.category,
            "level": self.level,
            "kind": self.kind,
            "metric": self.metric,
            "statement": self.statement.as_json(),
            "population": self.population.as_json(),
            "null": self.null.as_json(),
            "threshold": self.threshold,
            "direction": self.direction,
            "alpha": self.alpha,
            "n": self.n,
            "passes_from": self.passes_from,
            "fails_from": self.fails_from,
            "stopping": self.stopping,
            "queries": self.queries,
            "params": dict(self.params),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record that answers one process check. digest: SHA-256 of the document. record: its id in the hub."""

    check: str
    answer: bool
    digest: str
    record: str
    given_by: str
    confirmed_by: str | None = None

    def __post_init__(self) -> None:
        check_record(self.digest, self.record)

    def as_json(self) -> dict[str, object]:
        names = ("check", "answer", "digest", "record", "given_by", "confirmed_by")
        return {n: getattr(self, n) for n in names}


@dataclass(frozen=True, slots=True)
class Declaration:
    """Why a category does not apply, on record. ground: one that the profile allows for that category."""

    category: Category
    ground: str
    reason: Text
    digest: str
    record: str

    def __post_init__(self) -> None:
        check_record(self.digest, self.record)

    def as_json(self) -> dict[str, object]:
        return {
            "category": self.category,
            "ground": self.ground,
            "reason": self.reason.as_json(),
            "digest": self.digest,
            "record": self.record,
        }


@dataclass(frozen=True, slots=True)
class Observations:
    """What was counted, by claim; bound to the plan, the model and the data by digest."""

    plan: str
    artefact: str
    data: str
    counts: Mapping[str, Json] = field(hash=False)

    def as_json(self) -> dict[str, object]:
        return {
            "plan": self.plan,
            "artefact": self.artefact,
            "data": self.data,
            "counts": {k: dict(v) for k, v in self.counts.items()},
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement of one claim: state, the number with its interval (decimal strings), words, details."""

    claim: str
    state: State
    words: Text
    value: str | None = None
    lower: str | None = None
    upper: str | None = None
    threshold: str | None = None
    n: int | None = None
    details: tuple[Json, ...] = field(default=(), hash=False)

    def as_json(self) -> dict[str, object]:
        names = ("claim", "state", "value", "lower", "upper", "threshold", "n")
        return {
            **{n: getattr(self, n) for n in names},
            "words": self.words.as_json(),
            "details": [dict(d) for d in self.details],
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """One category at one level: the weakest of its findings."""

    category: Category
    level: int
    state: State
    required: bool
    words: Text
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "category": self.category,
            "level": self.level,
            "state": self.state,
            "required": self.required,
            "words": self.words.as_json(),
            "findings": [f.as_json() for f in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The vector of levels reached, never a mean. stops: required cells that do not pass, worst first.

    reached[c]: highest level such that it and all below pass. not_applicable: categories excused by a declaration.
    outcome: "pass" only if nothing stops it. meets_class: highest risk class whose requirements the vector meets.
    """

    outcome: Literal["pass", "fail", "inconclusive", "not_reachable"]
    reached: Mapping[Category, int] = field(hash=False)
    required: Mapping[Category, int] = field(hash=False)
    not_applicable: tuple[Category, ...]
    meets_class: int
    cells: tuple[Cell, ...]
    stops: tuple[Cell, ...]
    words: Text

    @property
    def stops_at(self) -> Cell | None:
        return self.stops[0] if self.stops else None

    def cell(self, category: Category, level: int) -> Cell:
        return next(c for c in self.cells if (c.category, c.level) == (category, level))

    def as_json(self) -> dict[str, object]:
        stop = self.stops_at
        return {
            "outcome": self.outcome,
            "reached": dict(self.reached),
            "required": dict(self.required),
            "not_applicable": list(self.not_applicable),
            "meets_class": self.meets_class,
            "stops_at": None
            if stop is None
            else {"category": stop.category, "level": stop.level, "state": stop.state},
            "words": self.words.as_json(),
            "cells": [c.as_json() for c in self.cells],
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


_CHECK_INPUT = Text("Correct the input and try again.", "请更正后重试。")


def refuse(rule: str, what: Text, remedy: Text = _CHECK_INPUT, where: str | None = None) -> Invalid:
    """The `Invalid` of a broken rule, to be raised by the caller."""
    return Invalid(what, rule=rule, remedy=remedy, field=where)


def check_record(digest: str, record: str) -> None:
    """Refuse what is not bound to a record: 64 hex digits and an id are needed."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or not record.strip():
        raise refuse(
            "evidence.unbound",
            Text("Evidence is not bound to a document and a record.", "证据未与文件及记录绑定。"),
            Text(
                "Give the SHA-256 of the document and the record's id.", "请提供文件的SHA-256值和记录编号。"
            ),
        )
