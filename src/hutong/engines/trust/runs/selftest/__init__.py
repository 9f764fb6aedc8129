"""The evaluator evaluated: systems whose truth is known, drawn at run time, given to the very methods and rules of a plan.

A null is a system for which the claim is false by as little as possible; if it passes, that is a false pass. A defect lies
at the smallest effect that the plan says it can detect; if it is not judged "fails", it was missed (a sign of masking can
only leave a level undecided: that finds it too). A good system lies where the plan says it passes with 95 % chance. Gates and
proofs have no such size: their null is a small lie, their defect a large one.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hutong.engines.trust.runs.selftest.planting import Plant
from hutong.engines.trust.runs.selftest.plants import plants
from hutong.engines.trust.runs.selftest.scores import ERROR, FOUND, Score, summed
from hutong.engines.trust.runs.selftest.stopping import false_passes_of_stoppers, least_coverage
from hutong.engines.trust.runs.selftest.working import judge_all, share_out
from hutong.engines.trust.statistics.prng import stream

USERS = 10_000


@dataclass(frozen=True, slots=True)
class SelfTest:
    """tests: by planted test. categories, levels: sums of them. stoppers: share of optional-stopping users at the null who
    ever pass. coverage: least share of simulations in which an exact interval holds the truth, by kind."""

    seed: str
    tests: tuple[Score, ...]
    categories: Mapping[str, Score]
    total: Score
    stoppers: float
    coverage: Mapping[str, float]
    levels: Mapping[str, Score] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Score, ...]:
        return (*self.tests, *self.categories.values(), *self.levels.values(), self.total)

    @property
    def ok(self) -> bool:
        """At most 5 % false passes, also of those who stop when they like; 95 % of defects found; none shown worse."""
        found = self.total.detection or 0.0
        good = self.total.false_pass <= ERROR and self.stoppers <= ERROR and found >= FOUND
        return good and not self.worse

    @property
    def worse(self) -> tuple[str, ...]:
        """Categories and levels whose cases show, at 95 %, over 5 % false passes or fewer than 95 % of defects found."""
        return tuple(s.name for s in (*self.categories.values(), *self.levels.values()) if s.worse)

    def as_json(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            **self.total.as_json(),
            "categories": {name: score.as_json() for name, score in self.categories.items()},
            "levels": {name: score.as_json() for name, score in self.levels.items()},
            "tests": {score.name: score.as_json() for score in self.tests},
            "optional_stopping": {"users": USERS, "false_pass": self.stoppers},
            "coverage": dict(self.coverage),
            "worse": list(self.worse),
            "ok": self.ok,
        }


def selftest(
    cases: int = 1000,
    seed: str | None = None,
    processes: int | None = None,
    levels: Collection[int] = (1, 2, 3, 4, 5),
) -> SelfTest:
    """At least so many cases, shared over the planted tests of the levels by weight and over the roles.

    seed: of an earlier self-test. processes: by default one for each processor, at most 4; the result does not depend on it.
    """
    chosen = seed or secrets.token_hex(16)
    planted = tuple(p for p in plants() if p.level in levels)
    tests = judge_all(planted, share_out(planted, cases), chosen, processes)
    stoppers = false_passes_of_stoppers(USERS, stream(chosen, "stoppers"))
    coverage = least_coverage(10_000, stream(chosen, "coverage"))
    numbers = [str(n) for n in sorted({p.level for p in planted})]
    return SelfTest(
        chosen,
        tests,
        {c: _of(planted, tests, c, c) for c in dict.fromkeys(p.category for p in planted)},
        summed("all", tests),
        stoppers,
        coverage,
        {n: _of(planted, tests, f"level {n}", n) for n in numbers},
    )


def _of(planted: tuple[Plant, ...], tests: tuple[Score, ...], name: str, key: str) -> Score:
    """The sum over one category or one level."""
    mine = (s for p, s in zip(planted, tests, strict=True) if key in (p.category, str(p.level)))
    return summed(name, mine)
