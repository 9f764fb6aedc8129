"""A folder at the centre that the broker's machine and the nodes both see: fences, claims, logs of attempts.

    hutong-spool       the mark of a spool: a mount point without it is a silent centre and not an empty one
    JOB/fence          the highest fence seen, replaced atomically
    JOB/submit.lock    held by whoever submits, and inherited by the program that does: who is killed in the middle
                       leaves the lock with the program, so nobody submits beside it
    JOB/run.lock       held by the one payload of the job that runs, whose ID it contains; the kernel lets go when the
                       last process is gone
    JOB/ID.task        the task's digest, the fence, the chips, the caller's key, written before the submission
    JOB/ID.revoked     cancelled: whatever has not begun never will
    JOB/ID.warned      told to save and end
    JOB/ID.claim/      made once by the payload that runs; begun: number and second, end: status and second
    JOB/ID.log         what the payload said

The locks are flock(2): on NFS the mount needs its lock service (default since NFSv4).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.refusals import Unreachable, differs, revoked, stale

MARK = "hutong-spool"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the guard beside the payload left: who began and when, how it ended and when (Unix seconds).

    alive: the payload's processes hold the job's lock.
    """

    number: str | None = None
    begun: int | None = None
    status: int | None = None
    ended: int | None = None
    alive: bool = False


class Spool:
    """The spool of one centre. `folder` must not contain ``%``, which engines expand in paths of logs."""

    def __init__(self, centre: str, folder: Path) -> None:
        self.centre, self.folder = centre, folder.resolve()
        if "%" in str(self.folder) or "\n" in str(self.folder):
            raise ValueError("the path of a spool contains % or a newline")

    def prepare(self) -> None:
        """Make the spool, once, when the centre joins."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARK).touch()

    @contextmanager
    def reached(self) -> Iterator[None]:
        """A time in which the spool is in reach; `Unreachable` where it is not, or breaks off.

        An empty mount point looks like a centre that has never seen a job: hence the mark that `prepare` leaves.
        """
        try:
            if not (self.folder / MARK).exists():
                raise FileNotFoundError(f"{self.folder} is no spool")
            yield
        except OSError as problem:
            raise Unreachable(self.centre, f"spool: {problem}") from problem

    def of(self, attempt: Attempt) -> Path:
        """The folder of the attempt's job."""
        return self.folder / attempt.job

    def log(self, attempt: Attempt) -> Path:
        return self.of(attempt) / f"{attempt.id}.log"

    @contextmanager
    def locked(self, attempt: Attempt, patience_s: float) -> Iterator[int]:
        """Hold the job's submit lock; yields the descriptor to pass on. `Unreachable` where another keeps it."""
        self.of(attempt).mkdir(exist_ok=True)
        handle = os.open(self.of(attempt) / "submit.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _lock(handle, patience_s):
                raise Unreachable(self.centre, f"another submission of {attempt.job} is under way")
            yield handle
        finally:
            os.close(handle)

    def admit(self, attempt: Attempt, task: Task, key: str) -> bool:
        """Whether the attempt was here before; notes it and its fence if not. To be called under the lock.

        Raises `Conflict` attempt.stale_fence, attempt.revoked or attempt.differs.
        """
        folder = self.of(attempt)
        seen = self.fence(attempt)
        if attempt.fence < seen:
            raise stale(attempt, seen)
        if (folder / f"{attempt.id}.revoked").exists():
            raise revoked(attempt)
        note = folder / f"{attempt.id}.task"
        if note.exists():
            if note.read_text(encoding="utf-8").split(" ")[0] != task.digest:
                raise differs(attempt)
            return True
        if attempt.fence == seen and any(folder.glob("*.task")):
            # Two attempts of one job under one fence: the second has not taken the next fence.
            raise stale(attempt, seen)
        if attempt.fence > seen:
            _replace(folder / "fence", str(attempt.fence))
        _replace(note, f"{task.digest} {attempt.fence} {task.chips} {key}")
        return False

    def fence(self, attempt: Attempt) -> int:
        """The highest fence of the job that the centre has seen; 0 before the first."""
        try:
            return int((self.of(attempt) / "fence").read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0

    def revoke(self, attempt: Attempt, key: str) -> None:
        """Bar the attempt from beginning, seen before or not. The first time counts."""
        self.of(attempt).mkdir(exist_ok=True)
        if not self.is_revoked(attempt):
            _replace(self.of(attempt) / f"{attempt.id}.revoked", key)

    def revoked_for_s(self, attempt: Attempt) -> float:
        """For how long the attempt has been revoked, by the clock of its disk; 0 where it is not."""
        try:
            return max(0.0, time.time() - (self.of(attempt) / f"{attempt.id}.revoked").stat().st_mtime)
        except FileNotFoundError:
            return 0.0

    def is_revoked(self, attempt: Attempt) -> bool:
        return (self.of(attempt) / f"{attempt.id}.revoked").exists()

    def warn(self, attempt: Attempt, key: str) -> bool:
        """Note that the attempt is told to save and end; False where that was noted before."""
        place = self.of(attempt) / f"{attempt.id}.warned"
        if place.exists():
            return False
        _replace(place, key)
        return True

    def attempts(self) -> list[Attempt]:
        """Every attempt that was ever submitted here."""
        found = []
        for note in sorted(self.folder.glob("*/*.task")):
            found.append(
                Attempt(note.parent.name, note.stem, int(note.read_text(encoding="utf-8").split(" ")[1]))
            )
        return found

    def chips(self, attempt: Attempt) -> int:
        """The chips that the attempt asked for; 0 where it was never submitted."""
        try:
            note = (self.of(attempt) / f"{attempt.id}.task").read_text(encoding="utf-8")
        except FileNotFoundError:
            return 0
        return int(note.split(" ")[2])

    def known(self, attempt: Attempt) -> bool:
        return (self.of(attempt) / f"{attempt.id}.task").exists()

    def standing(self, attempt: Attempt) -> Standing:
        claim = self.of(attempt) / f"{attempt.id}.claim"
        # In this order: a claim is made under the lock, and the end is written before the lock is let go. So a claim
        # without lock and without end is that of a payload which died.
        claimed, begun = claim.exists(), _words(claim / "begun")
        alive = self._alive(attempt)
        end = _words(claim / "end")
        number = begun[0] if begun else ("" if claimed else None)
        since = int(begun[1]) if begun else None
        if end:
            return Standing(number, since, int(end[0]), int(end[1]), alive)
        return Standing(number, since, alive=alive)

    def _alive(self, attempt: Attempt) -> bool:
        try:
            handle = os.open(self.of(attempt) / "run.lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            # Shared: two who look do not take each other for a payload.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.read(handle, 64).decode("ascii", "replace").strip() == attempt.id
        finally:
            os.close(handle)
        return False


def _lock(handle: int, patience_s: float) -> bool:
    ends = time.monotonic() + patience_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= ends:
            return False
        time.sleep(0.05)


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, also after a power cut."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def _words(path: Path) -> list[str]:
    try:
        words = path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    return words if len(words) == 2 else []
