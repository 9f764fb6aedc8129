"""Jobs, as people ask for them: submit, cancel, stop."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.operation import Help, Json, operation
from hutong.kernel.quantity import ChipTime
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import JOB
from hutong.modules.compute.models import Allocation, Attempt, Job, Reservation
from hutong.modules.compute.money import book, keeping
from hutong.modules.compute.programs import COMMAND
from hutong.modules.compute.queries import Terms, submit_jobs
from hutong.modules.compute.specs import EXAMPLE, work_of
from hutong.platform import files
from hutong.platform.context import RunContext


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
    chips_most: Annotated[
        int | None,
        Text("Up to (chips)", "最多卡数"),
        Help(
            Text(
                "It starts on any number from the one above to this. With checkpoints it grows and shrinks while it "
                "runs; without, it keeps the size it starts with. It finds the number in HUTONG_CHIPS.",
                "作业可在上述卡数与此数之间启动。有检查点时运行中可增减；无检查点则保持启动时的卡数。"
                "程序从环境变量 HUTONG_CHIPS 读取卡数。",
            )
        ),
    ] = None,
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
    hours: Annotated[
        ChipTime | None,
        Text("Chip-hours at most", "最多卡时"),
        Help(
            Text(
                "Set aside for each job. None: for all its chips until its limit; what it does not use goes back.",
                "每项作业预留的额度。不填：按最多卡数与时限预留，未用部分退回。",
            )
        ),
    ] = None,
    green: Annotated[
        bool,
        Text("May wait for a cleaner hour", "可等待低碳时段"),
        Help(
            Text(
                "Up to its deadline, which is then needed; of the pools that could start it, it takes the cleanest.",
                "在最迟结束时间之内等待，须填写该时间；可启动的算力池中优先选择碳排放最低者。",
            )
        ),
    ] = False,
    reservation: Annotated[
        Reservation | None,
        Text("In the reservation", "在预留内运行"),
        Help(
            Text(
                "It runs there only, and its limit lies inside.",
                "仅在该预留内运行，且时限不超出其时段。",
            )
        ),
    ] = None,
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
    terms = Terms(
        kinds,
        deadline,
        checkpoint_s,
        reservation=reservation,
        green=green,
        chips_most=chips_most,
        hours=hours,
    )
    jobs = submit_jobs(
        ctx, allocation, COMMAND, asked.as_json(), chips=chips, limit_s=limit_s, terms=terms, copies=copies
    )
    if copies > 1:
        ctx.note(jobs=copies, last=jobs[-1].code)
    return jobs[0]


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
    paid = keeping.before(job)
    book.settle(job.allocation, job, keeping.left_ms(job), 0, ctx.now)
    job.used_ms, job.native_ms, job.cost_fen = job.paid_ms, paid.native_ms, paid.cost_fen
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
