"""What came of a sequence of arrivals, and the published figures of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.state import Ints


@dataclass(frozen=True)
class Trajectory:
    """Arrays of shape (arrivals,): the node of each task (-1 not placed), and after each arrival the demand that has
    arrived and the GPU in use, milli-GPU. `gpus`: (arrivals, 8) milli taken of each GPU. capacity: milli-GPU.
    """

    node: Ints
    gpus: Ints
    arrived: Ints
    used: Ints
    capacity: int

    def allocation(self, percent: int) -> float:
        """GPU allocation in per cent when the arrived demand rounds to `percent` of the cluster.

        The published figure: the mean over the arrivals that round to it, each rounded to two places.
        """
        return round(float(np.round(self.used[self._at(percent)] * 100.0 / self.capacity, 2).mean()), 2)

    def _at(self, percent: int) -> Ints:
        ratio = np.round(self.arrived * 100.0 / self.capacity)
        near = np.flatnonzero(ratio == percent)
        return near if len(near) else np.flatnonzero(np.abs(ratio - percent) <= 1)


@dataclass(frozen=True)
class Replay(Trajectory):
    """With the expected fragment of the cluster after each arrival, milli-GPU."""

    fragment: Floats

    def fragmented(self, percent: int) -> float:
        """Expected fragment in per cent of all GPUs at that arrived demand."""
        return round(float(self.fragment[self._at(percent)].mean()) * 100.0 / self.capacity, 2)
