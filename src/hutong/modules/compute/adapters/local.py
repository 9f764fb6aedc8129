"""This machine as a centre: every attempt under a supervisor of its own, which outlives the broker.

The supervisor waits for chips in the order of arrival, runs the guard as a limited process
(`hutong.engines.broker.run_local`) and leaves a meter; the broker reads files and owns no child. If the supervisor
is killed, the payload keeps its lock and its chips until it ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hutong.engines.broker.local import alive, cancel
from hutong.modules.compute.adapters import local_meter
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import (
    Capacity,
    Hold,
    Pool,
    Receipt,
    Report,
    Segment,
    State,
    Usage,
)
from hutong.modules.compute.adapters.local_chips import Chips, held
from hutong.modules.compute.adapters.local_meter import Meter
from hutong.modules.compute.adapters.refusals import Unreachable, impossible
from hutong.modules.compute.adapters.spool import Spool, Standing

# How long a payload that nobody supervises may take to end once it is cancelled.
GRACE_S = 5.0
_SOURCE = str(Path(__file__).resolve().parents[4])


class LocalCentre:
    """A centre of `chips` chips of one model on this machine; everything it knows lies below `folder`."""

    warns = True

    def __init__(
        self, name: str, folder: Path, *, chips: int, model: str = "cpu", timeout_s: float = 20.0
    ) -> None:
        self.name, self.model, self.timeout_s = name, model, timeout_s
        self.spool, self.chips = Spool(name, folder / "spool"), Chips(folder / "chips", chips)

    def prepare(self) -> None:
        """Make the folders, once, when the centre joins."""
        self.spool.prepare()
        self.chips.prepare()

    def hold(self, attempt: Attempt, task: Task, *, lease_s: int, key: str) -> Hold:
        """A place in the line; chips are taken when the attempt comes to its head."""
        self._possible(task)
        return Hold(attempt, datetime.now(UTC) + timedelta(seconds=lease_s), firm=False)

    def start(self, attempt: Attempt, task: Task, *, key: str) -> Receipt:
        self._possible(task)
        with self.spool.reached(), self.spool.locked(attempt, self.timeout_s) as handle:
            if self.spool.admit(attempt, task, key) and self._begun(attempt):
                return Receipt(attempt, attempt.id, repeated=True)
            folder = self._folder(attempt)
            folder.mkdir(exist_ok=True)
            plain = {
                "attempt": asdict(attempt),
                "task": asdict(task) | {"environment": dict(task.environment)},
            }
            (folder / "task.json").write_text(json.dumps(plain), encoding="utf-8")
            self._launch(folder, handle)
        return Receipt(attempt, attempt.id)

    def _launch(self, folder: Path, handle: int) -> None:
        """A process that is nobody's child, holding the submit lock until it has its own."""
        path = os.pathsep.join(p for p in (_SOURCE, os.environ.get("PYTHONPATH", "")) if p)
        module = "hutong.modules.compute.adapters.local_supervisor"
        command = ["setsid", "--fork", sys.executable, "-m", module, str(folder), str(self.chips.folder)]
        try:
            subprocess.run(
                [*command, str(self.chips.count), str(handle)],
                env={**os.environ, "PYTHONPATH": path},
                pass_fds=(handle,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.timeout_s,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise Unreachable(self.name, f"supervisor: {problem}") from problem

    def poll(self, attempts: Sequence[Attempt]) -> dict[Attempt, Report]:
        with self.spool.reached():
            return {a: self._report(a) for a in attempts}

    def warn(self, attempt: Attempt, *, key: str) -> None:
        """The supervisor looks for the mark; where it is gone, the process group is told from here."""
        with self.spool.reached():
            begun = self.spool.standing(attempt).number is not None
            fresh, folder = begun and self.spool.warn(attempt, key), self._folder(attempt)
            if fresh and not held(folder / "supervisor") and alive(folder):
                cancel(folder)

    def cancel(self, attempt: Attempt, *, key: str) -> None:
        """The supervisor looks for the mark; where it is gone, the process group is ended from here."""
        with self.spool.reached():
            self.spool.revoke(attempt, key)
            self._end_orphan(attempt)

    def _end_orphan(self, attempt: Attempt) -> None:
        """End a revoked payload that nobody supervises. Looked for at every poll too: a supervisor that is being killed
        may still hold its lock when the cancel comes, and never see the mark. Who heeds nothing is ended at a later look."""
        folder = self._folder(attempt)
        if not held(folder / "supervisor") and alive(folder) and self.spool.standing(attempt).alive:
            cancel(folder, kill=self.spool.revoked_for_s(attempt) > GRACE_S)

    def usage(self, attempts: Sequence[Attempt]) -> dict[Attempt, Usage]:
        """Segments of the supervisor's meter, to the millisecond; of the guard, to the second, where it was killed."""
        with self.spool.reached():
            return {a: self._usage(a) for a in attempts}

    def log(self, attempt: Attempt) -> Path:
        """What the payload said so far; the file may not be there yet."""
        return self._folder(attempt) / "log.txt"

    def alive(self) -> list[Attempt]:
        with self.spool.reached():
            return [a for a in self.spool.attempts() if not self._report(a).ended]

    def capacity(self) -> Capacity:
        with self.spool.reached():
            free = self.chips.count - self.chips.taken()
        return Capacity((Pool(self.model, self.chips.count, free, 1),), datetime.now(UTC), clock_ms=0)

    def _possible(self, task: Task) -> None:
        if task.model not in (None, self.model):
            raise impossible(self.name, f"no chips of model {task.model}")
        if task.chips > self.chips.count or task.nodes > 1:
            raise impossible(
                self.name, f"{task.chips} chips on {task.nodes} nodes; it has {self.chips.count} on 1"
            )

    def _folder(self, attempt: Attempt) -> Path:
        return self.spool.of(attempt) / attempt.id

    def _begun(self, attempt: Attempt) -> bool:
        folder = self._folder(attempt)
        return (
            held(folder / "supervisor")
            or (folder / local_meter.FILE).exists()
            or self.spool.standing(attempt).number is not None
        )

    def _report(self, attempt: Attempt) -> Report:
        # The supervisor first: it writes its meter before it lets go.
        supervised = held(self._folder(attempt) / "supervisor")
        meter, standing = Meter.read(self._folder(attempt)), self.spool.standing(attempt)
        if meter is not None:
            return Report(
                attempt, meter.state, attempt.id, meter.status, meter.start, meter.end, meter.ending
            )
        if standing.number is not None:
            revoked = self.spool.is_revoked(attempt)
            if revoked and not supervised:
                self._end_orphan(attempt)
            return _by_guard(attempt, standing, supervised, revoked)
        if supervised or (self.spool.known(attempt) and held(self.spool.of(attempt) / "submit.lock")):
            return Report(attempt, "pending", attempt.id)
        return Report(attempt, "cancelled" if self.spool.is_revoked(attempt) else "unknown")

    def _usage(self, attempt: Attempt) -> Usage:
        report, meter = self._report(attempt), Meter.read(self._folder(attempt))
        chips = meter.chips if meter else self.spool.chips(attempt)
        if report.started_at is None or report.ended_at is None:
            return Usage(attempt, (), final=report.ended)
        segment = Segment(attempt, attempt.id, report.started_at, report.ended_at, chips, report.status)
        return Usage(attempt, (segment,), final=report.ended)


def _by_guard(attempt: Attempt, standing: Standing, supervised: bool, revoked: bool) -> Report:
    begun = datetime.fromtimestamp(standing.begun, UTC) if standing.begun else None
    if supervised or (standing.alive and standing.ended is None):
        return Report(attempt, "running", attempt.id, None, begun)
    if standing.status is None or standing.ended is None:
        return Report(attempt, "cancelled" if revoked else "lost", attempt.id, None, begun, accounted=False)
    ended = datetime.fromtimestamp(standing.ended, UTC)
    state: State = "failed" if standing.status else "finished"
    if revoked and standing.status > 128:
        state = "cancelled"
    return Report(attempt, state, attempt.id, standing.status, begun, ended, "guard", accounted=False)
