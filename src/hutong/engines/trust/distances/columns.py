"""What a model file does to each column before its model: steps in float32 that never decrease or never increase.

Such steps fold into a tree's thresholds without loss: "f(x) <= t" holds on one side of one float32 number, found by
bisection over the float32 numbers in their order, with the very operations that onnxruntime performs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows

LARGEST = np.float32(np.finfo(np.float32).max)
Wide = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One elementwise operation. kind: "sub", "mul", "add", "div" or "clip"; first, second: (d,) float32."""

    kind: str
    first: Rows = field(hash=False)
    second: Rows | None = field(default=None, hash=False)

    def __call__(self, values: Rows, columns: NDArray[Any]) -> Rows:
        a = self.first[columns]
        with np.errstate(all="ignore"):
            if self.kind == "sub":
                return np.asarray(values - a, np.float32)
            if self.kind == "mul":
                return np.asarray(values * a, np.float32)
            if self.kind == "add":
                return np.asarray(values + a, np.float32)
            if self.kind == "div":
                return np.asarray(values / a, np.float32)
        second = self.second if self.second is not None else self.first
        return np.asarray(np.minimum(np.maximum(values, a), second[columns]), np.float32)


@dataclass(frozen=True)
class Chain:
    """Steps in their order, over d columns."""

    width: int
    steps: tuple[Step, ...] = ()

    def then(self, *steps: Step) -> Chain:
        return Chain(self.width, self.steps + steps)

    def apply(self, values: Rows, columns: NDArray[Any]) -> Rows:
        """values[i] of column columns[i] after all steps."""
        for step in self.steps:
            values = step(values, columns)
        return values

    def affine(self) -> tuple[Wide, Wide] | None:
        """(scale, offset) with f(x) = scale * x + offset in real numbers, or None where a step clips."""
        scale, offset = np.ones(self.width), np.zeros(self.width)
        for step in self.steps:
            a = step.first.astype(np.float64)
            if step.kind == "clip":
                return None
            if step.kind in ("sub", "add"):
                offset = offset + (a if step.kind == "add" else -a)
            else:
                factor = a if step.kind == "mul" else 1 / a
                scale, offset = scale * factor, offset * factor
        return scale, offset


def ordered(values: Rows) -> NDArray[np.int64]:
    """Whole numbers in the order of the float32 values; neighbours differ by one (-0 and 0 coincide)."""
    bits = np.asarray(values, np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def unordered(places: NDArray[np.int64]) -> Rows:
    """The inverse of `ordered`."""
    bits = np.where(places < 0, (-places) | 0x80000000, places)
    return bits.astype(np.uint32).view(np.float32)


def below(threshold: Rows, strict: NDArray[np.bool_]) -> Rows:
    """The float32 t' with "x <= t'" the same as "x < t" where strict, "x <= t" elsewhere."""
    return np.where(strict, unordered(ordered(threshold) - 1), threshold).astype(np.float32)


def fold(chain: Chain, columns: NDArray[Any], threshold: Rows) -> tuple[Rows, NDArray[np.bool_]]:
    """(threshold', swapped): "f(x) <= t" is "x <= t'" for every finite float32 x, negated where swapped.

    Where it is always or never true, t' lies at the end of the finite numbers.
    """
    if not chain.steps:
        return threshold, np.zeros(len(threshold), np.bool_)

    def holds(x: Rows) -> NDArray[np.bool_]:
        return np.asarray(chain.apply(x, columns) <= threshold, np.bool_)

    end = np.full(len(threshold), LARGEST, np.float32)
    at_low, at_high = holds(-end), holds(end)
    swapped = ~at_low & at_high
    # Largest place where the answer is still that of the lower end.
    low, high = ordered(-end), ordered(end) + 1
    while (low + 1 < high).any():
        middle = (low + high) // 2
        same = holds(unordered(middle)) == at_low
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    never = ~at_low & ~at_high
    found = np.where(never, unordered(ordered(-end)), unordered(low)).astype(np.float32)
    # A condition that never holds is written as the negation of one that always does.
    return np.where(never, LARGEST, found).astype(np.float32), swapped | never
