"""Slurm by its own programs: sbatch, squeue, sacct, scancel, sinfo, by argument lists; the script by standard input."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hutong.modules.compute.adapters import slurm_words
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import Pool
from hutong.modules.compute.adapters.refusals import Unreachable, impossible
from hutong.modules.compute.adapters.slurm_words import Row, comment, gres

# What the programs say where the controller or the accounting is away, and nothing is wrong with the request.
SILENCE = (
    "Unable to contact slurm controller",
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Connection refused",
    "Connection timed out",
    "Connection reset",
    "Communication connection failure",
    "Communication shutdown failure",
    "Message receive failure",
    "Slurm backup controller in standby mode",
    "Problem talking to the database",
    "Unable to connect to database",
    "Sending PersistInit msg",
    "slurm_persist_conn_open",
    "Resource temporarily unavailable",
    "temporarily unable to accept job",
)
_NAMES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class SlurmPrograms:
    """The programs of the cluster whose configuration is `conf`, as this process's user.

    models: our name of a chip to the gres of this cluster (``{"a100": "gpu:a100"}``); one not named here is
    ``gpu:NAME``. export: NONE gives jobs the login environment of their user (Slurm runs a login shell for that), NIL
    an empty one. timeout_s: how long a program may take before the centre counts as silent. history_days: how far back
    the accounting is searched. extra: further words for sbatch.
    """

    centre: str
    conf: Path
    partition: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    export: str = "NONE"
    timeout_s: float = 20.0
    history_days: int = 30
    extra: tuple[str, ...] = ()

    def estimate(self, attempt: Attempt, task: Task, folder: Path) -> datetime | None:
        words = self._request(attempt, task, "", Path("/dev/null"), folder)
        said = self._run("sbatch", *words, "--test-only", stdin="#!/bin/sh\n").split()
        return slurm_words.when(said[said.index("at") + 1]) if "at" in said[:-1] else None

    def submit(
        self, attempt: Attempt, task: Task, key: str, script: str, log: Path, folder: Path, keep: int
    ) -> str:
        # The descriptor goes along: if we die now, the lock is held until sbatch is through.
        said = self._run("sbatch", *self._request(attempt, task, key, log, folder), stdin=script, keep=keep)
        number = said.strip().split(";")[0]
        if not number.isdigit():
            raise Unreachable(self.centre, f"sbatch printed no job number: {said[:100]!r}")
        return number

    def queue(self, attempt: Attempt | None = None) -> list[Row]:
        fields = f"--Format={slurm_words.QUEUE_FORMAT}"
        only = [] if attempt is None else [f"--name={attempt.name}"]
        return slurm_words.queue_rows(
            self._run("squeue", "--me", "--states=all", "--noheader", fields, *only)
        )

    def books(self, attempts: Sequence[Attempt]) -> list[Row]:
        since = (datetime.now(UTC) - timedelta(days=self.history_days)).strftime("%Y-%m-%d")
        rows: list[Row] = []
        for first in range(0, len(attempts), _NAMES_AT_ONCE):
            names = ",".join(a.name for a in attempts[first : first + _NAMES_AT_ONCE])
            said = self._run(
                "sacct", "--parsable2", "--noheader", "--duplicates", "--allocations", f"--starttime={since}",
                f"--format={slurm_words.BOOK_FORMAT}", f"--name={names}",
            )  # fmt: skip
            rows += slurm_words.book_rows(said)
        return rows

    def warn(self, attempt: Attempt) -> None:
        """--full: the batch script, which passes it over (`guard`), and its children; a signal alone ends no job."""
        self._run("scancel", "--me", "--signal=TERM", "--full", "--state=RUNNING", f"--name={attempt.name}")

    def cancel(self, attempt: Attempt) -> None:
        self._run("scancel", "--me", f"--name={attempt.name}")

    def pools(self) -> tuple[Pool, ...]:
        said = self._run("sinfo", "--Node", "--noheader", f"--Format={slurm_words.NODE_FORMAT}")
        return slurm_words.node_pools(said)

    def _request(self, attempt: Attempt, task: Task, key: str, log: Path, folder: Path) -> list[str]:
        minutes, seconds = divmod(task.limit_s, 60)
        words = [
            "--parsable", "--no-requeue", f"--export={self.export}", f"--job-name={attempt.name}",
            f"--comment={comment(task, key)}", f"--output={log}", f"--error={log}", "--open-mode=append",
            f"--chdir={folder}", f"--time={minutes}:{seconds:02d}", f"--nodes={task.nodes}",
            "--ntasks-per-node=1", f"--cpus-per-task={task.cpus}",
        ]  # fmt: skip
        if task.chips:
            words.append(f"--gres={gres(task, self.models)}")
        if task.memory_mib is not None:
            words.append(f"--mem={task.memory_mib}M")
        if task.account is not None:
            words.append(f"--account={task.account}")
        if self.partition is not None:
            words.append(f"--partition={self.partition}")
        return [*words, *self.extra]

    def _run(self, program: str, *words: str, stdin: str = "", keep: int | None = None) -> str:
        """A program's words. `Unreachable` where nobody answers it, `Invalid` where what it asks is refused."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", **slurm_words.TIME}
        # A program that is killed for its slowness may have been heard: what it asked is looked up, not repeated.
        try:
            done = subprocess.run(
                [program, *words],
                input=stdin,
                env={**environment, "SLURM_CONF": str(self.conf)},
                pass_fds=() if keep is None else (keep,),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout_s,
            )
        except subprocess.TimeoutExpired as problem:
            raise Unreachable(self.centre, f"{program} took over {self.timeout_s} s") from problem
        except OSError as problem:
            raise Unreachable(self.centre, f"{program}: {problem}") from problem
        # sacct ends well where the accounting is away, and says so beside.
        if done.returncode == 0 and not (program == "sacct" and _silent(done.stderr)):
            return done.stdout + (done.stderr if "--test-only" in words else "")
        if program == "sbatch" and done.returncode and not _silent(done.stderr):
            raise impossible(self.centre, done.stderr.strip().removeprefix("sbatch: error: "))
        raise Unreachable(self.centre, f"{program}: {done.stderr.strip()[-200:]}")


def _silent(said: str) -> bool:
    return any(word in said for word in SILENCE)
