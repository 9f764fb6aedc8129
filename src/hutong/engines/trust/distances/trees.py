"""Exact least distance of a sum of trees to a change of its decision, by best-first search over boxes of cells.

A node of the search is a box. Its bound is that of Chen et al. 2019 (Robustness Verification of Tree-based Models,
NeurIPS): each group of trees takes its best leaf among those that meet the box at cost <= e; the least e at which
these sum to a gain is a lower bound of every solution inside. Groups of trees are merged first, as cliques of leaf
boxes (boxes that meet in pairs meet at all). Nodes are opened in the order of their bounds, so that the first
solution that no open node can beat is optimal. Decisions are always those of the artefact's own float32 sums.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.boxes import children_of, gains, lower_bound, meeting
from hutong.engines.trust.distances.cells import Places, View, grid_of, view_of
from hutong.engines.trust.distances.descent import descend
from hutong.engines.trust.distances.feasible import Distances, Norm, box_of, checked
from hutong.engines.trust.distances.groups import groups_of
from hutong.engines.trust.distances.models import TreeEnsemble
from hutong.engines.trust.distances.plunge import plunge
from hutong.engines.trust.types import Domain

NODES = 20_000


@dataclass(frozen=True)
class Answer:
    """cost: least cost (inf if none), bound: proven lower bound of it, point: (d,) float32 or None, nodes opened."""

    cost: float
    bound: float
    point: Rows | None = field(hash=False)
    nodes: int = 0


def minimal_trees(
    ensemble: TreeEnsemble,
    rows: Any,
    norm: Norm,
    domain: Domain | None = None,
    slack: float = 0.0,
    nodes: int = NODES,
) -> Distances:
    """Distances and counter-examples of (n, d) rows within the domain (None: every float32).

    slack: how far above the old winner (or beyond the bar) the new one must be, in units of the sums. nodes: boxes
    opened per row before the search gives its bound instead (`exact` is then false). `Invalid` as `minimal_linear`.
    """
    table = checked(rows, domain, ensemble.width)
    if not len(table):
        none, flags = np.zeros(0), np.zeros(0, np.bool_)
        return Distances(norm, none, none, table, flags, flags)
    box, grid, was = box_of(domain, ensemble.width), grid_of(ensemble), ensemble.decide(table)
    root = np.sqrt if norm == "l2" else np.asarray
    found = [
        search(view_of(grid, row, box, norm), int(y), norm, slack, nodes)
        for row, y in zip(table, was, strict=True)
    ]
    out = np.stack([row if a.point is None else a.point for row, a in zip(table, found, strict=True)])
    cost, bound = np.array([a.cost for a in found]), np.array([a.bound for a in found])
    hit = np.array([a.point is not None for a in found], np.bool_)
    return Distances(norm, root(cost), root(bound), out.reshape(table.shape), hit, bound >= cost)


def search(view: View, was: int, norm: Norm, slack: float = 0.0, nodes: int = NODES) -> Answer:
    """The least cost at which another label wins, for one row."""
    ensemble = view.grid.ensemble
    gain, start = gains(view.grid, view.values, was)
    # What float32 could turn is not pruned; the artefact's own sums decide at each point.
    bar = slack - ensemble.rounding - 1e-12
    code = np.array([was])

    def flips(points: Rows) -> NDArray[np.bool_]:
        return ensemble.changed(points, code, slack)

    best, point = plunge(view, gain, start, norm, flips, bar, *descend(view, gain, start, norm, flips))
    groups = groups_of(view, gain, norm, best)
    everything = np.arange(len(groups.owner))
    low, high = np.zeros(len(view.own), np.int64), np.full(len(view.own), view.cost.shape[1] - 1, np.int64)
    bound, lead = lower_bound(groups, everything, groups.alone, start, bar)
    heap: list[tuple[float, float, int, Places, Places, Places]] = []
    if bound < best:
        heap.append((bound, -lead, 0, low, high, everything))
    opened = made = 0
    while heap and heap[0][0] < best:
        bound, _, _, low, high, alive = heapq.heappop(heap)
        if opened >= nodes:
            return Answer(best, bound, point, opened)
        opened += 1
        children = children_of(view, groups, low, high, alive, start, norm, best)
        if children is None:
            continue
        lows, highs, cost = children
        points = view.points(lows, highs)
        hits = flips(points)
        if hits.any():
            first = int(np.where(hits, cost, np.inf).argmin())
            best, point = float(cost[first]), points[first]
        for i in np.flatnonzero(~hits & (cost < best)):
            meets, priced = meeting(view, groups, alive, lows[i], highs[i], low, high, norm, best)
            child, lead = lower_bound(groups, meets, priced, start, bar)
            if child < best:
                made += 1
                heapq.heappush(heap, (max(child, bound), -lead, made, lows[i], highs[i], meets))
    return Answer(best, best, point, opened)
