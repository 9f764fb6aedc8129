"""The nodes of the search of `trees`: boxes of cells, their bounds, and the smaller boxes they fall into."""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.distances.cells import Grid, Places, View, total
from hutong.engines.trust.distances.feasible import Norm, Wide
from hutong.engines.trust.distances.groups import Groups


def gains(grid: Grid, values: Wide, was: int) -> tuple[Wide, Wide]:
    """(leaves, targets) what each leaf adds to the lead of each other label over `was`, and (targets,) the start."""
    ensemble = grid.ensemble
    base = ensemble.base.astype(np.float64)
    if len(base) == 1:
        sign = -1.0 if was == 1 else 1.0
        return sign * values, sign * (base - ensemble.cut)
    others = np.flatnonzero(np.arange(len(base)) != was)
    return values[:, others] - values[:, [was]], base[others] - base[was]


def lower_bound(groups: Groups, alive: Places, priced: Wide, start: Wide, bar: float) -> tuple[float, float]:
    """(least cost e at which the best leaves of cost <= e could lead by more than bar, the lead without limit).

    alive: leaves that meet the box, in the order of their groups; priced: their costs with the box. inf if never.
    """
    edges = np.flatnonzero(np.diff(groups.owner[alive], prepend=-1))
    if len(edges) < groups.count:
        return np.inf, -np.inf
    gain = groups.gain[alive]

    def lead(e: float) -> float:
        allowed = np.where((priced <= e)[:, None], gain, -np.inf)
        return float((np.maximum.reduceat(allowed, edges, axis=0).sum(axis=0) + start).max())

    most = float((np.maximum.reduceat(gain, edges, axis=0).sum(axis=0) + start).max())
    if most <= bar:
        return np.inf, most
    # Every group needs a leaf: the search begins at the dearest of their cheapest.
    least = float(np.minimum.reduceat(priced, edges).max())
    steps = np.unique(priced[priced >= least])
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if lead(steps[middle]) > bar else (middle + 1, high)
    return float(steps[low]), most


def children_of(
    view: View, groups: Groups, low: Places, high: Places, alive: Places, start: Wide, norm: Norm, best: float
) -> tuple[Places, Places, Wide] | None:
    """The box cut by the leaves of the group that promises most beyond the box's nearest point; None if all are one.

    (m, f) ranges and (m,) costs of those below the best cost, largest gain first.
    """
    owner = groups.owner[alive]
    edges = np.flatnonzero(np.diff(owner, prepend=-1))
    counts = np.diff(np.append(edges, len(alive)))
    if (counts == 1).all():
        return None
    gain = groups.gain[alive]
    top = np.maximum.reduceat(gain, edges, axis=0)
    target = int((top.sum(axis=0) + start).argmax())
    here = np.clip(view.own, low, high)
    holds = ((groups.low[alive] <= here) & (groups.high[alive] >= here)).all(axis=1)
    own = np.maximum.reduceat(np.where(holds, gain[:, target], -np.inf), edges)
    promise = np.where(counts > 1, top[:, target] - np.where(np.isfinite(own), own, 0.0), -np.inf)
    chosen = alive[owner == owner[edges[int(promise.argmax())]]]
    chosen = chosen[np.argsort(-groups.gain[chosen, target], kind="stable")]
    lows, highs = np.maximum(groups.low[chosen], low), np.minimum(groups.high[chosen], high)
    cost = total(view.costs(lows, highs), norm)
    keep = cost < best
    return lows[keep], highs[keep], cost[keep]


def meeting(
    view: View, groups: Groups, alive: Places, low: Places, high: Places, was_low: Places, was_high: Places,
    norm: Norm, best: float,
) -> tuple[Places, Wide]:  # fmt: skip
    """Which of the leaves alive in the parent meet the child's box below the best cost, and at what cost."""
    new = np.flatnonzero((low != was_low) | (high != was_high))
    columns = np.ix_(alive, new)
    meets = alive[((groups.low[columns] <= high[new]) & (groups.high[columns] >= low[new])).all(axis=1)]
    priced = total(np.maximum(groups.parts[meets], view.costs(low, high)), norm)
    cheap = priced < best
    return meets[cheap], priced[cheap]
