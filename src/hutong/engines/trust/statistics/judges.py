"""Rates that a judge with known errors reports: the true rate behind them, and how far judges agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import (
    Floats,
    Interval,
    Limits,
    check_counts,
    check_share,
    floats,
    refuse,
    whole,
)
from hutong.kernel.text import Text


def corrected(flagged: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Floats:
    """True share behind a flagged share q: (q + Sp - 1)/(Se + Sp - 1), within [0, 1]; NaN where Se + Sp <= 1.

    Rogan and Gladen 1978, Am. J. Epidemiology 107:71.
    """
    q, se, sp = (floats(v) for v in (flagged, sensitivity, specificity))
    gain = se + sp - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return floats(
            np.where(gain > 0, np.clip((q + sp - 1) / np.where(gain > 0, gain, 1.0), 0.0, 1.0), np.nan)
        )


@dataclass(frozen=True, slots=True)
class Labels:
    """What the judge did on labelled items of the tested distribution.

    caught of positives: truly positive items that it flagged. cleared of negatives: truly negative ones it did not.
    """

    caught: int
    positives: int
    cleared: int
    negatives: int


def judged_rate(flagged: int, n: int, labels: Labels, alpha: float) -> Interval:
    """True share with limits that carry the errors of the count, of Se and of Sp; one of `judged_limits`."""
    limits = judged_limits(
        flagged, n, labels.caught, labels.positives, labels.cleared, labels.negatives, alpha
    )
    point = math.nan
    if n and labels.positives and labels.negatives:
        point = float(
            corrected(flagged / n, labels.caught / labels.positives, labels.cleared / labels.negatives)
        )
    return Interval(point, float(limits.lower), float(limits.upper), limits.exact, limits.method)


def judged_limits(
    flagged: ArrayLike,
    n: ArrayLike,
    caught: ArrayLike,
    positives: ArrayLike,
    cleared: ArrayLike,
    negatives: ArrayLike,
    alpha: float,
) -> Limits:
    """Exact limits of the true share at 1 - alpha or more, vectorised.

    The flagged share p Se + (1 - p)(1 - Sp) rises with Se and falls with Sp, so p is at least
    (q- + Sp- - 1)/(Se+ + Sp- - 1) and at most (q+ + Sp+ - 1)/(Se- + Sp+ - 1) whenever the exact one-sided limits of the
    three independent samples hold, each with error 1 - (1 - alpha/2)^(1/3). Where a denominator is not above 0
    nothing is known on that side: a judge without labels gives [0, 1], hence never a verdict.
    """
    k, total = check_counts(flagged, n)
    tp, pos = check_counts(caught, positives)
    tn, neg = check_counts(cleared, negatives)
    each = sidak(check_share(alpha, "alpha") / 2, 3)
    q, se, sp = (
        (lower_limit(hits, size, each), upper_limit(hits, size, each))
        for hits, size in ((k, total), (tp, pos), (tn, neg))
    )
    lower = corrected(q[0], se[1], sp[0])
    upper = corrected(q[1], se[0], sp[1])
    return Limits(
        floats(np.where(np.isnan(lower), 0.0, lower)),
        floats(np.where(np.isnan(upper), 1.0, upper)),
        True,
        "rogan-gladen",
    )


def cohen_kappa(table: ArrayLike, alpha: float = 0.05) -> Interval:
    """Agreement of two judges beyond chance, from their square table of counts: (po - pe)/(1 - pe).

    Cohen 1960; large-sample error of Fleiss, Cohen and Everitt 1969 (Psych. Bulletin 72:323, eq. 13). Display only. NaN
    with limits [-1, 1] where one category alone occurs (chance agreement is complete).
    """
    counts = whole(table, "table")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise refuse("table", Text("The table is not square.", "该表不是方阵。"), "table")
    reach = float(scipy.special.ndtri(1 - check_share(alpha, "alpha") / 2))
    n = int(counts.sum())
    share = counts / max(n, 1)
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    seen, chance = float(np.trace(share)), float(rows @ columns)
    if n == 0 or chance >= 1 - 1e-15:
        return Interval(math.nan, -1.0, 1.0, False, "cohen-kappa")
    kappa = (seen - chance) / (1 - chance)
    diagonal = float((np.diag(share) * (1 - (rows + columns) * (1 - kappa)) ** 2).sum())
    pull = share * (columns[:, None] + rows[None, :]) ** 2
    others = (1 - kappa) ** 2 * float(pull.sum() - np.trace(pull))
    variance = (diagonal + others - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    half = reach * math.sqrt(max(variance, 0.0))
    return Interval(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), False, "cohen-kappa")


def krippendorff_alpha(ratings: ArrayLike) -> float:
    """Agreement of any number of judges with gaps, nominal: 1 - D_o/D_e (Krippendorff 2011, "Computing alpha").

    ratings: (judges, items) codes of at least 0; negative: not rated. Items rated once say nothing. NaN where fewer than
    two ratings can be paired, or one category alone occurs.
    """
    codes = np.asarray(ratings)
    if codes.ndim != 2 or codes.dtype.kind not in "iu":
        raise refuse(
            "ratings", Text("Ratings are codes, judges by items.", "评分应为评审×题目的编码。"), "ratings"
        )
    width = int(codes.max(initial=-1)) + 1
    votes = np.zeros((codes.shape[1], max(width, 1)))
    for row in codes:
        rated = np.flatnonzero(row >= 0)
        votes[rated, row[rated]] += 1
    return _alpha_of(votes)


def _alpha_of(votes: Floats) -> float:
    """votes: (items, categories)."""
    each = votes.sum(axis=1)
    votes, each = votes[each >= 2], each[each >= 2]
    total = float(each.sum())
    if total < 2:
        return math.nan
    same = float(((votes * (votes - 1)).sum(axis=1) / (each - 1)).sum())
    of = votes.sum(axis=0)
    expected = float((of * (of - 1)).sum()) / (total - 1)
    if total - expected <= 1e-12 * total:
        return math.nan
    return 1.0 - (total - same) / (total - expected)


def alpha_interval(
    ratings: ArrayLike, alpha: float, chance: np.random.Generator, replicates: int = 2000
) -> Interval:
    """Krippendorff's alpha with percentile limits from resampled items. Display only.

    A replicate in which only one category occurs has no alpha; then the limits are [-1, 1].
    """
    codes = np.asarray(ratings)
    value = krippendorff_alpha(codes)
    check_share(alpha, "alpha")
    found = np.array(
        [
            krippendorff_alpha(codes[:, chance.integers(0, codes.shape[1], codes.shape[1])])
            for _ in range(replicates)
        ]
    )
    if math.isnan(value) or np.isnan(found).any():
        return Interval(value, -1.0, 1.0, False, "krippendorff-percentile")
    low, high = np.quantile(found, [alpha / 2, 1 - alpha / 2])
    return Interval(value, float(low), float(high), False, "krippendorff-percentile")
