"""How fast an application steps on one chip model: measured step and gradient-exchange times per placement.

A *placement* is the number of chips on each node that takes part: ``(4, 4)`` is two nodes with four chips each.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

Placement = tuple[int, ...]
Floats = NDArray[np.float64]


def canonical(placement: Placement) -> Placement:
    """The lexicographically smallest rotation: a ring of nodes has no first node."""
    filled = tuple(count for count in placement if count)
    return min(filled[i:] + filled[:i] for i in range(len(filled)))


@dataclass(frozen=True, eq=False)
class Profile:
    """Measured seconds per training step; exact placements first, interpolation between them second.

    ``exact[placement]`` holds rows (chip batch, step seconds, exchange seconds) in order of batch; ``points`` and
    ``times`` hold the same measurements, averaged over placements of equal node and chip count, and those of larger
    clusters, for a piecewise linear interpolation over (nodes, chips, chip batch).
    """

    exact: dict[Placement, Floats]
    points: Floats
    times: Floats
    scaled: Floats
    _between: list[LinearNDInterpolator] = field(default_factory=list, repr=False)
    _known: dict[tuple[Placement, float], tuple[float, float]] = field(default_factory=dict, repr=False)

    @property
    def min_chip_batch(self) -> int:
        return int(min(rows[0, 0] for rows in self.exact.values()))

    @property
    def max_chip_batch(self) -> int:
        return int(max(rows[-1, 0] for rows in self.exact.values()))

    def batch_limit(self, placement: Placement) -> int:
        """The largest chip batch measured for this placement, samples; memory ends there."""
        key = canonical(placement)
        if key in self.exact:
            return int(self.exact[key][-1, 0])
        enough = (self.scaled[:, 0] >= len(key)) & (self.scaled[:, 1] >= sum(key))
        return int(self.scaled[enough, 2].max())

    def batch_limit_of_chips(self, chips: int) -> int | None:
        """The largest chip batch measured on this many chips in any placement; None where none was measured."""
        limits = [rows[-1, 0] for place, rows in self.exact.items() if sum(place) == chips]
        return int(max(limits)) if limits else None

    def times_of(self, placement: Placement, chip_batch: float) -> tuple[float, float]:
        """Seconds of one step and, of these, seconds of gradient exchange."""
        key = (placement, chip_batch)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._measure(canonical(placement), chip_batch)
        return found

    def _measure(self, placement: Placement, chip_batch: float) -> tuple[float, float]:
        rows = self.exact.get(placement)
        if rows is not None:
            if not rows[0, 0] <= chip_batch <= rows[-1, 0]:
                raise ValueError(f"chip batch {chip_batch} was not measured on placement {placement}")
            step = np.interp(chip_batch, rows[:, 0], rows[:, 1])
            return float(step), float(np.interp(chip_batch, rows[:, 0], rows[:, 2]))
        if not self._between:
            self._between.append(LinearNDInterpolator(self.points, self.times))
        where = (min(len(placement), 16), sum(placement), chip_batch)
        both = self._between[0](np.array([where], dtype=float))[0]
        if not np.isfinite(both).all():
            raise ValueError(
                f"chip batch {chip_batch} on placement {placement} lies outside the measurements"
            )
        return float(both[0]), float(both[1])


def load_profile(placements: Path, scalability: Path) -> Profile:
    """Read ``placements-*.csv`` and ``scalability-*.csv`` of one chip model."""
    measured: dict[Placement, list[tuple[float, float, float]]] = {}
    groups: dict[tuple[int, int, float], list[tuple[float, float]]] = {}
    for row in _rows(placements):
        place = tuple(int(digit) for digit in row["placement"])
        batch, step, sync = float(row["local_bsz"]), float(row["step_time"]), float(row["sync_time"])
        measured.setdefault(place, []).append((batch, step, sync))
        groups.setdefault((len(place), sum(place), batch), []).append((step, sync))
    scaled = np.array(
        [
            [
                float(row[name])
                for name in ("num_nodes", "num_replicas", "local_bsz", "step_time", "sync_time")
            ]
            for row in _rows(scalability)
        ]
    )
    keys = sorted(groups)
    means = np.array([np.mean(groups[key], axis=0) for key in keys])
    return Profile(
        exact={place: np.array(sorted(rows)) for place, rows in measured.items()},
        points=np.vstack([np.array(keys, dtype=float), scaled[:, :3]]),
        times=np.vstack([means, scaled[:, 3:]]),
        scaled=scaled,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
