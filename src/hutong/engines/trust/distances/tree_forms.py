"""The tree ensembles of ONNX ML graphs as `models.TreeEnsemble`: every branch becomes "x <= t goes left"."""

from __future__ import annotations

from typing import Any

import numpy as np

from hutong.engines.trust.distances.columns import Chain, below, fold
from hutong.engines.trust.distances.models import Tree, TreeEnsemble
from hutong.engines.trust.distances.nodes import Attributes, bar_of, labels_of, named
from hutong.kernel.text import Text

# Mode -> (the bar itself goes to the upper side, the true branch is the upper side).
_MODES = {"BRANCH_LEQ": (False, False), "BRANCH_LT": (True, False)}
_MODES |= {"BRANCH_GT": (False, True), "BRANCH_GTE": (True, True)}


def read_trees(node: Any, given: Attributes, chain: Chain, cut: float | None) -> TreeEnsemble:
    """A TreeEnsembleClassifier or TreeEnsembleRegressor behind the steps of a chain; `Invalid` names the node."""
    if node.op_type == "TreeEnsembleClassifier":
        return _classifier(node, given, chain)
    if bar_of(given, cut) is None or given.get("aggregate_function", b"SUM") != b"SUM":
        raise named(node)
    trees = _trees(node, given, chain, "target", 1)
    base = np.asarray(given.get("base_values", [0.0]), np.float32)
    return TreeEnsemble(trees, base, ("not above", "above"), chain.width, "NONE", float(cut or 0.0))


def _classifier(node: Any, given: Attributes, chain: Chain) -> TreeEnsemble:
    labels, post = labels_of(given), given.get("post_transform", b"NONE").decode()
    ids, weights = set(given["class_ids"]), np.asarray(given["class_weights"], np.float32)
    base = np.asarray(given.get("base_values", []), np.float32)
    if len(labels) == 2 and len(ids) == 1:
        # onnxruntime: one column of sums; the bar is one half where all leaves are >= 0 and zero elsewhere. With a
        # logistic behind leaves that are all >= 0, its label contradicts its own probabilities.
        positive = bool((weights >= 0).all())
        if ids != {0} or len(base) > 1 or post not in ("NONE", "LOGISTIC") or (positive and post != "NONE"):
            raise named(node)
        trees = _trees(node, given, chain, "class", 1)
        base = base if len(base) else np.zeros(1, np.float32)
        return TreeEnsemble(trees, base, labels, chain.width, post, 0.5 if positive else 0.0)
    k = len(labels)
    if len(base) not in (0, k) or post not in ("NONE", "SOFTMAX") or (post == "NONE" and k < 2):
        raise named(node)
    trees = _trees(node, given, chain, "class", k)
    base = base if len(base) else np.zeros(k, np.float32)
    if not (weights >= 0).all() and not ids >= set(range(k)):
        raise named(node, Text("a class has no score", "某类别没有分数"))
    return TreeEnsemble(trees, base, labels, chain.width, post)


def _trees(node: Any, given: Attributes, chain: Chain, prefix: str, k: int) -> tuple[Tree, ...]:
    if any(key.endswith("_as_tensor") for key in given):
        raise named(node, Text("thresholds of 64 bits", "阈值为64位浮点数"))
    tree_ids = np.asarray(given["nodes_treeids"])
    modes = [m.decode() if isinstance(m, bytes) else str(m) for m in given["nodes_modes"]]
    for mode in set(modes) - {"LEAF"} - _MODES.keys():
        raise named(node, Text("branches by {m}", "分支方式为{m}").format(m=mode))
    leaf = np.array([m == "LEAF" for m in modes])
    strict = np.array([_MODES.get(m, (False, False))[0] for m in modes])
    turned = np.array([_MODES.get(m, (False, False))[1] for m in modes])
    if min(given["nodes_featureids"]) < 0:
        raise named(node)
    feature = np.where(leaf, -1, np.asarray(given["nodes_featureids"])).astype(np.int32)
    raw = np.where(leaf, 0, np.asarray(given["nodes_values"], np.float32)).astype(np.float32)
    threshold, swapped = fold(chain, np.maximum(feature, 0), below(raw, strict))
    keys = list(zip(tree_ids.tolist(), given["nodes_nodeids"], strict=True))
    place = {key: i for i, key in enumerate(keys)}
    yes = np.array(
        [place.get((t, n), -1) for (t, _), n in zip(keys, given["nodes_truenodeids"], strict=True)]
    )
    no = np.array(
        [place.get((t, n), -1) for (t, _), n in zip(keys, given["nodes_falsenodeids"], strict=True)]
    )
    swap = turned ^ swapped
    left, right = np.where(swap, no, yes), np.where(swap, yes, no)
    values = np.zeros((len(keys), k), np.float32)
    owners = zip(
        given[f"{prefix}_treeids"],
        given[f"{prefix}_nodeids"],
        given[f"{prefix}_ids"],
        given[f"{prefix}_weights"],
        strict=True,
    )
    for tree_id, node_id, column, weight in owners:
        values[place[tree_id, node_id], column] += np.float32(weight)
    return tuple(
        _one(feature, threshold, left, right, values, np.flatnonzero(tree_ids == t))
        for t in dict.fromkeys(tree_ids.tolist())
    )


def _one(feature: Any, threshold: Any, left: Any, right: Any, values: Any, rows: Any) -> Tree:
    """The nodes of one tree, renumbered depth first from its root, so that children follow their parents."""
    members = set(rows.tolist())
    inner = [i for i in rows.tolist() if feature[i] >= 0]
    children = {int(left[i]) for i in inner} | {int(right[i]) for i in inner}
    order: list[int] = []
    waiting = sorted(members - children)[:1]
    while waiting and len(order) <= len(rows):
        at = waiting.pop()
        order.append(at)
        if at in members and feature[at] >= 0:
            waiting += [int(right[at]), int(left[at])]
    new = {old: i for i, old in enumerate(order)}
    if sorted(order) != sorted(members):
        raise ValueError("not one tree")
    pick = np.asarray(order)
    where = [[new.get(int(side[i]), 0) if feature[i] >= 0 else 0 for i in order] for side in (left, right)]
    return Tree(
        feature[pick].astype(np.int32),
        threshold[pick],
        np.array(where[0], np.int32),
        np.array(where[1], np.int32),
        values[pick],
    )
