"""A job and the calendar: what a job that names a reservation must be, and that no job runs into one."""

from __future__ import annotations

from datetime import datetime, timedelta

from hutong.kernel.errors import Conflict, Exhausted, Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.broker import calendar
from hutong.modules.compute.connections import admits_commands
from hutong.modules.compute.models import Allocation, Job, Pool, Reservation
from hutong.modules.compute.programs import COMMAND
from hutong.modules.compute.show.words import clock
from hutong.modules.compute.sizes import limit_left_ms, size_of, sized

PROMISED = Text("a job that waits for a cleaner hour", "等待低碳时段的作业")


def admitted(
    reservation: Reservation,
    allocation: Allocation,
    accept: tuple[str, ...],
    program: str,
    limit_s: int,
    now: datetime,
) -> None:
    """Refuse a job that could never run in the reservation that it names: `Conflict` or `Invalid`."""
    if reservation.state != "active" or reservation.ends <= now:
        raise _no(Text("The reservation {r} is over.", "预留 {r} 已结束。"), reservation, "reservation_over")
    if reservation.allocation_id != allocation.pk:
        raise _no(
            Text("The reservation {r} is not for this allocation.", "预留 {r} 不供该配额使用。"),
            reservation,
            "reservation_allocation",
        )
    if reservation.pool.chip not in accept:
        raise _no(
            Text("The chips of {r} are none that the job accepts.", "预留 {r} 的芯片型号不在作业可用之列。"),
            reservation,
            "reservation_chip",
        )
    if program == COMMAND and not admits_commands(reservation.pool.centre.connection):
        raise _no(
            Text("The centre of {r} runs no commands of people.", "预留 {r} 所在中心不运行用户命令。"),
            reservation,
            "reservation_commands",
        )
    left = reservation.ends - max(now, reservation.begins)
    if timedelta(seconds=limit_s) > left:
        raise Invalid(
            Text("The limit is longer than what is left of {r}.", "时限超出预留 {r} 的剩余时间。").format(
                r=reservation.code
            ),
            rule="job.reservation_span",
            remedy=Text("Give at most {n} seconds.", "请填写至多{n}秒。").format(n=int(left.total_seconds())),
            field="limit_s",
        )


def _no(what: Text, reservation: Reservation, rule: str) -> Conflict:
    return Conflict(
        what.format(r=reservation.code),
        rule=f"job.{rule}",
        remedy=Text("Name another reservation, or none.", "请填写其他预留，或不填。"),
        field="reservation",
    )


def keeps_calendar(job: Job, pool: Pool, now: datetime) -> None:
    """Refuse a start that would run into a reservation, or out of its own. The pool is locked by the caller."""
    if job.reservation is not None:
        _inside(job, job.reservation, pool, now)
        return
    end = now + timedelta(milliseconds=limit_left_ms(job))
    free = calendar.room(pool, now, but=job).free(calendar.ms(now), calendar.ms(end))
    if job.chips <= free:
        return
    kept = [r for r in calendar.standing(now, pool=pool) if r.begins < end]
    names = ", ".join(f"{r.code} ({clock(r.begins)} – {clock(r.ends)})" for r in kept)
    whom = Text(names, names) if kept else PROMISED
    raise Exhausted(
        Text("Chips of {p} are kept for {r}.", "{p} 的芯片已为 {r} 预留。").format(p=pool.code, r=whom),
        rule="pool.reserved",
        remedy=Text(
            "Start a job that is over before it begins, or have it cancelled.",
            "请启动能在其开始前结束的作业，或将其取消。",
        ),
        field="job",
    )


def _inside(job: Job, reservation: Reservation, pool: Pool, now: datetime) -> None:
    end = now + timedelta(milliseconds=limit_left_ms(job))
    if pool.pk != reservation.pool_id or reservation.state != "active":
        raise _outside(job, reservation)
    if not reservation.begins <= now or end > reservation.ends:
        raise _outside(job, reservation)
    others = map(size_of, sized(Job.objects.filter(state="running", reservation=reservation)))
    if sum(others) + job.chips > reservation.chips:
        raise Exhausted(
            Text("The chips of {r} are at work.", "预留 {r} 的芯片已在用。").format(r=reservation.code),
            rule="reservation.busy",
            remedy=Text("Start it when a job in it has ended.", "请待其中的作业结束后启动。"),
            field="job",
        )


def _outside(job: Job, reservation: Reservation) -> Conflict:
    return Conflict(
        Text(
            "The job runs in {r} only: at {p}, from {b} to {e}.", "该作业仅在预留 {r} 内运行：{p}，{b}至{e}。"
        ).format(
            r=reservation.code,
            p=reservation.pool.code,
            b=clock(reservation.begins),
            e=clock(reservation.ends),
        ),
        rule="job.reservation_only",
        remedy=Text("Start it there, so that it ends in time.", "请在该预留内启动，并确保按时结束。"),
        field="pool",
    )
