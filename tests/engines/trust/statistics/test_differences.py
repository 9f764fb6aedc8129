"""Difference of two proportions: coverage by enumeration of all outcomes, and a supremum that is never missed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from hutong.engines.trust.statistics.differences import (
    box_difference,
    exact_difference,
    miettinen_nurminen,
    sidak,
)
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.statistics.search import bisect, can_exceed, first_true
from hutong.kernel.errors import Invalid

ALPHA = 0.05
FLOOR = 0.95 - 3 * np.sqrt(0.95 * 0.05 / 10_000)


def exact_table(n0: int, n1: int, alpha: float = ALPHA) -> tuple[np.ndarray, np.ndarray]:
    found = [[exact_difference((a, b), (n0, n1), alpha) for b in range(n1 + 1)] for a in range(n0 + 1)]
    return (
        np.array([[f.lower for f in row] for row in found]),
        np.array([[f.upper for f in row] for row in found]),
    )


def least_coverage(low: np.ndarray, high: np.ndarray, steps: int = 60) -> float:
    """Least exact coverage over a grid of pairs of proportions, ends included."""
    n0, n1 = low.shape[0] - 1, low.shape[1] - 1
    grid = np.concatenate([[1e-4], np.linspace(0, 1, steps + 1), [1 - 1e-4]])
    first, second = (binom.pmf(np.arange(n + 1)[None, :], n, grid[:, None]) for n in (n0, n1))
    worst = 1.0
    for p, a in zip(grid, first, strict=True):
        # Slack for the rounding of p - q alone.
        inside = (low[None] <= (p - grid)[:, None, None] + 1e-12) & (
            (p - grid)[:, None, None] <= high[None] + 1e-12
        )
        worst = min(worst, float(np.einsum("i,kj,kij->k", a, second, inside).min()))
    return worst


@pytest.mark.parametrize(("n0", "n1"), [(1, 1), (1, 4), (5, 5), (9, 6)])
def test_the_exact_interval_covers_at_every_pair_of_truths(n0: int, n1: int) -> None:
    low, high = exact_table(n0, n1)
    assert least_coverage(low, high) >= 0.95 - 1e-9
    k0, k1 = np.meshgrid(np.arange(n0 + 1), np.arange(n1 + 1), indexing="ij")
    value = k0 / n0 - k1 / n1
    assert np.all(low <= value) and np.all(value <= high)
    box = box_difference(k0, n0, k1, n1, ALPHA)
    assert least_coverage(box.lower, box.upper) >= 0.95 - 1e-9
    # It is worth its price: shorter than the box for nearly every outcome.
    assert (high - low).mean() < (box.upper - box.lower).mean()


def test_the_exact_limit_is_that_of_a_search_by_brute_force() -> None:
    n0, n1, half = 4, 5, ALPHA / 2
    low, _ = exact_table(n0, n1)
    grid = np.linspace(0, 1, 1501)
    for k0, k1 in [(4, 0), (4, 2), (3, 1), (2, 4)]:
        # The event "limit at least as high" and its largest chance under p0 - p1 <= delta, over a dense grid.
        event = low >= low[k0, k1] - 1e-6
        first, second = (binom.pmf(np.arange(n + 1)[None, :], n, grid[:, None]) for n in (n0, n1))
        chance = first @ event @ second.T
        differences = grid[:, None] - grid[None, :]
        above = differences[chance > half].min()
        assert low[k0, k1] == pytest.approx(above, abs=2e-3)
        assert low[k0, k1] <= above


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_swapping_the_groups_turns_the_interval_round(n0: int, n1: int, data: st.DataObject) -> None:
    k0, k1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    one, other = exact_difference((k0, k1), (n0, n1), ALPHA), exact_difference((k1, k0), (n1, n0), ALPHA)
    assert (one.lower, one.upper) == (-other.upper, -other.lower)
    assert one.covers(one.value)


def test_the_score_interval_is_the_published_one() -> None:
    # Published example: Newcombe 1998 (Statistics in Medicine 17:873), table II, method 5 of 56/70 against 48/80.
    found = miettinen_nurminen(56, 70, 48, 80, ALPHA)
    assert float(found.lower) == pytest.approx(0.0528, abs=5e-5)
    assert float(found.upper) == pytest.approx(0.3382, abs=5e-5)


@pytest.mark.parametrize("sizes", [(1, 1), (10, 40), (300, 300)])
@pytest.mark.parametrize(
    "truths", [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.5, 0.5), (0.93, 0.97), (0.01, 0.2)]
)
def test_coverage_over_ten_thousand_simulations(sizes: tuple[int, int], truths: tuple[float, float]) -> None:
    chance = stream("differences", *sizes, *(str(t) for t in truths))
    hits = [chance.binomial(n, p, 10_000) for n, p in zip(sizes, truths, strict=True)]
    delta = truths[0] - truths[1]
    box = box_difference(hits[0], sizes[0], hits[1], sizes[1], ALPHA)
    assert np.mean((box.lower <= delta + 1e-12) & (delta - 1e-12 <= box.upper)) >= FLOOR
    # Asymptotic, hence a lower floor: it never decides.
    few = slice(0, 3000)
    score = miettinen_nurminen(hits[0][few], sizes[0], hits[1][few], sizes[1], ALPHA)
    assert np.mean((score.lower <= delta + 1e-9) & (delta - 1e-9 <= score.upper)) >= 0.92


def test_large_groups_and_empty_groups() -> None:
    assert exact_difference((0, 3), (0, 5), ALPHA).width == 2
    assert box_difference(0, 0, 3, 5, ALPHA).upper <= 1
    with pytest.raises(Invalid) as refused:
        exact_difference((1, 1), (1000, 1000), ALPHA)
    assert refused.value.rule == "statistics.size"


@pytest.mark.slow
def test_groups_of_some_hundreds_are_close_to_the_score_interval() -> None:
    found = exact_difference((270, 250), (300, 300), ALPHA)
    score = miettinen_nurminen(270, 300, 250, 300, ALPHA)
    assert found.lower == pytest.approx(float(score.lower), abs=0.004)
    assert found.upper == pytest.approx(float(score.upper), abs=0.004)
    assert found.lower <= float(score.lower) + 1e-3


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 25), st.integers(0, 2**26 - 1), st.floats(0.01, 0.6))
def test_the_supremum_is_never_missed(n: int, code: int, level: float) -> None:
    event = np.array([(code >> k) & 1 for k in range(n + 1)], dtype=float)

    def chance(p: np.ndarray) -> np.ndarray:
        return np.asarray(binom.pmf(np.arange(n + 1)[None, :], n, p[:, None]) @ event)

    def length(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(n) * (np.arcsin(np.sqrt(b)) - np.arcsin(np.sqrt(a))))

    largest = chance(np.linspace(0, 1, 20_001)).max()
    answer = can_exceed(chance, length, 0.0, 1.0, level)
    if largest > level:
        assert answer
    elif largest < level * (1 - 1e-3):
        assert not answer


def test_a_narrow_peak_between_the_first_nodes_is_found() -> None:
    n = 400
    for k in range(1, n, 7):

        def chance(p: np.ndarray, k: int = k) -> np.ndarray:
            return np.asarray(binom.pmf(k, n, p))

        def length(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.asarray(np.sqrt(n) * (np.arcsin(np.sqrt(b)) - np.arcsin(np.sqrt(a))))

        peak = float(binom.pmf(k, n, k / n))
        assert can_exceed(chance, length, 0.0, 1.0, peak * 0.99)
        assert not can_exceed(chance, length, 0.0, 1.0, peak * 1.01)


@pytest.mark.parametrize("truth", [0.0, 0.02, 0.3, 0.5])
def test_the_box_covers_when_one_group_is_known_for_sure(truth: float) -> None:
    # All error then lies in the other group: a split that were too generous would show.
    k = np.arange(61)
    found = box_difference(0, 10**9, k, 60, ALPHA)
    for p in np.linspace(truth, truth + 0.4, 200):
        assert (binom.pmf(k, 60, p) * found.covers(-p)).sum() >= 0.95 - 1e-9
    each = 1 - np.sqrt(1 - ALPHA / 2)
    want = binomtest(20, 60, 0.5).proportion_ci(1 - 2 * each)
    assert -found.lower[20] == pytest.approx(want.high, abs=1e-6)


@pytest.mark.parametrize(("n0", "n1"), [(1, 7), (7, 5)])
def test_more_hits_of_the_first_never_lower_the_limits(n0: int, n1: int) -> None:
    low, high = exact_table(n0, n1)
    for table in (low, high):
        assert np.all(np.diff(table, axis=0) >= -2e-4) and np.all(np.diff(table, axis=1) <= 2e-4)


def test_searches_end_where_the_condition_ends() -> None:
    inner, outer = bisect(lambda x: x <= np.sqrt(2) - 1, np.zeros(3), np.ones(3))
    assert np.all(inner <= np.sqrt(2) - 1) and np.all(outer > np.sqrt(2) - 1)
    assert outer - inner == pytest.approx(np.zeros(3), abs=1e-15)
    always, same = bisect(lambda x: x < 9, np.zeros(1), np.ones(1))
    assert always[0] == same[0] == 1
    low, high = np.zeros(5, int), np.array([0, 1, 10, 10, 10])
    found = first_true(lambda k: k >= np.array([0, 5, 3, 99, 0]), low, high)
    assert found.tolist() == [0, 1, 3, 10, 0]
    assert sidak(0.05, 1) == pytest.approx(0.05) and 1 - (1 - sidak(0.05, 3)) ** 3 == pytest.approx(0.05)
