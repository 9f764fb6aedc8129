"""Chips called back while a job runs on them, and the job that gives them back: what it kept is paid, what was lost is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import operation
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.broker.recall import RECALLED
from hutong.modules.compute.lifecycle import JOB
from hutong.modules.compute.models import Attempt, Job, Segment
from hutong.modules.compute.money import book, charging, keeping
from hutong.platform.context import RunContext


@operation(
    "compute.job.recall",
    permission=may.JOB_SETTLE,
    title=Text("Call the job's chips back", "收回作业所占芯片"),
    sentence=Text("called the chips of the job {subject} back", "要求计算作业 {subject} 归还芯片"),
    needs=("running",),
    hidden=True,
)
def job_recall(
    ctx: RunContext,
    job: Job,
    *,
    due: Annotated[datetime, Text("By", "归还期限")],
    why: Annotated[str, Text("Why", "原因")],
    for_whom: Annotated[str, Text("For", "用于")],
    lost_ms: Annotated[int, Text("Work lost at most (chip-milliseconds)", "至多损失（卡毫秒）")] = 0,
) -> None:
    """Ask a running job to save and give its chips back by a moment; it goes on later, with what is left of its limit.
    Once per run."""
    attempt = Attempt.objects.select_for_update(of=("self",)).filter(job=job).exclude(state="ended").first()
    if attempt is None or attempt.recall:
        raise Conflict(
            Text("The chips of this job are called back already.", "该作业的芯片已被要求归还。"),
            rule="recall.once",
            remedy=Text("Wait until it has given them back.", "请等待其归还。"),
            field="job",
        )
    attempt.recall, attempt.due_at, attempt.lost_ms = why, due, max(0, lost_ms)
    attempt.save(update_fields=["recall", "due_at", "lost_ms"])
    ctx.note(pool=attempt.pool.code, fence=attempt.pk, chips=attempt.chips)


@operation(
    "compute.job.give_back",
    permission=may.JOB_SETTLE,
    title=Text("Give the chips back", "归还芯片"),
    sentence=Text("gave the chips of the job {subject} back", "归还了计算作业 {subject} 的芯片"),
    lifecycle=JOB,
    transition=JOB.requeue,
    hidden=True,
)
def job_give_back(
    ctx: RunContext,
    job: Job,
    *,
    began: Annotated[datetime, Text("Began", "开始时间")],
    ended: Annotated[datetime, Text("Ended", "结束时间")],
    saved: Annotated[bool, Text("It saved all its work", "进度已全部保存")],
) -> None:
    """A job that was called back waits again. What it kept is metered and paid: all where it saved, else up to its last
    regular checkpoint, nothing where it keeps none. What was destroyed nobody pays; it counts to the cap on recalls."""
    attempt = Attempt.objects.select_related("pool__centre").filter(job=job).exclude(state="ended").first()
    if attempt is None or not attempt.recall:
        raise Conflict(
            Text("The chips of this job were not called back.", "该作业的芯片未被要求归还。"),
            rule="recall.none",
            remedy=Text("Requeue it instead.", "请改为重新排队。"),
            field="job",
        )
    if ended < began:
        raise Invalid(
            Text("The job ended before it began.", "作业结束早于开始。"),
            rule="job.span",
            remedy=Text("Read the centre's accounting again.", "请重新读取算力中心的计量记录。"),
            field="ended",
        )
    kept_ms = keeping.kept_ms(job, began, ended, saved=saved)
    parts = charging.parts(
        attempt.pool, job.allocation.pool.chip, attempt.chips, began, began + timedelta(milliseconds=kept_ms)
    )
    paid = keeping.payable(job, parts)
    book.spend(job.allocation, job, paid, ctx.now)
    Segment.objects.bulk_create([p.segment(job, attempt.pool, attempt) for p in parts])
    job.paid_ms += paid
    job.spent_s = min(job.limit_s - 1, job.spent_s + -(-kept_ms // 1000))
    lost = attempt.chips * max(0, (ended - began) // timedelta(milliseconds=1) - kept_ms)
    Attempt.objects.filter(pk=attempt.pk).update(
        state="ended", started_at=began, ended_at=ended, ending=RECALLED, lost_ms=lost
    )
    job.pool, job.started_at = None, None
    ctx.note(
        used_ms=paid,
        native_ms=sum(p.native_ms for p in parts),
        cost_fen=sum(p.cost_fen for p in parts),
        lost_ms=lost,
        chip=attempt.pool.chip,
        domestic="yes" if attempt.pool.domestic else "no",
        region=attempt.pool.centre.region,
        fence=attempt.pk,
    )
