"""Exact limits of one count: a proportion, a proportion of a finite bank, a rate. Vectorised.

Exact: the chance that the interval misses is at most alpha at every truth and every size, 0, 1 and n included.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.forms import (
    Bools,
    Floats,
    Ints,
    Limits,
    check_counts,
    check_share,
    floats,
    refuse,
    whole,
)
from hutong.engines.trust.statistics.search import bisect, first_true
from hutong.kernel.text import Text


def lower_limit(hits: ArrayLike, n: ArrayLike, error: ArrayLike) -> Floats:
    """One-sided exact lower limit of a proportion: P(limit > p) <= error. 0 where there is no hit.

    The p with P(X >= hits | p) = error, that is the Beta quantile B(error; k, n - k + 1) (Clopper and Pearson 1934).
    """
    k, total = check_counts(hits, n)
    inside = floats(scipy.special.betaincinv(np.maximum(k, 1), np.maximum(total - k, 0) + 1, error))
    return floats(np.where(k == 0, 0.0, inside))


def upper_limit(hits: ArrayLike, n: ArrayLike, error: ArrayLike) -> Floats:
    """One-sided exact upper limit of a proportion: P(limit < p) <= error. 1 where all are hits, or n is 0."""
    k, total = check_counts(hits, n)
    return floats(1.0 - lower_limit(total - k, total, error))


def clopper_pearson(hits: ArrayLike, n: ArrayLike, alpha: float) -> Limits:
    """Exact interval of a proportion at 1 - alpha, alpha/2 on each side. [0, 1] where n is 0.

    Clopper and Pearson 1934, Biometrika 26:404.
    """
    half = check_share(alpha, "alpha") / 2
    return Limits(lower_limit(hits, n, half), upper_limit(hits, n, half), True, "clopper-pearson")


def mid_p(hits: ArrayLike, n: ArrayLike, alpha: float) -> Limits:
    """Mid-P interval of a proportion: shorter, and not exact (coverage falls below 1 - alpha at some truths).

    The p with P(X > k | p) + P(X = k | p)/2 = alpha/2, and its mirror (Lancaster 1961, JASA 56:223). Display only.
    """
    k, total = check_counts(hits, n)
    half = check_share(alpha, "alpha") / 2
    lower = _mid_p_lower(k, total, half)
    upper = floats(1.0 - _mid_p_lower(total - k, total, half))
    return Limits(lower, upper, False, "mid-p")


def _mid_p_lower(k: Ints, n: Ints, error: float) -> Floats:
    def accepted(p: Floats) -> Bools:
        above = (_at_least(k, n, p) + _at_least(k + 1, n, p)) / 2
        return np.asarray(above > error, dtype=np.bool_)

    share = floats(np.where(n > 0, k / np.maximum(n, 1), 0.5))
    _, outer = bisect(accepted, share, np.zeros_like(share))
    return floats(np.where(k == 0, 0.0, outer))


def _at_least(k: Ints, n: Ints, p: Floats) -> Floats:
    """P(X >= k) of a binomial."""
    inside = floats(scipy.special.betainc(np.maximum(k, 1), np.maximum(n - k, 0) + 1, p))
    return floats(np.where(k <= 0, 1.0, np.where(k > n, 0.0, inside)))


def poisson_rate(events: ArrayLike, exposure: ArrayLike, alpha: float) -> Limits:
    """Exact interval of a rate of events per unit of exposure, at 1 - alpha. [0, inf) where the exposure is 0.

    Gamma quantiles: G(alpha/2; k)/T and G(1 - alpha/2; k + 1)/T (Garwood 1936, Biometrika 28:437).
    """
    half = check_share(alpha, "alpha") / 2
    k, time = np.broadcast_arrays(whole(events, "events"), floats(exposure))
    if np.any(~np.isfinite(time) | (time < 0)) or np.any((time == 0) & (k > 0)):
        raise refuse(
            "exposure",
            Text("Events without an exposure of at least 0.", "事件数缺少有效的暴露量。"),
            "exposure",
        )
    low = np.where(k == 0, 0.0, scipy.special.gammaincinv(np.maximum(k, 1), half))
    high = floats(scipy.special.gammainccinv(k + 1, half))
    with np.errstate(divide="ignore", invalid="ignore"):
        return Limits(
            floats(np.where(time > 0, low / time, 0.0)),
            floats(np.where(time > 0, high / time, np.inf)),
            True,
            "garwood",
        )


def finite_bank(hits: ArrayLike, n: ArrayLike, population: ArrayLike, alpha: float) -> Limits:
    """Exact interval of the share of hits in a bank of `population` items, n of them drawn without replacement.

    Inversion of both hypergeometric tails at alpha/2 (Konijn 1973, Statistical Theory of Sample Survey Design, ch. 2;
    Wright 1991). Never wider than what is certain: hits seen are in the bank, and so are misses.
    """
    k, total, size = np.broadcast_arrays(*check_counts(hits, n), whole(population, "population"))
    if np.any(total > size):
        raise refuse("bank", Text("More items drawn than the bank has.", "抽取数超过题库数量。"), "n")
    half = check_share(alpha, "alpha") / 2
    low = _fewest(k, total, size, half)
    high = size - _fewest(total - k, total, size, half)
    scale = np.maximum(size, 1)
    empty = size == 0
    return Limits(
        floats(np.where(empty, 0.0, low / scale)),
        floats(np.where(empty, 1.0, high / scale)),
        True,
        "hypergeometric",
    )


def _fewest(k: Ints, n: Ints, size: Ints, error: float) -> Ints:
    """Fewest hits in the bank under which k or more of n have a chance above the error."""
    from scipy.stats import hypergeom

    def plausible(found: Ints) -> Bools:
        # The slack only keeps numbers of hits whose chance equals the error but for rounding.
        return np.asarray(hypergeom.sf(k - 1, size, found, n) > error * (1 - 1e-9), dtype=np.bool_)

    return first_true(plausible, k, size - (n - k))
