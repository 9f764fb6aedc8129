"""One count: oracles, and coverage computed by enumeration, not only simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, hypergeom

from hutong.engines.trust.statistics.exact import (
    clopper_pearson,
    finite_bank,
    lower_limit,
    upper_limit,
)
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.errors import Invalid

ALPHA = 0.05
FLOOR = 0.95 - 3 * np.sqrt(0.95 * 0.05 / 10_000)
TRUTHS = np.concatenate([[0.0, 1e-6, 1 - 1e-6, 1.0], np.linspace(0.001, 0.999, 400)])
COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.001, 0.05, 0.3]))
def test_clopper_pearson_is_that_of_scipy(counts: tuple[int, int], alpha: float) -> None:
    found = clopper_pearson(*counts, alpha)
    want = binomtest(*counts).proportion_ci(1 - alpha, method="exact")
    assert float(found.lower) == pytest.approx(want.low, abs=1e-9)
    assert float(found.upper) == pytest.approx(want.high, abs=1e-9)


def test_nothing_seen_says_nothing_and_all_alike_has_a_width() -> None:
    found = clopper_pearson([0, 0, 1, 0, 1000], [0, 1, 1, 1000, 1000], ALPHA)
    assert found.lower.tolist()[:2] == [0, 0] and found.upper.tolist()[:1] == [1]
    assert found.upper[1] == pytest.approx(0.975) and found.lower[2] == pytest.approx(0.025)
    assert found.upper[3] == pytest.approx(1 - 0.025 ** (1 / 1000))
    assert found.upper[3] == pytest.approx(1 - found.lower[4])


def coverage(low: np.ndarray, high: np.ndarray, n: int, truths: np.ndarray) -> np.ndarray:
    """Exact chance that [low[k], high[k]] holds p, at each truth."""
    inside = (low[None, :] <= truths[:, None]) & (truths[:, None] <= high[None, :])
    return (binom.pmf(np.arange(n + 1)[None, :], n, truths[:, None]) * inside).sum(axis=1)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 61, 200])
def test_clopper_pearson_covers_at_every_truth(n: int) -> None:
    found = clopper_pearson(np.arange(n + 1), n, ALPHA)
    assert coverage(found.lower, found.upper, n, TRUTHS).min() >= 0.95 - 1e-12
    # One-sided limits keep their own error too, just beside their values where coverage is least.
    k = np.arange(n + 1)
    low, beside = lower_limit(k, n, ALPHA), lower_limit(k, n, ALPHA)[1:] * (1 - 1e-9)
    assert coverage(low, np.ones(n + 1), n, np.clip(beside, 0, 1)).min() >= 0.95 - 1e-9
    assert coverage(np.zeros(n + 1), upper_limit(k, n, ALPHA), n, TRUTHS).min() >= 0.95 - 1e-12


@pytest.mark.parametrize("n", [1, 10, 100, 1000])
@pytest.mark.parametrize("p", [0.0, 0.01, 0.5, 0.93, 1.0])
def test_coverage_over_ten_thousand_simulations(n: int, p: float) -> None:
    hits = stream("exact", n, str(p)).binomial(n, p, 10_000)
    k = np.arange(n + 1)
    assert clopper_pearson(k, n, ALPHA).covers(p)[hits].mean() >= FLOOR


@pytest.mark.parametrize("size", [1, 2, 9, 30])
def test_a_finite_bank_is_covered_whatever_it_holds(size: int) -> None:
    for n in range(size + 1):
        k = np.arange(n + 1)
        found = finite_bank(k, n, size, ALPHA)
        for held in range(size + 1):
            inside = found.covers(held / size)
            assert (hypergeom.pmf(k, size, held, n) * inside).sum() >= 0.95 - 1e-9
    whole = finite_bank(np.arange(size + 1), size, size, ALPHA)
    assert whole.lower.tolist() == whole.upper.tolist() == [k / size for k in range(size + 1)]


def test_a_large_bank_is_as_if_drawn_with_replacement() -> None:
    bank, free = finite_bank(90, 100, 10_000_000, ALPHA), clopper_pearson(90, 100, ALPHA)
    assert float(bank.lower) == pytest.approx(float(free.lower), abs=1e-4)
    assert float(bank.upper) == pytest.approx(float(free.upper), abs=1e-4)


@settings(max_examples=30)
@given(COUNTS, st.integers(1, 50))
def test_more_of_the_same_never_lowers_a_limit(counts: tuple[int, int], more: int) -> None:
    k, n = counts
    assert lower_limit(k + more, n + more, ALPHA) >= lower_limit(k, n, ALPHA) - 1e-12
    assert upper_limit(k, n + more, ALPHA) <= upper_limit(k, n, ALPHA) + 1e-12


@pytest.mark.parametrize(
    ("hits", "n", "alpha", "rule"),
    [
        (2, 1, ALPHA, "statistics.counts"),
        (-1, 1, ALPHA, "statistics.whole"),
        (0.5, 1, ALPHA, "statistics.whole"),
        (float("nan"), 1, ALPHA, "statistics.whole"),
        ("x", 1, ALPHA, "statistics.whole"),
        (1, 1, 0.0, "statistics.share"),
        (1, 1, 1.0, "statistics.share"),
        (1, 1, float("nan"), "statistics.share"),
    ],
)
def test_what_is_no_count_is_refused_by_name(hits: object, n: int, alpha: float, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        clopper_pearson(hits, n, alpha)  # type: ignore[arg-type]
    assert refused.value.rule == rule


def test_other_refusals() -> None:
    with pytest.raises(Invalid):
        finite_bank(1, 3, 2, ALPHA)
