"""Reads the forms of `models` from an ONNX file: one linear model or one sum of trees, with scaling before it.

Operators as in the ONNX ML specification (LinearClassifier, LinearRegressor, TreeEnsembleClassifier,
TreeEnsembleRegressor, Scaler, Normalizer, ZipMap); decisions as onnxruntime makes them. Whatever else the file does
is refused with the node's name (`model.form`): a distance to a model that was only half read would be worth nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hutong.engines.trust.distances.columns import Chain, Step
from hutong.engines.trust.distances.models import LinearModel, Model, linear
from hutong.engines.trust.distances.nodes import SIMPLER, Attributes, bar_of, labels_of, named
from hutong.engines.trust.distances.tree_forms import read_trees
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

_CORES = ("LinearClassifier", "LinearRegressor", "TreeEnsembleClassifier", "TreeEnsembleRegressor")


def read_model(content: bytes, width: int, cut: float | None = None) -> Model:
    """The model in an ONNX file of `width` columns. cut: for a regressor, the bar above which it decides "above".

    `Invalid`: model.form (the node is named), model.decision (a regressor without a bar).
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load_model_from_string(content).graph
    except (DecodeError, ValueError, TypeError) as error:
        raise refuse(
            "model.form", Text("This is not an ONNX model.", "该文件不是ONNX模型。"), SIMPLER
        ) from error
    if any(t.data_location == onnx.TensorProto.EXTERNAL or t.external_data for t in graph.initializer):
        what = Text("The model takes weights from another file.", "模型引用了外部权重文件。")
        raise refuse("model.external_data", what, SIMPLER, "model")
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    inputs = [i for i in graph.input if i.name not in constants]
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        what = Text(
            "The model does not take one table of 32-bit numbers.", "模型输入不是单个32位浮点数据表。"
        )
        raise refuse("model.form", what, SIMPLER, "model")
    chains, answers = {inputs[0].name: Chain(width)}, dict[str, bool]()
    model: Model | None = None
    for node in graph.node:
        try:
            model = _read_node(node, constants, chains, answers, model, cut)
        except (KeyError, IndexError, ValueError, TypeError, OverflowError) as error:
            raise named(node) from error
    if not all(o.name in answers for o in graph.output):
        raise refuse(
            "model.form", Text("An output bypasses the model.", "部分输出绕过了模型。"), SIMPLER, "model"
        )
    if model is None:
        raise refuse("model.form", Text("The model decides nothing.", "模型不作任何判定。"), SIMPLER, "model")
    return model


def _read_node(
    node: Any,
    constants: dict[str, Any],
    chains: dict[str, Chain],
    answers: dict[str, bool],
    model: Model | None,
    cut: float | None,
) -> Model | None:
    """One node: a step before the model, the model itself, or what follows it. Returns the model so far.

    answers: names of what follows the model, and whether each holds labels rather than scores.
    """
    import onnx

    given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    first = node.input[0] if node.input else ""
    if first in chains and node.op_type in _CORES and model is None:
        model = _core(node, given, chains[first], cut)
        answers.update((name, place == 0 and len(node.output) == 2) for place, name in enumerate(node.output))
    elif first in answers and model is not None and _keeps(node, given, constants, model, answers[first]):
        answers.update((name, answers[first]) for name in node.output)
    else:
        source = next((n for n in node.input if n in chains), None)
        if source is None:
            raise named(node)
        chains[node.output[0]] = chains[source].then(
            *_steps(node, given, constants, source, chains[source].width)
        )
    return model


def _keeps(node: Any, given: Attributes, constants: dict[str, Any], model: Model, is_label: bool) -> bool:
    """Whether a node behind the model leaves the decision as it is: renamed, rescaled, or one score taken out."""
    import onnx

    if node.op_type == "ZipMap":
        zipped = given.get("classlabels_strings") or given.get("classlabels_int64s") or ()
        return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in zipped) == model.labels
    if node.op_type == "ArrayFeatureExtractor":
        return int(np.asarray(constants[node.input[1]]).size) == 1
    if node.op_type == "Cast":
        names = (onnx.TensorProto.INT64, onnx.TensorProto.STRING)
        return given.get("to") in (names if is_label else (onnx.TensorProto.FLOAT,))
    return node.op_type in ("Identity", "Normalizer")


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
    return read_trees(node, given, chain, cut)


def _linear(node: Any, given: Attributes, chain: Chain) -> LinearModel:
    labels = labels_of(given)
    weights = np.asarray(given["coefficients"], np.float64).reshape(-1, chain.width)
    bias = np.asarray(given.get("intercepts") or [0.0] * len(weights), np.float64)
    post = given.get("post_transform", b"NONE")
    if len(weights) == 1 and len(labels) == 2 and post == b"LOGISTIC":
        # One row for two labels: the second wins above zero. Without a logistic, its label and scores disagree.
        return _unscaled(node, linear(weights, bias, labels), chain)
    if len(weights) != len(labels) or post not in (b"NONE", b"LOGISTIC", b"SOFTMAX"):
        raise named(node)
    if post == b"LOGISTIC" and len(labels) == 2 and (weights[0] == -weights[1]).all() and bias[0] == -bias[1]:
        # Two opposite rows, each with its own logistic: the log-odds are the second score, not the difference.
        return _unscaled(node, linear(weights[1], bias[1:], labels), chain)
    made = LinearModel(weights, bias, labels, odds=post == b"SOFTMAX")
    return _unscaled(node, made, chain)


def _linear_regressor(node: Any, given: Attributes, chain: Chain, cut: float | None) -> LinearModel:
    bar = bar_of(given, cut)
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
    return LinearModel(model.weights * scale, model.bias + model.weights @ offset, model.labels, model.odds)
