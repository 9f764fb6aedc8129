"""Calibration by group from counts of score bins: a `Cells` table whose decisions are bins of the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.counts import Cells
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import Floats, Ints, Limits, floats, refuse
from hutong.engines.trust.statistics.metrics import Metric
from hutong.kernel.text import Text


def score_bins(scores: ArrayLike, bins: int) -> Ints:
    """Bin of each score in [0, 1]: [0, 1/b), [1/b, 2/b), ..., the last closed. `Invalid` for NaN or out of range."""
    s = floats(scores)
    if not np.all((s >= 0) & (s <= 1)):
        raise refuse("scores", Text("A score is not between 0 and 1.", "分数不在0与1之间。"), "scores")
    return np.asarray(np.minimum((s * bins).astype(np.int64), bins - 1), dtype=np.int64)


def bin_metric(bins: int, place: int, outcomes: int = 2, positive: int = 1) -> Metric:
    """P(y = + | score in this bin) as a metric, for `metrics.rates`, gaps and resampling."""
    units = np.zeros((outcomes, bins), dtype=np.bool_)
    units[:, place] = True
    hits = units.copy()
    hits[[y for y in range(outcomes) if y != positive], :] = False
    return Metric(f"calibration[{place}]", hits, units)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Per group and bin. hits, units: (g, bins). observed: shares, NaN in empty bins. limits: exact, each on its own.

    error: (g,) expected calibration error sum_b (n_b/n) |observed_b - score_b|, NaN for an empty group (Naeini, Cooper and
    Hauskrecht 2015, AAAI). Biased upward in small bins: for display.
    """

    names: tuple[tuple[str, ...], ...]
    hits: Ints
    units: Ints
    observed: Floats
    limits: Limits
    error: Floats


def calibration(
    cells: Cells, alpha: float, scores: ArrayLike | None = None, positive: int = 1
) -> Calibration:
    """Calibration of every group. scores: mean score of each bin, (bins,) or (g, bins); the middle of bins by default."""
    bins = cells.table.shape[2]
    hits, units = cells.table[:, positive, :], cells.table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        observed = floats(np.where(units > 0, hits / np.maximum(units, 1), np.nan))
    middle = (np.arange(bins) + 0.5) / bins if scores is None else floats(scores)
    away = np.where(units > 0, np.abs(observed - middle), 0.0)
    total = units.sum(axis=1)
    error = np.where(total > 0, (units * away).sum(axis=1) / np.maximum(total, 1), np.nan)
    return Calibration(cells.names, hits, units, observed, clopper_pearson(hits, units, alpha), floats(error))
