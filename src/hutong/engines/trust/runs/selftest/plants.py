"""The planted tests: those of level 2 that count answers here, the others in files of their own. A room adds its own here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Data
from hutong.engines.trust.profile import Profile, load_profile
from hutong.engines.trust.registry import methods_of
from hutong.engines.trust.rooms import Method, Setting
from hutong.engines.trust.runs.selftest.attacked import attacked
from hutong.engines.trust.runs.selftest.learnt import learnt
from hutong.engines.trust.runs.selftest.paper import papers
from hutong.engines.trust.runs.selftest.planting import ALPHA, Counted, Plant, Role, data, domain, truth
from hutong.engines.trust.runs.selftest.spoken import spoken
from hutong.engines.trust.runs.selftest.treated import treated
from hutong.engines.trust.types import Category, Claim, System

# Rows where a rate is told from a bar; where two rates are told apart, which takes more.
N, MANY = 1500, 5000
LABELS = ("a", "b", "c", "d")
Draw = tuple[System, Data]
Drawn = Callable[[Claim, Role, np.random.Generator], Draw]


def system(labels: tuple[str, ...] = LABELS, hole: int | None = None, guarded: bool = True) -> System:
    return System("Planted", "1", domain(len(labels), hole), labels, guarded=guarded)


def right(chance: np.random.Generator, n: int, rate: float, labels: int = len(LABELS)) -> tuple[Codes, Codes]:
    """Labels of equal classes, and answers that are right with this chance, in every class alike."""
    truth_ = np.arange(n, dtype=np.int64) % labels
    wrong = (truth_ + chance.integers(1, labels, n)) % labels
    return truth_, np.where(chance.random(n) < rate, truth_, wrong)


def draw_metric(claim: Claim, role: Role, chance: np.random.Generator) -> Draw:
    labels, answers = right(chance, N, truth(claim, role))
    return system(), data(labels, answers)


def draw_corruptions(claim: Claim, role: Role, chance: np.random.Generator) -> Draw:
    """Right on every row as it is; wrong once disturbed, at the rate that is planted."""
    labels, disturbed = right(chance, N, truth(claim, role))
    return system(), data(labels, labels, disturbed=disturbed)


def draw_calibration(claim: Claim, role: Role, chance: np.random.Generator) -> Draw:
    """Stated confidence below the hit rate by the planted difference, at the variance that the plan reckons with."""
    hits = 0.98
    labels, answers = right(chance, N, hits)
    return system(), data(labels, answers, score=hits - truth(claim, role))


def draw_gap(claim: Claim, role: Role, chance: np.random.Generator) -> Draw:
    """Two groups whose rates lie around one half, where a gap is hardest to tell."""
    gap = truth(claim, role)
    group = np.arange(MANY) % 2
    labels = np.zeros(MANY, dtype=np.int64)
    hit = chance.random(MANY) < np.where(group == 0, 0.5 + gap / 2, 0.5 - gap / 2)
    answers = np.where(hit, 0, 1).astype(np.int64)
    return system(), data(labels, answers, groups=np.array(["x", "y"])[group])


def draw_membership(claim: Claim, role: Role, chance: np.random.Generator) -> Draw:
    """Members have a high score with chance 1/2 + advantage/2, strangers with 1/2 - advantage/2."""
    half = truth(claim, role) / 2
    labels = np.arange(MANY, dtype=np.int64) % len(LABELS)
    inside, outside = (np.where(chance.random(MANY) < 0.5 + s * half, 0.9, 0.6) for s in (1, -1))
    return system(), data(labels, labels, score=outside, members=(labels, inside))


def draw_door(claim: Claim, role: Role, chance: np.random.Generator) -> Draw:
    """Null: a door with one column open upward. Defect: no door. Good: a whole one."""
    labels = np.arange(60, dtype=np.int64) % len(LABELS)
    hole = int(chance.integers(4)) if role == "null" else None
    return system(hole=hole, guarded=role != "defect"), data(labels, labels)


def sizes(profile: str, drawn: Data) -> Setting:
    """Setting of the sizes that all cases of one test share."""
    found: Profile = load_profile(profile)
    return Setting(found, system(), drawn, "scores", ALPHA)


def blank(n: int = N, groups: NDArray[np.str_] | None = None, members: bool = False) -> Data:
    labels = np.arange(n, dtype=np.int64) % len(LABELS)
    inside = (labels, np.full(n, 0.9)) if members else None
    return data(labels, labels, groups=groups, members=inside)


def method(category: Category, level: int, claim: str, setting: Setting) -> Method:
    """The installed method that makes this claim."""
    return next(m for m in methods_of(category, level) if claim in {c.id for c in m.claims(setting)})


@cache
def plants() -> tuple[Plant, ...]:
    """All planted tests, in a fixed order."""
    reader, adviser = "form-reader", "release-adviser"
    two = np.array(["x", "y"])[np.arange(MANY) % 2]
    made: tuple[tuple[str, Category, str, Setting, Drawn, int], ...] = (
        ("accuracy", "Q", "Q2.accuracy", sizes(reader, blank()), draw_metric, 10),
        ("balanced accuracy", "Q", "Q2.accuracy", sizes(adviser, blank()), draw_metric, 10),
        ("calibration", "Q", "Q2.calibration", sizes(reader, blank()), draw_calibration, 10),
        ("clean rows", "R", "R2.clean", sizes(reader, blank()), draw_metric, 10),
        ("worst corruption", "R", "R2.corruptions", sizes(adviser, blank()), draw_corruptions, 4),
        ("gap of groups", "F", "F2.gap.g", sizes(reader, blank(MANY, groups=two)), draw_gap, 1),
        ("door", "S", "S2.input", sizes(reader, blank(60)), draw_door, 4),
        ("membership", "P", "P2.membership", sizes(reader, blank(MANY, members=True)), draw_membership, 1),
    )
    counted = (Counted(n, c, method(c, 2, claim, s), claim, s, draw, w) for n, c, claim, s, draw, w in made)
    return (*counted, *papers(), *attacked(), *treated(), *learnt(), *spoken())
