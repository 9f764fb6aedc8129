"""Two systems on the same items: exact test, exact coverage over the whole simplex, clustered errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, multinomial

from hutong.engines.trust.statistics.clusters import clustered_mean
from hutong.engines.trust.statistics.paired import (
    log_paired_e,
    mcnemar,
    paired_difference,
    paired_limits,
)
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.errors import Invalid

ALPHA = 0.05
FLOOR = 0.95 - 3 * np.sqrt(0.95 * 0.05 / 10_000)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_a_binomial_test(b: int, c: int) -> None:
    if b + c == 0:
        assert float(mcnemar(b, c)) == 1.0
        return
    for mine, theirs in (("two-sided", "two-sided"), ("first", "greater"), ("second", "less")):
        want = binomtest(b, b + c, 0.5, alternative=theirs).pvalue
        assert float(mcnemar(b, c, mine)) == pytest.approx(want, rel=1e-9)  # type: ignore[arg-type]


def test_drift_of_a_version_raises_an_alarm_and_none_raises_none() -> None:
    chance = stream("drift")
    coins = np.cumsum(chance.random((10_000, 300)) < 0.5, axis=1)
    drifted = np.cumsum(chance.random((300, 300)) < 0.7, axis=1)
    n, table = np.arange(1, 301), np.arange(301)
    for side, least in (("two-sided", 0.95), ("first", 0.95), ("second", 0.0)):
        e = log_paired_e(table[:, None], table[None, :], side)  # type: ignore[arg-type]
        assert (e[coins, n - coins] >= np.log(20)).any(axis=1).mean() <= 0.05
        found = (e[drifted, n - drifted] >= np.log(20)).any(axis=1).mean()
        assert found > least if least else found < 0.05


def outcomes(n: int) -> np.ndarray:
    return np.array([(b, c, n - b - c) for b in range(n + 1) for c in range(n + 1 - b)])


@pytest.mark.parametrize("n", [1, 3, 8])
def test_both_intervals_cover_over_the_whole_simplex(n: int) -> None:
    table = outcomes(n)
    exact = [paired_difference(int(b), int(c), n, ALPHA) for b, c, _ in table]
    low, high = np.array([e.lower for e in exact]), np.array([e.upper for e in exact])
    box = paired_limits(table[:, 0], table[:, 1], n, ALPHA)
    steps = 24
    for i in range(steps + 1):
        for j in range(steps + 1 - i):
            p, q = i / steps, j / steps
            mass = multinomial.pmf(table, n, [p, q, max(0.0, 1 - p - q)])
            for a, z in ((low, high), (box.lower, box.upper)):
                inside = (a <= p - q + 1e-12) & (p - q <= z + 1e-12)
                assert (mass * inside).sum() >= 0.95 - 1e-9, (p, q)
    assert (high - low).mean() < (box.upper - box.lower).mean()
    assert np.all(low <= (table[:, 0] - table[:, 1]) / n) and np.all((table[:, 0] - table[:, 1]) / n <= high)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 15), st.data())
def test_swapping_the_systems_turns_the_interval_round(n: int, data: st.DataObject) -> None:
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    one, other = paired_difference(b, c, n, ALPHA), paired_difference(c, b, n, ALPHA)
    assert (one.lower, one.upper) == (-other.upper, -other.lower)


@pytest.mark.parametrize("p", [(0.0, 0.0), (1.0, 0.0), (0.3, 0.3), (0.02, 0.1), (0.5, 0.1)])
@pytest.mark.parametrize("n", [1, 30, 1000])
def test_coverage_over_ten_thousand_simulations(n: int, p: tuple[float, float]) -> None:
    draws = stream("paired", n, str(p)).multinomial(n, [*p, max(0.0, 1 - sum(p))], 10_000)
    found = paired_limits(draws[:, 0], draws[:, 1], n, ALPHA)
    delta = p[0] - p[1]
    assert np.mean((found.lower <= delta + 1e-12) & (delta - 1e-12 <= found.upper)) >= FLOOR
    assert np.all(found.upper - found.lower > 0)


def test_many_items_and_wrong_counts_are_refused() -> None:
    with pytest.raises(Invalid):
        paired_difference(1, 1, 10_000, ALPHA)
    with pytest.raises(Invalid):
        paired_limits(3, 3, 5, ALPHA)
    assert paired_difference(0, 0, 0, ALPHA).width == 2


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_clustered_error_is_the_double_sum_of_the_paper(rows: list[tuple[int, float]]) -> None:
    groups, values = [r[0] for r in rows], np.array([r[1] for r in rows])
    mean, n = values.mean(), len(values)
    total = sum(
        (values[i] - mean) * (values[j] - mean) for i in range(n) for j in range(n) if groups[i] == groups[j]
    )
    found = clustered_mean(values, groups)
    assert found.error**2 == pytest.approx(total / n**2, abs=1e-12)
    alone = clustered_mean(values, range(n))
    assert alone.error == pytest.approx(alone.naive_error) and found.mean == pytest.approx(mean)


def test_items_of_one_dialogue_count_once() -> None:
    chance = stream("clusters")
    covered = naive = 0
    for _ in range(2000):
        level = chance.beta(4, 4, 60)
        found = clustered_mean(chance.random((60, 8)) < level[:, None], np.repeat(np.arange(60), 8)[:, None])
        covered += found.interval(ALPHA).covers(0.5)
        naive += abs(found.mean - 0.5) <= 1.96 * found.naive_error
    assert covered / 2000 >= 0.935
    assert naive / 2000 < 0.9


def test_one_cluster_says_nothing_and_nonsense_is_refused() -> None:
    assert clustered_mean([0.1, 0.9], ["a", "a"]).interval(ALPHA).width == np.inf
    for values in ([], [float("nan")]):
        with pytest.raises(Invalid):
            clustered_mean(values, list(range(len(values))))
