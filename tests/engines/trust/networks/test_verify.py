"""Verdicts against oracles: the mixed-integer program, dense samples, planted spikes; and what they may not say."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.engines.trust.networks import (
    Case,
    Goal,
    Property,
    read_network,
    read_property,
    smallest_excess,
    verify,
)
from hutong.engines.trust.networks.signs import SignSearch
from hutong.kernel.errors import Invalid


def _property(network: Any, low: Any, high: Any, goals: Any) -> Property:
    cases = (Case(np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64), tuple(goals)),)
    return Property(network.inputs, network.outputs, cases)


def _goals(chance: np.random.Generator, outputs: int, values: Any) -> list[Goal]:
    """One to three goals of one or two rows, with limits near what the network answers."""
    goals = []
    for _ in range(int(chance.integers(1, 4))):
        rows = chance.integers(-1, 2, (int(chance.integers(1, 3)), outputs)).astype(np.float64)
        share = float(chance.uniform(-0.25, 0.25))
        answers = values @ rows.T
        goals.append(Goal(rows, answers.min(axis=0) + share * np.ptp(answers, axis=0) - 1e-3, False))
    return goals


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 12]))
def test_verdicts_agree_with_the_mixed_integer_program(make: Any, seed: int, inputs: int) -> None:
    chance = np.random.default_rng(seed)
    network = make.random(seed, [inputs, 7, 6, 3])
    low = chance.uniform(-1, 1, inputs)
    high = low + chance.uniform(0.05, 0.8, inputs)
    values = network.forward(chance.uniform(low, high, (300, inputs)))
    prop = _property(network, low, high, _goals(chance, 3, values))
    (case,) = prop.cases
    exact = [smallest_excess(network, case, g, 20.0) for g in case.goals]
    least = min(e.bound for e in exact)
    outcome = verify(network, prop, 20.0)
    if least > 1e-5:
        assert outcome.verdict == "holds"
    elif min(e.value for e in exact if e.value is not None) < -1e-5:
        assert outcome.verdict == "violated"
    # Points that the program has not seen agree with the bound that it claims.
    for goal, e in zip(case.goals, exact, strict=True):
        assert goal.excess(values).min() >= e.bound - 1e-5
    _check_replay(network, prop, outcome)


def _check_replay(network: Any, prop: Property, outcome: Any) -> None:
    """A counter-example is float32, in the box, and the runtime's own answer reaches a goal."""
    shown = outcome.counter_example
    if shown is None:
        return
    x = np.array(shown.inputs)
    assert (x == x.astype(np.float32)).all()
    inside = [c for c in prop.cases if (c.low <= x).all() and (x <= c.high).all()]
    answer = network.replay(x[None].astype(np.float32))[0]
    assert tuple(map(float, answer)) == shown.outputs
    assert any(g.reached(answer) for c in inside for g in c.goals)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_signs_and_inputs_agree_on_the_same_question(make: Any, seed: int) -> None:
    chance = np.random.default_rng(seed)
    network = make.random(seed, [3, 8, 8, 2])
    low, high = np.zeros(3), np.ones(3)
    values = network.forward(chance.uniform(low, high, (300, 3)))
    goal = Goal(np.eye(2), np.quantile(values, 0.2, axis=0) - 0.2 * np.ptp(values, axis=0), False)
    prop = _property(network, low, high, [goal])
    outcome = verify(network, prop, 20.0)
    search = SignSearch(network, prop.cases[0], goal, lambda: False, lambda nodes, still: None)
    found = search.run()
    assert outcome.verdict != "unknown" and not found.stuck
    assert (found.counter_example is not None) == (outcome.verdict == "violated")


def _spiked(make: Any, seed: int, inputs: int) -> str:
    """The verdict on a network with a planted counter-example; y <= 0 only in the spike."""
    network, place = make.spike(seed, inputs, depth=2.0)
    assert network.replay(place[None].astype(np.float32)).min() <= 0.0
    prop = _property(network, np.zeros(inputs), np.ones(inputs), [Goal(np.eye(1), np.zeros(1), False)])
    outcome = verify(network, prop, 4.0, seed=seed)
    _check_replay(network, prop, outcome)
    return outcome.verdict


def test_forty_planted_spikes_are_never_called_safe(make: Any) -> None:
    verdicts = [_spiked(make, seed, (2, 3, 5, 12)[seed % 4]) for seed in range(40)]
    assert "holds" not in verdicts
    assert verdicts.count("violated") >= 38


@pytest.mark.slow
def test_two_hundred_planted_spikes_are_never_called_safe(make: Any) -> None:
    verdicts = [_spiked(make, 1000 + seed, (2, 3, 4, 6, 12, 20)[seed % 6]) for seed in range(200)]
    assert "holds" not in verdicts
    assert verdicts.count("violated") >= 190


def test_the_twin_without_the_counter_example_is_proven(make: Any) -> None:
    for seed in range(12):
        inputs = (2, 3, 5, 12)[seed % 4]
        network, place = make.spike(seed, inputs, depth=0.5)
        assert network.replay(place[None].astype(np.float32)).min() > 0.0
        prop = _property(network, np.zeros(inputs), np.ones(inputs), [Goal(np.eye(1), np.zeros(1), False)])
        assert verify(network, prop, 20.0).verdict == "holds"


def test_an_exact_tie_is_a_counter_example_and_never_a_proof(make: Any) -> None:
    tie = read_network(make.dense([[[1.0, 0.5]] * 2], [np.zeros(2)]))
    box = ([0, 0], [1, 1])
    loose, strict = (Goal(np.array([[1.0, -1.0]]), np.zeros(1), s) for s in (False, True))
    assert verify(tie, _property(tie, *box, [loose]), 5.0).verdict == "violated"
    assert verify(tie, _property(tie, *box, [strict]), 0.5).verdict == "unknown"


def test_a_margin_below_float32_is_claimed_for_real_arithmetic_only(make: Any) -> None:
    """y0 - y1 = 2^-14 everywhere, about the last bit of y0 = 1000 x: no rounding swaps them, but none is ruled out."""
    close = read_network(make.dense([[[1000.0], [1000.0]]], [np.array([0.0, -(2.0**-14)])]))
    prop = _property(close, [0.5], [1.0], [Goal(np.array([[1.0, -1.0]]), np.zeros(1), True)])
    outcome = verify(close, prop, 10.0)
    assert (outcome.verdict, outcome.covers) == ("holds", "real")
    wide = _property(close, [0.5], [1.0], [Goal(np.array([[1.0, 0.0]]), np.array([400.0]), False)])
    assert verify(close, wide, 10.0).covers == "runtime"


def test_an_input_that_no_float32_meets_is_replayed_at_the_nearest(make: Any) -> None:
    network = read_network(make.dense([[[1.0]]], [np.zeros(1)]))
    fixed = _property(network, [0.1], [0.1], [Goal(np.eye(1), np.ones(1), False)])
    outcome = verify(network, fixed, 5.0)
    assert outcome.counter_example is not None
    assert outcome.counter_example.inputs == (float(np.float32(0.1)),)
    # 0.1 lies below float32(0.1): what the runtime receives decides, so the proof has to include it.
    border = Goal(-np.eye(1), np.array([-float(np.float32(0.1))]), False)
    assert verify(network, _property(network, [0.1], [0.1], [border]), 5.0).verdict == "violated"


@pytest.mark.parametrize("inputs", [10, 30])
def test_the_deadline_is_kept_and_says_so(make: Any, inputs: int) -> None:
    network = make.random(4, [inputs, 60, 60, 60, 2], scale=2.5)
    values = network.forward(np.random.default_rng(0).uniform(0, 1, (2000, inputs)))
    limit = values[:, 0].min() - 0.8 * np.ptp(values[:, 0])
    prop = _property(
        network, np.zeros(inputs), np.ones(inputs), [Goal(np.eye(2)[:1], np.array([limit]), False)]
    )
    told = []
    start = time.monotonic()
    outcome = verify(network, prop, 1.5, progress=told.append)
    assert time.monotonic() - start < 4.0
    assert outcome.verdict == "unknown" and outcome.reason is not None and outcome.reason.zh == "时间用尽。"
    assert told and told[-1].nodes == outcome.nodes > 0 and told[-1].open > 0


def test_two_runs_with_one_seed_give_one_answer(make: Any) -> None:
    network = make.random(9, [3, 10, 10, 2])
    goal = Goal(np.eye(2)[:1], network.forward(np.full((1, 3), 0.3))[0, :1], False)
    prop = _property(network, np.zeros(3), np.ones(3), [goal])
    first, second = (verify(network, prop, 10.0, seed=5) for _ in range(2))
    assert first.verdict == "violated" and first.counter_example == second.counter_example


def test_properties_that_do_not_fit_and_empty_ones(make: Any) -> None:
    network = make.random(1, [2, 4, 2])
    text = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= X_0 1))(assert (>= X_0 {low}))"
    with pytest.raises(Invalid) as refused:
        verify(network, read_property(text.format(low=0)), 1.0)
    assert refused.value.rule == "property.shape"
    assert verify(network, Property(2, 2, ()), 1.0).verdict == "holds"
    anything = Goal(np.zeros((0, 2)), np.zeros(0), False)
    assert verify(network, _property(network, [0, 0], [1, 1], [anything]), 1.0).verdict == "violated"
    for seconds in (0.0, -1.0, float("nan")):
        with pytest.raises(Invalid):
            verify(network, Property(2, 2, ()), seconds)


@pytest.mark.parametrize("inputs", [3, 24])
def test_a_budget_of_nodes_decides_the_same_whatever_the_clock(make: Any, inputs: int) -> None:
    network = make.random(5, [inputs, 24, 16, 3])
    low, high = np.full(inputs, -1.0), np.full(inputs, 1.0)
    values = network.forward(np.random.default_rng(5).uniform(low, high, (4000, inputs)))
    row = np.array([1.0, -1.0, 0.0])
    # Just below what random points reach: neither shown nor refuted at once.
    goal = Goal(row[None], np.array([(values @ row).min() - 0.3 * np.ptp(values @ row)]), False)
    prop = _property(network, low, high, [goal])
    found = [verify(network, prop, seconds, nodes=64) for seconds in (1e6, 2e6)]
    assert (found[0].verdict, found[0].nodes) == (found[1].verdict, found[1].nodes)
    assert found[0].nodes >= 64 or found[0].verdict != "unknown"
    more = verify(network, prop, 1e6, nodes=2048)
    assert more.nodes >= found[0].nodes and found[0].verdict in ("unknown", more.verdict)
