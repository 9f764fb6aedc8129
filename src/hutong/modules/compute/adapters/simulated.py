"""A centre that exists in memory on a virtual clock, with the faults that real ones have. For planning and for tests.

First come, first served on chips of several models; nothing is random. Times are integer milliseconds since the
clock's epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TypeVar, overload

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import (
    ENDED,
    Capacity,
    Hold,
    Pool,
    Receipt,
    Report,
    Segment,
    Usage,
)
from hutong.modules.compute.adapters.refusals import Unreachable, differs, impossible, revoked, stale
from hutong.modules.compute.adapters.simulated_faults import Faults, Outcome, Run, VirtualClock

__all__ = ["EPOCH", "Faults", "Outcome", "SimulatedCentre", "VirtualClock", "sleeping"]

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
Answer = TypeVar("Answer")


def sleeping(task: Task) -> Outcome:
    """Reads ``("sleep", SECONDS, STATUS, NAME, SAVES)`` as duration and status of the task, and how many seconds it takes
    to save when it is warned ("" where it pays no heed); anything else ends at once with 0."""
    if task.command[0] != "sleep":
        return Outcome(0)
    seconds, status = (*task.command[1:], "0", "0")[:2]
    saves = task.command[4] if len(task.command) > 4 else ""
    return Outcome(int(Fraction(seconds) * 1000), int(status), int(Fraction(saves) * 1000) if saves else None)


class SimulatedCentre:
    """A centre with so many chips of each model in `pools`; `outcome` tells how a task goes.

    node_chips: chips of a node, where a task has to fit on one; None where any chips will do.
    """

    warns = True

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        pools: Mapping[str, int],
        *,
        outcome: Callable[[Task], Outcome] = sleeping,
        node_chips: int | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.node_chips = node_chips
        self.name, self.clock, self.pools, self.outcome = name, clock, dict(pools), outcome
        self.faults = faults or Faults()
        self.calls = 0
        self._runs: dict[Attempt, Run] = {}
        self._fences: dict[str, int] = {}
        self._revoked: set[Attempt] = set()

    def hold(self, attempt: Attempt, task: Task, *, lease_s: int, key: str) -> Hold:
        self._heard()
        self._model(task)
        return self._answer(Hold(attempt, self._time(self.clock.ms + lease_s * 1000), firm=False))

    def start(self, attempt: Attempt, task: Task, *, key: str) -> Receipt:
        self._heard()
        model = self._model(task)
        seen = self._fences.get(attempt.job, 0)
        run = self._runs.get(attempt)
        if attempt.fence < seen or (attempt.fence == seen and run is None):
            raise stale(attempt, seen)
        if attempt in self._revoked:
            raise revoked(attempt)
        if run is not None:
            if run.task.digest != task.digest:
                raise differs(attempt)
            return self._answer(Receipt(attempt, run.number, repeated=True))
        self._fences[attempt.job] = attempt.fence
        self._runs[attempt] = run = Run(attempt, task, model, str(len(self._runs) + 1), self.clock.ms)
        self._settle()
        return self._answer(Receipt(attempt, run.number))

    def poll(self, attempts: Sequence[Attempt]) -> dict[Attempt, Report]:
        self._heard()
        return self._answer({a: self._report(a) for a in attempts})

    def warn(self, attempt: Attempt, *, key: str) -> None:
        """A task whose outcome says how long it saves ends so much later, with the status of one that saved."""
        self._heard()
        run = self._runs.get(attempt)
        if run is not None and run.state == "running":
            run.save(self.clock.ms)
        self._answer(None)

    def cancel(self, attempt: Attempt, *, key: str) -> None:
        self._heard()
        self._revoked.add(attempt)
        run = self._runs.get(attempt)
        if run is not None and run.state not in ENDED:
            run.state, run.end = "cancelled", self.clock.ms
        self._settle()
        self._answer(None)

    def usage(self, attempts: Sequence[Attempt]) -> dict[Attempt, Usage]:
        self._heard()
        return self._answer({a: self._usage(a) for a in attempts})

    def alive(self) -> list[Attempt]:
        self._heard()
        return self._answer([a for a, run in self._runs.items() if run.state not in ENDED])

    def log(self, attempt: Attempt) -> None:
        """What the payload said is not kept within reach."""
        return None

    def capacity(self) -> Capacity:
        self._heard()
        nodes = self._nodes()
        pools = tuple(Pool(m, n, sum(nodes[m]), len(nodes[m])) for m, n in sorted(self.pools.items()))
        return self._answer(Capacity(pools, self._time(self.clock.ms), clock_ms=self.faults.skew_ms))

    def truth(self, attempt: Attempt) -> list[tuple[datetime, datetime, int]]:
        """From when to when the attempt really held how many chips, whatever the centre claims."""
        run = self._runs.get(attempt)
        if run is None or run.start is None or run.end is None:
            return []
        start, end = (EPOCH + timedelta(milliseconds=ms) for ms in (run.start, run.end))
        return [(start, end, run.task.chips)]

    def begun(self, task: Task) -> int:
        """How many attempts began to run that very task."""
        return sum(r.start is not None and r.task == task for r in self._runs.values())

    def _heard(self) -> None:
        self.calls += 1
        if any(start <= self.clock.ms < end for start, end in self.faults.silent):
            raise Unreachable(self.name, "silent")
        self._settle()

    def _answer(self, value: Answer) -> Answer:
        if self.calls in self.faults.mute:
            raise Unreachable(self.name, "obeyed, and did not answer")
        return value

    def _model(self, task: Task) -> str:
        models = [task.model] if task.model else sorted(self.pools)
        for model in models:
            if self.pools.get(model, 0) >= task.chips <= (self.node_chips or task.chips):
                return model
        raise impossible(self.name, f"{task.chips} chips of {task.model or 'any model'}")

    def _settle(self) -> None:
        """Let everything happen that was due until now, in the order in which it was due."""
        while True:
            running = [r for r in self._runs.values() if r.state == "running"]
            due = min((r.due for r in running), default=self.clock.ms + 1)
            if due > self.clock.ms:
                break
            for run in running:
                if run.due == due:
                    run.finish()
            self._begin(due)
        self._begin(self.clock.ms)

    def _begin(self, now: int) -> None:
        """First come, first served on every model; on the first node that has room."""
        nodes, blocked = self._nodes(), set[str]()
        for run in self._runs.values():
            if run.state != "pending" or run.model in blocked:
                continue
            free = nodes[run.model]
            run.node = next((n for n, room in enumerate(free) if room >= run.task.chips), None)
            if run.node is None:
                blocked.add(run.model)
                continue
            free[run.node] -= run.task.chips
            run.begin(now, self.outcome(run.task))

    def _nodes(self) -> dict[str, list[int]]:
        """Free chips of every node."""
        found = {}
        for model, count in self.pools.items():
            size = self.node_chips or count or 1
            found[model] = [min(size, count - first) for first in range(0, count, size)] or [0]
        for run in self._runs.values():
            if run.state == "running" and run.node is not None:
                found[run.model][run.node] -= run.task.chips
        return found

    def _report(self, attempt: Attempt) -> Report:
        run, seen = self._runs.get(attempt), self.clock.ms - self.faults.late_ms
        if run is None or run.submitted > seen:
            return Report(attempt, "cancelled" if attempt in self._revoked and run is None else "unknown")
        start = run.start if run.start is not None and run.start <= seen else None
        end = run.end if run.end is not None and run.end <= seen else None
        if end is not None:
            return Report(attempt, run.state, run.number, run.status, self._time(start), self._time(end))
        return Report(attempt, "pending" if start is None else "running", run.number, None, self._time(start))

    def _usage(self, attempt: Attempt) -> Usage:
        report, run = self._report(attempt), self._runs.get(attempt)
        if run is None or report.started_at is None or report.ended_at is None:
            return Usage(attempt, (), final=report.ended)
        claimed = (report.ended_at - report.started_at) // timedelta(milliseconds=1) * self.faults.overreport
        end = report.started_at + timedelta(milliseconds=int(claimed))
        segment = Segment(attempt, run.number, report.started_at, end, run.task.chips, run.status)
        return Usage(attempt, (segment,) * (2 if self.faults.duplicate else 1), final=True)

    @overload
    def _time(self, ms: int) -> datetime: ...

    @overload
    def _time(self, ms: None) -> None: ...

    @overload
    def _time(self, ms: int | None) -> datetime | None: ...

    def _time(self, ms: int | None) -> datetime | None:
        """The centre's own idea of that moment."""
        return None if ms is None else EPOCH + timedelta(milliseconds=ms + self.faults.skew_ms)
