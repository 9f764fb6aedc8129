"""How well scores tell members from strangers: AUC, and the true-positive rate at a low false-positive rate.

All that is judged is a whole number, so that a report can be judged again from its counts.

- AUC: 2 x (Mann-Whitney count). Gate: the Chernoff-Hoeffding limit for two-sample U-statistics (Hoeffding
  1963, JASA 58:13, section 5: a U-statistic is a mean of averages of min(m, n) independent terms, so the
  bound of theorem 1 holds with that number), guaranteed at every size. Display: DeLong et al. 1988
  (Biometrics 44:837), asymptotic.
- TPR at FPR f: thresholds are order statistics of the strangers' scores. The FPR at the k-th largest of n is
  Beta(k, n - k + 1) distributed (ties only widen), which is the Clopper-Pearson relation: one threshold
  surely (but for the error) lets through more than f, one less; the members above them give Clopper-Pearson
  limits of the TPR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Floats, Interval, check_share, floats, refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Placements:
    """Whole-number counts behind an AUC. members, strangers: sizes.

    doubled: 2 x wins + ties over all pairs. squares_in, squares_out: sums of squares of each unit's doubled
    placement (2 x units of the other side beaten + ties), over members and over strangers.
    """

    members: int
    strangers: int
    doubled: int
    squares_in: int
    squares_out: int


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which order statistics decide at FPR f with n strangers. point: floor(f n), strangers let through.

    few: the largest number let through at which the true FPR is at most f but for the error (None: n is too
    small, below about ln(1/error)/f). many: the smallest number let through, ties included, at which it is at
    least f.
    """

    point: int
    few: int | None
    many: int


@dataclass(frozen=True, slots=True)
class LowFpr:
    """Members above the thresholds of `Ranks`. below: with `few` let through (0 where None). point. above:
    `many`.
    """

    members: int
    strangers: int
    below: int
    point: int
    above: int


def placements(members: ArrayLike, strangers: ArrayLike) -> Placements:
    """Counts of scores (m,) of members against (n,) of strangers; higher means "member". O((m + n) log n).

    `Invalid` membership.scores: a side is empty, or a score is not a number.
    """
    a, b = _scores(members), _scores(strangers)
    inner = _doubled(a, np.sort(b))
    # A stranger's placement counts the members it does not beat, so that both sums agree.
    outer = 2 * len(a) - _doubled(b, np.sort(a))
    return Placements(len(a), len(b), int(inner.sum()), int((inner**2).sum()), int((outer**2).sum()))


def auc_limits(found: Placements, alpha: float) -> Interval:
    """AUC at 1 - alpha, guaranteed at every size: exp(-k KL(u, t)) with k = min(m, n) on each side."""
    check_share(alpha, "alpha")
    value = found.doubled / (2 * found.members * found.strangers)
    k = min(found.members, found.strangers)
    bar = math.log(2 / alpha) / k
    lower, upper = _edge(value, bar, 0.0), _edge(value, bar, 1.0)
    return Interval(value, lower, upper, True, "chernoff-hoeffding-u")


def delong(found: Placements, alpha: float) -> Interval:
    """AUC at 1 - alpha, asymptotic (DeLong et al. 1988). For display; NaN limits where a side has one
    unit.
    """
    check_share(alpha, "alpha")
    m, n = found.members, found.strangers
    value = found.doubled / (2 * m * n)
    if min(m, n) < 2:
        return Interval(value, math.nan, math.nan, False, "delong")
    variance = _spread(found.squares_in, found.doubled, m, n) + _spread(
        found.squares_out, found.doubled, n, m
    )
    half = float(scipy.special.ndtri(1 - alpha / 2)) * math.sqrt(max(variance, 0.0))
    return Interval(value, max(0.0, value - half), min(1.0, value + half), False, "delong")


def low_fpr_ranks(strangers: int, fpr: float, alpha: float) -> Ranks:
    """Order statistics for the TPR at this FPR, a quarter of alpha for each side of the threshold."""
    check_share(alpha, "alpha")
    check_share(fpr, "fpr")
    let = np.arange(strangers + 1)
    # Few: even the upper limit of the FPR is at most f. Many: even the lower limit is at least f.
    low = np.flatnonzero(upper_limit(let, strangers, alpha / 4) <= fpr)
    high = np.flatnonzero(lower_limit(let, strangers, alpha / 4) >= fpr)
    return Ranks(
        int(fpr * strangers), int(low[-1]) if len(low) else None, int(high[0]) if len(high) else strangers
    )


def low_fpr(members: ArrayLike, strangers: ArrayLike, fpr: float, alpha: float) -> LowFpr:
    """Counts for the TPR of scores (m,), (n,) at this FPR; higher means "member"."""
    a, b = _scores(members), _scores(strangers)
    ranks = low_fpr_ranks(len(b), fpr, alpha)
    order = np.sort(b)[::-1]
    below = 0 if ranks.few is None else _over(a, order, ranks.few)
    # At the threshold and above: with ties this lets through more strangers than `many`, never fewer.
    above = len(a) if ranks.many < 1 else int((a >= order[ranks.many - 1]).sum())
    return LowFpr(len(a), len(b), below, _over(a, order, ranks.point), above)


def tpr_limits(found: LowFpr, fpr: float, alpha: float) -> Interval:
    """TPR at this FPR at 1 - alpha, exact: Clopper-Pearson on the threshold's FPR and on the members above
    it.

    The lower limit is 0 where the strangers are too few to set a threshold (`estimable`).
    """
    ranks = low_fpr_ranks(found.strangers, fpr, alpha)
    quarter = alpha / 4
    lower = 0.0 if ranks.few is None else float(lower_limit(found.below, found.members, quarter))
    upper = 1.0 if ranks.many >= found.strangers else float(upper_limit(found.above, found.members, quarter))
    return Interval(found.point / found.members, lower, upper, True, "order-statistic")


def estimable(strangers: int, fpr: float, alpha: float = 0.05) -> bool:
    """Whether so many strangers can set a threshold at this FPR: about 3/f at 95 % (no hit in n bounds f by
    3/n).
    """
    return strangers > 0 and float(upper_limit(0, strangers, alpha)) <= fpr


def curve(members: ArrayLike, strangers: ArrayLike) -> tuple[Floats, Floats]:
    """The empirical ROC: (FPR, TPR), from (0, 0) to (1, 1), one point per distinct score. For display."""
    a, b = _scores(members), _scores(strangers)
    cuts = np.unique(np.concatenate([a, b]))[::-1]
    above = [len(s) - np.searchsorted(np.sort(s), cuts, side="left") for s in (b, a)]
    fpr, tpr = (np.concatenate([[0.0], k / len(s)]) for k, s in zip(above, (b, a), strict=True))
    return floats(fpr), floats(tpr)


def _scores(values: ArrayLike) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or not len(given) or np.isnan(given).any():
        what = Text("Scores are one number for each row, and none are missing.", "每行数据须有一个有效分数。")
        raise refuse("membership.scores", what, "scores")
    return given


def _doubled(values: Floats, other: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(
        np.searchsorted(other, values, side="left") + np.searchsorted(other, values, side="right"), np.int64
    )


def _over(members: Floats, order: Floats, let: int) -> int:
    """Members strictly above the threshold that lets through at most `let` strangers (sorted downward)."""
    return len(members) if let >= len(order) else int((members > order[let]).sum())


def _spread(squares: int, total: int, units: int, others: int) -> float:
    """Sample variance of the placements (as shares) over the number of units; exact in whole numbers till the
    end.
    """
    return (squares * units - total**2) / (4 * others**2 * units**2 * (units - 1))


def _edge(value: float, bar: float, end: float) -> float:
    """The t between value and end with KL(value, t) = bar, rounded toward the end."""
    inside, outside = value, end
    for _ in range(80):
        middle = (inside + outside) / 2
        if _divergence(value, middle) <= bar:
            inside = middle
        else:
            outside = middle
    return outside


def _divergence(u: float, t: float) -> float:
    first = 0.0 if u <= 0 else math.inf if t <= 0 else u * math.log(u / t)
    second = 0.0 if u >= 1 else math.inf if t >= 1 else (1 - u) * math.log((1 - u) / (1 - t))
    return first + second
