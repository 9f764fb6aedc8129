"""The calendar of a centre: what is reserved on its pools, on its page, on the page of a reservation, and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hutong.kernel.permission import Actor, allowing
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Centre, Job, Reservation
from hutong.modules.compute.show.icalendar import CalendarEvent, icalendar
from hutong.modules.compute.show.words import clock, count, counted, span
from hutong.platform.component_pages import Link
from hutong.platform.components import Cell, Column, EmptyState, Figure, State, Table
from hutong.platform.entities import Sight
from hutong.platform.parsing import load_record

TITLE = Text("Calendar", "日程")
JOBS = Text("Jobs in it", "其中的作业")
MOST_SHOWN = 100
NOBODY = Text("nobody: the chips stand idle", "无：芯片闲置")


def calendar_section(centre: Centre, held: Sequence[Reservation]) -> tuple[tuple[Text, Any], ...]:
    """What is reserved at a centre from now on, as a table, and the file to subscribe to."""
    columns = (
        Column(Text("Reservation", "预留"), "code"),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("From", "自"), "date"),
        Column(Text("Until", "至"), "date"),
        Column(Text("Purpose", "用途")),
    )
    rows = tuple(
        (
            Cell(r.code, url=f"/compute/reservation/{r.code}"),
            Cell(r.pool.code, url=f"/compute/pool/{r.pool.code}"),
            Cell(count(r.chips)),
            Cell(r.begins),
            Cell(r.ends),
            Cell(r.purpose),
        )
        for r in held[:MOST_SHOWN]
    )
    nothing = EmptyState(Text("Nothing is reserved here.", "尚无预留。"))
    table = Table(TITLE, columns, rows, empty=nothing, caption_hidden=True)
    file = Link(
        Text("As iCalendar file", "iCalendar 日程文件"), f"/compute/centre/{centre.code}/calendar.ics"
    )
    return ((TITLE, table), (Text("Subscribe", "订阅"), file))


def reservation_context(seen: Sight) -> dict[str, Any]:
    """What is kept until when in a sentence, how much of it is at work, and its jobs: one query."""
    record: Reservation = seen.record
    now = timezone.now()
    jobs = list(
        Job.objects.filter(reservation=record).select_related("allocation__pool__centre", "pool__centre")
    )
    busy = sum(j.chips for j in jobs if j.state == "running")
    waiting = sum(1 for j in jobs if j.state == "submitted")
    figures = (
        Figure(Text("chips at work in it", "其中在用芯片"), count(busy), _of(record.chips), on=now),
        Figure(Text("jobs waiting for it", "等待的作业"), count(waiting), on=now),
        Figure(Text("length", "时长"), span(round((record.ends - record.begins).total_seconds() * 1000))),
    )
    context: dict[str, Any] = {"figures": figures, "lead": lead(record, now)}
    if record.allocation is not None:
        mine = [j for j in jobs if allowing(may.JOB_VIEW, seen.actor, j)]
        context["sections"] = ((JOBS, _jobs(mine[:MOST_SHOWN])),)
    return context


def _of(chips: int) -> Text:
    return Text("of {n}", "共{n}").format(n=chips)


def lead(record: Reservation, now: datetime) -> Text:
    """What is kept, from when until when, for whom."""
    said: dict[str, object] = {"b": clock(record.begins), "e": clock(record.ends), "p": record.pool.code}
    said |= {"n": counted(record.chips, "chip", "芯片"), "w": _whom(record)}
    if record.state == "cancelled":
        return Text("Cancelled: {p} was to keep {n} from {b} to {e}.", "已取消：原定{b}至{e}保留 {p} {n}。").format(**said)  # fmt: skip
    if record.state == "closed" or record.ends <= now:
        return Text("Over: {p} kept {n} from {b} to {e}.", "已结束：{b}至{e}保留 {p} {n}。").format(**said)  # fmt: skip
    if record.begins <= now:
        return Text("Until {e} (Beijing time) {p} keeps {n} for {w}.", "{p} {n}保留至{e}（北京时间），供{w}。").format(**said)  # fmt: skip
    return Text(
        "{p} keeps {n} from {b} to {e} (Beijing time) for {w}; jobs whose limit reaches into it do not start.",
        "{p} {n}在{b}至{e}（北京时间）保留，供{w}；时限延入该时段的作业不会启动。",
    ).format(**said)


def _whom(record: Reservation) -> Text:
    if record.allocation is None:
        return NOBODY
    return Text("the jobs of {a}", "{a} 的作业使用").format(a=record.allocation.code)


def _jobs(jobs: Sequence[Job]) -> Table:
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Started", "启动时间"), "date"),
        Column(Text("State", "状态")),
    )
    rows = tuple(
        (
            Cell(j.code, url=f"/compute/job/{j.code}"),
            Cell(count(j.chips)),
            Cell(j.started_at or Text("not yet", "尚未")),
            Cell(State.of(Job.lifecycle.state(j.state))),
        )
        for j in jobs
    )
    nothing = EmptyState(Text("No job names it yet.", "尚无作业指明该预留。"))
    return Table(JOBS, columns, rows, empty=nothing, caption_hidden=True)


def calendar_file(request: HttpRequest, code: str) -> HttpResponse:
    """The reservations of a centre, past and to come, as text/calendar to subscribe to. What was cancelled says so."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    centre: Any = load_record(Centre, code, actor, "code")
    host = request.get_host().partition(":")[0]
    held = Reservation.objects.filter(pool__centre=centre).select_related("pool").order_by("begins", "pk")
    events = (_event(r, host, centre) for r in held)
    response = HttpResponse(
        icalendar(f"{centre.code} {centre.name_en}", events), content_type="text/calendar; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'inline; filename="{centre.code}.ics"'
    return response


def _event(one: Reservation, host: str, centre: Centre) -> CalendarEvent:
    return CalendarEvent(
        uid=f"{one.code}@{host}",
        stamp=one.created_at,
        begins=one.begins,
        ends=one.ends,
        summary=f"{one.code}: {one.chips} x {one.pool.chip}, {one.pool.code}",
        description=one.purpose,
        location=f"{centre.name_zh} {centre.name_en}",
        revision=one.version,
        confirmed=one.state != "cancelled",
    )
