"""Tighter linear bounds under sign constraints, by ascent on their free parameters, all nodes at once.

Wang et al., "Beta-CROWN: Efficient Bound Propagation with Per-neuron Split Constraints", NeurIPS 2021. Any slope
alpha in [0, 1] below a ReLU and any multiplier beta >= 0 of a sign constraint s z >= 0 give a sound bound, so the
ascent needs no care; its gradient is the point that one forward pass through the chosen lines yields.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.networks.bounds import Bounder, Bounds, finite
from hutong.engines.trust.networks.network import F64

Signs = NDArray[np.int8]


@dataclass(slots=True, eq=False)
class Multipliers:
    """alpha, beta: per hidden layer, (r, width), one row for each bound."""

    alpha: list[F64]
    beta: list[F64]

    def copy(self) -> Multipliers:
        return Multipliers([a.copy() for a in self.alpha], [b.copy() for b in self.beta])

    def take(self, other: Multipliers, rows: NDArray[np.bool_]) -> None:
        """Those of the other in some rows, in place."""
        for mine, theirs in zip(self.alpha + self.beta, other.alpha + other.beta, strict=True):
            mine[rows] = theirs[rows]


@dataclass(frozen=True, slots=True, eq=False)
class Improved:
    """least: the best bound met, rounded down, (r,). points: where the last bound is least, (r, inputs).
    gaps: what the lines around each unit cost the bound there, per hidden layer, (r, width). best: the multipliers of `least`."""

    least: F64
    points: F64
    gaps: list[F64]
    best: Multipliers


@dataclass(eq=False)
class Dual:
    """Bounds of rows @ y - limits over n boxes with signs; row i belongs to box i // m, m rows for each.

    signs: per hidden layer, (n, width): 1 where z >= 0 is assumed, -1 where z <= 0, else 0.
    """

    bounder: Bounder
    bounds: Bounds
    signs: list[Signs]
    rows: F64
    limits: F64

    def __post_init__(self) -> None:
        n = len(self.bounds.boxes)
        m = len(self.rows) // max(n, 1)

        def each(a: F64) -> F64:
            return np.repeat(a, m, axis=0)

        hidden = self.bounds.hidden
        self._crossing = [each(((h.low < 0.0) & (h.high > 0.0)).astype(np.float64)) for h in hidden]
        self._upper = [each(h.upper) for h in hidden]
        self._lower = [each(h.lower) for h in hidden]
        self._offset = [each(h.offset) for h in hidden]
        self._signs = [each(s.astype(np.float64)) for s in self.signs]
        self._margin = [each(self.bounder.margin(k, s)) for k, s in enumerate(self._sizes())]
        boxes = self.bounds.boxes
        self._middle, self._radius = each(boxes.middle), each(boxes.radius)
        self._spread = self._radius + self.bounder.rounding.input * each(boxes.magnitude + boxes.radius)
        self._limits = [(each(h.low), each(h.high)) for h in hidden]

    def _sizes(self) -> list[F64]:
        from hutong.engines.trust.networks.rounding import size

        layers, boxes = self.bounder.network.layers, self.bounds.boxes
        inputs = [boxes.magnitude, *(np.maximum(h.high, 0.0) for h in self.bounds.hidden)]
        return [size(layer, a) for layer, a in zip(layers, inputs, strict=True)]

    def start(self) -> Multipliers:
        return Multipliers([a.copy() for a in self._lower], [np.zeros_like(a) for a in self._lower])

    def improve(self, given: Multipliers, steps: int) -> Improved:
        """Ascend for some steps from the multipliers, which are changed in place. No step only evaluates."""
        best = np.full(len(self.rows), -np.inf)
        ascent, kept = _Ascent(given), given.copy()
        for step in range(steps + 1):
            least, state = self._bound(given)
            kept.take(given, least > best)
            best = np.fmax(best, least)
            points, values = self._points(given, state)
            if step == steps or bool((best > 0.0).all()):
                break
            slopes = [np.maximum(a, 0.0) * z for a, z in zip(state.active, values, strict=True)]
            forces = [-s * z for s, z in zip(self._signs, values, strict=True)]
            ascent.step(slopes, forces, [np.abs(a).mean() for a in state.active])
        return Improved(best, points, self._gaps(given, state, values), kept)

    def _bound(self, given: Multipliers) -> tuple[F64, _State]:
        layers = self.bounder.network.layers
        rows = self.rows
        constant = rows @ layers[-1].bias - self.limits - _dot(np.abs(rows), self._margin[-1])
        active: list[F64] = []
        for j in range(len(layers) - 1, 0, -1):
            rows = rows @ layers[j].weight
            active.append(rows)
            positive, negative = np.maximum(rows, 0.0), np.minimum(rows, 0.0)
            alpha, beta = self._slope(given, j - 1), given.beta[j - 1] * np.abs(self._signs[j - 1])
            below, above = positive * alpha, negative * self._upper[j - 1]
            rows = below + above - beta * self._signs[j - 1]
            constant += _dot(negative, self._offset[j - 1]) + rows @ layers[j - 1].bias
            # The three parts may cancel in `rows`, but their roundings do not.
            constant -= _dot(below - above + beta, self._margin[j - 1])
        slopes = rows @ layers[0].weight
        least = constant + _dot(slopes, self._middle) - _dot(np.abs(slopes), self._spread)
        least -= self.bounder.rounding.input * np.abs(self.limits) + 1e-200
        return finite(least), _State(active[::-1], slopes)

    def _slope(self, given: Multipliers, k: int) -> F64:
        crossing = self._crossing[k]
        return crossing * np.clip(given.alpha[k], 0.0, 1.0) + (1.0 - crossing) * self._lower[k]

    def _points(self, given: Multipliers, state: _State) -> tuple[F64, list[F64]]:
        """The point at which the bound is attained, and its pre-activations through the lines."""
        layers = self.bounder.network.layers
        points = self._middle - np.sign(state.slopes) * self._radius
        values: list[F64] = []
        now = points
        for k, rows in enumerate(state.active):
            z = now @ layers[k].weight.T + layers[k].bias
            values.append(z)
            now = np.where(rows > 0.0, self._slope(given, k) * z, self._upper[k] * z + self._offset[k])
        return points, values

    def _gaps(self, given: Multipliers, state: _State, values: list[F64]) -> list[F64]:
        gaps = []
        for k, rows in enumerate(state.active):
            z = np.clip(values[k], *self._limits[k])
            true, lower = np.maximum(z, 0.0), self._slope(given, k) * z
            above = self._upper[k] * z + self._offset[k]
            gap = np.maximum(rows, 0.0) * (true - lower) - np.minimum(rows, 0.0) * (above - true)
            # Ties go to the unit whose triangle weighs most.
            gaps.append(self._crossing[k] * (gap + 0.05 * np.abs(rows) * self._offset[k]))
        return gaps


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """active: coefficients of the activations per hidden layer. slopes: of the inputs."""

    active: list[F64]
    slopes: F64


class _Ascent:
    """Adam (Kingma & Ba, ICLR 2015) on both families; beta moves in units of the coefficients it offsets."""

    def __init__(self, given: Multipliers) -> None:
        self._given, self._time = given, 0
        self._first = [np.zeros_like(a) for a in given.alpha + given.beta]
        self._second = [np.zeros_like(a) for a in self._first]

    def step(self, slopes: list[F64], forces: list[F64], scales: list[float]) -> None:
        self._time += 1
        rate = 0.25 * 0.95**self._time
        units = [1.0] * len(slopes) + [max(s, 1e-12) for s in scales]
        tables = self._given.alpha + self._given.beta
        for i, gradient in enumerate([*slopes, *forces]):
            self._first[i] += 0.1 * (gradient - self._first[i])
            self._second[i] += 0.01 * (gradient**2 - self._second[i])
            first = self._first[i] / (1.0 - 0.9**self._time)
            second = self._second[i] / (1.0 - 0.99**self._time)
            table = tables[i]
            table += rate * units[i] * first / (np.sqrt(second) + 1e-30)
            np.clip(table, 0.0, 1.0 if i < len(slopes) else None, out=table)


def _dot(left: F64, right: F64) -> F64:
    return np.asarray(np.einsum("rn,rn->r", left, right), dtype=np.float64)
