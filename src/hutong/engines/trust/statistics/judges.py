"""Rates that a judge with known errors reports: the true rate behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import (
    Floats,
    Limits,
    check_counts,
    check_share,
    floats,
)


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
