"""Carrying out an attempt: prepare its folder, hand it to the centre, and at its end collect, meter and settle."""

from __future__ import annotations

import io
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django_tasks import task

from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute import connections
from hutong.modules.compute.adapters import SAVED, Report, Task, Unreachable, Usage
from hutong.modules.compute.broker.centres import adapter_of, name_of
from hutong.modules.compute.broker.recall import RECALLED, gives_back, in_time
from hutong.modules.compute.models import LONGEST_ENDING, Attempt
from hutong.modules.compute.programs import PROGRAMS
from hutong.platform import files, runner

LOG_NAME = "log.txt"
# Ends of which the job bears no blame: it waits again, so many times.
GIVEN_BACK = ("preempted", "node_failed", "lost", "refused")
MOST_ATTEMPTS = 3
# How long after its end an attempt waits for the engine's accounts, where they had lost it.
UNACCOUNTED = timedelta(minutes=1)
LONGEST_LOG = 1 << 20
_SOURCE = str(Path(__file__).resolve().parents[3])
ENVIRONMENT = {
    "PYTHONPATH": _SOURCE,
    "PYTHONUNBUFFERED": "1",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}


def folder_of(code: str) -> Path:
    """Where the job works, below the hub's home. A centre on another machine sees it on a shared file system."""
    return Path(settings.HUTONG_HOME) / "jobs" / code


@task()
def begin(attempt: int) -> str:
    """Prepare the job's folder and hand it to its centre; harmless to repeat. Returns the state of the attempt."""
    found = Attempt.objects.select_related("job__allocation__system", "pool__centre").get(pk=attempt)
    if found.state == "ended" or found.reference:
        return found.state
    job, folder = found.job, folder_of(found.job.code)
    folder.mkdir(parents=True, exist_ok=True)
    step = "prepare"
    try:
        PROGRAMS[job.program].prepare(job, folder)
        step = "start"
        receipt = adapter_of(found.pool.centre).start(
            name_of(found), _task(found, folder), key=f"start-{attempt}"
        )
    except Unreachable:
        # Nothing is known: it stays as it is, and the next turn that hears the centre repeats the start.
        return found.state
    except Exception as problem:
        return _broken(found, step, problem)
    open_ = Attempt.objects.filter(pk=attempt).exclude(state="ended")
    open_.update(state="running", reference=receipt.number)
    return "running"


def _task(attempt: Attempt, folder: Path) -> Task:
    """The job as the centre's engine is to run it. A chip that the centre's connection maps to ``cpu`` is a core."""
    job, pool = attempt.job, attempt.pool
    about = connections.known(pool.centre.connection)
    # env --chdir (coreutils 8.28): the job works in its own folder, whatever folder its engine starts in.
    command = ("env", f"--chdir={folder}", *PROGRAMS[job.program].words(job))
    cores = about["engine"] != "local" and dict(about.get("models", {})).get(pool.chip) == "cpu"
    chips = attempt.chips
    nodes = -(-chips // pool.node_chips) if about["engine"] != "local" and not cores else 1
    return Task(
        command,
        chips=0 if cores else chips,
        cpus=chips if cores else 1,
        nodes=nodes if chips % nodes == 0 else 1,
        model=None if cores or about["engine"] == "local" else pool.chip,
        limit_s=max(1, job.limit_s - job.spent_s),
        label=job.code,
        environment={
            **ENVIRONMENT,
            "HUTONG_NUMBER": str(job.inputs.get("number", 1)),
            "HUTONG_CHIPS": str(chips),
            "HUTONG_TRY": str(job.attempts.filter(pk__lte=attempt.pk).count()),
        },
    )


def conclude(attempt: int, report: Report, usage: Usage) -> str:
    """Settle an attempt that is over at its centre. usage: what its accounts say. Returns how it ended."""
    found = Attempt.objects.select_related("job__allocation__system", "pool__centre").get(pk=attempt)
    if found.state == "ended" or found.job.state != "running":
        return found.ending
    centre, sent = adapter_of(found.pool.centre), name_of(found)
    report = in_time(found, report)
    if gives_back(found, report):
        return _give_back(found, report, usage)
    ending = "cancelled" if report.state == "refused" and found.stop_asked else report.state
    if ending in (*GIVEN_BACK, "cancelled") and not found.job.cancel_asked and _may_again(found):
        # Barred first, and looked at again: what the engine thinks lost may have begun meanwhile, or be about to.
        centre.cancel(sent, key=f"free-{attempt}")
        if centre.poll([sent])[sent].state not in (*GIVEN_BACK, "cancelled", "unknown"):
            return found.ending
        runner.run(
            THE_HUB, "compute.job.requeue", {"job": found.job.code, "ending": ending}, key=f"back-{attempt}"
        )
        return ending
    if not usage.final and (report.accounted or _recent(report)):
        if not report.accounted:
            # Of what the engine has lost it may keep the chips, and its account open.
            centre.cancel(sent, key=f"free-{attempt}")
        return found.ending
    began, ended = _span(usage, report)
    if ending != "finished":
        return _settle(found, "fail", ending, began, ended)
    try:
        PROGRAMS[found.job.program].collect(found.job, folder_of(found.job.code))
    except Exception as problem:
        return _broken(found, "collect", problem, began, ended)
    _settle(found, "finish", ending, began, ended)
    shutil.rmtree(folder_of(found.job.code), ignore_errors=True)
    return ending


def _give_back(attempt: Attempt, report: Report, usage: Usage) -> str:
    """A job that was called back has ended its attempt: what it kept is metered, and it waits again."""
    sent = name_of(attempt)
    adapter_of(attempt.pool.centre).cancel(sent, key=f"free-{attempt.pk}")
    if not usage.final and (report.accounted or _recent(report)):
        return attempt.ending
    began, ended = _span(usage, report)
    saved = report.status == SAVED
    if not saved and not attempt.job.checkpoint_s:
        # It keeps nothing, and pays for nothing: nor does it find anything.
        shutil.rmtree(folder_of(attempt.job.code), ignore_errors=True)
    given = {"job": attempt.job.code, "began": began.isoformat(), "ended": ended.isoformat(), "saved": saved}
    runner.run(THE_HUB, "compute.job.give_back", given, key=f"back-{attempt.pk}")
    return RECALLED


def _may_again(attempt: Attempt) -> bool:
    """Being called back is no fault, and counts for nothing."""
    return attempt.job.attempts.exclude(ending=RECALLED).count() < MOST_ATTEMPTS


def _recent(report: Report) -> bool:
    return report.ended_at is not None and timezone.now() - report.ended_at < UNACCOUNTED


def _span(usage: Usage, report: Report) -> tuple[datetime, datetime]:
    """From the first second on chips, as long as it had them in all, without gaps and suspension; as the guard saw it
    where the engine has no account of it; an instant where it never ran, or where the centre's clock was set back."""
    if usage.segments:
        began = min(s.started_at for s in usage.segments)
        held = (s.ended_at - s.started_at - timedelta(milliseconds=s.suspended_ms) for s in usage.segments)
        return began, began + sum((max(h, timedelta()) for h in held), timedelta())
    if not report.accounted and report.started_at and report.ended_at:
        return report.started_at, max(report.started_at, report.ended_at)
    now = timezone.now()
    return now, now


def _broken(
    attempt: Attempt,
    step: str,
    problem: Exception,
    began: datetime | None = None,
    ended: datetime | None = None,
) -> str:
    """Settle a job whose step broke off. A refusal is an ending like another; a fault of the hub is raised again."""
    refusal = problem if isinstance(problem, HutongError) else None
    rule = refusal.rule if refusal else type(problem).__name__
    said = refusal.what.en if refusal else "a fault of the hub, its operator was told"
    with (folder_of(attempt.job.code) / LOG_NAME).open("a", encoding="utf-8") as log:
        log.write(f"{step} broke off: {said} ({rule})\n")
    now = timezone.now()
    ending = _settle(attempt, "fail", f"{step}:{rule}"[:LONGEST_ENDING], began or now, ended or now)
    if refusal is None:
        raise problem
    return ending


def _settle(attempt: Attempt, how: str, ending: str, began: datetime, ended: datetime) -> str:
    job = attempt.job
    stored = files.store(io.BytesIO(log_of(attempt)), name=LOG_NAME, media_type="text/plain")
    given = {
        "job": job.code,
        "ending": ending,
        "began": began.isoformat(),
        "ended": ended.isoformat(),
        "log": stored.sha256,
    }
    runner.run(THE_HUB, f"compute.job.{how}", given, key=f"settle-{attempt.pk}")
    return ending


def log_of(attempt: Attempt) -> bytes:
    """What the job has said so far, and what the hub had to say; its last mebibyte."""
    places = (adapter_of(attempt.pool.centre).log(name_of(attempt)), folder_of(attempt.job.code) / LOG_NAME)
    return b"".join(_tail(place) for place in places)[-LONGEST_LOG:]


def _tail(place: Path | None) -> bytes:
    if place is None or not place.is_file():
        return b""
    with place.open("rb") as log:
        log.seek(max(0, place.stat().st_size - LONGEST_LOG))
        return log.read(LONGEST_LOG)
