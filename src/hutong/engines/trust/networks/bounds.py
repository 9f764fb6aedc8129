"""Linear bounds of a network over many boxes at once, by backward substitution (CROWN), sound in floating point.

Zhang et al., "Efficient Neural Network Robustness Certification with General Activation Functions", NeurIPS 2018;
Singh et al., "An Abstract Domain for Certifying Neural Networks" (DeepPoly), POPL 2019. A ReLU on [l, u] lies
between `lower` * z, any slope in [0, 1], and the line through (l, 0) and (u, u). Substituting these backwards gives
f(x) >= A x + c over the whole box. Only the units whose sign is not known yet are bounded this way: interval
arithmetic and the bounds of the parent box settle the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.rounding import TINY, Rounding, size

Owners = NDArray[np.intp]
# Rows are substituted in blocks that stay in the processor's cache: numbers in one temporary.
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """One hidden layer over n boxes. low, high: bounds of the pre-activations, (n, width). lower: slope below.
    upper, offset: the line above. drop = upper - lower. plain, extra: what a coefficient and its negative part
    add to the constant, bias and margin included."""

    low: F64
    high: F64
    lower: F64
    upper: F64
    offset: F64
    drop: F64
    plain: F64
    extra: F64

    def restrict(self, keep: NDArray[np.bool_]) -> tuple[F64, F64]:
        return self.low[keep], self.high[keep]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """f(x) >= slopes @ x + constant on the box of `owner`, (r, inputs), (r,). least: the least value of that over
    the box, rounded down, (r,)."""

    slopes: F64
    constant: F64
    least: F64
    owner: Owners


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """n boxes, (n, inputs), in centre form: every x of [low, high] has |x - middle| <= radius."""

    low: F64
    high: F64

    def __len__(self) -> int:
        return len(self.low)

    @property
    def middle(self) -> F64:
        return np.asarray(0.5 * self.low + 0.5 * self.high, dtype=np.float64)

    @property
    def radius(self) -> F64:
        middle = self.middle
        spread = np.maximum(self.high - middle, middle - self.low)
        return np.asarray(spread * (1.0 + 4e-16), dtype=np.float64)

    @property
    def magnitude(self) -> F64:
        return np.maximum(np.abs(self.low), np.abs(self.high))


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """hidden: per hidden layer. sizes: rounding size of the outputs, (n, outputs). void: boxes in which the bounds
    contradict each other, so that nothing is in them, (n,). pulls: per hidden layer, for units of unknown sign, the
    owner, unit and |slopes| of their bounds: what splitting an input would do to them."""

    boxes: Boxes
    hidden: tuple[Hidden, ...]
    sizes: F64
    void: NDArray[np.bool_]
    pulls: tuple[tuple[Owners, Owners, F64], ...]


class Bounder:
    """The bounds of one network. Every method takes any number of boxes and keeps nothing.

    runtime: whether they hold for any float32 evaluation too, or in real arithmetic alone.
    """

    def __init__(self, network: Network, runtime: bool = True) -> None:
        self.network = network
        self.rounding = Rounding(network, runtime)
        self._positive = [np.maximum(x.weight, 0.0) for x in network.layers]
        self._negative = [np.minimum(x.weight, 0.0) for x in network.layers]

    def over(self, boxes: Boxes, known: list[tuple[F64, F64]] | None = None, tighten: bool = True) -> Bounds:
        """Bounds of all layers. known: bounds of the hidden layers that hold already, from a parent box. tighten:
        whether to substitute; otherwise intervals and what is known have to do."""
        low, high, hidden = boxes.low, boxes.high, list[Hidden]()
        void, pulls = np.zeros(len(boxes), np.bool_), list[tuple[Owners, Owners, F64]]()
        magnitude = boxes.magnitude
        for k, layer in enumerate(self.network.layers):
            sizes = size(layer, magnitude)
            if k == len(self.network.layers) - 1:
                return Bounds(boxes, tuple(hidden), sizes, void, tuple(pulls))
            margin = self.margin(k, sizes)
            below = low @ self._positive[k].T + high @ self._negative[k].T + layer.bias - margin
            above = high @ self._positive[k].T + low @ self._negative[k].T + layer.bias + margin
            # What overflowed bounds nothing; a comparison with it must not look like a proof.
            below = np.where(np.isfinite(below), below, -np.inf)
            above = np.where(np.isfinite(above), above, np.inf)
            if known is not None:
                below, above = np.maximum(below, known[k][0]), np.minimum(above, known[k][1])
            if tighten:
                pulls.append(self._tighten(k, boxes, hidden, sizes, below, above))
            void |= (below > above).any(axis=1)
            hidden.append(self.relax(k, below, above, sizes))
            low, high = np.maximum(below, 0.0), np.maximum(above, 0.0)
            magnitude = high
        raise AssertionError("a network has an output layer")

    def margin(self, k: int, sizes: F64) -> F64:
        """What layer k may differ by in the evaluations that the bounds cover."""
        return np.asarray(self.rounding.relative[k] * sizes + self.rounding.flush[k], dtype=np.float64)

    def _tighten(
        self, k: int, boxes: Boxes, hidden: list[Hidden], sizes: F64, below: F64, above: F64
    ) -> tuple[Owners, Owners, F64]:
        """Bound the units of unknown sign by substitution, in place."""
        owner, unit = np.nonzero((below < 0.0) & (above > 0.0))
        weight = self.network.layers[k].weight
        if k == 0:  # interval arithmetic is exact here
            return owner, unit, np.abs(weight)[unit]
        rows = np.zeros((2 * len(owner), len(weight)))
        place = np.arange(len(owner))
        rows[2 * place, unit], rows[2 * place + 1, unit] = 1.0, -1.0
        owners = np.repeat(owner, 2)
        start = np.zeros(2 * len(owner))
        found = self.substitute(k, rows, start, owners, boxes, hidden, sizes, None)
        least = found.least
        below[owner, unit] = np.maximum(below[owner, unit], least[0::2])
        above[owner, unit] = np.minimum(above[owner, unit], -least[1::2])
        slopes = np.abs(found.slopes)
        return owner, unit, 0.5 * (slopes[0::2] + slopes[1::2])

    def relax(self, k: int, low: F64, high: F64, sizes: F64) -> Hidden:
        """The lines around each ReLU. They hold at both ends of [low, high], and ReLU is convex."""
        crossing = (low < 0.0) & (high > 0.0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = np.clip(high / (high - low), 0.0, 1.0)
            offset = np.maximum(-slope * low, (1.0 - slope) * high) * (1.0 + 1e-15) + TINY
        upper = np.where(crossing, slope, (low >= 0.0).astype(np.float64))
        lower = np.where(crossing, (high > -low).astype(np.float64), upper)
        return self.lines(k, low, high, lower, upper, np.where(crossing, offset, 0.0), sizes)

    def lines(
        self, k: int, low: F64, high: F64, lower: F64, upper: F64, offset: F64, sizes: F64
    ) -> Hidden:  # fmt: skip
        bias, margin = self.network.layers[k].bias, self.margin(k, sizes)
        plain = lower * (bias - margin)
        extra = offset + upper * (bias + margin) - plain
        return Hidden(low, high, lower, upper, offset, upper - lower, plain, extra)

    def outputs(
        self, bounds: Bounds, rows: F64, limits: F64, owner: Owners, trace: list[F64] | None = None
    ) -> Linear:
        """rows @ y - limits from below, rows: (r, outputs), each on the box of its owner. trace: receives the
        coefficients of the activations, from the last hidden layer to the first."""
        k = len(self.network.layers) - 1
        return self.substitute(
            k, rows, -limits, owner, bounds.boxes, list(bounds.hidden), bounds.sizes, trace
        )

    def substitute(
        self, k: int, rows: F64, start: F64, owner: Owners, boxes: Boxes, hidden: list[Hidden], sizes: F64,
        trace: list[F64] | None,
    ) -> Linear:  # fmt: skip
        """rows @ z_k + start from below, over the boxes; in blocks unless a trace is wanted."""
        widest = max(max(x.weight.shape) for x in self.network.layers)
        step = len(rows) if trace is not None else max(_BLOCK // widest, 16)
        parts = [
            self._block(k, rows[i : i + step], start[i : i + step], owner[i : i + step], hidden, sizes, trace)
            for i in range(0, max(len(rows), 1), max(step, 1))
        ]
        slopes, constant = (np.concatenate(p) for p in zip(*parts, strict=True))
        middle, radius, top = boxes.middle[owner], boxes.radius[owner], boxes.magnitude[owner]
        spread = radius + self.rounding.input * (top + radius)
        least = constant + _dot(slopes, middle) - _dot(np.abs(slopes), spread)
        least -= self.rounding.input * np.abs(start) + TINY
        return Linear(slopes, constant, finite(least), owner)

    def _block(
        self, k: int, rows: F64, start: F64, owner: Owners, hidden: list[Hidden], sizes: F64,
        trace: list[F64] | None,
    ) -> tuple[F64, F64]:  # fmt: skip
        layers = self.network.layers
        constant = start + rows @ layers[k].bias - _dot(np.abs(rows), self.margin(k, sizes)[owner])
        for j in range(k, 0, -1):
            rows = rows @ layers[j].weight
            if trace is not None:
                trace.append(rows)
            h = hidden[j - 1]
            negative = np.minimum(rows, 0.0)
            constant += _dot(rows, h.plain[owner]) + _dot(negative, h.extra[owner])
            rows = rows * h.lower[owner]
            negative *= h.drop[owner]
            rows += negative
        return rows @ layers[0].weight, constant


def finite(least: F64) -> F64:
    """Lower bounds with -inf for whatever overflowed on the way."""
    return np.where(np.isfinite(least), least, -np.inf)


def _dot(left: F64, right: F64) -> F64:
    return np.asarray(np.einsum("rn,rn->r", left, right), dtype=np.float64)
