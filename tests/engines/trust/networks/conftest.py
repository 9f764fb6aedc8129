"""Networks made for tests: ONNX bytes from arrays, random ones, and ones with a narrow spike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hutong.engines.trust.networks import Network, read_network


class Make:
    """Builders; see each."""

    @staticmethod
    def graph(nodes: Sequence[Any], constants: dict[str, Any], shape: Sequence[Any], outputs: Any) -> bytes:
        """ONNX bytes of nodes from "x" to "y"."""
        tables = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
        start = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
        end = helper.make_tensor_value_info("y", TensorProto.FLOAT, outputs)
        graph = helper.make_graph(list(nodes), "g", [start], [end], tables)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        return bytes(model.SerializeToString())

    @classmethod
    def dense(cls, weights: Sequence[Any], biases: Sequence[Any]) -> bytes:
        """ONNX bytes of x -> Gemm -> Relu -> ... -> Gemm. weights: (outputs, inputs) each."""
        nodes, constants, last, now = [], {}, len(weights) - 1, "x"
        for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
            constants |= {
                f"w{k}": np.asarray(w, dtype=np.float32).T.copy(),
                f"b{k}": np.asarray(b, dtype=np.float32),
            }
            out = "y" if k == last else f"z{k}"
            nodes.append(helper.make_node("Gemm", [now, f"w{k}", f"b{k}"], [out]))
            if k < last:
                nodes.append(helper.make_node("Relu", [out], [f"a{k}"]))
            now = f"a{k}"
        return cls.graph(nodes, constants, ["N", len(weights[0][0])], ["N", len(biases[-1])])

    @classmethod
    def random(cls, seed: int, sizes: Sequence[int], scale: float = 1.4) -> Network:
        chance = np.random.default_rng(seed)
        weights = [chance.standard_normal((b, a)) * scale / np.sqrt(a) for a, b in pairwise(sizes)]
        return read_network(cls.dense(weights, [0.3 * chance.standard_normal(b) for b in sizes[1:]]))

    @classmethod
    def spike(cls, seed: int, inputs: int, depth: float) -> tuple[Network, Any]:
        """One output, near 1 over [0, 1]^n but for 1 - depth at the returned place, in a narrow cone around it.

        The cone is 1 - sum |x - c| / width, spread over shuffled and scaled units amid others that add ripples.
        """
        chance = np.random.default_rng(seed)
        place = np.round(chance.uniform(0.1, 0.9, inputs) * 4096) / 4096  # exact in float32
        width = float(10.0 ** chance.uniform(-2.5, -1.0)) * inputs
        ripples = 8
        scales = chance.uniform(0.5, 2.0, 2 * inputs)
        sides = np.vstack([np.eye(inputs), -np.eye(inputs)]) * scales[:, None]
        first = np.vstack([sides, chance.standard_normal((ripples, inputs))])
        first_bias = np.concatenate([-sides @ place, 0.3 * chance.standard_normal(ripples)])
        cone = np.concatenate([-1.0 / (width * scales), np.zeros(ripples)])
        others = np.hstack(
            [np.zeros((ripples, 2 * inputs)), chance.standard_normal((ripples, ripples)) / ripples]
        )
        second, second_bias = np.vstack([cone, others]), np.concatenate([[1.0], np.zeros(ripples)])
        last = np.concatenate([[-depth], 0.02 * chance.standard_normal(ripples)])[None]
        p, q = chance.permutation(len(first)), chance.permutation(len(second))
        weights = [first[p], second[q][:, p], last[:, q]]
        return read_network(cls.dense(weights, [first_bias[p], second_bias[q], np.ones(1)])), place


@pytest.fixture(scope="session")
def make() -> type[Make]:
    assert onnx.__version__
    return Make
