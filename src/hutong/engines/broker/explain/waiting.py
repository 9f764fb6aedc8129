"""Why a job waits, pool by pool, and what would start it: each named blocker has been lifted in a replay that started it.

A blocker is named only after the cycle (`reserve.plan_starts`) was run again without it and the job started; nothing
is inferred from counters alone. Jobs behind in the queue cannot hold a job up, so only those ahead are replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hutong.engines.broker.explain.needs import Constraint
from hutong.engines.broker.explain.scene import Scene
from hutong.engines.broker.reserve import easy
from hutong.engines.broker.reserve.forecast import Forecast, forecast
from hutong.engines.broker.reserve.profile import NEVER, Ints
from hutong.engines.broker.reserve.starts import Starts, ints

Cause = Literal["not_fitting", "too_large", "order", "chips", "lending", "window", "reservation"]
_CAUSES: dict[int, Cause] = {
    easy.NO_POOL: "not_fitting",
    easy.TOO_LARGE: "too_large",
    easy.CHIPS: "chips",
    easy.LENDING: "lending",
    easy.WINDOW: "window",
    easy.RESERVATION: "reservation",
}
_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Blocker:
    """What keeps a job out of one pool now.

    chips: `short` more chips there, lent too, and it starts, the `ahead` waiting jobs before it that this pool suits
    served first. order: it would start if it were first in the queue. lending: `short` more chips lent to guests.
    reservation: it starts if the jobs at the queue positions `holders` gave up their places; window: if the rows
    `holders` of the calendar were moved. not_fitting: the `constraints` that fail there, load aside.
    `lifted`: a replay without this blocker started the job.
    """

    pool: int
    cause: Cause
    short: int = 0
    ahead: int = 0
    holders: tuple[int, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A change of the request and when the job would then start. change: as_asked, chips (value: how many) or
    run (value: run time at the reference chip). A start equal to now was replayed; later ones are forecast."""

    change: Literal["as_asked", "chips", "run"]
    value: int
    pool: int
    start: int


@dataclass(frozen=True, slots=True)
class Why:
    """For one waiting job: the blocker to name, the blocker at every pool, and options, soonest first."""

    position: int
    named: Blocker
    pools: tuple[Blocker, ...]
    options: tuple[Option, ...]


def explain_waiting(
    seen: Scene, positions: Sequence[int] | None = None, ahead: Forecast | None = None
) -> tuple[Why, ...]:
    """Explain waiting jobs (by default all that wait and could ever run). Deterministic; the scene is not changed.

    ahead: the plan of this scene, where it is known already.
    """
    starts = seen.cycle(per_pool=True)
    if ahead is None:
        ahead = forecast(seen.pools, seen.running, seen.queue, seen.kinds, seen.now, windows=seen.windows)
    if positions is None:
        positions = [int(n) for n in np.flatnonzero((starts.pool < 0) & (starts.reason >= easy.CHIPS))]
    return tuple(_why(seen, starts, ahead, n) for n in positions)


def _why(seen: Scene, starts: Starts, ahead: Forecast, position: int) -> Why:
    reasons = starts.reasons[position]
    kind = int(seen.queue.kind[position])
    static = seen.static or {}
    before = _ahead(seen, starts, position)
    blockers = [
        Blocker(p, _CAUSES[int(r)], ahead=int(before[p]), constraints=static.get((kind, p), ()))
        for p, r in enumerate(reasons)
        if int(r) != easy.STARTS
    ]
    short = seen.until(position)
    near = [b for b in blockers if b.cause not in ("not_fitting", "too_large")]
    if not near:
        return Why(position, blockers[0], tuple(blockers), ())
    first = int(short.with_last_first().cycle().pool[0])
    soonest = ahead.when[position, :, 0]
    near.sort(key=lambda b: (b.pool != first, int(soonest[b.pool]), -int(reasons[b.pool]), b.pool))
    named = next((b for b in (_lift(short, b, first) for b in near) if b.lifted), near[0])
    every = tuple(named if b.pool == named.pool else b for b in blockers)
    return Why(position, named, every, _options(short, ahead, position, named))


def _ahead(seen: Scene, starts: Starts, position: int) -> Ints:
    """How many waiting jobs before this one each pool suits."""
    kinds = seen.queue.kind[:position][starts.pool[:position] < 0]
    counts = np.bincount(kinds, minlength=len(seen.kinds.home))
    return ints(counts @ (seen.kinds.speed > 0))


def _lift(short: Scene, blocker: Blocker, first: int) -> Blocker:
    """The blocker with the smallest removal that a replay has confirmed; unlifted where none was found.

    first: the pool where the job starts if it is first in the queue, -1 where it does not.
    """
    if blocker.cause == "reservation":
        holders = _holders(short, blocker.pool)
        if holders:
            return replace(blocker, holders=holders, lifted=True)
    if blocker.cause == "window":
        rows = _rows(short, blocker.pool)
        if rows:
            return replace(blocker, holders=rows, lifted=True)
    if first == blocker.pool:
        return replace(blocker, cause="order", lifted=True)
    if blocker.cause == "chips":
        # Chips that a window of the calendar holds already are missing like those of a job, and have a name.
        rows = _rows(short, blocker.pool)
        if rows:
            return replace(blocker, cause="window", holders=rows, lifted=True)
    if blocker.cause == "lending":
        more = least_more(lambda k: short.with_lending(blocker.pool, k).last_starts() >= 0, _most(short))
        if more:
            return replace(blocker, short=more, lifted=True)
    more = least_more(lambda k: short.with_chips(blocker.pool, k).last_starts() >= 0, _most(short))
    return replace(blocker, cause="chips", short=more, lifted=True) if more else blocker


def _most(short: Scene) -> int:
    """More chips than all the jobs of the queue can use."""
    return (
        int(short.queue.chips.sum()) + int(np.abs(short.windows[:, 1]).sum()) + int(short.pools.total.sum())
    )


def _holders(short: Scene, pool: int) -> tuple[int, ...]:
    """Positions of the reserved jobs without which the last job starts; () where that takes too many."""
    last, out = len(short.queue.chips) - 1, list[int]()
    for _ in range(_ROUNDS):
        kept = [n for n in range(last + 1) if n not in out]
        now = short.without(out).cycle()
        if now.pool[-1] >= 0:
            return tuple(sorted(out))
        held = [kept[int(k)] for k, p, _ in now.reserved if int(p) == pool and kept[int(k)] != last]
        if not held:
            return ()
        out.extend(held)
    return ()


def _rows(short: Scene, pool: int) -> tuple[int, ...]:
    """Rows of the calendar at this pool without which the last job starts; () where that does not do."""
    rows = [int(i) for i in np.flatnonzero(short.windows[:, 0] == pool)]
    needed = list(rows)

    def starts(out: Sequence[int]) -> bool:
        return short.without_windows(out).last_starts() >= 0

    if not rows or not starts(rows):
        return ()
    for row in rows:
        fewer = [r for r in needed if r != row]
        if starts(fewer):
            needed = fewer
    return tuple(needed)


def least_more(starts: Callable[[int], bool], most: int) -> int:
    """The smallest amount found at which the job starts (doubling, then halving the gap); 0 where `most` is too little."""
    high = 1
    while not starts(high):
        if high >= most:
            return 0
        high = min(2 * high, most)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if starts(middle) else (middle, high)
    return high


def _options(short: Scene, ahead: Forecast, position: int, named: Blocker) -> tuple[Option, ...]:
    """What the person could change, and when the job would then start."""
    asked = int(short.queue.chips[-1])
    found = []
    for t, size in enumerate((asked, asked - 1, asked // 2)):
        when = ahead.when[position, :, t]
        pool = int(np.argmin(when))
        if size > 0 and when[pool] < NEVER and (t == 0 or size < asked):
            start = max(int(when[pool]), short.now + 1)
            found.append(Option("as_asked" if t == 0 else "chips", size, pool, start))
    fewer = most_that(lambda c: short.with_last(chips=c).last_starts() >= 0, asked)
    if fewer:
        found.append(Option("chips", fewer, short.with_last(chips=fewer).last_starts(), short.now))
    if named.cause in ("reservation", "window"):
        run = most_that(lambda r: short.with_last(run=r).last_starts() >= 0, int(short.queue.run[-1]))
        if run:
            found.append(Option("run", run, short.with_last(run=run).last_starts(), short.now))
    sooner = {(o.change, o.value): o for o in sorted(found, key=lambda o: -o.start)}
    return tuple(sorted(sooner.values(), key=lambda o: (o.start, o.change, -o.value)))


def most_that(starts: Callable[[int], bool], asked: int) -> int:
    """The largest amount below the one asked with which the job starts, 0 where not even 1 does."""
    if asked <= 1 or not starts(1):
        return 0
    low, high = 1, asked
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if starts(middle) else (low, middle)
    return low
