"""A centre whose engine is Slurm (release 22.05 and newer), over its programs or over slurmrestd.

    SlurmCentre("haidian", SlurmPrograms("haidian", Path("/etc/slurm/slurm.conf")), Path("/shared/hutong"))

The name inside Slurm is safe by construction and the label people gave travels percent-encoded in the comment. Jobs
are never requeued by Slurm: only the broker starts a job again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from hutong.modules.compute.adapters import guard
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import ENDED, Capacity, Hold, Pool, Receipt, Report, Usage
from hutong.modules.compute.adapters.slurm_reading import number_of, phantom, report_of, usage_of
from hutong.modules.compute.adapters.slurm_words import Row
from hutong.modules.compute.adapters.spool import Spool, Standing


class SlurmTransport(Protocol):
    """The ways to a Slurm controller and its accounting. Each raises `Unreachable` where nobody answers.

    estimate and submit: `Invalid` centre.impossible where the controller refuses. submit keeps the descriptor `keep`
    open as long as the request may still arrive.
    """

    @property
    def timeout_s(self) -> float: ...

    def estimate(self, attempt: Attempt, task: Task, folder: Path) -> datetime | None: ...

    def submit(
        self, attempt: Attempt, task: Task, key: str, script: str, log: Path, folder: Path, keep: int
    ) -> str: ...

    def queue(self, attempt: Attempt | None = None) -> list[Row]: ...

    def books(self, attempts: Sequence[Attempt]) -> list[Row]: ...

    def warn(self, attempt: Attempt) -> None: ...

    def cancel(self, attempt: Attempt) -> None: ...

    def pools(self) -> tuple[Pool, ...]: ...


class SlurmCentre:
    """The contract over Slurm. `spool` is a folder that this machine and the nodes share; grace_s is how long the
    controller may call alive what is over."""

    warns = True

    def __init__(self, name: str, slurm: SlurmTransport, spool: Path, *, grace_s: float = 15.0) -> None:
        self.name, self.slurm, self.grace_s = name, slurm, grace_s
        self.spool = Spool(name, spool)
        self._phantoms: dict[Attempt, float] = {}

    def prepare(self) -> None:
        """Make the spool, once, when the centre joins."""
        self.spool.prepare()

    def hold(self, attempt: Attempt, task: Task, *, lease_s: int, key: str) -> Hold:
        """Asks the controller when it would start the task; Slurm sets nothing aside for that."""
        start = self.slurm.estimate(attempt, task, self.spool.folder)
        return Hold(attempt, datetime.now(UTC) + timedelta(seconds=lease_s), firm=False, starts_at=start)

    def start(self, attempt: Attempt, task: Task, *, key: str) -> Receipt:
        with self.spool.reached(), self.spool.locked(attempt, self.slurm.timeout_s) as handle:
            if self.spool.admit(attempt, task, key):
                found = self._found(attempt)
                if found is not None:
                    return Receipt(attempt, found, repeated=True)
            folder = self.spool.of(attempt)
            script = guard.script(attempt, task, folder, folder, "$SLURM_JOB_ID")
            log = self.spool.log(attempt)
            return Receipt(attempt, self.slurm.submit(attempt, task, key, script, log, folder, handle))

    def _found(self, attempt: Attempt) -> str | None:
        """Slurm's number of an attempt that was submitted before, as long as it lives or has done anything."""
        queued = self.slurm.queue(attempt)
        booked = [] if queued else self.slurm.books([attempt])
        return number_of(queued, booked, self.spool.standing(attempt))

    def poll(self, attempts: Sequence[Attempt]) -> dict[Attempt, Report]:
        """One look at the queue for all; the books only for those of which the controller does not know the end."""
        queued = _by_attempt(self.slurm.queue())
        # Read after the queue: what began meanwhile is then at worst called pending.
        with self.spool.reached():
            standings = {a: self.spool.standing(a) for a in attempts}
            revoked = {a for a in attempts if self.spool.is_revoked(a)}
        away = [a for a in attempts if not _tells(queued.get(a, []), standings[a])]
        booked = _by_attempt(self.slurm.books(away) if away else [])
        return {
            a: report_of(
                a,
                queued.get(a, []),
                booked.get(a, []),
                standings[a],
                revoked=a in revoked,
                overdue=self._overdue(a, phantom(queued.get(a, []), standings[a]), standings[a].ended),
            )
            for a in attempts
        }

    def _overdue(self, attempt: Attempt, is_phantom: bool, ended: int | None) -> bool:
        """Whether the attempt has been a phantom for longer than the grace, in our own time or, whoever looked before
        us, twice as long in the node's."""
        now = time.monotonic()
        if not is_phantom:
            self._phantoms.pop(attempt, None)
            return False
        seen = now - self._phantoms.setdefault(attempt, now) > self.grace_s
        return seen or (ended is not None and time.time() - ended > 2 * self.grace_s)

    def warn(self, attempt: Attempt, *, key: str) -> None:
        """Once: a warning that was noted and, this process being killed, not sent is not sent again."""
        with self.spool.reached():
            fresh = self.spool.standing(attempt).number is not None and self.spool.warn(attempt, key)
        if fresh:
            self.slurm.warn(attempt)

    def cancel(self, attempt: Attempt, *, key: str) -> None:
        """Bars the attempt first, so that it ends even if the controller is away now and starts it later."""
        with self.spool.reached():
            self.spool.revoke(attempt, key)
        self.slurm.cancel(attempt)

    def usage(self, attempts: Sequence[Attempt]) -> dict[Attempt, Usage]:
        """Segments as the accounting has them, to the second."""
        queued = _by_attempt(self.slurm.queue())
        booked = _by_attempt(self.slurm.books(attempts))
        with self.spool.reached():
            standings = {a: self.spool.standing(a) for a in attempts}
        return {a: usage_of(a, queued.get(a, []), booked.get(a, []), standings[a]) for a in attempts}

    def log(self, attempt: Attempt) -> Path:
        """What the payload said so far; the file may not be there yet."""
        return self.spool.log(attempt)

    def alive(self) -> list[Attempt]:
        return sorted({r.attempt for r in self.slurm.queue() if r.state not in ENDED}, key=lambda a: a.name)

    def capacity(self) -> Capacity:
        return Capacity(self.slurm.pools(), datetime.now(UTC))


def _by_attempt(rows: Sequence[Row]) -> dict[Attempt, list[Row]]:
    found: dict[Attempt, list[Row]] = {}
    for row in rows:
        found.setdefault(row.attempt, []).append(row)
    return found


def _tells(rows: Sequence[Row], standing: Standing) -> bool:
    """Whether the controller's rows speak of the submission that began, or of one where none has."""
    return any(standing.number in (None, "", r.number) for r in rows)
