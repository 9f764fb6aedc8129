"""The journal on disk: SQLite in write-ahead mode, one row per finished task, appended and never changed.

Each row is one transaction, so a kill at any moment leaves whole rows only; what was under way is counted again. Rows
lie in the order in which tasks ended; what leaves the journal is in the order of the plan, so that it is the same on
every engine.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hutong.engines.trust.plan import Plan
from hutong.engines.trust.runs import rows as lines
from hutong.engines.trust.runs.graph import ROWS, Task, join, tasks_of
from hutong.engines.trust.types import Json, Observations
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

_TABLES = """
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rows (
    seq INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, body BLOB NOT NULL, chain TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS rows_stay BEFORE UPDATE ON rows BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS rows_last BEFORE DELETE ON rows BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS head_stays BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


class Journal:
    """A journal file, opened for one plan; made if it is not there.

    `Conflict` journal.other_plan for the journal of another plan, model, data or part size; journal.changed where a row is
    not what was written. rows: at most so many rows of data per task, where a claim is split.
    """

    def __init__(self, path: Path, plan: Plan, rows: int = ROWS) -> None:
        self.plan, self.rows = plan, rows
        self.tasks = tasks_of(plan, rows)
        self.head = lines.Head(plan.digest, plan.artefact, plan.data, rows)
        self._base = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            raise _changed(0) from error

    def _open(self) -> None:
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.executescript(_TABLES)
        self._base.execute("INSERT OR IGNORE INTO head VALUES (1, ?)", (self.head.body(),))
        (found,) = self._base.execute("SELECT body FROM head").fetchone()
        if bytes(found) != self.head.body():
            raise Conflict(
                Text(
                    "This journal belongs to another plan, model or data.", "该日志属于其他计划、模型或数据。"
                ),
                rule="journal.other_plan",
                remedy=Text("Give the run a journal of its own.", "请为本次运行使用单独的日志。"),
                field="journal",
            )
        self._check()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self._base.close()

    def _check(self) -> None:
        link = lines.first_link(self.head.body())
        for seq, body, chain in self._base.execute("SELECT seq, body, chain FROM rows ORDER BY seq"):
            link = lines.next_link(link, body if isinstance(body, bytes) else str(body).encode())
            if chain != link:
                raise _changed(seq)

    def add(self, task: Task, counts: Json) -> None:
        """Append one finished task; a second time it must be the same, and is not counted again."""
        body = lines.body_of(task.id, counts)
        with self._writing():
            known = self._base.execute("SELECT body FROM rows WHERE task = ?", (task.id,)).fetchone()
            if known is not None:
                if bytes(known[0]) != body:
                    raise _other_counts(task)
                return
            last = self._base.execute("SELECT chain FROM rows ORDER BY seq DESC LIMIT 1").fetchone()
            link = lines.next_link(last[0] if last else lines.first_link(self.head.body()), body)
            self._base.execute("INSERT INTO rows (task, body, chain) VALUES (?, ?, ?)", (task.id, body, link))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The last link and the new row in one transaction, also where two runs share a journal."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def missing(self) -> tuple[Task, ...]:
        """Tasks that have no row yet, in the order of the plan."""
        done = {task for (task,) in self._base.execute("SELECT task FROM rows")}
        return tuple(t for t in self.tasks if t.id not in done)

    def export(self) -> bytes:
        """All rows in the order of the plan (see `rows`): the same bytes on every engine and after every kill."""
        return lines.write(self.head, self._bodies())

    def observations(self) -> Observations:
        """The counts of every claim. `Conflict` run.unfinished while tasks are missing."""
        counts = [json.loads(body)["counts"] for body in self._bodies()]
        return observations_of(self.plan, self.tasks, counts)

    def _bodies(self) -> list[bytes]:
        missing = self.missing()
        if missing:
            raise Conflict(
                Text("{n} tasks have not been run.", "尚有{n}项任务未执行。").format(n=len(missing)),
                rule="run.unfinished",
                remedy=Text(
                    "Run the plan again; it goes on where it stopped.", "请再次运行，将从中断处继续。"
                ),
                field=missing[0].id,
            )
        found = {t: bytes(b) for t, b in self._base.execute("SELECT task, body FROM rows")}
        return [found[task.id] for task in self.tasks]


def observations_of(plan: Plan, tasks: Sequence[Task], counts: Sequence[Json]) -> Observations:
    """Observations from the counts of all tasks, both in the order of the plan."""
    parts: dict[str, list[Json]] = {}
    for task, one in zip(tasks, counts, strict=True):
        parts.setdefault(task.claim, []).append(one)
    claims = {claim.id: claim for claim in plan.claims}
    whole = {name: join(claims[name], found) for name, found in parts.items()}
    return Observations(plan.digest, plan.artefact, plan.data, whole)


def _changed(row: int) -> Conflict:
    return Conflict(
        Text("Row {r} of the journal is not what was written.", "日志第{r}行与写入内容不符。").format(r=row),
        rule="journal.changed",
        remedy=Text("Move the file away and run the plan again.", "请移走该文件并重新运行。"),
        field="journal",
    )


def _other_counts(task: Task) -> Conflict:
    return Conflict(
        Text(
            "Task {t} gave other counts than before: the system does not answer alike.",
            "任务{t}两次计数不一致：被测系统的答复不稳定。",
        ).format(t=task.id),
        rule="run.not_repeatable",
        remedy=Text("Evaluate recorded answers of this system instead.", "请改为评估该系统已记录的答复。"),
        field=task.claim,
    )
