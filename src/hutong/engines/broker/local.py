"""A job as a real process of this machine: its own session, limits set by the kernel, a log, a meter, a way to stop it.

Chip-time is the product of chips held and wall time between start and end, in whole chip-milliseconds: what is held
is paid for, busy or not (the rule of Slurm's TRESBillingWeights for allocated, not used, resources).
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Ending = Literal["finished", "failed", "cancelled", "over_time"]
ENDINGS: tuple[Ending, ...] = get_args(Ending)
LOG, PID, METER = "log.txt", "pid", "meter.json"
_GRACE_S = 3.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may take: wall and processor seconds, bytes of memory, bytes of one file, bytes of log."""

    wall_s: int
    cpu_s: int | None = None
    memory: int = 4 << 30
    file_size: int = 1 << 30
    log_size: int = 1 << 20

    def __post_init__(self) -> None:
        if self.wall_s <= 0 or self.memory <= 0 or self.file_size <= 0 or self.log_size <= 0:
            raise Invalid(
                Text("A limit of a job is more than zero.", "作业限额须大于零。"),
                rule="job.limits",
                remedy=Text("Give whole numbers above zero.", "请填写大于零的整数。"),
                field="limit",
            )


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job used: how it ended, exit status, from when to when (UTC), wall time and chip-time in milliseconds."""

    ending: Ending
    status: int | None
    started_at: datetime
    ended_at: datetime
    wall_ms: int
    used_ms: int


def run_local(
    command: Sequence[str],
    folder: Path,
    limits: Limits,
    *,
    chips: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
    warned: Callable[[], bool] = lambda: False,
    environment: dict[str, str] | None = None,
) -> Usage:
    """Run the command in the folder and wait for its end. cancelled: it is to be ended; warned: it is told once, by
    SIGTERM to its session, to save and end by itself.

    The log goes to ``folder/log.txt`` as it is written, cut at its limit. The child gets a minimal environment (no
    secret of the hub) and a session of its own, so that stopping it stops all that it started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started_at, clock = datetime.now(UTC), time.monotonic()
    with (folder / LOG).open("wb") as log:
        child = subprocess.Popen(
            list(command),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(folder, environment or {}),
            start_new_session=True,
            preexec_fn=lambda: _limit(limits),
        )
        (folder / PID).write_text(str(child.pid), encoding="ascii")
        ending = _wait(child, folder, limits, cancelled, warned)
    wall_ms = max(1, round((time.monotonic() - clock) * 1000))
    (folder / PID).unlink(missing_ok=True)
    usage = Usage(ending, child.returncode, started_at, datetime.now(UTC), wall_ms, wall_ms * chips)
    meter = {"ending": ending, "status": usage.status, "wall_ms": wall_ms, "used_ms": usage.used_ms}
    (folder / METER).write_text(json.dumps(meter), encoding="ascii")
    return usage


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "OPENBLAS_CORETYPE", "PYTHONPATH") if k in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **threads, "HOME": str(folder), "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **more}


def _limit(limits: Limits) -> None:
    cpu = limits.cpu_s or limits.wall_s * 2
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _wait(
    child: subprocess.Popen[bytes],
    folder: Path,
    limits: Limits,
    cancelled: Callable[[], bool],
    warned: Callable[[], bool],
) -> Ending:
    deadline, look, told = time.monotonic() + limits.wall_s, 0.0, False
    while True:
        try:
            status = child.wait(timeout=_POLL_S)
            return "finished" if status == 0 else "failed"
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if now >= deadline:
            _stop(child)
            return "over_time"
        if (folder / LOG).stat().st_size > limits.log_size:
            _stop(child)
            os.truncate(folder / LOG, limits.log_size)
            return "failed"
        # Whether somebody cancelled is asked of a database: not at every turn.
        if now >= look:
            look = now + 0.5
            if cancelled():
                _stop(child)
                return "cancelled"
            if not told and warned():
                told = True
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ask the whole session to end, then end it."""
    for sign, patience in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, None)):
        try:
            os.killpg(child.pid, sign)
            child.wait(timeout=patience)
        except ProcessLookupError:
            child.wait()
        except subprocess.TimeoutExpired:
            continue
        else:
            if sign == signal.SIGKILL:
                return
    child.wait()


def alive(folder: Path) -> bool:
    """Whether the job of this folder still has a process."""
    try:
        os.kill(int((folder / PID).read_text(encoding="ascii")), 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def cancel(folder: Path, *, kill: bool = False) -> bool:
    """Ask the process group of the job in this folder to end, or end it; False where none runs."""
    try:
        sign = signal.SIGKILL if kill else signal.SIGTERM
        os.killpg(int((folder / PID).read_text(encoding="ascii")), sign)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return False
    return True
