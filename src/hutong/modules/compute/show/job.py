"""A job over time: its tries at the centres, what it used at which price, and what it cost so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from hutong.engines.broker.money import to_ms
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Job, Segment
from hutong.modules.compute.money import charging
from hutong.modules.compute.show.gantt import ticks
from hutong.modules.compute.show.job_tables import TRIES, USE, how, segments_table, tries_table
from hutong.modules.compute.show.log import last_lines
from hutong.modules.compute.show.size import size_figure
from hutong.modules.compute.show.words import chip_time, clock, counted, money, span
from hutong.modules.compute.sizes import limit_left_ms
from hutong.platform.component_maps import Bar, Gantt, Track
from hutong.platform.components import Figure

NOT_KNOWN = Text("not known", "暂缺")
UNPAID = Text("a job pays from its start to its end", "作业自启动至结束计费")


def tries(job: Job) -> list[Attempt]:
    """Every try, first to last: one query."""
    return list(job.attempts.select_related("pool__centre").order_by("pk"))


def used(job: Job, now: datetime, attempts: Sequence[Attempt]) -> list[Segment]:
    """Metered use by price; of a try under way, what it has used by now at the posted prices: one query.

    Nothing of that where no factor is published any more that tells its hours in the allocation's kind of chip.
    """
    # What an earlier try used is metered when it ends; a job on its first has nothing of that.
    first = job.state == "running" and len(attempts) == 1
    metered = [] if first else list(job.segments.select_related("pool").order_by("began_at"))
    if job.state != "running" or job.started_at is None or not attempts:
        return metered
    last = attempts[-1]
    until = min(now, job.started_at + timedelta(milliseconds=limit_left_ms(job)))
    try:
        parts = charging.parts(last.pool, job.allocation.pool.chip, last.chips, job.started_at, until)
    except Invalid:
        return metered
    return [*metered, *(p.segment(job, last.pool, last) for p in parts)]


def sections(
    job: Job, now: datetime | None = None
) -> tuple[tuple[Figure, ...], tuple[tuple[Text, Any], ...]]:
    """The figures and the parts of a job's page that speak of time and money."""
    now = now or timezone.now()
    attempts = tries(job)
    segments = used(job, now, attempts)
    parts: list[tuple[Text, Any]] = []
    if attempts:
        parts.append((TRIES, _timeline(job, attempts, now)))
    if segments:
        parts.append((USE, _use(job, segments, now)))
    parts += last_lines(job, attempts)
    return (*_figures(job, segments, now), *size_figure(job, attempts, now)), tuple(parts)


def _figures(job: Job, segments: Sequence[Segment], now: datetime) -> tuple[Figure, ...]:
    target = job.allocation.pool.chip
    kept = Text("of {h} set aside, in {c}", "预留{h}，按 {c} 计").format(h=chip_time(job.held_ms), c=target)
    if job.state == "running":
        metered = Text("provisional: metered so far; settled when it ends", "暂计：截至目前计量，结束时结算")
        cost = money(sum(s.cost_fen for s in segments)) if segments else NOT_KNOWN
        spent = chip_time(sum(s.used_ms for s in segments)) if segments else NOT_KNOWN
        figures = (
            Figure(Text("cost so far", "当前费用"), cost, on=now, definition=metered),
            Figure(Text("chip-time so far", "当前用量"), spent, on=now, definition=kept),
        )
    elif job.cost_fen is None:
        figures = (
            Figure(Text("cost so far", "当前费用"), Text("none yet", "尚无"), definition=UNPAID),
            Figure(
                Text("set aside for it", "已预留"),
                chip_time(job.held_ms),
                definition=Text("in {c}", "按 {c} 计").format(c=target),
            ),
        )
    else:
        settled = Text("as settled in the book", "以账簿结算为准")
        figures = (
            Figure(Text("cost", "费用"), money(job.cost_fen), on=job.ended_at, definition=settled),
            Figure(Text("chip-time", "用量"), chip_time(job.used_ms or 0), on=job.ended_at, definition=kept),
        )
    return (*figures, _wait(job, now))


def _wait(job: Job, now: datetime) -> Figure:
    if job.state == "submitted":
        waited = round((now - job.created_at).total_seconds() * 1000)
        return Figure(Text("waiting for", "已等待"), span(waited), on=now, definition=_SINCE)
    if job.wait_ms is None:
        return Figure(Text("waited", "等待时长"), Text("never started", "未曾启动"))
    return Figure(Text("waited", "等待时长"), span(job.wait_ms), on=job.started_at, definition=_SINCE)


_SINCE = Text("since it was submitted", "自提交时起")


def _timeline(job: Job, attempts: Sequence[Attempt], now: datetime) -> Gantt:
    first = min(job.created_at, attempts[0].placed_at)
    limit = timedelta(milliseconds=limit_left_ms(job))
    open_ = attempts[-1].state != "ended"
    last = attempts[-1].ended_at or now
    if open_:
        last = max(now, (attempts[-1].started_at or attempts[-1].placed_at) + limit)
    tracks = tuple(
        Track(
            Text("Try {n} at {c}", "第{n}次，{c}").format(n=n, c=a.pool.centre.name),
            tuple(_bars(a, now, limit)),
            Text("{n} of {p}", "{p}，{n}").format(n=counted(a.chips, "chip", "芯片"), p=a.pool.code),
            f"/compute/pool/{a.pool.code}",
        )
        for n, a in enumerate(attempts, 1)
    )
    start, end = to_ms(first), max(to_ms(last), to_ms(first) + 1000)
    summary = Text("Submitted {s} (Beijing time); {n}. {w}.", "{s}（北京时间）提交，共{n}。{w}。").format(
        s=clock(job.created_at), n=_times(len(attempts)), w=how(attempts[-1])[0]
    )
    return Gantt(
        tracks, start, end, ticks(start, end), summary, tries_table(attempts), to_ms(now) if open_ else None
    )


def _times(n: int) -> Text:
    return Text("1 try" if n == 1 else f"{n} tries", f"{n}次运行")


def _bars(attempt: Attempt, now: datetime, limit: timedelta) -> list[Bar]:
    """Placed and not yet running, running, and until the limit at the latest."""
    words, tone = how(attempt)
    begun = attempt.started_at or (now if attempt.state != "ended" else attempt.ended_at or attempt.placed_at)
    placed = Text("placed, preparing", "已调度，准备中")
    bars = []
    if begun > attempt.placed_at:
        never = attempt.started_at is None and attempt.state == "ended"
        said = Text("{a} to {b}: {w}", "{a}至{b}：{w}").format(
            a=clock(attempt.placed_at), b=clock(begun), w=words if never else placed
        )
        mark = words if never or attempt.state == "unreachable" else ""
        bars.append(Bar(to_ms(attempt.placed_at), to_ms(begun), mark, said, "held", tone if mark else "open"))
    if attempt.started_at is not None:
        until = attempt.ended_at or now
        said = Text("{a} to {b}: {w}", "{a}至{b}：{w}").format(a=clock(begun), b=clock(until), w=words)
        bars.append(Bar(to_ms(begun), to_ms(max(until, begun)), words, said, "held", tone))
        if attempt.state != "ended" and begun + limit > until:
            said = Text("until {b} at the latest", "最迟至{b}").format(b=clock(begun + limit))
            bars.append(Bar(to_ms(until), to_ms(begun + limit), said, said, "kept", "open"))
    return bars


def _use(job: Job, segments: Sequence[Segment], now: datetime) -> Gantt:
    """A track for each price, the highest first: how long the job ran on how many chips at it."""
    start, end = to_ms(segments[0].began_at), to_ms(segments[-1].ended_at)
    tracks = []
    for fen in sorted({s.price_fen for s in segments}, reverse=True):
        mine = [s for s in segments if s.price_fen == fen]
        label = Text("{m} a chip-hour", "每卡时 {m}").format(m=money(fen))
        spent = Text("{t}, {c}", "{t}，{c}").format(
            t=chip_time(sum(s.native_ms for s in mine)), c=money(sum(s.cost_fen for s in mine))
        )
        tracks.append(Track(label, tuple(_segment(s) for s in mine), spent))
    native = sum(s.native_ms for s in segments)
    chip = (job.pool or job.allocation.pool).chip
    summary = Text("{t} of {c} on {n}, {m}.", "{n}（{c}）共{t}，费用{m}。").format(
        t=chip_time(native),
        c=chip,
        n=_sizes({s.chips for s in segments}),
        m=money(sum(s.cost_fen for s in segments)),
    )
    axis = (start, max(end, start + 1000))
    return Gantt(tuple(tracks), *axis, ticks(*axis), summary, segments_table(job, segments))


def _sizes(chips: set[int]) -> Text:
    if len(chips) == 1:
        return counted(min(chips), "chip", "芯片")
    return Text("{a} to {b} chips", "{a}至{b}芯片").format(a=min(chips), b=max(chips))


def _segment(one: Segment) -> Bar:
    words = Text("{n}, {a} to {b}: {c}", "{n}，{a}至{b}：{c}").format(
        n=counted(one.chips, "chip", "芯片"),
        a=clock(one.began_at),
        b=clock(one.ended_at),
        c=money(one.cost_fen),
    )
    mark = counted(one.chips, "chip", "芯片")
    return Bar(to_ms(one.began_at), to_ms(one.ended_at), mark, words)
