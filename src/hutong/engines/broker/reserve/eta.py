"""When a waiting job will start: the queue played forward many times with run times drawn from the past.

At each submission that does not start at once, running jobs get a remaining time drawn from the run times of their
class that exceed what they have run already, waiting jobs one drawn from their class, and the chips are dealt out in
queue order, each job taking the chips that are free first. The draws come from a table of random numbers given by a
seed, so the same log gives the same forecast, compiled or not. `calibrate` turns draws into an interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.profile import Ints
from hutong.engines.broker.reserve.quantiles import KEPT, LEAST, SIDES, foretell, observe
from hutong.engines.broker.reserve.silo import Log

DICE, DEEP = 65_537, 256
LIMIT = 990
"""Per mille of the class's run times that stands for a time limit where a forecast from limits is asked for."""


@compiled
def longer_than(rings: Ints, seen: Ints, kind: int, ran: int, die: int, default: int) -> int:
    """A run time drawn from those of the class that exceed `ran`; where none does, from a tail as heavy as 1/x."""
    row = kind if seen[kind] >= LEAST else len(seen) - 1
    many = min(int(seen[row]), KEPT)
    if many < LEAST:
        return max(default, 2 * ran)
    if ran <= 0:
        return int(rings[row, die * many // SIDES])
    longer = 0
    for i in range(many):
        longer += rings[row, i] > ran
    if longer == 0:
        # Pareto with index 1 from `ran` on, cut at 32 times: what has run long runs on long.
        return int(ran * SIDES // max(SIDES // 32, SIDES - die)) + 1
    pick = die * longer // SIDES
    for i in range(many):
        if rings[row, i] > ran:
            if pick == 0:
                return int(rings[row, i])
            pick -= 1
    return ran + 1


@compiled
def how_long(rings: Ints, seen: Ints, kind: int, ran: int, die: int, default: int, limits: Ints) -> int:
    """The whole run time assumed for a job that has run for `ran`: its class's limit where limits are given, or drawn."""
    if len(limits):
        return int(max(ran + 1, limits[kind]))
    return longer_than(rings, seen, kind, ran, die, default)


@compiled
def deal(free_at: Ints, chips: int, run: int) -> int:
    """Give a job the chips that are free first. `free_at` stays sorted (in place). Answers when it starts."""
    start = int(free_at[chips - 1])
    end, size = start + run, len(free_at)
    k = chips
    while k < size and free_at[k] < end:
        free_at[k - chips] = free_at[k]
        k += 1
    for i in range(k - chips, k):
        free_at[i] = end
    return start


@compiled
def seat(free_at: Ints, many: int, chips: int, end: int) -> int:
    """Note that so many further chips are free from `end` on. Answers how many are noted.

    Jobs between two evictions count as running, so together they may claim more than there is: the rest is left out.
    """
    last = min(many + chips, len(free_at))
    free_at[many:last] = end
    return last


@compiled
def play(
    now: int, j: int, capacity: int, begun: Ints, chips: Ints, kind: Ints, on: Ints, before: Ints,
    rings: Ints, seen: Ints, dice: Ints, throw: int, default: int, limits: Ints,
) -> tuple[int, int]:  # fmt: skip
    """One play: the start of job j with the jobs of `before` ahead of it. Answers it and the next throw.

    Of a deep queue every n-th job is dealt with n times its run time, so that at most `DEEP` are.

    With `limits` (one per class) nothing is drawn: every job runs to its limit.
    """
    free_at, many = np.empty(capacity, np.int64), 0
    for i in on:
        ran = now - begun[i]
        whole = how_long(rings, seen, kind[i], ran, dice[throw % DICE], default, limits)
        throw += 1
        many = seat(free_at, many, chips[i], begun[i] + whole)
    many = seat(free_at, many, capacity - many, now)
    free_at.sort()
    step = len(before) // DEEP + 1
    for i in before[len(before) % step :: step]:
        run = how_long(rings, seen, kind[i], 0, dice[throw % DICE], default, limits)
        throw += 1
        deal(free_at, chips[i], run * step)
    return max(now + 1, int(free_at[chips[j] - 1])), throw


@compiled
def keep_later(jobs: Ints, many: int, ends: Ints, now: int) -> int:
    """Keep the entries whose time is later than now, in order."""
    left = 0
    for k in range(many):
        if ends[jobs[k]] > now:
            jobs[left] = jobs[k]
            left += 1
    return left


@compiled
def put(queue: Ints, many: int, key: Ints, j: int) -> int:
    """Into the queue, behind all with the same or a smaller key. Answers the position."""
    k = many
    while k > 0 and key[queue[k - 1]] > key[j]:
        queue[k] = queue[k - 1]
        k -= 1
    queue[k] = j
    return k


@compiled
def limits_of(classes: int, rings: Ints, seen: Ints, default: int) -> Ints:
    """The `LIMIT` quantile of every class."""
    limits = np.empty(classes, np.int64)
    for c in range(classes):
        limits[c] = foretell(rings, seen, c, LIMIT, default)
    return limits


@compiled
def play_all(
    capacity: int, submit: Ints, run: Ints, chips: Ints, kind: Ints, key: Ints, begun: Ints, end: Ints, by_begun: Ints,
    by_end: Ints, stride: int, dice: Ints, default: int, by_limit: bool, rings: Ints, seen: Ints, drawn: Ints,
) -> None:  # fmt: skip
    """Go through the submissions; write `drawn` (N, samples), sorted, for each `stride`-th job that waits.

    Of a job's start, end and run time nothing is used before they have happened.
    """
    size, started, ended, on_many, waiting, throw, turn = len(submit), 0, 0, 0, 0, 0, 0
    on, queue, limits = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(0, np.int64)
    for j in range(size):
        now = submit[j]
        if begun[j] == now:
            continue
        waiting = keep_later(queue, waiting, begun, now)
        place = put(queue, waiting, key, j)
        waiting += 1
        turn += 1
        if turn % stride:
            continue
        while ended < size and end[by_end[ended]] <= now:
            observe(rings, seen, kind[by_end[ended]], run[by_end[ended]])
            ended += 1
        while started < size and begun[by_begun[started]] <= now:
            on[on_many] = by_begun[started]
            on_many += 1
            started += 1
        on_many = keep_later(on, on_many, end, now)
        if by_limit:
            limits = limits_of(len(seen) - 1, rings, seen, default)
        for s in range(drawn.shape[1]):
            drawn[j, s], throw = play(
                now, j, capacity, begun, chips, kind, on[:on_many], queue[:place],
                rings, seen, dice, throw, default, limits,
            )  # fmt: skip
        drawn[j].sort()


@dataclass(frozen=True, slots=True)
class Foretold:
    """Forecasts for M of the waiting jobs of a log: job (index), when made, actual start, and drawn starts.

    low, middle, high: the 10 %, 50 % and 90 % quantiles of the draws (M,), not yet calibrated.
    """

    job: Ints
    made: Ints
    actual: Ints
    low: Ints
    middle: Ints
    high: Ints


def foretell_starts(
    log: Log,
    capacity: int,
    begun: Ints,
    *,
    end: Ints | None = None,
    key: Ints | None = None,
    samples: int = 20,
    seed: int = 0,
    stride: int = 1,
    default: int = 86_400,
    by_limit: bool = False,
) -> Foretold:
    """Foretell the start of every `stride`-th job that waits, at its submission, from what had happened by then.

    capacity: chips (of one centre, or of all that share). begun, end: what happened (N,), by default without
    interruptions. key: (N,) order of the queue as it was at submission, smaller first, by default the order of
    submission. samples: plays per forecast. by_limit: one play with the `LIMIT` quantile of each class instead, the
    way a scheduler plans that knows time limits only.
    """
    order = np.zeros(len(begun), np.int64) if key is None else key
    ends = begun + log.run if end is None else end
    rings, seen = np.zeros((log.classes + 1, KEPT), np.int64), np.zeros(log.classes + 1, np.int64)
    dice = np.random.default_rng(seed).integers(0, SIDES, DICE)
    drawn = np.full((len(begun), 1 if by_limit else samples), -1, np.int64)
    play_all(
        capacity, log.submit, log.run, log.chips, log.kind, order, begun, ends,
        np.argsort(begun, kind="stable"), np.argsort(ends, kind="stable"),
        stride, dice, default, by_limit, rings, seen, drawn,
    )  # fmt: skip
    job = np.flatnonzero(drawn[:, 0] >= 0)
    last = drawn.shape[1] - 1
    low, middle, high = (drawn[job, k] for k in (last // 10, last // 2, last - last // 10))
    return Foretold(job, log.submit[job], begun[job], low, middle, high)
