"""Power and sizes against brute force and against the figures of the norm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from hutong.engines.trust.statistics.exact import lower_limit
from hutong.engines.trust.statistics.power import (
    critical_hits,
    detectable,
    faultless_size,
    operating_curve,
    power,
)

# No subnormal shares: scipy's own binomial overflows there.
SHARES = st.integers(0, 1000).map(lambda i: i / 1000)


@given(st.integers(1, 60), st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([0.01, 0.05]), SHARES)
def test_power_is_the_sum_over_outcomes_that_pass(n: int, p0: float, alpha: float, p: float) -> None:
    k = np.arange(n + 1)
    # The same rule, said by the exact lower limit.
    shown = lower_limit(k, n, alpha) >= p0 * (1 - 1e-12)
    assert np.array_equal(k >= critical_hits(n, p0, alpha), shown)
    assert float(power(n, p, p0, alpha)) == pytest.approx(binom.pmf(k, n, p)[shown].sum(), abs=1e-10)


def test_figures_of_a_pass_rate_of_ninety_percent() -> None:
    assert int(critical_hits(1000, 0.9, 0.05)) == 916
    norm = operating_curve(1000, 900, [0.89, 0.895, 0.9])
    assert norm == pytest.approx([0.169, 0.325, 0.527], abs=5e-4)
    assert power(1000, [0.92, 0.93], 0.9, 0.05) == pytest.approx([0.704, 0.961], abs=5e-4)


@pytest.mark.parametrize(("p0", "n"), [(0.9, 29), (0.95, 59), (0.99, 299), (0.999, 2995)])
def test_sizes_without_a_fault(p0: float, n: int) -> None:
    assert faultless_size(p0, 0.05) == n
    assert int(critical_hits(n, p0, 0.05)) == n and int(critical_hits(n - 1, p0, 0.05)) == n


def test_a_chance_of_exactly_alpha_passes() -> None:
    # 0.1^2 is 0.01, and a little more in floating point.
    assert int(critical_hits(2, 0.1, 0.01)) == 2 and faultless_size(0.1, 0.01) == 2
    assert int(critical_hits(1, 0.05, 0.05)) == 1 and faultless_size(0.05, 0.05) == 1


def test_the_detectable_truth_has_the_chance_asked_for() -> None:
    for n in (40, 200, 1000):
        truth = detectable(n, 0.9, 0.05, 0.95)
        assert truth is not None and float(power(n, truth, 0.9, 0.05)) == pytest.approx(0.95, abs=1e-9)
    assert detectable(10, 0.9, 0.05, 0.95) is None
