"""Limits of the gaps between groups: of the largest one, which may decide, and of all pairs at once, to be shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hutong.engines.trust.statistics.combined import combined_difference
from hutong.engines.trust.statistics.differences import exact_difference, sidak
from hutong.engines.trust.statistics.exact import clopper_pearson, lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Floats, Interval, Ints, Limits, check_share, floats, refuse
from hutong.engines.trust.statistics.metrics import Rates
from hutong.engines.trust.statistics.resample import Replicates
from hutong.kernel.text import Text

Bound = Literal["box", "combined", "buehler"]
LARGEST_PAIRS = 200_000
_BLOCK = 8_000_000


def largest_gap(found: Rates, alpha: float, method: Bound = "box") -> Interval:
    """Limits of the largest gap of the estimable groups, exact at 1 - alpha or more.

    Upper: whichever pair is truly the extreme one has to be covered, so each ordered pair is bounded at alpha/2 with no
    split over pairs (intersection-union, Berger 1982, Technometrics 24:295). Lower: the data pick the pair, so
    all groups share alpha/2 (Sidak). A group that is not estimable may differ by anything: then the upper limit is 1.
    method: how a pair is bounded above: "box" by two exact limits, at once for any number of groups; "combined" by
    `combined.combined_difference`, a third shorter, some 30 ms a pair; "buehler" by `exact_difference`, the shortest, for
    groups up to 300. Choose before looking: the smallest of them is not exact.
    """
    known = np.flatnonzero(found.estimable)
    half = check_share(alpha, "alpha") / 2
    if len(known) < 2:
        return Interval(math.nan, 0.0, 1.0, True, "largest-gap")
    k, n = found.hits[known], found.units[known]
    upper = 1.0
    if len(known) == len(found.units):
        upper = _widest_box(k, n, sidak(half, 2)) if method == "box" else _widest_pair(k, n, alpha, method)
    # Both limits of every group have to hold, whichever two the data pick.
    each = sidak(half, len(known)) / 2
    lower = float(lower_limit(k, n, each).max() - upper_limit(k, n, each).min())
    shares = found.value[known]
    return Interval(float(shares.max() - shares.min()), max(0.0, lower), min(1.0, upper), True, "largest-gap")


def _widest_box(k: Ints, n: Ints, error: float) -> float:
    """Largest upper limit of i minus lower limit of j over i != j, without a g by g table."""
    highs, lows = upper_limit(k, n, error), lower_limit(k, n, error)
    top, bottom = np.argsort(highs)[::-1][:2], np.argsort(lows)[:2]
    return max(float(highs[i] - lows[j]) for i in top for j in bottom if i != j)


def _widest_pair(k: Ints, n: Ints, alpha: float, method: Bound) -> float:
    bound = exact_difference if method == "buehler" else combined_difference
    limits = [
        bound((int(k[i]), int(k[j])), (int(n[i]), int(n[j])), alpha)
        for i, j in zip(*_all_pairs(len(n)), strict=True)
    ]
    return max(max(x.upper, -x.lower) for x in limits)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All pairs of groups i < j. value: (m,) share i minus share j, NaN where one is not estimable.

    limits: hold for all pairs at once with the chance asked for ([-1, 1] where not estimable).
    """

    first: Ints
    second: Ints
    value: Floats
    limits: Limits


def exact_pairs(found: Rates, alpha: float, method: Bound = "box") -> Pairs:
    """Simultaneous exact limits of all pairwise gaps.

    "box": the exact limits of all g groups hold at once (Sidak over the groups, which are independent given their
    sizes), hence all differences; vectorised. "combined", "buehler": Bonferroni over the pairs of the interval of that name
    (see `largest_gap`); shorter for few groups.
    """
    first, second = _all_pairs(len(found.units))
    k, n, value = found.hits, found.units, found.value
    difference = floats(value[first] - value[second])
    if method == "box":
        own = clopper_pearson(k, n, sidak(check_share(alpha, "alpha"), max(int(found.estimable.sum()), 1)))
        low, high = own.lower[first] - own.upper[second], own.upper[first] - own.lower[second]
        return Pairs(first, second, difference, Limits(floats(low), floats(high), True, "box"))
    bound = exact_difference if method == "buehler" else combined_difference
    each = check_share(alpha, "alpha") / max(len(first), 1)
    limits = [
        bound((int(k[i]), int(k[j])), (int(n[i]), int(n[j])), each)
        for i, j in zip(first, second, strict=True)
    ]
    low, high = floats([x.lower for x in limits]), floats([x.upper for x in limits])
    return Pairs(first, second, difference, Limits(low, high, True, method))


def max_t_pairs(found: Rates, replicates: Replicates, alpha: float) -> Pairs:
    """Simultaneous limits of all pairwise gaps from resamples: d +- c s, asymptotic, for display.

    c: the 1 - alpha quantile over replicates of the largest |d* - d|/s over pairs (single-step max-T, Westfall and Young
    1993), s the plug-in error of the difference with one half hit and one half miss added, so that it is never 0. It is
    shorter than `exact_pairs` because the pairs share groups. A replicate that lost a group counts as infinitely far.
    """
    first, second = _all_pairs(len(found.units))
    known = found.estimable[first] & found.estimable[second]
    smooth = (found.hits + 0.5) / (found.units + 1.0)
    error = np.sqrt(smooth * (1 - smooth) / np.maximum(found.units, 1))
    s = np.sqrt(error[first] ** 2 + error[second] ** 2)
    value = floats(found.value[first] - found.value[second])
    worst = _worst(replicates.value, first[known], second[known], value[known], s[known])
    share = 1 - check_share(alpha, "alpha")
    reach = float(np.quantile(worst, share, method="higher")) if len(worst) and known.any() else math.inf
    low = np.where(known, np.maximum(value - reach * s, -1.0), -1.0)
    high = np.where(known, np.minimum(value + reach * s, 1.0), 1.0)
    return Pairs(first, second, value, Limits(floats(low), floats(high), False, "max-t"))


def _worst(samples: Floats, first: Ints, second: Ints, value: Floats, s: Floats) -> Floats:
    worst = np.zeros(len(samples))
    block = max(1, _BLOCK // max(len(samples), 1))
    for start in range(0, len(first), block):
        part = slice(start, start + block)
        away = np.abs(samples[:, first[part]] - samples[:, second[part]] - value[part]) / s[part]
        worst = np.maximum(worst, np.where(np.isnan(away), np.inf, away).max(axis=1, initial=0.0))
    return worst


def _all_pairs(groups: int) -> tuple[Ints, Ints]:
    if groups * (groups - 1) // 2 > LARGEST_PAIRS:
        raise refuse(
            "pairs",
            Text("There are too many pairs of groups to show each.", "分组对过多，无法逐一列出。"),
            "cells",
            Text("Use the largest gap.", "请改用最大差距。"),
        )
    first, second = np.triu_indices(groups, 1)
    return first.astype(np.int64), second.astype(np.int64)
