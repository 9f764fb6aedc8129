"""Model files made from numbers, so that what is true of them can be worked out on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Wide = NDArray[np.float64]


def linear_file(weights: ArrayLike, bias: float, labels: tuple[str, str]) -> bytes:
    """ONNX bytes: the second label where weights @ x + bias > 0, with logistic scores. weights: (d,)."""
    line = np.asarray(weights, np.float32)
    return _file(
        [
            _node(
                "LinearClassifier",
                ["x"],
                ["label", "scores"],
                "ai.onnx.ml",
                coefficients=[*(-line).tolist(), *line.tolist()],
                intercepts=[-float(np.float32(bias)), float(np.float32(bias))],
                classlabels_strings=list(labels),
                post_transform="LOGISTIC",
            )
        ],
        {},
        len(line),
        2,
    )


def network_file(weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]) -> bytes:
    """ONNX bytes: Gemm, Relu, ..., Gemm, Softmax. weights: (outputs, inputs) each."""
    nodes, constants, now = [], dict[str, Any](), "x"
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        constants |= {f"w{k}": np.asarray(w, np.float32).T.copy(), f"b{k}": np.asarray(b, np.float32)}
        nodes.append(_node("Gemm", [now, f"w{k}", f"b{k}"], [f"z{k}"]))
        now = f"z{k}"
        if k < len(weights) - 1:
            nodes.append(_node("Relu", [now], [f"a{k}"]))
            now = f"a{k}"
    nodes.append(_node("Softmax", [now], ["scores"], axis=1))
    return _file(nodes, constants, np.asarray(weights[0]).shape[1], np.asarray(biases[-1]).shape[0])


def stumps_file(cuts: ArrayLike, labels: tuple[str, str]) -> bytes:
    """ONNX bytes: one tree for each column, which votes for the second label above its cut; most votes decide.

    cuts: (d,), d odd.
    """
    bars = np.asarray(cuts, np.float32)
    d = len(bars)
    trees = [t for t in range(d) for _ in range(3)]
    # Node 1 lies above the cut, node 2 below. Both classes are given at every leaf: onnxruntime takes one as a score.
    leaf = [(t, node, c) for t in range(d) for node in (1, 2) for c in (0, 1)]
    return _file(
        [
            _node(
                "TreeEnsembleClassifier",
                ["x"],
                ["label", "scores"],
                "ai.onnx.ml",
                nodes_treeids=trees,
                nodes_nodeids=[0, 1, 2] * d,
                nodes_featureids=[f for t in range(d) for f in (t, 0, 0)],
                nodes_values=[v for t in range(d) for v in (float(bars[t]), 0.0, 0.0)],
                nodes_modes=["BRANCH_GT", "LEAF", "LEAF"] * d,
                nodes_truenodeids=[1, 0, 0] * d,
                nodes_falsenodeids=[2, 0, 0] * d,
                nodes_missing_value_tracks_true=[0] * (3 * d),
                nodes_hitrates=[1.0] * (3 * d),
                class_treeids=[t for t, _, _ in leaf],
                class_nodeids=[n for _, n, _ in leaf],
                class_ids=[c for _, _, c in leaf],
                class_weights=[float((node == 1) == (c == 1)) / d for _, node, c in leaf],
                classlabels_strings=list(labels),
                post_transform="NONE",
            )
        ],
        {},
        d,
        2,
    )


def pit_file(place: Wide, width: float, depth: float) -> bytes:
    """ONNX bytes of a network that gives the first label everywhere, but for a pit around `place` where depth > 1.

    The first score is 1 - depth * max(0, 1 - |x - place|_1 / width), the second 0. place: (d,).
    """
    d = len(place)
    sides = np.vstack([np.eye(d), -np.eye(d)])
    first_bias = -sides @ place
    cone = np.full((1, 2 * d), -1.0 / width)
    return network_file([sides, cone, [[-depth], [0.0]]], [first_bias, [1.0], [1.0, 0.0]])


def _node(kind: str, inputs: list[str], outputs: list[str], domain: str = "", **given: Any) -> Any:
    from onnx import helper

    return helper.make_node(kind, inputs, outputs, domain=domain, **given)


def _file(nodes: list[Any], constants: dict[str, Any], width: int, outputs: int) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    tables = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    start = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", width])
    ends = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", outputs])]
    if any("label" in n.output for n in nodes):
        ends.insert(0, helper.make_tensor_value_info("label", TensorProto.STRING, ["N"]))
    graph = helper.make_graph(nodes, "planted", [start], ends, tables)
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return bytes(helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString())
