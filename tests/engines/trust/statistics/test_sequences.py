"""Confidence sequences: martingales shown by enumeration of all paths, limits that invert them, time-uniform coverage."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_law
from scipy.stats import betabinom

from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.statistics.sequences import (
    bank_sequence,
    beta_binomial_sequence,
    betting_limits,
    betting_sequence,
    log_bank,
    log_beta_binomial,
    log_capital,
)
from hutong.kernel.errors import Invalid

ALPHA = 0.05
CEILING = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 10_000)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.93])
@pytest.mark.parametrize("horizon", [None, 8])
def test_both_capitals_are_martingales_at_the_true_mean(p: float, horizon: int | None) -> None:
    # Three values, all 3^7 paths with their chances; the mean of the values is p' below.
    values, shares = np.array([0.0, p, 1.0]), np.array([0.3 * (1 - p), 0.7, 0.3 * p])
    paths = np.array(list(product(range(3), repeat=7)))
    weight = shares[paths].prod(axis=1)
    mean = float(values @ shares)
    for log in log_capital(values[paths], mean, ALPHA, horizon=horizon):
        for t in range(7):
            assert weight @ np.exp(log[:, t]) == pytest.approx(1.0, abs=1e-12)


def test_without_replacement_both_capitals_are_martingales_over_all_orders() -> None:
    bank = np.array([0.0, 0.1, 0.4, 0.75, 0.8, 1.0])
    orders = bank[np.array(list(permutations(range(6))))]
    for log in log_capital(orders, bank.mean(), ALPHA, population=6):
        for t in range(6):
            assert np.exp(log[:, t]).mean() == pytest.approx(1.0, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from([None, 40]))
def test_the_limits_are_where_the_capital_reaches_its_bar(x: list[float], population: int | None) -> None:
    found = betting_limits(x, ALPHA, population=population)
    bar = math.log(2 / ALPHA)

    def peak(m: float, side: int) -> float:
        return float(log_capital(x, m, ALPHA, population=population)[side].max())

    low, high = float(found.lower), float(found.upper)
    assert low <= np.mean(x) + 1e-9 and np.mean(x) - 1e-9 <= high
    assert low == 0 or peak(low, 0) >= bar
    assert high == 1 or peak(high, 1) >= bar
    assert peak(min(low + 1e-6, 1.0), 0) < bar or low + 1e-6 >= high
    assert peak(max(high - 1e-6, 0.0), 1) < bar or high - 1e-6 <= low
    steps = betting_sequence(x, ALPHA, population=population, grid=200)
    assert low - 0.005 - 1e-9 <= steps.lower[-1] <= low + 1e-9
    assert high - 1e-9 <= steps.upper[-1] <= high + 0.005 + 1e-9
    assert np.all(np.diff(steps.lower) >= 0) and np.all(np.diff(steps.upper) <= 0)


@pytest.mark.parametrize("kind", ["0", "1", "0.02", "0.5", "0.93", "beta", "two"])
def test_a_path_ever_leaves_its_betting_sequence_in_at_most_one_of_twenty(kind: str) -> None:
    chance = stream("betting", kind)
    if kind == "beta":
        x, mean = chance.beta(2, 5, (10_000, 300)), 2 / 7
    elif kind == "two":
        x, mean = np.where(chance.random((10_000, 300)) < 0.9, 0.9, 0.4), 0.85
    else:
        mean = float(kind)
        x = (chance.random((10_000, 300)) < mean).astype(float)
    up, down = log_capital(x, mean, ALPHA)
    left = (np.maximum(up, down) >= math.log(2 / ALPHA)).any(axis=1).mean()
    assert left <= CEILING
    assert betting_limits(x[:400], ALPHA).covers(mean).mean() >= 0.92


def test_a_sequence_narrows_and_a_horizon_narrows_it_at_its_time() -> None:
    x = (stream("narrow").random((40, 800)) < 0.9).astype(float)
    anytime, tuned = betting_limits(x, ALPHA), betting_limits(x, ALPHA, horizon=800)
    early = betting_limits(x[:, :100], ALPHA)
    assert (anytime.upper - anytime.lower).mean() < 0.5 * (early.upper - early.lower).mean()
    # Hoeffding at a fixed time, the plain competitor for bounded means.
    hoeffding = 2 * math.sqrt(math.log(2 / ALPHA) / 1600)
    assert (tuned.upper - tuned.lower).mean() < 0.8 * hoeffding


def test_without_replacement_the_end_is_certain_and_the_way_is_covered() -> None:
    chance = stream("bank means")
    bank = chance.beta(0.5, 0.5, 60)
    x = np.array([chance.permutation(bank) for _ in range(2000)])
    found = betting_limits(x, ALPHA, population=60)
    assert np.abs(found.lower - bank.mean()).max() < 1e-6 and np.abs(found.upper - bank.mean()).max() < 1e-6
    up, down = log_capital(x, bank.mean(), ALPHA, population=60)
    left = (np.maximum(up, down) >= math.log(2 / ALPHA)).any(axis=1).mean()
    assert left <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
    half = x[:60, :40]
    with_, without = betting_limits(half, ALPHA), betting_limits(half, ALPHA, population=60)
    assert (without.upper - without.lower).mean() < (with_.upper - with_.lower).mean()


def test_many_paths_are_each_as_if_alone() -> None:
    x = stream("alone").random((3, 4, 30))
    all_at_once = betting_limits(x, ALPHA)
    assert all_at_once.lower.shape == (3, 4)
    assert float(betting_limits(x[1, 2], ALPHA).lower) == float(all_at_once.lower[1, 2])
    assert betting_limits(np.zeros((2, 0)), ALPHA).upper.tolist() == [1, 1]


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_the_mixture_is_an_integral_and_a_martingale(p: float) -> None:
    for s, n in [(0, 1), (3, 4), (9, 20)]:

        def integrand(q: float, s: int = s, n: int = n) -> float:
            return float((q / p) ** s * ((1 - q) / (1 - p)) ** (n - s) * beta_law.pdf(q, 2, 3))

        want = quad(integrand, 0, 1)[0]
        assert math.exp(float(log_beta_binomial(s, n, p, 2, 3))) == pytest.approx(want, rel=1e-8)
    s = np.arange(13)
    ways = np.array([math.comb(12, k) for k in s]) * p**s * (1 - p) ** (12 - s)
    assert ways @ np.exp(log_beta_binomial(s, 12, p)) == pytest.approx(1.0, abs=1e-12)


def ever_left(covered: np.ndarray, p: float) -> float:
    """Exact chance that a path leaves: covered[n, s] whether the limits after n hold p."""
    horizon = len(covered) - 1
    alive, left = np.zeros(horizon + 1), 0.0
    alive[0] = 1.0
    for n in range(1, horizon + 1):
        moved = alive * (1 - p)
        moved[1:] += alive[:-1] * p
        left += moved[~covered[n]].sum()
        alive = np.where(covered[n], moved, 0.0)
    return left


@pytest.mark.parametrize("p", [0.0, 0.001, 0.3, 0.9, 0.999, 1.0])
def test_the_bernoulli_sequence_covers_at_all_times_exactly(p: float) -> None:
    n, s = np.meshgrid(np.arange(301), np.arange(301), indexing="ij")
    possible = s <= n
    found = beta_binomial_sequence(np.where(possible, s, 0), n, ALPHA)
    assert ever_left(found.covers(p) | ~possible, p) <= 0.05
    if p in (0.0, 1.0):
        assert np.all(found.covers(p)[np.arange(301), (p * np.arange(301)).astype(int)])


def test_the_bernoulli_sequence_starts_with_nothing_and_holds_its_share() -> None:
    n = np.array([0, 1, 10, 10_000])
    found = beta_binomial_sequence(np.array([0, 1, 0, 9_300]), n, ALPHA)
    assert (found.lower[0], found.upper[0]) == (0, 1)
    assert found.upper[1] == 1 and found.lower[2] == 0 and found.upper[2] < 0.6
    assert found.upper[3] - found.lower[3] < 0.03


@pytest.mark.parametrize(("size", "held"), [(1, 1), (12, 0), (12, 5), (12, 12)])
def test_the_bank_ratio_is_a_martingale_over_all_orders(size: int, held: int) -> None:
    for n in range(size + 1):
        k = np.arange(max(0, n - (size - held)), min(n, held) + 1)
        mass = np.array([math.comb(held, i) * math.comb(size - held, n - i) / math.comb(size, n) for i in k])
        assert mass @ np.exp(log_bank(k, n, size, held)) <= 1 + 1e-12
        if 0 < held < size and n < min(held, size - held):
            assert mass @ np.exp(log_bank(k, n, size, held)) == pytest.approx(1.0)


def test_the_bank_ratio_is_prior_over_posterior() -> None:
    size, n, s, a, b = 50, 13, 4, 0.5, 0.5
    for held in (4, 10, 30):
        prior = betabinom.pmf(held, size, a, b)
        posterior = betabinom.pmf(held - s, size - n, a + s, b + n - s)
        assert float(log_bank(s, n, size, held)) == pytest.approx(math.log(prior / posterior), rel=1e-9)


@pytest.mark.parametrize("size", [1, 7, 40])
def test_the_bank_is_covered_at_all_times_exactly(size: int) -> None:
    n, s = np.meshgrid(np.arange(size + 1), np.arange(size + 1), indexing="ij")
    possible = s <= n
    found = bank_sequence(np.where(possible, s, 0), n, size, ALPHA)
    for held in range(size + 1):
        covered = found.covers(held / size) | ~possible
        alive, left = np.zeros(size + 2), 0.0
        alive[0] = 1.0
        for t in range(size):
            hit = np.clip((held - np.arange(size + 1)) / (size - t), 0, 1)
            moved = np.zeros(size + 2)
            moved[:-1] = alive[:-1] * (1 - hit)
            moved[1:] += alive[:-1] * hit
            left += moved[:-1][~covered[t + 1]].sum()
            moved[:-1] = np.where(covered[t + 1], moved[:-1], 0)
            alive = moved
        assert left <= 0.05 + 1e-12
    end = bank_sequence(np.arange(size + 1), size, size, ALPHA)
    assert end.lower.tolist() == end.upper.tolist() == [k / size for k in range(size + 1)]


def test_the_bank_limits_are_those_of_a_full_list() -> None:
    for size, n, s in [(40, 20, 19), (40, 5, 0), (40, 33, 10), (200, 60, 30)]:
        held = np.arange(size + 1)
        kept = held[log_bank(s, n, size, held) < -math.log(ALPHA)]
        found = bank_sequence(s, n, size, ALPHA)
        assert (float(found.lower), float(found.upper)) == (kept.min() / size, kept.max() / size)
        assert len(kept) == kept.max() - kept.min() + 1


def test_what_cannot_be_is_refused() -> None:
    for x, population in [([1.1], None), ([float("nan")], None), ([0.5, 0.5], 1), (0.5, None)]:
        with pytest.raises(Invalid):
            betting_limits(x, ALPHA, population=population)
    with pytest.raises(Invalid):
        bank_sequence(1, 3, 2, ALPHA)
