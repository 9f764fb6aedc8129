"""ONNX and VNN-LIB: what is read is what the runtime does; what is not understood is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, load_model_from_string, numpy_helper

from hutong.engines.trust.networks import read_network, read_property
from hutong.engines.trust.networks.rounding import reach
from hutong.kernel.errors import Invalid

node = helper.make_node
W = np.arange(12, dtype=np.float32).reshape(3, 4) / 7 - 0.5
V = np.float32(np.random.default_rng(1).standard_normal((4, 2)))


def _chain() -> list[Any]:
    """Every operator of the list, with constants that fold."""
    return [
        node("Sub", ["x", "mean"], ["c"]),
        node("Mul", ["c", "scale"], ["d"]),
        node("Flatten", ["d"], ["e"], axis=1),
        node("Identity", ["e"], ["f"]),
        node("MatMul", ["f", "w"], ["g"]),
        node("Constant", [], ["k"], value=numpy_helper.from_array(np.ones(4, np.float32))),
        node("Add", ["k", "b"], ["kb"]),
        node("Add", ["kb", "g"], ["h"]),
        node("Relu", ["h"], ["i"]),
        node("Reshape", ["i", "shape"], ["j"]),
        node("Transpose", ["v"], ["vt"]),
        node("Gemm", ["j", "vt"], ["l"], transB=1, alpha=0.5),
        node("Sub", ["two", "l"], ["y"]),
    ]


CONSTANTS: dict[str, Any] = {
    "mean": np.float32([[[0.1, 0.2, 0.3]]]),
    "scale": np.float32(3.0),
    "w": W,
    "b": np.float32([1, -2, 0.1, 0]),
    "shape": np.int64([0, -1]),
    "v": V,
    "two": np.float32([2.0]),
}


@pytest.mark.parametrize("batch", [1, "N"])
def test_every_operator_means_what_the_runtime_makes_of_it(make: Any, batch: Any) -> None:
    network = read_network(make.graph(_chain(), CONSTANTS, [batch, 1, 1, 3], [batch, 2]))
    assert (network.inputs, network.hidden, network.outputs) == (3, (4,), 2)
    x = np.random.default_rng(2).uniform(-3, 3, (50, 3)).astype(np.float32)
    exact = x.astype(np.float64)
    gap = np.abs(network.replay(x) - network.forward(exact))
    assert (gap <= reach(network, exact)).all() and reach(network, exact).max() < 1e-3
    by_hand = np.maximum((exact - [0.1, 0.2, 0.3]) * 3 @ W + [2, -1, 1.1, 1], 0) @ V / 2
    assert network.forward(exact) == pytest.approx(2 - by_hand, abs=1e-6)


def _broken(change: str) -> tuple[list[Any], dict[str, Any]]:
    nodes, constants = _chain(), dict(CONSTANTS)
    if change == "unknown":
        nodes[8] = node("Sigmoid", ["h"], ["i"], name="act")
    elif change == "domain":
        nodes[8] = node("Relu", ["h"], ["i"], name="act", domain="my.ops")
    elif change == "attribute":
        nodes[8] = node("Relu", ["h"], ["i"], name="act", axis=1)
    elif change == "skip":
        nodes[12] = node("Add", ["l", "x"], ["y"], name="act")
    elif change == "older":
        nodes[9] = node("Identity", ["h"], ["j"], name="act")
    elif change == "square":
        nodes[1] = node("Mul", ["c", "c"], ["d"], name="act")
    elif change == "bias":
        nodes[11] = node("Gemm", ["v", "v", "j"], ["l"], name="act")
    elif change == "left":
        nodes[4] = node("MatMul", ["w", "f"], ["g"], name="act")
    elif change == "widen":
        nodes[0] = node("Sub", ["x", "mean"], ["c"], name="act")
        constants["mean"] = np.zeros((2, 1, 1, 3), np.float32)
    return nodes, constants


@pytest.mark.parametrize(
    "change", ["unknown", "domain", "attribute", "skip", "older", "square", "bias", "left", "widen"]
)
def test_what_is_not_a_chain_is_refused_by_the_nodes_name(make: Any, change: str) -> None:
    nodes, constants = _broken(change)
    with pytest.raises(Invalid) as refused:
        read_network(make.graph(nodes, constants, [1, 1, 1, 3], [1, 2]))
    assert refused.value.rule == "network.operator"
    assert "act" in refused.value.what.en and "act" in refused.value.what.zh


def test_a_reshape_that_mixes_the_examples_of_a_batch_is_refused(make: Any) -> None:
    constants = CONSTANTS | {"shape": np.int64([1, -1])}
    assert read_network(make.graph(_chain(), constants, [1, 1, 1, 3], [1, 2]))
    with pytest.raises(Invalid, match="mixes"):
        read_network(make.graph(_chain(), constants, ["N", 1, 1, 3], [1, 2]))


def test_a_file_that_gives_an_operator_a_meaning_of_its_own_is_refused(make: Any) -> None:
    model = load_model_from_string(make.graph(_chain(), CONSTANTS, [1, 1, 1, 3], [1, 2]))
    body = [helper.make_node("Neg", ["a"], ["b"])]
    model.functions.append(
        helper.make_function("", "Relu", ["a"], ["b"], body, [helper.make_opsetid("", 13)])
    )
    with pytest.raises(Invalid) as refused:
        read_network(model.SerializeToString())
    assert refused.value.rule == "network.form"


@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        ("network.form", lambda m: b"\x00\x01nonsense"),
        ("network.form", lambda m: m[: len(m) // 2]),
        ("network.size", lambda m: b""),
    ],
)
def test_bytes_that_are_no_model_are_refused(make: Any, rule: str, spoil: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_network(spoil(make.dense([W], [np.zeros(3)])))
    assert refused.value.rule == rule


def test_weights_elsewhere_or_not_finite_and_open_shapes_are_refused(make: Any) -> None:
    def rule(model: bytes) -> str:
        with pytest.raises(Invalid) as refused:
            read_network(model)
        return refused.value.rule

    elsewhere = load_model_from_string(make.dense([W], [np.zeros(3)]))
    tensor = elsewhere.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    assert rule(elsewhere.SerializeToString()) == "network.external_data"
    assert rule(make.dense([W * np.float32(np.nan)], [np.zeros(3)])) == "network.numbers"
    assert rule(make.graph(_chain(), CONSTANTS, [1, "H", 1, 3], [1, 2])) == "network.input"
    assert rule(make.graph(_chain(), CONSTANTS, [5, 1, 1, 3], [5, 2])) == "network.input"


def test_flipped_bytes_give_a_refusal_or_a_network_that_agrees_with_the_runtime(make: Any) -> None:
    model = make.graph(_chain(), CONSTANTS, [1, 1, 1, 3], [1, 2])
    chance = np.random.default_rng(0)
    rules = set()
    for _ in range(1200):
        spoiled = bytearray(model)
        for at in chance.integers(len(model), size=int(chance.integers(1, 4))):
            spoiled[at] = int(chance.integers(256))
        try:
            read_network(bytes(spoiled))
        except Invalid as refused:
            rules.add(refused.rule)
    assert {"network.form", "network.operator", "network.numbers", "network.input"} <= rules


HEAD = """; a comment
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (<= X_0 0.5)) (assert (>= X_0 (- 0.5)))
"""
BOX = "(assert (and (>= 1e0 X_1)\n (>= X_1 .25)))\n"


def test_a_property_becomes_boxes_and_rows() -> None:
    prop = read_property(HEAD + BOX + "(assert (or (<= Y_0 Y_1) (and (>= Y_0 3) (<= Y_1 -2))))")
    (case,) = prop.cases
    assert case.low.tolist() == [-0.5, 0.25] and case.high.tolist() == [0.5, 1.0]
    first, second = case.goals
    assert first.rows.tolist() == [[1, -1]] and first.limits.tolist() == [0]
    assert second.rows.tolist() == [[-1, 0], [0, 1]] and second.limits.tolist() == [-3, -2]
    assert second.reached(np.float32([3, -2])) and not second.reached(np.float32([3, -1.9]))


def test_boxes_may_stand_in_a_disjunction_and_an_empty_one_is_dropped() -> None:
    either = "(assert (or (and (<= X_1 1) (>= X_1 0) (<= Y_0 0)) (and (<= X_1 3) (>= X_1 2) (<= Y_1 0))))"
    prop = read_property(HEAD + either)
    assert [(c.low[1], c.high[1]) for c in prop.cases] == [(0, 1), (2, 3)]
    assert read_property(HEAD + BOX + "(assert (<= X_1 0.1))").cases == ()


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (HEAD + "(assert (<= X_1 1)", "property.form", 7),
        (HEAD + BOX + ")", "property.form", 9),
        (HEAD + "(assert\n (<= Z_1 1))", "property.name", 8),
        (HEAD + "(assert\n\n (<= Y_7 1))", "property.name", 9),
        (HEAD + "(assert (< Y_0 1))", "property.term", 7),
        (HEAD + "(assert (<= X_0 Y_0))", "property.term", 7),
        (HEAD + "(assert (<= X_0 0x10))", "property.name", 7),
        (HEAD + "(assert (<= Y_0 1e999))", "property.term", 7),
        (HEAD + "(assert (not (<= Y_0 1)))", "property.term", 7),
        (HEAD + "(check-sat)", "property.form", 7),
        (HEAD + "\nassert", "property.form", 8),
        (HEAD + "(assert (<= X_1 1))", "property.unbounded", 7),
        (HEAD + "(declare-const X_9 Real)", "property.name", 7),
        (HEAD + "(assert " + "(and " * 70, "property.form", 7),
        ("", "property.name", 1),
        (HEAD + BOX + "\n".join("(assert (or (<= Y_0 1) (<= Y_1 1)))" for _ in range(40)), "property.size", 48),
    ],
)  # fmt: skip
def test_bad_text_is_refused_with_its_line(text: str, rule: str, line: int) -> None:
    with pytest.raises(Invalid) as refused:
        read_property(text)
    assert (refused.value.rule, refused.value.field) == (rule, f"property:{line}")
    assert f"Line {line}:" in refused.value.what.en and f"第{line}行" in refused.value.what.zh
