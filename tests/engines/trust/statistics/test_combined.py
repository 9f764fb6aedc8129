"""The combined interval: no pair below its limit is left, coverage by enumeration, width near the score interval."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, norm

from hutong.engines.trust.statistics.combined import combined_difference
from hutong.engines.trust.statistics.differences import box_difference, miettinen_nurminen
from hutong.engines.trust.statistics.gaps import largest_gap
from hutong.engines.trust.statistics.metrics import Rates
from hutong.engines.trust.statistics.prng import stream

ALPHA = 0.05


def left(hits: tuple[int, int], n: tuple[int, int], p0: np.ndarray, p1: np.ndarray) -> np.ndarray:
    """Whether a pair of proportions is left after the tests of the lower side, by their words."""
    (k0, k1), (n0, n1), half = hits, n, ALPHA / 2
    u, v = binom.sf(k0 - 1, n0, p0), binom.cdf(k1, n1, p1)
    s0, s1 = np.sqrt(p0 * (1 - p0) / n0), np.sqrt(p1 * (1 - p1) / n1)
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = np.where(s0 > 0, s0 * norm.isf(u), 0), np.where(s1 > 0, s1 * norm.isf(v), 0)
        combined = (first + second) / np.hypot(s0, s1) >= norm.isf(0.9 * half)
    low = beta.ppf(0.05 * half, k0, n0 - k0 + 1) if k0 else 0.0
    high = beta.isf(0.05 * half, k1 + 1, n1 - k1) if k1 < n1 else 1.0
    return ~(combined | (p0 < low) | (p1 > high))


@pytest.mark.parametrize(
    ("hits", "n"),
    [
        ((8, 3), (10, 10)),
        ((10, 0), (10, 10)),
        ((60, 0), (100, 100)),
        ((100, 90), (100, 120)),
        ((3, 29), (4, 30)),
        ((0, 5), (9, 9)),
    ],
)
def test_no_pair_below_the_limit_is_left_and_one_near_it_is(
    hits: tuple[int, int], n: tuple[int, int]
) -> None:
    lower = combined_difference(hits, n, ALPHA).lower
    angle = np.linspace(0, np.pi / 2, 1801)
    p0, p1 = np.meshgrid(np.sin(angle) ** 2, np.sin(angle) ** 2, indexing="ij")
    kept = left(hits, n, p0, p1)
    assert not np.any(kept & (p0 - p1 < lower - 1e-9))
    assert (p0 - p1)[kept].min() <= lower + 3e-3


@pytest.mark.parametrize(("n0", "n1"), [(1, 1), (1, 5), (6, 6), (9, 4)])
def test_it_covers_at_every_pair_of_truths(n0: int, n1: int) -> None:
    found = [[combined_difference((a, b), (n0, n1), ALPHA) for b in range(n1 + 1)] for a in range(n0 + 1)]
    low, high = (np.array([[getattr(f, side) for f in row] for row in found]) for side in ("lower", "upper"))
    grid = np.concatenate([[1e-4], np.linspace(0, 1, 61), [1 - 1e-4]])
    first, second = (binom.pmf(np.arange(n + 1)[None, :], n, grid[:, None]) for n in (n0, n1))
    for p, mass in zip(grid, first, strict=True):
        delta = (p - grid)[:, None, None]
        inside = (low[None] <= delta + 1e-12) & (delta <= high[None] + 1e-12)
        assert np.einsum("i,kj,kij->k", mass, second, inside).min() >= 0.95 - 1e-9


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_swapping_the_groups_turns_the_interval_round(n0: int, n1: int, data: st.DataObject) -> None:
    k0, k1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    one, other = (
        combined_difference((k0, k1), (n0, n1), ALPHA),
        combined_difference((k1, k0), (n1, n0), ALPHA),
    )
    assert (one.lower, one.upper) == (-other.upper, -other.lower)
    assert one.covers(one.value) and one.exact


def test_it_is_much_shorter_than_the_box_and_near_the_score_interval() -> None:
    for n, most in ((100, 1.2), (1000, 1.09), (10_000, 1.07)):
        hits = (int(0.8 * n), int(0.78 * n))
        found = combined_difference(hits, (n, n), ALPHA)
        score = miettinen_nurminen(hits[0], n, hits[1], n, ALPHA)
        box = box_difference(hits[0], n, hits[1], n, ALPHA)
        shortest = float(score.upper - score.lower)
        assert shortest < found.width < most * shortest
        assert float(box.upper - box.lower) > 1.55 * shortest


def test_every_kind_of_count_is_done_in_a_moment() -> None:
    start = time.perf_counter()
    cases = [
        ((0, 0), (9, 9)),
        ((0, 9), (9, 9)),
        ((1000, 0), (1000, 1000)),
        ((10**6, 29), (10**6, 30)),
        ((1, 0), (1, 1)),
    ]
    for hits, n in cases:
        assert combined_difference(hits, n, ALPHA).covers(hits[0] / n[0] - hits[1] / n[1])
    assert time.perf_counter() - start < 5
    assert combined_difference((0, 3), (0, 5), ALPHA).width == 2


def test_the_largest_gap_may_use_it() -> None:
    names = (("a",), ("b",), ("c",))
    found = Rates("tpr", names, np.array([800, 780, 410]), np.array([1000, 1000, 500]))
    box, short = largest_gap(found, ALPHA), largest_gap(found, ALPHA, "combined")
    assert short.lower == box.lower and short.value < short.upper < box.upper - 0.02


@pytest.mark.slow
@pytest.mark.parametrize("truths", [(0.5, 0.5), (0.95, 0.9), (1.0, 0.97), (0.02, 0.1)])
def test_coverage_in_larger_groups(truths: tuple[float, float]) -> None:
    sizes = (150, 400)
    hits = stream("combined", *(str(t) for t in truths)).binomial(sizes, truths, (400, 2))
    kept = np.mean(
        [combined_difference((int(a), int(b)), sizes, ALPHA).covers(truths[0] - truths[1]) for a, b in hits]
    )
    assert kept >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)
