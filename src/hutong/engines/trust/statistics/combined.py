"""Difference of two proportions, exact at any size and nearly as short as the score interval.

Two independent exact p-values are combined as normal deviates (Stouffer 1949), weighted at each pair of proportions by
the errors that this pair implies; the limit is the least difference over all pairs that are not rejected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Bools, Floats, Interval, check_counts, check_share, floats

# Share of the error that guards each proportion on its own, for counts at 0 or n where one p-value says nothing.
_GUARD = 0.1
# The limit is on the outer side, within this over the root of the smaller group: a hundredth of an error or less.
_STEP = 0.003


def combined_difference(hits: tuple[int, int], n: tuple[int, int], alpha: float) -> Interval:
    """p0 - p1, exact at 1 - alpha or more at any size, alpha/2 on each side; [-1, 1] where a group is empty.

    Lower side. At a pair (p0, p1), u = P(X0 >= x0 | p0) and v = P(X1 <= x1 | p1) are independent and at least uniform, so
    (s0 z(u) + s1 z(v))/sqrt(s0^2 + s1^2), z(u) = Phi^-1(1 - u), is at most standard normal for any weights fixed by the
    pair; s_i = sqrt(p_i (1 - p_i)/n_i) makes it the z-test. Pairs are rejected where it reaches the quantile of
    0.9 alpha/2, or where p0 or p1 is outside its own exact limit with error 0.05 alpha/2 each: together alpha/2 at most.
    The limit is the least p0 - p1 of the pairs left, by bisection of boxes that are dropped only if provably rejected
    as a whole. The upper side exchanges the groups.
    """
    half = check_share(alpha, "alpha") / 2
    k, m = check_counts(hits, n)
    k0, k1, n0, n1 = int(k[0]), int(k[1]), int(m[0]), int(m[1])
    if n0 == 0 or n1 == 0:
        return Interval(math.nan, -1.0, 1.0, True, "combined")
    lower, upper = _lower(k0, n0, k1, n1, half), -_lower(k1, n1, k0, n0, half)
    return Interval(k0 / n0 - k1 / n1, lower, upper, True, "combined")


@dataclass(frozen=True, slots=True, eq=False)
class _Boxes:
    """low0..high0 x low1..high1: boxes of pairs (p0, p1). Halved in arcsin(sqrt(p)), where errors are smooth."""

    low0: Floats
    high0: Floats
    low1: Floats
    high1: Floats

    @property
    def least(self) -> Floats:
        return floats(self.low0 - self.high1)

    @property
    def middle(self) -> tuple[Floats, Floats]:
        return _halfway(self.low0, self.high0), _halfway(self.low1, self.high1)

    def take(self, which: Bools) -> _Boxes:
        return _Boxes(self.low0[which], self.high0[which], self.low1[which], self.high1[which])

    def quarter(self) -> _Boxes:
        middle0, middle1 = self.middle
        first, second = (
            [(self.low0, middle0), (middle0, self.high0)],
            [(self.low1, middle1), (middle1, self.high1)],
        )
        sides = [(*a, *b) for a in first for b in second]
        return _Boxes(*(floats(np.concatenate([s[i] for s in sides])) for i in range(4)))


def _lower(k0: int, n0: int, k1: int, n1: int, error: float) -> float:
    reach = float(scipy.special.ndtri(1 - (1 - _GUARD) * error))
    guard, step = _GUARD * error / 2, _STEP / math.sqrt(min(n0, n1))
    bottom, top = float(lower_limit(k0, n0, guard)), float(upper_limit(k1, n1, guard))

    def excess(p0: Floats, p1: Floats, s0: Floats, s1: Floats) -> Floats:
        """At least 0: rejected. Rises with p1 and falls with p0 for fixed weights; NaN says nothing."""
        with np.errstate(invalid="ignore"):
            first = np.where(s0 > 0, s0 * _deviate(k0, n0, p0), 0.0)
            second = np.where(s1 > 0, s1 * _deviate(n1 - k1, n1, 1 - p1), 0.0)
            return floats(first + second - reach * np.hypot(s0, s1))

    def open_(boxes: _Boxes) -> Bools:
        """Not proved to be rejected: neither lower bound of the excess over the box reaches 0.

        One: the worst corner; the excess is concave in the weights, so its least over their range is at an end. Two, term
        by term, for boxes at p1 = 0 or p0 = 1, where a deviate is infinite: its term is at least -sqrt(2 h log(1/h)), h
        the width of the box, because P(X > k) >= p^n and Phi(-x) <= exp(-x^2/2)/2.
        """
        weights0, weights1 = _weights(boxes.low0, boxes.high0, n0), _weights(boxes.low1, boxes.high1, n1)
        corner = np.minimum.reduce(
            [excess(boxes.high0, boxes.low1, s0, s1) for s0 in weights0 for s1 in weights1]
        )
        first = _term(weights0, _deviate(k0, n0, boxes.high0), 1 - boxes.low0, boxes.high0 == 1, k0 > 0)
        second = _term(weights1, _deviate(n1 - k1, n1, 1 - boxes.low1), boxes.high1, boxes.low1 == 0, k1 < n1)
        with np.errstate(invalid="ignore"):
            apart = first + second - reach * np.hypot(weights0[1], weights1[1])
            # NaN compares as not rejected.
            return np.asarray(~((corner >= 0) | (apart >= 0)), dtype=np.bool_)

    one = np.ones(1)
    boxes, best = _Boxes(bottom * one, one, 0.0 * one, top * one), k0 / n0 - k1 / n1
    for _ in range(40):
        boxes = boxes.quarter()
        boxes = boxes.take((boxes.least < best) & open_(boxes))
        if not len(boxes.low0):
            return best
        middle0, middle1 = boxes.middle
        s0, s1 = _error(middle0, n0), _error(middle1, n1)
        accepted = ~(excess(middle0, middle1, s0, s1) >= 0)
        best = min(best, float((middle0 - middle1)[accepted].min(initial=best)))
        if best - float(boxes.least.min()) < step or len(boxes.low0) > 200_000:
            break
    return max(-1.0, float(boxes.least.min()))


def _halfway(low: Floats, high: Floats) -> Floats:
    return floats(np.sin((np.arcsin(np.sqrt(low)) + np.arcsin(np.sqrt(high))) / 2) ** 2)


def _deviate(k: int, n: int, p: Floats) -> Floats:
    """Phi^-1(1 - P(X >= k | p)); -inf where k is 0."""
    if k == 0:
        return np.full_like(p, -np.inf)
    return floats(-scipy.special.ndtri(scipy.special.betainc(k, n - k + 1, p)))


def _error(p: Floats, n: int) -> Floats:
    return floats(np.sqrt(p * (1 - p) / n))


def _weights(low: Floats, high: Floats, n: int) -> tuple[Floats, Floats]:
    ends = _error(low, n), _error(high, n)
    most = np.where((low <= 0.5) & (high >= 0.5), 0.5 / math.sqrt(n), np.maximum(*ends))
    return floats(np.minimum(*ends)), floats(most)


def _term(
    weights: tuple[Floats, Floats], deviate: Floats, width: Floats, at_end: Bools, some: bool
) -> Floats:
    """Least value of weight times deviate over a box."""
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.minimum(*(np.where(w > 0, w * deviate, 0.0) for w in weights))
        edge = -np.sqrt(np.maximum(-2 * width * np.log(width), 0.0))
    return floats(np.where(at_end & (width <= 1 / math.e) & some, np.fmax(least, edge), least))
