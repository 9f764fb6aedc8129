"""Starting a job on chips of a pool, and what keeps a pool from taking it."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Conflict, Denied, Exhausted
from hutong.kernel.operation import Help, operation
from hutong.kernel.text import Text
from hutong.modules.compute import avoiding
from hutong.modules.compute import policy as may
from hutong.modules.compute.connections import admits_commands
from hutong.modules.compute.execution import begin
from hutong.modules.compute.inside import keeps_calendar
from hutong.modules.compute.lifecycle import JOB
from hutong.modules.compute.models import Attempt, Job, Pool
from hutong.modules.compute.programs import COMMAND
from hutong.modules.compute.queries import at_work
from hutong.modules.compute.sizes import start_size, waited_ms
from hutong.platform.context import RunContext


@operation(
    "compute.job.start",
    permission=may.JOB_START,
    title=Text("Start the job", "启动计算作业"),
    sentence=Text("started the job {subject}", "启动了计算作业 {subject}"),
    lifecycle=JOB,
    transition=JOB.start,
)
def job_start(
    ctx: RunContext,
    job: Job,
    *,
    pool: Pool | None = None,
    chips: Annotated[
        int | None,
        Text("Chips", "卡数"),
        Help(Text("None: the least that it asks for.", "不填：其最少卡数。")),
    ] = None,
) -> None:
    """Start a waiting job on chips of a pool (its allocation's, unless another is named); it is metered until its end."""
    if job.allocation.state != "active":
        raise Conflict(
            Text("The allocation of this job is not active.", "该作业的算力配额未启用。"),
            rule="job.allocation",
            remedy=Text("Activate the allocation first.", "请先启用算力配额。"),
        )
    home = job.allocation.pool if job.reservation is None else job.reservation.pool
    size = start_size(job, chips, ctx.now)
    place = _room(job, pool or home, size)
    keeps_calendar(job, place, ctx.now)
    avoiding.begins(job)
    job.pool = place
    job.started_at = ctx.now
    job.wait_ms, again = waited_ms(job, ctx.now)
    attempt = Attempt.objects.create(job=job, pool=place, chips=size, placed_at=ctx.now)
    ctx.note(wait_ms=job.wait_ms, pool=place.code, fence=attempt.pk, chips=size)
    if again:
        ctx.note(again="yes")
    ctx.enqueue(begin, attempt=attempt.pk)


def _room(job: Job, pool: Pool, size: int) -> Pool:
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
    refusal = avoiding.refused_by(job, pool.centre.code)
    if refusal is not None:
        raise Denied(
            Text("{c} declined the job: {w}", "{c} 拒绝了该作业：{w}").format(
                c=pool.centre.code, w=refusal["why"]
            ),
            rule="pool.declined",
            remedy=Text("Name a pool of another centre.", "请选择其他算力中心的算力池。"),
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
    if busy + size > pool.chips:
        raise Exhausted(
            Text(
                "{b} of {n} chips are at work; this job needs {k}.", "共{n}芯片，{b}在用；该作业需{k}。"
            ).format(b=busy, n=pool.chips, k=size),
            rule="pool.busy",
            remedy=Text("Start it when a running job has ended.", "请待运行中的作业结束后启动。"),
            field="job",
        )
    return pool
