"""What a planned size can show: the truth from which a claim passes, or fails, with 95 % chance. Known before running.

For one proportion exact (`statistics.power`). For gaps and means from the exact limits at the least favourable rate and a
normal tail; None where no truth would do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hutong.engines.trust.figures import above, below
from hutong.engines.trust.rooms import POWER
from hutong.engines.trust.statistics.combined import combined_difference
from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import upper_limit
from hutong.engines.trust.statistics.power import detectable, faultless_size

Reach = tuple[str | None, str | None]


def share_reach(n: int, threshold: float, alpha: float, cases: int = 1) -> Reach:
    """A proportion that must be at least the threshold, n units, cases of which the worst counts.

    Returns the truth from which it passes (all cases at it: union bound) and the truth from which it fails.
    """
    if n < 1:
        return None, None
    passes = detectable(n, threshold, alpha / 2, 1 - (1 - POWER) / cases)
    # It fails where misses show that less than the threshold are hits: the same test of the complement.
    misses = detectable(n, 1 - threshold, alpha / 2 / cases, POWER)
    return (None if passes is None else above(passes)), (None if misses is None else below(1 - misses))


def rows_needed(threshold: float, alpha: float) -> int:
    """Fewest units of which a proportion without a fault passes "at least the threshold" at alpha, two-sided."""
    return faultless_size(threshold, alpha / 2)


def share_reach_below(n: int, threshold: float, alpha: float) -> Reach:
    """A proportion that must be at most the threshold: the mirror of `share_reach`."""
    passes, fails = share_reach(n, 1 - threshold, alpha)
    return (None if passes is None else below(1 - float(passes))), (
        None if fails is None else above(1 - float(fails))
    )


def mean_reach(sizes: Sequence[int], threshold: float, alpha: float, cases: int = 1) -> Reach:
    """The mean of proportions of classes of these sizes, at least the threshold."""
    if not sizes or min(sizes) < 1:
        return None, None
    n = np.array(sizes, dtype=np.int64)
    error = sidak(alpha, len(n)) / 2
    # One mean comes from many rates of classes: the widest limits are reckoned with.
    low, high = float(_half(n, error).mean()), float(_half(n, error / cases).mean())
    spread = math.sqrt(float((0.25 / n).sum())) / len(n)
    passes, fails = threshold + low + _tail(cases) * spread, threshold - high - _tail(1) * spread
    return (above(passes) if passes <= 1 else None), (below(fails) if fails >= 0 else None)


def gap_reach(sizes: Sequence[int], threshold: float, alpha: float, method: str = "box") -> Reach:
    """The largest gap between groups of these sizes, at most the threshold. Least favourable rate: one half.

    method: how a pair is bounded above, as in `statistics.gaps.largest_gap`.
    """
    n = np.array(sorted(s for s in sizes if s > 0), dtype=np.int64)
    if len(n) < 2:
        return None, None
    pairs = len(n) * (len(n) - 1)
    spread = math.sqrt(float((0.25 / n[:2]).sum()))
    passes = threshold - _pair_half(n, alpha, method) - _tail(pairs) * spread
    # A failure has to be found in whichever pair bears it: the two smallest groups are the hardest.
    fails = threshold + _half(n, sidak(alpha / 2, len(n)) / 2)[:2].sum() + _tail(1) * spread
    return (below(passes) if passes >= 0 else None), (above(fails) if fails <= 1 else None)


def all_gaps_reach(crossings: Sequence[Sequence[int]], threshold: float, alpha: float) -> Reach:
    """The largest gap within any crossing of groups of these sizes, with limits that hold for all groups at once."""
    known = [np.array(sorted(c), dtype=np.int64) for c in crossings if len(c) >= 2]
    if not known:
        return None, None
    widths = [float(_half(n[:2], sidak(alpha / len(crossings), len(n)) / 2).sum()) for n in known]
    spread = max(math.sqrt(float((0.25 / n[:2]).sum())) for n in known)
    passes = threshold - max(widths) - _tail(sum(len(n) * (len(n) - 1) for n in known)) * spread
    fails = threshold + max(widths) + _tail(1) * spread
    return (below(passes) if passes >= 0 else None), (above(fails) if fails <= 1 else None)


def offset_reach(sizes: Sequence[int], threshold: float, alpha: float) -> Reach:
    """|rate - a given number| in each group of these sizes, at most the threshold; a failure is shared by all groups."""
    n = np.array(sorted(sizes), dtype=np.int64)[:1]
    if not len(n) or n[0] < 1:
        return None, None
    spread = math.sqrt(0.25 / float(n[0]))
    passes = threshold - float(_half(n, alpha / 2)[0]) - _tail(2 * len(sizes)) * spread
    fails = threshold + float(_half(n, alpha / len(sizes) / 2)[0]) + _tail(1) * spread
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


def _pair_half(n: np.ndarray[tuple[int, ...], np.dtype[np.int64]], alpha: float, method: str) -> float:
    if method == "box":
        return float(_half(n, sidak(alpha / 2, 2))[:2].sum())
    first, second = int(n[0]), int(n[1])
    found = combined_difference((first // 2, second // 2), (first, second), alpha)
    return found.upper - found.value


def _half(
    n: np.ndarray[tuple[int, ...], np.dtype[np.int64]], error: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """How far the upper limit of a rate lies above it, at the least favourable count: near one half for many units,
    below it for few. The lower limit is its mirror."""
    counts = np.linspace(0, n, 65).astype(np.int64)
    return np.asarray((upper_limit(counts, n, error) - counts / n).max(axis=0))


def _tail(cases: int) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - POWER) / cases))
