"""Resampled counts: the bootstrap of rows, done on cells. For display and for parity with peers; it never decides.

Rows drawn with replacement from n rows put multinomial(n, cell shares) counts in the cells, so a replicate costs as many
random numbers as there are cells, not rows (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 8).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from hutong.engines.trust.statistics.counts import Cells
from hutong.engines.trust.statistics.forms import Floats, Interval, Ints, check_share, floats, refuse
from hutong.engines.trust.statistics.metrics import Metric
from hutong.kernel.text import Text

# Counts held at once, in numbers.
_BLOCK = 8_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """hits, units: (replicates, groups) of one metric."""

    hits: Floats
    units: Floats

    @property
    def value(self) -> Floats:
        """Shares, NaN where a replicate has no unit in a group."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return floats(self.hits / self.units)


def draws(
    cells: Cells, replicates: int, chance: np.random.Generator, fixed_groups: bool = False
) -> Iterator[Ints]:
    """Blocks (r, g, outcomes, decisions) of resampled counts. fixed_groups: each group keeps its size.

    Empty cells stay empty and cost nothing.
    """
    g, flat = len(cells.table), cells.table.reshape(len(cells.table), -1)
    block = max(1, _BLOCK // max(flat.size, 1))
    occupied = np.flatnonzero(flat.ravel())
    total = int(flat.sum())
    for start in range(0, replicates, block):
        r = min(block, replicates - start)
        out = np.zeros((r, flat.size), dtype=np.int64)
        if fixed_groups:
            sizes = flat.sum(axis=1)
            share = flat / np.maximum(sizes, 1)[:, None]
            out = chance.multinomial(sizes, share, size=(r, g)).reshape(r, -1)
        elif total:
            out[:, occupied] = chance.multinomial(total, flat.ravel()[occupied] / total, size=r)
        yield out.reshape(r, *cells.table.shape)


def resample(
    cells: Cells,
    metrics: Sequence[Metric],
    replicates: int,
    chance: np.random.Generator,
    attributes: Sequence[str] | None = None,
    fixed_groups: bool = False,
) -> tuple[Replicates, ...]:
    """Replicates of each metric from the same draws, by groups of the attributes (all by default)."""
    member = np.arange(len(cells.table)) if attributes is None else cells.membership(attributes)
    width = int(member.max()) + 1 if len(member) else 0
    inside = np.zeros((len(member), width))
    inside[np.arange(len(member)), member] = 1.0
    parts: list[list[tuple[Floats, Floats]]] = [[] for _ in metrics]
    for block in draws(cells, replicates, chance, fixed_groups):
        flat = block.reshape(len(block), len(member), -1).astype(np.float64)
        for part, one in zip(parts, metrics, strict=True):
            hits, units = (flat @ mask.ravel().astype(np.float64) for mask in (one.hits, one.units))
            part.append((hits @ inside, units @ inside) if attributes is not None else (hits, units))
    return tuple(
        Replicates(np.concatenate([h for h, _ in p]), np.concatenate([u for _, u in p])) for p in parts
    )


def gap_of(values: Floats) -> Floats:
    """Largest minus smallest along the last axis; NaN where any group has no value."""
    return floats(values.max(axis=-1) - values.min(axis=-1))


def ratio_of(values: Floats) -> Floats:
    """Smallest over largest along the last axis."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return floats(values.min(axis=-1) / values.max(axis=-1))


@dataclass(frozen=True, slots=True)
class Resampled:
    """interval: never exact. lost: share of replicates without a value (a group lost its last unit)."""

    interval: Interval
    lost: float


def percentile(value: float, samples: Floats, alpha: float) -> Resampled:
    """Quantiles alpha/2 and 1 - alpha/2 of the replicates that have a value (Efron 1979)."""
    kept, lost = _kept(samples)
    low, high = np.quantile(kept, [check_share(alpha, "alpha") / 2, 1 - alpha / 2])
    return Resampled(Interval(value, float(low), float(high), False, "percentile"), lost)


def bca(value: float, samples: Floats, alpha: float, jackknife: Floats, weights: Ints) -> Resampled:
    """Bias-corrected and accelerated interval (Efron 1987, JASA 82:171).

    jackknife: statistic with one row left out, per cell of rows; weights: rows of each such cell.
    """
    kept, lost = _kept(samples)
    half = check_share(alpha, "alpha") / 2
    # Ties count half, as for a discrete statistic.
    share = (np.sum(kept < value) + 0.5 * np.sum(kept == value)) / len(kept)
    shift = float(scipy.special.ndtri(np.clip(share, 0.5 / len(kept), 1 - 0.5 / len(kept))))
    known = ~np.isnan(jackknife)
    w, left_out = weights[known], jackknife[known]
    away = np.sum(w * left_out) / np.sum(w) - left_out
    spread = float(np.sum(w * away**2))
    lean = float(np.sum(w * away**3)) / (6 * spread**1.5) if spread > 0 else 0.0
    z = scipy.special.ndtri(np.array([half, 1 - half])) + shift
    places = scipy.special.ndtr(shift + z / (1 - lean * z))
    low, high = np.quantile(kept, np.clip(places, 0.0, 1.0))
    return Resampled(Interval(value, float(low), float(high), False, "bca"), lost)


def _kept(samples: Floats) -> tuple[Floats, float]:
    kept = samples[~np.isnan(samples)]
    if not len(kept):
        raise refuse("replicates", Text("No replicate has a value.", "没有任何重抽样得到数值。"), "samples")
    return floats(kept), 1.0 - len(kept) / len(samples)


def leave_one_out(cells: Cells, of: Metric, statistic: Callable[[Floats], Floats]) -> tuple[Floats, Ints]:
    """Statistic of the group shares with one row of each occupied cell left out, and the rows of that cell.

    Rows of one cell are alike, so this is the whole jackknife in as many steps as there are cells.
    """
    hits = cells.table[:, of.hits].sum(axis=1).astype(np.float64)
    units = cells.table[:, of.units].sum(axis=1).astype(np.float64)
    places = np.argwhere(cells.table > 0)
    found = np.empty(len(places))
    for i, (g, y, d) in enumerate(places):
        h, u = hits.copy(), units.copy()
        h[g] -= of.hits[y, d]
        u[g] -= of.units[y, d]
        with np.errstate(invalid="ignore", divide="ignore"):
            found[i] = float(statistic(h / u))
    return found, cells.table[tuple(places.T)]


def gap_interval(
    cells: Cells,
    of: Metric,
    alpha: float,
    chance: np.random.Generator,
    replicates: int = 10_000,
    statistic: Callable[[Floats], Floats] = gap_of,
    corrected: bool = True,
) -> Resampled:
    """BCa (or percentile) interval of the gap of the groups of these cells. `Invalid` if a group is not estimable."""
    hits, units = (cells.table[:, m].sum(axis=1) for m in (of.hits, of.units))
    if len(units) < 2 or math.prod(int(u > 0) for u in units) == 0:
        raise refuse("groups", Text("A group cannot be estimated.", "有分组无法估计。"), "cells")
    value = float(statistic(hits / units))
    samples = statistic(resample(cells, (of,), replicates, chance)[0].value)
    if not corrected:
        return percentile(value, samples, alpha)
    return bca(value, samples, alpha, *leave_one_out(cells, of, statistic))
