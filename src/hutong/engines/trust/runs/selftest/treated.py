"""Planted unfairness and planted weak spots: bias hidden in an intersection, Simpson's reversal, flips, slices, leaks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Data, Rows
from hutong.engines.trust.runs.selftest.artefacts import Wide, linear_file
from hutong.engines.trust.runs.selftest.building import (
    LABELS,
    Answering,
    Built,
    Case,
    Draw,
    budget,
    listed,
    planted_share,
    rows_only,
    system,
    unit_domain,
)
from hutong.engines.trust.runs.selftest.planting import Plant, Role
from hutong.engines.trust.targets import open_model
from hutong.engines.trust.types import Column, Domain, System

FOUR = ("a", "b", "c", "d")
N, MANY = 2400, 2000
EQUAL, SKEWED = (0.25, 0.25, 0.25, 0.25), (0.35, 0.15, 0.15, 0.35)


def numbered(n: int, labels: tuple[str, ...] = FOUR) -> tuple[System, Rows]:
    """A system whose one column is the number of the row, for answers from a list."""
    domain = Domain("table", (Column("number", Fraction(0), Fraction(n), whole=True),))
    return system(domain, labels), np.arange(n, dtype=np.float32)[:, None]


def crossed(shares: tuple[float, ...]) -> dict[str, NDArray[np.str_]]:
    """Two attributes of two values; shares of the cells (x, p), (x, q), (y, p), (y, q)."""
    cell = np.repeat(np.arange(4), np.rint(np.array(shares) * N).astype(np.int64))
    return {"first": np.array(["x", "y"])[cell // 2], "second": np.array(["p", "q"])[cell % 2]}


def hidden(gap: float, chance: np.random.Generator) -> tuple[float, ...]:
    """Rates of four cells that differ by the gap: one alone is worse off, or two that share no value (no margin shows it)."""
    low, high = 0.5 - gap / 2, 0.5 + gap / 2
    rates = [(low, high, high, high), (low, high, high, low)][int(chance.integers(2))]
    return rates


def reversed_(gap: float, chance: np.random.Generator) -> tuple[float, ...]:
    """Simpson: x is worse off than y among p and among q, and better off in all, as most of x are where rates are high."""
    low, high, step = 0.5 - gap / 2, 0.5 + gap / 2, gap / 5
    return high - step, low, high, low + step


def gaps(shares: tuple[float, ...], simpson: bool = False) -> Draw:
    """A system right at planted rates in four cells; the truth is the largest difference between any two of them."""

    def draw(role: Role, value: float, chance: np.random.Generator) -> Case:
        declared, rows = numbered(N)
        rates = np.array((reversed_ if simpson else hidden)(value, chance))
        cell = np.repeat(np.arange(4), np.rint(np.array(shares) * N).astype(np.int64))
        answers = np.where(chance.random(N) < rates[cell], 0, 1).astype(np.int64)
        return Case(declared, rows_only(rows, groups=crossed(shares)), listed(declared, answers))

    return draw


def miscalibrated(role: Role, value: float, chance: np.random.Generator) -> Case:
    """One group's hit rate lies below the stated confidence by the planted difference; the other's is as stated."""
    declared, rows = numbered(N)
    group = np.arange(N) % 2
    confidence = 0.55
    rate = np.where(group == int(chance.integers(2)), confidence - value, confidence)
    answers = np.where(chance.random(N) < rate, 0, 1 + chance.integers(0, 3, N)).astype(np.int64)
    data = rows_only(rows, groups={"g": np.array(["x", "y"])[group]})
    return Case(declared, data, listed(declared, answers, confidence))


def _people(hangs: NDArray[np.bool_], chance: np.random.Generator) -> tuple[System, Data, bytes]:
    """Rows (merit, g) of a linear rule merit + 0.1 g > 0.5: g decides where merit lies within a tenth below the bar.

    hangs: (n,) of which rows that is true, whatever their g.
    """
    n = len(hangs)
    g = chance.integers(0, 2, n)
    far = np.where(chance.random(n) < 0.5, chance.uniform(0.0, 0.38, n), chance.uniform(0.52, 1.0, n))
    merit = np.where(hangs, chance.uniform(0.42, 0.48, n), far)
    rows = np.stack([merit, g], axis=1).astype(np.float32)
    declared = system(unit_domain(2, g=True))
    data = rows_only(rows, groups={"g": np.array(["x", "y"])[g]})
    return declared, data, linear_file([100.0, 10.0], -50.0, LABELS)


def flips(rows: int, weights: bool) -> Draw:
    """Decisions that hang on a protected column alone, at a planted rate; by answers, or by weights."""

    def draw(role: Role, value: float, chance: np.random.Generator) -> Case:
        declared, data, content = _people(planted_share(value, rows, chance), chance)
        if weights:
            return Case(declared, data, open_model(content, declared))

        def ask(asked: Rows) -> Wide:
            up = (asked[:, 0] + 0.1 * asked[:, 1] > 0.5).astype(np.float64)
            return np.stack([1 - up, up], axis=1)

        return Case(declared, data, Answering(declared, ask))

    return draw


def weak_slice(role: Role, value: float, chance: np.random.Generator) -> Case:
    """One class of four is right at the planted rate, the others at 99 in 100."""
    declared, rows = numbered(MANY)
    labels = chance.permutation(np.arange(MANY, dtype=np.int64) % 4)
    rate = np.where(labels == int(chance.integers(4)), value, 0.99)
    wrong = (labels + chance.integers(1, 4, MANY)) % 4
    answers = np.where(chance.random(MANY) < rate, labels, wrong)
    return Case(declared, rows_only(rows, labels), listed(declared, answers))


def leaked(role: Role, value: float, chance: np.random.Generator) -> Case:
    """Rows held out of which a planted share was in training, digit by digit or almost."""
    n, width = 1000, 16
    declared = system(unit_domain(width))
    rows = chance.random((n, width)).astype(np.float32)
    train = chance.random((n, width)).astype(np.float32)
    known = planted_share(value, n, chance)
    train[known] = rows[known]
    if chance.random() < 0.5:
        train[known, 0] += np.float32(1e-6)
    labels = np.zeros(n, np.int64)
    target = Answering(declared, lambda asked: np.tile([0.9, 0.1], (len(asked), 1)))
    return Case(declared, rows_only(rows, labels, train=(train, labels)), target)


def treated() -> tuple[Plant, ...]:
    """Level 3 of quality, levels 3 and 4 of fairness."""
    reader = budget("form-reader")
    # A few thousand rows tell a gap of a fifth or more in four cells; the shipped bars ask for more rows than a self-test has.
    wide = budget("form-reader", {"gap_max": "0.25"})
    few = budget("form-reader", {"flip_max": "0.05"}, rows=400)
    crossing = "F3.gap.first.second"
    return (
        Built("slice", "Q", 3, "Q3.slices", reader, weak_slice, weight=10),
        Built("leak", "Q", 3, "Q3.leak", reader, leaked, weight=5),
        Built("intersection", "F", 3, crossing, wide, gaps(EQUAL), least=8, start=0.1),
        Built("Simpson's reversal", "F", 3, crossing, wide, gaps(SKEWED, True), least=8, start=0.1),
        Built(
            "calibration of groups", "F", 3, "F3.calibration.g", reader, miscalibrated, weight=10, start=0.1
        ),
        Built("flips", "F", 3, "F3.flips", reader, flips(2000, False), weight=10),
        Built("all gaps at once", "F", 4, "F4.gap", wide, gaps(EQUAL), weight=10, start=0.1),
        Built("flips, bounded", "F", 4, "F4.flips", few, flips(400, True)),
    )
