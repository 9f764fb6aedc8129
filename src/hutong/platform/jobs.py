"""Background jobs: rows of the hub's own database, enqueued in the transaction that asks for them.

`hutong up` keeps a worker process; `drain` works the queue off in this process (the journey, tests, a small hub).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult


class JobFailed(Exception):
    """A background job ended with an exception; the traceback is the message."""


def drain(on_job: Callable[[str], Any] | None = None, *, limit: int = 1000) -> int:
    """Work off every job that is ready now, oldest first; returns how many. Raises `JobFailed` at the first failure."""
    worker = Worker(
        queue_names=["default"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="drain",
        excluded_queue_names=[],
    )
    for count in range(limit):
        with transaction.atomic():
            job = DBTaskResult.objects.ready().get_locked()
            if job is None:
                return count
            job.claim("drain")
        if on_job is not None:
            on_job(job.task_path)
        worker.run_task(job)
        job.refresh_from_db()
        if job.traceback:
            raise JobFailed(f"{job.task_path}: {job.traceback}")
    return limit
