"""What an attacker reads off a model: the true label's probability, and how often noise leaves the label
alone.

- Loss threshold: members have a smaller loss (Yeom et al. 2018, CSF). The score is the true label's
  probability.
- Label only: members lie farther from the boundary, so noise changes their label less often (Choquette-Choo
  et al. 2021, ICML; Li and Zhang 2021, CCS). The score is the number of noised copies still called by the
  true label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hutong.engines.trust.statistics.forms import Floats, Ints, floats, refuse
from hutong.kernel.text import Text

Predict = Callable[[NDArray[np.float32]], NDArray[np.float64]]
Labels = Callable[[NDArray[np.float32]], NDArray[np.int64]]
Shape = Callable[[NDArray[np.float64]], NDArray[np.float64]]
# Shares of a column's range: from noise that no digit notices to noise that drowns it.
SIZES = (0.05, 0.1, 0.2, 0.3)


def true_label(probabilities: ArrayLike, labels: ArrayLike) -> Floats:
    """Probability of the true label (n,), from (n, k) probabilities. 0 for a label that is not among the
    k.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if p.ndim != 2 or y.shape != (len(p),):
        what = Text("Probabilities are not one row for each label.", "概率行数与标签数不一致。")
        raise refuse("membership.probabilities", what, "probabilities")
    known = (y >= 0) & (y < p.shape[1])
    return floats(np.where(known, p[np.arange(len(p)), np.where(known, y, 0)], 0.0))


def loss(probabilities: ArrayLike, labels: ArrayLike) -> Floats:
    """-ln of the true label's probability (n,), at most 69 (probabilities below 1e-30 are no different)."""
    return floats(-np.log(np.maximum(true_label(probabilities, labels), 1e-30)))


def votes(
    ask: Labels,
    rows: NDArray[np.float32],
    labels: ArrayLike,
    spans: ArrayLike,
    chance: np.random.Generator,
    sizes: Sequence[float] = SIZES,
    copies: int = 8,
    shape: Shape | None = None,
) -> Ints:
    """Of `copies` noised copies at each size, how many keep the true label: (n,), 0 .. copies x len(sizes).

    spans: (d,) ranges of the columns, 0 where noise may not touch; the noise is normal, its deviation a share
    of the span. shape: brings noised rows back into the domain (bounds, whole numbers). One call of `ask` per
    copy.
    """
    table, truth = np.asarray(rows, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    wide = np.asarray(spans, dtype=np.float64)
    kept = np.zeros(len(table), dtype=np.int64)
    for size in sizes:
        for _ in range(copies):
            moved = table + chance.normal(0.0, 1.0, table.shape) * (wide * size)
            inside = moved if shape is None else shape(moved)
            kept += ask(inside.astype(np.float32)) == truth
    return kept
