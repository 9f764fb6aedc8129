"""Exact limits of the largest gap between groups."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from hutong.engines.trust.statistics.combined import combined_difference
from hutong.engines.trust.statistics.differences import exact_difference, sidak
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Interval, Ints, check_share, refuse
from hutong.engines.trust.statistics.metrics import Rates
from hutong.kernel.text import Text

Bound = Literal["box", "combined", "buehler"]
LARGEST_PAIRS = 200_000


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
