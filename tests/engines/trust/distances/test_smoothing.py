"""The sequential smoothing test: valid however often one looks, far cheaper than a fixed size, never against exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, norm

from hutong.engines.trust.distances import closed_form, decide_bar, linear, minimal_linear, smooth
from hutong.engines.trust.distances.smoothing import Question, log_e, lower_limit
from hutong.kernel.errors import Invalid

P0 = float(norm.cdf(1.0))


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("truth", [P0, None])
def test_the_e_process_starts_at_one_and_never_grows_on_average_under_the_null(
    above: bool, truth: float | None
) -> None:
    """Exact, by enumeration: the mean of E_n is at most one at the edge and inside the null."""
    from scipy.stats import binom

    p = P0 + (0 if truth else (-0.1 if above else 0.1))
    assert float(log_e(0, 0, P0, (0.5, 0.5), above)) == pytest.approx(0.0, abs=1e-12)
    last = 1.0
    for n in (1, 5, 40, 200):
        s = np.arange(n + 1)
        mean = float((binom.pmf(s, n, p) * np.exp(log_e(s, n, P0, (0.5, 0.5), above))).sum())
        assert mean <= last + 1e-9
        assert truth is None or mean == pytest.approx(1.0, abs=1e-6)
        last = mean


def test_looking_after_every_sample_does_not_raise_the_error() -> None:
    chance, alpha, runs, most = np.random.default_rng(4), 0.05, 800, 600
    paths = np.cumsum(chance.random((runs, most)) < P0, axis=1)
    n = np.arange(1, most + 1)
    crossed = (log_e(paths, n, P0, (0.5, 0.5)) >= -np.log(alpha)).any(axis=1)
    assert crossed.mean() <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / runs)
    # The same looks at a fixed-size test would be wrong far more often: the check can fail.
    naive = (beta.ppf(alpha, paths, n - paths + 1)[:, 20:] > P0).any(axis=1)
    assert naive.mean() > 2 * alpha


def test_the_limit_is_where_bars_stop_being_refuted() -> None:
    limit = lower_limit(190, 200, 0.01)
    assert float(log_e(190, 200, limit - 1e-6, (0.5, 0.5))) >= -np.log(0.01)
    assert float(log_e(190, 200, limit + 1e-6, (0.5, 0.5))) < -np.log(0.01)
    assert limit < beta.ppf(0.01, 190, 11) < 0.95
    assert lower_limit(0, 50, 0.01) == 0.0


def test_at_least_fifteen_times_fewer_queries_than_a_fixed_size(capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(0)
    truths = chance.beta(8, 1, 1000)
    question = Question(P0, 0.001, futility=0.001)
    found = [decide_bar(lambda m, p=p: int(chance.binomial(m, p)), question) for p in truths]  # type: ignore[misc]
    trials = np.array([f.trials for f in found])
    yes = np.array([f.state == "certified" for f in found])
    fixed = chance.binomial(100_000, truths)
    fixed_yes = beta.ppf(0.001, fixed, 100_000 - fixed + 1) > P0
    factor = 100_000 / trials.mean()
    with capsys.disabled():
        print(
            f"\nsmoothing: mean {trials.mean():.0f}, median {np.median(trials):.0f}, {factor:.1f} times fewer;",
            end=" ",
        )
        print(f"certified {yes.sum()} (fixed size {fixed_yes.sum()}, true {(truths > P0).sum()})")
    assert factor >= 15
    assert not (yes & (truths <= P0)).any()
    assert not any(f.state == "not_certified" and p > P0 for f, p in zip(found, truths, strict=True))
    assert not any(f.lower > p for f, p in zip(found, truths, strict=True))
    # Fewer queries must not be bought with power.
    assert yes.sum() >= 0.985 * fixed_yes.sum()


def test_a_certificate_never_contradicts_the_exact_distance(digits: Any, digits_model: Any) -> None:
    model, rows = linear(digits_model.coef_, digits_model.intercept_), digits[0][1200:1260]
    exact = minimal_linear(model, rows, "l2").distance
    base = model.decide(rows)
    states = []
    for i, row in enumerate(rows):
        for radius in (0.5 * exact[i], 0.95 * exact[i], 1.05 * exact[i], 2 * exact[i]):
            shown = smooth(model.scores, row, float(radius), 0.25, 0.001, seed=f"{i}", most=3000)
            states.append((radius / exact[i], shown.state))
            assert shown.label != base[i] or not (shown.state == "certified" and radius > exact[i])
            assert shown.label != base[i] or shown.radius <= exact[i] * (1 + 1e-9)
    certified = [ratio for ratio, state in states if state == "certified"]
    assert len(certified) >= 20


def test_columns_that_nobody_changes_get_no_noise() -> None:
    model = linear([1.0, 5.0], 0.0)
    row = np.array([0.3, 0.0], np.float32)
    free = smooth(model.scores, row, 0.2, 0.2, 0.01, seed="s")
    fixed = smooth(model.scores, row, 0.2, 0.2, 0.01, seed="s", fixed=np.array([False, True]))
    assert closed_form(model, row[None], "l2")[0] < 0.2
    assert free.state == "not_certified" and fixed.state == "certified" and fixed.radius <= 0.3
    again = smooth(model.scores, row, 0.2, 0.2, 0.01, seed="s")
    assert again == free
    with pytest.raises(Invalid):
        smooth(model.scores, row, 0.2, 0.0, 0.01)
