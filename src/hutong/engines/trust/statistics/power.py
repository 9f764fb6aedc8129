"""What a size can show, before anything runs: power, smallest detectable truth, size needed. Exact, by enumeration.

Test of one proportion: with n answers the claim "p > p0" passes from `critical_hits` hits on, which is the same as the
exact one-sided lower limit at alpha lying at or above p0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.differences import box_difference
from hutong.engines.trust.statistics.exact import upper_limit
from hutong.engines.trust.statistics.forms import (
    Bools,
    Floats,
    Ints,
    check_share,
    floats,
    refuse,
    whole,
)
from hutong.engines.trust.statistics.search import first_true
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

LARGEST_SIZE = 10_000_000
# A chance that equals alpha but for rounding passes on every machine.
_SLACK = 1 + 1e-12


def tail(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """P(X >= k) of binomial(n, p), vectorised: the regularised incomplete Beta I_p(k, n - k + 1)."""
    hits, total, chance = np.broadcast_arrays(np.asarray(k), np.asarray(n), floats(p))
    inside = scipy.special.betainc(np.maximum(hits, 1), np.maximum(total - hits, 0) + 1, chance)
    return floats(np.where(hits <= 0, 1.0, np.where(hits > total, 0.0, inside)))


def critical_hits(n: ArrayLike, p0: float, alpha: float) -> Ints:
    """Fewest hits that pass "p > p0" at n: smallest k with P(X >= k | p0) <= alpha; n + 1 where none does."""
    total = whole(n, "n")
    check_share(p0, "p0")
    check_share(alpha, "alpha")
    return first_true(
        lambda k: np.asarray(tail(k, total, p0) <= alpha * _SLACK, dtype=np.bool_),
        np.zeros_like(total),
        total + 1,
    )


def power(n: ArrayLike, p: ArrayLike, p0: float, alpha: float) -> Floats:
    """Chance that the claim "p > p0" passes at n answers and true rate p."""
    total = whole(n, "n")
    return tail(critical_hits(total, p0, alpha), total, p)


def operating_curve(n: int, least_hits: int, truths: ArrayLike) -> Floats:
    """Chance at each truth that a norm of `least_hits` of n is met: the operating characteristic."""
    return tail(least_hits, n, truths)


def detectable(n: int, p0: float, alpha: float, chance: float) -> float | None:
    """Smallest true rate at which the claim passes with at least this chance; None where n answers never pass.

    P(X >= k | p) >= chance solved for p is the exact upper limit of k - 1 of n with error 1 - chance.
    """
    least = int(critical_hits(n, p0, alpha))
    if least > n:
        return None
    return float(upper_limit(least - 1, n, 1 - check_share(chance, "chance")))


@dataclass(frozen=True, slots=True)
class Size:
    """n: smallest size of the power asked for. steady: smallest from which every size up to twice it has that power.

    The power of an exact test is a sawtooth in n, so `n` may lose it at n + 1.
    """

    n: int
    steady: int


def sample_size(p: float, p0: float, alpha: float, chance: float) -> Size:
    """Size at which "p > p0" passes with this chance where the truth is p. `Invalid` where p <= p0 or beyond 10^7."""
    check_share(chance, "chance")
    if not p0 < p <= 1:
        raise refuse("order", Text("The truth is not above the bar.", "真值应高于门槛。"), "p")
    first, steady, start = 0, 0, 1
    while start <= LARGEST_SIZE:
        n = np.arange(start, min(start * 2, LARGEST_SIZE + 1), dtype=np.int64)
        for part in np.array_split(n, max(1, len(n) // 65536)):
            enough = power(part, p, p0, alpha) >= chance
            if np.any(enough) and not first:
                first = int(part[np.argmax(enough)])
            if not np.all(enough):
                steady = int(part[np.flatnonzero(~enough)[-1]]) + 1
        if first and start * 2 > 2 * steady:
            return Size(first, max(steady, first))
        start *= 2
    raise _too_large()


def _too_large() -> Invalid:
    return refuse(
        "size",
        Text("More units would be needed than can be planned.", "所需样本量超出可规划范围。"),
        "p",
        Text("Allow a larger distance or a smaller power.", "请放宽差距或降低检出率。"),
    )


def faultless_size(p0: float, alpha: float) -> int:
    """Fewest answers, all hits, that pass "p > p0": smallest n with p0^n <= alpha (29, 59, 299 at .9, .95, .99)."""
    n = max(1, math.ceil(math.log(check_share(alpha, "alpha")) / math.log(check_share(p0, "p0")) - 1e-9))
    return n if p0**n <= alpha * _SLACK else n + 1


def gap_power(n: tuple[int, int], p: tuple[float, float], threshold: float, alpha: float) -> float:
    """Chance that two groups of these sizes and rates pass "they differ by at most the threshold", exactly.

    The claim passes where both limits of `differences.box_difference` at alpha lie within the threshold. By enumeration
    of all outcomes that matter (all but 1e-12 of the chance, which counts as not passing).
    """
    rows, columns = (_likely(m, q) for m, q in zip(n, p, strict=True))
    first, second = rows[:, None], columns[None, :]
    found = box_difference(first, n[0], second, n[1], alpha)
    passes = (found.upper <= threshold) & (found.lower >= -threshold)
    return float(_mass(rows, n[0], p[0]) @ passes @ _mass(columns, n[1], p[1]))


def _likely(n: int, p: float) -> Ints:
    k = np.arange(n + 1, dtype=np.int64)
    inside = (tail(k, n, p) > 5e-13) & (tail(n - k, n, 1 - p) > 5e-13)
    return k[inside]


def _mass(k: Ints, n: int, p: float) -> Floats:
    ways = (
        scipy.special.gammaln(n + 1.0) - scipy.special.gammaln(k + 1.0) - scipy.special.gammaln(n - k + 1.0)
    )
    return floats(np.exp(ways + scipy.special.xlogy(k, p) + scipy.special.xlog1py(n - k, -p)))


def gap_size(p: tuple[float, float], threshold: float, alpha: float, chance: float) -> int:
    """Size of each of two equal groups from which `gap_power` reaches the chance (within 1 %). `Invalid` if never."""
    if abs(p[0] - p[1]) >= threshold:
        raise refuse("order", Text("The truth is not within the bar.", "真值未在门槛之内。"), "p")
    low, high = 1, 2
    while gap_power((high, high), p, threshold, alpha) < chance:
        low, high = high, high * 2
        if high > 20_000:
            raise _too_large()
    return _shrink(lambda m: gap_power((m, m), p, threshold, alpha) >= chance, low, high)


def gap_detectable(
    n: tuple[int, int], p0: float, threshold: float, alpha: float, chance: float
) -> float | None:
    """Largest true difference p1 - p0 >= 0 at which "at most the threshold" still passes with this chance.

    None where even equal rates do not. Within 1e-4.
    """
    low, high = 0.0, min(threshold, 1 - p0)
    if gap_power(n, (p0, p0), threshold, alpha) < chance:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        if gap_power(n, (p0, p0 + middle), threshold, alpha) >= chance:
            low = middle
        else:
            high = middle
    return low


def _shrink(enough: Callable[[int], bool], low: int, high: int) -> int:
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def passes_at(n: int, hits: ArrayLike, p0: float, alpha: float) -> Bools:
    """Whether hits of n pass "p > p0" at alpha."""
    return np.asarray(whole(hits, "hits") >= critical_hits(n, p0, alpha), dtype=np.bool_)
