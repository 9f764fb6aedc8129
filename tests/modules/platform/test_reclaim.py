"""Background jobs of a worker that was killed wait again; those of one that lives, or of another machine, do not."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from hutong.modules.compute.tasks import welcome
from hutong.platform import jobs


def claimed(by: str) -> Any:
    welcome.enqueue(centre="CTR-0001")
    job = DBTaskResult.objects.order_by("-enqueued_at").first()
    assert job is not None
    job.claim(by)
    return job


@pytest.mark.django_db
def test_only_jobs_of_a_dead_worker_of_this_machine_wait_again() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = jobs.me().rpartition(":")[0]
    dead, alive, far = (claimed(w) for w in (f"{host}:{gone.pid}", f"{host}:{os.getpid()}", "elsewhere:1"))
    assert timezone.now() >= dead.started_at
    assert jobs.reclaim() == 1 and jobs.reclaim() == 0
    found = {j.pk: j.status for j in DBTaskResult.objects.all()}
    assert found == {
        dead.pk: TaskResultStatus.READY,
        alive.pk: TaskResultStatus.RUNNING,
        far.pk: TaskResultStatus.RUNNING,
    }
