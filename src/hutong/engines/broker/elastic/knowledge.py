"""What a scheduler may know of a job's speed: only steps that the job (or its class) has run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.elastic.goodput import Observations, StepTime, fit_step_time

Seen = tuple[tuple[float, ...], ...]


@dataclass(eq=False)
class Fits:
    """Fitted models by what was seen: jobs of one class often see the same, and a fit is the dearest step."""

    known: dict[Seen, StepTime] = field(default_factory=dict)

    def fit(self, seen: Seen) -> StepTime:
        if seen not in self.known:
            table = np.array(seen)
            self.known[seen] = fit_step_time(
                Observations(table[:, 0], table[:, 1], table[:, 2], table[:, 3] - table[:, 4], table[:, 3])
            )
        return self.known[seen]


@dataclass(eq=False)
class Knowledge:
    """Steps seen per chip model, in order, and the model fitted to them. Shared by a class of jobs if so passed.

    ``tolerance``: a step that the model foretells within this share is not news and calls for no new fit.
    """

    fits: Fits
    tolerance: float = 0.0
    _seen: dict[str, dict[tuple[int, int, int], tuple[float, float]]] = field(default_factory=dict)
    _models: dict[str, StepTime] = field(default_factory=dict)
    _most: dict[str, int] = field(default_factory=dict)
    _foretold: set[tuple[str, int, int, int]] = field(default_factory=set)

    def observe(
        self, chip: str, nodes: int, chips: int, chip_batch: int, step_s: float, sync_s: float
    ) -> None:
        seen = self._seen.setdefault(chip, {})
        self._most[chip] = max(self._most.get(chip, 0), chips)
        key = (nodes, chips, chip_batch)
        known = (chip, *key)
        if key in seen or known in self._foretold:
            return
        if self._foretells(chip, key, step_s):
            self._foretold.add(known)
            return
        seen[key] = (step_s, sync_s)
        self._models.pop(chip, None)

    def _foretells(self, chip: str, key: tuple[int, int, int], step_s: float) -> bool:
        """The class has steps of this node and chip count, and the model says this one within the tolerance."""
        model = self.model(chip) if self.tolerance else None
        if model is None or not any(other[:2] == key[:2] for other in self._seen[chip]):
            return False
        nodes, chips, chip_batch = (np.array([float(part)]) for part in key)
        told = float(model.seconds(nodes, chips, chip_batch, np.zeros(1))[0])
        return abs(told - step_s) <= self.tolerance * step_s

    def model(self, chip: str) -> StepTime | None:
        """The model of what was seen so far; None before the first step on this chip model."""
        seen = self._seen.get(chip)
        if seen and chip not in self._models:
            self._models[chip] = self.fits.fit(
                tuple((*map(float, key), *times) for key, times in seen.items())
            )
        return self._models.get(chip)

    def most_chips(self, chip: str) -> int:
        """The most chips of this model it ever ran on."""
        return self._most.get(chip, 0)
