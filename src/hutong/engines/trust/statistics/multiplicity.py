"""Many claims at once: combining rules with their guarantees.

Gates: intersection-union within a category, `ledger.AlphaLedger` across. Exploration: Benjamini-Hochberg, e-BH.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.forms import Bools, Floats, check_share, floats, refuse
from hutong.kernel.text import Text


def _p_values(values: ArrayLike) -> Floats:
    p = floats(values)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise refuse("p", Text("A p-value is not between 0 and 1.", "p值不在0与1之间。"), "p")
    return p


def _e_values(values: ArrayLike) -> Floats:
    e = floats(values)
    if e.ndim != 1 or not np.all(e >= 0):
        raise refuse("e", Text("An e-value is below 0.", "e值小于0。"), "e")
    return e


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values max_{j <= i} (m - j + 1) p_(j), at most 1 (Holm 1979, Scand. J. Statist. 6:65).

    Those at most alpha are shown, with family-wise error alpha under any dependence; never fewer than Bonferroni's.
    """
    values = _p_values(p)
    m = len(values)
    return _stepped(values, lambda sorted_: np.maximum.accumulate((m - np.arange(m)) * sorted_))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p-values min_{j >= i} m p_(j)/j: false discovery rate for independent or positively dependent tests.

    Benjamini and Hochberg 1995, JRSS-B 57:289. For exploration, never for a gate.
    """
    values = _p_values(p)
    return _stepped(values, lambda s: _from_above(s * len(s) / np.arange(1, len(s) + 1)))


def _from_above(values: Floats) -> Floats:
    return floats(np.minimum.accumulate(values[::-1])[::-1])


def _stepped(values: Floats, step: Callable[[Floats], Floats]) -> Floats:
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, step(values[order]))
    return adjusted


def e_bh(e: ArrayLike, alpha: float) -> Bools:
    """Which claims are shown by the e-BH procedure: the k largest e-values, k = max{i : e_(i) >= m/(alpha i)}.

    False discovery rate at most alpha under any dependence, also between tests stopped at will (Wang and Ramdas 2022,
    JRSS-B 84:822).
    """
    values = _e_values(e)
    check_share(alpha, "alpha")
    m = len(values)
    order = np.argsort(-values, kind="stable")
    enough = np.flatnonzero(values[order] * alpha * np.arange(1, m + 1) >= m)
    shown = np.zeros(m, dtype=np.bool_)
    if len(enough):
        shown[order[: enough[-1] + 1]] = True
    return shown
