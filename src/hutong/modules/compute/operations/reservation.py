"""Reservations: chips of a pool kept for a stretch of time, for a course, an exercise, an emergency or maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from hutong.kernel.errors import Conflict, Exhausted, Invalid
from hutong.kernel.operation import Help, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.broker import calendar
from hutong.modules.compute.lifecycle import JOB, RESERVATION
from hutong.modules.compute.models import Allocation, Job, Pool, Reservation
from hutong.modules.compute.money import book
from hutong.modules.compute.show.words import clock
from hutong.platform.context import RunContext

# So far ahead a calendar is kept.
FARTHEST = timedelta(days=366)


@operation(
    "compute.reservation.reserve",
    permission=may.RESERVATION_RESERVE,
    title=Text("Reserve chips", "预留芯片"),
    sentence=Text("made the reservation {subject}", "设立了预留 {subject}"),
    lifecycle=RESERVATION,
    creates=Reservation,
    needs=("active",),
)
def reservation_reserve(
    ctx: RunContext,
    pool: Pool,
    *,
    chips: Annotated[int, Text("Number of chips", "芯片数量")],
    ends: Annotated[datetime, Text("Until, excluded", "时段止（不含）")],
    begins: Annotated[
        datetime | None, Text("From", "时段起"), Help(Text("Empty: from now on.", "不填：自现在起。"))
    ] = None,
    allocation: Annotated[
        Allocation | None,
        Text("For the jobs of", "供其作业使用"),
        Help(
            Text(
                "An allocation, whose jobs name the reservation. Empty: nothing runs on the chips (maintenance).",
                "算力配额，其作业指明该预留后运行。不填：芯片不运行作业（如检修）。",
            )
        ),
    ] = None,
    purpose: Annotated[
        str,
        Text("Purpose", "用途"),
        Long(500),
        Help(Text("Everybody who sees the calendar reads it.", "所有可见日程者均可阅读。")),
    ],
) -> Reservation:
    """Keep chips of a pool for a stretch of time. It is granted only where they are free for all of it; no other job runs
    into it, and jobs that name it run inside it."""
    since = begins or ctx.now
    if since < ctx.now or not since < ends <= ctx.now + FARTHEST:
        raise Invalid(
            Text(
                "A reservation begins now or later, ends after that, within 366 days.",
                "预留须自现在或之后开始，在其后结束，且不晚于366天之内。",
            ),
            rule="reservation.span",
            remedy=Text("Give moments to come, in their order.", "请依次填写将来的时间。"),
            field="ends" if since >= ctx.now else "begins",
        )
    # Locked: a start and a reservation at once count each other.
    found = Pool.objects.select_for_update(of=("self",)).get(pk=pool.pk)
    if not 1 <= chips <= found.chips:
        raise Invalid(
            Text("The pool {p} has {n} chips.", "算力池 {p} 共{n}芯片。").format(p=found.code, n=found.chips),
            rule="reservation.chips",
            remedy=Text("Reserve 1 to {n}.", "请预留1至{n}。").format(n=found.chips),
            field="chips",
        )
    if allocation is not None and allocation.state != "active":
        raise Conflict(
            Text("The allocation {a} is not active.", "算力配额 {a} 未启用。").format(a=allocation.code),
            rule="reservation.allocation",
            remedy=Text("Activate it first.", "请先启用该配额。"),
            field="allocation",
        )
    _fits(found, chips, since, ends, ctx.now)
    return Reservation(
        pool=pool, allocation=allocation, chips=chips, begins=since, ends=ends, purpose=purpose
    )


def _fits(pool: Pool, chips: int, begins: datetime, ends: datetime, now: datetime) -> None:
    """Conservative: the chips are free for the whole span, whatever runs now runs to its limit, else `Exhausted`."""
    room = calendar.room(pool, now)
    free = room.free(calendar.ms(begins), calendar.ms(ends))
    if chips <= free:
        return
    first = calendar.first_room(room, chips, begins, ends - begins)
    later = Text("Begin {t} or later", "请改为{t}或之后开始").format(t=clock(first)) if first else None
    fewer = Text("reserve {n} chips", "预留{n}芯片").format(n=free) if free > 0 else None
    ways = [w for w in (later, fewer) if w is not None] or [Text("Choose another pool", "请选择其他算力池")]
    raise Exhausted(
        Text(
            "{f} of {n} chips are free for all of that time; running jobs count until their limit.",
            "该时段内{n}芯片中仅{f}可预留；运行中的作业计至其时限。",
        ).format(f=max(0, free), n=pool.chips),
        rule="reservation.no_room",
        remedy=Text(
            f"{' or '.join(w.en for w in ways)}, or have running jobs stopped first.",
            f"{'，或'.join(w.zh for w in ways)}，或先停止运行中的作业。",
        ),
        field="begins" if first else "chips",
    )


@operation(
    "compute.reservation.cancel",
    permission=may.RESERVATION_CANCEL,
    title=Text("Cancel the reservation", "取消预留"),
    sentence=Text("cancelled the reservation {subject}", "取消了预留 {subject}"),
    lifecycle=RESERVATION,
    transition=RESERVATION.cancel,
)
def reservation_cancel(ctx: RunContext, reservation: Reservation, *, reason: Reason) -> None:
    """Give the chips back to all. Jobs that run in it go on to their limit; jobs that wait for it are let go."""
    _let_go(ctx, reservation)


@operation(
    "compute.reservation.close",
    permission=may.RESERVATION_CLOSE,
    title=Text("Close the reservation", "预留到期"),
    sentence=Text("closed the reservation {subject}", "预留 {subject} 到期"),
    lifecycle=RESERVATION,
    transition=RESERVATION.close,
    hidden=True,
)
def reservation_close(ctx: RunContext, reservation: Reservation) -> None:
    """The reservation is over. Jobs that still wait for it are let go."""
    _let_go(ctx, reservation)


def _let_go(ctx: RunContext, reservation: Reservation) -> None:
    """Note how many jobs wait for a reservation that is over and run in it; the next turn lets those that wait lapse."""
    states = list(Job.objects.filter(reservation=reservation).values_list("state", flat=True))
    ctx.note(waiting=states.count("submitted"), running=states.count("running"))


@operation(
    "compute.job.lapse",
    permission=may.JOB_SETTLE,
    title=Text("Let the job lapse", "作业失效"),
    sentence=Text("let the job {subject} lapse", "计算作业 {subject} 失效"),
    lifecycle=JOB,
    transition=JOB.cancel,
    hidden=True,
)
def job_lapse(ctx: RunContext, job: Job) -> None:
    """The reservation that a waiting job names is over: its hours go back at once."""
    if job.reservation is None or job.reservation.state == "active":
        raise Conflict(
            Text("The reservation of this job stands.", "该作业的预留仍有效。"),
            rule="job.reservation",
            remedy=Text("Wait for its end, or cancel the job.", "请等待预留结束，或取消作业。"),
        )
    book.settle(job.allocation, job, job.held_ms, 0, ctx.now)
    job.used_ms = job.native_ms = job.cost_fen = 0
    job.ending, job.ended_at = "reservation_over", ctx.now
