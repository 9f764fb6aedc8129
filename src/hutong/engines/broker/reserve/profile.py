"""The free capacity of a pool over time, as a step function in two arrays.

``times[k]`` is where step k begins and ``levels[k]`` how many chips are free from there to the next step; the last
step never ends. Times are integers in any one unit (milliseconds in the hub, seconds in public logs), chips are
integers too (whole chips or milli-chips). Jobs that end raise the level, windows of a calendar lower it and raise it
again. All kernels are deterministic and free of allocation surprises: they never write into their arguments except
where the name says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.compiled import compiled
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text

Ints = NDArray[np.int64]
NEVER = np.int64(1 << 62)
"""A time that does not come."""


@compiled
def build_profile(now: int, free: int, times: Ints, deltas: Ints) -> tuple[Ints, Ints]:
    """Steps from what is free now and what changes later: at ``times[i]`` the level moves by ``deltas[i]``.

    Changes at or before `now` count as of now. Equal times become one step.
    """
    order = np.argsort(times, kind="mergesort")
    steps = np.empty(len(times) + 1, np.int64)
    levels = np.empty(len(times) + 1, np.int64)
    steps[0], levels[0], last = now, free, 0
    for i in order:
        if times[i] > steps[last]:
            last += 1
            steps[last] = times[i]
            levels[last] = levels[last - 1]
        levels[last] += deltas[i]
    return steps[: last + 1].copy(), levels[: last + 1].copy()


@compiled
def earliest(steps: Ints, levels: Ints, chips: int, run: int) -> int:
    """The first time from which `chips` stay free for `run`, or `NEVER`."""
    since = NEVER
    for k in range(len(steps)):
        if levels[k] < chips:
            since = NEVER
            continue
        if since == NEVER:
            since = steps[k]
        if k + 1 == len(steps) or steps[k + 1] - since >= run:
            return int(since)
    return int(NEVER)


@compiled
def level_at(steps: Ints, levels: Ints, when: int) -> int:
    """The level at a time not before the first step."""
    return int(levels[max(0, int(np.searchsorted(steps, when, side="right")) - 1)])


@compiled
def least_level(steps: Ints, levels: Ints, start: int, end: int) -> int:
    """The lowest level within [start, end)."""
    first = max(0, int(np.searchsorted(steps, start, side="right")) - 1)
    low = levels[first]
    for k in range(first + 1, len(steps)):
        if steps[k] >= end:
            break
        low = min(low, levels[k])
    return int(low)


@dataclass(frozen=True, slots=True)
class Profile:
    """The free chips of one pool from now on. Immutable: `take` answers a new one."""

    steps: Ints
    levels: Ints

    @classmethod
    def of(cls, now: int, free: int, changes: list[tuple[int, int]] | None = None) -> Profile:
        """From what is free now and a list of (time, chips that become free, negative: that are taken)."""
        pairs = np.array(changes or [], np.int64).reshape(-1, 2)
        steps, levels = build_profile(now, free, pairs[:, 0].copy(), pairs[:, 1].copy())
        return cls(steps, levels)

    def earliest(self, chips: int, run: int) -> int | None:
        """The first time from which `chips` are free for the whole of `run`; None where that never is."""
        if chips <= 0 or run <= 0:
            raise Invalid(
                Text("Chips and run time are more than zero.", "芯片数与运行时间须大于零。"),
                rule="reserve.amount",
                remedy=Text("Give whole numbers above zero.", "请填写大于零的整数。"),
                field="chips" if chips <= 0 else "run",
            )
        found = earliest(self.steps, self.levels, chips, run)
        return None if found == NEVER else found

    def free(self, start: int, end: int) -> int:
        """The chips free during the whole of [start, end)."""
        return least_level(self.steps, self.levels, start, end)

    def take(self, start: int, end: int, chips: int) -> Profile:
        """The profile with `chips` taken during [start, end); `Conflict` where they are not free."""
        if not int(self.steps[0]) <= start < end or chips > self.free(start, end):
            raise Conflict(
                Text("These chips are not free in this window.", "该时段内没有这么多空闲芯片。"),
                rule="reserve.window",
                remedy=Text("Choose another window or fewer chips.", "请选择其他时段或减少芯片数。"),
                field="window",
            )
        times = np.concatenate((self.steps[1:], np.array([start, end], np.int64)))
        deltas = np.concatenate((np.diff(self.levels), np.array([-chips, chips], np.int64)))
        steps, levels = build_profile(int(self.steps[0]), int(self.levels[0]), times, deltas)
        return Profile(steps, levels)
