"""Targets and the paths that lead to them. Exact: a path gives a Fraction for every date.

Kinds: reach (a number by a date), range (between two numbers), maintain (a bound that every period must
keep), rank (a place among named peers), milestone (a list of proven steps), qualitative (a rubric judged by
an outsider). A target without a number, or without the baseline and source it needs, is undeclared and
names who must declare it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

from hutong.kernel.text import Text

TargetKind = Literal["reach", "range", "maintain", "rank", "milestone", "qualitative"]
TARGET_KINDS: tuple[TargetKind, ...] = ("reach", "range", "maintain", "rank", "milestone", "qualitative")
PathKind = Literal["linear", "stepped", "logistic"]
PATH_KINDS: tuple[PathKind, ...] = ("linear", "stepped", "logistic")
_DIGITS = 30
_PLACES = 12


@dataclass(frozen=True, slots=True)
class Step:
    """On a stepped path: from this date the figure should be at least (or at most) this."""

    on: date
    value: Fraction


@dataclass(frozen=True, slots=True)
class TargetPath:
    """Way from baseline to goal. steepness and middle belong to the logistic path: how sharply it rises and
    at which share of the time (0…1) it is half way."""

    kind: PathKind = "linear"
    steps: tuple[Step, ...] = ()
    steepness: Fraction = Fraction(10)
    middle: Fraction = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where the way starts; value is None when nobody knows it, and `reason` says why."""

    value: Fraction | None
    on: date | None
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan promises of an indicator, in the unit of the indicator.

    goal: number to reach, bound to keep, or place to take. low, high: ends of a range. strict: the
    goal itself is not enough (“more than”). must_declare: who has to declare what is still open; `declared`
    is False exactly then. assessor_not: the unit whose members may not judge a qualitative aim (its owner).
    guards: milestones that all have to be proven. tolerance: share of the way still called on the path.
    """

    kind: TargetKind
    deadline: date
    declared: bool = True
    goal: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    strict: bool = False
    path: TargetPath = TargetPath()
    baseline: Baseline = Baseline(None, None)
    tolerance: Fraction = Fraction(1, 10)
    must_declare: Text | None = None
    owner: str | None = None
    guards: tuple[str, ...] = ()
    wording: Text | None = None

    def lacks(self) -> tuple[str, ...]:
        """Names of the parts that the kind needs and that are absent."""
        needed: dict[TargetKind, tuple[str, ...]] = {
            "reach": ("goal",),
            "range": ("low", "high"),
            "maintain": ("goal",),
            "rank": ("goal",),
            "milestone": ("guards",),
            "qualitative": ("owner",),
        }
        return tuple(n for n in needed[self.kind] if getattr(self, n) in (None, ()))


def _exp(x: Fraction) -> Decimal:
    return (Decimal(x.numerator) / Decimal(x.denominator)).exp()


def _sigmoid(x: Fraction) -> Fraction:
    """1 / (1 + e^-x) to 30 digits by decimal arithmetic, the same on every machine."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Fraction(1 / (1 + _exp(-x)))


def _logistic_share(path: TargetPath, share: Fraction) -> Fraction:
    """(σ(k(t−m)) − σ₀)/(σ₁ − σ₀): logistic way from 0 at the start to 1 at the deadline, to 12 decimal
    places."""
    first = _sigmoid(-path.steepness * path.middle)
    last = _sigmoid(path.steepness * (1 - path.middle))
    here = _sigmoid(path.steepness * (share - path.middle))
    return round((here - first) / (last - first), _PLACES)


def expected(target: Target, on: date) -> Fraction | None:
    """What the path asks for on a date; None where baseline or goal is not known.

    Before the baseline date it is the baseline, from the deadline on the goal. For a range the path leads
    to its lower end. Maintain and rank ask for the goal at all times.
    """
    goal = target.low if target.kind == "range" else target.goal
    if goal is None or target.kind in ("maintain", "rank") or on >= target.deadline:
        return goal
    if target.path.kind == "stepped":
        passed = [s for s in target.path.steps if s.on <= on]
        return max(passed, key=lambda s: s.on).value if passed else target.baseline.value
    base, start = target.baseline.value, target.baseline.on
    if base is None or start is None:
        return None
    if on <= start:
        return base
    share = Fraction((on - start).days, (target.deadline - start).days)
    if target.path.kind == "logistic":
        share = _logistic_share(target.path, share)
    return base + (goal - base) * share


def progress(target: Target, actual: Fraction, on: date) -> Fraction | None:
    """(actual − baseline) / (path − baseline), right for falling targets too; None where it has no
    meaning."""
    asked, base = expected(target, on), target.baseline.value
    if asked is None or base is None or asked == base:
        return None
    return (actual - base) / (asked - base)
