"""Carrying out a job: prepare, run as a limited process, meter, settle, collect. Works as a background job of the hub."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from django.conf import settings
from django_tasks import task

from hutong.engines.broker import Limits, Usage, alive, run_local
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.models import LONGEST_ENDING, Job
from hutong.modules.compute.programs import PROGRAMS
from hutong.platform import files, runner

LOG_NAME = "log.txt"


def folder_of(code: str) -> Path:
    """Where the job works, below the hub's home."""
    return Path(settings.HUTONG_HOME) / "jobs" / code


@task()
def execute(code: str) -> str:
    """Run the job of that code to its end and settle it, whatever breaks on the way. Returns how it ended."""
    job = Job.objects.select_related("allocation__system").get(code=code)
    if job.state != "running":
        return job.state
    folder, program = folder_of(code), PROGRAMS[job.program]
    folder.mkdir(parents=True, exist_ok=True)
    step, used_ms = "prepare", 0
    try:
        program.prepare(job, folder)
        step = "run"
        usage = _run(job, folder, program.module)
        used_ms = usage.used_ms
        if usage.ending == "finished":
            step = "collect"
            program.collect(job, folder)
    except Exception as problem:
        return _broken(job, folder, step, problem, used_ms)
    if usage.ending != "finished":
        return _fail(job, folder, usage.ending, used_ms)
    _settle("compute.job.finish", job, folder, usage.ending, used_ms)
    shutil.rmtree(folder, ignore_errors=True)
    return usage.ending


def _run(job: Job, folder: Path, module: str) -> Usage:
    def asked() -> bool:
        return Job.objects.filter(pk=job.pk, cancel_asked=True).exists()

    source = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(p for p in (source, os.environ.get("PYTHONPATH", "")) if p)
    command = [sys.executable, "-m", module, "run", str(folder)]
    limits = Limits(wall_s=job.limit_s)
    return run_local(
        command, folder, limits, chips=job.chips, cancelled=asked, environment={"PYTHONPATH": path}
    )


def _broken(job: Job, folder: Path, step: str, problem: Exception, used_ms: int) -> str:
    """Settle a job whose step broke off. A refusal is an ending like another; a fault of the hub is raised again."""
    refusal = problem if isinstance(problem, HutongError) else None
    rule = refusal.rule if refusal else type(problem).__name__
    said = refusal.what.en if refusal else "a fault of the hub, its operator was told"
    with (folder / LOG_NAME).open("a", encoding="utf-8") as log:
        log.write(f"{step} broke off: {said} ({rule})\n")
    ending = _fail(job, folder, f"{step}:{rule}"[:LONGEST_ENDING], used_ms)
    if refusal is None:
        raise problem
    return ending


def _fail(job: Job, folder: Path, ending: str, used_ms: int) -> str:
    _settle("compute.job.fail", job, folder, ending, used_ms)
    return ending


def _settle(operation: str, job: Job, folder: Path, ending: str, used_ms: int) -> None:
    log = folder / LOG_NAME
    stored = files.store(
        io.BytesIO(log.read_bytes() if log.is_file() else b""), name=LOG_NAME, media_type="text/plain"
    )
    runner.run(
        THE_HUB,
        operation,
        {"job": job.code, "ending": ending, "used": f"{used_ms}ms", "log": stored.sha256},
        key=f"settle-{job.code}",
    )


def recover() -> list[str]:
    """Fail the jobs that are said to run and have no process: their hours go back. For the start of a worker.

    A job without a folder was not begun: it still waits in the queue, and is not lost.
    """
    running = [(j, folder_of(j.code)) for j in Job.objects.filter(state="running")]
    lost = [job for job, folder in running if folder.is_dir() and not alive(folder)]
    for job in lost:
        _settle("compute.job.fail", job, folder_of(job.code), "lost", 0)
    return [j.code for j in lost]
