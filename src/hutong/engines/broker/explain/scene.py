"""All that a cycle saw, and the same with one thing changed: what an explanation replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hutong.engines.broker.explain.needs import Constraint
from hutong.engines.broker.reserve.profile import Ints
from hutong.engines.broker.reserve.starts import Kinds, Pools, Queue, Running, Starts, ints, plan_starts


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a cycle saw: the arguments of `reserve.plan_starts`. static: per kind and pool the failing constraints."""

    pools: Pools
    running: Running
    queue: Queue
    kinds: Kinds
    now: int
    windows: Ints
    depth: int = 1
    static: Mapping[tuple[int, int], tuple[Constraint, ...]] | None = None

    def cycle(self, *, per_pool: bool = False) -> Starts:
        return plan_starts(
            self.pools, self.running, self.queue, self.kinds, self.now,
            windows=self.windows, depth=self.depth, per_pool=per_pool,
        )  # fmt: skip

    def until(self, position: int) -> Scene:
        """The same with nobody behind this job."""
        q, end = self.queue, position + 1
        return replace(self, queue=Queue(q.kind[:end], q.chips[:end], q.run[:end]))

    def without(self, positions: Sequence[int]) -> Scene:
        """The same with these jobs out of the queue."""
        q = self.queue
        keep = np.delete(np.arange(len(q.chips)), list(positions))
        return replace(self, queue=Queue(q.kind[keep], q.chips[keep], q.run[keep]))

    def without_windows(self, rows: Sequence[int]) -> Scene:
        """The same without these rows of the calendar."""
        return replace(self, windows=np.delete(self.windows, list(rows), axis=0))

    def with_chips(self, pool: int, more: int) -> Scene:
        """The same with more free chips at a pool, which it lends too."""
        p, extra = self.pools, np.zeros(len(self.pools.total), np.int64)
        extra[pool] = more
        return replace(self, pools=Pools(p.centre, p.total + extra, p.free + extra, p.lendable + extra))

    def with_lending(self, pool: int, more: int) -> Scene:
        """The same with more chips that a pool lends."""
        p = self.pools
        lendable = p.lendable.copy()
        lendable[pool] += more
        return replace(self, pools=Pools(p.centre, p.total, p.free, lendable))

    def with_last(self, *, chips: int | None = None, run: int | None = None) -> Scene:
        """The same with the last job of the queue changed."""
        q = self.queue
        sizes, runs = q.chips.copy(), q.run.copy()
        sizes[-1] = sizes[-1] if chips is None else chips
        runs[-1] = runs[-1] if run is None else run
        return replace(self, queue=Queue(q.kind, sizes, runs))

    def with_last_first(self) -> Scene:
        """The same with the last job of the queue moved to its head."""
        q = self.queue
        order = np.roll(np.arange(len(q.chips)), 1)
        return replace(self, queue=Queue(q.kind[order], q.chips[order], q.run[order]))

    def last_starts(self) -> int:
        """The pool where the last job of the queue starts, -1 where it waits."""
        return int(self.cycle().pool[-1])


def scene(
    pools: Pools,
    running: Running,
    queue: Queue,
    kinds: Kinds,
    now: int,
    *,
    windows: object = (),
    depth: int = 1,
    static: Mapping[tuple[int, int], tuple[Constraint, ...]] | None = None,
) -> Scene:
    """Gather the arguments of a cycle for explaining it; the same as for `reserve.plan_starts`."""
    return Scene(pools, running, queue, kinds, now, ints(windows).reshape(-1, 4), depth, static)
