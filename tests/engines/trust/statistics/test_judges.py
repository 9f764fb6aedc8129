"""Judges with errors: coverage over ten thousand simulations, published examples of agreement."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.judges import (
    Labels,
    alpha_interval,
    cohen_kappa,
    corrected,
    judged_limits,
    judged_rate,
    krippendorff_alpha,
)
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.errors import Invalid

ALPHA = 0.05
FLOOR = 0.95 - 3 * np.sqrt(0.95 * 0.05 / 10_000)


@given(st.floats(0, 1), st.floats(0.51, 1), st.floats(0.51, 1))
def test_correction_undoes_the_judge(p: float, se: float, sp: float) -> None:
    q = p * se + (1 - p) * (1 - sp)
    assert float(corrected(q, se, sp)) == pytest.approx(p, abs=1e-9)


@pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 0.97, 1.0])
@pytest.mark.parametrize(("se", "sp"), [(0.9, 0.95), (0.6, 0.7), (1.0, 1.0), (0.3, 0.5)])
@pytest.mark.parametrize("labels", [200, 2])
def test_limits_cover_the_true_share(p: float, se: float, sp: float, labels: int) -> None:
    chance = stream("judge", str(p), str(se), labels)
    flagged = chance.binomial(1000, p * se + (1 - p) * (1 - sp), 10_000)
    caught = chance.binomial(labels // 2, se, 10_000)
    cleared = chance.binomial(labels // 2, sp, 10_000)
    # Tables of the limits of each count keep ten thousand simulations fast.
    found = judged_limits(flagged, 1000, caught, labels // 2, cleared, labels // 2, ALPHA)
    assert found.covers(p).mean() >= FLOOR
    assert np.all((found.lower >= 0) & (found.upper <= 1) & (found.lower <= found.upper))


def test_a_judge_without_labels_or_no_better_than_a_coin_shows_nothing() -> None:
    none = judged_rate(50, 100, Labels(0, 0, 0, 0), ALPHA)
    assert (none.lower, none.upper) == (0, 1) and math.isnan(none.value)
    coin = judged_rate(50, 100, Labels(50, 100, 50, 100), ALPHA)
    assert (coin.lower, coin.upper) == (0, 1) and math.isnan(coin.value)


def test_a_perfect_judge_with_endless_labels_is_a_plain_count() -> None:
    many = 100_000_000
    found = judged_rate(70, 100, Labels(many, many, many, many), ALPHA)
    plain = clopper_pearson(70, 100, 0.017)
    assert found.value == pytest.approx(0.7)
    assert found.lower == pytest.approx(float(plain.lower), abs=2e-3)
    assert found.upper == pytest.approx(float(plain.upper), abs=2e-3)


def test_more_labels_narrow_the_limits() -> None:
    widths = [
        judged_rate(100, 1000, Labels(n * 9 // 10, n, n * 9 // 10, n), ALPHA).width for n in (20, 100, 1000)
    ]
    assert widths[0] > widths[1] > widths[2] > 0


def test_kappa_of_a_textbook_table() -> None:
    found = cohen_kappa([[20, 5], [10, 15]])
    assert found.value == pytest.approx(0.4)
    # Large-sample error by the delta method, derivatives taken numerically.
    counts = np.array([[20.0, 5.0], [10.0, 15.0]])
    share, step = counts / 50, 1e-6

    def kappa(t: np.ndarray) -> float:
        chance = float(t.sum(1) @ t.sum(0)) / t.sum() ** 2
        return (float(np.trace(t)) / float(t.sum()) - chance) / (1 - chance)

    slope = np.array(
        [
            [
                (kappa(share + step * e) - kappa(share - step * e)) / (2 * step)
                for e in np.eye(4).reshape(4, 2, 2)
            ]
        ]
    ).ravel()
    flat = share.ravel()
    variance = (flat @ slope**2 - (flat @ slope) ** 2) / 50
    assert (found.upper - found.lower) / 2 == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-5)
    assert math.isnan(cohen_kappa([[9, 0], [0, 0]]).value)
    with pytest.raises(Invalid):
        cohen_kappa([[1, 2, 3], [1, 2, 3]])


def test_kappa_limits_cover() -> None:
    share = np.array([0.35, 0.1, 0.15, 0.4])
    chance = 0.45 * 0.5 + 0.55 * 0.5
    truth = (0.75 - chance) / (1 - chance)
    draws = stream("kappa").multinomial(200, share, 2000).reshape(-1, 2, 2)
    assert np.mean([cohen_kappa(t).covers(truth) for t in draws]) >= 0.935


RATINGS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
)


def test_krippendorff_of_his_own_example() -> None:
    assert krippendorff_alpha(RATINGS) == pytest.approx(0.743, abs=5e-4)
    found = alpha_interval(RATINGS, ALPHA, stream("krippendorff"), 300)
    assert found.lower < 0.743 < found.upper and not found.exact
    assert math.isnan(krippendorff_alpha(np.ones((2, 5), dtype=int)))
    assert krippendorff_alpha(np.array([[0, 1, 0, 1], [0, 1, 0, 1]])) == 1.0
    with pytest.raises(Invalid):
        krippendorff_alpha(np.ones(3))
