"""The second checker confirms true proofs and none that was tampered with, whatever the search believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.networks import Case, Goal, Property, smallest_excess, verify
from hutong.engines.trust.networks import search as searching
from hutong.engines.trust.networks.bounds import Bounder
from hutong.engines.trust.networks.checker import Checker
from hutong.engines.trust.networks.confirm import check_cuts, check_leaves, parts_of
from hutong.engines.trust.networks.proof import Cuts, Leaf, Leaves
from hutong.engines.trust.networks.search import InputSearch
from hutong.engines.trust.networks.signs import SignSearch


def never() -> bool:
    return False


def above(network: Any, low: Any, high: Any, room: float) -> Case:
    """A case whose one goal is `room` below the least output that the mixed-integer program finds (room < 0: above it)."""
    goal = Goal(np.array([[1.0] + [0.0] * (network.outputs - 1)]), np.zeros(1), False)
    case = Case(np.asarray(low, np.float64), np.asarray(high, np.float64), (goal,))
    least = smallest_excess(network, case, goal, 20.0).bound
    return replace(case, goals=(replace(goal, limits=np.array([least - room])),))


def searched(network: Any, case: Case) -> InputSearch:
    search = InputSearch(network, case, never, lambda nodes, still: None)
    search.run()
    return search


def volume(low: Any, high: Any) -> float:
    return float(np.prod(high - low, axis=1).sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_fill_the_box(make: Any, seed: int) -> None:
    network = make.random(seed, [3, 14, 14, 2])
    case = above(network, np.zeros(3), np.ones(3), 1e-4)
    search = searched(network, case)
    assert search.findings.counter_example is None and search.cuts.count > 3
    low, high = parts_of(case, search.cuts)
    assert abs(volume(low, high) - 1.0) < 1e-9
    points = np.random.default_rng(seed).random((2000, 3))
    inside = np.all((low[None] <= points[:, None]) & (points[:, None] <= high[None]), axis=2)
    assert np.any(inside, axis=1).all()
    assert check_cuts(network, case, search.cuts, True, never)


def test_bounds_of_the_checker_hold_for_every_answer_of_the_file(make: Any) -> None:
    for seed in range(12):
        chance = np.random.default_rng(seed)
        network = make.random(seed, [4, 9, 9, 3])
        low = chance.uniform(-1, 1, (5, 4))
        high = low + chance.uniform(0, 0.7, (5, 4))
        checker = Checker(network, True)
        hidden, _, void = checker._over(low, high)
        assert not void.any()
        for i in range(5):
            points = chance.uniform(low[i], high[i], (300, 4))
            for lines, z in zip(hidden, network.trace(points), strict=False):
                assert (lines.low[i] <= z + 1e-12).all() and (z <= lines.high[i] + 1e-12).all()
                relu = np.maximum(z, 0)
                assert (lines.below[i] * z <= relu + 1e-12).all()
                assert (relu <= lines.above[i] * z + lines.offset[i] + 1e-12).all()
            least = network.replay(points.astype(np.float32))[:, 0].min()
            goal = Goal(np.array([[1.0, 0.0, 0.0]]), np.array([float(least)]), False)
            assert not checker.free(low[i : i + 1], high[i : i + 1], [goal])[0]


def test_a_box_with_a_counter_example_is_never_free_however_it_is_cut(make: Any) -> None:
    """200 spikes: the cuts are those of a search that was made to believe; the checker is asked without them and with."""
    for seed in range(200):
        network, place = make.spike(seed, 3, depth=1.3)
        goal = Goal(np.array([[1.0]]), np.zeros(1), False)
        case = Case(np.zeros(3), np.ones(3), (goal,))
        wide = np.random.default_rng(seed).uniform(0, 0.2, 3)
        low, high = np.clip(place - wide, 0, 1)[None], np.clip(place + wide, 0, 1)[None]
        assert not Checker(network, False).free(low, high, [goal])[0]
        if seed < 6:
            assert not check_cuts(network, case, Cuts(), False, never)


def test_a_search_that_believes_too_much_is_not_followed(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of the search raised by 0.2: it ends without a counter-example; the checker does not go along."""
    network, _ = make.spike(3, 2, depth=1.02)
    goal = Goal(np.array([[1.0]]), np.zeros(1), False)
    prop = Property(2, 1, (Case(np.zeros(2), np.ones(2), (goal,)),))
    honest = Bounder.outputs

    def credulous(self: Any, *given: Any) -> Any:
        found = honest(self, *given)
        return replace(found, least=found.least + 0.2)

    monkeypatch.setattr(Bounder, "outputs", credulous)
    monkeypatch.setattr(searching, "confirm", lambda *a: None)
    monkeypatch.setattr(searching, "descend", lambda *a, **k: None)
    from importlib import import_module

    monkeypatch.setattr(import_module("hutong.engines.trust.networks.verify"), "attack", lambda *a: None)
    outcome = verify(network, prop, 30.0)
    assert (
        outcome.verdict == "unknown" and outcome.reason is not None and "second checker" in outcome.reason.en
    )


def leaves_of(network: Any, case: Case) -> SignSearch:
    search = SignSearch(network, case, case.goals[0], never, lambda nodes, still: None, timed=False)
    search.run()
    return search


@pytest.mark.parametrize("seed", range(6))
def test_sign_patterns_are_confirmed_and_none_may_be_missing(make: Any, seed: int) -> None:
    network = make.random(seed, [14, 12, 10, 2])
    case = above(network, np.zeros(14), np.full(14, 0.6), 1e-3)
    search = leaves_of(network, case)
    assert search.findings.counter_example is None and not search.findings.stuck
    goal, leaves = case.goals[0], search.leaves
    assert check_leaves(network, case, goal, leaves, True, never)
    raised = replace(goal, limits=goal.limits + 0.01)
    assert not check_leaves(network, replace(case, goals=(raised,)), raised, leaves, True, never)
    assert len(leaves.found) > 1 or seed
    for gone in range(min(len(leaves.found), 5)):
        fewer = Leaves([leaf for i, leaf in enumerate(leaves.found) if i != gone])
        assert not check_leaves(network, case, goal, fewer, True, never)


@pytest.mark.parametrize(
    ("paths", "whole"),
    [
        ([()], True),
        ([], False),
        ([(1,), (-1, 2), (-1, -2)], True),
        ([(1,), (-1, 2)], False),
        ([(1, 2), (-1, -2)], False),
        ([(1,), (2,)], False),
    ],
)
def test_patterns_have_to_be_a_tree(make: Any, paths: Any, whole: bool) -> None:
    """The goal is far from reached, so that only what is left out can fail."""
    network = make.random(0, [3, 4, 4, 2])
    case = above(network, np.zeros(3), np.ones(3), 50.0)
    zeros = tuple(np.zeros(4) for _ in range(2))
    leaves = Leaves([Leaf(path, np.ones(1), zeros, zeros) for path in paths])
    assert check_leaves(network, case, case.goals[0], leaves, True, never) is whole


def test_negative_multipliers_prove_nothing(make: Any) -> None:
    network = make.random(0, [3, 4, 4, 2])
    case = above(network, np.zeros(3), np.ones(3), 5.0)
    zeros = tuple(np.zeros(4) for _ in range(2))
    whole = Leaf((), np.ones(1), zeros, zeros)
    for leaf, good in (
        (whole, True),
        (replace(whole, weights=-np.ones(1)), False),
        (replace(whole, beta=tuple(b - 1 for b in zeros)), False),
    ):
        assert check_leaves(network, case, case.goals[0], Leaves([leaf]), True, never) is good
