"""Faithfulness measures: right orders win, wrong ones lose, random ones win half; what is filled in is of the domain."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from hutong.engines.trust.explanations import MEASURES, enumerate_coalitions, filler_of, wins
from hutong.engines.trust.explanations.faithful import orders
from hutong.engines.trust.targets import outside
from hutong.engines.trust.types import Column, Domain

WEIGHTS = np.array([3.0, -2.0, 1.0, 0.5, -0.25, 0.1])


def ask(rows: Any) -> Any:
    p = 1 / (1 + np.exp(-(np.asarray(rows, np.float64) @ WEIGHTS)))
    return np.stack([1 - p, p], axis=1)


@pytest.fixture(scope="module")
def case() -> dict[str, Any]:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(400, 6)).astype(np.float32)
    classes = ask(rows).argmax(axis=1)
    domain = Domain("table", tuple(Column(f"c{j}") for j in range(6)))
    return {"rows": rows, "classes": classes, "behind": rows[:4], "fill": filler_of(rows, domain, chance)}


def share(case: dict[str, Any], values: Any, seed: int = 3) -> dict[str, int]:
    won = wins(
        ask, case["rows"], case["classes"], values, case["behind"], case["fill"], np.random.default_rng(seed)
    )
    return {m: int(won[m].sum()) for m in MEASURES}


def test_true_orders_win_and_their_reverse_loses(case: dict[str, Any]) -> None:
    values = enumerate_coalitions(ask, case["rows"], case["classes"], case["behind"]).values
    good, bad = share(case, values), share(case, -values)
    assert min(good.values()) >= 0.9 * 400 and max(bad.values()) <= 0.1 * 400


@pytest.mark.parametrize("constant", [False, True])
def test_an_order_by_chance_wins_half_at_most(case: dict[str, Any], constant: bool) -> None:
    shape = case["rows"].shape
    values = np.ones(shape) if constant else np.random.default_rng(5).normal(size=shape)
    for won in share(case, values).values():
        assert won <= binom.ppf(1 - 1e-4, 400, 0.5)


def test_equal_attributions_are_ranked_by_chance() -> None:
    ranks = orders(np.zeros((300, 4)), np.random.default_rng(0), 1)[:, 0]
    assert (np.sort(ranks, axis=1) == np.arange(4)).all()
    assert all(40 < int((ranks[:, j] == 0).sum()) < 110 for j in range(4))


def test_a_system_that_answers_always_alike_has_no_faithful_order(case: dict[str, Any]) -> None:
    rows = case["rows"]
    flat = lambda table: np.full((len(table), 2), 0.5)  # noqa: E731
    won = wins(flat, rows, case["classes"], rows, case["behind"], case["fill"], np.random.default_rng(0))
    assert not any(won[m].any() for m in MEASURES)


def test_tables_are_filled_by_regression_on_what_is_kept() -> None:
    chance = np.random.default_rng(0)
    first = chance.normal(size=4000)
    table = np.stack([first, 2 * first + 0.1 * chance.normal(size=4000), chance.normal(size=4000)], axis=1)
    fill = filler_of(table.astype(np.float32), Domain("table", tuple(Column(c) for c in "abc")), chance)
    rows = table[:200].astype(np.float32)
    gone = np.tile([False, True, False], (200, 1))
    filled = fill(rows, gone)
    assert (filled[:, [0, 2]] == rows[:, [0, 2]]).all()
    # The noise is a tenth of the column's spread of 2.
    assert np.abs(filled[:, 1] - 2 * rows[:, 0]).mean() < 0.3 and np.abs(filled[:, 1]).mean() > 1


def test_images_are_filled_with_their_neighbours() -> None:
    domain = Domain.image(8, 8)
    chance = np.random.default_rng(0)
    table = np.repeat(chance.random((50, 1)), 64, axis=1).astype(np.float32)
    fill = filler_of(table, domain, chance)
    gone = chance.random((50, 64)) < 0.3
    assert np.abs(fill(table, gone) - table).max() < 0.35 and np.abs(fill(table, gone) - table).mean() < 0.05


def test_what_is_filled_in_lies_in_the_domain() -> None:
    chance = np.random.default_rng(0)
    domain = Domain(
        "table",
        (
            Column("a", Fraction(0), Fraction(1)),
            Column("b", Fraction(0), Fraction(3), whole=True),
            Column("c"),
        ),
    )
    rows = np.stack([chance.random(90), chance.integers(0, 4, 90), chance.normal(size=90)], axis=1).astype(
        np.float32
    )
    fill = filler_of(rows, domain, chance)
    for _ in range(20):
        assert outside(fill(rows, chance.random((90, 3)) < 0.7), domain) is None
