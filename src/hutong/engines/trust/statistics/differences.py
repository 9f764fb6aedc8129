"""Difference of two independent proportions, p0 - p1: exact (short, or cheap and conservative), and for display.

- `exact_difference`: exact unconditional, close to the shortest; for groups of some hundreds.
- `combined.combined_difference`: exact at any size, a little longer.
- `box_difference`: exact and conservative at any size, vectorised.
- `miettinen_nurminen`: asymptotic score interval; display only, it never decides.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import (
    Bools,
    Floats,
    Interval,
    Limits,
    check_counts,
    check_share,
    floats,
    refuse,
)
from hutong.engines.trust.statistics.search import Family, bisect, buehler_lower
from hutong.kernel.text import Text

# Cells of the table of outcomes up to which the exact unconditional interval is computed (a few seconds).
LARGEST_TABLE = 91_000


def sidak(error: float, statements: int) -> float:
    """Error of each of several independent statements so that all hold but for `error` (Sidak 1967, JASA 62:626)."""
    return -math.expm1(math.log1p(-error) / max(statements, 1))


def box_difference(hits0: ArrayLike, n0: ArrayLike, hits1: ArrayLike, n1: ArrayLike, alpha: float) -> Limits:
    """p0 - p1 at 1 - alpha or more: both exact limits of both proportions hold at once, hence their difference.

    Lower: L0 - U1, upper: U0 - L1, each limit with error 1 - sqrt(1 - alpha/2) (independent groups). About 1.4 times as
    wide as the score interval for equal groups.
    """
    error = 2 * sidak(check_share(alpha, "alpha") / 2, 2)
    first, second = clopper_pearson(hits0, n0, error), clopper_pearson(hits1, n1, error)
    return Limits(floats(first.lower - second.upper), floats(first.upper - second.lower), True, "box")


def miettinen_nurminen(
    hits0: ArrayLike, n0: ArrayLike, hits1: ArrayLike, n1: ArrayLike, alpha: float
) -> Limits:
    """p0 - p1 by inversion of the score test (Miettinen and Nurminen 1985, Statistics in Medicine 4:213). Asymptotic."""
    reach = float(scipy.special.ndtri(1 - check_share(alpha, "alpha") / 2))
    k0, m0, k1, m1 = np.broadcast_arrays(*check_counts(hits0, n0), *check_counts(hits1, n1))
    lower = _score_lower(floats(k0), floats(m0), floats(k1), floats(m1), reach)
    upper = -_score_lower(floats(k1), floats(m1), floats(k0), floats(m0), reach)
    return Limits(lower, floats(upper), False, "miettinen-nurminen")


def _score_lower(k0: Floats, n0: Floats, k1: Floats, n1: Floats, reach: float, steps: int = 60) -> Floats:
    empty = (n0 == 0) | (n1 == 0)
    m0, m1 = np.maximum(n0, 1), np.maximum(n1, 1)
    value = floats(np.where(empty, 0.0, k0 / m0 - k1 / m1))

    def accepted(delta: Floats) -> Bools:
        return np.asarray(_score(k0, m0, k1, m1, delta) <= reach, dtype=np.bool_)

    inner, _ = bisect(accepted, value, np.full_like(value, -1.0), steps)
    return floats(np.where(empty, -1.0, inner))


def _score(k0: Floats, n0: Floats, k1: Floats, n1: Floats, delta: Floats) -> Floats:
    """Score statistic of H: p0 - p1 = delta; constrained estimate in closed form (appendix I of the paper)."""
    total = n0 + n1
    # Cubic c3 p^3 + c2 p^2 + c1 p + c0 in p1, where p0 = p1 + delta; group 1 is the paper's control group.
    c2 = (n0 + 2 * n1) * delta - total - (k0 + k1)
    c1 = (n1 * delta - total - 2 * k1) * delta + k0 + k1
    c0 = k1 * delta * (1 - delta)
    q = c2**3 / (3 * total) ** 3 - c1 * c2 / (6 * total**2) + c0 / (2 * total)
    root = np.copysign(np.sqrt(np.maximum(0.0, c2**2 / (3 * total) ** 2 - c1 / (3 * total))), q)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = np.where(root == 0, 0.0, q / root**3)
        angle = (math.pi + np.arccos(np.clip(turn, -1.0, 1.0))) / 3
        p1 = np.clip(2 * root * np.cos(angle) - c2 / (3 * total), 0.0, 1.0)
        p0 = np.clip(p1 + delta, 0.0, 1.0)
        variance = (p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1) * total / (total - 1)
        distance = k0 / n0 - k1 / n1 - delta
        near = np.abs(distance) < 1e-12
        return floats(np.where(near, 0.0, distance / np.sqrt(np.maximum(variance, 0.0))))


def exact_difference(hits: tuple[int, int], n: tuple[int, int], alpha: float) -> Interval:
    """p0 - p1, exact unconditional, at 1 - alpha with alpha/2 on each side.

    Buehler's limits (Buehler 1957, JASA 52:482; Kabaila and Lloyd 2003): outcomes are ordered by their approximate
    (score) lower limit, made monotone; the limit is the smallest difference under which an outcome ordered as
    high as the one seen has a chance above alpha/2 for some pair of proportions. The supremum over pairs is
    proved (`search.can_exceed`), not sampled. `Invalid` statistics.size beyond `LARGEST_TABLE` outcomes: use
    `box_difference` there. An empty group gives [-1, 1] and no value.
    """
    half = check_share(alpha, "alpha") / 2
    k, m = check_counts(hits, n)
    k0, k1, n0, n1 = int(k[0]), int(k[1]), int(m[0]), int(m[1])
    if n0 == 0 or n1 == 0:
        return Interval(math.nan, -1.0, 1.0, True, "buehler")
    if (n0 + 1) * (n1 + 1) > LARGEST_TABLE:
        raise refuse(
            "size",
            Text("The groups are too large for this interval.", "分组过大，无法计算该区间。"),
            "n",
            Text("Use the conservative interval.", "请改用保守区间。"),
        )
    lower = _buehler_lower(k0, n0, k1, n1, half)
    upper = -_buehler_lower(k1, n1, k0, n0, half)
    return Interval(k0 / n0 - k1 / n1, lower, upper, True, "buehler")


@lru_cache(maxsize=16)
def _order(n0: int, n1: int, error: float) -> Floats:
    """(n0 + 1, n1 + 1) rank of each outcome: rising with hits of group 0, falling with those of group 1."""
    k0, k1 = np.meshgrid(np.arange(n0 + 1.0), np.arange(n1 + 1.0), indexing="ij")
    reach = float(scipy.special.ndtri(1 - error))
    low = _score_lower(k0, np.full_like(k0, n0), k1, np.full_like(k1, n1), reach, 24)
    low = np.maximum.accumulate(np.maximum.accumulate(low, axis=0)[:, ::-1], axis=1)[:, ::-1]
    # Ties stay ties whatever the rounding.
    rank = np.round(low, 6)
    rank.setflags(write=False)
    return floats(rank)


def _buehler_lower(k0: int, n0: int, k1: int, n1: int, error: float) -> float:
    rank = _order(n0, n1, error)
    # The event "ordered at least as high": for each count of group 0, that many low counts of group 1.
    reach = (rank >= rank[k0, k1]).sum(axis=1)
    inside = reach > 0
    rows, columns = np.flatnonzero(inside), reach[inside] - 1

    def chance(delta: float, p1: Floats) -> Floats:
        first = _pmf(n0, np.clip(p1 + delta, 0.0, 1.0))[:, rows]
        second = np.cumsum(_pmf(n1, p1), axis=1)[:, columns]
        return floats((first * second).sum(axis=1))

    def length(delta: float, a: Floats, b: Floats) -> Floats:
        first = _angle(b + delta) - _angle(a + delta)
        return floats(math.sqrt(n0) * first + math.sqrt(n1) * (_angle(b) - _angle(a)))

    family = Family(lambda delta: (max(0.0, -delta), min(1.0, 1.0 - delta)), chance, length)
    return buehler_lower(family, -1.0, k0 / n0 - k1 / n1, error)


def _angle(p: Floats) -> Floats:
    return floats(np.arcsin(np.sqrt(np.clip(p, 0.0, 1.0))))


def _pmf(n: int, p: Floats) -> Floats:
    """(len(p), n + 1) binomial chances."""
    k = np.arange(n + 1.0)
    ways = scipy.special.gammaln(n + 1.0) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(n - k + 1)
    share = p[:, None]
    return floats(np.exp(ways + scipy.special.xlogy(k, share) + scipy.special.xlog1py(n - k, -share)))
