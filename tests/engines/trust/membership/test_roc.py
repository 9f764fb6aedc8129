"""Counts of ROC curves against brute force, and the coverage of their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from hutong.engines.trust.membership.roc import (
    auc_limits,
    curve,
    delong,
    estimable,
    low_fpr,
    low_fpr_ranks,
    placements,
    tpr_limits,
)
from hutong.kernel.errors import Invalid

SCORES = st.lists(st.integers(0, 6), min_size=1, max_size=30)


@given(SCORES, SCORES)
def test_the_count_is_that_of_all_pairs_and_the_auc_that_of_scikit_learn(a: list[int], b: list[int]) -> None:
    found = placements(a, b)
    assert found.doubled == sum(2 * (x > y) + (x == y) for x in a for y in b)
    assert found.squares_in == sum(sum(2 * (x > y) + (x == y) for y in b) ** 2 for x in a)
    assert found.squares_out == sum(sum(2 * (x > y) + (x == y) for x in a) ** 2 for y in b)
    want = roc_auc_score([1] * len(a) + [0] * len(b), a + b)
    assert auc_limits(found, 0.05).value == pytest.approx(want)


def test_delong_is_its_definition() -> None:
    chance = np.random.default_rng(0)
    a, b = chance.normal(0.5, 1, 40), chance.normal(0, 1, 60)
    inner = np.array([(x > b).mean() for x in a])
    outer = np.array([(a > y).mean() for y in b])
    half = 1.959963984540054 * np.sqrt(inner.var(ddof=1) / 40 + outer.var(ddof=1) / 60)
    found = delong(placements(a, b), 0.05)
    assert (found.upper - found.lower) / 2 == pytest.approx(half) and not found.exact


@settings(deadline=None)
@given(SCORES, SCORES, st.sampled_from([0.001, 0.05, 0.3]))
def test_limits_hold_the_value_and_narrow_with_the_error(a: list[int], b: list[int], alpha: float) -> None:
    found = placements(a, b)
    wide, narrow = auc_limits(found, alpha / 2), auc_limits(found, alpha)
    assert 0 <= wide.lower <= narrow.lower <= narrow.value <= narrow.upper <= wide.upper <= 1
    assert wide.exact


@pytest.mark.parametrize(("shift", "m", "n"), [(0.0, 20, 200), (0.4, 60, 60), (3.0, 30, 30)])
def test_the_guaranteed_limits_cover_the_true_auc(shift: float, m: int, n: int) -> None:
    chance, truth = np.random.default_rng(1), norm.cdf(shift / np.sqrt(2))
    hits = sum(
        auc_limits(placements(chance.normal(shift, 1, m), chance.normal(0, 1, n)), 0.05).covers(truth)
        for _ in range(800)
    )
    assert hits >= 0.95 * 800


def test_delong_covers_about_as_often_as_it_says_at_moderate_sizes() -> None:
    chance, truth = np.random.default_rng(2), norm.cdf(0.4 / np.sqrt(2))
    hits = sum(
        delong(placements(chance.normal(0.4, 1, 80), chance.normal(0, 1, 80)), 0.05).covers(truth)
        for _ in range(800)
    )
    assert 0.92 * 800 <= hits <= 0.98 * 800


@pytest.mark.parametrize(("shift", "step"), [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5)])
def test_the_tpr_limits_cover_the_true_tpr_at_the_rate(shift: float, step: float) -> None:
    """With a step, scores are rounded and tie in plenty: the truth is then the ROC between its corners."""
    chance, fpr, m, n = np.random.default_rng(3), 0.05, 150, 300

    def drawn(centre: float, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        values = chance.normal(centre, 1, size)
        return np.round(values / step) * step if step else values

    truth = 1 - norm.cdf(norm.ppf(1 - fpr) - shift)
    if step:
        cuts = np.arange(-8, 8, step) + step / 2
        truth = np.interp(fpr, norm.sf(cuts)[::-1], norm.sf(cuts - shift)[::-1])
    hits = sum(
        tpr_limits(low_fpr(drawn(shift, m), drawn(0, n), fpr, 0.05), fpr, 0.05).covers(float(truth))
        for _ in range(800)
    )
    assert hits >= 0.95 * 800


def test_about_three_over_f_strangers_are_needed() -> None:
    assert not estimable(298, 0.01) and estimable(299, 0.01)
    assert not estimable(2994, 0.001) and estimable(2995, 0.001)
    assert low_fpr_ranks(100, 0.01, 0.05).few is None
    found = low_fpr(np.ones(50), np.zeros(100), 0.01, 0.05)
    assert tpr_limits(found, 0.01, 0.05).lower == 0.0


def test_the_threshold_lets_through_as_many_as_it_says() -> None:
    strangers, members = np.arange(1000.0), np.arange(1000.0) + 0.5
    ranks = low_fpr_ranks(1000, 0.01, 0.05)
    found = low_fpr(members, strangers, 0.01, 0.05)
    # The threshold that lets through k strangers of 0 .. 999 is 999 - k: k + 1 members lie above it.
    assert ranks.point == 10 and found.point == 11
    assert ranks.few is not None and ranks.few < 10 < ranks.many
    assert found.below == ranks.few + 1 and found.above == ranks.many


def test_members_that_tie_with_the_threshold_count_above_and_not_below() -> None:
    found = low_fpr(np.ones(40), np.repeat([1.0, 0.0], [100, 900]), 0.05, 0.05)
    assert (found.below, found.point, found.above) == (0, 0, 40)
    assert tpr_limits(found, 0.05, 0.05).upper == 1.0


def test_the_curve_ends_at_both_corners() -> None:
    fpr, tpr = curve([3, 1, 2], [0, 1, 2])
    assert fpr.tolist() == [0, 0, 1 / 3, 2 / 3, 1] and tpr.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])


@pytest.mark.parametrize("bad", [[], [float("nan")], [[1.0]]])
def test_what_is_no_score_is_refused(bad: list[float]) -> None:
    with pytest.raises(Invalid):
        placements(bad, [1.0])
