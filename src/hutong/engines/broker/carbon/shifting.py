"""Jobs that may wait, schedules of them in slots, and what a schedule emits.

Time runs in equal slots. A job holds all its chips or none in a slot (gang); an interruptible one may pause between
slots. ``signal`` is what a kWh costs in each slot: gCO2e, fen, or a weighted sum of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.carbon.series import Floats

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ShiftableJob:
    """``release``: first slot it may run in; ``deadline``: the slot by whose start it must be done; ``work`` slots.

    ``kwh``: energy per slot, PUE included. ``slack`` of a job is deadline - release - work.
    """

    name: str
    release: int
    deadline: int
    work: int
    chips: int
    kwh: float
    interruptible: bool = True


@dataclass(frozen=True, eq=False)
class Schedule:
    """``runs[j, t]``: job j runs in slot t."""

    runs: Mask

    def finish(self) -> NDArray[np.int64]:
        """Slot by whose start each job is done."""
        return np.asarray(self.runs.shape[1] - np.argmax(self.runs[:, ::-1], axis=1))

    def resumes(self) -> NDArray[np.int64]:
        """How often each job started again after a pause."""
        starts = self.runs[:, 1:] & ~self.runs[:, :-1]
        return np.asarray(starts.sum(axis=1) + self.runs[:, 0] - 1)

    def chips(self, jobs: Sequence[ShiftableJob]) -> NDArray[np.int64]:
        """Chips used per slot."""
        return np.array([job.chips for job in jobs]) @ self.runs


def emitted(
    jobs: Sequence[ShiftableJob], schedule: Schedule, signal: Floats, resume_kwh: float = 0.0
) -> float:
    """Sum of signal x energy over a schedule; every resume costs ``resume_kwh`` per chip in its first slot."""
    energy = np.array([job.kwh for job in jobs])
    total = float(energy @ (schedule.runs @ signal[: schedule.runs.shape[1]]))
    if resume_kwh:
        again = schedule.runs[:, 1:] & ~schedule.runs[:, :-1] & (np.cumsum(schedule.runs, axis=1)[:, :-1] > 0)
        chips = np.array([job.chips for job in jobs])
        total += resume_kwh * float(chips @ (again @ signal[1 : schedule.runs.shape[1]]))
    return total


def fifo(jobs: Sequence[ShiftableJob], capacity: int, slots: int) -> Schedule:
    """Carbon-agnostic first come, first served: each job starts as soon as its chips are free, never before an
    earlier one. ``jobs`` in order of release. A job's finish depends on no later job.
    """
    free = np.full(slots, capacity)
    runs = np.zeros((len(jobs), slots), dtype=bool)
    earliest = 0
    for index, job in enumerate(jobs):
        start = max(earliest, job.release)
        while (free[start : start + job.work] < job.chips).any():
            start += 1
        runs[index, start : start + job.work] = True
        free[start : start + job.work] -= job.chips
        earliest = start
    return Schedule(runs)


def promised(jobs: Sequence[ShiftableJob], schedule: Schedule) -> NDArray[np.int64]:
    """The deadline to keep: the declared one, or the finish under ``schedule`` (FIFO) where that is later."""
    return np.asarray(np.maximum(np.array([job.deadline for job in jobs]), schedule.finish()))
