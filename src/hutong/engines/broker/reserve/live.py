"""The shadow silo of one centre while it happens: which of its own users' jobs have a right to run by now.

The live form of what `partnership` replays. Tell it submissions and the run times of jobs that have really ended;
`advance` answers the jobs that would have started by now had the centre run alone under EASY. A job that has not
ended really is taken as still running in the shadow, which is true as long as the partnership's promise is kept (it
ends no later than in its silo), and cautious where it is not.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from hutong.engines.broker.reserve.quantiles import stretched
from hutong.engines.broker.reserve.starts import Kinds, Pools, Queue, Running, plan_starts
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text

_ONE = Kinds.of([[1000]])


@dataclass(frozen=True, slots=True)
class _Job:
    number: int
    chips: int
    estimate: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of a job between two looks at its shadow. when: of its submission. start: of its run in the shadow, None
    while it waits there. run: how long it really ran, None while it has not ended."""

    job: int
    when: int
    chips: int
    estimate: int
    start: int | None = None
    run: int | None = None


class SiloShadow:
    """One centre alone, simulated beside the real one. All times are integers of one clock, chips integers."""

    def __init__(self, capacity: int) -> None:
        """capacity: chips of the centre."""
        self._capacity, self._clock = capacity, -(1 << 62)
        self._coming: list[tuple[int, int, _Job]] = []
        self._queue: list[_Job] = []
        self._running: dict[int, tuple[int, _Job]] = {}
        self._runs: dict[int, int] = {}
        self._ends: list[tuple[int, int]] = []
        self._submitted: set[int] = set()

    @classmethod
    def resumed(cls, capacity: int, since: int, jobs: Sequence[Known]) -> SiloShadow:
        """The shadow as it stood at `since`, from what is kept of its jobs; they come in the order of their submission.

        Raises as `submit`. Jobs that run in it and together exceed the capacity, as after it was lowered, run on.
        """
        made = cls(capacity)
        for one in sorted(jobs, key=lambda j: j.when):
            made.submit(one.job, one.when, one.chips, one.estimate)
            if one.run is not None:
                made.ended(one.job, one.run)
        waiting, made._coming = made._coming, []
        starts = {j.job: j.start for j in jobs}
        for when, order, job in sorted(waiting):
            start = starts[job.number]
            if start is not None:
                made._running[job.number] = (start, job)
                if job.number in made._runs:
                    made._note_end(job.number, start)
            elif when <= since:
                made._queue.append(job)
            else:
                heapq.heappush(made._coming, (when, order, job))
        made._clock = since
        return made

    def submit(self, job: int, when: int, chips: int, estimate: int) -> None:
        """A job of the centre's own users. Jobs submitted at one instant come in the order they are told here.

        Raises `Invalid` for a job larger than the centre, `Conflict` for one already told or a time that has passed.
        """
        if not 0 < chips <= self._capacity or estimate < 1:
            raise Invalid(
                Text(
                    "A job takes at least one chip and at most those of the centre.",
                    "作业芯片数须在一与中心总量之间。",
                ),
                rule="reserve.capacity",
                remedy=Text(
                    "Refuse the job or send it to a larger centre.", "请拒绝该作业或转往更大的中心。"
                ),
                field="chips",
            )
        if job in self._submitted or when < self._clock:
            raise Conflict(
                Text("This job is known already, or its time has passed.", "该作业已登记，或其时间已过。"),
                rule="reserve.submitted",
                remedy=Text(
                    "Tell each job once, before the clock passes it.",
                    "每个作业只登记一次，且须在时钟经过之前。",
                ),
                field="job",
            )
        self._submitted.add(job)
        heapq.heappush(self._coming, (when, len(self._submitted), _Job(job, chips, estimate)))

    def ended(self, job: int, run: int) -> None:
        """The job has really ended after so much run time (cancelled ones: what they ran)."""
        if job in self._submitted and job not in self._runs:
            self._runs[job] = max(1, run)
            if job in self._running:
                self._note_end(job, self._running[job][0])

    def advance(self, now: int) -> tuple[tuple[int, int], ...]:
        """Bring the shadow to now. Answers (job, start in the shadow) of the jobs that got a right since, in order."""
        rights: list[tuple[int, int]] = []
        while (when := self._next()) is not None and when <= now:
            self._clock = max(self._clock, when)
            while self._ends and self._ends[0][0] <= self._clock:
                self._running.pop(heapq.heappop(self._ends)[1], None)
            while self._coming and self._coming[0][0] <= self._clock:
                self._queue.append(heapq.heappop(self._coming)[2])
            rights += [(job, self._clock) for job in self._cycle()]
        self._clock = max(self._clock, now)
        return tuple(rights)

    def cycle(self) -> tuple[tuple[int, int], ...]:
        """Start what can start now though nothing happened: its capacity may have changed. Answers as `advance`."""
        return tuple((job, self._clock) for job in self._cycle())

    @property
    def next_ms(self) -> int | None:
        """When something happens in the shadow next, as far as is known; None where nothing is to come."""
        return self._next()

    def _next(self) -> int | None:
        times = [heap[0][0] for heap in (self._coming, self._ends) if heap]
        return min(times) if times else None

    def _note_end(self, job: int, start: int) -> None:
        heapq.heappush(self._ends, (max(self._clock, start + self._runs[job]), job))

    def _cycle(self) -> list[int]:
        if not self._queue:
            return []
        on = list(self._running.values())
        free = self._capacity - sum(job.chips for _, job in on)
        if free <= 0:
            return []
        made = plan_starts(
            Pools.of([0], [self._capacity], [free]),
            Running.of(
                [0] * len(on),
                [job.chips for _, job in on],
                [stretched(start, job.estimate, self._clock) for start, job in on],
            ),
            Queue.of(
                [0] * len(self._queue), [j.chips for j in self._queue], [j.estimate for j in self._queue]
            ),
            _ONE,
            self._clock,
        )
        chosen = [self._queue[int(k)] for k in made.started]
        self._queue = [job for job, pool in zip(self._queue, made.pool, strict=True) if pool < 0]
        for job in chosen:
            self._running[job.number] = (self._clock, job)
            if job.number in self._runs:
                self._note_end(job.number, self._clock)
        return [job.number for job in chosen]
