"""Forecasts of a signal, made at each slot from what is past by then only, or from a file of real forecasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.carbon.series import Floats

# (slot now, slots ahead) -> signal of now and the slots after it
Forecast = Callable[[int, int], Floats]


@dataclass(frozen=True, eq=False)
class PerfectForecast:
    """The series itself: what a rule could do if it knew the future."""

    signal: Floats

    def __call__(self, now: int, ahead: int) -> Floats:
        return self.signal[now : now + ahead]


@dataclass(frozen=True, eq=False)
class DailyForecast:
    """Same slot of the days before, averaged, plus today's deviation from it, which fades with ``memory`` slots.

    ``per_day``: slots of a day; ``days``: how many are averaged. ``history`` ends where ``signal`` begins, so that
    the first slot has days to look back on. Nothing after ``now`` is read.
    """

    signal: Floats
    history: Floats
    per_day: int
    days: int = 7
    memory: float = 24.0

    def __call__(self, now: int, ahead: int) -> Floats:
        past = np.concatenate([self.history, self.signal[: now + 1]])
        whole = (len(past) - 1) // self.per_day
        days = min(self.days, whole)
        if days == 0:
            return np.full(min(ahead, len(self.signal) - now), past[-1])
        before = (
            past[len(past) - 1 - days * self.per_day : len(past) - 1].reshape(days, self.per_day).mean(axis=0)
        )
        count = min(ahead, len(self.signal) - now)
        shape = before[np.arange(count) % self.per_day]
        return np.asarray(shape + (past[-1] - shape[0]) * np.exp(-np.arange(count) / self.memory))
