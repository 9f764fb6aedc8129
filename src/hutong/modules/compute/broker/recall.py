"""Chips called back: the decision carried out, the program told, its chips taken at the end of the notice.

What the program hears is SIGTERM, once. It saves and ends with status `SAVED` (85) where it is not done, with 0 where it
is. A program that ends otherwise after the warning, or has to be stopped at the end of the notice, keeps what it had at
its last regular checkpoint. Where a centre's engine passes no signal on, the program is stopped at the end of the notice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from hutong.engines.broker.decide import Recall
from hutong.engines.broker.money import from_ms, to_ms
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.adapters import SAVED, Adapter, Report
from hutong.modules.compute.broker.centres import name_of
from hutong.modules.compute.models import Attempt, Job
from hutong.platform import runner

RECALLED = "recalled"
# The cap on lost work looks an hour back from any loss; what was lost two hours ago touches none to come.
LOOKED_BACK = timedelta(hours=2)


def call_back(recall: Recall) -> bool:
    """Carry a recall out; False where the job has ended or was called since the picture was drawn."""
    given = {
        "job": recall.job,
        "due": from_ms(recall.due_ms).isoformat(),
        "why": recall.why,
        "for_whom": recall.for_whom,
        "lost_ms": recall.lost_ms,
    }
    try:
        runner.run(THE_HUB, "compute.job.recall", given)
    except HutongError:
        return False
    return True


def is_due(attempt: Attempt, now: datetime) -> bool:
    """Whether the notice of an attempt that was called back is over."""
    return attempt.due_at is not None and attempt.due_at <= now


def warn(adapter: Adapter, attempt: Attempt, report: Report) -> None:
    """Tell the program, once, that its chips are called back. What has not begun has nothing to save, and is stopped."""
    if not attempt.recall or attempt.warned:
        return
    if report.state in ("pending", "starting"):
        adapter.cancel(name_of(attempt), key=f"due-{attempt.pk}")
    elif report.state == "running" and adapter.warns:
        adapter.warn(name_of(attempt), key=f"warn-{attempt.pk}")
        Attempt.objects.filter(pk=attempt.pk).update(warned=True)


def in_time(attempt: Attempt, report: Report) -> Report:
    """A program that was stopped at the end of its notice and came to a good end meanwhile has finished."""
    if attempt.recall and report.state == "cancelled" and report.status == 0:
        return replace(report, state="finished")
    return report


def gives_back(attempt: Attempt, report: Report) -> bool:
    """Whether this end is that of being called back: stopped by us, or ended after the warning with its work undone.

    An end that came before the warning is the program's own, unless it says that it saved.
    """
    if not attempt.recall or attempt.job.cancel_asked:
        return False
    if report.state in ("cancelled", "refused"):
        return True
    return report.state == "failed" and (attempt.warned or report.status == SAVED)


def by_right(job: Job) -> bool:
    """Whether a job at work has its right where it runs: at the pool that is its home."""
    return job.right_at is not None and job.pool_id == job.allocation.pool_id


def last_saved_ms(job: Job, began_ms: int, now_ms: int) -> int:
    """The last regular checkpoint of a job at work, counted from its beginning; its beginning where it keeps none."""
    every = job.checkpoint_s * 1000
    return began_ms + (max(0, now_ms - began_ms) // every * every if every else 0)


def losses(now: datetime) -> tuple[tuple[int, int], ...]:
    """Work that recalls destroyed of late, and at most will: (instant, chip-milliseconds), in one query."""
    late = Q(state="ended", ended_at__gt=now - LOOKED_BACK) | ~Q(state="ended")
    rows = Attempt.objects.filter(late, lost_ms__gt=0).exclude(recall="").order_by("pk")
    return tuple(
        (to_ms(at), lost)
        for at, lost in (
            (ended if state == "ended" else due, lost)
            for state, ended, due, lost in rows.values_list("state", "ended_at", "due_at", "lost_ms")
        )
        if at is not None
    )
