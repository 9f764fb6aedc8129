"""One pool by itself under EASY backfill, replayed from a log: what a centre's own users get without partners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.cycle import plan
from hutong.engines.broker.reserve.profile import NEVER, Ints
from hutong.engines.broker.reserve.quantiles import KEPT, foretell, observe, stretched
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Log:
    """N jobs of a log in order of submission: submit, run (seconds), chips, class for run-time estimates (all int64)."""

    submit: Ints
    run: Ints
    chips: Ints
    kind: Ints

    def __post_init__(self) -> None:
        if len(self.submit) and (
            np.diff(self.submit).min(initial=0) < 0 or min(self.run.min(), self.chips.min()) < 1
        ):
            raise Invalid(
                Text(
                    "A log is sorted by submission, with run times and chips above zero.",
                    "日志须按提交时间排序，且运行时间与芯片数大于零。",
                ),
                rule="reserve.log",
                remedy=Text("Sort the log and leave out empty jobs.", "请排序并去掉空作业。"),
                field="log",
            )

    @property
    def classes(self) -> int:
        return int(self.kind.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class Replayed:
    """Start of each job, the earliest start it was promised (`NEVER` where it needed no promise), its estimate.

    checks: how often a promise was looked at again (each cycle with a head that waits, each start of a promised job).
    broken: how often it had moved back by then; 0 where no estimate is below its run time (Lifka 1995).
    """

    start: Ints
    promised: Ints
    estimate: Ints
    checks: int
    broken: int


@compiled
def next_event(submit: Ints, arrived: int, on_end: Ints, on: int) -> int:
    """The next end or submission."""
    now = int(submit[arrived]) if arrived < len(submit) else int(NEVER)
    for i in range(on):
        now = min(now, int(on_end[i]))
    return now


@compiled
def end_jobs(
    now: int, on_job: Ints, on_end: Ints, on: int, run: Ints, chips: Ints, kind: Ints, rings: Ints, seen: Ints
) -> tuple[int, int]:  # fmt: skip
    """End the jobs whose time has come and learn their run times. Answers how many run on, and the chips freed."""
    left, freed = 0, 0
    for i in range(on):
        j = on_job[i]
        if on_end[i] > now:
            on_job[left], on_end[left] = j, on_end[i]
            left += 1
        else:
            freed += chips[j]
            observe(rings, seen, kind[j], run[j])
    return left, freed


@compiled
def expected(now: int, on_job: Ints, chips: Ints, start: Ints, estimate: Ints) -> Ints:
    """Rows (pool, chips, expected end) of the running jobs for a cycle of one pool."""
    rows = np.zeros((len(on_job), 3), np.int64)
    for i in range(len(on_job)):
        j = on_job[i]
        rows[i, 1], rows[i, 2] = chips[j], stretched(start[j], estimate[j], now)
    return rows


@compiled
def start_jobs(
    now: int, queue: Ints, waiting: int, begun: Ints, run: Ints, chips: Ints, start: Ints, promised: Ints,
    on_job: Ints, on_end: Ints, on: int, tally: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """Start what the cycle chose and close the gaps in the queue. Answers how many wait and run, and the chips taken."""
    left, taken = 0, 0
    for k in range(waiting):
        j = queue[k]
        if begun[k] < 0:
            queue[left] = j
            left += 1
            continue
        begun[k] = -1
        start[j] = now
        tally[0] += promised[j] < NEVER
        tally[1] += now > promised[j]
        taken += chips[j]
        on_job[on], on_end[on] = j, now + run[j]
        on += 1
    return left, on, taken


@compiled
def replay(
    capacity: int, per_mille: int, default: int, submit: Ints, run: Ints, chips: Ints, kind: Ints, rings: Ints, seen: Ints,
    estimate: Ints, start: Ints, promised: Ints, tally: Ints,
) -> None:  # fmt: skip
    """The event loop. Writes estimate (where `per_mille` > 0), start, promised, and tally: checks and broken ones.

    At one instant ends come first, then submissions, then one EASY cycle.
    """
    jobs, arrived, waiting, on, free = len(submit), 0, 0, 0, capacity
    queue, begun = np.empty(jobs, np.int64), np.full(jobs, -1, np.int64)
    reason, at, reserved = np.empty(jobs, np.int8), np.empty(jobs, np.int64), np.empty((1, 3), np.int64)
    on_job, on_end = np.empty(capacity + 1, np.int64), np.empty(capacity + 1, np.int64)
    speed, zero = np.full((1, 1), 1000, np.int64), np.zeros(1, np.int64)
    cost, none, windows = np.zeros((1, 1), np.int64), np.empty((1, 0), np.int8), np.empty((0, 4), np.int64)
    total, lendable, plain = (
        np.full(1, capacity, np.int64),
        np.full(1, NEVER, np.int64),
        np.zeros(jobs, np.int64),
    )
    while arrived < jobs or on > 0:
        now = next_event(submit, arrived, on_end, on)
        on, freed = end_jobs(now, on_job, on_end, on, run, chips, kind, rings, seen)
        free += freed
        while arrived < jobs and submit[arrived] == now:
            if per_mille > 0:
                estimate[arrived] = foretell(rings, seen, kind[arrived], per_mille, default)
            queue[waiting] = arrived
            waiting += 1
            arrived += 1
        made = plan(
            now, 1, True, zero, total, np.full(1, free, np.int64), lendable,
            expected(now, on_job[:on], chips, start, estimate), windows, queue[:waiting], plain, chips, estimate,
            speed, cost, zero, begun, reason, at, reserved, none,
        )  # fmt: skip
        if made:
            head = queue[reserved[0, 0]]
            tally[0] += 1
            tally[1] += reserved[0, 2] > promised[head]
            promised[head] = min(promised[head], reserved[0, 2])
        waiting, on, taken = start_jobs(
            now, queue, waiting, begun, run, chips, start, promised, on_job, on_end, on, tally
        )  # fmt: skip
        free -= taken


def replay_easy(
    log: Log, capacity: int, *, share: float = 0.0, default: int = 86_400, estimate: Ints | None = None
) -> Replayed:
    """Replay a log on one pool under EASY backfill.

    share: the quantile of past run times of the class that is taken as estimate at submission (strictly causal: only
    jobs ended by then count); with 0 the given `estimate` is used, by default the true run time (an oracle, to be
    named as such). Raises `Invalid` where a job is larger than the pool.
    """
    if len(log.chips) and log.chips.max() > capacity:
        raise Invalid(
            Text(
                "A job of the log needs more chips than the pool has.", "日志中有作业所需芯片超过资源池总量。"
            ),
            rule="reserve.capacity",
            remedy=Text(
                "Give the pool at least the largest job's chips.", "资源池容量须不小于最大作业的芯片数。"
            ),
            field="capacity",
        )
    jobs = len(log.submit)
    start, promised = np.full(jobs, -1, np.int64), np.full(jobs, NEVER, np.int64)
    guess = (log.run if estimate is None else estimate).astype(np.int64).copy()
    rings, seen = np.zeros((log.classes + 1, KEPT), np.int64), np.zeros(log.classes + 1, np.int64)
    tally = np.zeros(2, np.int64)
    replay(
        capacity, round(share * 1000), default, log.submit, log.run, log.chips, log.kind, rings, seen,
        guess, start, promised, tally,
    )  # fmt: skip
    return Replayed(start, promised, guess, int(tally[0]), int(tally[1]))
