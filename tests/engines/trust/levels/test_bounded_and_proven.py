"""R at levels 4 and 5: certificates never contradict the artefact, and what is not proven is not called so."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.access import form_of
from hutong.engines.trust.balls import ball_of, keeps_label
from hutong.engines.trust.endings import deciding_network
from hutong.engines.trust.registry import RULES

from .conftest import Case, Less, onnx_of, system_on


@pytest.mark.parametrize(
    ("name", "kind"), [("linear_case", "linear"), ("forest_case", "trees"), ("network_case", "network")]
)
def test_the_form_read_from_the_file_decides_as_the_file(name: str, kind: str, request: Any) -> None:
    case: Case = request.getfixturevalue(name)
    form = form_of(case.setting())
    assert form is not None and form.kind == kind
    assert (form.decide(case.data.features) == case.target.predict(case.data.features).labels).all()
    assert form_of(replace(case, target=Less(case.target, "scores")).setting()) is None


@pytest.mark.parametrize("name", ["linear_case", "forest_case", "network_case"])
def test_no_row_called_certain_turns_anywhere_in_its_ball(name: str, request: Any) -> None:
    case: Case = request.getfixturevalue(name)
    form, budget, chance = form_of(case.setting()), case.profile.challenge, np.random.default_rng(4)
    assert form is not None
    labels, held = case.target.predict(case.data.features).labels, 0
    for place in range(25):
        row = case.data.features[place]
        ball = ball_of(case.system.domain, row, budget.norm, budget.share)
        found, point = keeps_label(form, ball, int(labels[place]), 4096)
        low = np.array([float(c.low) for c in ball.domain.columns])
        high = np.array([float(c.high) for c in ball.domain.columns])
        tries = low + chance.random((4000, len(row))) * (high - low)
        tries[:1000] = np.where(chance.random((1000, len(row))) < 0.5, low, high)
        for j, column in enumerate(ball.domain.columns):
            tries[:, j] = (
                row[j] if column.immutable else np.rint(tries[:, j]) if column.whole else tries[:, j]
            )
        tries = tries.astype(np.float32)
        asked = case.target.predict(tries[ball.holds(tries)]).labels
        if found == "holds":
            held += 1
            assert (asked == labels[place]).all()
        elif found == "violated":
            assert point is not None and ball.holds(point[None])[0]
    assert held >= 4


def test_the_certified_share_is_judged_and_a_form_that_differs_is_not(linear_case: Case) -> None:
    claim, counts = linear_case.counted("R4.certified")
    assert claim.params["how"] == "linear" and counts["differs"] == counts["unknown"] == 0
    lower = RULES[claim.kind](claim, counts).lower
    assert lower is not None and float(lower) < counts["holds"] / counts["rows"]
    assert RULES[claim.kind](claim, {**counts, "differs": 1}).state == "not_estimable"


def test_smoothing_serves_where_only_answers_are_given_and_pays_for_its_own_error(linear_case: Case) -> None:
    case = replace(linear_case, target=Less(linear_case.target, "labels")).within(
        rows=40, radius=Fraction(1, 20), noise=Fraction(1, 10), samples=1500
    )
    claim, counts = case.counted("R4.certified")
    assert claim.params["how"] == "smoothing" and claim.params["norm"] == "l2"
    assert 0 < counts["holds"] < counts["rows"] == 40
    found = RULES[claim.kind](claim, counts)
    exact = RULES[claim.kind](replace(claim, params={**claim.params, "row_alpha": "0"}), counts)
    assert float(exact.lower or 0) - float(found.lower or 0) == pytest.approx(0.001, abs=2e-6)


def test_smoothing_does_not_contradict_exact_distances(linear_case: Case) -> None:
    """A row nearer to the boundary than a tenth of the radius is not certified: half of its noise lies beyond."""
    from hutong.engines.trust.distances import LinearModel, minimal_linear

    case = replace(linear_case, target=Less(linear_case.target, "labels")).within(
        rows=1, noise=Fraction(1, 10)
    )
    form = form_of(linear_case.setting())
    assert form is not None and isinstance(form.plain, LinearModel)
    plain = form.plain
    near = minimal_linear(
        replace(plain, weights=plain.weights * [62, 1, 1, 1]), case.data.features / [62, 1, 1, 1], "l2"
    )
    closest = int(np.argmin(near.distance))
    assert near.distance[closest] < 0.005
    data = replace(
        case.data, features=case.data.features[[closest]], labels=case.data.labels[[closest]], groups={}
    )
    assert replace(case, data=data).counted("R4.certified")[1]["holds"] == 0


def test_level_five_needs_every_row(linear_case: Case, network_case: Case) -> None:
    tiny = linear_case.within(proven=Fraction(1, 10**6), rows=20)
    claim, counts = tiny.counted("R5.rows")
    assert counts["holds"] == counts["rows"] == 20 and tiny.judged("R5.rows").state == "pass"
    assert RULES[claim.kind](claim, {**counts, "holds": 19, "unknown": 1}).state == "inconclusive"
    assert linear_case.within(proven=Fraction(1, 4)).judged("R5.rows").state == "fail"
    assert network_case.within(rows=6, proven=Fraction(1, 2)).judged("R5.rows").state == "fail"


def test_a_narrow_spike_is_not_called_proven() -> None:
    """A network that is right everywhere but in a pit a hundredth wide, which no sample meets."""
    from sklearn.neural_network import MLPClassifier

    # relu(x - .7), relu(x - .71), relu(x - .72): a tent of height 1 at .71; label 1 where it beats one half.
    model = MLPClassifier((3,), max_iter=1)
    model.fit(np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.2]]), ["0", "1", "2"])
    model.coefs_ = [np.array([[1.0, 1, 1], [0, 0, 0]]), np.array([[0, 100.0, 0], [0, -200, 0], [0, 100, 0]])]
    model.intercepts_ = [-np.array([0.7, 0.71, 0.72]), np.array([0.5, 0.0, -9.0])]
    one = Fraction(1)
    columns = (trust.Column("x", Fraction(0), one), trust.Column("z", Fraction(0), one))
    promises = (
        trust.Promise("below the pit", (("x", Fraction(0), Fraction(69, 100)),), "0"),
        trust.Promise("over the pit", (("x", Fraction(0), one),), "0"),
    )
    system = system_on(trust.Domain("table", columns), ("0", "1", "2"), promises=promises)
    rows = np.random.default_rng(0).random((60, 2)).astype(np.float32)
    rows[np.abs(rows[:, 0] - 0.71) < 0.02, 0] = 0.3
    target = trust.open_model(onnx_of(model, 2), system)
    assert (target.predict(rows).labels == 0).all()
    data = trust.data_of({"features": rows, "labels": ["0"] * 60}, system)
    case = Case(target, system, trust.load_profile("form-reader"), data)
    _, counts = case.counted("R5.boxes")
    assert counts["boxes"] == [
        {"name": "below the pit", "verdict": "holds"},
        {"name": "over the pit", "verdict": "violated"},
    ]
    assert case.judged("R5.boxes").state == "fail"
    wide = case.within(proven=Fraction(1, 2), rows=60)
    assert wide.counted("R5.rows")[1]["violated"] > 0 and wide.judged("R5.rows").state == "fail"


def test_a_promise_names_columns_and_labels_that_exist(linear_case: Case) -> None:
    from hutong.kernel.errors import Invalid

    with pytest.raises(Invalid):
        replace(
            linear_case.system, promises=(trust.Promise("p", (("height", Fraction(0), Fraction(1)),), "1"),)
        )


def test_only_a_softmax_or_a_sigmoid_at_the_end_is_taken_off(network_case: Case, linear_case: Case) -> None:
    assert deciding_network(linear_case.target.content, linear_case.system) is None
    assert deciding_network(b"no model", linear_case.system) is None
    assert deciding_network(network_case.target.content, network_case.system) is not None


@pytest.mark.parametrize("positive", [None, "0", "1"])
@pytest.mark.parametrize("at", [Fraction(1, 2), Fraction(9, 10), Fraction(1, 10)])
def test_two_labels_end_in_a_sigmoid_and_their_rule_is_part_of_the_form(
    table_case: Any, positive: str | None, at: Fraction
) -> None:
    """The network decides as the file does under the rule, on rows and at its very edge."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rule: Any = {} if positive is None else {"positive": positive, "decision_at": at}
    model = make_pipeline(StandardScaler(), MLPClassifier((12,), max_iter=60, random_state=0))
    case = table_case(model, **rule)
    form = form_of(case.setting())
    assert form is not None and form.kind == "network"
    rows = case.data.features
    assert (form.decide(rows) == case.target.predict(rows).labels).all()
    lower, upper = rows[:400].astype(np.float64), rows[400:800].astype(np.float64)
    share = np.linspace(0, 1, 400)[:, None]
    between = (share * lower + (1 - share) * upper).astype(np.float32)
    told, found = case.target.predict(between).labels, form.decide(between)
    assert set(told.tolist()) == {0, 1}
    margins = np.abs(np.diff(form.network.replay(between), axis=1)[:, 0]) if form.network else np.zeros(400)
    assert (told == found)[margins > form.guard].all()


def test_scores_that_could_be_others_than_those_read_are_not_read(table_case: Any) -> None:
    """A file may show a harmless network beside the scores that it is judged by."""
    import onnx
    from sklearn.neural_network import MLPClassifier

    case = table_case(MLPClassifier((6,), max_iter=5, random_state=0))
    proto = onnx.load_model_from_string(case.target.content)
    assert deciding_network(case.target.content, case.system) is not None
    scores = next(o for o in proto.graph.output if o.type.tensor_type.elem_type == onnx.TensorProto.FLOAT)
    half = onnx.numpy_helper.from_array(np.array([[0.0, 1.0], [1.0, 0.0]], np.float32), "swap")
    proto.graph.initializer.append(half)
    proto.graph.node.append(onnx.helper.make_node("MatMul", [scores.name, "swap"], ["other"]))
    other = onnx.helper.make_tensor_value_info("other", onnx.TensorProto.FLOAT, [None, 2])
    proto.graph.output.insert(0, other)
    content = proto.SerializeToString()
    assert (trust.open_model(content, case.system).predict(case.data.features[:9]).labels
            != case.target.predict(case.data.features[:9]).labels).all()  # fmt: skip
    assert deciding_network(content, case.system) is None
