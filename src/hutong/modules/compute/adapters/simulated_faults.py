"""What a simulated centre is made of: a clock, its faults, how tasks go, and one attempt's course."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import SAVED, State


class VirtualClock:
    """A clock that moves when told to, forwards only."""

    def __init__(self) -> None:
        self.ms = 0

    def advance(self, ms: int) -> None:
        if ms < 0:
            raise ValueError("a clock moves forwards")
        self.ms += ms


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a centre.

    silent: from when to when (ms) it answers nothing and hears nothing. mute: numbers of the calls, from 1, that it
    obeys without answering. late_ms: its reports are that old. skew_ms: its clock minus the true one. overreport:
    it claims so many times the chip-time. duplicate: it delivers every segment twice.
    """

    silent: tuple[tuple[int, int], ...] = ()
    mute: frozenset[int] = frozenset()
    late_ms: int = 0
    skew_ms: int = 0
    overreport: Fraction = Fraction(1)
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task goes if nobody stops it: after how long it ends, and with which status. save_ms: how long it saves when
    it is warned; None: it pays no heed."""

    run_ms: int
    status: int = 0
    save_ms: int | None = None


@dataclass(slots=True)
class Run:
    """One attempt at the centre. due: when it ends if nobody stops it."""

    attempt: Attempt
    task: Task
    model: str
    number: str
    submitted: int
    start: int | None = None
    due: int = 0
    end: int | None = None
    state: State = "pending"
    status: int | None = None
    outcome: Outcome | None = None
    node: int | None = None
    saves: bool = False

    def begin(self, now: int, outcome: Outcome) -> None:
        self.state, self.start, self.outcome = "running", now, outcome
        self.due = now + min(outcome.run_ms, self.task.limit_s * 1000)

    def save(self, now: int) -> None:
        """Told to save: it ends when that is done, if nothing ends it before."""
        assert self.outcome is not None
        if self.outcome.save_ms is not None and not self.saves:
            self.saves = True
            self.due = min(self.due, now + self.outcome.save_ms)

    def finish(self) -> None:
        assert self.outcome is not None and self.start is not None
        self.end = self.due
        if self.saves and self.due < self.start + min(self.outcome.run_ms, self.task.limit_s * 1000):
            self.state, self.status = "failed", SAVED
            return
        if self.outcome.run_ms > self.task.limit_s * 1000:
            self.state = "over_time"
        else:
            self.status = self.outcome.status
            self.state = "failed" if self.status else "finished"
