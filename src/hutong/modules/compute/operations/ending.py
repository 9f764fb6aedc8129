"""The end of a job's run, as the hub itself writes it: finished, failed, or given back by the centre."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Annotated

from hutong.kernel.errors import Invalid
from hutong.kernel.operation import FileRef, operation
from hutong.kernel.text import Text
from hutong.modules.compute import avoiding
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import JOB
from hutong.modules.compute.models import Attempt, Job, Segment
from hutong.modules.compute.money import book, carbon, charging, keeping
from hutong.platform.context import RunContext

Ending = Annotated[str, Text("How it ended", "结束方式")]
Log = Annotated[FileRef, Text("Log", "日志")]
Began = Annotated[datetime, Text("Began", "开始时间")]
Ended = Annotated[datetime, Text("Ended", "结束时间")]


def _end(ctx: RunContext, job: Job, ending: str, began: datetime, ended: datetime, log: FileRef) -> None:
    """Settle the book and write the meter. What a centre let run beyond the limit is its loss, and is noted."""
    if ended < began:
        raise Invalid(
            Text("The job ended before it began.", "作业结束早于开始。"),
            rule="job.span",
            remedy=Text("Read the centre's accounting again.", "请重新读取算力中心的计量记录。"),
            field="ended",
        )
    pool = job.pool or job.allocation.pool
    attempt = Attempt.objects.filter(job=job).exclude(state="ended").first()
    chips = job.chips if attempt is None else attempt.chips
    paid_until = min(ended, began + timedelta(seconds=job.limit_s - job.spent_s))
    parts = charging.parts(pool, job.allocation.pool.chip, chips, began, paid_until)
    paid, earlier = keeping.payable(job, parts), keeping.before(job)
    book.settle(job.allocation, job, keeping.left_ms(job), paid, ctx.now)
    Segment.objects.bulk_create([p.segment(job, pool, attempt) for p in parts])
    native, cost = sum(p.native_ms for p in parts), sum(p.cost_fen for p in parts)
    job.used_ms = job.paid_ms + paid
    job.native_ms, job.cost_fen = earlier.native_ms + native, earlier.cost_fen + cost
    job.ending, job.ended_at, job.log_sha256 = ending, ended, log.sha256
    # What it was called back for, if it was, cost nothing: it came to its own end.
    Attempt.objects.filter(job=job).exclude(state="ended").update(
        state="ended", started_at=began, ended_at=ended, ending=ending, lost_ms=0
    )
    # Of this attempt alone: earlier ones were noted when they gave their chips back.
    ctx.note(
        used_ms=paid,
        native_ms=native,
        chip=pool.chip,
        cost_fen=cost,
        beyond_limit_s=max(0, math.ceil((ended - paid_until).total_seconds())),
        domestic="yes" if pool.domestic else "no",
        region=pool.centre.region,
    )
    carbon.write(ctx, job)


@operation(
    "compute.job.finish",
    permission=may.JOB_SETTLE,
    title=Text("Finish the job", "完成计算作业"),
    sentence=Text("finished the job {subject}", "完成了计算作业 {subject}"),
    lifecycle=JOB,
    transition=JOB.finish,
    hidden=True,
)
def job_finish(ctx: RunContext, job: Job, *, ending: Ending, began: Began, ended: Ended, log: Log) -> None:
    """Record the good end of a job: what it used is taken from its hold, the rest goes back."""
    _end(ctx, job, ending, began, ended, log)


@operation(
    "compute.job.fail",
    permission=may.JOB_SETTLE,
    title=Text("Fail the job", "作业失败"),
    sentence=Text("recorded the failure of the job {subject}", "记录了计算作业 {subject} 的失败"),
    lifecycle=JOB,
    transition=JOB.fail,
    hidden=True,
)
def job_fail(ctx: RunContext, job: Job, *, ending: Ending, began: Began, ended: Ended, log: Log) -> None:
    """Record the bad end of a job: what it used is paid for, the rest goes back."""
    _end(ctx, job, ending, began, ended, log)


@operation(
    "compute.job.requeue",
    permission=may.JOB_SETTLE,
    title=Text("Put the job back into the queue", "作业重新排队"),
    sentence=Text("put the job {subject} back into the queue", "将计算作业 {subject} 重新排队"),
    lifecycle=JOB,
    transition=JOB.requeue,
    hidden=True,
)
def job_requeue(ctx: RunContext, job: Job, *, ending: Ending) -> None:
    """A centre gave the job back before its end: it waits again with its hours still held; lost work is not paid for."""
    if job.pool is not None:
        avoiding.after_failure(job, job.pool.centre.code, ending)
    Attempt.objects.filter(job=job).exclude(state="ended").update(
        state="ended", ended_at=ctx.now, ending=ending, lost_ms=0
    )
    job.pool, job.started_at = None, None
