"""A training application: what its progress costs at each batch size, and how fast each chip model steps it.

Layout of the tables: `siasosp23/artifacts` (Jayaram Subramanya et al., "Sia", SOSP 2023), which continues those of
Pollux (Qiao et al., OSDI 2021).
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hutong.engines.broker.elastic.profile import Floats, Profile, load_profile


@dataclass(frozen=True)
class Published:
    """What the published simulator states of an application beside its tables.

    ``epochs``: length of a training run. ``restart_s``: seconds a checkpoint and restart takes. ``slowdown``: real
    runs against the tables, fitted by its authors. ``believed_restart_s``: what Sia's own policy assumes.
    """

    epochs: int
    restart_s: int
    slowdown: float
    believed_restart_s: int


PUBLISHED = {
    "bert": Published(2, 120, 1.2, 120),
    "cifar10": Published(100, 50, 1.8, 30),
    "deepspeech2": Published(80, 25, 1.2, 25),
    "imagenet": Published(90, 250, 1.2, 250),
    "ncf": Published(10, 15, 1.5, 30),
    "yolov3": Published(50, 80, 1.2, 45),
}
# One chip model holds less than its table says, by the published simulator.
BATCH_LIMITS = {("deepspeech2", "rtx"): 57}


@dataclass(frozen=True, eq=False)
class Application:
    """Tables of one application. Progress counts steps of the smallest batch size (Pollux, section 3.1).

    ``batches`` is ascending; ``iterations``, ``grad_sqr`` and ``grad_var`` are (batch sizes x epochs).
    ``progress`` is the progress at the end of each epoch, the least over batch sizes.
    """

    name: str
    stated: Published
    batches: tuple[int, ...]
    iterations: Floats
    grad_sqr: Floats
    grad_var: Floats
    progress: Floats
    profiles: dict[str, Profile]
    chip_batches: dict[str, tuple[int, int]]
    _statistics: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict, repr=False)

    @property
    def init_batch(self) -> int:
        return self.batches[0]

    @property
    def max_batch(self) -> int:
        return self.batches[-1]

    @property
    def epochs(self) -> int:
        return self.stated.epochs

    @property
    def total_progress(self) -> float:
        return float(self.progress[self.epochs - 1])

    def gradient(self, batch: int, epoch: int) -> tuple[float, float]:
        """Squared norm and variance of the gradient in an epoch (from 0), interpolated between measured batches."""
        key = (batch, epoch)
        if key not in self._statistics:
            self._statistics[key] = (
                self._between(self.grad_sqr, batch, epoch),
                self._between(self.grad_var, batch, epoch),
            )
        return self._statistics[key]

    def iteration(self, batch: int, epoch: int) -> float:
        """Steps done when an epoch (from 0) ends, at this batch size."""
        return self._between(self.iterations, batch, epoch)

    def steps_left(self, batch: int, epoch: int, progress: float) -> float:
        """Steps until the last epoch ends for a job that stands in ``epoch`` at ``progress``, at least 1."""
        if epoch >= self.epochs:
            return 1.0
        before = self.iteration(batch, epoch - 1) if epoch else 0.0
        after = self.iteration(batch, epoch)
        low = float(self.progress[epoch - 1]) if epoch else 0.0
        high = float(self.progress[epoch])
        done = round(before + (progress - low) / (high - low) * (after - before))
        return max(1.0, self.iteration(batch, self.epochs - 1) - done)

    def _between(self, table: Floats, batch: int, epoch: int) -> float:
        if not self.init_batch <= batch <= self.max_batch:
            raise ValueError(f"{self.name}: batch {batch} lies outside {self.init_batch}..{self.max_batch}")
        above = bisect_left(self.batches, batch)
        high = self.batches[above]
        if high == batch:
            return float(table[above, epoch])
        low = self.batches[above - 1]
        return float(
            ((batch - low) * table[above, epoch] + (high - batch) * table[above - 1, epoch]) / (high - low)
        )


def load_application(folder: Path, chips: tuple[str, ...], stated: Published | None = None) -> Application:
    """Read the tables of one application for the chip models named (suffixes of the files).

    ``stated``: what is known beside the tables; by default what the published simulator states of this name.
    """
    stated = stated or PUBLISHED[folder.name]
    runs = {int(path.stem.split("-")[1]): _columns(path) for path in sorted(folder.glob("validation-*.csv"))}
    batches = tuple(sorted(runs))
    epochs = min(len(run["progress"]) for run in runs.values())
    table = {
        name: np.array([runs[batch][name][:epochs] for batch in batches])
        for name in ("progress", "iteration", "grad_sqr", "grad_var")
    }
    profiles = {
        chip: load_profile(folder / f"placements-{chip}.csv", folder / f"scalability-{chip}.csv")
        for chip in chips
    }
    limits = {
        chip: (profile.min_chip_batch, BATCH_LIMITS.get((folder.name, chip), profile.max_chip_batch))
        for chip, profile in profiles.items()
    }
    return Application(
        name=folder.name,
        stated=replace(stated, epochs=min(stated.epochs, epochs)),
        batches=batches,
        iterations=table["iteration"],
        grad_sqr=table["grad_sqr"],
        grad_var=table["grad_var"],
        progress=table["progress"].min(axis=0),
        profiles=profiles,
        chip_batches=limits,
    )


def _columns(path: Path) -> dict[str, list[float]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        name: [float(row[name]) for row in rows] for name in ("progress", "iteration", "grad_sqr", "grad_var")
    }
