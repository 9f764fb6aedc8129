"""Planted robustness: systems whose every distance to another label is known from a formula."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.runs.selftest.artefacts import Wide, linear_file, pit_file, stumps_file
from hutong.engines.trust.runs.selftest.building import (
    LABELS,
    Answering,
    Built,
    Case,
    Draw,
    budget,
    planted_share,
    rows_only,
    system,
    unit_domain,
)
from hutong.engines.trust.runs.selftest.planting import Plant, Role
from hutong.engines.trust.targets import Target, open_model
from hutong.engines.trust.types import Promise, System

REACH = 0.05
WIDTH = 5


def reached(value: float, n: int, chance: np.random.Generator, near: float = 0.98) -> Wide:
    """(n,) distances to another label, in shares of the budget: beyond it with this chance, else just within."""
    beyond = planted_share(value, n, chance)
    return np.where(beyond, chance.uniform(2 - near, 3.0, n), chance.uniform(0.3, near, n)) * REACH


def linear_rows(distance: Wide, chance: np.random.Generator) -> tuple[Rows, bytes]:
    """Rows (n, d) at these linf distances from the plane of a random linear model, and its file.

    The distance of a row is |w x + b| / |w|_1 (dual norm); rows keep away from the walls of [0, 1].
    """
    line = chance.uniform(1.0, 3.0, WIDTH) * chance.choice([-1.0, 1.0], WIDTH)
    bias = -float(line.sum()) / 2
    rows = chance.uniform(0.4, 0.6, (len(distance), WIDTH))
    side = chance.choice([-1.0, 1.0], len(distance))
    short = side * distance - (rows @ line + bias) / np.abs(line).sum()
    rows += short[:, None] * np.sign(line)
    return rows.astype(np.float32), linear_file(8 * line, 8 * bias, LABELS)


def stump_rows(distance: Wide, chance: np.random.Generator) -> tuple[Rows, bytes]:
    """Rows at these linf distances from another majority of stumps, and their file.

    All columns lie on one side of their cuts, so most of them have to cross: the distance is the middle one of all.
    """
    cuts = chance.uniform(0.4, 0.6, WIDTH)
    n, middle = len(distance), WIDTH // 2
    share = np.sort(chance.uniform(0.2, 1.0, (n, WIDTH)), axis=1)
    share = np.where(np.arange(WIDTH) > middle, 2.0 - share, share)
    share[:, middle] = 1.0
    away = chance.permuted(share, axis=1) * distance[:, None]
    rows = cuts + chance.choice([-1.0, 1.0], n)[:, None] * np.minimum(away, 0.35)
    return rows.astype(np.float32), stumps_file(cuts, LABELS)


def by_weights(kind: str, rows: int) -> Draw:
    """Linear models or stumps whose file is given."""
    make = {"linear": linear_rows, "stumps": stump_rows}[kind]

    def draw(role: Role, value: float, chance: np.random.Generator) -> Case:
        features, content = make(reached(value, rows, chance), chance)
        declared = system(unit_domain(WIDTH))
        return Case(declared, rows_only(features), open_model(content, declared))

    return draw


class Less:
    """A target of which only scores are seen. loud: its scores say only the label, so there is nothing to climb on."""

    access = "scores"

    def __init__(self, target: Target, declared: System, loud: bool = False) -> None:
        self._target, self._loud, self.digest = target, loud, target.digest
        self.predict = Answering(declared, self._ask).predict

    def _ask(self, rows: Rows) -> Wide:
        found = self._target.predict(rows)
        if self._loud or found.scores is None:
            return np.eye(len(LABELS))[found.labels]
        return np.asarray(found.scores / 1e6)


def by_scores(rows: int) -> Draw:
    """Linear models behind their scores: the attacks have to find what the formula knows."""

    def draw(role: Role, value: float, chance: np.random.Generator) -> Case:
        features, content = linear_rows(reached(value, rows, chance, 0.9), chance)
        declared = system(unit_domain(WIDTH))
        return Case(declared, rows_only(features), Less(open_model(content, declared), declared))

    return draw


def masked(role: Role, value: float, chance: np.random.Generator) -> Case:
    """Null and defect: scores that say only the label, which no attack can climb. Good: honest scores."""
    features, content = linear_rows(chance.uniform(0.2, 0.8, 20) * REACH, chance)
    declared = system(unit_domain(WIDTH))
    target = Less(open_model(content, declared), declared, loud=role != "good")
    return Case(declared, rows_only(features), target)


def smoothed(rows: int) -> Draw:
    """A step along one column: under normal noise the label keeps to the l2 radius exactly as far as the step is."""

    def draw(role: Role, value: float, chance: np.random.Generator) -> Case:
        beyond = planted_share(value, rows, chance)
        radius = float(SMOOTH.challenge.radius)
        far = np.where(beyond, chance.uniform(3.0, 5.0, rows), chance.uniform(0.0, 0.3, rows)) * radius
        features = chance.uniform(0.3, 0.7, (rows, 3))
        features[:, 0] = 0.5 + far * chance.choice([-1.0, 1.0], rows)
        declared = system(unit_domain(3))

        def ask(asked: Rows) -> Wide:
            up = 1 / (1 + np.exp(-400 * (asked[:, 0].astype(np.float64) - 0.5)))
            return np.stack([1 - up, up], axis=1)

        return Case(declared, rows_only(features.astype(np.float32)), Answering(declared, ask))

    return draw


def all_but_one(kind: str) -> Draw:
    """Every row beyond the budget (good), or one of them within it: by little (null) or by far (defect)."""
    make = {"linear": linear_rows, "stumps": stump_rows}[kind]

    def draw(role: Role, value: float, chance: np.random.Generator) -> Case:
        distance = chance.uniform(1.02, 2.0, PROOF.challenge.rows) * REACH
        if role != "good":
            distance[int(chance.integers(len(distance)))] = REACH * (0.98 if role == "null" else 0.5)
        features, content = make(distance, chance)
        declared = system(unit_domain(WIDTH))
        return Case(declared, rows_only(features), open_model(content, declared))

    return draw


def pit(role: Role, value: float, chance: np.random.Generator) -> Case:
    """A network with a narrow pit in the ball of one row: deep enough to turn the label, but for the good ones."""
    place = np.round(chance.uniform(0.3, 0.7, 3) * 4096) / 4096
    rows = (
        place
        + chance.uniform(0.2, 0.9, (PROOF.challenge.rows, 3)) * np.where(chance.random(3) < 0.5, -1, 1) * 0.3
    )
    rows[int(chance.integers(len(rows)))] = place + chance.uniform(-0.8, 0.8, 3) * REACH
    width = {"null": 0.004, "defect": 0.04, "good": 0.01}[role]
    declared = system(unit_domain(3))
    content = pit_file(place, width, 0.7 if role == "good" else 1.3)
    return Case(declared, rows_only(np.clip(rows, 0, 1).astype(np.float32)), open_model(content, declared))


def promised(role: Role, value: float, chance: np.random.Generator) -> Case:
    """A declared box with a pit in it (null: a hundredth wide, defect: a tenth), or beside it."""
    place = np.round(chance.uniform(0.3, 0.6, 3) * 4096) / 4096
    width = 0.1 if role == "defect" else 0.01
    low = Fraction(0) if role != "good" else Fraction(str(round(float(place[0]) + 2 * width, 3)))
    promise = Promise("box", (("c0", low, Fraction(1)),), LABELS[0])
    declared = replace(system(unit_domain(3)), promises=(promise,))
    rows = np.full((5, 3), 0.9, np.float32)
    return Case(declared, rows_only(rows), open_model(pit_file(place, width, 1.3), declared))


SHARE = Fraction(1, 20)
TESTED: Profile = budget("release-adviser", share=SHARE, rows=60, queries=60)
EXACT: Profile = budget("release-adviser", share=SHARE, rows=150)
SMOOTH: Profile = budget("release-adviser", rows=120)
PROOF: Profile = budget("release-adviser", proven=SHARE, rows=12)


def _proof(name: str, claim: str, draw: Draw) -> Built:
    """Nothing is estimated here, so nothing but one small lie or a large one can be planted."""
    return Built(name, "R", 5, claim, PROOF, draw, weight=8, valued=False)


def attacked() -> tuple[Plant, ...]:
    """Levels 3 to 5 of robustness."""
    undecided = ("fail", "inconclusive")
    return (
        Built("evasion, weights", "R", 3, "R3.evasion", TESTED, by_weights("linear", 60), least=8),
        Built("evasion, scores", "R", 3, "R3.evasion", TESTED, by_scores(60), least=8),
        Built("masking", "R", 3, "R3.masking", TESTED, masked, least=8, valued=False, caught=undecided),
        Built("certified, linear", "R", 4, "R4.certified", EXACT, by_weights("linear", 150)),
        Built("certified, trees", "R", 4, "R4.certified", EXACT, by_weights("stumps", 150)),
        Built("certified, smoothing", "R", 4, "R4.certified", SMOOTH, smoothed(120)),
        _proof("proven, linear", "R5.rows", all_but_one("linear")),
        _proof("proven, trees", "R5.rows", all_but_one("stumps")),
        _proof("proven, network", "R5.rows", pit),
        _proof("proven, box", "R5.boxes", promised),
    )
