"""A pool of worker processes spoken to through pipes: a task out, counts back.

Own processes rather than a library's pool: they need no importable main module (notebooks), inherit no threads by fork,
and end by themselves when the parent is killed, because their input ends.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType

from hutong.engines.trust.runs.case import Case
from hutong.engines.trust.runs.graph import Task
from hutong.engines.trust.types import Json
from hutong.kernel.errors import ERRORS, Conflict, HutongError
from hutong.kernel.text import Text

Outcome = tuple[Task, Json] | Exception
# Sums in one order, and no more threads than workers.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def packed(case: Case, rows: int) -> bytes:
    """The case as bytes for a worker. `Conflict` run.not_sendable where its target cannot be opened elsewhere."""
    try:
        return pickle.dumps((case, rows), protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise Conflict(
            Text(
                "What opens this target cannot be sent to another process.",
                "该目标的打开方式无法传给其他进程。",
            ),
            rule="run.not_sendable",
            remedy=Text(
                "Give a reach.door.Door, or run with one worker.",
                "请使用reach.door.Door，或以单个工作进程运行。",
            ),
            field="target",
        ) from error


def environment() -> dict[str, str]:
    """A worker's environment: this process's import paths, one thread."""
    paths = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": paths}


class Pool:
    """workers processes that share one case. Use as a context: it leaves no process behind."""

    def __init__(self, content: bytes, workers: int) -> None:
        self._content = content
        self._workers = [_start() for _ in range(workers)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    # What was not read by a worker that is gone is nobody's any more.
                    with suppress(BrokenPipeError):
                        pipe.close()

    def run(self, todo: Sequence[Task], finished: Callable[[Task, Json], None]) -> None:
        """Carry out all tasks; `finished` is called here, in this thread, as each ends. The first error is raised."""
        waiting, said = deque(todo), queue.SimpleQueue[Outcome]()
        for worker in self._workers:
            threading.Thread(target=self._serve, args=(worker, waiting, said), daemon=True).start()
        for _ in todo:
            outcome = said.get()
            if isinstance(outcome, Exception):
                raise outcome
            finished(*outcome)

    def _serve(
        self, worker: subprocess.Popen[bytes], waiting: deque[Task], said: queue.SimpleQueue[Outcome]
    ) -> None:
        try:
            assert worker.stdin is not None
            worker.stdin.write(len(self._content).to_bytes(8, "big") + self._content)
            while True:
                try:
                    task = waiting.popleft()
                except IndexError:
                    return
                said.put((task, _ask(worker, task)))
        except Exception as error:
            said.put(error)


def _start() -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches the parent alone, which then ends its workers.
    return subprocess.Popen(
        [sys.executable, "-m", "hutong.engines.trust.runs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )


def _ask(worker: subprocess.Popen[bytes], task: Task) -> Json:
    assert worker.stdin is not None and worker.stdout is not None
    try:
        worker.stdin.write(json.dumps([task.claim, task.part, task.of]).encode() + b"\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
    except (BrokenPipeError, ValueError):
        line = b""
    if not line.endswith(b"\n"):
        raise _lost(task)
    return counts_of(json.loads(line), task)


def counts_of(reply: Json, task: Task) -> Json:
    """The counts in a worker's reply, or its error raised again."""
    counts = reply.get("counts")
    if isinstance(counts, dict):
        return counts
    told = reply.get("error")
    if isinstance(told, dict):
        raise error_of(told)
    raise RuntimeError(f"{task.id}: {reply.get('crash')}")


def error_of(told: Json) -> HutongError:
    """An error again from its `as_json`."""
    kind = next(e for e in ERRORS if e.kind == told["kind"])
    words = {name: Text(**_words(told[name])) for name in ("what", "remedy")}
    field = told["field"]
    return kind(
        words["what"],
        rule=str(told["rule"]),
        remedy=words["remedy"],
        field=None if field is None else str(field),
    )


def _words(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _lost(task: Task) -> Conflict:
    return Conflict(
        Text("The worker process at {t} ended.", "执行{t}的工作进程已终止。").format(t=task.id),
        rule="run.worker_lost",
        remedy=Text(
            "Run again: it goes on where it stopped. If it ends again, memory may be short.",
            "请再次运行，将从中断处继续。若再次终止，可能是内存不足。",
        ),
        field=task.claim,
    )
