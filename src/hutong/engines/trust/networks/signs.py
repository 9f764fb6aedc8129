"""Branch and bound on the signs of the ReLU units, for more inputs than boxes can be cut along.

A node assumes signs of some units. Its layers are bounded again under them, its output by `dual`; a node that stays
open is split at the unit whose lines cost the bound most at its weakest point. A node without an open unit is a
linear program (`leaf`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np

from hutong.engines.trust.networks.attack import confirm, descend
from hutong.engines.trust.networks.bounds import Bounder, Bounds, Boxes, Hidden
from hutong.engines.trust.networks.dual import Dual, Improved, Multipliers, Signs
from hutong.engines.trust.networks.leaf import close_leaf
from hutong.engines.trust.networks.milp import relaxed_point
from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.proof import Leaves
from hutong.engines.trust.networks.properties import Case, Goal
from hutong.engines.trust.networks.search import Findings, Mask

_ROOT_STEPS, _NODE_STEPS = 30, 8
# Up to this many units the layers are bounded again in every node; beyond, the first bounds are kept.
_TIGHTENED = 1200
_BATCH_NUMBERS = 1 << 15
# Seconds for one leaf's linear program where the clock is to decide nothing.
_UNTIMED = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """known: bounds of the hidden layers, (width,) each. alpha, beta: (rows, width) per hidden layer. path: see `proof.Leaf`."""

    least: float
    depth: int
    signs: tuple[Signs, ...]
    known: tuple[tuple[F64, F64], ...]
    alpha: tuple[F64, ...] | None
    beta: tuple[F64, ...] | None
    path: tuple[int, ...] = ()


@dataclass(eq=False)
class SignSearch:
    """One goal of one case. runtime: whether the proof is to cover float32 evaluations.

    timed: whether solvers that watch a clock may propose candidates; without them the search repeats to the letter.
    """

    network: Network
    case: Case
    goal: Goal
    stop: Callable[[], bool]
    report: Callable[[int, int], None]
    runtime: bool = True
    first: Bounds | None = None
    timed: bool = True
    findings: Findings = field(default_factory=Findings)
    leaves: Leaves = field(default_factory=Leaves)

    def run(self) -> Findings:
        self._bounder = Bounder(self.network, self.runtime)
        self._box = self.case.proof_box()
        self._started, self._solver_time = time.monotonic(), 0.0
        units = sum(self.network.hidden)
        self._tighten = units <= _TIGHTENED
        batch = int(np.clip(_BATCH_NUMBERS // max(units, 1), 4, 256))
        found = self.findings
        heap = [self._root()]
        while heap and found.counter_example is None:
            if self.stop():
                found.late = True
                break
            # Half of a batch are the nodes of the lowest bounds, half the deepest: leaves yield exact candidates.
            heap.sort(key=lambda node: node.depth)
            deepest, heap = heap[-(batch // 2) :], heap[: -(batch // 2)]
            heap.sort(key=lambda node: -node.least)
            lowest, heap = heap[-(batch // 2) :], heap[: -(batch // 2)]
            heap += self._expand(deepest + lowest)
            found.open = len(heap)
            self.report(found.nodes, found.open)
        return found

    def _root(self) -> _Node:
        if self.first is None:
            self.first = self._bounder.over(Boxes(self._box[0][None], self._box[1][None]))
        known = tuple((h.low[0], h.high[0]) for h in self.first.hidden)
        return _Node(-np.inf, 0, tuple(np.zeros(n, np.int8) for n in self.network.hidden), known, None, None)

    def _expand(self, nodes: list[_Node]) -> list[_Node]:
        self.findings.nodes += len(nodes)
        signs = [np.stack(s) for s in zip(*(n.signs for n in nodes), strict=True)]
        bounds = self._bounds(nodes)
        m = len(self.goal.rows)
        dual = Dual(
            self._bounder, bounds, signs, np.tile(self.goal.rows, (len(nodes), 1)),
            np.tile(self.goal.limits, len(nodes)),
        )  # fmt: skip
        root = nodes[0].alpha is None
        given = dual.start() if root else _joined(nodes)
        found = dual.improve(given, _ROOT_STEPS if root else _NODE_STEPS)
        least = found.least.reshape(len(nodes), m)
        still = ~((least > 0.0).any(axis=1) | bounds.void)
        for i in np.flatnonzero(~still):
            self._closed(nodes[int(i)].path, int(i) * m + int(least[i].argmax()), m, found)
        points = found.points.reshape(len(nodes), m, -1)[still].reshape(-1, self.network.inputs)
        self._replay(points)
        self._solve_one(bounds, least.max(axis=1), still)
        children: list[_Node] = []
        for i in np.flatnonzero(still):
            if self.findings.counter_example is not None:
                break
            children += self._branch(int(i), m, bounds, signs, given, found, least[i], nodes[int(i)].path)
        return children

    def _closed(self, path: tuple[int, ...], row: int, m: int, found: Improved) -> None:
        """Put to the proof what closes a node: the multipliers of its best row."""
        weights = np.zeros(m)
        weights[row % m] = 1.0
        alpha, beta = ([t[row] for t in table] for table in (found.best.alpha, found.best.beta))
        self.leaves.close(path, weights, alpha, beta)

    def _bounds(self, nodes: list[_Node]) -> Bounds:
        """Bounds of all layers under the signs; where they are not made again, those of the first box are kept."""
        known = [
            (np.stack([n.known[k][0] for n in nodes]), np.stack([n.known[k][1] for n in nodes]))
            for k in range(len(self.network.hidden))
        ]
        low, high = (np.repeat(b[None], len(nodes), axis=0) for b in self._box)
        return self._bounder.over(Boxes(low, high), known, self._tighten)

    def _replay(self, points: F64) -> None:
        if not len(points):
            return
        order = np.argsort(self.goal.excess(self.network.forward(points)))[:2]
        if self.goal.excess(self.network.forward(points[order]))[0] <= 0.0:
            self.findings.counter_example = confirm(self.network, self.case, points[order])

    def _solve_one(self, bounds: Bounds, least: F64, still: Mask) -> None:
        """A candidate from the linear program of the lowest node, as long as that takes a small share of the time."""
        now = time.monotonic()
        spent = self._solver_time
        if (
            not self.timed
            or not still.any()
            or not self._tighten
            or spent > 0.1 * (now - self._started) + 0.05
        ):
            return
        i = int(np.where(still, least, np.inf).argmin())
        hidden = tuple(_row(h, i) for h in bounds.hidden)
        point = relaxed_point(self.network, self.case, hidden, self.goal, 1.0)
        if point is not None and self.findings.counter_example is None:
            start = np.clip(point, self.case.low, self.case.high)[None]
            found = descend(self.network, self.case, self.goal, start, 8, self.stop, first=1e-3)
            self.findings.counter_example = found
        self._solver_time += time.monotonic() - now

    def _branch(
        self, i: int, m: int, bounds: Bounds, signs: list[Signs], given: Multipliers, found: Improved, least: F64,
        path: tuple[int, ...],
    ) -> list[_Node]:  # fmt: skip
        row = i * m + int(least.argmax())
        gaps = [g[row] for g in found.gaps]
        layer = int(np.argmax([g.max(initial=0.0) for g in gaps]))
        known = tuple((h.low[i], h.high[i]) for h in bounds.hidden)
        if not any(((low < 0.0) & (high > 0.0)).any() for low, high in known):
            self._leaf(known, [s[i] for s in signs], path)
            return []
        unit = int(gaps[layer].argmax()) if gaps[layer].max(initial=0.0) > 0.0 else -1
        if unit < 0:
            layer = next(k for k, (low, high) in enumerate(known) if ((low < 0.0) & (high > 0.0)).any())
            low, high = known[layer]
            unit = int(np.argmax(np.minimum(-low, high)))
        rows, number = slice(i * m, (i + 1) * m), 1 + unit + sum(self.network.hidden[:layer])
        depth = 1 + sum(int(np.abs(s[i]).sum()) for s in signs)
        alpha, beta = (tuple(t[rows].copy() for t in table) for table in (given.alpha, given.beta))
        return [
            _Node(
                float(least.max()),
                depth,
                tuple(_assume(s[i], unit, sign) if k == layer else s[i] for k, s in enumerate(signs)),
                tuple(_cut(b, unit, sign) if k == layer else b for k, b in enumerate(known)),
                alpha,
                beta,
                (*path, sign * number),
            )
            for sign in (1, -1)
        ]

    def _leaf(self, known: tuple[tuple[F64, F64], ...], signs: list[Signs], path: tuple[int, ...]) -> None:
        node = _Node(0.0, 0, tuple(signs), known, None, None)
        bounds = self._bounds([node])
        proven, point = close_leaf(
            self._bounder,
            bounds,
            [s[None] for s in signs],
            self.goal.rows,
            self.goal.limits,
            1.0 if self.timed else _UNTIMED,
        )
        if proven is not None:
            given = proven.given
            self.leaves.close(path, proven.weights, [a[0] for a in given.alpha], [b[0] for b in given.beta])
            return
        if point is not None:
            self.findings.counter_example = confirm(self.network, self.case, point[None])
        if self.findings.counter_example is None:
            self.findings.stuck += 1


def _row(h: Hidden, i: int) -> Hidden:
    at = slice(i, i + 1)
    return Hidden(*(getattr(h, f.name)[at] for f in fields(h)))


def _assume(signs: Signs, unit: int, sign: int) -> Signs:
    new = signs.copy()
    new[unit] = sign
    return new


def _cut(bounds: tuple[F64, F64], unit: int, sign: int) -> tuple[F64, F64]:
    low, high = bounds[0].copy(), bounds[1].copy()
    (low if sign > 0 else high)[unit] = 0.0
    return low, high


def _joined(nodes: list[_Node]) -> Multipliers:
    alpha = [np.concatenate(a) for a in zip(*(n.alpha or () for n in nodes), strict=True)]
    beta = [np.concatenate(b) for b in zip(*(n.beta or () for n in nodes), strict=True)]
    return Multipliers(alpha, beta)
