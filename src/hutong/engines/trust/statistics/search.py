"""Searches that the limits rest on: bisection over arrays, and a supremum that is proved, not sampled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from hutong.engines.trust.statistics.forms import Bools, Floats, Ints, floats

# Rounding of a sum of some thousand probabilities stays far below this share of the level.
_SLACK = 1e-10


def bisect(
    holds: Callable[[Floats], Bools], inside: Floats, outside: Floats, steps: int = 60
) -> tuple[Floats, Floats]:
    """Where a condition that holds at `inside` ceases to hold on the way to `outside`, elementwise.

    Returns the last point at which it was seen to hold and the first at which it was seen not to: whoever must be
    conservative takes the second. Where it holds at `outside` too, both are `outside`.
    """
    reached = holds(outside)
    inner, outer = np.where(reached, outside, inside), np.array(outside, dtype=np.float64)
    for _ in range(steps):
        middle = (inner + outer) / 2
        good = holds(middle) | reached
        inner, outer = np.where(good, middle, inner), np.where(good, outer, middle)
    return floats(np.where(reached, outside, inner)), floats(np.where(reached, outside, outer))


def first_true(holds: Callable[[Ints], Bools], low: Ints, high: Ints) -> Ints:
    """Smallest whole number in [low, high) from which a condition holds on, or `high`; elementwise."""
    bottom, top = np.array(low, dtype=np.int64), np.array(high, dtype=np.int64)
    while np.any(bottom < top):
        middle, active = (bottom + top) // 2, bottom < top
        good = holds(middle)
        top = np.where(active & good, middle, top)
        bottom = np.where(active & ~good, middle + 1, bottom)
    return bottom


def can_exceed(
    chance: Callable[[Floats], Floats],
    length: Callable[[Floats, Floats], Floats],
    low: float,
    high: float,
    level: float,
    nodes: int = 17,
    depth: int = 40,
) -> bool:
    """Whether the chance of an event can exceed `level` for some nuisance parameter in [low, high]. False is proved.

    length(a, b): an upper bound, additive over neighbouring pieces, of the Fisher-Rao length between the laws at a and
    b, halved (so that a binomial of n has sqrt(n) times the difference of arcsin(sqrt(p))). For any event the angle
    arcsin(sqrt(chance)) moves at most by that length: the Bhattacharyya coefficient grows when outcomes are merged
    (Bhattacharyya 1943; Amari 2016, Information Geometry, ch. 3). So within a piece of length L the angle stays under
    (angle at a + angle at b + L)/2, and pieces under the level need no further look. What is not settled after
    `depth` halvings counts as exceeding, which only widens an interval.
    """
    bar = level * (1 - _SLACK)
    target = math.asin(math.sqrt(bar))
    points = np.linspace(low, high, nodes)
    left, right = points[:-1], points[1:]
    for _ in range(depth):
        values = chance(np.concatenate([left, right]))
        if np.any(values > bar):
            return True
        angle = np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))
        reach = (angle[: len(left)] + angle[len(left) :] + length(left, right)) / 2
        open_ = reach > target
        if not np.any(open_):
            return False
        a, b = left[open_], right[open_]
        middle = (a + b) / 2
        left, right = np.concatenate([a, middle]), np.concatenate([middle, b])
        if len(left) > 4096:
            return True
    return True


@dataclass(frozen=True, slots=True)
class Family:
    """A null value delta and its laws along one nuisance parameter: what `buehler_lower` searches.

    span(delta): the range of the parameter. chance(delta, t): the event's chance at each t. length: as in `can_exceed`.
    """

    span: Callable[[float], tuple[float, float]]
    chance: Callable[[float, Floats], Floats]
    length: Callable[[float, Floats, Floats], Floats]


def buehler_lower(family: Family, low: float, high: float, error: float, step: float = 5e-5) -> float:
    """Exact lower limit by Buehler's method (1957, JASA 52:482): below it the event's chance is at most `error`.

    The event's largest chance must rise with delta in [low, high]. First a search on sampled parameters, which can only
    stop too high; then points below are taken, further off each time, until one is proved. Within about 2 steps of
    the limit, always on its outer side.
    """

    def seen(delta: float) -> bool:
        points = np.linspace(*family.span(delta), 65)
        values = family.chance(delta, points)
        best = int(np.argmax(values))
        near = np.linspace(points[max(best - 1, 0)], points[min(best + 1, 64)], 33)
        return bool(max(values[best], family.chance(delta, near).max()) > error)

    bottom, top = low, high
    while top - bottom > step / 4:
        middle = (bottom + top) / 2
        if seen(middle):
            top = middle
        else:
            bottom = middle
    away = step
    while (delta := bottom - away) > low:
        chance, length = partial(family.chance, delta), partial(family.length, delta)
        if not can_exceed(chance, length, *family.span(delta), error):
            return delta
        away *= 2
    return low
