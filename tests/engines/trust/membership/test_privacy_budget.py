"""Accountants against closed forms and known values; audits that catch liars and leave the honest alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import laplace, norm

from hutong.engines.trust.membership.audit import (
    Bracket,
    Counts,
    bracket,
    epsilon_at_least,
    strength_at_least,
)
from hutong.engines.trust.membership.mechanisms import (
    Gaussian,
    Laplace,
    Mechanism,
    RandomisedResponse,
    SubsampledGaussian,
    gaussian_delta,
    gaussian_epsilon,
)
from hutong.kernel.errors import Invalid

# Total outputs, half with the person and half without.
N = 20_000


def held(claimed: float, delta: float, said: Mechanism, true: Mechanism, seed: int, n: int = N) -> Bracket:
    chance = np.random.default_rng([seed, 7])
    outputs = true.draw(True, n // 2, chance), true.draw(False, n // 2, chance)
    return bracket(claimed, delta, said, outputs, seed=seed)


def test_the_analytic_gaussian_is_the_value_of_balle_and_wang() -> None:
    assert Gaussian(1.0).accountant(1e-5) == pytest.approx(4.377178095681, abs=1e-11)
    # Four releases at sigma 2 are one at sigma 1.
    assert Gaussian(2.0, releases=4).accountant(1e-5) == pytest.approx(Gaussian(1.0).accountant(1e-5))


@pytest.mark.parametrize("mu", [0.01, 0.3, 1.0, 5.0, 30.0])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0, 20.0])
def test_the_gaussian_delta_is_the_integral_of_the_excess(mu: float, epsilon: float) -> None:
    cut = epsilon / mu + mu / 2
    want = quad(
        lambda x: norm.pdf(x - mu) - math.exp(epsilon) * norm.pdf(x),
        cut,
        max(cut, mu) + 12,
        points=[max(cut, mu)],
    )[0]
    assert gaussian_delta(mu, epsilon) == pytest.approx(want, rel=1e-6, abs=1e-13)


@pytest.mark.parametrize("delta", [1e-9, 1e-5, 0.01])
@pytest.mark.parametrize("mu", [1e-3, 0.2, 3.0, 80.0])
def test_the_gaussian_epsilon_is_the_smallest_that_keeps_delta(mu: float, delta: float) -> None:
    found = gaussian_epsilon(mu, delta)
    assert gaussian_delta(mu, found) <= delta * (1 + 1e-9)
    assert found == 0 or gaussian_delta(mu, found * (1 - 1e-9)) > delta * (1 - 1e-6)


def test_closed_forms_of_laplace_and_randomised_response() -> None:
    assert Laplace(0.5).accountant(0) == 2.0
    assert RandomisedResponse.of(2.0).accountant(0) == pytest.approx(2.0)
    assert RandomisedResponse.of(2.0, 5).accountant(0) == pytest.approx(2.0)
    # delta of Laplace at eps: the excess above ln, 1 - exp((eps - b)/2) (Balle et al. 2018).
    eps = Laplace(0.5).accountant(0.1)
    assert 1 - math.exp((eps - 2) / 2) == pytest.approx(0.1)
    truth = RandomisedResponse.of(2.0).truth
    shown = RandomisedResponse.of(2.0).accountant(0.1)
    assert truth - math.exp(shown) * (1 - truth) == pytest.approx(0.1)


@pytest.mark.parametrize("mechanism", [Gaussian(0.7), Laplace(0.4, 1.5)])
@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_the_trade_off_is_that_of_the_best_cut(mechanism: Gaussian | Laplace, strength: float) -> None:
    gaussian = isinstance(mechanism, Gaussian)
    law = norm(0, mechanism.sigma / strength) if gaussian else laplace(0, mechanism.scale / strength)
    for cut in (-0.5, 0.3, 1.0, 1.8):
        alarms, missed = float(law.sf(cut)), float(law.cdf(cut - mechanism.sensitivity))
        assert mechanism.miss_at(alarms, strength) == pytest.approx(missed, rel=1e-6)


@pytest.mark.parametrize(
    "mechanism",
    [
        Gaussian(0.7, 1.3, 3),
        Laplace(0.4, 1.5),
        RandomisedResponse.of(1.0, 3),
        SubsampledGaussian(1.0, 0.2, 9),
    ],
)
def test_what_is_drawn_has_the_declared_mean(mechanism: Mechanism) -> None:
    inside, outside = (mechanism.draw(side, 200_000, np.random.default_rng(0)) for side in (True, False))
    moved = {"gaussian": 1.3, "laplace": 1.5, "subsampled-gaussian": 1.8}.get(mechanism.name)
    if moved is not None:
        assert inside.mean() - outside.mean() == pytest.approx(moved, abs=0.03)
    else:
        truth = math.e / (math.e + 2)
        assert (inside == 1).mean() == pytest.approx(truth, abs=0.005)
        assert (outside == 0).mean() == pytest.approx(truth, abs=0.005)


def test_both_forms_of_the_bound_are_used() -> None:
    # All found, none alarmed: the first form. Mirrored: few found, all others quiet: the second.
    one = epsilon_at_least(Counts(1000, 500, 1000, 5), 0.0, 0.05)
    two = epsilon_at_least(Counts(1000, 995, 1000, 500), 0.0, 0.05)
    assert one == pytest.approx(two, rel=1e-9) and one > 3
    assert epsilon_at_least(Counts(1000, 500, 1000, 500), 0.0, 0.05) == 0.0
    assert epsilon_at_least(Counts(1000, 500, 1000, 5), 0.4, 0.05) < one


def test_randomised_response_is_bounded_below_its_truth() -> None:
    """epsilon 2: above the truth in at most 5 % of 1,000 runs; median at least 1.9 at n = 10,000."""
    mechanism = RandomisedResponse.of(2.0)
    below = np.array([held(2.0, 0.0, mechanism, mechanism, i, 10_000).below for i in range(1000)])
    assert (below > 2.0).mean() <= 0.05
    assert np.median(below) >= 1.9


def _gaussian(epsilon: float, delta: float) -> Callable[[float], Mechanism]:
    low, high = 1e-3, 100.0
    for _ in range(80):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if gaussian_epsilon(middle, delta) > epsilon else (middle, high)
    return lambda weaker: Gaussian(1 / (low * weaker))


CASES = [
    ("gaussian", 0.5, 1e-5),
    ("gaussian", 1.0, 1e-6),
    ("gaussian", 4.0, 1e-5),
    ("laplace", 0.5, 0.0),
    ("laplace", 2.0, 0.0),
    ("response", 0.5, 0.0),
    ("response", 2.0, 0.0),
]


@pytest.mark.parametrize(("kind", "epsilon", "delta"), CASES)
def test_half_the_noise_is_caught_and_the_honest_are_not_accused(
    kind: str, epsilon: float, delta: float
) -> None:
    made: Callable[[float], Mechanism] = {
        "gaussian": _gaussian(epsilon, delta or 1e-5),
        "laplace": lambda weaker: Laplace(1 / (epsilon * weaker)),
        "response": lambda weaker: RandomisedResponse.of(epsilon * weaker),
    }[kind]
    runs = 120
    caught = sum(held(epsilon, delta, made(1), made(2), i).state == "refuted" for i in range(runs))
    accused = sum(held(epsilon, delta, made(1), made(1), i).state != "bracketed" for i in range(runs))
    assert caught >= 0.95 * runs
    assert accused <= 0.05 * runs


def test_the_strength_is_a_lower_limit_of_how_much_weaker() -> None:
    said, shown = Gaussian(2.0), []
    for seed in range(200):
        shown.append(held(5.0, 1e-5, said, Gaussian(1.0), seed).strength)
    assert np.mean(np.array(shown) > 2.0) <= 0.05 and np.median(shown) > 1.7
    assert strength_at_least(Counts(100, 50, 100, 50, 50, 50), said, 0.05) == 0.0


def test_a_claim_that_the_mechanism_does_not_give_is_unsupported() -> None:
    found = held(4.0, 1e-5, Gaussian(1.0), Gaussian(1.0), 0)
    assert found.state == "unsupported" and found.above > 4 > found.below


def test_noise_that_is_used_again_is_seen() -> None:
    chance = np.random.default_rng(0)
    noise = chance.normal(0, 1, 100)
    outputs = 1 + np.tile(noise, 50), np.tile(noise, 50)
    assert bracket(5.0, 1e-5, Gaussian(1.0), outputs).state == "repeated"


def test_many_answers_are_sorted_by_which_side_gives_them() -> None:
    said = RandomisedResponse.of(3.0, 6)
    found = held(3.0, 0.0, said, said, 1)
    assert found.state == "bracketed" and found.below > 1.5
    assert found.counts.with_person == N // 2 * 3 // 4


def test_sampled_mechanisms_need_their_accountant_and_say_so() -> None:
    mechanism = SubsampledGaussian(1.0, 0.01, 1000)
    try:
        import dp_accounting  # noqa: F401
    except ImportError:
        with pytest.raises(Invalid) as refused:
            mechanism.accountant(1e-5)
        assert refused.value.rule == "statistics.dp.accountant_missing"
    else:
        assert mechanism.accountant(1e-5) == pytest.approx(1.8282436, rel=1e-3)


@pytest.mark.parametrize("make", [
    lambda: Gaussian(0.0), lambda: Laplace(-1.0), lambda: RandomisedResponse(0.4), lambda: Gaussian(math.nan),
    lambda: Gaussian(1.0).accountant(0.0), lambda: Laplace(1.0).accountant(1.0),
    lambda: bracket(0.0, 0.0, Laplace(1.0), ([0.0] * 9, [1.0] * 9)),
    lambda: bracket(1.0, 0.0, Laplace(1.0), ([0.0] * 3, [1.0] * 9)),
    lambda: bracket(1.0, 0.0, Laplace(1.0), ([math.inf] * 9, [1.0] * 9)),
])  # fmt: skip
def test_what_is_no_mechanism_claim_or_output_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(Invalid):
        make()
