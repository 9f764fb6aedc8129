"""A second look at every proof, by simpler code that shares nothing with the search but the layers and the question.

Every part of the space is bounded anew: intervals, then one backward pass for each unit of unknown sign (Zhang et al. 2018,
CROWN). What a proof brings along (slopes, multipliers) can only make a bound worse, never wrong. `confirm` goes over the parts.

Rounding: a layer computes W a + b up to g (|W| |a| + |b|); g holds this program's own float64 sums, 16 u for each of up to
`widest` terms and layers, and, if the proof is to speak of the file, those of float32 (Higham 2002, section 3.1, both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.networks.network import F64, Layer, Network
from hutong.engines.trust.networks.proof import Leaf
from hutong.engines.trust.networks.properties import Goal

Signs = Sequence[NDArray[np.int8]]
Known = Sequence[tuple[F64, F64]]
# Up to so many units the layers are bounded again under every pattern.
_TIGHTENED = 1200
_SMALLEST = 2.0**-1000


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Over n boxes: low <= z <= high; below * z <= max(z, 0) <= above * z + offset; error of the layer. (n, width) each."""

    low: F64
    high: F64
    below: F64
    above: F64
    offset: F64
    error: F64


Hidden = Sequence[Lines]


class Checker:
    """Checks the proofs of one network. runtime: whether they are to hold for every float32 evaluation of the file."""

    def __init__(self, network: Network, runtime: bool) -> None:
        self._layers = network.layers
        self._hidden = network.hidden
        widest = max(max(layer.weight.shape) for layer in self._layers)
        self._own = 16 * (widest + 2 * len(self._layers) + 16) * 2.0**-53
        self._runtime = runtime

    def _error(self, layer: Layer, largest: F64) -> F64:
        """What the layer may be off by where |a| <= largest, (n, inputs) -> (n, outputs)."""
        size = largest @ layer.weight_size.T + layer.bias_size
        share, least = self._own + 16 * layer.terms * 2.0**-53, 1e-200
        if self._runtime:
            share += 1.01 * (layer.terms + 2) * 2.0**-24 / (1 - (layer.terms + 2) * 2.0**-24)
            least += (layer.terms + 2) * 2.0**-126
        return np.asarray(share * size + least)

    def free(self, low: F64, high: F64, goals: Sequence[Goal]) -> NDArray[np.bool_]:
        """(n,) boxes that hold no counter-example, as far as one bound of each tells. low, high: (n, inputs)."""
        hidden, error, void = self._over(low, high)
        n, done = len(low), np.ones(len(low), np.bool_)
        for goal in goals:
            m = len(goal.rows)
            owner = np.repeat(np.arange(n), m)
            least = self._least(
                len(hidden),
                np.tile(goal.rows, (n, 1)),
                -np.tile(goal.limits, n),
                owner,
                hidden,
                error,
                low,
                high,
            )
            done &= (least.reshape(n, m) > 0.0).any(axis=1)
        return done | void

    def under(
        self, paths: Sequence[tuple[int, ...]], low: F64, high: F64, known: Known | None
    ) -> tuple[Hidden, F64, NDArray[np.bool_]]:
        """The hidden layers of one box under each pattern of assumed signs, the error of the outputs, and where nothing is.

        known: bounds that hold already, (n, width) per layer. Large networks are bounded once, as a whole.
        """
        tight = known is None or sum(self._hidden) <= _TIGHTENED
        first, last = (np.repeat(side[None], len(paths), axis=0) for side in (low, high))
        return self._over(first, last, self._signs(paths), tight, known)

    def closed(
        self, leaves: Sequence[Leaf], hidden: Hidden, error: F64, low: F64, high: F64, goal: Goal
    ) -> bool:
        """Whether the patterns with these hidden layers hold no counter-example of the goal, by the leaves' multipliers."""
        weights = np.stack([leaf.weights for leaf in leaves])
        alpha, beta = (
            [np.stack(layer) for layer in zip(*tables, strict=True)]
            for tables in ([leaf.alpha for leaf in leaves], [leaf.beta for leaf in leaves])
        )
        if (weights < 0).any() or any((b < 0).any() for b in beta):
            return False
        chosen, forces = [], []
        for lines, a, b, s in zip(hidden, alpha, beta, self._signs([x.path for x in leaves]), strict=True):
            crossing = (lines.low < 0) & (lines.high > 0)
            chosen.append(replace(lines, below=np.where(crossing, np.clip(a, 0.0, 1.0), lines.below)))
            forces.append(np.asarray(b * s, dtype=np.float64))
        # The weighted sums are rounded too.
        limits = -(weights @ goal.limits) - 1e-13 * (weights @ np.abs(goal.limits))
        owner, rows = np.arange(len(leaves)), weights @ goal.rows
        first, last = (np.repeat(side[None], len(leaves), axis=0) for side in (low, high))
        found = self._least(len(chosen), rows, limits, owner, chosen, error, first, last, forces)
        return bool((found > 0).all())

    def _signs(self, paths: Sequence[tuple[int, ...]]) -> list[NDArray[np.int8]]:
        """The assumed signs by layer, (n, width): 1 where z >= 0, -1 where z <= 0, else 0."""
        flat = np.zeros((len(paths), sum(self._hidden)), np.int8)
        for row, path in zip(flat, paths, strict=True):
            row[[abs(step) - 1 for step in path]] = np.sign(path)
        return np.split(flat, np.cumsum(self._hidden)[:-1], axis=1)

    def _over(
        self,
        low: F64,
        high: F64,
        signs: Signs | None = None,
        tight: bool = True,
        known: Known | None = None,
    ) -> tuple[list[Lines], F64, NDArray[np.bool_]]:
        """The hidden layers over the boxes, the error of the outputs, and which boxes hold nothing at all."""
        hidden: list[Lines] = []
        void, below, above = np.zeros(len(low), np.bool_), low, high
        for k, layer in enumerate(self._layers):
            error = self._error(layer, np.maximum(np.abs(below), np.abs(above)))
            if k == len(self._layers) - 1:
                return hidden, error, void
            positive, negative = np.maximum(layer.weight, 0.0), np.minimum(layer.weight, 0.0)
            z_low = _sure(below @ positive.T + above @ negative.T + layer.bias - error)
            z_high = -_sure(-(above @ positive.T + below @ negative.T + layer.bias + error))
            if known is not None:
                z_low, z_high = np.maximum(z_low, known[k][0]), np.minimum(z_high, known[k][1])
            if k and tight:
                self._tighten(k, hidden, error, z_low, z_high, low, high)
            if signs is not None:
                z_low = np.where(signs[k] > 0, np.maximum(z_low, 0.0), z_low)
                z_high = np.where(signs[k] < 0, np.minimum(z_high, 0.0), z_high)
            void |= (z_low > z_high).any(axis=1)
            hidden.append(_lines(z_low, z_high, error))
            below, above = np.maximum(z_low, 0.0), np.maximum(z_high, 0.0)
        raise AssertionError("a network has an output layer")

    def _tighten(
        self, k: int, hidden: list[Lines], error: F64, z_low: F64, z_high: F64, low: F64, high: F64
    ) -> None:
        """A backward pass for each unit of unknown sign, in place."""
        owner, unit = np.nonzero((z_low < 0) & (z_high > 0))
        for side, kept in ((1.0, z_low), (-1.0, z_high)):
            rows = np.zeros((len(owner), self._layers[k].width))
            rows[np.arange(len(owner)), unit] = side
            found = self._least(k, rows, np.zeros(len(owner)), owner, hidden, error, low, high)
            best = np.maximum(side * kept[owner, unit], found)
            kept[owner, unit] = side * best

    def _least(
        self, k: int, rows: F64, start: F64, owner: NDArray[np.intp], hidden: Sequence[Lines], error: F64,
        low: F64, high: F64, forces: Sequence[F64] | None = None,
    ) -> F64:  # fmt: skip
        """rows @ z_k + start from below, each row over the box of its owner. forces: beta * sign, taken off z of each layer."""
        total = start - 1e-13 * np.abs(start) - (np.abs(rows) * error[owner]).sum(axis=1)
        total += rows @ self._layers[k].bias
        for j in range(k - 1, -1, -1):
            rows, lines = rows @ self._layers[j + 1].weight, hidden[j]
            lower, upper = (
                np.maximum(rows, 0.0) * lines.below[owner],
                np.minimum(rows, 0.0) * lines.above[owner],
            )
            force = 0.0 if forces is None else forces[j]
            total += (np.minimum(rows, 0.0) * lines.offset[owner]).sum(axis=1)
            total -= ((lower - upper + np.abs(force)) * lines.error[owner]).sum(axis=1)
            rows = lower + upper - force
            total += rows @ self._layers[j].bias
        rows = rows @ self._layers[0].weight
        top = np.maximum(np.abs(low), np.abs(high))[owner]
        total += (np.maximum(rows, 0.0) * low[owner] + np.minimum(rows, 0.0) * high[owner]).sum(axis=1)
        return _sure(total - self._own * (np.abs(rows) * top).sum(axis=1))


def _lines(low: F64, high: F64, error: F64) -> Lines:
    """A line below and one above max(z, 0) on [low, high]; both hold at the ends, and the function is convex."""
    crossing, on = (low < 0) & (high > 0), (low >= 0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.clip(high / (high - low), 0.0, 1.0)
        offset = np.maximum(-slope * low, high - slope * high) * (1 + 1e-14) + _SMALLEST
    return Lines(
        low,
        high,
        np.where(crossing, (high > -low).astype(np.float64), on),
        np.where(crossing, slope, on),
        np.where(crossing, offset, 0.0),
        error,
    )


def _sure(values: F64) -> F64:
    """Lower bounds, with -inf for what overflowed on the way: no comparison with it is a proof."""
    return np.where(np.isfinite(values), values, -np.inf)
