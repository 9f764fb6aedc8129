"""Intervals with error at most alpha, for counts. Vectorised over NumPy arrays; never zero width at 0 or n.

- `clopper_pearson`: exact (Clopper and Pearson 1934, Biometrika 26:404), from Beta quantiles.
- `difference`: exact but conservative, from two exact bounds (a box projected on the difference).
- `miettinen_nurminen`: score interval of a difference (Statistics in Medicine 4:213, 1985), for display only: it is
  asymptotic, so it never decides.
- `largest_gap`: of several groups; `worst_of`: of several conditions. Both need no split on the side that passes.
- `empirical_bernstein`: mean of a bounded variable (Maurer and Pontil 2009, COLT, theorem 4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """value: the point estimate. lower, upper: the limits, all as shares of one."""

    value: float
    lower: float
    upper: float


def lower_bound(hits: ArrayLike, n: ArrayLike, error: ArrayLike) -> Floats:
    """Exact one-sided lower limit of a proportion: P(limit > p) <= error. 0 where hits is 0 or n is 0."""
    from scipy.special import betaincinv

    k, total = np.broadcast_arrays(np.asarray(hits, float), np.asarray(n, float))
    inside = betaincinv(np.maximum(k, 1), np.maximum(total - k, 0) + 1, error)
    return np.asarray(np.where(k <= 0, 0.0, inside), dtype=np.float64)


def upper_bound(hits: ArrayLike, n: ArrayLike, error: ArrayLike) -> Floats:
    """Exact one-sided upper limit of a proportion: P(limit < p) <= error. 1 where hits is n."""
    k, total = np.asarray(hits, float), np.asarray(n, float)
    return np.asarray(1.0 - lower_bound(total - k, total, error), dtype=np.float64)


def clopper_pearson(hits: ArrayLike, n: ArrayLike, alpha: float) -> tuple[Floats, Floats]:
    """Exact two-sided interval at 1 - alpha, half of alpha on each side."""
    return lower_bound(hits, n, alpha / 2), upper_bound(hits, n, alpha / 2)


def sidak(error: float, groups: int) -> float:
    """Error of each of `groups` independent statements so that all hold but for `error` (Sidak 1967).

    Disjoint groups of one sample are independent given their sizes, so this is exact for them.
    """
    return 1.0 - float((1.0 - error) ** (1.0 / max(groups, 1)))


def difference(hits: Sequence[int], n: Sequence[int], alpha: float) -> Interval:
    """p0 - p1 of two independent groups, exact at 1 - alpha, conservative.

    Both limits of both proportions hold at once, hence so does every function of the two.
    """
    error = sidak(alpha, 2)
    low, high = clopper_pearson(hits, n, error)
    return Interval(hits[0] / n[0] - hits[1] / n[1], float(low[0] - high[1]), float(high[0] - low[1]))


def largest_gap(hits: ArrayLike, n: ArrayLike, alpha: float) -> Interval:
    """max - min of the proportions of k disjoint groups, exact at 1 - alpha.

    Upper limit: only the true extreme pair has to be covered, so each ordered pair is bounded at alpha/2 with no split
    over pairs (intersection-union, Berger 1982, Technometrics 24:295). Lower limit: the extreme pair is
    picked by the data, so all k groups share alpha/2 (Sidak).
    """
    k, total = np.asarray(hits, float), np.asarray(n, float)
    rates = k / total
    pair = sidak(alpha / 2, 2)
    # An ordered pair of a group with itself would claim a gap that no pair has.
    spread = upper_bound(k, total, pair)[:, None] - lower_bound(k, total, pair)[None, :]
    np.fill_diagonal(spread, 0.0)
    low, high = clopper_pearson(k, total, sidak(alpha / 2, len(k)))
    return Interval(
        float(rates.max() - rates.min()),
        max(0.0, float(low.max() - high.min())),
        min(1.0, float(spread.max())),
    )


def worst_of(limits: Sequence[tuple[int, int]], alpha: float) -> Interval:
    """The smallest proportion of several conditions, each (hits, n), under any dependence, at 1 - alpha.

    Lower limit: no split, since only the truly worst condition has to be covered. Upper: Bonferroni.
    """
    k, n = np.array(limits, float).T
    low = lower_bound(k, n, alpha / 2)
    high = upper_bound(k, n, alpha / 2 / len(limits))
    return Interval(float((k / n).min()), float(low.min()), float(high.min()))


def mean_of_classes(hits: ArrayLike, n: ArrayLike, alpha: float) -> Interval:
    """Mean of the proportions of disjoint classes (balanced accuracy), exact at 1 - alpha, conservative."""
    k, total = np.asarray(hits, float), np.asarray(n, float)
    low, high = clopper_pearson(k, total, sidak(alpha, len(k)))
    return Interval(float((k / total).mean()), float(low.mean()), float(high.mean()))


def empirical_bernstein(n: int, total: float, squares: float, width: float, alpha: float) -> Interval:
    """Mean of n independent values that lie in a range of the given width, from their sum and sum of squares.

    Two-sided at 1 - alpha: Maurer and Pontil 2009, theorem 4, at alpha/2 on each side. n must be at least 2.
    """
    mean = total / n
    variance = max(0.0, (squares - n * mean * mean) / (n - 1))
    logarithm = math.log(4.0 / alpha)
    half = math.sqrt(2 * variance * logarithm / n) + 7 * width * logarithm / (3 * (n - 1))
    return Interval(mean, mean - half, mean + half)


def miettinen_nurminen(hits: Sequence[int], n: Sequence[int], alpha: float) -> Interval:
    """p0 - p1, score interval by bisection on the difference. Display only: asymptotic, never decides."""
    from scipy.special import ndtri

    reach = float(ndtri(1 - alpha / 2))
    value = hits[0] / n[0] - hits[1] / n[1]

    def edge(sign: int) -> float:
        inside, outside = value, float(sign)
        for _ in range(60):
            middle = (inside + outside) / 2
            if abs(_score(hits, n, middle)) <= reach:
                inside = middle
            else:
                outside = middle
        return inside

    return Interval(value, edge(-1), edge(1))


def _score(hits: Sequence[int], n: Sequence[int], delta: float) -> float:
    """Score statistic of H: p0 - p1 = delta, with the constrained estimate in closed form (appendix of 1985)."""
    (x0, x1), (n0, n1) = hits, n
    total = n0 + n1
    c3 = float(total)
    # The cubic in p1 (the control group of the paper), where p0 = p1 + delta.
    c2 = (n0 + 2 * n1) * delta - total - (x0 + x1)
    c1 = (n1 * delta - total - 2 * x1) * delta + x0 + x1
    c0 = x1 * delta * (1 - delta)
    q = c2**3 / (3 * c3) ** 3 - c1 * c2 / (6 * c3**2) + c0 / (2 * c3)
    root = math.sqrt(max(0.0, c2**2 / (3 * c3) ** 2 - c1 / (3 * c3)))
    p = math.copysign(root, q)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3)))) / 3 if p else math.pi / 2
    p1 = min(max(2 * p * math.cos(angle) - c2 / (3 * c3), 0.0), 1.0)
    p0 = min(max(p1 + delta, 0.0), 1.0)
    variance = (p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1) * total / (total - 1)
    distance = x0 / n0 - x1 / n1 - delta
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)
