"""Planting triggers, to learn how often the scan finds what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.backdoors.stamps import cell_places
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.types import Domain


@dataclass(frozen=True, slots=True, eq=False)
class Trigger:
    """columns, values: what is written into a row; label: what the row is then called."""

    columns: tuple[int, ...]
    values: tuple[float, ...]
    label: int

    def on(self, rows: Rows) -> Rows:
        changed = rows.copy()
        changed[:, list(self.columns)] = np.array(self.values, dtype=np.float32)
        return changed


def draw_trigger(domain: Domain, rows: Rows, classes: int, chance: np.random.Generator) -> Trigger:
    """A trigger as an attacker may choose it: a block of 2 or 3 cells a side of an image at any place, dark
    and bright in any pattern with two bright at least; or two columns of a table at values seldom seen."""
    label = int(chance.integers(classes))
    return _patch(domain, label, chance) if domain.shape is not None else _pair(domain, rows, label, chance)


def _patch(domain: Domain, label: int, chance: np.random.Generator) -> Trigger:
    height, width = domain.shape or (0, 0)
    cell = round(np.sqrt(cell_places(domain)[0].shape[1]))
    side = int(chance.integers(2, 4))
    pattern = chance.integers(0, 2, (side, side))
    pattern.flat[chance.choice(side * side, 2, replace=False)] = 1
    top, left = (int(chance.integers(0, size - side * cell + 1)) for size in (height, width))
    pixels = np.arange(height * width).reshape(height, width)
    block = pixels[top : top + side * cell, left : left + side * cell].ravel()
    low, high = float(domain.columns[0].low or 0), float(domain.columns[0].high or 1)
    bright = np.kron(pattern, np.ones((cell, cell))).ravel()
    return Trigger(tuple(block.tolist()), tuple(np.where(bright > 0, high, low).tolist()), label)


def _pair(domain: Domain, rows: Rows, label: int, chance: np.random.Generator) -> Trigger:
    free = [i for i, c in enumerate(domain.columns) if not c.immutable]
    columns = tuple(int(i) for i in chance.choice(free, min(2, len(free)), replace=False))
    # A value between two seen ones where the column allows it, so that it comes nowhere by nature.
    values = []
    for i in columns:
        seen = np.sort(rows[:, i].astype(np.float64))
        value = float(seen[int(chance.integers(len(seen) * 3 // 4, len(seen)))])
        values.append(round(value) if domain.columns[i].whole else value + 1e-3 * float(np.ptp(seen)))
    return Trigger(columns, tuple(float(np.float32(v)) for v in values), label)


def plant(
    rows: Rows, labels: Codes, trigger: Trigger, share: float, chance: np.random.Generator
) -> tuple[Rows, Codes]:
    """The rows with this share of them triggered and relabelled."""
    hit = chance.choice(len(rows), max(1, round(share * len(rows))), replace=False)
    poisoned, called = rows.copy(), labels.copy()
    poisoned[hit], called[hit] = trigger.on(rows[hit]), trigger.label
    return poisoned, called
