"""Judges with errors: coverage over ten thousand simulations, published examples of agreement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.judges import (
    corrected,
    judged_limits,
)
from hutong.engines.trust.statistics.prng import stream

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
    for right, labelled in ((0, 0), (50, 100)):
        found = judged_limits(50, 100, right, labelled, right, labelled, ALPHA)
        assert (float(found.lower), float(found.upper)) == (0, 1)


def test_a_perfect_judge_with_endless_labels_is_a_plain_count() -> None:
    many = 100_000_000
    found = judged_limits(70, 100, many, many, many, many, ALPHA)
    plain = clopper_pearson(70, 100, 0.017)
    assert float(found.lower) == pytest.approx(float(plain.lower), abs=2e-3)
    assert float(found.upper) == pytest.approx(float(plain.upper), abs=2e-3)


def test_more_labels_narrow_the_limits() -> None:
    found = [judged_limits(100, 1000, n * 9 // 10, n, n * 9 // 10, n, ALPHA) for n in (20, 100, 1000)]
    widths = [float(f.upper - f.lower) for f in found]
    assert widths[0] > widths[1] > widths[2] > 0


RATINGS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, -1, -1, -1],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -1, 3],
        [-1, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -1],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -1],
    ]
)
