"""Reads the forms of `models` from an ONNX file: one linear model or one sum of trees, with scaling before it.

Operators as in the ONNX ML specification (LinearClassifier, LinearRegressor, TreeEnsembleClassifier,
TreeEnsembleRegressor, Scaler, Normalizer, ZipMap); decisions as onnxruntime makes them. Whatever else the file does
is refused with the node's name (`model.form`): a distance to a model that was only half read would be worth nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hutong.engines.trust.distances.columns import Chain, Step, below, fold
from hutong.engines.trust.distances.models import LinearModel, Model, Tree, TreeEnsemble, linear
from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

_CORES = ("LinearClassifier", "LinearRegressor", "TreeEnsembleClassifier", "TreeEnsembleRegressor")
# After the model: what renames or rescales the answer and never changes which score is the largest.
_AFTER = frozenset({"Cast", "ZipMap", "Identity", "Normalizer", "ArrayFeatureExtractor", "Reshape", "Flatten"})
_SIMPLER = Text(
    "Exact distances are for linear models and sums of trees; use the attacks for this one.",
    "精确距离仅适用于线性模型和树集成；该模型请使用攻击评测。",
)
_MODES = {"BRANCH_LEQ": (False, False), "BRANCH_LT": (True, False)}
_MODES |= {"BRANCH_GT": (False, True), "BRANCH_GTE": (True, True)}
Attributes = dict[str, Any]


def read_model(content: bytes, width: int, cut: float | None = None) -> Model:
    """The model in an ONNX file of `width` columns. cut: for a regressor, the bar above which it decides "above".

    `Invalid`: model.form (the node is named), model.decision (a regressor without a bar).
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load_model_from_string(content).graph
    except (DecodeError, ValueError, TypeError) as error:
        raise refuse("model.form", Text("This is not an ONNX model.", "该文件不是ONNX模型。"), _SIMPLER) from error
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    inputs = [i for i in graph.input if i.name not in constants]
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        what = Text("The model does not take one table of 32-bit numbers.", "模型输入不是单个32位浮点数据表。")
        raise refuse("model.form", what, _SIMPLER, "model")
    chains, model, answers = {inputs[0].name: Chain(width)}, None, set[str]()
    for node in graph.node:
        given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.input[0] in answers and node.op_type in _AFTER:
            answers.update(node.output)
        elif node.input[0] in chains and node.op_type in _CORES and model is None:
            model = _core(node, given, chains[node.input[0]], cut)
            answers.update(node.output)
        else:
            source = next((n for n in node.input if n in chains), None)
            if source is None:
                raise named(node)
            chains[node.output[0]] = chains[source].then(*_steps(node, given, constants, source, width))
    if model is None:
        raise refuse("model.form", Text("The model decides nothing.", "模型不作任何判定。"), _SIMPLER, "model")
    return model


def named(node: Any, why: Text | None = None) -> Invalid:
    """The refusal of one node of the graph."""
    name = f"{node.op_type} {node.name}".strip()[:80]
    what = Text("The part {n} of the model is not of a plain form", "模型节点{n}不属于简单形式").format(n=name)
    end = Text("{w}.", "{w}。") if why is None else Text("{w}: {y}.", "{w}：{y}。")
    return refuse("model.form", end.format(w=what, y=why), _SIMPLER, "model")


def _steps(node: Any, given: Attributes, constants: dict[str, Any], source: str, width: int) -> list[Step]:
    import onnx

    def row(value: Any) -> Any:
        array = np.asarray(value, np.float32)
        if array.size not in (1, width) or not np.isfinite(array).all():
            raise named(node)
        return np.broadcast_to(array.ravel(), (width,))

    kind = node.op_type
    if kind == "Identity" or (kind == "Cast" and given.get("to") == onnx.TensorProto.FLOAT):
        return []
    if kind == "Scaler":
        return [Step("sub", row(given["offset"])), Step("mul", row(given["scale"]))]
    known = [constants.get(name) for name in node.input if name and name != source]
    if kind in ("Mul", "Add", "Sub", "Div") and len(known) == 1 and known[0] is not None:
        swaps = kind in ("Sub", "Div") and node.input[0] != source
        zero = kind == "Div" and not row(known[0]).all()
        if not swaps and not zero:
            return [Step(kind.lower(), row(known[0]))]
    if kind == "Clip" and len(known) == 2 and all(k is not None for k in known):
        return [Step("clip", row(known[0]), row(known[1]))]
    raise named(node)


def _core(node: Any, given: Attributes, chain: Chain, cut: float | None) -> Model:
    if node.op_type == "LinearClassifier":
        return _linear(node, given, chain)
    if node.op_type == "LinearRegressor":
        return _linear_regressor(node, given, chain, cut)
    if node.op_type == "TreeEnsembleClassifier":
        return _classifier(node, given, chain)
    if _bar(node, given, cut) is None or given.get("aggregate_function", b"SUM") != b"SUM":
        raise named(node)
    trees = _trees(node, given, chain, "target", 1)
    base = np.asarray(given.get("base_values", [0.0]), np.float32)
    return TreeEnsemble(trees, base, ("not above", "above"), chain.width, "NONE", float(cut or 0.0))


def _bar(node: Any, given: Attributes, cut: float | None) -> float | None:
    """A regressor decides only by a bar; without one there is no decision to change."""
    if cut is None:
        what = Text("A regressor needs the bar by which it decides.", "回归模型须给出判定阈值。")
        raise refuse("model.decision", what, where="cut")
    count = given.get("n_targets", given.get("targets", 1))
    return cut if count == 1 and given.get("post_transform", b"NONE") == b"NONE" else None


def _labels(given: Attributes) -> tuple[str, ...]:
    found: Sequence[Any] = ()
    for key in ("classlabels_strings", "classlabels_int64s", "classlabels_ints"):
        found = found or given.get(key, ())
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in found)


def _linear(node: Any, given: Attributes, chain: Chain) -> LinearModel:
    labels = _labels(given)
    weights = np.asarray(given["coefficients"], np.float64).reshape(-1, chain.width)
    bias = np.asarray(given.get("intercepts") or [0.0] * len(weights), np.float64)
    post = given.get("post_transform", b"NONE")
    if len(weights) == 1 and len(labels) == 2 and post == b"LOGISTIC":
        # One row for two labels: the second wins above zero. Without a logistic, its label and scores disagree.
        return _unscaled(node, linear(weights, bias, labels), chain)
    if len(weights) != len(labels) or post not in (b"NONE", b"LOGISTIC", b"SOFTMAX"):
        raise named(node)
    return _unscaled(node, linear(weights, bias, labels), chain)


def _linear_regressor(node: Any, given: Attributes, chain: Chain, cut: float | None) -> LinearModel:
    bar = _bar(node, given, cut)
    if bar is None or len(given["coefficients"]) != chain.width:
        raise named(node)
    bias = np.asarray(given.get("intercepts", [0.0]), np.float64) - bar
    return _unscaled(node, linear(given["coefficients"], bias, ("not above", "above")), chain)


def _unscaled(node: Any, model: LinearModel, chain: Chain) -> LinearModel:
    """The model on the columns as they come: w.(s*x + o) + b = (w*s).x + (w.o + b)."""
    straight = chain.affine()
    if straight is None:
        raise named(node, Text("a step before it clips", "其前置步骤含截断"))
    scale, offset = straight
    return LinearModel(model.weights * scale, model.bias + model.weights @ offset, model.labels)


def _classifier(node: Any, given: Attributes, chain: Chain) -> TreeEnsemble:
    labels, post = _labels(given), given.get("post_transform", b"NONE").decode()
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
    if any(given.get("nodes_missing_value_tracks_true", [])) and False:
        raise named(node)
    if any(key.endswith("_as_tensor") for key in given):
        raise named(node, Text("thresholds of 64 bits", "阈值为64位浮点数"))
    tree_ids = np.asarray(given["nodes_treeids"])
    modes = [m.decode() if isinstance(m, bytes) else str(m) for m in given["nodes_modes"]]
    for mode in set(modes) - {"LEAF"} - _MODES.keys():
        raise named(node, Text("branches by {m}", "分支方式为{m}").format(m=mode))
    leaf = np.array([m == "LEAF" for m in modes])
    strict = np.array([_MODES.get(m, (False, False))[0] for m in modes])
    turned = np.array([_MODES.get(m, (False, False))[1] for m in modes])
    feature = np.where(leaf, -1, np.asarray(given["nodes_featureids"])).astype(np.int32)
    raw = np.where(leaf, 0, np.asarray(given["nodes_values"], np.float32)).astype(np.float32)
    threshold, swapped = fold(chain, np.maximum(feature, 0), below(raw, strict))
    keys = list(zip(tree_ids.tolist(), given["nodes_nodeids"], strict=True))
    place = {key: i for i, key in enumerate(keys)}
    yes = np.array([place.get((t, n), -1) for (t, _), n in zip(keys, given["nodes_truenodeids"], strict=True)])
    no = np.array([place.get((t, n), -1) for (t, _), n in zip(keys, given["nodes_falsenodeids"], strict=True)])
    swap = turned ^ swapped
    left, right = np.where(swap, no, yes), np.where(swap, yes, no)
    values = np.zeros((len(keys), k), np.float32)
    owners = zip(
        given[f"{prefix}_treeids"], given[f"{prefix}_nodeids"], given[f"{prefix}_ids"], given[f"{prefix}_weights"], strict=True
    )
    for tree_id, node_id, column, weight in owners:
        values[place[tree_id, node_id], column] += np.float32(weight)
    return tuple(
        _one(feature, threshold, left, right, values, np.flatnonzero(tree_ids == t)) for t in dict.fromkeys(tree_ids.tolist())
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
    pick = np.asarray(order)
    where = [[new.get(int(side[i]), 0) if feature[i] >= 0 else 0 for i in order] for side in (left, right)]
    return Tree(
        feature[pick].astype(np.int32), threshold[pick], np.array(where[0], np.int32), np.array(where[1], np.int32), values[pick]
    )
