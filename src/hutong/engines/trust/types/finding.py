"""What was counted and how it was judged: observations, findings, cells, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hutong.engines.trust.types.words import Category, Json, State
from hutong.kernel.text import Text


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
