"""Counter-examples by projected gradient descent on many points at once (Madry et al., ICLR 2018).

The descent runs in float64 on the layers; a point counts only after `confirm`, where onnxruntime answers for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.properties import Case, Goal

_REPLAYS = 4


@dataclass(frozen=True, slots=True)
class CounterExample:
    """Inputs as the runtime received them and its outputs: float32 values, exact as Python floats."""

    inputs: tuple[float, ...]
    outputs: tuple[float, ...]


def confirm(network: Network, case: Case, points: F64) -> CounterExample | None:
    """The first of the points (n, inputs) that is a counter-example when replayed on the artefact."""
    if not len(points):
        return None
    rows = case.received(points)
    for row, answer in zip(rows, network.replay(rows), strict=True):
        if np.isfinite(answer).all() and any(g.reached(answer) for g in case.goals):
            return CounterExample(tuple(map(float, row)), tuple(map(float, answer)))
    return None


def descend(
    network: Network, case: Case, goal: Goal, points: F64, steps: int, stop: Callable[[], bool],
    first: float = 0.5,
) -> CounterExample | None:  # fmt: skip
    """From the points (n, inputs), signed steps that shrink, towards the goal; the best points are replayed.

    first: length of the first step as a share of the box's radius.
    """
    radius = 0.5 * (case.high - case.low)
    best, least = points, np.full(len(points), np.inf)
    for i in range(steps):
        trace = network.trace(points)
        excess = goal.excess(trace[-1])
        better = excess < least
        least = np.where(better, excess, least)
        best = np.where(better[:, None], points, best)
        if not len(goal.rows) or (least <= 0.0).any():
            found = confirm(network, case, best[np.argsort(least)[:_REPLAYS]])
            if found is not None:
                return found
        if stop() or not len(goal.rows):
            break
        worst = (trace[-1] @ goal.rows.T - goal.limits).argmax(axis=1)
        slope = network.pull(trace, goal.rows[worst])
        share = first * 0.02 ** (i / max(steps - 1, 1))
        points = np.clip(points - share * radius * np.sign(slope), case.low, case.high)
    return confirm(network, case, best[np.argsort(least)[:_REPLAYS]])


def attack(
    network: Network, case: Case, goals: Sequence[Goal], chance: np.random.Generator, points: int, steps: int,
    stop: Callable[[], bool],
) -> CounterExample | None:  # fmt: skip
    """Descents from random points of the box, for one goal after the other."""
    for goal in goals:
        if stop():
            return None
        shares = chance.random((points, network.inputs))
        shares[: points // 4] = np.round(shares[: points // 4])  # a quarter starts in corners
        start = case.low + shares * (case.high - case.low)
        found = descend(network, case, goal, start, steps, stop)
        if found is not None:
            return found
    return None
