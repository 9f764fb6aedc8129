"""Groups of trees whose leaves are merged: the cliques of Chen et al. 2019, of two trees, then of four, and so on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hutong.engines.trust.distances.cells import Places, View, total
from hutong.engines.trust.distances.feasible import Norm, Wide

# Leaves a merged group may have: past this, merging costs more than its bound saves.
LARGEST = 128
Leaves = tuple[Places, Places, Wide, Wide, Wide]


@dataclass(frozen=True)
class Groups:
    """Leaves of all groups, in the order of their groups.

    owner: (leaves,); low, high: (leaves, f) cells; gain: (leaves, targets); parts: (leaves, f) costs of columns;
    alone: (leaves,) the cost of reaching the leaf from the row. count: how many groups there are.
    """

    owner: Places = field(hash=False)
    low: Places = field(hash=False)
    high: Places = field(hash=False)
    gain: Wide = field(hash=False)
    parts: Wide = field(hash=False)
    alone: Wide = field(hash=False)
    count: int


def groups_of(view: View, gain: Wide, norm: Norm, best: float, largest: int = LARGEST) -> Groups:
    """The trees of a view, merged as far as `largest` allows; leaves that cost `best` or more are dropped."""
    parts = view.costs(view.low, view.high)
    alone = total(parts, norm)
    near = alone < best
    trees: list[Leaves] = []
    for t in range(len(view.grid.ensemble.trees)):
        mine = near & (view.owner == t)
        trees.append((view.low[mine], view.high[mine], gain[mine], parts[mine], alone[mine]))
    merged = _merge(trees, norm, best, largest)
    owner = np.repeat(np.arange(len(merged)), [len(m[0]) for m in merged])
    low, high, gains, costs, whole = (np.concatenate([m[i] for m in merged]) for i in range(5))
    return Groups(owner, low, high, gains, costs, whole, len(merged))


def _merge(trees: list[Leaves], norm: Norm, best: float, largest: int) -> list[Leaves]:
    """Smallest with smallest, again and again, while the product stays small."""
    done: list[Leaves] = []
    waiting = sorted(trees, key=lambda leaves: len(leaves[0]))
    while len(waiting) > 1:
        pairs: list[Leaves] = []
        while waiting:
            first = waiting.pop(0)
            if waiting and len(first[0]) * len(waiting[0][0]) <= largest * 4:
                both = _product(first, waiting[0], norm, best)
                if len(both[0]) <= largest:
                    waiting.pop(0)
                    pairs.append(both)
                    continue
            done.append(first)
        waiting = sorted(pairs, key=lambda leaves: len(leaves[0]))
    return done + waiting


def _product(a: Leaves, b: Leaves, norm: Norm, best: float) -> Leaves:
    """All meeting pairs of leaves that can be reached below the best cost."""
    low, high = np.maximum(a[0][:, None], b[0]), np.minimum(a[1][:, None], b[1])
    i, j = np.nonzero((low <= high).all(axis=2))
    parts = np.maximum(a[3][i], b[3][j])
    alone = total(parts, norm)
    keep = alone < best
    i, j = i[keep], j[keep]
    return low[i, j], high[i, j], a[2][i] + b[2][j], parts[keep], alone[keep]
