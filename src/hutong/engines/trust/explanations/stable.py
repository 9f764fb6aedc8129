"""Stability: rows that differ by little, inside the domain, get explanations that differ by little.

The worst of several neighbours counts (max-sensitivity, Yeh et al. 2019, NeurIPS), and a row is either stable or not, so
that the share of stable rows has exact limits.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances import box_of, project
from hutong.engines.trust.explanations.forms import Flags, Wide, cosine
from hutong.engines.trust.types import Domain

# Attributions (n, d) of rows (n, d) to labels (n,); the same chance must be used at every call.
Attribute = Callable[[Rows, Codes], Wide]
# Steps that the range of a whole column must have for one of them to be small.
COARSE = 10


def neighbours(rows: Rows, domain: Domain, size: Fraction, chance: np.random.Generator) -> Rows:
    """Rows (n, d) moved by up to `size` of each column's range, uniformly; feasible (types, bounds, fixed columns).

    Whole columns take a step where one step is at most a tenth of the range, one of them on average per row; shorter
    ones are codes and yes/no, for which no change is small. Columns without bounds take the range that the rows have.
    """
    wide = np.asarray(rows, np.float64)
    box = box_of(domain, wide.shape[1])
    span = np.array(
        [
            float(c.high - c.low) if c.low is not None and c.high is not None else float(np.ptp(wide[:, j]))
            for j, c in enumerate(domain.columns)
        ]
    )
    moved = chance.uniform(-1.0, 1.0, wide.shape) * float(size) * span
    steps = np.where(chance.random(wide.shape) < 0.5, -1.0, 1.0) * np.maximum(1.0, np.rint(np.abs(moved)))
    fine = box.whole & (span >= COARSE)
    hit = fine & (chance.random(wide.shape) < 1.0 / max(1, int(fine.sum())))
    moved = np.where(box.whole, steps * hit, moved)
    return project(wide + moved, np.asarray(rows, np.float32), box)


def stable_rows(
    attribute: Attribute,
    rows: Rows,
    classes: Codes,
    domain: Domain,
    size: Fraction,
    similar: float,
    chances: list[np.random.Generator],
) -> Flags:
    """(n,) whether the explanation of each row is like (cosine) those of all its neighbours, one per source of chance."""
    mine = attribute(rows, classes)
    worst = np.ones(len(rows))
    for chance in chances:
        near = neighbours(rows, domain, size, chance)
        worst = np.minimum(worst, cosine(mine, attribute(near, classes)))
    return np.asarray(worst >= similar, np.bool_)
