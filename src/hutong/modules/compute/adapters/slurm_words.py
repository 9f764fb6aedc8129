"""What Slurm's programs print, read into records. Release 22.05 and newer.

Columns with ``|`` and not JSON: in 22.05 ``squeue --json`` pays no heed to its filters and prints every job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import REFUSED, Pool, State

# Job state codes of squeue(1) and sacct(1), release 22.05.
_STATES: dict[str, State] = {
    "PENDING": "pending",
    "REQUEUED": "pending",
    "REQUEUE_HOLD": "pending",
    "REQUEUE_FED": "pending",
    "RESV_DEL_HOLD": "pending",
    "CONFIGURING": "starting",
    "RUNNING": "running",
    "COMPLETING": "running",
    "SUSPENDED": "running",
    "STOPPED": "running",
    "SIGNALING": "running",
    "STAGE_OUT": "running",
    "RESIZING": "running",
    "COMPLETED": "finished",
    "FAILED": "failed",
    "OUT_OF_MEMORY": "failed",
    "SPECIAL_EXIT": "failed",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
    "TIMEOUT": "over_time",
    "DEADLINE": "over_time",
    "PREEMPTED": "preempted",
    "NODE_FAIL": "node_failed",
    "BOOT_FAIL": "node_failed",
}
QUEUE_FORMAT = "JobID:|,State:|,StartTime:|,EndTime:|,exit_code:|,Name:|"
BOOK_FORMAT = "JobIDRaw,State,Start,End,Suspended,ExitCode,AllocTRES,JobName"
NODE_FORMAT = "NodeList:|,StateLong:|,Gres:|,GresUsed:|"
# Times as Unix seconds: no time zone and no summer time can come between.
TIME = {"SLURM_TIME_FORMAT": "%s", "TZ": "UTC"}

_LABEL = 200
_GPU = re.compile(r"gpu(?::(?P<model>[^:,()]+))?:(?P<count>\d+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One job as the controller or the accounting has it."""

    attempt: Attempt
    number: str
    state: State
    word: str
    started_at: datetime | None
    ended_at: datetime | None
    status: int | None = None
    chips: int = 0
    suspended_ms: int = 0


def state_of(word: str, status: int | None) -> State:
    """Our state for Slurm's word, which may go on (``CANCELLED by 1000``). A word of a later release is `running`:
    whatever it is, it must not be started again."""
    state = _STATES.get(word.split(" ")[0].rstrip("+"), "running")
    return "refused" if state == "failed" and status == REFUSED else state


def when(text: str) -> datetime | None:
    """Unix seconds; None for Unknown, N/A and 0."""
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() and int(text) else None


def gres(task: Task, models: Mapping[str, str]) -> str:
    """The chips of one node as Slurm asks for them: ``gpu:a100:4``."""
    name = models.get(task.model, f"gpu:{task.model}") if task.model else "gpu"
    return f"{name}:{task.chips // task.nodes}"


def comment(task: Task, key: str) -> str:
    """What an operator sees beside the job: the call's key, the task's digest and the label, percent-encoded."""
    return f"hutong:{quote(key[:_LABEL], safe='')}:{task.digest[:16]}:{quote(task.label[:_LABEL], safe='')}"


def queue_rows(printed: str) -> list[Row]:
    """Lines of squeue in `QUEUE_FORMAT`; those that are not ours are passed over."""
    rows = []
    for number, word, start, end, code, name in _columns(printed, 6):
        attempt = Attempt.named(name.rstrip("|"))
        if attempt is not None:
            status = of_wait(code)
            state = state_of(word, status)
            begun = when(start) if state not in ("pending", "starting") else None
            ended = when(end) if state not in ("pending", "starting", "running") else None
            rows.append(Row(attempt, number, state, word, begun, ended, status))
    return rows


def book_rows(printed: str) -> list[Row]:
    """Lines of sacct in `BOOK_FORMAT`."""
    rows = []
    for number, word, start, end, suspended, code, tres, name in _columns(printed, 8):
        attempt = Attempt.named(name)
        if attempt is not None:
            status = exit_status(code)
            rows.append(
                Row(
                    attempt,
                    number,
                    state_of(word, status),
                    word,
                    when(start),
                    when(end),
                    status,
                    chips_of(tres),
                    _seconds(suspended) * 1000,
                )
            )
    return rows


def exit_status(code: str) -> int | None:
    """``3:0`` is status 3, ``0:9`` is 128 + 9."""
    status, _, signal = code.partition(":")
    if not status.isdigit():
        return None
    return 128 + int(signal) if signal.isdigit() and int(signal) else int(status)


def of_wait(code: str) -> int | None:
    """squeue prints the status of wait(2): 768 is status 3, 9 is 128 + 9."""
    if not code.isdigit():
        return None
    return 128 + int(code) % 128 if int(code) % 128 else int(code) >> 8


def chips_of(tres: str) -> int:
    """Chips of ``billing=2,cpu=1,gres/gpu=2,gres/gpu:a100=2,node=1``."""
    for part in tres.split(","):
        name, _, count = part.partition("=")
        if name == "gres/gpu":
            return int(count)
    return 0


def _seconds(text: str) -> int:
    """``[days-]hours:minutes:seconds``."""
    days, _, clock = text.rpartition("-")
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part or 0)
    return total + int(days or 0) * 86_400


def node_pools(printed: str) -> tuple[Pool, ...]:
    """Pools of the nodes that serve, from lines of ``sinfo --Node`` in `NODE_FORMAT`."""
    sums: dict[str, list[int]] = {}
    # A node stands once for every partition it is in.
    for _, state, gres, used in sorted(set(_columns(printed, 4))):
        # Signs after the state tell of power saving; a star, which stays, of a node that does not answer.
        if state.rstrip("~#!%$@^-+").lower() not in ("idle", "mixed", "allocated", "completing"):
            continue
        taken = _gpus(used)
        for model, count in _gpus(gres).items():
            entry = sums.setdefault(model, [0, 0, 0])
            entry[0] += count
            entry[1] += max(0, count - taken.get(model, 0))
            entry[2] += 1
    return tuple(Pool(model, *entry) for model, entry in sorted(sums.items()))


def _gpus(gres: str) -> dict[str, int]:
    """Chips by model of ``gpu:a100:4(S:0),gpu:v100:2(IDX:0-1)``."""
    found: dict[str, int] = {}
    for match in _GPU.finditer(gres):
        model = match["model"] or "gpu"
        found[model] = found.get(model, 0) + int(match["count"])
    return found


def _columns(printed: str, count: int) -> Iterable[tuple[str, ...]]:
    """Lines cut at ``|``; the last column keeps the ones that people wrote."""
    for line in printed.splitlines():
        parts = line.split("|", count - 1)
        if len(parts) == count:
            yield tuple(p.strip() for p in parts)
