"""Stamps: small sets of columns that are overwritten with fixed values, as a planted trigger does.

Images: 2 x 2 cells, each dark or bright, at every place; a cell is one pixel of small images and an eighth of
the side of larger ones. Tables: two columns at the ends of their ranges, or at values that repeat in the
given rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.membership.domains import spans_of
from hutong.engines.trust.statistics.forms import Ints
from hutong.engines.trust.types import Domain

CELLS = 2
_PAIRS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """s stamps: columns (s, k) and the values (s, k) written there."""

    columns: Ints = field(repr=False)
    values: NDArray[np.float32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.columns)

    def on(self, rows: Rows, which: slice) -> Rows:
        """Each of the chosen stamps on each of the n rows: (stamps x n, d), stamp by stamp."""
        columns, values = self.columns[which], self.values[which]
        many = np.repeat(rows[None], len(columns), axis=0)
        place = np.arange(len(columns))[:, None, None], np.arange(len(rows))[None, :, None]
        many[place[0], place[1], columns[:, None, :]] = values[:, None, :]
        return many.reshape(-1, rows.shape[1])


def stamps_of(domain: Domain, rows: Rows, chance: np.random.Generator) -> Stamps:
    """All stamps of an image domain; of a table at most 400 pairs of columns drawn by chance, four to
    each.
    """
    return image_stamps(domain) if domain.shape is not None else table_stamps(domain, rows, chance)


def cell_places(domain: Domain) -> list[Ints]:
    """Columns of every 2 x 2 block of cells of an image: each (4, cell x cell), cell by cell in reading
    order.
    """
    height, width = domain.shape or (0, 0)
    cell = max(1, round(min(height, width) / 8))
    pixels = np.arange(height * width, dtype=np.int64).reshape(height, width)
    found = []
    for top in range(0, height - CELLS * cell + 1, cell):
        for left in range(0, width - CELLS * cell + 1, cell):
            block = pixels[top : top + CELLS * cell, left : left + CELLS * cell]
            cells = block.reshape(CELLS, cell, CELLS, cell).swapaxes(1, 2)
            found.append(np.asarray(cells.reshape(CELLS * CELLS, cell * cell)))
    return found


def image_stamps(domain: Domain) -> Stamps:
    """Every dark/bright pattern of every block, but the all-dark one (it is most of a background)."""
    low, high = float(domain.columns[0].low or 0), float(domain.columns[0].high or 1)
    patterns = np.array(list(product((low, high), repeat=CELLS * CELLS))[1:], dtype=np.float32)
    places = cell_places(domain)
    columns = np.repeat(np.array([p.ravel() for p in places]), len(patterns), axis=0)
    area = places[0].shape[1]
    values = np.tile(np.repeat(patterns, area, axis=1), (len(places), 1))
    return Stamps(columns, values)


def table_stamps(domain: Domain, rows: Rows, chance: np.random.Generator) -> Stamps:
    """Both ends of both columns: where the bounds are not declared, the ends of the rows."""
    spans = spans_of(domain, rows)
    low = [rows[:, i].min() if c.low is None else float(c.low) for i, c in enumerate(domain.columns)]
    pairs = list(combinations(range(domain.width), 2))
    kept = [pairs[i] for i in np.sort(chance.permutation(len(pairs))[:_PAIRS])]
    ends = [(low[i], low[i] + spans[i]) for i in range(domain.width)]
    made = [((i, j), (a, b)) for i, j in kept for a in ends[i] for b in ends[j]]
    return Stamps(
        np.array([m[0] for m in made], dtype=np.int64), np.array([m[1] for m in made], dtype=np.float32)
    )
