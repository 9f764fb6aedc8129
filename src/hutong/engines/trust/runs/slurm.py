"""A plan as a Slurm array: job k takes every n-th task; results are files that are whole or not there.

sbatch --wait (Slurm 14.11 or newer) ends with the array. If this process is killed, the jobs go on and their results are
taken up by the next run.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hutong.engines.trust.runs.graph import Task
from hutong.engines.trust.runs.pool import counts_of, environment
from hutong.engines.trust.types import Json
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

POLL = 0.5


def run_array(
    program: str,
    base: Path,
    content: bytes,
    plan: str,
    todo: Sequence[Task],
    jobs: int,
    finished: Callable[[Task, Json], None],
) -> None:
    """Submit the tasks and hand over each result as it appears. `Conflict` run.slurm where the array fails."""
    names = [t.id for t in todo]
    wanted = hashlib.sha256(content).hexdigest()
    # Another case or another rest of tasks has a folder of its own, so results cannot be mistaken.
    folder = base / hashlib.sha256(f"{plan}|{wanted}|{names}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = dict(enumerate(todo))
    _collect(folder, waiting, finished)
    if not waiting:
        return
    (folder / "case").write_bytes(content)
    tasks = [[number, [t.claim, t.part, t.of]] for number, t in waiting.items()]
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    array = _submit(program, folder, wanted, min(jobs, len(tasks)))
    while array.poll() is None:
        time.sleep(POLL)
        _collect(folder, waiting, finished)
    _collect(folder, waiting, finished)
    if waiting:
        raise _failed(array, next(iter(waiting.values())))


def _submit(program: str, folder: Path, wanted: str, jobs: int) -> subprocess.Popen[str]:
    worker = [sys.executable, "-m", "hutong.engines.trust.runs.worker", str(folder), wanted]
    command = f"{shlex.join(worker)} $SLURM_ARRAY_TASK_ID {jobs}"
    return subprocess.Popen(
        [program, "--parsable", "--wait", "--export=ALL", f"--array=0-{jobs - 1}",
         f"--output={folder}/%a.log", "--wrap", command],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def _collect(folder: Path, waiting: dict[int, Task], finished: Callable[[Task, Json], None]) -> None:
    for number in list(waiting):
        file = folder / f"{number}.json"
        if file.exists():
            task, reply = waiting.pop(number), json.loads(file.read_text(encoding="utf-8"))
            if "counts" not in reply:
                # An error is told once; the next run asks again.
                file.unlink()
            finished(task, counts_of(reply, task))


def _failed(array: subprocess.Popen[str], task: Task) -> Conflict:
    said = (array.stderr.read() if array.stderr else "").strip()[-200:]
    return Conflict(
        Text("The Slurm array ended without {t}: {s}", "Slurm作业组结束，但缺少{t}：{s}").format(
            t=task.id, s=said or array.returncode
        ),
        rule="run.slurm",
        remedy=Text(
            "Read the logs beside the journal, then run again.", "请查看日志旁的作业输出，然后再次运行。"
        ),
        field=task.claim,
    )
