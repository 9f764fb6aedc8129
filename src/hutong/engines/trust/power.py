"""What a planned size can show: the truth from which a claim passes, or fails, with 95 % chance. Known before running.

For one proportion exact, by the binomial tail. For gaps and means from the exact limits at the least favourable rate and a
normal tail; None where no truth would do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hutong.engines.trust.figures import above, below
from hutong.engines.trust.intervals import lower_bound, sidak, upper_bound
from hutong.engines.trust.rooms import POWER

Reach = tuple[str | None, str | None]


def share_reach(n: int, threshold: float, alpha: float, cases: int = 1) -> Reach:
    """A proportion that must be at least the threshold, n units, cases of which the worst counts.

    Returns the truth from which it passes (all cases at it: union bound) and the truth from which it fails.
    """
    k = np.arange(n + 1)
    passing = np.flatnonzero(lower_bound(k, n, alpha / 2) >= threshold)
    failing = np.flatnonzero(upper_bound(k, n, alpha / 2 / cases) < threshold)
    miss = (1 - POWER) / cases
    # P(X >= k | p) >= 1 - miss is the exact lower limit read backwards; likewise for the upper.
    passes = None if not len(passing) else above(float(upper_bound(passing[0] - 1, n, miss)))
    fails = None if not len(failing) else below(float(lower_bound(failing[-1] + 1, n, 1 - POWER)))
    return passes, fails


def mean_reach(sizes: Sequence[int], threshold: float, alpha: float, cases: int = 1) -> Reach:
    """The mean of proportions of classes of these sizes, at least the threshold."""
    if not sizes or min(sizes) < 1:
        return None, None
    n = np.array(sizes, float)
    error = sidak(alpha, len(n)) / 2
    low = float((threshold - lower_bound(np.floor(threshold * n), n, error)).mean())
    high = float((upper_bound(np.ceil(threshold * n), n, error / cases) - threshold).mean())
    spread = math.sqrt(float((0.25 / n).sum())) / len(n)
    passes, fails = threshold + low + _tail(cases) * spread, threshold - high - _tail(1) * spread
    return (above(passes) if passes <= 1 else None), (below(fails) if fails >= 0 else None)


def gap_reach(sizes: Sequence[int], threshold: float, alpha: float) -> Reach:
    """The largest gap between groups of these sizes, at most the threshold. Least favourable rate: one half."""
    n = np.array(sorted(s for s in sizes if s > 0)[:], float)
    if len(n) < 2:
        return None, None
    pairs = len(n) * (len(n) - 1)
    half = _half(n, sidak(alpha / 2, 2))[:2].sum()
    spread = math.sqrt(float((0.25 / n[:2]).sum()))
    passes = threshold - half - _tail(pairs) * spread
    # A failure has to be found in whichever pair bears it: the two smallest groups are the hardest.
    fails = threshold + _half(n, sidak(alpha / 2, len(n)) / 2)[:2].sum() + _tail(1) * spread
    return (below(passes) if passes >= 0 else None), (above(fails) if fails <= 1 else None)


def bernstein_reach(n: int, variance: float, threshold: float, alpha: float) -> Reach:
    """The absolute mean of n values of range 2 and this variance, at most the threshold."""
    if n < 2:
        return None, None
    logarithm = math.log(4 / alpha)
    half = math.sqrt(2 * variance * logarithm / n) + 14 * logarithm / (3 * (n - 1))
    slack = half + _tail(1) * math.sqrt(variance / n)
    passes, fails = threshold - slack, threshold + slack
    return (below(passes) if passes >= 0 else None), (above(fails) if fails <= 1 else None)


def _half(
    n: np.ndarray[tuple[int, ...], np.dtype[np.float64]], error: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(upper_bound(n / 2, n, error) - 0.5)


def _tail(cases: int) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - POWER) / cases))
