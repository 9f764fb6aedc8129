"""The smallest excess of a goal over a box as a mixed-integer program: an oracle, and a source of candidates.

Tjeng, Xiao & Tedrake, "Evaluating Robustness of Neural Networks with Mixed Integer Programming", ICLR 2019. HiGHS
works with tolerances, so its answer alone is never a proof here: its point is replayed, and its bound is compared
with in tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds as Limits
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array, csr_array

from hutong.engines.trust.networks.bounds import Bounder, Boxes, Hidden
from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.properties import Case, Goal

LARGEST = 512  # units


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """value: the smallest excess found, None without any. bound: no input has less, up to HiGHS's tolerances
    (feasibility 1e-6, gap 1e-6). point: where `value` is reached, (inputs,)."""

    value: float | None
    bound: float
    point: F64 | None


class _Program:
    """Columns: inputs, then per hidden layer activations and indicators, then t."""

    def __init__(self, network: Network, case: Case, hidden: tuple[Hidden, ...]) -> None:
        self.network = network
        widths = network.hidden
        self.active, start = list[int](), network.inputs
        for n in widths:
            self.active.append(start)
            start += 2 * n
        self.columns = start + 1
        self.low, self.high = np.zeros(self.columns), np.ones(self.columns)
        self.low[: network.inputs], self.high[: network.inputs] = case.low, case.high
        self.low[-1], self.high[-1] = -np.inf, np.inf
        self.whole = np.zeros(self.columns)
        self._rows: list[csr_array] = []
        self._right: list[F64] = []
        for k, h in enumerate(hidden):
            self._layer(k, h)

    def _layer(self, k: int, h: Hidden) -> None:
        """a >= z, a <= z - low (1 - d), a <= high d, a >= 0, with z = W (activations before) + b."""
        layer, n = self.network.layers[k], self.network.hidden[k]
        at = self.active[k]
        low, high = np.minimum(h.low[0], 0.0), np.maximum(h.high[0], 0.0)
        self.high[at : at + n] = high
        self.whole[at + n : at + 2 * n] = 1.0
        self.low[at + n : at + 2 * n] = (h.low[0] > 0.0).astype(np.float64)
        self.high[at + n : at + 2 * n] = (h.high[0] >= 0.0).astype(np.float64)
        one, d = np.eye(n), at + n
        self._add(k, layer.weight, {at: -one}, -layer.bias)
        self._add(k, -layer.weight, {at: one, d: -np.diag(low)}, layer.bias - low)
        self._add(None, None, {at: one, d: -np.diag(high)}, np.zeros(n))

    def _add(self, k: int | None, weight: F64 | None, others: dict[int, F64], right: F64) -> None:
        """A block of rows  weight @ (inputs of layer k) + others <= right."""
        blocks = dict(others)
        if weight is not None and k is not None:
            blocks[0 if k == 0 else self.active[k - 1]] = weight
        table = np.zeros((len(right), self.columns))
        for at, block in blocks.items():
            table[:, at : at + block.shape[1]] += block
        self._rows.append(csr_array(coo_array(table)))
        self._right.append(right)

    def solve(self, goal: Goal, seconds: float) -> Exact:
        from scipy.sparse import vstack

        last = len(self.network.layers) - 1
        layer = self.network.layers[last]
        right = goal.limits - goal.rows @ layer.bias
        self._add(last, goal.rows @ layer.weight, {self.columns - 1: -np.ones((len(right), 1))}, right)
        cost = np.zeros(self.columns)
        cost[-1] = 1.0
        table = LinearConstraint(vstack(self._rows).tocsr(), ub=np.concatenate(self._right))
        answer = milp(
            cost, integrality=self.whole, bounds=Limits(self.low, self.high), constraints=table,
            options={"time_limit": seconds, "mip_rel_gap": 1e-6},
        )  # fmt: skip
        self._rows.pop()
        self._right.pop()
        bound = -np.inf if answer.mip_dual_bound is None else float(answer.mip_dual_bound)
        if answer.x is None:
            return Exact(None, bound, None)
        return Exact(float(answer.fun), bound, np.asarray(answer.x[: self.network.inputs]))


def relaxed_point(
    network: Network, case: Case, hidden: tuple[Hidden, ...], goal: Goal, seconds: float
) -> F64 | None:
    """Where the excess is least when each ReLU may be anything in its triangle, (inputs,). hidden: of one node.

    Unlike the end of a linear bound it need not be a corner, so it finds what hides inside the box.
    """
    program = _Program(network, case, hidden)
    program.whole[:] = 0.0
    return program.solve(goal, seconds).point


def smallest_excess(network: Network, case: Case, goal: Goal, seconds: float) -> Exact:
    """min over the box of max(goal.rows @ y - goal.limits). Above 0: no counter-example in real arithmetic."""
    units = sum(network.hidden)
    if units > LARGEST or not len(goal.rows):
        return Exact(None, -np.inf, None)
    low, high = case.proof_box()
    hidden = Bounder(network).over(Boxes(low[None], high[None])).hidden
    return _Program(network, case, hidden).solve(goal, seconds)
