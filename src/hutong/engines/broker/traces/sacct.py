"""Jobs of a Slurm cluster from ``sacct --parsable2``.

Ask for it so, for sacct prints local time without a zone and cannot escape its delimiter:

    TZ=UTC sacct --allusers --allocations --duplicates --parsable2 --format=JobID,User,Account,Partition,Submit,Start,\\
        End,ElapsedRaw,TimelimitRaw,State,AllocTRES

Columns may stand in any order and more may be there; steps (``7.batch``) are left out. A job that was requeued has a line
per attempt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from hutong.engines.broker.money.instants import to_ms
from hutong.engines.broker.traces.jobs import UNKNOWN, Row, Trace, trace
from hutong.engines.broker.traces.lines import BadLine, BadLines, Unreadable, integer, parse_lines, read_text
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

NEEDED = ("JobID", "User", "Account", "Submit", "Start", "End", "State", "AllocTRES")
_JOB = re.compile(r"[0-9]+(?:_(?:[0-9]+|\[[^\]]*\])|\+[0-9]+)?")
_NO_TIME = frozenset(("", "Unknown", "None", "N/A", "None assigned"))
_ENDED = {
    "COMPLETED",
    "CANCELLED",
    "FAILED",
    "TIMEOUT",
    "NODE_FAIL",
    "BOOT_FAIL",
    "OUT_OF_MEMORY",
    "DEADLINE",
    "PREEMPTED",
}
_OPEN = {"PENDING", "RUNNING", "REQUEUED", "RESIZING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REVOKED"}
_STATES = frozenset(_ENDED | _OPEN)


@dataclass(frozen=True, slots=True)
class SacctJob:
    """One attempt of a job. Instants in milliseconds of UTC, -1 where there is none yet. chips by model; model "" where the
    cluster does not name it. cpus: allocated."""

    job: str
    user: str
    account: str
    partition: str
    submit_ms: int
    start_ms: int
    end_ms: int
    limit_ms: int
    state: str
    chips: tuple[tuple[str, int], ...]
    cpus: int

    @property
    def chip_count(self) -> int:
        return sum(count for _, count in self.chips)


def read_sacct(
    file: Path, *, zone: tzinfo = UTC, delimiter: str = "|", bad_lines: BadLines = "reject"
) -> tuple[tuple[SacctJob, ...], tuple[BadLine, ...]]:
    """A file. Raises `NotFound`, `Invalid` with line numbers."""
    return parse_sacct(read_text(file), zone=zone, delimiter=delimiter, bad_lines=bad_lines)


def parse_sacct(
    text: str, *, zone: tzinfo = UTC, delimiter: str = "|", bad_lines: BadLines = "reject"
) -> tuple[tuple[SacctJob, ...], tuple[BadLine, ...]]:
    """The jobs in the order of the lines, and the lines left out. zone: of the clock that sacct printed."""
    lines = text.split("\n")
    head = lines[0].rstrip("\r").split(delimiter)
    lacking = [name for name in NEEDED if name not in head]
    if lacking:
        raise Invalid(
            Text("These columns are missing: {c}.", "缺少以下列：{c}。").format(c=", ".join(lacking)),
            rule="trace.columns",
            remedy=Text(
                "Name them in --format and use --parsable2.", "请在 --format 中列出，并使用 --parsable2。"
            ),
            field="file",
        )
    good, bad = parse_lines(_records(lines, head, delimiter), _parser(zone), bad_lines)
    return tuple(good), bad


Record = Mapping[str, str] | int


def _records(lines: list[str], head: list[str], delimiter: str) -> Iterator[tuple[int, Record]]:
    """Fields by name, or their number where it is wrong; steps are left out."""
    for number, line in enumerate(lines[1:], start=2):
        parts = line.rstrip("\r").split(delimiter)
        if not line.strip():
            continue
        if len(parts) != len(head):
            yield number, len(parts)
            continue
        record = dict(zip(head, parts, strict=True))
        if "." not in record["JobID"]:
            yield number, record


def _parser(zone: tzinfo) -> Callable[[Record], SacctJob]:
    seen: set[tuple[str, int, int]] = set()

    def parse(record: Record) -> SacctJob:
        if isinstance(record, int):
            raise Unreadable(
                "line", Text("{k} fields do not fit the header", "{k} 个字段与表头不符").format(k=record)
            )
        job = _job(record, zone)
        key = (job.job, job.submit_ms, job.start_ms)
        if key in seen:
            raise Unreadable("JobID", Text("{j} stands in the file twice", "{j} 重复").format(j=job.job))
        seen.add(key)
        return job

    return parse


def _job(record: Mapping[str, str], zone: tzinfo) -> SacctJob:
    if not _JOB.fullmatch(record["JobID"]):
        raise Unreadable(
            "JobID", Text("“{t}” is no job number", "“{t}”不是作业号").format(t=record["JobID"][:24])
        )
    state = record["State"].partition(" ")[0].rstrip("+")
    if state not in _STATES:
        raise Unreadable(
            "State", Text("“{t}” is no state", "“{t}”不是作业状态").format(t=record["State"][:24])
        )
    submit, start, end = (_instant(name, record[name], zone) for name in ("Submit", "Start", "End"))
    if submit == UNKNOWN or (end != UNKNOWN and start != UNKNOWN and end < start):
        raise Unreadable("End", Text("the times are not in order", "时间顺序有误"))
    chips, cpus = _tres(record["AllocTRES"])
    return SacctJob(
        record["JobID"], record["User"], record["Account"], record.get("Partition", ""), submit, start, end,
        _limit(record), state, chips, cpus,
    )  # fmt: skip


def _instant(field: str, raw: str, zone: tzinfo) -> int:
    if raw in _NO_TIME:
        return UNKNOWN
    try:
        return to_ms(datetime.strptime(raw, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone))
    except (ValueError, Invalid):
        raise Unreadable(
            field, Text("“{t}” is no time of that clock", "“{t}”不是该时区的时间").format(t=raw[:24])
        ) from None


def _limit(record: Mapping[str, str]) -> int:
    raw = record.get("TimelimitRaw", "")
    return integer("TimelimitRaw", raw, 0) * 60_000 if raw.isascii() and raw.isdigit() else UNKNOWN


def _tres(raw: str) -> tuple[tuple[tuple[str, int], ...], int]:
    """Chips by model and CPUs of ``cpu=8,gres/gpu:a100=2,gres/gpu=2``; an untyped total counts only what no type explains."""
    typed: dict[str, int] = {}
    total = cpus = 0
    for part in filter(None, raw.split(",")):
        name, _, value = part.partition("=")
        if name == "cpu":
            cpus = integer("AllocTRES", value, 0)
        elif name == "gres/gpu":
            total = integer("AllocTRES", value, 0)
        elif name.startswith("gres/gpu:"):
            typed[name.removeprefix("gres/gpu:")] = integer("AllocTRES", value, 0)
    rest = total - sum(typed.values())
    if rest > 0:
        typed[""] = rest
    return tuple(sorted((model, count) for model, count in typed.items() if count)), cpus


def sacct_trace(jobs: tuple[SacctJob, ...]) -> Trace:
    """The attempts that ran and ended, on chips where there are any and on CPUs otherwise; the account is the group."""
    return trace(
        [
            Row(
                j.job,
                j.submit_ms,
                j.end_ms - j.start_ms,
                j.limit_ms,
                j.chip_count or j.cpus,
                j.user,
                j.account,
            )
            for j in jobs
            if j.start_ms != UNKNOWN and j.end_ms != UNKNOWN
        ]
    )
