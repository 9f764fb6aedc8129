"""What is asked of a network: boxes of inputs, and for each the ways in which an output would break the promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.networks.network import F32, F64


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """A counter-example's outputs: rows @ y <= limits, all rows together (< where strict). rows: (m, outputs)."""

    rows: F64
    limits: F64
    strict: bool

    def reached(self, outputs: F32) -> bool:
        """Whether float32 outputs, (k,), are of this kind; compared in float64, exactly for two terms a row."""
        values = self.rows @ outputs.astype(np.float64)
        return bool((values < self.limits).all() if self.strict else (values <= self.limits).all())

    def excess(self, outputs: F64) -> F64:
        """The largest of rows @ y - limits, (n,): not above 0 at a counter-example."""
        if not len(self.rows):
            return np.full(len(outputs), -1.0)
        return np.asarray((outputs @ self.rows.T - self.limits).max(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Inputs low <= x <= high, (inputs,), and the goals any of which makes x a counter-example."""

    low: F64
    high: F64
    goals: tuple[Goal, ...]

    def proof_box(self) -> tuple[F64, F64]:
        """The box widened where it holds no float32 at all: the runtime can only receive the nearest one."""
        low32, high32 = inner(self.low, self.high)
        return np.minimum(self.low, low32.astype(np.float64)), np.maximum(
            self.high, high32.astype(np.float64)
        )

    def received(self, points: F64) -> F32:
        """Points as the runtime receives them: float32, inside the box, (n, inputs)."""
        low, high = inner(self.low, self.high)
        return np.clip(points.astype(np.float32), low, high)


@dataclass(frozen=True, slots=True)
class Property:
    """It holds if no case has a counter-example. No case at all holds vacuously."""

    inputs: int
    outputs: int
    cases: tuple[Case, ...]


def inner(low: F64, high: F64) -> tuple[F32, F32]:
    """The float32 numbers inside a box, per coordinate; the nearest one on both sides where there is none."""
    down, up = low.astype(np.float32), high.astype(np.float32)
    least, most = np.float32(-np.inf), np.float32(np.inf)
    first = np.where(down.astype(np.float64) < low, np.nextafter(down, most), down)
    last = np.where(up.astype(np.float64) > high, np.nextafter(up, least), up)
    empty = first > last
    nearest = ((low + high) / 2).astype(np.float32)
    return np.where(empty, nearest, first), np.where(empty, nearest, last)
