"""What a broker must not forget: jobs, attempts and segments, in SQLite, every change durable before it is acted on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.modules.compute.adapters import Attempt, Report, Segment, Task

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, rank INTEGER NOT NULL, task TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'queued');
CREATE TABLE IF NOT EXISTS attempt (
    job TEXT NOT NULL REFERENCES job, id TEXT NOT NULL, fence INTEGER NOT NULL, centre TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'made', detail TEXT NOT NULL DEFAULT '', settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, id), UNIQUE (job, fence));
CREATE UNIQUE INDEX IF NOT EXISTS one_live_attempt ON attempt (job) WHERE state IN ('made', 'sent');
CREATE TABLE IF NOT EXISTS segment (
    job TEXT NOT NULL, attempt TEXT NOT NULL, centre TEXT NOT NULL, number TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, chips INTEGER NOT NULL, PRIMARY KEY (job, attempt, number, start));
"""


@dataclass(frozen=True, slots=True)
class Live:
    """An attempt and where it is."""

    attempt: Attempt
    centre: str
    task: Task


class Journal:
    """One broker's memory; a second process may read beside it."""

    def __init__(self, path: Path) -> None:
        self.book = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.book.executescript(TABLES)

    def submit(self, tasks: Mapping[str, Task]) -> None:
        rows = [(job, n, dump(task)) for n, (job, task) in enumerate(tasks.items())]
        self.book.execute("BEGIN IMMEDIATE")
        self.book.executemany("INSERT INTO job (id, rank, task) VALUES (?, ?, ?)", rows)
        self.book.execute("COMMIT")

    def queued(self, limit: int) -> list[tuple[str, Task, str | None]]:
        """Jobs to place, and where each was tried last."""
        found = self.book.execute(
            "SELECT id, task, (SELECT centre FROM attempt a WHERE a.job = j.id ORDER BY fence DESC LIMIT 1) "
            "FROM job j WHERE state = 'queued' ORDER BY rank LIMIT ?",
            (limit,),
        )
        return [(job, load(task), last) for job, task, last in found]

    def live(self, state: str) -> list[Live]:
        """Attempts that are ``made`` (written down, perhaps sent) or ``sent`` (the centre has them)."""
        return self._attempts("a.state = ?", state)

    def unsettled(self) -> list[Live]:
        return self._attempts("a.state NOT IN ('made', 'sent', ?) AND a.settled = 0", "dropped")

    def settled(self) -> list[Live]:
        return self._attempts("a.settled <> ?", "0")

    def booked(self, attempt: Attempt) -> list[tuple[str, int, int, int]]:
        """(number, start, end, chips) of every segment of the attempt, in order."""
        found = self.book.execute(
            "SELECT number, start, end, chips FROM segment WHERE job = ? AND attempt = ? ORDER BY number, start",
            (attempt.job, attempt.id),
        )
        return [(number, start, end, chips) for number, start, end, chips in found]

    def _attempts(self, where: str, *values: str) -> list[Live]:
        found = self.book.execute(
            f"SELECT a.job, a.id, a.fence, a.centre, j.task FROM attempt a JOIN job j ON j.id = a.job WHERE {where}",
            values,
        )
        return [
            Live(Attempt(job, name, fence), centre, load(task)) for job, name, fence, centre, task in found
        ]

    def place(self, choices: Iterable[tuple[str, str]]) -> None:
        """An attempt under the next fence for each (job, centre)."""
        self.book.execute("BEGIN IMMEDIATE")
        for job, centre in choices:
            (last,) = self.book.execute(
                "SELECT coalesce(max(fence), 0) FROM attempt WHERE job = ?", (job,)
            ).fetchone()
            self.book.execute(
                "INSERT INTO attempt (job, id, fence, centre) VALUES (?, ?, ?, ?)",
                (job, f"a{last + 1}", last + 1, centre),
            )
            self.book.execute("UPDATE job SET state = 'placed' WHERE id = ?", (job,))
        self.book.execute("COMMIT")

    def note(
        self, attempts: Iterable[tuple[Attempt, str, str]], jobs: Iterable[tuple[str, str]] = ()
    ) -> None:
        """States of attempts (attempt, state, detail) and of jobs (job, state), together."""
        self.book.execute("BEGIN IMMEDIATE")
        self.book.executemany(
            "UPDATE attempt SET state = ?, detail = ? WHERE job = ? AND id = ?",
            [(state, detail, a.job, a.id) for a, state, detail in attempts],
        )
        self.book.executemany("UPDATE job SET state = ? WHERE id = ?", [(s, job) for job, s in jobs])
        self.book.execute("COMMIT")

    def settle(self, centre: str, attempt: Attempt, segments: Iterable[Segment], how: int) -> None:
        """Write the segments, in place of earlier ones, and close the attempt; how: 1 as accounted, 2 where the engine
        has lost its record."""
        self.book.execute("BEGIN IMMEDIATE")
        self.book.execute("DELETE FROM segment WHERE job = ? AND attempt = ?", (attempt.job, attempt.id))
        self.book.executemany(
            "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(attempt.job, attempt.id, centre, *row) for row in rows_of(segments)],
        )
        self.book.execute(
            "UPDATE attempt SET settled = ? WHERE job = ? AND id = ?", (how, attempt.job, attempt.id)
        )
        self.book.execute("COMMIT")

    def reopen(self, attempt: Attempt) -> None:
        """The attempt has to be settled anew."""
        self.book.execute(
            "UPDATE attempt SET settled = 0 WHERE job = ? AND id = ?", (attempt.job, attempt.id)
        )

    def count(self, query: str) -> int:
        found: int = self.book.execute(f"SELECT count(*) FROM {query}").fetchone()[0]
        return found


def rows_of(segments: Iterable[Segment]) -> list[tuple[str, int, int, int]]:
    """(number, start, end, chips) as the journal keeps them, in order."""
    return sorted(
        (s.number, int(s.started_at.timestamp()), int(s.ended_at.timestamp()), s.chips) for s in segments
    )


def told(report: Report) -> str:
    return f"{report.detail}{'' if report.accounted else ', by the guard'}"


def dump(task: Task) -> str:
    return json.dumps([task.command, task.chips, task.limit_s, task.label])


def load(text: str) -> Task:
    command, chips, limit_s, label = json.loads(text)
    return Task(tuple(command), chips=chips, limit_s=limit_s, label=label)
