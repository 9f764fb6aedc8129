"""The evaluator evaluated: systems whose truth is known, drawn at run time, given to the very methods and rules of a plan.

A null is a system for which the claim is false by as little as possible; if it passes, that is a false pass. A defect lies
at the smallest effect that the plan says it can detect; if it is not judged "fails", it was missed. A good system lies
where the plan says it passes with 95 % chance.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from hutong.engines.trust.runs.selftest.planting import Plant, Role
from hutong.engines.trust.runs.selftest.plants import plants
from hutong.engines.trust.runs.selftest.stopping import false_passes_of_stoppers, least_coverage
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.prng import stream

ERROR = 0.05
FOUND = 0.95
USERS = 10_000
# Fewest cases of one role of one test.
LEAST = 10


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one test, one category or all. detected of defects; recognised of good systems."""

    name: str
    cases: int = 0
    nulls: int = 0
    false_passes: int = 0
    defects: int = 0
    detected: int = 0
    good: int = 0
    recognised: int = 0

    def plus(self, role: Role, state: str) -> Score:
        """With one more case of that role, judged so."""
        return Score(
            self.name,
            self.cases + 1,
            self.nulls + (role == "null"),
            self.false_passes + (role != "good" and state == "pass"),
            self.defects + (role == "defect"),
            self.detected + (role == "defect" and state == "fail"),
            self.good + (role == "good"),
            self.recognised + (role == "good" and state == "pass"),
        )

    def and_(self, other: Score) -> Score:
        names = ("cases", "nulls", "false_passes", "defects", "detected", "good", "recognised")
        return Score(self.name, **{n: getattr(self, n) + getattr(other, n) for n in names})

    @property
    def false_pass(self) -> float:
        """A defect that passes counts against the nulls too: it is the worse error."""
        return self.false_passes / self.nulls if self.nulls else 0.0

    @property
    def false_pass_upper(self) -> float:
        """Exact upper 95 % limit (Clopper and Pearson 1934)."""
        return (
            float(upper_limit(min(self.false_passes, self.nulls), self.nulls, ERROR)) if self.nulls else 1.0
        )

    @property
    def detection(self) -> float | None:
        return self.detected / self.defects if self.defects else None

    @property
    def detection_lower(self) -> float:
        return float(lower_limit(self.detected, self.defects, ERROR)) if self.defects else 0.0

    @property
    def worse(self) -> bool:
        passes = (
            float(lower_limit(min(self.false_passes, self.nulls), self.nulls, ERROR)) if self.nulls else 0.0
        )
        finds = float(upper_limit(self.detected, self.defects, ERROR)) if self.defects else 1.0
        return passes > ERROR or finds < FOUND

    @property
    def recognition(self) -> float | None:
        return self.recognised / self.good if self.good else None

    def as_json(self) -> dict[str, object]:
        return {
            "cases": self.cases,
            "nulls": self.nulls,
            "false_passes": self.false_passes,
            "false_pass": round(self.false_pass, 6),
            "false_pass_upper": round(self.false_pass_upper, 6),
            "defects": self.defects,
            "detected": self.detected,
            "detection": None if self.detection is None else round(self.detection, 6),
            "detection_lower": round(self.detection_lower, 6),
            "good": self.good,
            "recognition": None if self.recognition is None else round(self.recognition, 6),
        }


@dataclass(frozen=True, slots=True)
class SelfTest:
    """tests: by planted test. stoppers: share of optional-stopping users at the null who ever pass. coverage: least share of
    simulations in which an exact interval holds the truth, by kind."""

    seed: str
    tests: tuple[Score, ...]
    categories: Mapping[str, Score]
    total: Score
    stoppers: float
    coverage: Mapping[str, float]

    @property
    def all(self) -> tuple[Score, ...]:
        return (*self.tests, *self.categories.values(), self.total)

    @property
    def ok(self) -> bool:
        """At most 5 % false passes, also of those who stop when they like; 95 % of defects found; no category shown worse."""
        found = self.total.detection or 0.0
        good = self.total.false_pass <= ERROR and self.stoppers <= ERROR and found >= FOUND
        return good and not self.worse

    @property
    def worse(self) -> tuple[str, ...]:
        """Categories whose cases show, at 95 %, more than 5 % false passes or fewer than 95 % of defects found."""
        return tuple(name for name, score in self.categories.items() if score.worse)

    def as_json(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            **self.total.as_json(),
            "categories": {name: score.as_json() for name, score in self.categories.items()},
            "tests": {score.name: score.as_json() for score in self.tests},
            "optional_stopping": {"users": USERS, "false_pass": self.stoppers},
            "coverage": dict(self.coverage),
            "worse": list(self.worse),
            "ok": self.ok,
        }


def selftest(cases: int = 1000, seed: str | None = None) -> SelfTest:
    """At least so many cases, shared over the planted tests by weight and over the roles. seed: of an earlier self-test."""
    chosen = seed or secrets.token_hex(16)
    planted = plants()
    weights = sum(plant.weight for plant in planted)
    each = [max(LEAST, -(-cases * plant.weight // (3 * weights))) for plant in planted]
    tests = tuple(_score(plant, n, chosen) for plant, n in zip(planted, each, strict=True))
    categories: dict[str, Score] = {}
    for plant, score in zip(planted, tests, strict=True):
        categories[plant.category] = categories.get(plant.category, Score(plant.category)).and_(score)
    total = Score("all")
    for score in tests:
        total = total.and_(score)
    stoppers = false_passes_of_stoppers(USERS, stream(chosen, "stoppers"))
    coverage = least_coverage(10_000, stream(chosen, "coverage"))
    return SelfTest(chosen, tests, categories, total, stoppers, coverage)


def _score(plant: Plant, each: int, seed: str) -> Score:
    score = Score(plant.name)
    for role in ("null", "defect", "good"):
        for number in range(each):
            chance = stream(seed, f"{plant.name}.{role}", number)
            score = score.plus(role, plant.state(role, chance))
    return score
