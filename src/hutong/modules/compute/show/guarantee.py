"""The proof of a lender's guarantee as its page shows it: kept how often, who was late, what guests lost by recalls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Centre
from hutong.modules.compute.proof import LOOKED_BACK, Owed, Proof, proof_for
from hutong.modules.compute.show.partners_view import PROVED
from hutong.modules.compute.show.partners_view import TITLE as BALANCE
from hutong.modules.compute.show.words import chip_time, count, span, stamp
from hutong.platform.components import Cell, Column, Crumb, EmptyState, Figure, Table
from hutong.platform.parsing import load_record

LATE = Text("Own jobs that were late", "逾期的本中心作业")
RECALLS = Text("Chips called back from guests", "向外部作业收回芯片")
SHOWN = 50
DEFINITION = Text(
    "of own jobs started, and never kept waiting, within the notice of when the centre alone, with its guaranteed "
    "chips, would have started them",
    "按仅以保障芯片独立运行推算的启动时刻起，在通知期内启动且未超期等待的本中心作业",
)


def guarantee_view(request: HttpRequest, code: str) -> HttpResponse:
    """The proof, for whoever may see the statements of the centre: its operator and the hub's office."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    centre: Any = load_record(Centre, code, actor, "code")
    now = timezone.now()
    found = proof_for(actor, centre, now, now - LOOKED_BACK)
    context = {
        "title": Text("{t}: {c}", "{c}：{t}").format(t=PROVED, c=centre.name),
        "code": centre.code,
        "figures": (_figure(found, now), *_sums(found, now)),
        "sections": ((LATE, _late(found)), (RECALLS, _recalls(found))),
        "crumbs": (
            Crumb(Text("Computing", "算力"), "/compute/"),
            Crumb(centre.code, f"/compute/centre/{centre.code}"),
            Crumb(BALANCE, f"/compute/centre/{centre.code}/partners"),
            Crumb(PROVED),
        ),
    }
    return render(request, "hutong/pages/detail.html", context)


def _sums(found: Proof, now: datetime) -> tuple[Figure, ...]:
    days = Text("in {n} days", "近{n}天").format(n=LOOKED_BACK.days)
    nobody = Text(
        "work of guests that recalls destroyed; nobody pays for it", "外部作业因收回损失的进度，不计费"
    )
    return (
        Figure(Text("still within the notice", "通知期内等待"), count(found.open), on=now),
        Figure(
            Text("times guests gave chips back", "外部作业归还次数"), count(len(found.recalled)), days, on=now
        ),
        Figure(
            Text("work lost by guests", "外部作业损失"), chip_time(found.lost_ms), on=now, definition=nobody
        ),
    )


def said(found: Proof) -> Text:
    """Kept n of m, in words."""
    if not found.judged:
        return Text("nothing to keep yet", "尚无须履行")
    return Text("{n} of {m}", "{m}项中{n}项").format(n=count(found.kept), m=count(found.judged))


def _figure(found: Proof, now: datetime) -> Figure:
    label = Text("guarantee kept", "自用保障已履行")
    return Figure(label, said(found), on=now, definition=DEFINITION)


def _late(found: Proof) -> Table:
    columns = (
        Column(Text("Job that was late", "逾期作业"), "code"),
        Column(Text("Right since", "应启动时间"), "date", Text("Beijing time", "北京时间")),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Notice", "通知期"), "number"),
        Column(Text("Waited", "等待时长"), "number"),
        Column(Text("Chips that guests held then", "届时外部占用芯片"), "number"),
    )
    none = EmptyState(Text("No own job was late.", "无逾期作业。"))
    return Table(LATE, columns, tuple(_owed(o) for o in found.late[:SHOWN]), empty=none, caption_hidden=True)


def _owed(one: Owed) -> tuple[Cell, ...]:
    job = one.job
    assert job.right_at is not None
    return (
        Cell(job.code, url=f"/compute/job/{job.code}"),
        Cell(stamp(job.right_at)),
        Cell(count(job.chips)),
        Cell(span(round(one.notice.total_seconds() * 1000))),
        Cell(span(round(one.waited.total_seconds() * 1000))),
        Cell(count(one.guests)),
    )


def _recalls(found: Proof) -> Table:
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Organisation", "单位")),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Called back by", "归还期限"), "date", Text("Beijing time", "北京时间")),
        Column(Text("Given back", "归还时间"), "date", Text("Beijing time", "北京时间")),
        Column(Text("Work lost; nobody pays for it", "损失进度（不计费）"), "number"),
    )
    none = EmptyState(Text("No chips were called back.", "未收回芯片。"))
    rows = tuple(_recall(a) for a in found.recalled[:SHOWN])
    return Table(RECALLS, columns, rows, empty=none, caption_hidden=True)


def _recall(one: Attempt) -> tuple[Cell, ...]:
    never = Text("not yet", "尚未")
    return (
        Cell(one.job.code, url=f"/compute/job/{one.job.code}"),
        Cell(one.job.allocation.organisation.name),
        Cell(one.pool.code, url=f"/compute/pool/{one.pool.code}"),
        Cell(count(one.chips)),
        Cell(never if one.due_at is None else stamp(one.due_at)),
        Cell(never if one.ended_at is None else stamp(one.ended_at)),
        Cell(chip_time(one.lost_ms)),
    )
