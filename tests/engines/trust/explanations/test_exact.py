"""Attributions against brute force, the axioms, and limits that must hold; additivity whose failure is seen."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.trust.distances import linear
from hutong.engines.trust.explanations import (
    MOST,
    enumerate_coalitions,
    explain,
    explain_linear,
    explain_trees,
    missing_shap,
    sample_orders,
)
from hutong.kernel.errors import Invalid


def brute(ask: Any, row: Any, label: int, background: Any) -> Any:
    """Shapley values by the definition: gains over all orders."""

    def worth(inside: tuple[int, ...]) -> float:
        mixed = np.array(background)
        mixed[:, list(inside)] = row[list(inside)]
        return float(ask(mixed)[:, label].mean())

    orders = list(permutations(range(len(row))))
    total = np.zeros(len(row))
    for order in orders:
        for place, one in enumerate(order):
            total[one] += worth(order[: place + 1]) - worth(order[:place])
    return total / len(orders)


def bent(rows: Any) -> Any:
    """A smooth system with interactions, that ignores its last input and treats the first two alike."""
    x = np.asarray(rows, np.float64)
    p = 1 / (1 + np.exp(-(2 * x[:, 0] * x[:, 1] + x[:, 2] - x[:, 0] - x[:, 1])))
    return np.stack([1 - p, p], axis=1)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_all_coalitions_give_the_values_of_the_definition(seed: int) -> None:
    chance = np.random.default_rng(seed)
    rows, behind = chance.normal(size=(2, 4)), chance.normal(size=(3, 4))
    found = enumerate_coalitions(bent, rows, np.array([1, 0]), behind)
    for i, label in enumerate((1, 0)):
        want = brute(bent, rows[i].astype(np.float32), label, behind.astype(np.float32))
        assert found.values[i] == pytest.approx(want, abs=1e-12)
    assert (found.gaps <= 1e-12).all() and found.exact


def test_an_ignored_input_gets_nothing_and_alike_inputs_alike() -> None:
    rows, behind = np.full((1, 4), 0.7), np.zeros((2, 4))
    values = enumerate_coalitions(bent, rows, np.array([1]), behind).values[0]
    assert values[3] == pytest.approx(0, abs=1e-14) and values[0] == pytest.approx(values[1], abs=1e-14)


@pytest.mark.parametrize("k", [2, 3])
def test_the_closed_form_is_that_of_all_coalitions(k: int) -> None:
    chance = np.random.default_rng(k)
    for _ in range(20):
        d = int(chance.integers(1, 9))
        model = linear(chance.normal(size=(k, d)), chance.normal(size=k))
        rows, behind, classes = (
            chance.normal(size=(6, d)),
            chance.normal(size=(5, d)),
            chance.integers(0, k, 6),
        )
        found = explain_linear(model, rows, classes, behind)

        def ask(table: Any, model: Any = model) -> Any:
            scores = model.scores(table)
            return scores - scores.mean(axis=1, keepdims=True) if k > 2 else scores - scores[:, ::-1]

        want = enumerate_coalitions(ask, rows, classes, behind)
        assert np.abs(found.values - want.values).max() <= 1e-12
        assert (found.gaps <= 1e-12).all() and (found.error <= 1e-9).all()
        assert (found.lower <= want.values + 1e-13).all() and (want.values <= found.upper + 1e-13).all()


def test_the_closed_form_is_ten_thousand_times_faster_than_kernel_shap() -> None:
    chance = np.random.default_rng(0)
    model = linear(chance.normal(size=30), 0.1)
    rows, behind, classes = chance.normal(size=(20, 30)), chance.normal(size=(100, 30)), np.ones(20, np.int64)
    spent = []
    for _ in range(200):
        start = perf_counter()
        explain_linear(model, rows, classes, behind)
        spent.append(perf_counter() - start)
    # 1.01 s for these sizes, on two cores.
    assert 1.01 / min(spent) >= 10_000


def test_sampled_orders_add_up_and_their_limits_hold() -> None:
    chance = np.random.default_rng(1)
    rows, behind, classes = chance.normal(size=(10, 4)), chance.normal(size=(3, 4)), chance.integers(0, 2, 10)
    truth = enumerate_coalitions(bent, rows, classes, behind).values
    missed, wide = 0, []
    for seed in range(30):
        found = sample_orders(bent, rows, classes, behind, np.random.default_rng(seed), 24, 0.1)
        assert (found.gaps <= 1e-12).all() and not found.exact
        missed += int((~((found.lower <= truth) & (truth <= found.upper)).all(axis=1)).sum())
        wide.append(float(found.error.mean()))
    assert missed <= 0.1 * 300
    long = sample_orders(bent, rows, classes, behind, chance, 1500, 0.1)
    assert np.abs(long.values - truth).max() < 0.01 and long.error.mean() < 0.3 * np.mean(wide)


def test_the_same_chance_gives_the_same_orders_whatever_the_rows() -> None:
    chance = np.random.default_rng(1)
    rows, behind = chance.normal(size=(3, 5)), chance.normal(size=(2, 5))
    all_at_once = sample_orders(bent, rows, np.ones(3, np.int64), behind, np.random.default_rng(4), 2).values
    alone = sample_orders(bent, rows[1:2], np.ones(1, np.int64), behind, np.random.default_rng(4), 2).values
    assert (all_at_once[1:2] == alone).all()


def test_sampling_in_small_calls_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from hutong.engines.trust.explanations import sampling

    chance = np.random.default_rng(2)
    rows, behind, classes = chance.normal(size=(7, 5)), chance.normal(size=(4, 5)), chance.integers(0, 2, 7)
    whole = sample_orders(bent, rows, classes, behind, np.random.default_rng(3), 2)
    monkeypatch.setattr(sampling, "CHUNK", 13)
    parts = sample_orders(bent, rows, classes, behind, np.random.default_rng(3), 2)
    assert (whole.values == parts.values).all() and (whole.full == parts.full).all()


def test_what_does_not_add_up_is_seen() -> None:
    found = enumerate_coalitions(bent, np.ones((2, 4)), np.array([0, 1]), np.zeros((1, 4)))
    assert found.additive().all()
    off = found.values + np.array([[2e-9, 0, 0, 0], [0, 0, 0, 0]])
    assert replace(found, values=off).additive().tolist() == [False, True]
    assert not replace(found, values=found.values * np.nan).additive().any()


@pytest.mark.parametrize(
    ("rows", "behind"),
    [(np.ones((2, 3)), np.ones((1, 4))), (np.full((1, 3), np.nan), np.ones((1, 3))), (np.ones((1, 3)), np.ones((0, 3)))],
)  # fmt: skip
def test_what_does_not_fit_is_refused(rows: Any, behind: Any) -> None:
    with pytest.raises(Invalid) as error:
        enumerate_coalitions(bent, rows, np.zeros(len(rows), np.int64), behind)
    assert error.value.rule == "explain.shape"


def test_too_many_inputs_are_not_enumerated_but_sampled() -> None:
    wide = MOST + 1
    rows, classes, behind = np.ones((1, wide)), np.array([1]), np.zeros((1, wide))
    with pytest.raises(Invalid) as error:
        enumerate_coalitions(bent, rows, classes, behind)
    assert error.value.rule == "explain.inputs"
    assert explain(bent, rows, classes, behind, np.random.default_rng(0)).how == "permutations"


def ensemble(k: int, seed: int) -> Any:
    """A sum of small random trees in three columns."""
    from hutong.engines.trust.distances import TreeEnsemble, tree

    chance = np.random.default_rng(seed)

    def one() -> Any:
        feature = [*chance.integers(0, 3, 3), -1, -1, -1, -1]
        values = np.where(np.array(feature)[:, None] < 0, chance.normal(size=(7, k)), 0)
        return tree(feature, chance.normal(size=7), [1, 3, 5, 0, 0, 0, 0], [2, 4, 6, 0, 0, 0, 0], values)

    labels = ("a", "b") if k == 1 else tuple("abc"[:k])
    return TreeEnsemble(tuple(one() for _ in range(6)), np.zeros(k, np.float32), labels, 3)


@pytest.mark.parametrize("k", [1, 3])
def test_trees_are_explained_by_shap_where_it_is_installed_and_refused_elsewhere(k: int) -> None:
    from hutong.engines.trust.explanations.trees import sums

    model, chance = ensemble(k, k), np.random.default_rng(5)
    rows, behind = chance.normal(size=(12, 3)), chance.normal(size=(6, 3))
    classes = chance.integers(0, max(k, 2), 12)

    def ask(table: Any) -> Any:
        found = sums(model, table)
        return np.concatenate([-found, found], axis=1) if k == 1 else found

    want = enumerate_coalitions(ask, rows, classes, behind).values
    if missing_shap(model) is not None:
        with pytest.raises(Invalid) as error:
            explain_trees(model, rows, classes, behind)
        assert error.value.rule == "explain.shap"
        found = explain(ask, rows, classes, behind, chance, model)
        assert found.how == "enumeration" and found.values == pytest.approx(want, abs=1e-12)
        return
    found = explain_trees(model, rows, classes, behind)
    assert (found.lower <= want + 1e-12).all() and (want <= found.upper + 1e-12).all()
    # Weights in float32 (shap 0.51): near, but not to 1e-9. Should this fail, shap has become exact.
    assert np.abs(found.values - want).max() < 1e-5 and not found.additive().all()
