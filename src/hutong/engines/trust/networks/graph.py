"""The ONNX graph as a plain list of nodes and constants, checked before anything is computed from it.

Nothing foreign passes: no functions, no subgraphs, no external data, no custom domain, no attribute that is not
known to the reader, so that a node means here what it means to the runtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hutong.engines.trust.networks.network import F64
from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

LARGEST = 2**26  # numbers in one tensor: half a gigabyte in float64
_NODES = 10_000
_ATTRIBUTES: dict[str, frozenset[str]] = {
    "Add": frozenset(),
    "Constant": frozenset({"value"}),
    "Flatten": frozenset({"axis"}),
    "Gemm": frozenset({"alpha", "beta", "transA", "transB"}),
    "Identity": frozenset(),
    "MatMul": frozenset(),
    "Mul": frozenset(),
    "Relu": frozenset(),
    "Reshape": frozenset({"allowzero"}),
    "Squeeze": frozenset({"axes"}),
    "Sub": frozenset(),
    "Transpose": frozenset({"perm"}),
    "Unsqueeze": frozenset({"axes"}),
}
# AttributeProto.AttributeType of each: FLOAT 1, INT 2, TENSOR 4, INTS 7.
_TYPES = {
    "allowzero": 2,
    "alpha": 1,
    "axes": 7,
    "axis": 2,
    "beta": 1,
    "perm": 7,
    "transA": 2,
    "transB": 2,
    "value": 4,
}


@dataclass(frozen=True, slots=True)
class Node:
    kind: str
    name: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """nodes: those that depend on the input, in order. fixed: whether the batch is
    always one example."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, F64]
    input_name: str
    input_shape: tuple[int, ...]
    output_name: str
    fixed: bool

    def constant_of(self, node: Node) -> F64:
        found = [self.constants[n] for n in node.inputs if n in self.constants]
        if len(found) != 1:
            raise unsupported(node, "has no constant operand", "缺少常量操作数")
        return found[0]

    def new_shape(self, node: Node, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one example after Flatten, Reshape, Squeeze, Unsqueeze or Identity. The batch axis stays first."""
        after = _reshaped(node, np.empty((1, *shape), np.bool_), self.constants).shape
        if not after or after[0] != 1 or int(np.prod(after)) != int(np.prod(shape)):
            raise unsupported(node, "moves the batch axis", "改变了批次轴")
        if not self.fixed:
            pair = _reshaped(node, np.empty((2, *shape), np.bool_), self.constants).shape
            if pair != (2, *after[1:]):
                raise unsupported(node, "mixes the examples of a batch", "混合了同批样本")
        return tuple(after[1:])


def unsupported(node: Node, en: str, zh: str) -> Invalid:
    """The refusal of a node, to be raised by the caller."""
    label = f"{node.kind} {node.name or node.output}"[:80]
    return refuse(
        "network.operator",
        Text(f"The node {label} {en}.".replace("{", "").replace("}", ""), f"节点{label}：{zh}。"),
        Text(
            "Export a chain of Flatten, Sub, Add, MatMul, Gemm and Relu.",
            "请导出由 Flatten、Sub、Add、MatMul、Gemm、Relu 组成的网络。",
        ),
        "network",
    )


def _form(en: str, zh: str, rule: str = "network.form") -> Invalid:
    return refuse(rule, Text(en, zh), where="network")


def open_graph(model: bytes) -> Graph:
    """Parse and check. `Invalid` as `affine.read_network`."""
    import onnx
    from google.protobuf.message import DecodeError

    if not 0 < len(model) <= 4 * LARGEST:
        raise _form("The model is empty or too large.", "模型为空或过大。", "network.size")
    try:
        proto = onnx.load_model_from_string(model)
    except (DecodeError, ValueError, TypeError) as error:
        raise _form("This is not an ONNX model.", "该文件不是ONNX模型。") from error
    graph = proto.graph
    if not graph.node or len(graph.node) > _NODES or proto.functions or graph.sparse_initializer:
        raise _form(
            "The model is empty, too long or defines functions of its own.", "模型为空、过长或自定义函数。"
        )
    constants = {t.name: _numbers(t) for t in graph.initializer}
    name, shape, fixed = _input(graph, constants)
    nodes = _fold([_node(n) for n in graph.node], constants, name)
    if len(graph.output) != 1:
        raise _form("The network has no single output.", "网络输出不唯一。")
    return Graph(tuple(nodes), constants, name, shape, graph.output[0].name, fixed)


def _input(graph: Any, constants: Mapping[str, F64]) -> tuple[str, tuple[int, ...], bool]:
    from onnx import TensorProto

    open_inputs = [i for i in graph.input if i.name not in constants]
    rule = "network.input"
    if len(open_inputs) != 1 or open_inputs[0].type.tensor_type.elem_type != TensorProto.FLOAT:
        raise _form("The network does not take one float32 tensor.", "网络输入不是单个float32张量。", rule)
    axes = open_inputs[0].type.tensor_type.shape.dim
    sizes = [d.dim_value if d.HasField("dim_value") else 0 for d in axes]
    if len(sizes) < 2 or sizes[0] not in (0, 1) or any(not 0 < s <= 2**16 for s in sizes[1:]):
        raise _form(
            "The input's axes are not (batch, fixed sizes).", "输入各轴应为（批次，固定大小）。", rule
        )
    return open_inputs[0].name, tuple(sizes[1:]), sizes[0] == 1


def _node(proto: Any) -> Node:
    import onnx

    inputs, outputs = tuple(proto.input), [o for o in proto.output if o]
    bare = Node(proto.op_type, proto.name, inputs, outputs[0] if outputs else "", {})
    known = _ATTRIBUTES.get(proto.op_type)
    if known is None or proto.domain not in ("", "ai.onnx") or len(outputs) != 1:
        raise unsupported(bare, "is not supported", "不受支持")
    if not inputs and bare.kind != "Constant":
        raise unsupported(bare, "has no input", "缺少输入")
    if any(a.name not in known or a.type != _TYPES[a.name] for a in proto.attribute):
        raise unsupported(bare, "has an attribute that is not supported", "含不支持的属性")
    values = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
    return Node(bare.kind, bare.name, inputs, bare.output, values)


def _numbers(tensor: Any) -> F64:
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise _form(
            "The model takes weights from another file.", "模型引用了外部权重文件。", "network.external_data"
        )
    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32):
        raise _form(
            "A constant is neither float32 nor whole.", "常量既非float32也非整数。", "network.numbers"
        )
    if int(np.prod([max(d, 0) for d in tensor.dims], dtype=object)) > LARGEST:
        raise _form("A constant is too large.", "常量过大。", "network.size")
    try:
        return np.asarray(numpy_helper.to_array(tensor), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise _form("A constant cannot be read.", "常量无法读取。") from error


def _fold(nodes: list[Node], constants: dict[str, F64], start: str) -> list[Node]:
    """Compute what depends on constants alone, in float32 as the runtime does; return the other nodes."""
    live, rest = {start}, []
    for node in nodes:
        if node.output in live or node.output in constants:
            raise unsupported(node, "writes a value twice", "重复写入")
        if any(n not in live and n not in constants for n in node.inputs if n):
            raise unsupported(node, "reads what was not yet computed", "读取尚未计算的值")
        if any(n in live for n in node.inputs):
            live.add(node.output)
            rest.append(node)
        else:
            constants[node.output] = _constant(node, constants)
    return rest


def _constant(node: Node, constants: Mapping[str, F64]) -> F64:
    if node.kind == "Constant":
        if "value" not in node.attributes:
            raise unsupported(node, "has no value", "没有取值")
        return _numbers(node.attributes["value"])
    values = [constants[n] for n in node.inputs]
    if node.kind in ("Add", "Sub", "Mul"):
        return _elementwise(node, values)
    return np.asarray(_reshaped(node, values[0], constants), dtype=np.float64)


def _elementwise(node: Node, values: list[F64]) -> F64:
    steps = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}
    try:
        shape = np.broadcast_shapes(*(v.shape for v in values))
    except ValueError:
        raise unsupported(node, "joins shapes that do not fit", "形状不相容") from None
    if len(values) != 2 or int(np.prod(shape, dtype=object)) > LARGEST:
        raise unsupported(node, "is too large", "过大")
    with np.errstate(all="ignore"):
        left, right = (v.astype(np.float32) for v in values)
        return np.asarray(steps[node.kind](left, right), dtype=np.float64)


def _reshaped(node: Node, value: Any, constants: Mapping[str, F64]) -> Any:
    """The value with other axes, as ONNX defines it."""
    attributes = node.attributes
    try:
        if node.kind == "Identity":
            return value
        if node.kind == "Transpose":
            return np.transpose(value, attributes.get("perm"))
        if node.kind == "Flatten":
            axis = int(attributes.get("axis", 1))
            return value.reshape(int(np.prod(value.shape[:axis])), -1)
        if node.kind == "Reshape" and not attributes.get("allowzero", 0):
            wanted = [int(v) for v in constants[node.inputs[1]].ravel()]
            return value.reshape([value.shape[i] if v == 0 else v for i, v in enumerate(wanted)])
        if node.kind in ("Squeeze", "Unsqueeze"):
            given = attributes.get("axes")
            axes = given if given is not None else constants[node.inputs[1]].ravel()
            place = tuple(int(a) for a in axes)
            return np.squeeze(value, place) if node.kind == "Squeeze" else np.expand_dims(value, place)
    except (ValueError, IndexError, KeyError, TypeError):
        raise unsupported(node, "gives axes that do not fit", "轴不相容") from None
    raise unsupported(node, "is not supported", "不受支持")
