"""The cells into which the thresholds of a tree ensemble cut each column, as one row and its domain see them.

Column j with thresholds t_1 < .. < t_m has cells (-inf, t_1], (t_1, t_2], .. (t_m, inf). Within a cell nothing
changes, so the nearest value that the domain and float32 allow in a cell stands for all of it. A leaf is a range of
cells in each column; cells without any allowed value are taken out, and then the cost of a range is the cost of the
cell nearest to the row's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.columns import LARGEST
from hutong.engines.trust.distances.feasible import Box, Norm, Wide
from hutong.engines.trust.distances.models import Tree, TreeEnsemble

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """used: (f,) columns that some node compares. marks: their thresholds, ascending float32.

    low, high: (leaves, f) first and last cell of each leaf; values: (leaves, k); owner: (leaves,) its tree.
    """

    ensemble: TreeEnsemble = field(hash=False)
    used: Places = field(hash=False)
    marks: tuple[Rows, ...] = field(hash=False)
    low: Places = field(hash=False)
    high: Places = field(hash=False)
    values: Wide = field(hash=False)
    owner: Places = field(hash=False)


@dataclass(frozen=True)
class View:
    """A grid as one row sees it: only allowed cells, and leaves that can be reached at all.

    near, cost: (f, cells) the value that stands for a cell and its contribution to the norm (inf beyond the last).
    own: (f,) cell of the row. low, high, values, owner as in `Grid`.
    """

    grid: Grid = field(hash=False)
    row: Rows = field(hash=False)
    near: Rows = field(hash=False)
    cost: Wide = field(hash=False)
    own: Places = field(hash=False)
    low: Places = field(hash=False)
    high: Places = field(hash=False)
    values: Wide = field(hash=False)
    owner: Places = field(hash=False)

    def costs(self, low: Places, high: Places) -> Wide:
        """(.., f) contributions of ranges of cells: those of the cell nearest to the row's own."""
        return np.asarray(self.cost[np.arange(len(self.own)), np.clip(self.own, low, high)], np.float64)

    def points(self, low: Places, high: Places) -> Rows:
        """(m, d) float32 rows nearest to the row within (m, f) ranges of cells."""
        cells = np.clip(self.own, low, high)
        out = np.tile(self.row, (len(cells), 1))
        moved = cells != self.own
        near = self.near[np.arange(len(self.own)), cells]
        out[:, self.grid.used] = np.where(moved, near, self.row[self.grid.used])
        return out


def grid_of(ensemble: TreeEnsemble) -> Grid:
    """The cells of an ensemble; a leaf that contradicts its own path is left out."""
    feature = np.concatenate([t.feature for t in ensemble.trees])
    threshold = np.concatenate([t.threshold for t in ensemble.trees]) + np.float32(0)
    used = np.unique(feature[feature >= 0]).astype(np.int64)
    marks = tuple(np.unique(threshold[feature == j]) for j in used)
    ends = np.array([len(m) for m in marks], np.int64)
    parts = [_leaves(t, used, marks, ends) for t in ensemble.trees]
    low, high = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    values = np.concatenate([p[2] for p in parts])
    owner = np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts])
    real = (low <= high).all(axis=1)
    return Grid(ensemble, used, marks, low[real], high[real], values[real], owner[real])


def _leaves(tree: Tree, used: Places, marks: tuple[Rows, ...], ends: Places) -> tuple[Places, Places, Wide]:
    low = np.zeros((len(tree.feature), len(used)), np.int64)
    high = np.tile(ends, (len(tree.feature), 1))
    place = {int(j): i for i, j in enumerate(used)}
    # Children follow their parents (`Tree`), so one pass hands every range down.
    for node in np.flatnonzero(tree.feature >= 0):
        j = place[int(tree.feature[node])]
        cell = int(np.searchsorted(marks[j], tree.threshold[node]))
        for child in (tree.left[node], tree.right[node]):
            low[child], high[child] = low[node], high[node]
        high[tree.left[node], j] = min(high[node, j], cell)
        low[tree.right[node], j] = max(low[node, j], cell + 1)
    leaves = tree.leaves
    return low[leaves], high[leaves], tree.values[leaves].astype(np.float64)


def view_of(grid: Grid, row: Rows, box: Box, norm: Norm) -> View:
    """What row (d,) float32 can become, and at what cost in this norm (l2: squares)."""
    f, most = len(grid.used), max((len(m) for m in grid.marks), default=0) + 1
    near, cost = np.zeros((f, most), np.float32), np.full((f, most), np.inf)
    own = np.zeros(f, np.int64)
    low, high = np.empty_like(grid.low), np.empty_like(grid.high)
    for i, j in enumerate(grid.used):
        values, empty, at = _column(grid.marks[i], float(row[j]), int(j), box)
        allowed = np.flatnonzero(~empty)
        near[i, : len(allowed)] = values[allowed]
        cost[i, : len(allowed)] = np.abs(values[allowed].astype(np.float64) - float(row[j]))
        before = np.concatenate([[0], np.cumsum(~empty)])
        own[i] = before[at]
        cost[i, own[i]] = 0.0
        low[:, i], high[:, i] = before[grid.low[:, i]], before[grid.high[:, i] + 1] - 1
    kept = (low <= high).all(axis=1)
    priced = cost**2 if norm == "l2" else cost
    return View(grid, row, near, priced, own, low[kept], high[kept], grid.values[kept], grid.owner[kept])


def _column(marks: Rows, x: float, j: int, box: Box) -> tuple[Rows, NDArray[np.bool_], int]:
    """Nearest allowed value of each cell of one column, which cells hold none, and the row's own cell."""
    narrow = np.float32(x)
    at = int(np.searchsorted(marks, narrow, side="left"))
    first = np.concatenate([[-LARGEST], np.nextafter(marks, np.float32(np.inf))]).astype(np.float64)
    last = np.concatenate([marks, [LARGEST]]).astype(np.float64)
    lower, upper = np.maximum(first, box.low[j]), np.minimum(last, box.high[j])
    if box.whole[j]:
        lower, upper = np.ceil(lower), np.floor(upper)
    empty = lower > upper
    if box.fixed[j]:
        empty[:] = True
    values = np.clip(x, lower, np.maximum(lower, upper)).astype(np.float32)
    # The row itself is always allowed, even where its value lies on a bound that was rounded inwards.
    empty[at], values[at] = False, narrow
    return values, empty, at


def total(parts: Any, norm: Norm) -> Wide:
    """Costs (.., f) of columns to costs (..): the largest for linf, else the sum."""
    if norm == "linf":
        return np.asarray(np.max(parts, axis=-1, initial=0.0), np.float64)
    return np.asarray(np.sum(parts, axis=-1), np.float64)
