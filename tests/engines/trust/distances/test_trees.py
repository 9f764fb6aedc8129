"""Tree distances against full enumeration, an integer programme and onnxruntime; ties, types, unfinished searches."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.distances import (
    Norm,
    TreeEnsemble,
    box_of,
    is_feasible,
    minimal_trees,
    read_model,
    size,
    tree,
    trees,
)
from hutong.engines.trust.distances.cells import grid_of, view_of
from hutong.engines.trust.distances.milp import minimal_by_milp
from hutong.engines.trust.types import Column, Domain

TREE_NORMS: tuple[Norm, ...] = ("linf", "l1", "l2")


def enumerated(ensemble: TreeEnsemble, row: Any, domain: Domain, norm: Norm) -> float:
    """Least distance over every combination of candidate values: own, thresholds, their successors, whole numbers."""
    options = []
    for j, column in enumerate(domain.columns):
        marks = np.concatenate([t.threshold[t.feature == j] for t in ensemble.trees])
        values = np.concatenate([marks, np.nextafter(marks, np.float32(np.inf))])
        if column.whole:
            values = np.concatenate([np.floor(values), np.ceil(values)])
        low, high = np.float32(float(column.low or 0)), np.float32(float(column.high or 0))
        values = values[(values >= low) & (values <= high)]
        options.append(np.array([row[j]]) if column.immutable else np.unique(np.append(values, row[j])))
    points = np.array(list(product(*options)), np.float32)
    flips = ensemble.decide(points) != ensemble.decide(row[None])[0]
    lengths = size(points.astype(np.float64) - row, norm)[flips]
    return float(lengths.min()) if len(lengths) else np.inf


@pytest.mark.parametrize("seed", range(30))
def test_small_ensembles_against_every_combination(
    seed: int, ensemble_of: Any, domain_of: Any, rows_of: Any
) -> None:
    chance = np.random.default_rng(seed)
    width, k = int(chance.integers(1, 4)), int(chance.choice([1, 2, 3]))
    ensemble = ensemble_of(chance, int(chance.integers(1, 5)), int(chance.integers(1, 4)), width, k)
    domain = domain_of(chance, width)
    rows = rows_of(chance, 6, domain)
    for norm in TREE_NORMS:
        found = minimal_trees(ensemble, rows, norm, domain)
        want = [enumerated(ensemble, row, domain, norm) for row in rows]
        np.testing.assert_allclose(found.distance, want, rtol=1e-9, atol=1e-12)
        assert found.exact.all() and (found.found == np.isfinite(want)).all()
        assert is_feasible(found.rows, rows, domain).all()
        flipped = ensemble.decide(found.rows) != ensemble.decide(rows)
        assert (flipped == found.found).all()
        length = size(found.rows.astype(np.float64) - rows, norm)
        np.testing.assert_allclose(length[found.found], found.distance[found.found], rtol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_the_search_alone_is_exact(
    seed: int, ensemble_of: Any, domain_of: Any, rows_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a first answer to beat: a bound that is too high would lose the optimum and could not hide behind it."""
    monkeypatch.setattr(trees, "plunge", lambda *_: (np.inf, None))
    chance = np.random.default_rng(500 + seed)
    width, k = int(chance.integers(2, 5)), int(chance.choice([1, 2, 3]))
    ensemble = ensemble_of(chance, int(chance.integers(4, 8)), 3, width, k)
    domain = domain_of(chance, width)
    rows = rows_of(chance, 5, domain)
    for norm in TREE_NORMS:
        found = minimal_trees(ensemble, rows, norm, domain)
        want = [enumerated(ensemble, row, domain, norm) for row in rows]
        np.testing.assert_allclose(found.distance, want, rtol=1e-9, atol=1e-12)


def against_milp(seed: int, ensemble_of: Any, domain_of: Any, rows_of: Any) -> None:
    chance = np.random.default_rng(10_000 + seed)
    width, k = int(chance.integers(2, 7)), int(chance.choice([1, 1, 2, 3]))
    ensemble = ensemble_of(chance, int(chance.integers(3, 11)), int(chance.integers(2, 4)), width, k)
    domain = domain_of(chance, width)
    row = rows_of(chance, 1, domain)
    norm: Norm = "linf" if seed % 2 else "l1"
    found = minimal_trees(ensemble, row, norm, domain)
    view = view_of(grid_of(ensemble), row[0], box_of(domain, width), norm)
    want = minimal_by_milp(view, int(ensemble.decide(row)[0]), norm)
    assert found.exact[0] and found.distance[0] == pytest.approx(want, abs=1e-6)
    assert is_feasible(found.rows, row, domain).all()


@pytest.mark.parametrize("seed", range(40))
def test_random_ensembles_against_an_integer_programme(
    seed: int, ensemble_of: Any, domain_of: Any, rows_of: Any
) -> None:
    against_milp(seed, ensemble_of, domain_of, rows_of)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_ensembles_against_an_integer_programme(
    ensemble_of: Any, domain_of: Any, rows_of: Any
) -> None:
    for seed in range(40, 540):
        against_milp(seed, ensemble_of, domain_of, rows_of)


def stumps(*bars: float) -> tuple[Any, ...]:
    return tuple(tree([0, -1, -1], [bar, 0, 0], [1, 0, 0], [2, 0, 0], [0.0, 0.0, 0.25]) for bar in bars)


def test_ties_on_thresholds_and_in_sums_are_those_of_the_artefact() -> None:
    # Four votes of one quarter; the second label wins above one half, not at it.
    model = TreeEnsemble(stumps(1.0, 2.0, 3.0, 4.0), np.zeros(1, np.float32), ("a", "b"), 1, cut=0.5)
    found = minimal_trees(model, [[3.0], [3.5], [1.0]], "linf")
    up = float(np.nextafter(np.float32(3), np.float32(4)))
    # 3.0 itself is still "a": the next float32 is "b". From 3.5 the nearest "a" is 3.0 exactly.
    assert found.distance.tolist() == [up - 3.0, 0.5, up - 1.0]
    assert found.rows[:, 0].tolist() == [up, 3.0, up]
    # Whole columns cannot use the next float32; a bound below it leaves nothing.
    whole = Domain("table", (Column("x", Fraction(0), Fraction(9), whole=True),))
    assert minimal_trees(model, [[3.0]], "linf", whole).distance[0] == 1.0
    closed = Domain("table", (Column("x", Fraction(0), Fraction(3)),))
    assert np.isinf(minimal_trees(model, [[2.0]], "linf", closed).distance[0])
    fixed = Domain("table", (Column("x", Fraction(0), Fraction(9), immutable=True),))
    assert np.isinf(minimal_trees(model, [[2.0]], "l1", fixed).distance[0])


def test_float32_sums_decide_where_real_sums_tie() -> None:
    # In real numbers .1 + .2 + .3 equals .6; in float32, added in this order, it lies above the float32 of .6.
    def vote(share: float, bar: float) -> Any:
        return tree([0, -1, -1], [bar, 0, 0], [1, 0, 0], [2, 0, 0], [0.0, 0.0, share])

    shares = (np.float32(0.1), np.float32(0.2), np.float32(0.3))
    total = np.float32(np.float32(shares[0] + shares[1]) + shares[2])
    cut = float(np.nextafter(total, np.float32(0)))
    model = TreeEnsemble(
        tuple(vote(float(s), 1.0) for s in shares), np.zeros(1, np.float32), ("a", "b"), 1, cut=cut
    )
    assert minimal_trees(model, [[0.0]], "linf").rows[0, 0] == np.nextafter(np.float32(1), np.float32(2))
    level = TreeEnsemble(model.trees, model.base, model.labels, 1, cut=float(total))
    assert np.isinf(minimal_trees(level, [[0.0]], "linf").distance[0])
    # A required lead above the one there is leaves nothing either.
    assert np.isinf(minimal_trees(model, [[0.0]], "linf", slack=1e-3).distance[0])


def test_a_model_that_never_changes_is_infinitely_far() -> None:
    leaf = tree([-1], [0.0], [0], [0], [[1.0, 0.0]])
    model = TreeEnsemble((leaf,), np.zeros(2, np.float32), ("a", "b"), 2)
    assert len(minimal_trees(model, np.zeros((0, 2)), "l1").distance) == 0
    found = minimal_trees(model, [[0.0, 1.0]], "linf")
    assert np.isinf(found.distance[0]) and np.isinf(found.lower[0]) and found.exact[0] and not found.found[0]


@pytest.mark.parametrize("norm", TREE_NORMS)
def test_an_unfinished_search_still_bounds_the_distance(
    norm: Norm, ensemble_of: Any, domain_of: Any, rows_of: Any
) -> None:
    chance = np.random.default_rng(5)
    ensemble = ensemble_of(chance, 12, 4, 8, 1)
    domain = domain_of(chance, 8)
    rows = rows_of(chance, 12, domain)
    exact, early = (
        minimal_trees(ensemble, rows, norm, domain),
        minimal_trees(ensemble, rows, norm, domain, nodes=0),
    )
    assert exact.exact.all() and (exact.distance == exact.lower).all()
    assert (early.lower <= exact.distance + 1e-12).all() and (exact.distance <= early.distance + 1e-12).all()
    assert not early.exact.all()


def test_counter_examples_replay_on_onnxruntime(onnx_of: Any, runner_of: Any) -> None:
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, labels = load_breast_cancer(return_X_y=True)
    rows = features.astype(np.float32)
    top = rows.max(axis=0)
    domain = Domain(
        "table",
        tuple(Column(f"c{j}", Fraction(0), Fraction(float(top[j])), immutable=j % 7 == 3) for j in range(30)),
    )
    forest = RandomForestClassifier(10, max_depth=4, random_state=0)
    boosting = GradientBoostingClassifier(n_estimators=20, random_state=0)
    for made in (make_pipeline(StandardScaler(), forest), boosting):
        content = onnx_of(made.fit(rows[:400], labels[:400]), 30)
        model, run = read_model(content, 30), runner_of(content)
        assert isinstance(model, TreeEnsemble)
        some = rows[400:420]
        for norm in ("linf", "l1"):
            found = minimal_trees(model, some, norm, domain)  # type: ignore[arg-type]
            assert found.found.any() and is_feasible(found.rows, some, domain).all()
            assert ((run(found.rows)[0] != run(some)[0]) == found.found).all()
