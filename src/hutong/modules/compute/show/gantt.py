"""What a centre's pools are held by, until when: jobs at work until their limit, and the starts that were promised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from hutong.engines.broker.money import from_ms, to_ms
from hutong.kernel.clock import ZONE
from hutong.kernel.permission import Actor, allowing
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.greener import promised
from hutong.modules.compute.models import Attempt, Centre, Job, Pool, Reservation
from hutong.modules.compute.show.words import clock, counted
from hutong.modules.compute.sizes import limit_left_ms, size_of, sized
from hutong.platform.component_maps import Bar, Gantt, Tick, Track
from hutong.platform.components import Cell, Column, EmptyState, State, Table, Tone

TITLE = Text("What the pools are held by", "算力池占用时间图")
HOUR_MS = 3_600_000
# The axis is the shortest of these hours that shows the end of every job, or the longest.
SPANS = (3, 6, 12, 24, 48, 96, 168)
# Marks every so many hours for each of those.
STEPS = (1, 1, 3, 6, 12, 24, 48)
# A picture of more bars than this is read by nobody; the table says how many there are.
MOST_BARS = 200
# Of a long queue the rest waits for no pool yet.
MOST_LOOKED = 2_000
SOMEBODY = Text("a job", "作业")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Chips of a pool held by a job. seen: whether who looks may know which. kind: running, overdue
    (past its limit, its end not yet reported), unreachable or promised; reserved: `job` is a reservation of the calendar.
    """

    pool: str
    job: str
    chips: int
    begins: datetime
    ends: datetime
    kind: str
    seen: bool


def at_centre(centre: Centre) -> list[Job]:
    """In one query: what runs at the centre's pools, and what waits, first come first."""
    lost = Attempt.objects.filter(job=OuterRef("pk"), state="unreachable")
    jobs = (
        sized(Job.objects.filter(Q(state="running", pool__centre=centre) | Q(state="submitted")))
        .select_related(
            "allocation__pool__centre", "allocation__organisation", "pool__centre", "reservation__pool"
        )
        .annotate(lost=Exists(lost))
        .order_by("state", "pk")
    )
    return list(jobs[:MOST_LOOKED])


def stretches(jobs: Iterable[Job], centre: Centre, actor: Actor, now: datetime) -> list[Stretch]:
    """What runs at the centre's pools, and the starts that waiting jobs were told to expect there. jobs: `at_centre`."""
    return [s for job in jobs for s in _of(job, centre, actor, now)]


def kept(reservations: Iterable[Reservation]) -> list[Stretch]:
    """What the calendar keeps; everybody may know of it."""
    return [Stretch(r.pool.code, r.code, r.chips, r.begins, r.ends, "reserved", True) for r in reservations]


def _url(one: Stretch) -> str | None:
    kind = "reservation" if one.kind == "reserved" else "job"
    return f"/compute/{kind}/{one.job}" if one.seen else None


def _of(job: Job, centre: Centre, actor: Actor, now: datetime) -> Iterable[Stretch]:
    seen = bool(allowing(may.JOB_VIEW, actor, job))
    limit = timedelta(milliseconds=limit_left_ms(job))
    if job.state == "running" and job.pool is not None:
        began = job.started_at or now
        kind = "running" if began + limit >= now else "overdue"
        if job.lost:  # type: ignore[attr-defined]
            kind = "unreachable"
        yield Stretch(job.pool.code, job.code, size_of(job), began, max(began + limit, now), kind, seen)
        return
    promised = reserved(job)
    if promised is not None:
        pool, at = promised
        yield Stretch(pool, job.code, job.chips, max(at, now), max(at, now) + limit, "promised", seen)


def reserved(job: Job) -> tuple[str, datetime] | None:
    """Where and when the job starts as it was asked for, as the broker saw it last; None where it told no start."""
    told = promised(job)
    if told is not None:
        return told[0], from_ms(told[1])
    for option in job.outlook.get("options", ()):
        if str(option["en"]).startswith("As asked"):
            return option["pool"], from_ms(option["start_ms"])
    return None


def gantt(pools: Sequence[Pool], held: Sequence[Stretch], now: datetime) -> Gantt:
    """One track for each pool, over the next hours."""
    here = {p.code for p in pools}
    held = [s for s in held if s.pool in here]
    start, end, ticks = axis(now, held)
    shown = held[:MOST_BARS]
    tracks = tuple(
        Track(
            p.code,
            tuple(_bar(s) for s in shown if s.pool == p.code),
            Text("{n} of {c}", "{c}，{n}").format(n=counted(p.chips, "chip", "芯片"), c=p.chip),
            f"/compute/pool/{p.code}",
        )
        for p in pools
    )
    return Gantt(tracks, start, end, ticks, _summary(held, now), table(held), to_ms(now))


def axis(now: datetime, held: Sequence[Stretch]) -> tuple[int, int, tuple[Tick, ...]]:
    """Start, end and marks in milliseconds: from the last full hour on, with marks at whole hours of Beijing."""
    latest = max((s.ends for s in held), default=now)
    place = next((i for i, h in enumerate(SPANS) if latest <= now + timedelta(hours=h)), len(SPANS) - 1)
    first = now.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
    last = first + timedelta(hours=SPANS[place] + 1)
    step = timedelta(hours=STEPS[place])
    at, ticks = first, []
    while at <= last:
        ticks.append(Tick(to_ms(at), _tick(at, step)))
        at += step
    return to_ms(first), to_ms(last), tuple(ticks)


def _tick(at: datetime, step: timedelta) -> str:
    return f"{at:%m-%d}" if step >= timedelta(hours=24) else f"{at:%H:%M}"


def ticks(start: int, end: int) -> tuple[Tick, ...]:
    """Four marks of a span in milliseconds, with as much of the clock as tells them apart."""
    whole = end - start
    form = "%m-%d %H:%M" if whole > 24 * HOUR_MS else "%H:%M" if whole > HOUR_MS // 6 else "%H:%M:%S"
    moments = (start + whole * part // 3 for part in range(4))
    return tuple(Tick(at, f"{from_ms(at).astimezone(ZONE):{form}}") for at in moments)


def _bar(one: Stretch) -> Bar:
    mark = Text("{j} · {n}", "{j}·{n}卡").format(j=_name(one), n=one.chips)
    tone = TONES[one.kind]
    kind = {"promised": "promised", "reserved": "kept"}.get(one.kind, "held")
    return Bar(to_ms(one.begins), to_ms(one.ends), mark, _say(one), kind, tone, _url(one))


def _name(one: Stretch) -> Text:
    return Text(one.job, one.job) if one.seen else SOMEBODY


KINDS = {
    "running": Text("at work, until its limit", "运行中，至时限为止"),
    "overdue": Text("past its limit; its end is awaited", "已过时限，等待结束报告"),
    "unreachable": Text("at a centre that is silent; it may still run there", "所在中心失联，可能仍在运行"),
    "promised": Text("start that the broker expects", "调度预计启动"),
    "reserved": Text("kept by the calendar", "日程预留"),
}
TONES: dict[str, Tone] = {
    "running": "holds",
    "overdue": "late",
    "unreachable": "needs",
    "promised": "open",
    "reserved": "open",
}


def _say(one: Stretch) -> Text:
    return Text("{j}: {n} of {p}, {a} to {b}, {k}", "{j}：{p} {n}，{a}至{b}，{k}").format(
        j=_name(one),
        n=counted(one.chips, "chip", "芯片"),
        p=one.pool,
        a=clock(one.begins),
        b=clock(one.ends),
        k=KINDS[one.kind],
    )


def _summary(held: Sequence[Stretch], now: datetime) -> Text:
    running = [s for s in held if s.kind not in ("promised", "reserved")]
    expected = sum(1 for s in held if s.kind == "promised")
    calendar = len(held) - len(running) - expected
    told = Text(
        "At {t} (Beijing time): {r} at work on {c}, until the limit of each at the latest; {p} expected here; {k} in the "
        "calendar. Solid: at work; dashed: expected or reserved.",
        "{t}（北京时间）：{r}运行中，占用{c}，最迟至各自时限；{p}预计在此启动；日程中有{k}。实线框为运行中，虚线框为预计或预留。",
    ).format(
        t=clock(now),
        r=counted(len(running), "job", "项作业"),
        c=counted(sum(s.chips for s in running), "chip", "芯片"),
        p=counted(expected, "start", "项作业"),
        k=counted(calendar, "reservation", "项预留"),
    )
    if len(held) <= MOST_BARS:
        return told
    more = Text(" The first {n} of {m} are drawn.", "仅绘出前{n}项，共{m}项。").format(
        n=MOST_BARS, m=len(held)
    )
    return Text(told.en + more.en, told.zh + more.zh)


def table(held: Sequence[Stretch]) -> Table:
    """The chart in words."""
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("From", "自"), "date"),
        Column(Text("Until, at the latest", "最迟至"), "date"),
        Column(Text("State", "状态")),
    )
    rows = tuple(
        (
            Cell(_name(s), url=_url(s)),
            Cell(s.pool, url=f"/compute/pool/{s.pool}"),
            Cell(Text(str(s.chips), str(s.chips))),
            Cell(s.begins),
            Cell(s.ends),
            Cell(State(KINDS[s.kind], TONES[s.kind])),
        )
        for s in held[:MOST_BARS]
    )
    nothing = EmptyState(
        Text("Nothing runs here, and nothing waits for these pools.", "当前无运行或待启动的作业。")
    )
    return Table(TITLE, columns, rows, empty=nothing, caption_hidden=True)
