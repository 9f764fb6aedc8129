"""Sequential pass or fail: exact error under optional stopping, size against the bound, states that do not change."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_law

from hutong.engines.trust.statistics.power import critical_hits
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.statistics.sequences import log_beta_binomial
from hutong.engines.trust.statistics.sequential import (
    MixtureTest,
    Rule,
    State,
    WaldTest,
    bounds,
    kullback_leibler,
    least_size,
    operating,
)
from hutong.kernel.errors import Invalid

RULES: list[Rule] = [MixtureTest(0.9), WaldTest(0.9, 0.95)]


def mean_over_paths(log: np.ndarray, n: int, p: float) -> float:
    s = np.arange(n + 1)
    ways = np.array([math.comb(n, int(k)) for k in s])
    return float((ways * p**s * (1 - p) ** (n - s)) @ np.exp(log))


@pytest.mark.parametrize("p0", [0.1, 0.5, 0.9])
def test_the_mixture_is_the_integral_of_its_formula(p0: float) -> None:
    test = MixtureTest(p0, rise=(2.0, 1.5), fall=(3.0, 2.0))
    for s, f in [(0, 0), (5, 0), (12, 1), (3, 9)]:

        def ratio(q: float, s: int = s, f: int = f) -> float:
            return float((q / p0) ** s * ((1 - q) / (1 - p0)) ** f)

        want = quad(lambda q: ratio(q) * beta_law.pdf(q, 2, 1.5), p0, 1)[0] / beta_law.sf(p0, 2, 1.5)
        assert float(test.log_pass(s, f)) == pytest.approx(math.log(want), abs=1e-7)
        want = quad(lambda q: ratio(q) * beta_law.pdf(q, 3, 2), 0, p0)[0] / beta_law.cdf(p0, 3, 2)
        assert float(test.log_fail(s, f)) == pytest.approx(math.log(want), abs=1e-7)


@pytest.mark.parametrize("rule", RULES, ids=["mixture", "wald"])
def test_evidence_for_passing_has_mean_one_at_the_bar_and_less_below(rule: Rule) -> None:
    n, s = 30, np.arange(31)
    log = rule.log_pass(s, n - s)
    assert mean_over_paths(log, n, 0.9) == pytest.approx(1.0, abs=1e-10)
    for p in (0.0, 0.3, 0.7, 0.89):
        assert mean_over_paths(log, n, p) <= 1.0
    top = 0.9 if isinstance(rule, MixtureTest) else 0.95
    assert mean_over_paths(rule.log_fail(s, n - s), n, top) == pytest.approx(1.0, abs=1e-10)
    for p in (0.96, 0.99, 1.0):
        assert mean_over_paths(rule.log_fail(s, n - s), n, p) <= 1.0


def test_a_prior_that_is_not_cut_off_would_break_the_error() -> None:
    # The trap: below the bar the two-sided mixture is no supermartingale.
    n, s = 30, np.arange(31)
    assert mean_over_paths(log_beta_binomial(s, n, 0.9), n, 0.7) > 5


@pytest.mark.parametrize("rule", RULES, ids=["mixture", "wald"])
def test_false_passes_of_every_optional_stopper_are_at_most_alpha(rule: Rule) -> None:
    for p in (0.5, 0.85, 0.9):
        assert operating(rule, p, 3000).passes <= 0.05
    for p in (0.95, 0.99, 1.0):
        assert operating(rule, p, 3000).fails <= 0.05


def test_ten_thousand_optional_stoppers_at_the_null() -> None:
    chance = stream("optional stoppers")
    passes, _ = bounds(MixtureTest(0.9), 2000)
    hits = np.cumsum(chance.random((10_000, 2000), dtype=np.float32) < 0.9, axis=1, dtype=np.int32)
    # Each looks after every answer and stops as soon as it would pass: the worst that a user can do.
    share = (hits >= passes[None, :]).any(axis=1).mean()
    assert share <= 0.05
    # The exact chance says the same, so neither is broken alone.
    exact = operating(MixtureTest(0.9, beta=1e-300), 0.9, 2000).passes
    assert share == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000))
    # A fixed-size test looked at after every answer passes far more often: the harm is real.
    naive = critical_hits(np.arange(1, 2001), 0.9, 0.05)
    assert (hits >= naive[None, :]).any(axis=1).mean() > 0.15


@pytest.mark.parametrize(("p", "size"), [(0.97, 82), (0.95, 179), (0.93, 542), (0.92, 1264)])
def test_the_least_size_is_that_of_the_brief(p: float, size: int) -> None:
    assert least_size(p, 0.9, 0.05) == pytest.approx(size, abs=1)


def test_sizes_are_near_the_least_possible() -> None:
    test = MixtureTest(0.9)
    good = operating(test, 0.97, 3000)
    assert good.size <= 300 and good.size <= 1.5 * least_size(0.97, 0.9, 0.05) and good.passes > 0.99
    assert operating(test, 0.95, 3000).size <= 1.5 * least_size(0.95, 0.9, 0.05)
    bad = operating(test, 0.85, 3000)
    assert bad.fails > 0.99 and bad.size <= 1.5 * least_size(0.85, 0.9, 0.05)
    # No rule beats the bound (overshoot included), not even one that knows the truth.
    assert operating(WaldTest(0.9, 0.97, beta=1e-9), 0.97, 3000).size >= least_size(0.97, 0.9, 0.05)
    assert least_size(0.9, 0.9, 0.05) == math.inf
    assert kullback_leibler(1.0, 0.5) == pytest.approx(math.log(2))


@pytest.mark.parametrize("rule", RULES, ids=["mixture", "wald"])
@pytest.mark.parametrize("p", [0.85, 0.9, 0.97])
def test_the_exact_recursion_agrees_with_simulation(rule: Rule, p: float) -> None:
    passes, fails = bounds(rule, 400)
    hits = np.cumsum(stream("recursion", str(p)).random((10_000, 400)) < p, axis=1)
    out_up, out_down = hits >= passes, hits <= fails
    n = np.where((out_up | out_down).any(axis=1), (out_up | out_down).argmax(axis=1) + 1, 400)
    up = out_up[np.arange(10_000), n - 1]
    want = operating(rule, p, 400)
    assert up.mean() == pytest.approx(want.passes, abs=0.02)
    assert n.mean() == pytest.approx(want.size, abs=4 * n.std() / 100)
    assert want.passes + want.fails + want.undecided == pytest.approx(1.0)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4)), max_size=12), st.sampled_from([0, 1]))
def test_states_add_up_and_a_decision_stays(batches: list[tuple[int, int]], which: int) -> None:
    state = State(RULES[which])
    decided = "continue"
    for successes, failures in batches:
        before = state
        state = state.update(successes, failures)
        assert (before.hits + successes, before.misses + failures) == (state.hits, state.misses)
        assert decided in ("continue", state.decision)
        decided = state.decision
        assert state.p_value <= before.p_value
        assert (state.p_value <= 0.05 * (1 + 1e-12)) == (state.peak >= -math.log(0.05) * (1 - 1e-12))
    total = State(RULES[which]).update(sum(b[0] for b in batches), sum(b[1] for b in batches))
    assert total.n == state.n and total.log_e == pytest.approx(state.log_e)


def test_bounds_are_where_single_states_decide() -> None:
    for rule in RULES:
        passes, fails = bounds(rule, 60)
        for n in range(1, 61):
            for s in range(n + 1):
                decision = State(rule).update(s, n - s).decision
                assert decision == (
                    "pass" if s >= passes[n - 1] else "fail" if s <= fails[n - 1] else "continue"
                )


def test_a_state_is_frozen_and_refuses_nonsense() -> None:
    state = State(MixtureTest(0.9))
    with pytest.raises(FrozenInstanceError):
        state.hits = 3  # type: ignore[misc]
    assert state.decision == "continue" and state.p_value == 1.0
    assert State(MixtureTest(0.9)).update(40, 0).decision == "pass"
    failed = State(MixtureTest(0.9)).update(0, 10)
    assert failed.decision == "fail"
    # The first bound that is reached decides, whatever comes later.
    later = failed.update(100_000, 0)
    assert later.decision == "fail" and later.p_value < 1e-9 and later.n == 100_010
    with pytest.raises(Invalid):
        state.update(-1, 0)
    for wrong in (
        lambda: MixtureTest(1.0),
        lambda: WaldTest(0.9, 0.9),
        lambda: MixtureTest(0.5, rise=(0, 1)),
    ):
        with pytest.raises(Invalid):
            wrong()
