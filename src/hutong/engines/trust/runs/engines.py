"""Where tasks run: this process, worker processes, Ray tasks, a Slurm array. All give the same rows.

Chance is a function of seed and node, and rows leave the journal in the order of the plan, so neither the engine nor
the order in which tasks end can be seen in a report.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from hutong.engines.trust.runs.case import Case
from hutong.engines.trust.runs.graph import Task
from hutong.engines.trust.runs.pool import Pool, packed
from hutong.engines.trust.runs.workshop import Workshop, one_thread
from hutong.engines.trust.types import Json, refuse
from hutong.kernel.text import Text

Finished = Callable[[Task, Json], None]
Engine = Callable[[Case, Sequence[Task], int, int, Path, Finished], None]


def local(
    case: Case, todo: Sequence[Task], rows: int, workers: int, journal: Path, finished: Finished
) -> None:
    """One worker: in this process. More: a pool of worker processes, never more than there are tasks."""
    workers = min(workers, len(todo))
    if workers > 1:
        with Pool(packed(case, rows), workers) as pool:
            pool.run(todo, finished)
        return
    with one_thread(), closing(Workshop(case, rows)) as shop:
        for task in todo:
            finished(task, shop.count(task))


def on_ray(
    case: Case, todo: Sequence[Task], rows: int, workers: int, journal: Path, finished: Finished
) -> None:
    """Each task as a Ray task on the cluster that `ray.init` finds (RAY_ADDRESS), or on this machine."""
    if find_spec("ray") is None:
        raise _absent("ray", Text("the Python package ray", "Python软件包ray"))
    ray = import_module("ray")
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    work, shared = ray.remote(count_packed), ray.put(packed(case, rows))
    waiting = {work.remote(shared, task): task for task in todo}
    while waiting:
        ready, _ = ray.wait(list(waiting), num_returns=1)
        for reference in ready:
            finished(waiting.pop(reference), ray.get(reference))


def on_slurm(
    case: Case, todo: Sequence[Task], rows: int, workers: int, journal: Path, finished: Finished
) -> None:
    """A Slurm array of `workers` jobs; case and results lie beside the journal, on a disk that the nodes share."""
    program = shutil.which("sbatch")
    if program is None:
        raise _absent("slurm", Text("Slurm's program sbatch", "Slurm程序sbatch"))
    from hutong.engines.trust.runs.slurm import run_array

    folder = journal.absolute().with_name(f"{journal.name}.slurm")
    run_array(program, folder, packed(case, rows), case.plan.digest, todo, max(1, workers), finished)


def count_packed(content: bytes, task: Task) -> Json:
    """One task of a packed case, in whatever process this is called; the case is opened once per process."""
    with one_thread():
        return _opened(content).count(task)


@lru_cache(maxsize=1)
def _opened(content: bytes) -> Workshop:
    # Only ever bytes that this program packed itself and handed to its own worker.
    return Workshop(*pickle.loads(content))


def _absent(engine: str, name: Text) -> Exception:
    what = Text("The engine {e} needs {n}, which is not on this machine.", "执行引擎{e}需要{n}，本机未安装。")
    return refuse(
        "run.engine_missing",
        what.format(e=engine, n=name),
        Text(
            "Install it, or choose the engine local: the report is the same.",
            "请先安装，或改用local引擎：报告完全相同。",
        ),
        "engine",
    )


ENGINES: dict[str, Engine] = {"local": local, "ray": on_ray, "slurm": on_slurm}
