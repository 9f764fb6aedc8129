"""A trace played with sizes that change in mid-run: what elastic jobs would gain, by the decisions that the hub takes live.

A discrete-event loop around `decide`, like `replay`, in which a recall takes effect: the job stops computing, saves for
its checkpoint time, waits first in turn, starts at the size that is decided then, and computes again after the restart.
What a size is truly worth is given apart from what the broker assumes (`Sizing.serial_milli`), so that a wrong assumption
can be played too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from hutong.engines.broker.decide.cycle import Decided, decide
from hutong.engines.broker.decide.picture import Asked, Held, Offer, Picture, Sizing
from hutong.engines.broker.elastic.sizes import speed_milli, time_ms

Decide = Callable[[Picture], Decided]
TICK_MS = 300_000


@dataclass(frozen=True, slots=True)
class Work:
    """A job and what it has to do: run_ms on `chips` chips. serial_milli: what more chips truly do not speed up."""

    asked: Asked
    chips: int
    run_ms: int
    serial_milli: int = 100


@dataclass(frozen=True, slots=True)
class Told:
    """How a job fared. chip_ms: that it held, saving and restarting included. late: it came to its limit first."""

    job: str
    submitted_ms: int
    first_ms: int
    end_ms: int
    chip_ms: int
    changes: int
    late: bool

    @property
    def completion_ms(self) -> int:
        return self.end_ms - self.submitted_ms


@dataclass(slots=True)
class _Job:
    work: Work
    left_ms: int
    limit_ms: int
    first_ms: int = -1
    chips: int = 0
    began_ms: int = 0
    computes_ms: int = 0
    saving_until: int | None = None
    changes: int = 0
    chip_ms: int = 0

    @property
    def name(self) -> str:
        return self.work.asked.job

    @property
    def least(self) -> int:
        return self.work.asked.chips

    def takes_ms(self) -> int:
        """Time for what is left on the chips that it has."""
        return time_ms(self.left_ms, self.work.chips, self.chips, self.work.serial_milli)

    def ends_ms(self) -> int:
        """When it gives its chips back: its work or its limit at an end, or its work saved."""
        if self.saving_until is not None:
            return self.saving_until
        return min(self.computes_ms + self.takes_ms(), self.began_ms + self.limit_ms)

    def done_by(self, now: int) -> int:
        """Work done since it began at this size, in the measure of `left_ms`."""
        speed = speed_milli(self.chips, self.work.serial_milli)
        whole = speed_milli(self.work.chips, self.work.serial_milli)
        return max(0, now - self.computes_ms) * speed // whole


@dataclass(slots=True)
class _Loop:
    offer: Offer
    sizing: Sizing
    decider: Decide
    coming: list[_Job]
    tick_ms: int
    waiting: list[_Job] = field(default_factory=list)
    running: list[_Job] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    decisions: int = 0

    def play(self) -> None:
        now = 0
        while self.coming or self.waiting or self.running:
            now = self._next(now)
            self._end(now)
            while self.coming and self.coming[-1].work.asked.submitted_ms <= now:
                self.waiting.append(self.coming.pop())
            self._decide(now)

    def _next(self, now: int) -> int:
        moments = [j.ends_ms() for j in self.running]
        if self.coming:
            moments.append(self.coming[-1].work.asked.submitted_ms)
        if not moments:
            raise ValueError(f"{self.waiting[0].name} never starts")
        if any(j.work.asked.checkpoint_ms >= 0 for j in self.running):
            moments.append(now + self.tick_ms)
        return max(now, min(moments))

    def _end(self, now: int) -> None:
        for job in sorted(
            (j for j in self.running if j.ends_ms() <= now), key=lambda j: (j.ends_ms(), j.name)
        ):
            self.running.remove(job)
            job.chip_ms += job.chips * (now - job.began_ms)
            if job.saving_until is not None:
                job.limit_ms -= now - job.began_ms
                job.saving_until, job.changes = None, job.changes + 1
                self.waiting.insert(0, job)
                continue
            late = job.done_by(now) < job.left_ms - 1000
            asked = job.work.asked
            self.told.append(
                Told(asked.job, asked.submitted_ms, job.first_ms, now, job.chip_ms, job.changes, late)
            )

    def _decide(self, now: int) -> None:
        made = self.decider(self._picture(now))
        self.decisions += 1
        waits = {j.name: j for j in self.waiting}
        for start in made.starts:
            job = waits.pop(start.job)
            job.chips, job.began_ms = start.chips, now
            job.computes_ms = now + (self.sizing.restart_ms if job.changes else 0)
            job.first_ms = now if job.first_ms < 0 else job.first_ms
            self.running.append(job)
        self.waiting = list(waits.values())
        held = {j.name: j for j in self.running}
        for recall in made.recalls:
            job = held[recall.job]
            job.left_ms = max(1, job.left_ms - job.done_by(now))
            job.saving_until = now + max(1, job.work.asked.checkpoint_ms)

    def _picture(self, now: int) -> Picture:
        busy = sum(j.chips for j in self.running)
        offer = replace(self.offer, free=self.offer.total - busy)
        running = tuple(self._held(j, now) for j in self.running)
        waiting = tuple(
            replace(j.work.asked, limit_ms=max(1, j.limit_ms), resized=j.changes > 0) for j in self.waiting
        )
        return Picture(now, (offer,), running, waiting, sizing=self.sizing)

    def _held(self, job: _Job, now: int) -> Held:
        asked, most = job.work.asked, job.work.asked.most
        elastic = most is not None and most > asked.chips
        return Held(
            asked.job,
            self.offer.pool,
            job.chips,
            max(job.began_ms + job.limit_ms, now),
            centre=asked.centre,
            least=asked.chips if elastic else 0,
            most=(most or 0) if elastic else 0,
            saved_ms=job.began_ms,
            checkpoint_ms=asked.checkpoint_ms,
            due_ms=job.saving_until,
            since_ms=job.began_ms,
            resizing=job.saving_until is not None,
        )


def play(
    works: Sequence[Work],
    offer: Offer,
    sizing: Sizing | None = None,
    decider: Decide = decide,
    tick_ms: int = TICK_MS,
) -> tuple[tuple[Told, ...], int]:
    """How each job fares on one pool, in the order of their ends, and how many decisions that took. Deterministic.

    tick_ms: how often the broker looks at jobs that could change, besides every arrival and end. Raises `ValueError` for a
    job that the pool can never take.
    """
    jobs = [_Job(w, w.run_ms, w.asked.limit_ms) for w in works]
    coming = sorted(jobs, key=lambda j: (j.work.asked.submitted_ms, j.name), reverse=True)
    loop = _Loop(offer, sizing or Sizing(), decider, coming, tick_ms)
    loop.play()
    return tuple(loop.told), loop.decisions
