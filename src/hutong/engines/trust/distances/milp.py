"""The same least distance as a mixed-integer programme: a slow, independent witness for `trees`.

Kantchelian, Tygar and Joseph 2016 (Evasion and Hardening of Tree Ensemble Classifiers, ICML), solved by HiGHS. One
binary p per threshold ("x <= t", rising with t), one weight per leaf (summing to one in each tree); a leaf below a
node needs the node's p, or its opposite. Sums are in real numbers, to the solver's tolerance of about 1e-6.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from hutong.engines.trust.distances.boxes import gains
from hutong.engines.trust.distances.cells import View
from hutong.engines.trust.distances.feasible import Norm, Wide


def minimal_by_milp(view: View, was: int, norm: Norm, margin: float = 1e-5) -> float:
    """Least cost (l1 or linf) at which another label leads by `margin`; inf if none does. One row."""
    gain, start = gains(view.grid, view.values, was)
    found = [_one(view, gain[:, c], float(start[c]), norm, margin) for c in range(gain.shape[1])]
    return min(found)


def _one(view: View, gain: Wide, start: float, norm: Norm, margin: float) -> float:
    f, leaves = view.cost.shape[0], len(gain)
    cells = np.isfinite(view.cost).sum(axis=1)
    first = np.concatenate([[0], np.cumsum(cells - 1)])
    marks = int(first[-1])
    # Variables: p (marks), leaf weights, one cost per column, their largest.
    size = marks + leaves + f + 1
    rows: list[tuple[dict[int, float], float, float]] = []
    for j in range(f):
        for c in range(first[j], first[j + 1] - 1):
            rows.append(({c: 1.0, c + 1: -1.0}, -np.inf, 0.0))
        # Cost of the cell: cost_0 p_0 + cost_1 (p_1 - p_0) + .. + cost_m (1 - p_m-1).
        steps = {first[j] + c: float(view.cost[j, c] - view.cost[j, c + 1]) for c in range(cells[j] - 1)}
        rows.append(({**steps, marks + leaves + j: -1.0}, -np.inf, -float(view.cost[j, cells[j] - 1])))
        if norm == "linf":
            rows.append(({marks + leaves + j: 1.0, size - 1: -1.0}, -np.inf, 0.0))
    for t in np.unique(view.owner):
        rows.append(({marks + int(i): 1.0 for i in np.flatnonzero(view.owner == t)}, 1.0, 1.0))
    for i in range(leaves):
        for j in range(f):
            low, high = int(view.low[i, j]), int(view.high[i, j])
            if high < cells[j] - 1:
                rows.append(({marks + i: 1.0, first[j] + high: -1.0}, -np.inf, 0.0))
            if low > 0:
                rows.append(({marks + i: 1.0, first[j] + low - 1: 1.0}, -np.inf, 1.0))
    rows.append(({marks + i: float(gain[i]) for i in range(leaves)}, margin - start, np.inf))
    matrix = vstack([_row(r[0], size) for r in rows], format="csr")
    aim = np.zeros(size)
    aim[size - 1 if norm == "linf" else slice(marks + leaves, marks + leaves + f)] = 1.0
    whole = np.concatenate([np.ones(marks), np.zeros(size - marks)])
    top = np.concatenate([np.ones(marks + leaves), np.full(f + 1, np.inf)])
    limits = LinearConstraint(matrix, [r[1] for r in rows], [r[2] for r in rows])
    solved = milp(
        aim,
        integrality=whole,
        bounds=Bounds(np.zeros(size), top),
        constraints=limits,
        options={"mip_rel_gap": 0.0},
    )
    return float(solved.fun) if solved.status == 0 else np.inf


def _row(entries: dict[int, float], size: int) -> csr_array:
    keys = list(entries)
    return csr_array((list(entries.values()), ([0] * len(keys), keys)), shape=(1, size))
