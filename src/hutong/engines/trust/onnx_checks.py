"""What is refused in an ONNX file before anything of it runs: no graph, foreign operators, weights in another file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
AS_ONNX = Text(
    "Export the model to ONNX (skl2onnx, torch.onnx) and submit that file.", "请将模型导出为ONNX格式后提交。"
)
SELF_CONTAINED = Text(
    "Save the model as one file with standard operators.", "请保存为使用标准算子的单个文件。"
)


def inspect_onnx(model: bytes) -> None:
    """Parse and look, run nothing. `Invalid`: model.form, model.external_data, model.custom_operator."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load_model_from_string(model)
    except (DecodeError, ValueError, TypeError) as error:
        raise refuse(
            "model.form", Text("This is not an ONNX model.", "该文件不是ONNX模型。"), AS_ONNX, "model"
        ) from error
    if not proto.graph.node:
        raise refuse(
            "model.form", Text("The model computes nothing.", "模型不含任何计算。"), AS_ONNX, "model"
        )
    for node in _nodes(proto):
        if node.domain not in _DOMAINS:
            what = Text("The operator {o} is not a standard one.", "算子{o}不属于标准算子。").format(
                o=f"{node.domain}:{node.op_type}"[:80]
            )
            raise refuse("model.custom_operator", what, SELF_CONTAINED, "model")
    if any(t.data_location == onnx.TensorProto.EXTERNAL or t.external_data for t in _tensors(proto)):
        what = Text("The model takes weights from another file.", "模型引用了外部权重文件。")
        raise refuse("model.external_data", what, SELF_CONTAINED, "model")


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        yield from _inner(node)


def _inner(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        for part in [attribute.g, *attribute.graphs]:
            if part.node or part.initializer:
                yield from _graphs(part)


def _nodes(proto: Any) -> Iterator[Any]:
    for graph in _graphs(proto.graph):
        yield from graph.node
    for function in proto.functions:
        yield from function.node
        for node in function.node:
            for graph in _inner(node):
                yield from graph.node


def _tensors(proto: Any) -> Iterator[Any]:
    for graph in _graphs(proto.graph):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(proto):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
