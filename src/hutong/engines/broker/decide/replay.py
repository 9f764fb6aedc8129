"""A past stretch of time decided again: the same engine, the same jobs, other pools. What the broker would have done.

A discrete-event loop: at each moment at which a job arrives or ends, what ended gives its chips back, what arrived
joins the queue, and `decide` is asked on the picture of that moment, exactly as live. Run times are given; limits are
what the broker sees, so reservations are made on limits and jobs end when they truly ended.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hutong.engines.broker.decide.cycle import Decided, decide
from hutong.engines.broker.decide.picture import Account, Asked, Held, Offer, Picture
from hutong.engines.broker.order import DecayedUsage
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

HALF_LIFE_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A job that joins the queue when it was submitted. run_ms: how long it runs once started, its limit at most."""

    asked: Asked
    run_ms: int


@dataclass(frozen=True, slots=True)
class AtWork:
    """A job that runs when the replay begins. ends_ms: when it truly ended; limit_ms: when it had to at the latest."""

    job: str
    account: str
    centre: str
    pool: str
    chips: int
    started_ms: int
    ends_ms: int
    limit_ms: int


@dataclass(frozen=True, slots=True)
class Past:
    """Use before the replay: chips of an account from start to end, in milliseconds."""

    account: str
    chips: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Course:
    """What is replayed. offers: pools as if nothing ran there: free is the total, lendable the most that guests may hold.

    A job at work in a pool that is not offered is left out. begins_ms: first moment; jobs submitted before wait then.
    """

    begins_ms: int
    offers: tuple[Offer, ...]
    arrivals: tuple[Arrival, ...]
    at_work: tuple[AtWork, ...] = ()
    past: tuple[Past, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """A job that the replay started: where, when, until when."""

    job: str
    pool: str
    chips: int
    submitted_ms: int
    start_ms: int
    end_ms: int

    @property
    def wait_ms(self) -> int:
        return self.start_ms - self.submitted_ms


@dataclass(frozen=True, slots=True)
class Replayed:
    """ran: in the order of starting. waiting: jobs that no pool ever took. decisions: how often the engine was asked."""

    ran: tuple[Ran, ...]
    waiting: tuple[str, ...]
    decisions: int


Decide = Callable[[Picture], Decided]


def replay(course: Course, decider: Decide = decide) -> Replayed:
    """Play the course to the end of its last job. Deterministic: the same course gives the same answer.

    Raises `Invalid` ``replay.twice`` for a job that is named twice.
    """
    _once(course)
    loop = _Loop(course, decider)
    while loop.step():
        pass
    return Replayed(tuple(loop.ran), tuple(a.asked.job for a in loop.queue), loop.decisions)


def _once(course: Course) -> None:
    names = [a.asked.job for a in course.arrivals] + [w.job for w in course.at_work]
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise Invalid(
            Text("The job {j} occurs twice.", "作业 {j} 重复出现。").format(j=twice),
            rule="replay.twice",
            remedy=Text("Name each job once.", "每项作业仅列一次。"),
            field="jobs",
        )


class _Loop:
    """The state of a replay between two moments."""

    def __init__(self, course: Course, decider: Decide) -> None:
        self.decider = decider
        self.offers = {o.pool: o for o in course.offers}
        self.begins = course.begins_ms
        self.coming = sorted(
            course.arrivals, key=lambda a: (self._joins(a), a.asked.submitted_ms, a.asked.job), reverse=True
        )
        self.queue: list[Arrival] = []
        # Ordered by end, then by name: jobs that end at one moment end in one order.
        self.work = sorted(
            (w for w in course.at_work if w.pool in self.offers), key=lambda w: (w.ends_ms, w.job)
        )
        self.ran: list[Ran] = []
        self.decisions = 0
        self.usage = _Usage(course)

    def _joins(self, arrival: Arrival) -> int:
        return max(arrival.asked.submitted_ms, self.begins)

    def step(self) -> bool:
        """Go on to the next moment; False where nothing is left that could change anything."""
        moments = [self._joins(self.coming[-1])] if self.coming else []
        if self.work:
            moments.append(self.work[0].ends_ms)
        if not moments:
            return False
        now = max(min(moments), self.begins)
        while self.work and self.work[0].ends_ms <= now:
            self.usage.add(self.work.pop(0))
        while self.coming and self._joins(self.coming[-1]) <= now:
            self.queue.append(self.coming.pop())
        if self.queue:
            self._start(now)
        return True

    def _start(self, now: int) -> None:
        made = self.decider(self.picture(now))
        self.decisions += 1
        if not made.starts:
            return
        places = {s.job: s.pool for s in made.starts}
        waiting = {a.asked.job: a for a in self.queue}
        for start in made.starts:
            self._place(waiting[start.job], start.pool, now)
        self.queue = [a for a in self.queue if a.asked.job not in places]

    def _place(self, arrival: Arrival, pool: str, now: int) -> None:
        asked = arrival.asked
        end = now + max(1, min(arrival.run_ms, asked.limit_ms))
        self.ran.append(Ran(asked.job, pool, asked.chips, asked.submitted_ms, now, end))
        began = AtWork(
            asked.job, asked.account, asked.centre, pool, asked.chips, now, end, now + asked.limit_ms
        )
        insort(self.work, began, key=lambda w: (w.ends_ms, w.job))

    def picture(self, now: int) -> Picture:
        """What the broker sees at a moment."""
        busy = dict.fromkeys(self.offers, 0)
        guests = dict.fromkeys(self.offers, 0)
        for one in self.work:
            busy[one.pool] += one.chips
            if one.centre != self.offers[one.pool].centre:
                guests[one.pool] += one.chips
        offers = tuple(
            replace(
                o,
                free=max(0, o.total - busy[o.pool]),
                lendable=None if o.lendable is None else max(0, o.lendable - guests[o.pool]),
            )
            for o in self.offers.values()
        )
        held = tuple(Held(w.job, w.pool, w.chips, max(w.limit_ms, now)) for w in self.work)
        waiting = tuple(a.asked for a in self.queue)
        return Picture(now, offers, held, waiting, self.usage.accounts((a.account for a in waiting), now))


class _Usage:
    """Decayed use of every account, as the live broker keeps it: counted from the end of a job on."""

    def __init__(self, course: Course) -> None:
        names = {a.asked.account for a in course.arrivals} | {w.account for w in course.at_work}
        self.place = {name: i for i, name in enumerate(sorted(names))}
        self.sums = DecayedUsage.empty(len(self.place), HALF_LIFE_MS)
        self._add([p for p in course.past if p.account in self.place and p.end_ms > p.start_ms])

    def _add(self, rows: Sequence[Past]) -> None:
        if rows:
            columns = zip(
                *((self.place[r.account], r.chips, r.start_ms, r.end_ms) for r in rows), strict=True
            )
            self.sums = self.sums.added(*(np.array(c, dtype=np.int64) for c in columns))

    def add(self, done: AtWork) -> None:
        if done.ends_ms > done.started_ms:
            self._add([Past(done.account, done.chips, done.started_ms, done.ends_ms)])

    def accounts(self, waiting: Iterable[str], now: int) -> tuple[Account, ...]:
        at = self.sums.at(now)
        return tuple(
            Account(name, "", 1, round(float(at[self.place[name]]))) for name in sorted(set(waiting))
        )
