"""Items that come in clusters (one dialogue, template or patient): a mean with an honest standard error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.forms import Interval, check_share, floats, refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """mean of the items, standard error by clusters, number of clusters, and the error as if items were independent."""

    mean: float
    error: float
    clusters: int
    naive_error: float

    def interval(self, alpha: float) -> Interval:
        """Student t with clusters - 1 degrees of freedom. Asymptotic in the number of clusters: display only."""
        from scipy.stats import t

        reach = (
            float(t.ppf(1 - check_share(alpha, "alpha") / 2, self.clusters - 1))
            if self.clusters > 1
            else math.inf
        )
        half = reach * self.error if self.clusters > 1 else math.inf
        return Interval(self.mean, self.mean - half, self.mean + half, False, "clustered-t")


def clustered_mean(values: ArrayLike, clusters: ArrayLike) -> ClusteredMean:
    """Mean of items that come in clusters (one dialogue, template or patient), with its standard error.

    error^2 = sum over clusters of (sum of (s - mean))^2 / n^2, which is the central-limit error plus the products of
    different items of one cluster (Miller 2024, "Adding error bars to evals", arXiv 2411.00640, eq. 4). With each item
    its own cluster it is sqrt(sum (s - mean)^2)/n. For a paired comparison give the differences as values.
    `Invalid` statistics.values without finite values, or where the lengths differ.
    """
    s, names = floats(values).ravel(), np.asarray(clusters).ravel()
    if len(s) == 0 or len(s) != len(names) or not np.all(np.isfinite(s)):
        raise refuse(
            "values",
            Text("Values and clusters do not match or are not numbers.", "数值与分组不匹配或不是数字。"),
            "values",
        )
    _, code = np.unique(names, return_inverse=True)
    away = s - s.mean()
    sums = np.bincount(code, weights=away)
    n = len(s)
    return ClusteredMean(
        float(s.mean()),
        math.sqrt(float((sums**2).sum())) / n,
        len(sums),
        math.sqrt(float((away**2).sum())) / n,
    )
