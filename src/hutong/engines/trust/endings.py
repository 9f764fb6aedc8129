"""From an ONNX classifier to the network that decides: what stands before its softmax or sigmoid, the rule built in.

A softmax keeps the order of its inputs, and a sigmoid is one of two scores of which the first is zero; a decision from a score
on is a constant added to the log-odds. So the label is that of the largest output, but for the rounding of equal scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hutong.engines.trust.types import System

_PLAIN = ("", "ai.onnx")


@dataclass(frozen=True, slots=True)
class _End:
    """before: the tensor before the last activation. single: it is one number, the log-odds of the second label."""

    before: str
    single: bool


def deciding_network(model: bytes, system: System) -> bytes | None:
    """ONNX bytes of a network whose largest output, of one for each label, is the system's label; None where the
    model does not end in one softmax, or in one sigmoid with its complement."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(model)
    except (DecodeError, ValueError, TypeError):
        return None
    end = _softmax(proto.graph) or _sigmoid(proto.graph)
    if end is None or (end.single and len(system.labels) != 2):
        return None
    nodes, constants = _before(proto.graph, end.before)
    last = _pair(nodes, constants, end.before) if end.single else end.before
    last = _with_rule(nodes, constants, last, system)
    out = onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None)
    fresh = onnx.helper.make_graph(nodes, "deciding", list(proto.graph.input), [out], constants)
    made = onnx.helper.make_model(fresh, opset_imports=list(proto.opset_import), ir_version=proto.ir_version)
    return bytes(made.SerializeToString())


def _softmax(graph: Any) -> _End | None:
    ends = _of_kind(graph, "Softmax")
    return _End(ends[0].input[0], False) if len(ends) == 1 and _is_output(graph, ends[0].output[0]) else None


def _sigmoid(graph: Any) -> _End | None:
    """Scores [1 - s, s] of the sigmoid s of one number, in this order: what skl2onnx makes of two labels."""
    ends, rests = _of_kind(graph, "Sigmoid"), _of_kind(graph, "Sub")
    if len(ends) != 1:
        return None
    score = ends[0].output[0]
    ones = {t.name for t in graph.initializer if _is_one(t)}
    rest = next((n.output[0] for n in rests if n.input[0] in ones and n.input[1] == score), None)
    for pair in _of_kind(graph, "Concat"):
        if list(pair.input) == [rest, score] and _axis(pair) in (1, -1) and _is_output(graph, pair.output[0]):
            return _End(ends[0].input[0], True)
    return None


def _of_kind(graph: Any, kind: str) -> list[Any]:
    return [n for n in graph.node if n.op_type == kind and n.domain in _PLAIN]


def _is_output(graph: Any, name: str) -> bool:
    """Whether these are the scores that the file gives: no other output could be taken for them."""
    import onnx

    same = {name}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in same:
            same.add(node.output[0])
    named = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.STRING)
    scores = [o.name for o in graph.output if o.type.tensor_type.elem_type not in named]
    return len(scores) == 1 and scores[0] in same


def _is_one(constant: Any) -> bool:
    import onnx

    value = onnx.numpy_helper.to_array(constant)
    return value.size == 1 and value.dtype == np.float32 and float(value.reshape(-1)[0]) == 1.0


def _axis(node: Any) -> int:
    return next((int(a.i) for a in node.attribute if a.name == "axis"), 0)


def _before(graph: Any, name: str) -> tuple[list[Any], list[Any]]:
    """Nodes and constants that the tensor is made of, in order."""
    wanted, nodes = {name}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            nodes.append(node)
    constants = [t for t in graph.initializer if t.name in wanted]
    return [part for node in reversed(nodes) for part in _without_ml(node, constants)], constants


def _pair(nodes: list[Any], constants: list[Any], name: str) -> str:
    """(n, 1) log-odds z as two scores (0, z)."""
    constants.append(_constant("deciding.second", [[0.0, 1.0]]))
    return _then(nodes, "MatMul", name, "deciding.second", "deciding.pair")


def _with_rule(nodes: list[Any], constants: list[Any], name: str, system: System) -> str:
    """The favourable label from its score on: its log-odds are held to those of the bar."""
    if system.positive is None or system.decision_at is None:
        return name
    bar = float(system.decision_at)
    shift = [-math.log(bar / (1 - bar)) if label == system.positive else 0.0 for label in system.labels]
    constants.append(_constant("deciding.bar", shift))
    return _then(nodes, "Add", name, "deciding.bar", "deciding.rule")


def _then(nodes: list[Any], kind: str, first: str, second: str, out: str) -> str:
    import onnx

    nodes.append(onnx.helper.make_node(kind, [first, second], [out]))
    return out


def _constant(name: str, value: Any) -> Any:
    import onnx

    return onnx.numpy_helper.from_array(np.asarray(value, np.float32), name)


def _without_ml(node: Any, constants: list[Any]) -> list[Any]:
    """Scaler is (x - offset) * scale in float32, operation by operation; a cast to float32 of float32 is nothing."""
    import onnx

    given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    first, last = node.input[0], node.output[0]
    kind = node.op_type
    if kind == "Cast" and given.get("to") == onnx.TensorProto.FLOAT:
        return [onnx.helper.make_node("Identity", [first], [last])]
    if kind != "Scaler":
        return [node]
    names = [f"{last}.{part}" for part in ("offset", "scale", "shifted")]
    for name, part in zip(names, ("offset", "scale"), strict=False):
        constants.append(_constant(name, given[part]))
    return [
        onnx.helper.make_node("Sub", [first, names[0]], [names[2]]),
        onnx.helper.make_node("Mul", [names[2], names[1]], [last]),
    ]
