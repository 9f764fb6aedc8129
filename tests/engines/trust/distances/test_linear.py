"""Linear distances against closed forms, linear and integer programmes, a general optimiser and full enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linprog, milp, minimize

from hutong.engines.trust.distances import (
    NORMS,
    Norm,
    closed_form,
    is_feasible,
    linear,
    minimal_linear,
    read_model,
    size,
)
from hutong.engines.trust.distances.fill import fill_l2
from hutong.engines.trust.types import Column, Domain
from hutong.kernel.errors import Invalid

SEEDS = st.integers(0, 10**6)


def case(seed: int, whole: float = 0.0) -> tuple[Any, Any, Domain]:
    """A model of 2-4 classes, feasible rows and a domain: some weights zero, some columns fixed, some rows on edges."""
    chance = np.random.default_rng(seed)
    d, k = int(chance.integers(1, 6)), int(chance.integers(2, 5))
    weights = chance.normal(size=(k, d)) * (chance.random((k, d)) < 0.85)
    model = linear(weights, chance.normal(size=k))
    columns = []
    for j in range(d):
        columns.append(
            Column(
                f"c{j}",
                Fraction(-2),
                Fraction(3),
                bool(chance.random() < whole),
                bool(chance.random() < 0.15),
            )
        )
    rows = chance.uniform(-2, 3, (4, d))
    rows = np.where(chance.random(rows.shape) < 0.2, np.round(rows), rows)
    rows = np.where([c.whole for c in columns], np.round(rows), rows)
    return model, rows.astype(np.float32), Domain("table", tuple(columns))


def pairs(model: Any, row: Any) -> list[tuple[Any, float]]:
    """(w, gain needed) for each other class."""
    y, scores = int(model.decide(row[None])[0]), model.scores(row[None])[0]
    others = [c for c in range(len(model.labels)) if c != y]
    return [(model.weights[c] - model.weights[y], float(scores[y] - scores[c])) for c in others]


def room(row: Any, domain: Domain) -> Any:
    free = np.array([not c.immutable for c in domain.columns])
    return np.where(free, -2.0 - row, 0.0), np.where(free, 3.0 - row, 0.0)


def by_programme(w: Any, g: float, low: Any, high: Any, norm: Norm, whole: Any) -> float:
    """Least l1 or linf norm by HiGHS: change = up - down, both >= 0, and their largest."""
    d = len(w)
    cost = (
        np.concatenate([np.ones(2 * d), [0.0]]) if norm == "l1" else np.concatenate([np.zeros(2 * d), [1.0]])
    )
    top = np.concatenate([np.maximum(high, 0), np.maximum(-low, 0), [np.inf]])
    rows, upper = [np.concatenate([-w, w, [0.0]])], [-g]
    for j in range(d):
        both = np.zeros(2 * d + 1)
        both[j] = both[d + j] = 1.0
        both[-1] = -1.0
        rows.append(both)
        upper.append(0.0)
    if not whole.any():
        found = linprog(
            cost, A_ub=np.array(rows), b_ub=upper, bounds=list(zip(np.zeros(2 * d + 1), top, strict=True))
        )
        return float(found.fun) if found.status == 0 else np.inf
    kinds = np.concatenate([whole, whole, [False]]).astype(int)
    from scipy.optimize import Bounds

    found = milp(
        cost, integrality=kinds, bounds=Bounds(np.zeros(2 * d + 1), top),
        constraints=LinearConstraint(np.array(rows), -np.inf, upper), options={"mip_rel_gap": 0},
    )  # fmt: skip
    return float(found.fun) if found.status == 0 else np.inf


@given(SEEDS)
@settings(deadline=None, max_examples=100)
def test_without_a_domain_the_distance_is_the_closed_form(seed: int) -> None:
    model, rows, _ = case(seed)
    for norm in NORMS:
        found = minimal_linear(model, rows, norm)
        np.testing.assert_allclose(found.distance, closed_form(model, rows, norm), rtol=1e-9)


@given(SEEDS, st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(["l1", "linf"]))
@settings(deadline=None, max_examples=150)
def test_in_a_box_it_is_that_of_a_linear_or_integer_programme(seed: int, share: float, norm: Norm) -> None:
    model, rows, domain = case(seed, share)
    whole = np.array([c.whole for c in domain.columns])
    found = minimal_linear(model, rows, norm, domain)
    for i, row in enumerate(rows.astype(np.float64)):
        want = min(by_programme(w, g, *room(row, domain), norm, whole) for w, g in pairs(model, row))
        assert found.distance[i] == pytest.approx(want, abs=1e-6)


@given(SEEDS)
@settings(deadline=None, max_examples=60)
def test_in_a_box_l2_is_that_of_a_general_optimiser(seed: int) -> None:
    model, rows, domain = case(seed)
    found = minimal_linear(model, rows, "l2", domain)
    for i, row in enumerate(rows.astype(np.float64)):
        low, high = room(row, domain)
        want = np.inf
        for w, g in pairs(model, row):
            most = np.where(w > 0, high, low)
            if w @ most < g:
                continue
            limit = {"type": "ineq", "fun": lambda t, w=w, g=g: w @ t - g, "jac": lambda t, w=w: w}
            solved = minimize(
                lambda t: t @ t, most, jac=lambda t: 2 * t, method="SLSQP", constraints=[limit],
                bounds=list(zip(low, high, strict=True)), options={"ftol": 1e-14, "maxiter": 500},
            )  # fmt: skip
            want = min(want, float(np.sqrt(solved.fun)))
        # SLSQP stops at about 1e-8 of the squared norm; on the lower side ours is proven by its own conditions.
        assert found.distance[i] == pytest.approx(want, abs=1e-6 if want > 1e-2 or np.isinf(want) else 1e-4)


@given(SEEDS)
@settings(deadline=None, max_examples=40)
def test_whole_columns_in_l2_against_every_combination(seed: int) -> None:
    model, rows, domain = case(seed, 1.0)
    found = minimal_linear(model, rows, "l2", domain)
    for i, row in enumerate(rows.astype(np.float64)):
        low, high = room(row, domain)
        moves = np.array(list(product(*[np.arange(a, b + 1) for a, b in zip(low, high, strict=True)])))
        flips = np.zeros(len(moves), np.bool_)
        for w, g in pairs(model, row):
            flips |= moves @ w >= g * (1 - 1e-12)
        lengths = size(moves, "l2")[flips]
        assert found.distance[i] == pytest.approx(lengths.min() if len(lengths) else np.inf, abs=1e-9)
    assert found.exact.all()


@given(SEEDS)
@settings(deadline=None, max_examples=40)
def test_some_whole_columns_in_l2_against_every_combination(seed: int) -> None:
    """The whole columns enumerated, the others by water-filling, which the optimiser above has checked."""
    model, rows, domain = case(seed, 0.5)
    whole = np.array([c.whole for c in domain.columns])
    found = minimal_linear(model, rows, "l2", domain)
    for i, row in enumerate(rows.astype(np.float64)):
        low, high = room(row, domain)
        steps = [np.arange(a, b + 1) if w else np.zeros(1) for a, b, w in zip(low, high, whole, strict=True)]
        moves = np.array(list(product(*steps)))
        want = np.inf
        for w, g in pairs(model, row):
            smooth, space = np.abs(w[~whole]), np.maximum(np.where(w > 0, high, -low)[~whole], 0.0)
            n = len(moves)
            rest = np.maximum(g - moves @ w, 0.0)
            none = np.zeros(int((~whole).sum()), np.bool_)
            bound = fill_l2(np.tile(smooth, (n, 1)), rest, np.tile(space, (n, 1)), none)[2]
            want = min(want, float(np.hypot(size(moves, "l2"), bound).min()))
        assert found.distance[i] == pytest.approx(want, abs=1e-7)


@given(SEEDS, st.sampled_from([0.0, 0.5]), st.sampled_from(NORMS))
@settings(deadline=None, max_examples=150)
def test_counter_examples_are_feasible_flip_and_lie_at_the_distance(
    seed: int, share: float, norm: Norm
) -> None:
    model, rows, domain = case(seed, share)
    found = minimal_linear(model, rows, norm, domain)
    assert is_feasible(found.rows, rows, domain).all()
    assert (model.decide(found.rows)[found.found] != model.decide(rows)[found.found]).all()
    length = size(found.rows.astype(np.float64) - rows, norm)
    whole_steps = any(c.whole for c in domain.columns)
    for i in np.flatnonzero(found.found):
        assert found.lower[i] <= found.distance[i] <= length[i] * (1 + 1e-9) + 1e-12
        if not whole_steps:
            assert length[i] <= found.distance[i] * (1 + 1e-3) + 1e-4
    lost = np.isfinite(found.distance) & ~found.found
    assert not lost.any()


def test_nothing_to_cross_is_infinitely_far() -> None:
    model = linear([1.0, 0.0], -10.0)
    domain = Domain("table", (Column("a", Fraction(0), Fraction(5)), Column("b", Fraction(0), Fraction(5))))
    found = minimal_linear(model, [[1.0, 1.0]], "l2", domain)
    assert np.isinf(found.distance[0]) and not found.found[0] and np.isinf(found.lower[0])
    frozen = Domain("table", (Column("a", None, None, immutable=True), Column("b", None, None)))
    assert np.isinf(minimal_linear(model, [[1.0, 1.0]], "linf", frozen).distance[0])
    with pytest.raises(Invalid) as refused:
        minimal_linear(model, [[9.0, 1.0]], "l2", domain)
    assert refused.value.rule == "rows.infeasible"


@pytest.mark.parametrize("norm", NORMS)
def test_digits_counter_examples_replay_on_onnxruntime(
    norm: Norm, digits: Any, digits_model: Any, onnx_of: Any, runner_of: Any
) -> None:
    content = onnx_of(digits_model, 64)
    model, run, rows = read_model(content, 64), runner_of(content), digits[0][1200:]
    found = minimal_linear(model, rows, norm, Domain.image(8, 8))  # type: ignore[arg-type]
    assert found.found.all() and is_feasible(found.rows, rows, Domain.image(8, 8)).all()
    assert (run(found.rows)[0] != run(rows)[0]).all()
    ratio = size(found.rows.astype(np.float64) - rows, norm) / found.distance
    assert np.median(ratio) < 1.0005 and ratio.min() >= 1 - 1e-9
    # Just inside the lower bound, on the very way to the counter-example, nothing changes yet.
    short = (
        rows
        + (found.rows.astype(np.float64) - rows) * (0.999 * found.lower / found.distance / ratio)[:, None]
    )
    assert (run(short.astype(np.float32))[0] == run(rows)[0]).all()
