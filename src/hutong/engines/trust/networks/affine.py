"""ONNX bytes into affine layers with ReLU between: a short list of operators, everything else refused.

Weights keep their float32 values, in float64. Affine steps without a ReLU between them are composed, and each
layer carries the sizes that bound what that composition, and any float32 evaluation of the original steps in any
order, may differ by (`network.Layer`). At the end the layers are compared with onnxruntime inside that bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.networks.graph import LARGEST, Graph, Node, open_graph, unsupported
from hutong.engines.trust.networks.network import F64, Layer, Network, Runtime
from hutong.engines.trust.networks.rounding import reach
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

_SHAPES = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze", "Identity"})


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """An affine function of the last activations, flattened; shape: of one example, without the batch axis."""

    layer: Layer
    shape: tuple[int, ...]


def read_network(model: bytes) -> Network:
    """The network of an ONNX file. `Invalid`: network.form, network.size, network.external_data,
    network.input, network.shape, network.numbers, network.operator (names the node), network.parity."""
    graph = open_graph(model)
    shape = graph.input_shape
    layers, form = _walk(graph, _Form(_identity(int(np.prod(shape))), shape))
    layers = (*layers, form.layer)
    if not all(np.isfinite(a).all() for x in layers for a in (x.weight, x.bias, x.weight_size, x.bias_size)):
        raise refuse(
            "network.numbers",
            Text("A weight is not a finite number.", "权重含有非有限数值。"),
            where="network",
        )
    runtime = Runtime(model, graph.input_name, shape, graph.fixed)
    network = Network(layers, model, runtime)
    _check_parity(network)
    return network


def _walk(graph: Graph, start: _Form) -> tuple[tuple[Layer, ...], _Form]:
    forms: dict[str, _Form] = {graph.input_name: start}
    epoch: dict[str, int] = {graph.input_name: 0}
    layers: list[Layer] = []
    for node in graph.nodes:
        source = [n for n in node.inputs if n in forms]
        if len(source) != 1:
            raise unsupported(node, "joins or drops branches", "存在分支")
        form = forms[source[0]]
        if epoch[source[0]] != len(layers):
            # A value from before the last ReLU is used again: a skip connection, not a chain.
            raise unsupported(node, "skips a layer", "跨层连接")
        if node.kind == "Relu":
            layers.append(form.layer)
            form = _Form(_identity(form.layer.width), form.shape)
        else:
            form = _step(node, form, graph)
        forms[node.output], epoch[node.output] = form, len(layers)
    if graph.output_name not in forms or epoch[graph.output_name] != len(layers):
        what = Text("The output is not at the end of the chain.", "输出不在网络末端。")
        raise refuse("network.shape", what, where="network")
    return tuple(layers), forms[graph.output_name]


def _identity(width: int) -> Layer:
    if width > 2**16 or width**2 > LARGEST:
        what = Text("A layer has too many units to be verified here.", "某层单元过多，无法在此验证。")
        raise refuse("network.size", what, where="network")
    one, zero = np.eye(width), np.zeros(width)
    return Layer(one, zero, one, zero, 0)


def _step(node: Node, form: _Form, graph: Graph) -> _Form:
    if node.kind in _SHAPES:
        return _Form(form.layer, graph.new_shape(node, form.shape))
    if node.kind in ("Add", "Sub"):
        return _shift(node, form, graph)
    if node.kind == "Mul":
        factor = _spread(node, form, graph.constant_of(node))
        return _Form(_compose(form.layer, np.diag(factor), np.zeros(len(factor)), 1), form.shape)
    if node.kind == "MatMul":
        return _product(node, form, graph)
    if node.kind == "Gemm":
        return _gemm(node, form, graph)
    raise unsupported(node, "is not supported", "不受支持")


def _spread(node: Node, form: _Form, constant: F64) -> F64:
    """A constant broadcast to one example of the tensor, flattened; the batch axis must not matter."""
    shape = (1, *form.shape)
    try:
        if np.broadcast_shapes(shape, constant.shape) != shape:
            raise ValueError
        return np.broadcast_to(constant, shape).ravel().astype(np.float64)
    except ValueError:
        raise unsupported(node, "broadcasts the tensor", "广播改变张量形状") from None


def _shift(node: Node, form: _Form, graph: Graph) -> _Form:
    constant = _spread(node, form, graph.constant_of(node))
    width = form.layer.width
    sign = np.ones(width)
    if node.kind == "Sub":
        if node.inputs[0] in graph.constants:
            sign = -sign
        else:
            constant = -constant
    old = form.layer
    layer = Layer(
        old.weight * sign[:, None],
        old.bias * sign + constant,
        old.weight_size,
        old.bias_size + np.abs(constant),
        old.terms + 1,
    )
    return _Form(layer, form.shape)


def _product(node: Node, form: _Form, graph: Graph) -> _Form:
    matrix = graph.constant_of(node)
    n = int(np.prod(form.shape))
    if matrix.ndim != 2 or node.inputs[0] in graph.constants:
        raise unsupported(node, "is not x @ matrix", "不是 x@矩阵 的形式")
    if form.shape[-1:] != (n,) or matrix.shape[0] != n:
        raise unsupported(node, "does not act on the last axis alone", "未作用于最后一轴")
    layer = _compose(form.layer, matrix.T, np.zeros(matrix.shape[1]), n)
    return _Form(layer, (*form.shape[:-1], matrix.shape[1]))


def _gemm(node: Node, form: _Form, graph: Graph) -> _Form:
    attributes = node.attributes
    matrix = graph.constants.get(node.inputs[1]) if node.inputs[0] not in graph.constants else None
    if matrix is None or matrix.ndim != 2 or attributes.get("transA", 0) or len(form.shape) != 1:
        raise unsupported(node, "is not x @ weight + bias", "不是 x@weight+bias 的形式")
    weight = matrix if attributes.get("transB", 0) else matrix.T
    if weight.shape[1] != form.shape[0]:
        raise unsupported(node, "does not fit the tensor", "与张量形状不符")
    alpha, beta = float(attributes.get("alpha", 1.0)), float(attributes.get("beta", 1.0))
    shape = (weight.shape[0],)
    bias = np.zeros(shape)
    if len(node.inputs) > 2 and node.inputs[2]:
        constant = graph.constants.get(node.inputs[2])
        if constant is None:
            raise unsupported(node, "adds no constant", "所加不是常量")
        bias = _spread(node, _Form(form.layer, shape), constant)
    return _Form(_compose(form.layer, alpha * weight, beta * bias, weight.shape[1] + 3), shape)


def _compose(old: Layer, weight: F64, bias: F64, terms: int) -> Layer:
    """weight @ (old) + bias. The sizes take absolute values first, so no cancellation hides a rounding."""
    size = np.abs(weight)
    return Layer(
        weight @ old.weight,
        weight @ old.bias + bias,
        size @ old.weight_size,
        size @ old.bias_size + np.abs(bias),
        old.terms + terms + 1,
    )


def _check_parity(network: Network) -> None:
    """Refuse a file whose runtime answers other than the layers read from it, beyond what rounding explains."""
    points = np.random.default_rng(0).standard_normal((8, network.inputs)).astype(np.float32)
    answers, within = network.replay(points), reach(network, points.astype(np.float64))
    expected = network.forward(points.astype(np.float64))
    if answers.shape != expected.shape or not (np.abs(answers - expected) <= within).all():
        raise refuse(
            "network.parity",
            Text(
                "The runtime answers otherwise than the layers that were read.",
                "运行结果与所读取的网络层不一致。",
            ),
            where="network",
        )
