"""Models read from ONNX decide exactly as onnxruntime does, on thresholds too; what is not plain is refused by name."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hutong.engines.trust.distances import LinearModel, TreeEnsemble, deciding_at, linear, read_model, tree
from hutong.engines.trust.distances.columns import Chain, Step, fold, ordered, unordered
from hutong.engines.trust.targets import decide
from hutong.engines.trust.types import Domain, System
from hutong.kernel.errors import Invalid

FLOATS = st.floats(-1e6, 1e6, width=32)
SMALL = st.floats(-50, 50, width=32)


def table() -> tuple[Any, Any]:
    chance = np.random.default_rng(7)
    rows = chance.normal(size=(400, 5)).astype(np.float32) * 3 + 1
    return rows, (rows[:, 0] + rows[:, 1] ** 2 / 4 > 2).astype(int) + (rows[:, 2] > 3)


def estimators() -> dict[str, Any]:
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    boost = GradientBoostingClassifier(n_estimators=8, random_state=0)
    forest = RandomForestClassifier(9, max_depth=4, random_state=0)
    return {
        "tree": DecisionTreeClassifier(random_state=0),
        "forest": forest,
        "extra": ExtraTreesClassifier(7, max_depth=5, random_state=0),
        "boosting": boost,
        "scaled forest": make_pipeline(StandardScaler(), forest),
        "clipped boosting": make_pipeline(MinMaxScaler((-1, 1), clip=True), boost),
        "logistic": LogisticRegression(max_iter=500),
        "scaled logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "ridge": make_pipeline(MinMaxScaler(), RidgeClassifier()),
    }


@pytest.mark.parametrize("name", list(estimators()))
@pytest.mark.parametrize("classes", [2, 3])
def test_decisions_are_those_of_onnxruntime(name: str, classes: int, onnx_of: Any, runner_of: Any) -> None:
    rows, labels = table()
    content = onnx_of(estimators()[name].fit(rows, np.minimum(labels, classes - 1)), 5)
    model, run = read_model(content, 5), runner_of(content)
    chance = np.random.default_rng(11)
    probe = [rows, chance.normal(size=(2000, 5)).astype(np.float32) * 5]
    if isinstance(model, TreeEnsemble):
        # Rows on every threshold of a column and on both neighbours: the ties.
        for j in range(5):
            marks = np.concatenate([t.threshold[t.feature == j] for t in model.trees])
            for shift in (-np.inf, 0.0, np.inf):
                tied = rows[chance.integers(0, len(rows), len(marks))].copy()
                tied[:, j] = np.nextafter(marks, np.float32(shift)) if shift else marks
                probe.append(tied)
    probe_rows = np.concatenate(probe)
    want = [model.labels.index(str(v)) for v in run(probe_rows)[0]]
    assert model.decide(probe_rows).tolist() == want


def test_sums_of_trees_are_equal_to_the_last_bit(onnx_of: Any, runner_of: Any) -> None:
    from sklearn.ensemble import RandomForestRegressor

    rows, labels = table()
    content = onnx_of(RandomForestRegressor(25, max_depth=6, random_state=0).fit(rows, labels * 1.7), 5)
    model = read_model(content, 5, cut=1.0)
    assert isinstance(model, TreeEnsemble)
    np.testing.assert_array_equal(model.scores(rows), runner_of(content)(rows)[0])
    with pytest.raises(Invalid) as refused:
        read_model(content, 5)
    assert refused.value.rule == "model.decision"


def hand_made(
    mode: str, bar: float, weights: tuple[float, float] = (-1.0, 1.0), post: str = "NONE", before: Any = ()
) -> bytes:
    from onnx import TensorProto, helper

    node = helper.make_node(
        "TreeEnsembleClassifier", ["Z" if before else "X"], ["L", "P"], domain="ai.onnx.ml", name="the-trees",
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_modes=[mode, "LEAF", "LEAF"],
        nodes_values=[bar, 0.0, 0.0], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        class_treeids=[0, 0], class_nodeids=[1, 2], class_ids=[0, 0], class_weights=list(weights),
        classlabels_int64s=[0, 1], post_transform=post,
    )  # fmt: skip
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 1])]
    outputs = [
        helper.make_tensor_value_info("L", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("P", TensorProto.FLOAT, [None, None]),
    ]
    graph = helper.make_graph([*before, node], "g", inputs, outputs)
    sets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 1)]
    content: bytes = helper.make_model(graph, opset_imports=sets, ir_version=8).SerializeToString()
    return content


@pytest.mark.parametrize("scale", [0.0, 3.7, -0.3])
@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"])
def test_every_branch_mode_is_right_on_its_threshold(mode: str, scale: float, runner_of: Any) -> None:
    from onnx import helper

    before = ()
    if scale:
        before = (
            helper.make_node("Scaler", ["X"], ["Z"], domain="ai.onnx.ml", offset=[0.1], scale=[scale]),
        )  # fmt: skip
    content = hand_made(mode, 0.3, before=before)
    model = read_model(content, 1)
    assert isinstance(model, TreeEnsemble)
    middle = model.trees[0].threshold[0]
    around = unordered(ordered(np.array([middle], np.float32)) + np.arange(-50, 51))[:, None]
    rows = np.concatenate([around, np.array([[-9.0], [0.0], [9.0]], np.float32)])
    answers = runner_of(content)(rows)[0]
    assert model.decide(rows).tolist() == answers.tolist()
    assert len(set(answers.tolist())) == 2


@given(arrays(np.float32, 4, elements=FLOATS), SMALL, SMALL, SMALL, st.booleans(), FLOATS)
def test_steps_before_a_tree_fold_into_its_thresholds(
    values: Any, a: float, b: float, c: float, clips: bool, bar: float
) -> None:
    def row(value: float) -> Any:
        return np.array([value], np.float32)

    chain = Chain(1).then(Step("sub", row(a)), Step("mul", row(b)), Step("add", row(c)))
    if clips:
        chain = chain.then(Step("clip", row(-1.0), row(1.0)))
    threshold, swapped = fold(chain, np.zeros(1, np.int64), np.array([bar], np.float32))
    near = unordered(np.clip(ordered(threshold) + np.arange(-3, 4), -ordered(row(3e38)), ordered(row(3e38))))
    for x in [*values, *near]:
        direct = bool(chain.apply(np.array([x], np.float32), np.zeros(1, np.int64))[0] <= np.float32(bar))
        assert (bool(x <= threshold[0]) ^ bool(swapped[0])) == direct


def test_what_is_not_plain_is_refused_with_the_name_of_its_part(onnx_of: Any) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer

    rows, labels = table()
    cases = {
        "Normalizer": onnx_of(make_pipeline(Normalizer(), LogisticRegression()).fit(rows, labels), 5),
        "MatMul": onnx_of(MLPClassifier((3,), max_iter=20, tol=1e9, n_iter_no_change=2).fit(rows, labels), 5),
        "clips": onnx_of(make_pipeline(MinMaxScaler(clip=True), LogisticRegression()).fit(rows, labels), 5),
        "BRANCH_EQ": hand_made("BRANCH_EQ", 0.3),
        # The label of this file says 0 where its probability of 1 is above one half.
        "the-trees": hand_made("BRANCH_LEQ", 0.3, (0.2, 0.4), "LOGISTIC"),
        "not an ONNX": b"\x80\x04hello",
    }
    for name, content in cases.items():
        with pytest.raises(Invalid) as refused:
            read_model(content, 1 if name in ("BRANCH_EQ", "the-trees") else 5)
        assert refused.value.rule == "model.form" and name in refused.value.what.en


def with_tail(*nodes: Any, outputs: tuple[str, ...] = ("L", "P"), weights: Any = ()) -> bytes:
    """A sound stump, and more nodes behind it."""
    import onnx

    proto = onnx.load_model_from_string(hand_made("BRANCH_LEQ", 0.3))
    proto.graph.node.extend(nodes)
    proto.graph.initializer.extend(weights)
    del proto.graph.output[:]
    kinds = {"L": onnx.TensorProto.INT64}
    proto.graph.output.extend(onnx.helper.make_tensor_value_info(o, kinds.get(o, 1), None) for o in outputs)
    content: bytes = proto.SerializeToString()
    return content


def test_what_follows_the_model_must_not_turn_its_decision() -> None:
    from onnx import TensorProto, helper

    zipped = {
        labels: helper.make_node("ZipMap", ["P"], ["Q"], domain="ai.onnx.ml", classlabels_int64s=list(labels))
        for labels in ((0, 1), (1, 0))
    }
    assert read_model(with_tail(zipped[0, 1], outputs=("L", "Q")), 1).labels == ("0", "1")
    outside = helper.make_tensor("k", TensorProto.FLOAT, [1], [1.0])
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../etc/passwd")
    order = helper.make_tensor("o", TensorProto.INT64, [2], [1, 0])
    hostile = {
        "ZipMap": with_tail(zipped[1, 0], outputs=("L", "Q")),
        "ArrayFeatureExtractor": with_tail(
            helper.make_node("ArrayFeatureExtractor", ["P", "o"], ["Q"], domain="ai.onnx.ml"),
            outputs=("L", "Q"), weights=(order,),
        ),
        "Neg": with_tail(helper.make_node("Neg", ["P"], ["Q"]), outputs=("L", "Q")),
        "Cast": with_tail(helper.make_node("Cast", ["P"], ["Q"], to=TensorProto.INT64), outputs=("L", "Q")),
        "bypasses": with_tail(helper.make_node("Identity", ["X"], ["Q"]), outputs=("L", "Q")),
        "another file": with_tail(weights=(outside,)),
    }  # fmt: skip
    for name, content in hostile.items():
        with pytest.raises(Invalid) as refused:
            read_model(content, 1)
        assert name in refused.value.what.en


def test_a_broken_node_is_refused_and_raises_nothing_else() -> None:
    import onnx

    for attribute in (
        "nodes_falsenodeids",
        "nodes_modes",
        "class_weights",
        "nodes_featureids",
        "classlabels_int64s",
    ):
        proto = onnx.load_model_from_string(hand_made("BRANCH_LEQ", 0.3))
        (node,) = proto.graph.node
        kept = [a for a in node.attribute if a.name != attribute]
        del node.attribute[:]
        node.attribute.extend(kept)
        with pytest.raises(Invalid):
            read_model(proto.SerializeToString(), 1)
    proto = onnx.load_model_from_string(hand_made("BRANCH_LEQ", 0.3))
    next(a for a in proto.graph.node[0].attribute if a.name == "nodes_featureids").ints[:] = [7, 0, 0]
    with pytest.raises(Invalid):
        read_model(proto.SerializeToString(), 1)


@pytest.mark.parametrize("positive", ["no", "yes"])
@pytest.mark.parametrize("at", ["0.5", "0.37"])
def test_a_declared_bar_is_folded_into_the_model(
    positive: str, at: str, onnx_of: Any, runner_of: Any
) -> None:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    rows, labels = table()
    names = np.where(labels > 0, "yes", "no")
    system = System("S", "1", Domain("table", ()), ("no", "yes"), positive, Fraction(at))
    for made in (
        LogisticRegression(),
        RandomForestClassifier(10, max_depth=3),
        GradientBoostingClassifier(n_estimators=9),
    ):
        content = onnx_of(made.fit(rows, names), 5)
        model = deciding_at(read_model(content, 5), positive, Fraction(at))
        want = decide(runner_of(content)(rows)[1].astype(np.float64), system).labels
        assert (model.decide(rows) == want).mean() >= 0.9975
        if not isinstance(model, LinearModel):
            assert (model.decide(rows) == want).all()


def test_trees_that_are_no_trees_are_refused() -> None:
    with pytest.raises(Invalid):
        tree([0, -1, -1], [0.5, 0, 0], [1, 0, 0], [1, 0, 0], [0.0, 1.0, 2.0])
    with pytest.raises(Invalid):
        tree([0, 0, -1], [0.5, 0.5, 0], [1, 0, 0], [2, 1, 0], [0.0, 1.0, 2.0])
    with pytest.raises(Invalid):
        linear([[1.0, np.nan]], [0.0])


@settings(max_examples=50)
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3, width=32))
def test_thresholds_of_64_bits_are_narrowed_downwards(bar: float, x: float) -> None:
    stump = tree([0, -1, -1], [bar, 0, 0], [1, 0, 0], [2, 0, 0], [0.0, -1.0, 1.0])
    model = TreeEnsemble((stump,), np.zeros(1, np.float32), ("a", "b"), 1)
    for value in (np.float32(x), np.float32(bar), np.nextafter(np.float32(bar), np.float32(np.inf))):
        assert model.decide(np.array([[value]], np.float32))[0] == int(float(value) > bar)
