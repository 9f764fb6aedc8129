"""Jobs: submit, start, cancel, stop, and what the hub itself writes when they come back or end."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Annotated

from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid
from hutong.kernel.operation import FileRef, Help, Json, operation
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.connections import admits_commands
from hutong.modules.compute.execution import begin
from hutong.modules.compute.lifecycle import JOB
from hutong.modules.compute.models import Allocation, Attempt, Job, Pool, Segment
from hutong.modules.compute.money import book, charging
from hutong.modules.compute.programs import COMMAND
from hutong.modules.compute.queries import Terms, at_work, submit_jobs
from hutong.modules.compute.specs import EXAMPLE, work_of
from hutong.platform import files
from hutong.platform.context import RunContext

Ending = Annotated[str, Text("How it ended", "结束方式")]
Log = Annotated[FileRef, Text("Log", "日志")]
Began = Annotated[datetime, Text("Began", "开始时间")]
Ended = Annotated[datetime, Text("Ended", "结束时间")]


@operation(
    "compute.job.submit",
    permission=may.JOB_SUBMIT,
    title=Text("Submit a job", "提交计算作业"),
    sentence=Text("submitted the job {subject}", "提交了计算作业 {subject}"),
    lifecycle=JOB,
    creates=Job,
)
def job_submit(
    ctx: RunContext,
    *,
    work: Annotated[
        Json, Text("What to run", "作业内容"), Help(Text(f"For example {EXAMPLE}", f"例如 {EXAMPLE}"))
    ],
    allocation: Allocation,
    chips: Annotated[int, Text("Chips", "卡数")] = 1,
    limit_s: Annotated[int, Text("Limit (seconds)", "时限（秒）")] = 3600,
    accept: Annotated[
        list[str],
        Text("Kinds of chip that it runs on", "可用芯片型号"),
        Help(Text("None: that of the allocation.", "不填：即配额所属型号。")),
    ] = [],  # noqa: B006
    deadline: Annotated[datetime | None, Text("To be over by", "最迟结束时间")] = None,
    checkpoint_s: Annotated[
        int,
        Text("Seconds between checkpoints", "检查点间隔（秒）"),
        Help(Text("0: an interruption loses all its work.", "0：中断将丢失全部进度。")),
    ] = 0,
    copies: Annotated[
        int,
        Text("Jobs in the array", "作业组数量"),
        Help(
            Text(
                "Each finds its number in HUTONG_NUMBER, from 1.",
                "各作业从环境变量 HUTONG_NUMBER 读取其序号，从1起。",
            )
        ),
    ] = 1,
) -> Job:
    """Queue a command on the partnership's chips: its hours are set aside, and the broker places it. An array queues many
    of one description, all or none."""
    if allocation.organisation_id != ctx.organisation:
        raise Denied(
            Text("The allocation {a} is not yours.", "算力配额 {a} 不属于本单位。").format(a=allocation.code),
            rule="job.allocation_own",
            remedy=Text("Name one of your own.", "请填写本单位的配额。"),
            field="allocation",
        )
    asked = work_of(work.value)
    for digest in asked.files.values():
        files.path_of(digest)
    if checkpoint_s < 0:
        raise Invalid(
            Text("Seconds between checkpoints are not negative.", "检查点间隔不能为负。"),
            rule="job.checkpoint",
            remedy=Text("Give 0 where the job keeps none.", "作业不设检查点时请填0。"),
            field="checkpoint_s",
        )
    kinds = tuple(kind for given in accept for kind in given.replace(",", " ").split())
    terms = Terms(kinds, deadline, checkpoint_s)
    jobs = submit_jobs(
        ctx, allocation, COMMAND, asked.as_json(), chips=chips, limit_s=limit_s, terms=terms, copies=copies
    )
    if copies > 1:
        ctx.note(jobs=copies, last=jobs[-1].code)
    return jobs[0]


@operation(
    "compute.job.start",
    permission=may.JOB_START,
    title=Text("Start the job", "启动计算作业"),
    sentence=Text("started the job {subject}", "启动了计算作业 {subject}"),
    lifecycle=JOB,
    transition=JOB.start,
)
def job_start(ctx: RunContext, job: Job, *, pool: Pool | None = None) -> None:
    """Start a waiting job on chips of a pool (its allocation's, unless another is named); it is metered until its end."""
    if job.allocation.state != "active":
        raise Conflict(
            Text("The allocation of this job is not active.", "该作业的算力配额未启用。"),
            rule="job.allocation",
            remedy=Text("Activate the allocation first.", "请先启用算力配额。"),
        )
    place = _room(job, pool or job.allocation.pool)
    job.pool = place
    job.started_at = ctx.now
    job.wait_ms = max(0, round((ctx.now - job.created_at).total_seconds() * 1000))
    attempt = Attempt.objects.create(job=job, pool=place, chips=job.chips, placed_at=ctx.now)
    ctx.note(wait_ms=job.wait_ms, pool=place.code, fence=attempt.pk)
    ctx.enqueue(begin, attempt=attempt.pk)


def _room(job: Job, pool: Pool) -> Pool:
    """Refuse a start where the pool cannot take it. The pool is locked: two starts at once count each other."""
    pool = Pool.objects.select_for_update(of=("self",)).select_related("centre").get(pk=pool.pk)
    # A closed pool still serves the allocations that it has; a centre that drains or is suspended starts nothing.
    own = pool.pk == job.allocation.pool_id
    if pool.centre.state != "active" or (pool.state != "active" and not own):
        raise Conflict(
            Text("The pool {p} takes no new job.", "算力池 {p} 不接受新作业。").format(p=pool.code),
            rule="pool.not_offered",
            remedy=Text("Name a pool that is active at an active centre.", "请选择在用中心的在用算力池。"),
            field="pool",
        )
    if job.regions is not None and pool.centre.region not in job.regions:
        raise Denied(
            Text("The job's data may not leave {r}.", "作业数据不得离开 {r}。").format(
                r=", ".join(job.regions) or "–"
            ),
            rule="pool.region",
            remedy=Text("Name a pool of a centre there.", "请选择该地区的算力中心。"),
            field="pool",
        )
    if job.program == COMMAND and not admits_commands(pool.centre.connection):
        raise Denied(
            Text("{c} runs no commands of people.", "{c} 不运行用户命令。").format(c=pool.centre.code),
            rule="pool.commands",
            remedy=Text(
                "Name a pool of a centre that does; the hub's operator admits them in centres.yaml.",
                "请选择接受命令的算力中心；由平台运维人员在 centres.yaml 中开放。",
            ),
            field="pool",
        )
    if pool.chip not in job.accept and not (own and not job.accept):
        raise Conflict(
            Text("The job does not run on {c}.", "该作业不能在 {c} 上运行。").format(c=pool.chip),
            rule="pool.chip",
            remedy=Text("Name a pool of {a}.", "请选择 {a} 的算力池。").format(a=", ".join(job.accept)),
            field="pool",
        )
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
    return pool


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
    job.used_ms = job.native_ms = job.cost_fen = 0
    job.ending, job.ended_at = "cancelled", ctx.now


@operation(
    "compute.job.stop",
    permission=may.JOB_CANCEL,
    title=Text("Stop the job", "停止计算作业"),
    sentence=Text("asked the job {subject} to stop", "要求停止计算作业 {subject}"),
    needs=("running",),
)
def job_stop(ctx: RunContext, job: Job) -> None:
    """Ask a running job to stop: its processes end within seconds, and what it used is paid for."""
    job.cancel_asked = True
    Attempt.objects.filter(job=job).exclude(state="ended").update(stop_asked=True)


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
    paid_until = min(ended, began + timedelta(seconds=job.limit_s))
    parts = charging.parts(pool, job.allocation.pool.chip, job.chips, began, paid_until)
    # Rounding up part by part can come to some milliseconds more than was held for the whole.
    paid = min(sum(p.used_ms for p in parts), job.held_ms)
    book.settle(job.allocation, job, job.held_ms, paid, ctx.now)
    Segment.objects.bulk_create([p.segment(job, pool) for p in parts])
    job.used_ms, job.native_ms, job.cost_fen = (
        paid,
        sum(p.native_ms for p in parts),
        sum(p.cost_fen for p in parts),
    )
    job.ending, job.ended_at, job.log_sha256 = ending, ended, log.sha256
    Attempt.objects.filter(job=job).exclude(state="ended").update(
        state="ended", started_at=began, ended_at=ended, ending=ending
    )
    ctx.note(
        used_ms=paid,
        native_ms=job.native_ms,
        chip=pool.chip,
        cost_fen=job.cost_fen,
        beyond_limit_s=max(0, math.ceil((ended - paid_until).total_seconds())),
        domestic="yes" if pool.domestic else "no",
        region=pool.centre.region,
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
    Attempt.objects.filter(job=job).exclude(state="ended").update(
        state="ended", ended_at=ctx.now, ending=ending
    )
    job.pool, job.started_at = None, None
