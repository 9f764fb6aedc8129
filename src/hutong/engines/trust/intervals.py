"""Intervals of the engine's own statements that are not in `statistics`: the worst of several, means of classes, a bounded mean.

All are exact (error at most alpha at every size and every truth), which `findings.judged` asks before anything passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import clopper_pearson, lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Interval


def share_of(hits: int, n: int, alpha: float) -> Interval:
    """One proportion, exact at 1 - alpha (Clopper and Pearson 1934). `ZeroDivisionError` where n is 0."""
    limits = clopper_pearson(hits, n, alpha)
    return Interval(hits / n, float(limits.lower), float(limits.upper), True, limits.method)


def worst_of(limits: Sequence[tuple[int, int]], alpha: float) -> Interval:
    """The smallest proportion of several conditions, each (hits, n), under any dependence, at 1 - alpha.

    Lower limit: no split, since only the truly worst condition has to be covered. Upper: Bonferroni.
    """
    k, n = np.array(limits, dtype=np.int64).T
    low = lower_limit(k, n, alpha / 2)
    high = upper_limit(k, n, alpha / 2 / len(limits))
    return Interval(float((k / n).min()), float(low.min()), float(high.min()), True, "worst-of")


def mean_of_classes(hits: ArrayLike, n: ArrayLike, alpha: float) -> Interval:
    """Mean of the proportions of disjoint classes (balanced accuracy), exact at 1 - alpha, conservative."""
    k, total = np.asarray(hits, np.int64), np.asarray(n, np.int64)
    limits = clopper_pearson(k, total, sidak(alpha, len(k)))
    low, high = float(limits.lower.mean()), float(limits.upper.mean())
    return Interval(float((k / total).mean()), low, high, True, "mean-of-classes")


def empirical_bernstein(n: int, total: float, squares: float, width: float, alpha: float) -> Interval:
    """Mean of n independent values that lie in a range of the given width, from their sum and sum of squares.

    Two-sided at 1 - alpha: Maurer and Pontil 2009 (COLT), theorem 4, at alpha/2 on each side. n must be at least 2.
    """
    mean = total / n
    variance = max(0.0, (squares - n * mean * mean) / (n - 1))
    logarithm = math.log(4.0 / alpha)
    half = math.sqrt(2 * variance * logarithm / n) + 7 * width * logarithm / (3 * (n - 1))
    return Interval(mean, mean - half, mean + half, True, "empirical-bernstein")
