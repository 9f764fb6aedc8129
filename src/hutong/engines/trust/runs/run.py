"""Carry out a plan: what the journal already holds is not asked again."""

from __future__ import annotations

from pathlib import Path

from hutong.engines.trust.data import Data
from hutong.engines.trust.observe import Progress
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.runs.case import Case, Opener, is_alone
from hutong.engines.trust.runs.engines import ENGINES
from hutong.engines.trust.runs.graph import ROWS, Task
from hutong.engines.trust.runs.journal import Journal
from hutong.engines.trust.types import Json, Observations, System, refuse
from hutong.kernel.text import Text

ALONE = Text("An endpoint is asked from one process.", "接口只能由单个进程询问。")
ALONE_REMEDY = Text("Choose the engine local.", "请选用local引擎。")


def run(
    plan: Plan,
    target: Opener,
    system: System,
    profile: Profile,
    data: Data,
    seed: str,
    journal: Path,
    *,
    engine: str = "local",
    workers: int = 2,
    rows: int = ROWS,
    progress: Progress = lambda done, of, task: None,
) -> Observations:
    """Observations equal to those of `observe`, gathered task by task in a journal that outlives the process.

    target: opens the system under test; with more than one worker it must be picklable. engine: "local" (worker
    processes; this process where workers is 1), "ray" or "slurm". progress hears (done, of, task) after each task.
    Raises as `observe` and `Journal` do; `Invalid` run.engine for an engine that is not here, run.alone for an endpoint on
    several machines.
    """
    if engine not in ENGINES:
        what = Text("There is no engine {e}.", "没有执行引擎{e}。").format(e=engine[:40])
        raise refuse(
            "run.engine",
            what,
            Text("Choose one of: {n}.", "可选：{n}。").format(n=", ".join(ENGINES)),
            "engine",
        )
    if is_alone(target):
        # Budget, rate and record of an endpoint are kept in one place; it is asked over many connections all the same.
        workers = 1
        if engine != "local":
            raise refuse("run.alone", ALONE, ALONE_REMEDY, "engine")
    case = Case(plan, target, system, profile, data, seed)
    with Journal(journal, plan, rows) as book:
        todo, of = book.missing(), len(book.tasks)
        done = of - len(todo)
        progress(done, of, "")

        def finished(task: Task, counts: Json) -> None:
            nonlocal done
            book.add(task, counts)
            done += 1
            progress(done, of, task.id)

        if todo:
            ENGINES[engine](case, todo, rows, workers, journal, finished)
        return book.observations()
