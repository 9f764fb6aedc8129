"""Taking lent chips back with notice: who ends by itself, who saves and stops, who is stopped, so that the least is lost.

Within the notice an attempt has up to three ways out, and takes the cheapest:
ends - its limit lies within the notice; nothing is lost, the chips come at its end;
saves - it writes a checkpoint and stops; the time of saving is lost, if saving fits into the notice;
stops - at once; the work since its last checkpoint is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hutong.engines.broker.preempt.lost import Integers, Running, lost_now
from hutong.engines.broker.preempt.victims import Victims, pool_victims

Way = Literal["ends", "saves", "stops"]
WAYS: tuple[Way, ...] = ("ends", "saves", "stops")


@dataclass(frozen=True, slots=True)
class Step:
    """What one attempt does: its place in `Running`, its way out, when its chips are free, what is lost."""

    place: int
    way: Way
    free_ms: int
    lost_ms: int


@dataclass(frozen=True, slots=True)
class Reclaim:
    """victims: the exact least set. steps: what each does, by place. All chips are free by `due_ms`."""

    victims: Victims
    steps: tuple[Step, ...]
    due_ms: int


def ways_out(running: Running, now_ms: int, notice_ms: int) -> tuple[Integers, Integers, Integers]:
    """Per attempt: the cheapest way (place in `WAYS`), what it loses, and when its chips are free."""
    stop = lost_now(running, now_ms)
    can_save = (running.checkpoint_ms >= 0) & (running.checkpoint_ms <= notice_ms)
    save = np.where(can_save, running.chips * running.checkpoint_ms, np.iinfo(np.int64).max)
    ends = running.ends_ms <= now_ms + notice_ms
    lost = np.stack([np.where(ends, 0, np.iinfo(np.int64).max), save, stop])
    way = np.argmin(lost, axis=0).astype(np.int64)
    free = np.choose(
        way,
        [np.maximum(now_ms, running.ends_ms), now_ms + running.checkpoint_ms, np.full(len(running), now_ms)],
    )
    return way, np.take_along_axis(lost, way[None, :], axis=0)[0], free.astype(np.int64)


def reclaim(running: Running, need: int, now_ms: int, notice_ms: int) -> Reclaim:
    """Free `need` chips within the notice with the least work lost. Raises `Exhausted` ``preempt.not_enough``."""
    way, lost, free = ways_out(running, now_ms, notice_ms)
    victims = pool_victims(running, lost, need)
    steps = tuple(Step(p, WAYS[int(way[p])], int(free[p]), int(lost[p])) for p in victims.places)
    return Reclaim(victims, steps, now_ms + notice_ms)
