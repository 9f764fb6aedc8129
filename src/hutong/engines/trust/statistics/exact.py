"""Exact limits of one count: a proportion, or a proportion of a finite bank. Vectorised.

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
from hutong.engines.trust.statistics.search import first_true
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
