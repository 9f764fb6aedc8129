"""A past stretch of time decided again: the same engine, the same jobs, other pools. What the broker would have done.

A discrete-event loop: at each moment at which a job arrives or ends, what ended gives its chips back, what arrived
joins the queue, and `decide` is asked on the picture of that moment, exactly as live. Run times are given; limits are
what the broker sees, so reservations are made on limits and jobs end when they truly ended.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, replace

from hutong.engines.broker.decide.cycle import Decided, decide
from hutong.engines.broker.decide.picture import Asked, Held, Offer, Picture, Sizing
from hutong.engines.broker.decide.replay_rights import Rights
from hutong.engines.broker.decide.replay_usage import Used
from hutong.engines.broker.elastic.sizes import time_ms
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

SERIAL_MILLI = Sizing().serial_milli


@dataclass(frozen=True, slots=True)
class Arrival:
    """A job that joins the queue when it was submitted. run_ms: how long it runs once started on the chips that it asks
    for at least, its limit at most; on more, by the speed-up that is assumed (`elastic.sizes`). Sizes do not change in
    mid-run. home: the pool of its allocation. checkpoint_ms: work between its regular checkpoints, -1: it keeps none.
    again_ms: it was called back, and waits again since then."""

    asked: Asked
    run_ms: int
    home: str = ""
    checkpoint_ms: int = -1
    again_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AtWork:
    """A job that runs when the replay begins, and is never called back. ends_ms: when it truly ended; limit_ms: when it had
    to at the latest. home: the pool of its allocation."""

    job: str
    account: str
    centre: str
    pool: str
    chips: int
    started_ms: int
    ends_ms: int
    limit_ms: int
    home: str = ""


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

    guaranteed: chips of a pool that are kept for the jobs whose home it is; who has a right to them is reckoned beside
    (`replay_rights`), and lent chips are called back for it. A job at work in a pool that is not offered is left out.
    begins_ms: first moment; jobs submitted before wait then.
    """

    begins_ms: int
    offers: tuple[Offer, ...]
    arrivals: tuple[Arrival, ...]
    at_work: tuple[AtWork, ...] = ()
    past: tuple[Past, ...] = ()
    guaranteed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """A job that the replay started: where, when, until when. One that was called back stands once for every time that it
    ran, submitted when it began to wait again. lost_ms: chip-milliseconds that the recall at its end destroyed."""

    job: str
    pool: str
    chips: int
    submitted_ms: int
    start_ms: int
    end_ms: int
    lost_ms: int = 0

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
        self.usage = Used(course)
        self.rights = Rights(dict(course.guaranteed), self.work, self.begins)
        self.begun: dict[str, tuple[Arrival, int]] = {}

    def _joins(self, arrival: Arrival) -> int:
        return max(arrival.asked.submitted_ms, self.begins)

    def step(self) -> bool:
        """Go on to the next moment; False where nothing is left that could change anything."""
        moments = [self._joins(self.coming[-1])] if self.coming else []
        if self.work:
            moments.append(self.work[0].ends_ms)
        if not moments:
            return False
        # What happens beside is looked at only while something goes on here.
        beside = self.rights.next_ms()
        now = max(min(moments if beside is None else [*moments, beside]), self.begins)
        while self.work and self.work[0].ends_ms <= now:
            self._end(self.work.pop(0))
        for one in [w for w in self.work if self.rights.due.get(w.job, now + 1) <= now]:
            self._leave(one, now)
        while self.coming and self._joins(self.coming[-1]) <= now:
            self.queue.append(self.coming.pop())
            self.rights.joins(self.queue[-1], now)
        self.rights.advance(now)
        if self.queue:
            self._start(now)
        return True

    def _end(self, one: AtWork) -> None:
        self.usage.add(one)
        self.rights.ended(one)
        self.begun.pop(one.job, None)

    def _leave(self, one: AtWork, now: int) -> None:
        """A job that was called back waits again."""
        arrival, row = self.begun.pop(one.job)
        left = self.rights.leaves(one, arrival, now)
        self.work.remove(one)
        self.usage.add(replace(one, ends_ms=now))
        self.ran[row] = replace(self.ran[row], end_ms=now, lost_ms=left.lost_ms)
        self.queue.append(left.arrival)

    def _start(self, now: int) -> None:
        made = self.decider(self.picture(now))
        self.decisions += 1
        self.rights.called(made.recalls)
        if not made.starts:
            return
        places = {s.job for s in made.starts}
        waiting = {a.asked.job: a for a in self.queue}
        for start in made.starts:
            self._place(waiting[start.job], start.pool, start.chips, now)
        self.queue = [a for a in self.queue if a.asked.job not in places]

    def _place(self, arrival: Arrival, pool: str, chips: int, now: int) -> None:
        asked = arrival.asked
        run = arrival.run_ms
        if chips != asked.chips:
            run = time_ms(run, asked.chips, chips, SERIAL_MILLI)
        end = now + max(1, min(run, asked.limit_ms))
        self.begun[asked.job] = (arrival, len(self.ran))
        since = asked.submitted_ms if arrival.again_ms is None else arrival.again_ms
        self.ran.append(Ran(asked.job, pool, chips, since, now, end))
        limit = now + asked.limit_ms
        began = AtWork(asked.job, asked.account, asked.centre, pool, chips, now, end, limit, arrival.home)
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
        held = tuple(self._held(w, now) for w in self.work)
        waiting = tuple(self._asked(a.asked) for a in self.queue)
        accounts = self.usage.accounts((a.account for a in waiting), now)
        return Picture(now, offers, held, waiting, accounts, losses=self.rights.lately(now))

    def _held(self, one: AtWork, now: int) -> Held:
        ends = max(one.limit_ms, now)
        if one.job not in self.begun:
            return Held(one.job, one.pool, one.chips, ends, one.centre, right=True)
        every = self.begun[one.job][0].checkpoint_ms
        ran = now - one.started_ms
        saved = one.started_ms + (ran // every * every if every > 0 else 0)
        right = one.job in self.rights.right and one.home == one.pool
        due = self.rights.due.get(one.job)
        return Held(
            one.job,
            one.pool,
            one.chips,
            ends,
            one.centre,
            right,
            saved_ms=saved,
            checkpoint_ms=every,
            due_ms=due,
        )

    def _asked(self, asked: Asked) -> Asked:
        since = self.rights.right.get(asked.job)
        return asked if since is None else replace(asked, right=True, right_since_ms=since)
