"""Two systems on the same items: exact test, exact interval, and evidence that may be looked at after every item.

Counts: b items only the first system passes, c items only the second, n items in all.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import (
    Bools,
    Floats,
    Interval,
    Ints,
    Limits,
    check_share,
    floats,
    refuse,
    whole,
)
from hutong.engines.trust.statistics.search import Family, bisect, buehler_lower
from hutong.engines.trust.statistics.sequences import log_beta_binomial
from hutong.engines.trust.statistics.sequential import MixtureTest
from hutong.kernel.text import Text

Alternative = Literal["two-sided", "first", "second"]
# Items up to which the exact unconditional interval is computed.
LARGEST_PAIRED = 250


def mcnemar(b: ArrayLike, c: ArrayLike, alternative: Alternative = "two-sided") -> Floats:
    """Exact p-value of "both systems pass equally often", vectorised; "first": the first passes more often.

    Given d = b + c items on which they differ, b is binomial(d, 1/2) (McNemar 1947, Psychometrika 12:153; exact form:
    Mosteller 1952). Two-sided: twice the smaller tail, at most 1. 1 where they never differ.
    """
    first, second = np.broadcast_arrays(whole(b, "b"), whole(c, "c"))
    if alternative == "second":
        first, second = second, first
    # P(B >= b) of binomial(b + c, 1/2).
    tail = floats(np.where(first == 0, 1.0, scipy.special.betainc(np.maximum(first, 1), second + 1, 0.5)))
    if alternative != "two-sided":
        return tail
    other = floats(np.where(second == 0, 1.0, scipy.special.betainc(np.maximum(second, 1), first + 1, 0.5)))
    return floats(np.minimum(1.0, 2 * np.minimum(tail, other)))


def log_paired_e(b: ArrayLike, c: ArrayLike, alternative: Alternative = "two-sided") -> Floats:
    """Logarithm of an e-value of "both systems pass equally often" that may be looked at after every item.

    The items on which they differ are fair coins under the null: the beta-binomial mixture martingale at 1/2
    (`sequences.log_beta_binomial`), or for one side the e-process of `sequential.MixtureTest`. At least
    log(1/alpha), at any time, with chance alpha at most: for two versions, or one that may have drifted.
    """
    first, second = np.broadcast_arrays(whole(b, "b"), whole(c, "c"))
    if alternative == "two-sided":
        return log_beta_binomial(first, first + second, 0.5)
    if alternative == "second":
        first, second = second, first
    return MixtureTest(0.5).log_pass(first, second)


def paired_limits(b: ArrayLike, c: ArrayLike, n: ArrayLike, alpha: float) -> Limits:
    """Difference of the pass rates (b - c)/n, exact at 1 - alpha or more at any size, vectorised, conservative.

    The difference is s (2w - 1) with s the chance that the systems differ and w the chance that then the first passes.
    Exact limits of s, and of w given the number of differing items, hold at once with chance 1 - alpha
    (each with error 1 - sqrt(1 - alpha)); the interval is the image of that box.
    """
    first, second, total = _pairs(b, c, n)
    each = sidak(check_share(alpha, "alpha"), 2)
    differ = clopper_pearson(first + second, total, each)
    lean = clopper_pearson(first, first + second, each)
    low, high = 2 * lean.lower - 1, 2 * lean.upper - 1
    lower = np.where(low >= 0, differ.lower * low, differ.upper * low)
    upper = np.where(high >= 0, differ.upper * high, differ.lower * high)
    return Limits(floats(lower), floats(upper), True, "paired-box")


def paired_difference(b: int, c: int, n: int, alpha: float) -> Interval:
    """Difference of the pass rates (b - c)/n, exact unconditional at 1 - alpha, close to the shortest.

    Buehler's limits over all outcomes (b, c) of n items, ordered by Tango's approximate lower limit (1998, Statistics in
    Medicine 17:891), the supremum over the nuisance chance proved. `Invalid` statistics.size beyond
    `LARGEST_PAIRED` items: use `paired_limits` there.
    """
    half = check_share(alpha, "alpha") / 2
    first, second, total = (int(v) for v in _pairs(b, c, n))
    if total == 0:
        return Interval(math.nan, -1.0, 1.0, True, "paired-buehler")
    if total > LARGEST_PAIRED:
        raise refuse(
            "size",
            Text("There are too many items for this interval.", "题目过多，无法计算该区间。"),
            "n",
            Text("Use the conservative interval.", "请改用保守区间。"),
        )
    lower = _paired_lower(first, second, total, half)
    return Interval(
        (first - second) / total, lower, -_paired_lower(second, first, total, half), True, "paired-buehler"
    )


def _pairs(b: ArrayLike, c: ArrayLike, n: ArrayLike) -> tuple[Ints, Ints, Ints]:
    first, second, total = np.broadcast_arrays(whole(b, "b"), whole(c, "c"), whole(n, "n"))
    if np.any(first + second > total):
        raise refuse("pairs", Text("More differing items than items.", "相异项多于总项数。"), "n")
    return first, second, total


def _tango_lower(b: Floats, c: Floats, n: Floats, reach: float, steps: int = 60) -> Floats:
    size = np.maximum(n, 1)

    def accepted(delta: Floats) -> Bools:
        # Chance q of the second alone under p(first alone) = q + delta: root of A q^2 + B q + C = 0.
        middle = -b - c + (2 * size - b + c) * delta
        rest = -c * delta * (1 - delta)
        q = (np.sqrt(np.maximum(middle**2 - 8 * size * rest, 0.0)) - middle) / (4 * size)
        variance = size * (2 * q + delta * (1 - delta))
        distance = b - c - size * delta
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.where(np.abs(distance) < 1e-9, 0.0, distance / np.sqrt(np.maximum(variance, 0.0)))
        return np.asarray(score <= reach, dtype=np.bool_)

    value = floats((b - c) / size)
    inner, _ = bisect(accepted, value, np.full_like(value, -1.0), steps)
    return floats(np.where(n == 0, -1.0, inner))


@lru_cache(maxsize=16)
def _order(n: int, error: float) -> Floats:
    """(n + 1, n + 1) rank of outcome (b, c), rising with b and falling with c; -inf where b + c > n."""
    b, c = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    reach = float(scipy.special.ndtri(1 - error))
    low = np.round(_tango_lower(b, c, np.full_like(b, n), reach, 24), 6)
    outcome = b + c <= n
    # The largest over fewer b and more c makes it monotone; impossible outcomes give nothing and get nothing.
    low = np.maximum.accumulate(np.where(outcome, low, -np.inf), axis=0)
    low = np.maximum.accumulate(low[:, ::-1], axis=1)[:, ::-1]
    rank = floats(np.where(outcome, low, -np.inf))
    rank.setflags(write=False)
    return rank


def _paired_lower(b: int, c: int, n: int, error: float) -> float:
    rank = _order(n, error)
    reach = (rank >= rank[b, c]).sum(axis=1)
    inside = np.flatnonzero(reach > 0)
    count = reach[inside]
    rest = n - inside
    ways = (
        scipy.special.gammaln(n + 1.0)
        - scipy.special.gammaln(inside + 1.0)
        - scipy.special.gammaln(rest + 1.0)
    )

    def chance(delta: float, q: Floats) -> Floats:
        p = np.clip(q + delta, 0.0, 1.0)[:, None]
        weight = np.exp(ways + scipy.special.xlogy(inside, p) + scipy.special.xlog1py(rest, -p))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip(np.where(p < 1, q[:, None] / (1 - p), 0.0), 0.0, 1.0)
        # P(C <= count - 1) of binomial(rest, share).
        below = scipy.special.betainc(np.maximum(rest - count + 1, 1), np.maximum(count, 1), 1 - share)
        return floats((weight * np.where(count > rest, 1.0, below)).sum(axis=1))

    def length(delta: float, a: Floats, z: Floats) -> Floats:
        parts = (a, z), (a + delta, z + delta), (1 - 2 * z - delta, 1 - 2 * a - delta)
        roots = [np.sqrt(np.maximum(t, 0.0)) - np.sqrt(np.maximum(s, 0.0)) for s, t in parts]
        return floats(math.sqrt(n) * (roots[0] + roots[1] + roots[2]))

    family = Family(lambda delta: (max(0.0, -delta), (1.0 - delta) / 2), chance, length)
    return buehler_lower(family, -1.0, (b - c) / n, error)
