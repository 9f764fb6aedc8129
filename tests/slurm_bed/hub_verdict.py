"""What came of a hub's run, judged by the payloads' traces, by sacct and by the hub's own audit."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import strptime

from compute.home import Home, sound

from hutong.modules.compute.adapters import Attempt
from slurm_bed.bed import Bed
from slurm_bed.driver import Work
from slurm_bed.hub import HubRun
from slurm_bed.verdict import accounted, trace_of, twice

Rows = list[tuple[int, int, int]]
COMPLETED = re.compile(r" Name=(\S+) JobState=(\S+) .* StartTime=(\S+) EndTime=(\S+) ")


@dataclass(frozen=True, slots=True)
class HubResult:
    """What came of it. `lost`, `twice` and `off` must be 0.

    lost: jobs without an end, or that did not finish. twice: jobs whose payload ended more than once, or two of whose
    payloads lived at once. begun_again: jobs whose first payload died with its controller and began anew. off: jobs
    whose segments are not what sacct has of the attempt that was paid, and never were. rewritten: jobs that were paid as
    the controller said at their end, and of which a killed controller told the accounting otherwise afterwards.
    unaccounted: jobs of whose end a killed controller told the accounting nothing; paid as the guard saw it.
    unpaid_s: chip-seconds that sacct has of attempts that were given back, which nobody pays. decisions: replayed, all
    the same. incidents: the course of every job that did not go straight, in words.
    """

    makespan_s: float
    submitted_s: float
    lost: int
    twice: int
    begun_again: int
    off: int
    rewritten: int
    unaccounted: int
    attempts: int
    killed_workers: int
    killed_controllers: int
    chip_seconds: int
    unpaid_s: int
    decisions: int
    by_centre: dict[str, int]
    incidents: list[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who says what: trace by name of the work, segments by code of the job, sacct and ends by attempt.

    ends: (start, end) each time that a controller completed the attempt, from its own append-only log; last: the
    attempt that each job was paid for.
    """

    traces: dict[str, list[tuple[str, str]]]
    codes: dict[str, str]
    paid: dict[str, Rows]
    sacct: dict[Attempt, Rows]
    ends: dict[Attempt, list[tuple[int, int]]]
    last: dict[str, Attempt]

    def differs(self, job: str) -> bool:
        """From when to when on how many chips; several rows of one attempt are paid together."""
        paid, sacct = self.paid.get(job, []), self.sacct.get(self.last[job], [])
        if len(sacct) == 1:
            return paid != sacct
        return _chip_seconds(paid) != _chip_seconds(sacct)

    def rewritten(self, job: str) -> bool:
        """Whether the controller once said what was paid."""
        said = self.ends.get(self.last[job], [])
        return self.differs(job) and [(s, e) for s, e, _ in self.paid.get(job, [])] in [[one] for one in said]

    def unaccounted(self, job: str) -> bool:
        """Whether nobody at the centre but the guard knows of an end."""
        one = self.last[job]
        return not self.sacct.get(one) and not self.ends.get(one)


def judge_hub(bed: Bed, home: Home, work: Work, run: HubRun) -> HubResult:
    """Raises AssertionError where the hub's own audit, the replay of its decisions or its doctor finds a fault."""
    books = sound(home)
    seen = _evidence(bed, home, work)
    attempts = _attempts(home)
    off = [job for job in seen.last if seen.differs(job)]
    given_back = {a: rows for a, rows in seen.sacct.items() if seen.last.get(a.job) != a}
    return HubResult(
        makespan_s=round(max(e for rows in seen.sacct.values() for _, e, _ in rows) - run.began, 1),
        submitted_s=round(run.submitted_s, 1),
        lost=sum("end" not in [w for w, _ in t] for t in seen.traces.values())
        + home.rows("SELECT count(*) FROM compute_job WHERE state <> 'finished'")[0][0],
        twice=sum(twice(t) for t in seen.traces.values()),
        begun_again=sum([w for w, _ in t].count("begin") > 1 for t in seen.traces.values()),
        off=sum(not seen.rewritten(job) and not seen.unaccounted(job) for job in off),
        rewritten=sum(seen.rewritten(job) for job in off),
        unaccounted=sum(seen.unaccounted(job) for job in off),
        attempts=len(attempts),
        killed_workers=run.killed["broker"],
        killed_controllers=run.killed["controller"],
        chip_seconds=sum(map(_chip_seconds, seen.paid.values())),
        unpaid_s=sum(map(_chip_seconds, given_back.values())),
        decisions=books["decisions"],
        by_centre=_by_centre(home),
        incidents=list(_incidents(home, seen)),
    )


def _evidence(bed: Bed, home: Home, work: Work) -> Evidence:
    folder = home.folder / "traces"
    traces = {name: trace_of(folder / name) for name in work.tasks(folder)}
    codes = {(folder / name).read_text().split()[2]: name for name, trace in traces.items() if trace}
    ends: dict[Attempt, list[tuple[int, int]]] = {}
    for centre in bed.centres.values():
        for attempt, span in _completed(centre.folder / "completed.txt"):
            ends.setdefault(attempt, []).append(span)
    last = {a.job: a for a in _attempts(home)}
    return Evidence(traces, codes, _paid(home), dict(accounted(bed)), ends, last)


def _completed(path: Path) -> Iterator[tuple[Attempt, tuple[int, int]]]:
    for line in path.read_text().splitlines() if path.exists() else []:
        found = COMPLETED.search(line)
        attempt = Attempt.named(found[1]) if found else None
        if found and attempt and "Unknown" not in (found[3], found[4]):
            yield attempt, (_second(found[3]), _second(found[4]))


def _attempts(home: Home) -> list[Attempt]:
    """As the centres know them, the last of each job last."""
    found = home.rows(
        "SELECT j.code, a.id FROM compute_attempt a JOIN compute_job j ON j.id = a.job_id ORDER BY a.id"
    )
    return [Attempt(job, f"a{number}", number) for job, number in found]


def _paid(home: Home) -> dict[str, Rows]:
    """(start, end, chips) of every segment, by job."""
    found: dict[str, Rows] = {}
    for job, start, end, chips, native in home.rows(
        "SELECT j.code, s.began_at, s.ended_at, s.chips, s.native_ms FROM compute_segment s "
        "JOIN compute_job j ON j.id = s.job_id"
    ):
        row = (_second(start), _second(end), chips)
        assert native == _chip_seconds([row]) * 1000
        found.setdefault(job, []).append(row)
    return found


def _second(text: str) -> int:
    whole, _, fraction = text.replace("T", " ").partition(".")
    assert not fraction.strip("0"), f"{text} is no whole second"
    return timegm(strptime(whole, "%Y-%m-%d %H:%M:%S"))


def _chip_seconds(rows: Rows) -> int:
    return sum((end - start) * chips for start, end, chips in rows)


def _by_centre(home: Home) -> dict[str, int]:
    return dict(
        home.rows(
            "SELECT c.connection, count(*) FROM compute_attempt a JOIN compute_pool p ON p.id = a.pool_id "
            "JOIN compute_centre c ON c.id = p.centre_id GROUP BY 1"
        )
    )


def _incidents(home: Home, seen: Evidence) -> Iterator[str]:
    """Jobs with several attempts, an odd trace, or a segment that is not as the accounting has it now."""
    courses: dict[str, list[tuple[object, ...]]] = {}
    for code, *course in home.rows(
        "SELECT j.code, c.connection, a.id, a.ending, a.reference FROM compute_attempt a "
        "JOIN compute_job j ON j.id = a.job_id JOIN compute_pool p ON p.id = a.pool_id "
        "JOIN compute_centre c ON c.id = p.centre_id ORDER BY a.id"
    ):
        courses.setdefault(code, []).append(tuple(course))
    for code, tries in courses.items():
        trace = seen.traces.get(seen.codes.get(code, ""), [])
        straight = [t[2] for t in tries] == ["finished"] and [w for w, _ in trace] == ["begin", "end"]
        if not straight or seen.differs(code):
            one = seen.last[code]
            said = {"paid": seen.paid.get(code), "sacct": seen.sacct.get(one), "ends": seen.ends.get(one)}
            yield f"{code}: {tries} {trace} {said}"
