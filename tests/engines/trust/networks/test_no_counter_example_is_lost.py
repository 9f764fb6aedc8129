"""The proving half alone, blind to every counter-example that it meets: it may end undecided, never satisfied.

With the attack at work a faulty proof hides behind a quick find. Here nothing is ever replayed, so each box or sign
pattern around a counter-example has to stay open, or be given up openly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.networks import Case, Goal, search, signs
from hutong.engines.trust.networks.search import Findings, InputSearch
from hutong.engines.trust.networks.signs import SignSearch


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (search, signs):
        monkeypatch.setattr(module, "confirm", lambda *a, **k: None)
        monkeypatch.setattr(module, "descend", lambda *a, **k: None)
    yield


def _enough(nodes: int) -> tuple[Callable[[], bool], Callable[[int, int], None]]:
    """Stop after so many nodes."""
    seen = [0]

    def report(done: int, still: int) -> None:
        seen[0] = done

    return lambda: seen[0] >= nodes, report


def _open(found: Findings) -> bool:
    return found.late or found.stuck > 0


def _cases(make: Any) -> Iterator[tuple[Any, Case]]:
    """Random networks with two goals, of which exactly the second is reached, by few of many samples."""
    for seed in range(40):
        chance = np.random.default_rng(seed)
        inputs = int(chance.integers(1, 5))
        network = make.random(seed, [inputs, 8, 8, 3])
        values = network.forward(chance.random((4000, inputs)))
        rows = chance.standard_normal((2, 3))
        limit = np.quantile(values @ rows.T, 0.002, axis=0)
        # A single row on its lower tail, far below on the other goal.
        reached = Goal(rows[:1], limit[:1], False)
        never = Goal(rows[1:], limit[1:] - 50.0, False)
        order = (never, reached) if seed % 2 else (reached, never)
        yield network, Case(np.zeros(inputs), np.ones(inputs), order)


def test_boxes_around_a_counter_example_stay_open(make: Any, blind: None) -> None:
    for network, case in _cases(make):
        stop, report = _enough(800)
        assert _open(InputSearch(network, case, stop, report).run())


def test_two_rows_together_are_not_ruled_out_by_either(make: Any, blind: None) -> None:
    for seed in range(12):
        chance = np.random.default_rng(seed)
        network = make.random(seed, [3, 8, 8, 3])
        values = network.forward(chance.random((4000, 3)))
        at = values[int(chance.integers(4000))]
        rows = chance.standard_normal((2, 3))
        goal = Goal(rows, rows @ at + 1e-3, False)
        case = Case(np.zeros(3), np.ones(3), (goal,))
        stop, report = _enough(800)
        assert _open(InputSearch(network, case, stop, report).run())
        stop, report = _enough(1000)
        assert _open(SignSearch(network, case, goal, stop, report).run())


def test_sign_patterns_around_a_counter_example_stay_open(make: Any, blind: None) -> None:
    ended = 0
    for network, case in _cases(make):
        goal = next(g for g in case.goals if g.limits[0] > -25.0)
        stop, report = _enough(1000)
        found = SignSearch(network, case, goal, stop, report).run()
        assert _open(found)
        ended += not found.late
    assert ended >= 25, "most of these searches end, so that their leaves are tried"


def test_spikes_at_the_seam_of_two_patterns_stay_open(make: Any, blind: None) -> None:
    for seed in range(12):
        inputs = (1, 2, 3)[seed % 3]
        network, _ = make.spike(seed, inputs, depth=1.3)
        goal = Goal(np.eye(1), np.zeros(1), False)
        case = Case(np.zeros(inputs), np.ones(inputs), (goal,))
        stop, report = _enough(1000)
        assert _open(SignSearch(network, case, goal, stop, report).run())
        stop, report = _enough(1000)
        assert _open(InputSearch(network, case, stop, report).run())
