"""What came of a run, judged by the payloads' traces and by sacct, not by the broker."""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.modules.compute.adapters import Attempt, Task
from slurm_bed.bed import Bed
from slurm_bed.daemons import BedFailed
from slurm_bed.journal import Journal


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. All but `makespan_s` and `begun_again` must be 0, or is told beside.

    lost: jobs without an end. twice: jobs whose payload ended more than once, or two of whose payloads lived at once.
    begun_again: jobs whose first payload died with its controller and began anew. off: attempts whose segments in the
    journal are not those of sacct. unaccounted: attempts of which Slurm's accounting has no end of its own. corrected:
    settled attempts whose account Slurm changed afterwards, found when the books were reconciled. overhead_ms: by how
    much Slurm holds chips longer than payloads were asked to run; turn_ms: how long a turn of the broker took; means.
    incidents: the course of every job that did not go straight, in words.
    """

    makespan_s: float
    lost: int
    twice: int
    begun_again: int
    off: int
    unaccounted: int
    corrected: int
    attempts: int
    killed_brokers: int
    killed_controllers: int
    chip_seconds: int
    overhead_ms: int
    turn_ms: int
    by_centre: dict[str, int]
    incidents: list[str]


def judge(
    bed: Bed,
    folder: Path,
    journal: Journal,
    tasks: Mapping[str, Task],
    began: float,
    counts: tuple[int, int, int],
) -> Result:
    traces = {job: trace_of(folder / "traces" / job) for job in tasks}
    sacct = dict(accounted(bed))
    booked = _booked(journal)
    ends = [end for rows in sacct.values() for _, end, _ in rows]
    attempts = [Attempt(*row) for row in journal.book.execute("SELECT job, id, fence FROM attempt")]
    return Result(
        makespan_s=round(max(ends, default=0) - began, 1),
        lost=sum("end" not in [w for w, _ in t] for t in traces.values())
        + journal.count("job WHERE state <> 'finished'"),
        twice=sum(twice(t) for t in traces.values()),
        begun_again=sum([w for w, _ in t].count("begin") > 1 for t in traces.values()),
        off=sum(sorted(sacct.get(a, [])) != sorted(booked.get(a, [])) for a in attempts),
        unaccounted=journal.count("attempt WHERE settled = 2"),
        attempts=len(attempts),
        killed_brokers=counts[0],
        killed_controllers=counts[1],
        corrected=counts[2],
        chip_seconds=sum((e - s) * c for rows in booked.values() for s, e, c in rows),
        overhead_ms=_overhead(tasks, booked),
        turn_ms=_turns(folder),
        incidents=_incidents(journal, traces),
        by_centre=dict(journal.book.execute("SELECT centre, count(*) FROM attempt GROUP BY centre")),
    )


def _incidents(journal: Journal, traces: Mapping[str, list[tuple[str, str]]]) -> list[str]:
    """Jobs with several attempts, an attempt that ended otherwise than well and as accounted, or an odd trace."""
    found = []
    for job, trace in traces.items():
        attempts = journal.book.execute(
            "SELECT id, centre, state, detail, settled FROM attempt WHERE job = ? ORDER BY fence", (job,)
        ).fetchall()
        straight = len(attempts) == 1 and attempts[0][2:] == ("finished", "COMPLETED", 1)
        if not straight or [what for what, _ in trace] != ["begin", "end"]:
            found.append(f"{job}: {attempts} {trace}")
    return found


def _overhead(tasks: Mapping[str, Task], booked: Mapping[Attempt, list[tuple[int, int, int]]]) -> int:
    extra = [
        (rows[0][1] - rows[0][0]) * 1000 - float(tasks[attempt.job].command[5]) * 1000
        for attempt, rows in booked.items()
        if len(rows) == 1
    ]
    return round(sum(extra) / len(extra)) if extra else 0


def _turns(folder: Path) -> int:
    """Mean of what the brokers wrote down, in ms."""
    path = folder / "turns.txt"
    turns = [int(line) for line in path.read_text().split()] if path.exists() else []
    return round(sum(turns) / len(turns)) if turns else 100


def trace_of(path: Path) -> list[tuple[str, str]]:
    """What happened to whom, line by line; further words of a line are passed over."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [(words[0], words[1]) for words in map(str.split, lines)]


def twice(trace: list[tuple[str, str]]) -> bool:
    """More than one end, or an end of a payload after another had begun."""
    ends = [who for what, who in trace if what == "end"]
    last = trace[-1][1] if trace else ""
    return len(ends) > 1 or bool(ends and ends[0] != last)


def accounted(bed: Bed) -> Iterator[tuple[Attempt, list[tuple[int, int, int]]]]:
    """(start, end, chips) of every attempt, asked of sacct without the adapter."""
    found: dict[Attempt, list[tuple[int, int, int]]] = {}
    for centre in bed.centres.values():
        said = centre.run(
            "sacct", "--noheader", "--parsable2", "--allocations", "--duplicates", "--starttime=2020-01-01",
            "--allusers", "--format=ElapsedRaw,Start,End,AllocTRES,JobName",
        )  # fmt: skip
        for line in said.splitlines():
            elapsed, start, end, tres, name = line.split("|", 4)
            attempt = Attempt.named(name)
            if attempt is None or "Unknown" in (start, end) or "None" in (start, end):
                continue
            begin, finish = (int(timegm(time.strptime(t, "%Y-%m-%dT%H:%M:%S"))) for t in (start, end))
            if finish - begin != int(elapsed):
                raise BedFailed(f"sacct contradicts itself: {line}")
            chips = int(tres.partition("gres/gpu=")[2].partition(",")[0] or 0)
            found.setdefault(attempt, []).append((begin, finish, chips))
    yield from found.items()


def _booked(journal: Journal) -> dict[Attempt, list[tuple[int, int, int]]]:
    found: dict[Attempt, list[tuple[int, int, int]]] = {}
    for job, name, fence, start, end, chips in journal.book.execute(
        "SELECT s.job, s.attempt, a.fence, s.start, s.end, s.chips FROM segment s "
        "JOIN attempt a ON a.job = s.job AND a.id = s.attempt"
    ):
        found.setdefault(Attempt(job, name, fence), []).append((start, end, chips))
    return found
