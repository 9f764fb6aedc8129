"""The gates: random labels fail, honest models pass, explanations that ignore the model are rejected."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest

from hutong.engines import trust
from hutong.engines.trust.distances import is_feasible
from hutong.engines.trust.explanations import (
    compare_labels,
    compare_weights,
    explainer_of,
    neighbours,
    permuted,
    randomise,
    refit_of,
    refits_for,
    stable_rows,
)
from hutong.engines.trust.types import Column, Domain

# The gate as the room runs it: the claims that make it up.
GATE = ("X3.labels", "X3.weights")


def outcome(make: Any, kind: str, seed: int, shuffled: bool) -> bool:
    setting, target = make.setting(kind, seed, d=6, n=300, shuffled=shuffled)
    return all(make.findings(setting, target, claim, f"s{seed}")[claim][1].state == "pass" for claim in GATE)


def rates(make: Any, kind: str, seeds: range) -> tuple[int, int]:
    """Honest models that pass, and models on random labels that fail."""
    honest = sum(outcome(make, kind, s, False) for s in seeds)
    return honest, sum(not outcome(make, kind, s, True) for s in seeds)


def test_over_20_seeds_random_labels_fail_and_honest_models_pass(make: Any) -> None:
    honest, caught = rates(make, "linear", range(20))
    assert honest >= 19 and caught >= 19


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("kind", ["linear", "boosted", "forest", "network"])
def test_over_100_seeds_random_labels_fail_and_honest_models_pass(make: Any, kind: str) -> None:
    honest, caught = rates(make, kind, range(1000, 1100))
    print(f"{kind}: honest pass {honest}, random labels fail {caught} of 100")
    assert honest >= 95 and caught >= 95


def test_the_number_of_refits_is_what_the_error_needs() -> None:
    assert [refits_for(a) for a in (0.05, 0.01, 0.5)] == [19, 99, 1]
    assert all((refits_for(a) + 1) * a >= 1 - 1e-9 for a in np.linspace(0.001, 0.5, 333))


@pytest.fixture(scope="module")
def trained(make: Any) -> Any:
    return make.setting("linear", 3, d=6, n=300)


def asked(setting: Any, target: Any, planned: int, explain: Any) -> Any:
    from hutong.engines.trust.explanations import ask_of

    data = setting.data
    chances = (np.random.default_rng(i) for i in range(planned))
    refits = permuted(refit_of("linear"), data.train_features, data.train_labels, 2, chances)
    return compare_labels(ask_of(target), refits, explain, planned, 0.9)


def test_explanations_that_ignore_the_model_are_rejected(trained: Any) -> None:
    setting, target = trained
    rows = setting.data.features[:40]
    for blind in (np.abs(rows).astype(np.float64), np.ones(rows.shape), np.zeros(rows.shape)):
        found = asked(setting, target, 19, lambda ask, blind=blind: blind)
        assert found.as_good == 1 and found.drawn == 1 and found.alike == 1
    honest = asked(setting, target, 19, explainer_of(rows, setting.data.labels[:40], rows[-2:], 1))
    assert honest.as_good == 0 and honest.drawn == 19 and honest.alike < 19


def test_an_explanation_that_only_scales_with_the_model_is_alike_for_all(trained: Any) -> None:
    """It passes the comparison of evidence, which is why likeness is counted too."""
    setting, target = trained
    rows, labels = setting.data.features[:40], setting.data.labels[:40]

    def shallow(ask: Any) -> Any:
        hits = (ask(rows).argmax(axis=1) == labels).mean()
        return np.abs(rows).astype(np.float64) * hits

    found = asked(setting, target, 19, shallow)
    assert found.as_good == 0 and found.alike == found.drawn == 19


@pytest.mark.parametrize("kind", ["linear", "forest", "boosted", "network"])
def test_permuted_artefacts_run_hold_the_same_numbers_and_explain_otherwise(make: Any, kind: str) -> None:
    from hutong.engines.trust.explanations import ask_of

    setting, target = make.setting(kind, 1, d=6, n=200)
    changed = [randomise(setting.model, np.random.default_rng(i)) for i in range(6)]
    assert all(c is not None and c != setting.model for c in changed) and len(set(changed)) == 6
    sizes = [np.sort(np.abs(numbers(c))) for c in (setting.model, changed[0])]
    assert (sizes[0] == sizes[1]).all()
    rows = setting.data.features[:30]
    explain = explainer_of(rows, target.predict(rows).labels, setting.data.features[-2:], 1)
    others = [ask_of(trust.open_model(c, setting.system)) for c in changed if c]
    found = compare_weights(ask_of(target), others, explain, 0.9)
    assert found.drawn == 6 and found.alike <= 1
    assert compare_weights(ask_of(target), [ask_of(target)] * 3, explain, 0.9).alike == 3


def numbers(content: bytes) -> Any:
    """All learned numbers of an ONNX file."""
    graph = onnx.load_model_from_string(content).graph
    found = [onnx.numpy_helper.to_array(t).ravel() for t in graph.initializer]
    names = ("coefficients", "nodes_values", "class_weights")
    found += [np.array(a.floats) for n in graph.node for a in n.attribute if a.name in names]
    return np.concatenate([f for f in found if f.dtype.kind == "f"])


def test_an_artefact_without_learned_numbers_has_nothing_to_permute() -> None:
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    ends = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [None, 2]) for n in ("x", "y")]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    content = onnx.helper.make_model(graph, ir_version=8).SerializeToString()
    assert randomise(content, np.random.default_rng(0)) is None


@pytest.mark.parametrize("family", ["linear", "trees", "network"])
def test_refits_learn_true_labels_and_keep_their_chance(make: Any, family: Any) -> None:
    rows, labels = make.rows(0, 600, 6, 3)
    fit = refit_of(family)
    ask = fit(rows[:300], labels[:300], 4, np.random.default_rng(1))
    again = fit(rows[:300], labels[:300], 4, np.random.default_rng(1))
    assert (ask(rows[300:]).argmax(axis=1) == labels[300:]).mean() > 0.6
    assert (ask(rows) == again(rows)).all() and ask(rows).shape == (600, 4)


TYPED = Domain(
    "table",
    (
        Column("a", Fraction(0), Fraction(1)),
        Column("b", Fraction(0), Fraction(20), whole=True),
        Column("c", Fraction(0), Fraction(1), immutable=True),
        Column("d"),
        Column("e", Fraction(0), Fraction(1), whole=True),
    ),
)


def test_neighbours_are_near_and_feasible() -> None:
    chance = np.random.default_rng(0)
    table = (chance.random(300), chance.integers(0, 21, 300), chance.random(300), chance.normal(size=300))
    rows = np.stack([*table, chance.integers(0, 2, 300)], axis=1).astype(np.float32)
    near = neighbours(rows, TYPED, Fraction(1, 100), chance)
    assert is_feasible(near, rows, TYPED).all()
    move = np.abs(near - rows)
    assert (
        move[:, 0].max() <= 0.0101
        and move[:, 1].max() == 1
        and (move[:, [2, 4]] == 0).all()
        and (move[:, 0] > 0).mean() > 0.9
    )


def test_rough_explanations_are_unstable_and_smooth_ones_stable() -> None:
    chance = np.random.default_rng(0)
    rows = chance.random((200, 4)).astype(np.float32)
    domain = Domain("table", tuple(Column(c, Fraction(0), Fraction(1)) for c in "abcd"))
    smooth = lambda table, classes: np.asarray(table, np.float64) + 1  # noqa: E731
    rough = lambda table, classes: np.sin(np.asarray(table, np.float64) * 2000)  # noqa: E731

    def stable(attribute: Any) -> int:
        chances = [np.random.default_rng(i) for i in range(3)]
        return int(
            stable_rows(
                attribute, rows, np.zeros(200, np.int64), domain, Fraction(1, 100), 0.9, chances
            ).sum()
        )

    assert stable(smooth) == 200 and stable(rough) <= 10
