"""Sums of trees: exact interventional values by shap's TreeExplainer (Lundberg et al. 2020, Nature MI 2:56), if installed.

shap is an optional extra (it brings a compiler of 200 MB); without it `missing_shap` says so and others take over. Its
interventional kernel (0.51, `tree_shap.h`, `tree_shap_indep`) weighs coalitions in float32, counts nodes in 16 bits and
binomials in 32: so the limits given here allow for float32, its sums do not meet 1e-9, and models past those sizes
are refused.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances import TreeEnsemble
from hutong.engines.trust.distances.models import UNIT32, Tree
from hutong.engines.trust.explanations.forms import Explanation, Unit, Wide, checked
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

NO_SHAP = Text(
    "the library shap is not installed, so trees are explained by asking the system",
    "未安装shap库，树模型改用查询方式解释",
)
TOO_LARGE = Text("a tree is too large for shap to count exactly", "单棵树规模超出shap可精确计算的范围")
# 16-bit node numbers, and binomials of path lengths in 32-bit integers.
NODES, PATH = 2**15 - 1, 28


def missing_shap(model: TreeEnsemble | None = None) -> Text | None:
    """Why shap cannot explain trees here, or this model; None where it can."""
    if find_spec("shap") is None:
        return NO_SHAP
    large = model is not None and any(
        len(t.feature) > NODES or min(depth_of(t), model.width) > PATH for t in model.trees
    )
    return TOO_LARGE if large else None


def depth_of(tree: Tree) -> int:
    """Decisions on the longest path of a tree."""
    depth = np.zeros(len(tree.feature), np.int64)
    for node in np.flatnonzero(tree.feature >= 0):
        # Children follow their parents (`Tree`).
        depth[[tree.left[node], tree.right[node]]] = depth[node] + 1
    return int(depth.max())


def explain_trees(model: TreeEnsemble, rows: Any, classes: Codes, background: Any) -> Explanation:
    """Attributions of rows (n, d) to the sum of each row's class, before any logistic or softmax, in float64.

    With one column for two labels the first label's sum is the other's negative. base and full are added here from
    the leaves, so that additivity tests shap. Limits: for one background row the weights of a tree's leaves add up to 2 at
    most, each with about 4 D + 16 roundings in float32, D the depth; so a value is off by no more than
    2 gamma_{4D+16} max |leaf|, summed over the trees. `Invalid` explain.shap where `missing_shap` says why.
    """
    missing = missing_shap(model)
    if missing is not None:
        raise refuse("explain.shap", Text("{w}.", "{w}。").format(w=missing), where="shap")
    table, behind = checked(rows, background)
    found = _ask_shap(model, table, behind)
    sign = np.where(classes == 0, -1.0, 1.0) if len(model.base) == 1 else np.ones(len(table))
    column = np.zeros(len(table), np.int64) if len(model.base) == 1 else classes
    at = np.arange(len(table))
    values = found[at, :, column] * sign[:, None]
    full = sums(model, table)[at, column] * sign
    base = sums(model, behind).mean(axis=0)[column] * sign
    slack = sum(2 * _gamma(4 * depth_of(t) + 16) * float(np.abs(t.values).max()) for t in model.trees)
    unit: Unit = "score" if model.post == "NONE" else "log-odds"
    return Explanation(values, base, full, values - slack, values + slack, "trees", unit, True)


def _gamma(n: int) -> float:
    return n * UNIT32 / (1 - n * UNIT32)


def sums(model: TreeEnsemble, rows: Rows) -> Wide:
    """(n, k) sums of the leaves reached, in float64: what the float32 artefact computes but for its rounding."""
    values = np.concatenate([t.values for t in model.trees]).astype(np.float64)
    return np.asarray(values[model.leaves_of(rows)].sum(axis=1) + model.base, np.float64)


def _ask_shap(model: TreeEnsemble, rows: Rows, background: Rows) -> Wide:
    """(n, d, k) of shap, whose tree dictionaries go left where x <= threshold, as ours do."""
    shap = import_module("shap")
    trees = [
        {
            "children_left": np.where(t.feature < 0, -1, t.left).astype(np.int32),
            "children_right": np.where(t.feature < 0, -1, t.right).astype(np.int32),
            "children_default": np.where(t.feature < 0, -1, t.left).astype(np.int32),
            "features": np.where(t.feature < 0, -2, t.feature).astype(np.int32),
            "thresholds": t.threshold.astype(np.float64),
            "values": t.values.astype(np.float64),
            "node_sample_weight": np.ones(len(t.feature)),
        }
        for t in model.trees
    ]
    form = {"trees": trees, "internal_dtype": np.float64, "input_dtype": np.float64, "objective": None}
    explainer = shap.TreeExplainer(
        {**form, "tree_output": "raw_value", "base_offset": 0.0},
        data=background.astype(np.float64),
        feature_perturbation="interventional",
        model_output="raw",
    )
    raw = np.asarray(explainer.shap_values(rows.astype(np.float64), check_additivity=False), np.float64)
    return raw[:, :, None] if raw.ndim == 2 else raw
