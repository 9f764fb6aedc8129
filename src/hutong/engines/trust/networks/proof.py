"""What a search leaves behind so that a second, simpler checker can go over it: how the space was cut, and why each part is done.

A proof trusts nothing that was computed on the way: cuts are only places, and multipliers are only numbers for which a bound
holds whatever they are. `confirm` makes the parts itself, and `checker` bounds every one by code of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.networks.network import F64

Ints = NDArray[np.intp]
# Numbers that a proof may hold: 160 MB.
LARGEST = 20_000_000


@dataclass(slots=True, eq=False)
class Cuts:
    """Boxes of one case. Box 0 is the whole; a box that was opened shrank to low, high and was halved into two new ones.

    What the shrinking left outside, and every box that was not opened, has to be free of counter-examples.
    """

    opened: list[Ints] = field(default_factory=list)
    lower: list[Ints] = field(default_factory=list)
    upper: list[Ints] = field(default_factory=list)
    low: list[F64] = field(default_factory=list)
    high: list[F64] = field(default_factory=list)
    axis: list[Ints] = field(default_factory=list)
    at: list[F64] = field(default_factory=list)
    count: int = 1
    numbers: int = 0

    def open(self, boxes: Ints, low: F64, high: F64, axis: Ints, at: F64) -> Ints:
        """Record that these boxes were opened; returns the numbers of their lower, then of their upper halves."""
        new = np.arange(self.count, self.count + 2 * len(boxes), dtype=np.intp)
        self.count += len(new)
        self.numbers += low.size + high.size
        if not self.full:
            lower, upper = new[: len(boxes)], new[len(boxes) :]
            for kept, ints in (
                (self.opened, boxes),
                (self.lower, lower),
                (self.upper, upper),
                (self.axis, axis),
            ):
                kept.append(ints)
            for held, floats in ((self.low, low), (self.high, high), (self.at, at)):
                held.append(floats)
        return new

    @property
    def full(self) -> bool:
        """Whether there was more to hold than a proof may."""
        return self.numbers > LARGEST


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A closed sign pattern. path: units asked one after another, 1 + number over all layers, with the sign that is assumed.

    weights: of the goal's rows. alpha, beta: slopes and multipliers of the signs per hidden layer, (width,) each.
    """

    path: tuple[int, ...]
    weights: F64
    alpha: tuple[F64, ...]
    beta: tuple[F64, ...]


@dataclass(slots=True, eq=False)
class Leaves:
    """The closed sign patterns of one goal of one case."""

    found: list[Leaf] = field(default_factory=list)
    numbers: int = 0

    def close(self, path: tuple[int, ...], weights: F64, alpha: Sequence[F64], beta: Sequence[F64]) -> None:
        self.numbers += 2 * sum(len(a) for a in alpha)
        if not self.full:
            slopes, forces = (tuple(a.copy() for a in part) for part in (alpha, beta))
            self.found.append(Leaf(path, weights.copy(), slopes, forces))

    @property
    def full(self) -> bool:
        return self.numbers > LARGEST
