"""What a planted case is: a system with a known truth, and the state that the real method and rule give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Data, Rows
from hutong.engines.trust.rooms import Bench, Method, Setting
from hutong.engines.trust.targets import SCORE_UNIT, Predictions
from hutong.engines.trust.types import Category, Claim, Column, Domain, System

Role = Literal["null", "defect", "good"]
ROLES: tuple[Role, ...] = ("null", "defect", "good")
# Fewest cases of one role of one test.
LEAST = 10
# What a plan of alpha 0.05 with five categories that can pass by chance would give to each.
ALPHA = 0.01
# The reading of the instrument in the last column: as it was entered, and any other value once it was disturbed.
CALM = 5.0
ANSWER, DISTURBED, SCORE, READING = range(4)


def domain(labels: int, hole: int | None = None) -> Domain:
    """Four columns: what the system answers, what it answers once disturbed, its score, a reading that noise may touch.

    hole: a column whose upper bound is not declared.
    """
    names = (
        ("answer", labels - 1, True),
        ("disturbed", labels - 1, True),
        ("score", 1, False),
        ("reading", 10, False),
    )
    columns = tuple(
        Column(
            name, Fraction(0), None if place == hole else Fraction(high), whole, immutable=name != "reading"
        )
        for place, (name, high, whole) in enumerate(names)
    )
    return Domain("table", columns)


@dataclass(frozen=True, slots=True)
class PlantedTarget:
    """Answers what its input says that it answers: so its rates are exactly those that the rows were drawn with."""

    labels: int
    digest: str = "0" * 64
    access: str = "scores"

    def predict(self, rows: Rows) -> Predictions:
        disturbed = rows[:, READING] != CALM
        with np.errstate(invalid="ignore"):
            # What is not a number is answered as if it were one: that is what a door is for.
            answers = np.where(disturbed, rows[:, DISTURBED], rows[:, ANSWER]).astype(np.int64)
            score = np.rint(rows[:, SCORE].astype(np.float64) * SCORE_UNIT).astype(np.int64)
        scores = np.repeat(((SCORE_UNIT - score) // max(self.labels - 1, 1))[:, None], self.labels, axis=1)
        scores[np.arange(len(rows)), np.clip(answers, 0, self.labels - 1)] = score
        return Predictions(answers, scores)


def data(
    labels: Codes,
    answers: Codes,
    *,
    disturbed: Codes | None = None,
    score: NDArray[np.float64] | float = 0.9,
    groups: NDArray[np.str_] | None = None,
    members: tuple[Codes, NDArray[np.float64]] | None = None,
) -> Data:
    """Rows on which the planted system gives these answers. members: labels and scores of its training rows."""
    features = _rows(answers, answers if disturbed is None else disturbed, score)
    train = None if members is None else _rows(members[0], members[0], members[1])
    return Data(
        features,
        labels,
        {} if groups is None else {"g": groups},
        train,
        None if members is None else members[0],
        "0" * 64,
    )


def _rows(answers: Codes, disturbed: Codes, score: NDArray[np.float64] | float) -> Rows:
    scores = np.broadcast_to(score, answers.shape)
    readings = np.full(len(answers), CALM)
    return np.column_stack([answers, disturbed, scores, readings]).astype(np.float32)


class Plant(Protocol):
    """One planted test: its name, its category and level, and how the evaluator judges one drawn case of a role.

    weight: share of the cases; what costs more is drawn less often. least: fewest of a role. caught: states that find a defect.
    """

    @property
    def name(self) -> str: ...
    @property
    def category(self) -> Category: ...
    @property
    def level(self) -> int: ...
    @property
    def weight(self) -> int: ...
    @property
    def least(self) -> int: ...
    @property
    def caught(self) -> tuple[str, ...]: ...
    def state(self, role: Role, chance: np.random.Generator) -> str: ...


@dataclass(frozen=True)
class Counted:
    """A planted test of a claim that counts: systems and rows with a known rate.

    draw: (claim, role, chance) -> the system and data of one case. sizes: the setting that the claim is made from, once.
    """

    name: str
    category: Category
    method: Method
    claim_id: str
    sizes: Setting
    draw: Callable[[Claim, Role, np.random.Generator], tuple[System, Data]]
    weight: int = 10
    level: int = 2
    least: int = LEAST
    caught: tuple[str, ...] = ("fail",)
    known: dict[str, Claim] = field(default_factory=dict, hash=False)

    @property
    def claim(self) -> Claim:
        if not self.known:
            self.known.update({c.id: c for c in self.method.claims(self.sizes)})
        return self.known[self.claim_id]

    def state(self, role: Role, chance: np.random.Generator) -> str:
        """The state that method and rule give to one drawn case."""
        from hutong.engines.trust.registry import RULES

        system, drawn = self.draw(self.claim, role, chance)
        setting = Setting(self.sizes.profile, system, drawn, self.sizes.access, self.sizes.alpha)
        bench = Bench(setting, PlantedTarget(len(system.labels)), chance.bytes(16).hex())
        assert self.method.observe is not None
        return RULES[self.claim.kind](self.claim, self.method.observe(self.claim, bench)).state


def truth(claim: Claim, role: Role, edge: float = 1e-6) -> float:
    """The true value of one role: just beyond the threshold, or where the plan says that 95 % fail or pass."""
    sign = -1.0 if claim.direction == ">=" else 1.0
    told = {"null": None, "defect": claim.fails_from, "good": claim.passes_from}[role]
    if role == "null":
        return float(str(claim.threshold)) + sign * edge
    if told is None:
        raise ValueError(f"{claim.id}: no truth is {role} at this size")
    return float(told)
