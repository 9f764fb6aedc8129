"""What a size can show, before anything runs: power, smallest detectable truth, least size. Exact, by enumeration.

Test of one proportion: with n answers the claim "p > p0" passes from `critical_hits` hits on, which is the same as the
exact one-sided lower limit at alpha lying at or above p0.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.exact import upper_limit
from hutong.engines.trust.statistics.forms import (
    Floats,
    Ints,
    check_share,
    floats,
    whole,
)
from hutong.engines.trust.statistics.search import first_true

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


def faultless_size(p0: float, alpha: float) -> int:
    """Fewest answers, all hits, that pass "p > p0": smallest n with p0^n <= alpha (29, 59, 299 at .9, .95, .99)."""
    n = max(1, math.ceil(math.log(check_share(alpha, "alpha")) / math.log(check_share(p0, "p0")) - 1e-9))
    return n if p0**n <= alpha * _SLACK else n + 1
