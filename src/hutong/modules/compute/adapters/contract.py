"""What the broker asks of a computing centre, whatever engine it runs: hold, start, poll, warn, cancel, usage, alive,
capacity.

Every call names an attempt and its fence. A fence is a number that only grows within a job: once a centre has seen
one, it refuses to start the job under a smaller one (fencing token, Kleppmann 2016, "How to do distributed locking").
Repeating a call changes nothing. A centre that does not answer raises `Unreachable`, and whoever asked knows nothing
new: above all not that the job has stopped. Plain records; no Django.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol, get_args, runtime_checkable

from hutong.modules.compute.adapters.attempt import Attempt, Task

State = Literal[
    "pending",
    "starting",
    "running",
    "finished",
    "failed",
    "cancelled",
    "over_time",
    "preempted",
    "node_failed",
    "refused",
    "lost",
    "unknown",
]
STATES: tuple[State, ...] = get_args(State)
# lost: ended or forgotten by the centre without our asking, and its payload does not live. refused: the guard at the
# centre did not let it begin.
# starting: has chips and has not begun; whoever waits too long for it cancels.
# The attempt will never compute again. `unknown` is none of them: the centre answered and does not know the attempt.
ENDED: frozenset[State] = frozenset(
    {"finished", "failed", "cancelled", "over_time", "preempted", "node_failed", "refused", "lost"}
)
# Exit status with which a centre's own guard refuses to begin (EX_TEMPFAIL of sysexits.h).
REFUSED = 75
# Exit status with which a payload says: saved and not done, start me again. The one of HTCondor's self-checkpointing jobs
# (manual, "checkpoint_exit_code").
SAVED = 85

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """The centre's word that the task may come until `expires_at`. firm: chips are set aside, not only a place."""

    attempt: Attempt
    expires_at: datetime
    firm: bool
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The centre has the attempt under its own number. repeated: it had it before this call."""

    attempt: Attempt
    number: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """How an attempt stands at its centre. status is the exit status (128 + n where signal n ended it).

    detail is the engine's own word. accounted False: the engine has no end for it, or lost its record; the state comes
    from the guard that ran beside the job. Cancelling such an attempt frees what the engine may still keep for it.
    """

    attempt: Attempt
    state: State
    number: str | None = None
    status: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    detail: str = ""
    accounted: bool = True

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Segment:
    """Chips held from start to end (UTC, as the engine's accounting has it), not counting suspension."""

    attempt: Attempt
    number: str
    started_at: datetime
    ended_at: datetime
    chips: int
    status: int | None
    suspended_ms: int = 0

    @property
    def chip_ms(self) -> int:
        """Time on chips in chip-milliseconds: held is paid, busy or not."""
        return ((self.ended_at - self.started_at) // _MILLISECOND - self.suspended_ms) * self.chips


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt used. final: nothing will be added; only then is it settled.

    observed_ms: how long the payload ran as the guard beside it saw, where one did: what the engine claims is judged
    by it, and not replaced.
    """

    attempt: Attempt
    segments: tuple[Segment, ...]
    final: bool
    observed_ms: int | None = None

    @property
    def chip_ms(self) -> int:
        return sum(s.chip_ms for s in self.segments)


@dataclass(frozen=True, slots=True)
class Pool:
    """Chips of one model at a centre. total without those of nodes that are down or drained; free now."""

    model: str
    total: int
    free: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a centre has. clock_ms: its clock minus ours, as far as the engine tells."""

    pools: tuple[Pool, ...]
    at: datetime
    clock_ms: int | None = None


@runtime_checkable
class Adapter(Protocol):
    """The contract. Each call raises `Unreachable` where the centre is silent.

    hold: `Invalid` centre.impossible where the centre never could.
    start: the same receipt for every repetition; `Conflict` attempt.stale_fence below a fence the centre has seen,
    attempt.revoked after a cancel, attempt.differs where another task came under this attempt; `Invalid`
    centre.impossible. key goes into the centre's record, so that an auditor finds the call.
    log: where what the payload said is kept, None where it is out of reach; the file need not be there yet.
    poll and usage answer for every attempt asked about. warn tells a payload that runs to save and end (SIGTERM to it,
    nothing is killed), once however often it is called, or twice where this process dies in between; it is harmless
    before the beginning and after the end. warns: whether the engine can do that; where it cannot, warn does nothing.
    cancel ends what runs and bars what has not begun; it is
    harmless after the end, and for an attempt the centre has never seen bars it from starting. alive: every attempt of
    ours that the engine takes for alive, asked about or not: what came back to life after it was settled, or was sent
    by a broker whose memory is lost, is found here.
    """

    name: str
    warns: bool

    def hold(self, attempt: Attempt, task: Task, *, lease_s: int, key: str) -> Hold: ...

    def start(self, attempt: Attempt, task: Task, *, key: str) -> Receipt: ...

    def poll(self, attempts: Sequence[Attempt]) -> dict[Attempt, Report]: ...

    def warn(self, attempt: Attempt, *, key: str) -> None: ...

    def cancel(self, attempt: Attempt, *, key: str) -> None: ...

    def usage(self, attempts: Sequence[Attempt]) -> dict[Attempt, Usage]: ...

    def alive(self) -> list[Attempt]: ...

    def log(self, attempt: Attempt) -> Path | None: ...

    def capacity(self) -> Capacity: ...
