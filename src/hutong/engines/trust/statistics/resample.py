"""Resampled counts: the bootstrap of rows, done on cells. For display and for parity with peers; it never decides.

Rows drawn with replacement from n rows put multinomial(n, cell shares) counts in the cells, so a replicate costs as many
random numbers as there are cells, not rows (Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.statistics.counts import Cells
from hutong.engines.trust.statistics.forms import Floats, Ints, floats
from hutong.engines.trust.statistics.metrics import Metric

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
