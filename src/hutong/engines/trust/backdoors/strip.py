"""STRIP: an input that carries a trigger keeps its class whatever is laid over it (Gao et al. 2019, ACSAC).

Each input is mixed with trusted rows; the entropy of the model's answers, averaged over the mixtures, is high
for honest inputs and near zero for triggered ones. The border is a quantile of the entropies of trusted
inputs, so the share of honest inputs refused is what was asked for, with exact limits from their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.data import Rows
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import Floats, Interval, check_share, floats

Scores = Callable[[Rows], Floats]
OVERLAYS = 32


def strip_entropy(
    ask: Scores,
    rows: Rows,
    overlays: Rows,
    chance: np.random.Generator,
    copies: int = OVERLAYS,
    keep: float = 0.5,
) -> Floats:
    """Mean entropy (n,) in bits of the answers to `copies` mixtures of each row: keep x row + (1 - keep) x
    overlay.

    ask: (m, d) rows -> (m, k) probabilities. Images are mixed by sums as in the paper, without leaving their
    range; the columns of tables are taken from the overlay with chance 1 - keep, since a mean of two codes is
    no code (`strip_columns`).
    """
    chosen = chance.integers(0, len(overlays), (copies, len(rows)))
    mixed = keep * rows[None] + (1 - keep) * overlays[chosen]
    return _entropy(ask, mixed.astype(np.float32))


def strip_columns(
    ask: Scores,
    rows: Rows,
    overlays: Rows,
    chance: np.random.Generator,
    copies: int = OVERLAYS,
    keep: float = 0.5,
) -> Floats:
    """As `strip_entropy` for tables: each column comes from the overlay with chance 1 - keep."""
    chosen = overlays[chance.integers(0, len(overlays), (copies, len(rows)))]
    own = chance.random(chosen.shape) < keep
    return _entropy(ask, np.where(own, rows[None], chosen).astype(np.float32))


def _entropy(ask: Scores, mixed: Rows) -> Floats:
    p = np.clip(ask(mixed.reshape(-1, mixed.shape[-1])), 1e-12, 1.0)
    bits = -(p * np.log2(p)).sum(axis=1)
    return floats(bits.reshape(mixed.shape[:2]).mean(axis=0))


@dataclass(frozen=True, slots=True)
class Border:
    """at: entropies strictly below are refused. refused: share of honest inputs refused, with its limits."""

    at: float
    refused: Interval


def border(trusted: ArrayLike, rate: float, alpha: float = 0.05) -> Border:
    """The border that refuses at most this share of honest inputs, from the entropies (n,) of trusted
    ones.
    """
    values = np.sort(np.asarray(trusted, dtype=np.float64))
    let = int(check_share(rate, "rate") * len(values))
    at = float(values[let]) if len(values) else 0.0
    below = int((values < at).sum())
    limits = clopper_pearson(below, len(values), alpha)
    share = below / max(len(values), 1)
    return Border(at, Interval(share, float(limits.lower), float(limits.upper), True, "clopper-pearson"))
