"""Background jobs: rows of the hub's own database, enqueued in the transaction that asks for them.

`hutong up` keeps a worker process; `drain` works the queue off in this process (the journey, tests, a small hub).
What goes on outside, as jobs at a computing centre do, is looked at by the turns that departments register here.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import transaction
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult


class JobFailed(Exception):
    """A background job ended with an exception; the traceback is the message."""


# Each looks once at what goes on outside and says whether anything still does.
Turn = Callable[[], bool]
TURNS: list[Turn] = []
_PAUSE_S = 0.05


def every_turn(turn: Turn) -> Turn:
    """Register what is to be looked at between background jobs."""
    TURNS.append(turn)
    return turn


def drain(on_job: Callable[[str], Any] | None = None, *, limit: int = 1000, wait: bool = True) -> int:
    """Work off every job that is ready now, oldest first; returns how many. Raises `JobFailed` at the first failure.

    wait: go on until nothing is under way outside either; otherwise the turns are taken once.
    """
    worker = Worker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=me(),
        excluded_queue_names=[],
    )
    count, turned = 0, False
    while count < limit:
        job = _claim()
        if job is not None:
            count += 1
            if on_job is not None:
                on_job(job.task_path)
            _carry_out(worker, job)
            continue
        if turned and not wait:
            break
        turned = True
        busy = sum(turn() for turn in TURNS) > 0
        if not busy and not DBTaskResult.objects.ready().exists():
            break
        time.sleep(_PAUSE_S if busy else 0)
    return count


def me() -> str:
    """This process, as the jobs that it claims name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def reclaim() -> int:
    """Jobs that a worker of this machine had claimed when it was killed wait again; returns how many. For the start of a
    worker: every background job of the hub may be repeated."""
    host = socket.gethostname()
    count = 0
    for job in DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING):
        name, _, number = (job.worker_ids or [""])[-1].rpartition(":")
        if name == host and number.isdigit() and not Path(f"/proc/{number}").exists():
            count += DBTaskResult.objects.filter(pk=job.pk, status=TaskResultStatus.RUNNING).update(
                status=TaskResultStatus.READY, started_at=None
            )
    return count


def _claim() -> DBTaskResult | None:
    with transaction.atomic():
        job = DBTaskResult.objects.ready().get_locked()
        if job is not None:
            job.claim(me())
        return job


def _carry_out(worker: Worker, job: DBTaskResult) -> None:
    worker.run_task(job)
    job.refresh_from_db()
    if job.traceback:
        raise JobFailed(f"{job.task_path}: {job.traceback}")
