"""Plain forms of the models whose distances can be computed exactly: linear scores and sums of trees.

Both are read from ONNX by `forms.read_model`, or made from plain arrays. Decisions are those of onnxruntime: the
largest score wins, the first of equal ones; with one score column, the second label wins above `cut`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

Wide = NDArray[np.float64]
# Half a unit in the last place of float32: the relative error of one rounded operation.
UNIT32 = 2.0**-24


@dataclass(frozen=True)
class LinearModel:
    """scores = weights @ x + bias. weights: (k, d), k >= 2; bias: (k,); labels: k names. All finite.

    odds: whether the difference of two scores is the log-odds of the two labels, as a softmax makes it.
    """

    weights: Wide = field(hash=False)
    bias: Wide = field(hash=False)
    labels: tuple[str, ...]
    odds: bool = True

    def __post_init__(self) -> None:
        k = len(self.labels)
        if k < 2 or self.weights.ndim != 2 or len(self.weights) != k or self.bias.shape != (k,):
            raise shape_refusal()
        if not (np.isfinite(self.weights).all() and np.isfinite(self.bias).all()):
            raise finite_refusal()

    @property
    def width(self) -> int:
        return int(self.weights.shape[1])

    def scores(self, rows: Any) -> Wide:
        """(n, k) scores of (n, d) rows in float64."""
        return np.asarray(np.asarray(rows, np.float64) @ self.weights.T + self.bias, np.float64)

    def decide(self, rows: Any) -> Codes:
        """(n,) positions in labels."""
        return np.asarray(self.scores(rows).argmax(axis=1), np.int64)

    def rounding(self, rows: Any) -> Wide:
        """(n,) bound on the error of any margin when the artefact computes in float32: 2 gamma_{d+3} sum |w||x|.

        gamma_n = n u / (1 - n u), Higham 2002, Accuracy and Stability of Numerical Algorithms, 3.1.
        """
        n = self.width + 3
        size = np.abs(np.asarray(rows, np.float64)) @ np.abs(self.weights).T + np.abs(self.bias)
        return np.asarray(2 * n * UNIT32 / (1 - n * UNIT32) * size.max(axis=1), np.float64)


@dataclass(frozen=True)
class Tree:
    """Nodes of one tree; node 0 is the root. x[feature] <= threshold goes left, else right; feature -1 is a leaf.

    feature, left, right: (m,) int; threshold: (m,) float32, compared as float32; values: (m, k) float32 at leaves.
    """

    feature: NDArray[np.int32] = field(hash=False)
    threshold: Rows = field(hash=False)
    left: NDArray[np.int32] = field(hash=False)
    right: NDArray[np.int32] = field(hash=False)
    values: Rows = field(hash=False)

    def __post_init__(self) -> None:
        m = len(self.feature)
        if not m or self.values.ndim != 2 or {len(self.threshold), len(self.left), len(self.right)} != {m}:
            raise shape_refusal()
        inner = self.feature >= 0
        children = np.concatenate([self.left[inner], self.right[inner]])
        # Every node but the root is reached exactly once: a tree, and no walk that never ends.
        if len(self.values) != m or sorted(children.tolist()) != list(range(1, m)):
            raise shape_refusal()
        if (children <= np.tile(np.flatnonzero(inner), 2)).any():
            raise shape_refusal()
        if not (np.isfinite(self.threshold[inner]).all() and np.isfinite(self.values).all()):
            raise finite_refusal()

    @property
    def leaves(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.feature < 0)


@dataclass(frozen=True)
class TreeEnsemble:
    """Sum of trees plus base, in float32 and in the order of the trees, as onnxruntime adds them on one thread.

    base: (k,) float32. labels: k names, or two names where k = 1: the second above `cut`, the first at or below.
    post: what the artefact makes of the sums ("NONE", "LOGISTIC", "SOFTMAX"); it never changes the decision.
    """

    trees: tuple[Tree, ...] = field(hash=False)
    base: Rows = field(hash=False)
    labels: tuple[str, ...]
    width: int
    post: str = "NONE"
    cut: float = 0.0

    def __post_init__(self) -> None:
        k = len(self.base)
        if not self.trees or any(t.values.shape[1] != k for t in self.trees):
            raise shape_refusal()
        if len(self.labels) != (2 if k == 1 else k) or any(t.feature.max() >= self.width for t in self.trees):
            raise shape_refusal()

    @cached_property
    def _stacked(self) -> tuple[NDArray[Any], ...]:
        """Feature, threshold, left, right, values of all trees end to end, the roots, and the greatest depth."""
        starts = np.cumsum([0, *(len(t.feature) for t in self.trees)])[:-1]
        feature = np.concatenate([t.feature for t in self.trees])
        here = np.arange(len(feature))
        shift = np.repeat(starts, [len(t.feature) for t in self.trees])
        leaf = feature < 0
        left = np.where(leaf, here, np.concatenate([t.left for t in self.trees]) + shift)
        right = np.where(leaf, here, np.concatenate([t.right for t in self.trees]) + shift)
        threshold = np.concatenate([t.threshold for t in self.trees])
        values = np.concatenate([t.values for t in self.trees])
        return np.maximum(feature, 0), threshold, left, right, values, starts, leaf

    def leaves_of(self, rows: Rows) -> NDArray[np.int64]:
        """(n, trees) position of the leaf reached, counted over the nodes of all trees end to end."""
        feature, threshold, left, right, _, starts, leaf = self._stacked
        table = np.asarray(rows, np.float32)
        at = np.tile(starts, (len(table), 1))
        index = np.arange(len(table))[:, None]
        while not leaf[at].all():
            goes_left = table[index, feature[at]] <= threshold[at]
            at = np.where(goes_left, left[at], right[at])
        return at

    def scores(self, rows: Rows) -> Rows:
        """(n, k) sums in float32, added one tree after the other and the base last."""
        values = self._stacked[4]
        # accumulate is strictly sequential, where reduce adds in pairs.
        sums = np.add.accumulate(values[self.leaves_of(rows)], axis=1, dtype=np.float32)[:, -1]
        return np.asarray(sums + self.base, np.float32)

    def decide(self, rows: Rows) -> Codes:
        """(n,) positions in labels."""
        scores = self.scores(rows)
        if scores.shape[1] == 1:
            return (scores[:, 0].astype(np.float64) > self.cut).astype(np.int64)
        return np.asarray(scores.argmax(axis=1), np.int64)

    def changed(self, rows: Rows, was: Codes, slack: float = 0.0) -> NDArray[np.bool_]:
        """(n,) whether another label wins, by more than `slack` in the sums where slack > 0. was: (n,) or (1,)."""
        decided = self.decide(rows)
        if slack <= 0:
            return np.asarray(decided != was, np.bool_)
        scores = self.scores(rows).astype(np.float64)
        if scores.shape[1] == 1:
            return np.asarray((decided != was) & (np.abs(scores[:, 0] - self.cut) > slack), np.bool_)
        own = np.take_along_axis(scores, np.broadcast_to(was, len(scores))[:, None], axis=1)[:, 0]
        return np.asarray((decided != was) & (scores.max(axis=1) - own > slack), np.bool_)

    @cached_property
    def rounding(self) -> float:
        """Bound on the error of a margin between two float32 sums: 2 gamma_{T+1} sum of the largest |value|s."""
        n = len(self.trees) + 1
        size = sum(float(np.abs(t.values).max()) for t in self.trees) + float(np.abs(self.base).max())
        return 2 * n * UNIT32 / (1 - n * UNIT32) * size


Model = LinearModel | TreeEnsemble


def linear(weights: Any, bias: Any, labels: Sequence[str] | None = None) -> LinearModel:
    """From plain arrays. (d,) weights with one bias: two classes, the second wins where w.x + b > 0."""
    w, b = np.atleast_2d(np.asarray(weights, np.float64)), np.atleast_1d(np.asarray(bias, np.float64))
    if len(w) == 1 and len(b) == 1:
        w, b = np.vstack([np.zeros_like(w), w]), np.concatenate([np.zeros(1), b])
    return LinearModel(w, b, tuple(labels or (str(i) for i in range(len(b)))))


def tree(feature: Any, threshold: Any, left: Any, right: Any, values: Any) -> Tree:
    """From plain arrays, as scikit-learn's `tree_` holds them: thresholds are rounded down to float32.

    x <= t for a float32 x holds exactly where x <= the largest float32 not above t.
    """
    wide = np.asarray(threshold, np.float64)
    narrow = wide.astype(np.float32)
    narrow = np.where(narrow > wide, np.nextafter(narrow, np.float32(-np.inf)), narrow).astype(np.float32)
    flags = np.asarray(feature, np.int32)
    table = np.asarray(values, np.float32)
    table = table[:, None] if table.ndim == 1 else table
    return Tree(
        np.where(flags < 0, -1, flags).astype(np.int32),
        np.where(flags < 0, 0, narrow).astype(np.float32),
        np.asarray(left, np.int32),
        np.asarray(right, np.int32),
        table,
    )


def deciding_at(model: Model, positive: str, at: Fraction, unit: int = 10**6) -> Model:
    """The same model where `positive` is decided from probability `at` on, scores read in whole `unit`ths.

    That is the rule of `targets.decide`: rint(p * unit) >= int(at * unit). Two labels only (`model.decision`).
    """
    if len(model.labels) != 2 or positive not in model.labels or not 0 < at < 1:
        what = Text("This model has no such decision rule.", "该模型不适用此决策规则。")
        raise refuse("model.decision", what, where="decision")
    bar = (int(at * unit) - 0.5) / unit
    logit = float(np.log(bar) - np.log1p(-bar))
    second = model.labels[1] == positive
    if isinstance(model, LinearModel):
        if not model.odds:
            what = Text("The scores are not probabilities.", "模型分数不是概率。")
            raise refuse("model.decision", what, where="model")
        gap = logit if second else -logit
        return replace(model, bias=model.bias - np.array([0.0, gap]))
    if len(model.base) != 1 or model.post not in ("NONE", "LOGISTIC"):
        raise refuse(
            "model.decision", Text("The scores are not one sum.", "模型分数不是单一求和。"), where="model"
        )
    cut = bar if second else 1 - bar
    return replace(model, cut=cut if model.post == "NONE" else (logit if second else -logit))


def shape_refusal() -> Exception:
    return refuse(
        "model.shape", Text("The parts of the model do not fit.", "模型各部分不匹配。"), where="model"
    )


def finite_refusal() -> Exception:
    return refuse(
        "model.finite",
        Text("The model holds no number or infinity.", "模型含有空值或无穷值。"),
        where="model",
    )
