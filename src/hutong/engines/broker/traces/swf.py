"""The Standard Workload Format v2.2 (Feitelson, Parallel Workloads Archive): 18 numbers a line, -1 where not known.

Reading and writing are exact inverses of each other for files in plain form (one blank between fields).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.traces.jobs import UNKNOWN, Row, Trace, trace
from hutong.engines.broker.traces.lines import BadLine, BadLines, Unreadable, integer, parse_lines, read_text
from hutong.kernel.text import Text

FIELDS = (
    *(
        "job",
        "submit",
        "wait",
        "run",
        "procs",
        "cpu",
        "memory",
        "requested_procs",
        "requested_time",
        "requested_memory",
    ),
    *("status", "user", "group", "executable", "queue", "partition", "preceding", "think"),
)
CPU = FIELDS.index("cpu")
# 0 failed, 1 completed, 2 to 4 parts of a job that was swapped or checkpointed, 5 cancelled.
STATUSES = range(-1, 6)


@dataclass(frozen=True, slots=True, eq=False)
class Swf:
    """header: comment lines without their semicolon. table: (jobs, 18), seconds and kilobytes; the column ``cpu`` (average CPU
    seconds, which may be broken) stands in `cpu_s`. bad: lines left out."""

    header: tuple[str, ...]
    table: NDArray[np.int64]
    cpu_s: NDArray[np.float64]
    bad: tuple[BadLine, ...] = ()

    def column(self, name: str) -> NDArray[np.int64]:
        """One of `FIELDS`."""
        made: NDArray[np.int64] = self.table[:, FIELDS.index(name)]
        return made

    @property
    def start_s(self) -> int:
        """Unix time of submit time 0, from the header line ``UnixStartTime``; 0 without one."""
        for line in self.header:
            key, _, value = line.partition(":")
            if key.strip() == "UnixStartTime" and value.strip().isdigit():
                return int(value)
        return 0


def read_swf(file: Path, bad_lines: BadLines = "reject") -> Swf:
    """A file. Raises `NotFound`, `Invalid` ``trace.line`` with the numbers of the bad lines."""
    return parse_swf(read_text(file), bad_lines)


def parse_swf(text: str, bad_lines: BadLines = "reject") -> Swf:
    """A text in the format."""
    header: list[str] = []
    seen: set[int] = set()

    def lines() -> Iterator[tuple[int, list[str]]]:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.lstrip().startswith(";"):
                header.append(line.lstrip()[1:])
            elif line.strip():
                yield number, line.split()

    def parse(parts: list[str]) -> tuple[list[int], float]:
        numbers, cpu = _numbers(parts)
        if numbers[0] in seen:
            raise Unreadable(
                "job", Text("job {j} stands in the file twice", "作业 {j} 重复").format(j=numbers[0])
            )
        seen.add(numbers[0])
        return numbers, cpu

    good, bad = parse_lines(lines(), parse, bad_lines)
    table = np.array([numbers for numbers, _ in good], dtype=np.int64).reshape(-1, len(FIELDS))
    return Swf(tuple(header), table, np.array([cpu for _, cpu in good], dtype=np.float64), bad)


def _numbers(parts: list[str]) -> tuple[list[int], float]:
    if len(parts) != len(FIELDS):
        raise Unreadable(
            "line", Text("{k} fields instead of 18", "应有 18 个字段，实有 {k} 个").format(k=len(parts))
        )
    cpu = _cpu(parts[CPU])
    parts[CPU] = "-1"
    numbers = [
        integer(name, part, 0 if name == "job" else -1) for name, part in zip(FIELDS, parts, strict=True)
    ]
    if numbers[FIELDS.index("status")] not in STATUSES:
        raise Unreadable("status", Text("a status is -1 to 5", "状态应为 -1 至 5"))
    return numbers, cpu


def _cpu(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = float("nan")
    if not (0.0 <= value < 1e15 or value == -1.0):
        raise Unreadable("cpu", Text("“{t}” is no CPU time", "“{t}”不是 CPU 时间").format(t=raw[:24]))
    return value


def write_swf(given: Swf) -> str:
    """The text of the format."""
    lines = [f";{line}" for line in given.header]
    for row, cpu in zip(given.table.tolist(), given.cpu_s.tolist(), strict=True):
        parts = [str(value) for value in row]
        parts[CPU] = str(int(cpu)) if cpu == int(cpu) else repr(cpu)
        lines.append(" ".join(parts))
    return "\n".join([*lines, ""])


def swf_trace(given: Swf) -> Trace:
    """The jobs that ran, as a trace: processors are chips, the queue is the group."""
    rows = []
    for row in given.table.tolist():
        job = dict(zip(FIELDS, row, strict=True))
        chips = job["procs"] if job["procs"] > 0 else job["requested_procs"]
        if job["submit"] >= 0 and job["run"] >= 0 and chips > 0:
            submit = (given.start_s + job["submit"]) * 1000
            limit = job["requested_time"] * 1000 if job["requested_time"] >= 0 else UNKNOWN
            rows.append(
                Row(
                    str(job["job"]),
                    submit,
                    job["run"] * 1000,
                    limit,
                    chips,
                    str(job["user"]),
                    str(job["queue"]),
                )
            )
    return trace(rows)


def from_trace(given: Trace, header: tuple[str, ...] = ()) -> Swf:
    """A trace in the format, submit times from its first second. Milliseconds are rounded down, names become numbers."""
    n = len(given)
    table = np.full((n, len(FIELDS)), -1, dtype=np.int64)
    start = int(given.submit_ms[0]) // 1000 if n else 0
    limit = np.where(given.limit_ms >= 0, given.limit_ms // 1000, -1)
    for name, column in (
        ("job", np.arange(1, n + 1)),
        ("submit", given.submit_ms // 1000 - start),
        ("run", given.run_ms // 1000),
        ("procs", given.chips),
        ("requested_procs", given.chips),
        ("requested_time", limit),
        ("user", given.user + 1),
        ("queue", given.group + 1),
    ):
        table[:, FIELDS.index(name)] = column
    lines = (" Version: 2.2", f" UnixStartTime: {start}", " TimeZoneString: UTC", *header)
    return Swf(lines, table, np.full(n, -1.0))
