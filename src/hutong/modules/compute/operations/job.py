"""Jobs: start, cancel, and what the hub itself writes at their end."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from hutong.kernel.errors import Conflict, Exhausted
from hutong.kernel.operation import FileRef, operation
from hutong.kernel.quantity import ChipTime
from hutong.kernel.text import Text
from hutong.modules.compute import book
from hutong.modules.compute import policy as may
from hutong.modules.compute.execution import execute
from hutong.modules.compute.lifecycle import JOB
from hutong.modules.compute.models import Job, Pool, Segment
from hutong.modules.compute.queries import at_work, cost_fen
from hutong.platform.context import RunContext

Ending = Annotated[str, Text("How it ended", "结束方式")]
Used = Annotated[ChipTime, Text("Chip-time used", "实际用量")]
Log = Annotated[FileRef, Text("Log", "日志")]


@operation(
    "compute.job.start",
    permission=may.JOB_START,
    title=Text("Start the job", "启动计算作业"),
    sentence=Text("started the job {subject}", "启动了计算作业 {subject}"),
    lifecycle=JOB,
    transition=JOB.start,
)
def job_start(ctx: RunContext, job: Job) -> None:
    """Start a waiting job on the centre's chips; it runs in the background and is metered."""
    if job.allocation.state != "active":
        raise Conflict(
            Text("The allocation of this job is not active.", "该作业的算力配额未启用。"),
            rule="job.allocation",
            remedy=Text("Activate the allocation first.", "请先启用算力配额。"),
        )
    _room(job)
    job.started_at = ctx.now
    job.wait_ms = max(0, round((ctx.now - job.created_at).total_seconds() * 1000))
    ctx.note(wait_ms=job.wait_ms)
    ctx.enqueue(execute, code=job.code)


def _room(job: Job) -> None:
    """Refuse a start where the pool's chips are at work. The pool is locked: two starts at once count each other."""
    pool = Pool.objects.select_for_update().get(pk=job.allocation.pool_id)
    busy = at_work(pool)
    if busy + job.chips > pool.chips:
        raise Exhausted(
            Text(
                "{b} of {n} chips are at work; this job needs {k}.", "共{n}芯片，{b}在用；该作业需{k}。"
            ).format(b=busy, n=pool.chips, k=job.chips),
            rule="pool.busy",
            remedy=Text("Start it when a running job has ended.", "请待运行中的作业结束后启动。"),
            field="job",
        )


@operation(
    "compute.job.cancel",
    permission=may.JOB_CANCEL,
    title=Text("Cancel the job", "取消计算作业"),
    sentence=Text("cancelled the job {subject}", "取消了计算作业 {subject}"),
    lifecycle=JOB,
    transition=JOB.cancel,
)
def job_cancel(ctx: RunContext, job: Job) -> None:
    """Take back a job that has not started; its hours go back at once."""
    book.settle(job.allocation, job, job.held_ms, 0, ctx.now)
    job.used_ms, job.ending, job.ended_at = 0, "cancelled", ctx.now


@operation(
    "compute.job.stop",
    permission=may.JOB_CANCEL,
    title=Text("Stop the job", "停止计算作业"),
    sentence=Text("asked the job {subject} to stop", "要求停止计算作业 {subject}"),
)
def job_stop(ctx: RunContext, job: Job) -> None:
    """Ask a running job to stop: its processes end within seconds, and what it used is paid for."""
    if job.state != "running":
        raise Conflict(
            Text("The job does not run.", "该作业未在运行。"),
            rule="job.not_running",
            remedy=Text("A waiting job is cancelled instead.", "排队中的作业请改为取消。"),
        )
    job.cancel_asked = True


def _end(ctx: RunContext, job: Job, ending: str, used: ChipTime, log: FileRef) -> None:
    """Settle the book and write the meter. What went beyond the hold is the hub's loss, and is noted."""
    paid = min(used.as_json(), job.held_ms)
    book.settle(job.allocation, job, job.held_ms, paid, ctx.now)
    job.used_ms, job.ending, job.ended_at, job.log_sha256 = paid, ending, ctx.now, log.sha256
    if paid:
        began = ctx.now - timedelta(milliseconds=paid // job.chips)
        Segment.objects.create(job=job, began_at=began, ended_at=ctx.now, chips=job.chips, used_ms=paid)
    ctx.note(
        used_ms=paid,
        cost_fen=cost_fen(job),
        beyond_hold_ms=used.as_json() - paid,
        domestic="yes" if job.allocation.pool.domestic else "no",
        region=job.allocation.pool.centre.region,
    )


@operation(
    "compute.job.finish",
    permission=may.JOB_SETTLE,
    title=Text("Finish the job", "完成计算作业"),
    sentence=Text("finished the job {subject}", "完成了计算作业 {subject}"),
    lifecycle=JOB,
    transition=JOB.finish,
    hidden=True,
)
def job_finish(ctx: RunContext, job: Job, *, ending: Ending, used: Used, log: Log) -> None:
    """Record the good end of a job: what it used is taken from its hold, the rest goes back."""
    _end(ctx, job, ending, used, log)


@operation(
    "compute.job.fail",
    permission=may.JOB_SETTLE,
    title=Text("Fail the job", "作业失败"),
    sentence=Text("recorded the failure of the job {subject}", "记录了计算作业 {subject} 的失败"),
    lifecycle=JOB,
    transition=JOB.fail,
    hidden=True,
)
def job_fail(ctx: RunContext, job: Job, *, ending: Ending, used: Used, log: Log) -> None:
    """Record the bad end of a job: what it used is paid for, the rest goes back."""
    _end(ctx, job, ending, used, log)
