"""A quote as tables and as JSON: one line for each pool, and what would start the job sooner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.engines.broker.explain import CONSTRAINT_NAMES
from hutong.engines.broker.money import from_ms
from hutong.kernel.text import Text
from hutong.modules.compute.quote import Quote, Row
from hutong.modules.compute.show.expected import BEIJING, NOW, between, moment, option, worth
from hutong.modules.compute.show.words import counted, money
from hutong.platform.components import Cell, Column, EmptyState, State, Table

PLACES = Text("What every pool says", "各算力池答复")
WAYS = Text("Ways to a start", "可选方案")
NEVER = Text("not there", "不可")
UNKNOWN = Text("not known", "暂缺")
NOTHING = Text("nothing", "无")
CAUSES = {
    "silent": Text("the centre does not answer", "算力中心失联"),
    "draining": Text("the centre takes no new job", "算力中心排空中"),
    "suspended": Text("the centre is suspended", "算力中心已暂停"),
    "by_operator": Text("its operator starts each job", "由中心运营人员逐个启动"),
    "commands": Text("it runs no commands of people", "不运行用户命令"),
    "home": Text("it lends no more chips to users of other centres now", "当前无可向其他中心用户出借的芯片"),
    "no_pool": Text("not for this request", "不适用于该申请"),
    "too_large": Text("it has fewer chips in all", "芯片总数不足"),
    "chips": Text("its chips are at work", "芯片在用"),
    "lending": Text("its lendable chips are taken", "可出借芯片已占用"),
    "window": Text("its chips are kept for the calendar", "芯片已为日程预留"),
    "reservation": Text("its chips are kept for a job that waits longer", "芯片已为先排队作业保留"),
}


# Of these a pool takes no such job, whatever is free.
SHUT = ("silent", "draining", "suspended", "by_operator", "commands", "no_pool", "too_large")


def why(row: Row) -> Text | None:
    """Why not there, or why not now; None where it would start there now."""
    if not row.cause:
        return None
    if row.place is not None and row.place.constraints and row.cause in CONSTRAINT_NAMES:
        names = [CONSTRAINT_NAMES[c] for c in row.place.constraints]
        return Text(", ".join(n.en for n in names), "、".join(n.zh for n in names))
    said = CAUSES.get(row.cause, Text(row.cause, row.cause))
    place = row.place
    if place is None or row.cause not in ("chips", "reservation", "lending"):
        return said
    more = []
    if place.short:
        more.append(Text("{n} short", "缺{n}").format(n=counted(place.short, "chip", "芯片")))
    if place.ahead:
        more.append(Text("{n} before it", "前有{n}").format(n=counted(place.ahead, "job", "项作业")))
    return Text(", ".join([said.en, *(m.en for m in more)]), "，".join([said.zh, *(m.zh for m in more)]))


def start(row: Row, now: datetime) -> Text:
    """Now, or at the latest: promised where it would hold a reservation, otherwise by the limits of the jobs before it."""
    place = row.place
    if place is None or place.constraints or row.cause in SHUT:
        return NEVER
    if row.start_ms is None:
        return UNKNOWN
    if place.now:
        return NOW
    at = moment(from_ms(row.start_ms), now)
    words = Text("by {t}, promised", "最迟{t}，保证") if place.promised else Text("by {t}", "最迟{t}")
    return words.format(t=at)


def interval(row: Row, now: datetime) -> Text:
    """Between which times it starts in four of five cases."""
    if row.place is None or row.start_ms is None:
        return Text("–", "–")
    if row.place.now:
        return NOW
    if row.interval is None:
        return UNKNOWN
    latest = row.start_ms // 1000 if row.place.promised else row.interval.high
    low, high = (moment(from_ms(min(s, latest) * 1000), now) for s in (row.interval.low, row.interval.high))
    return Text(f"{low.en} – {high.en}", f"{low.zh}–{high.zh}")


def marks(row: Row) -> Text | None:
    """What stands beside the pool's name."""
    said = []
    if row.place is not None and row.place.chosen:
        said.append(Text("the broker's choice", "调度首选"))
    if row.earliest:
        said.append(Text("earliest", "最早"))
    if row.cheapest:
        said.append(Text("cheapest", "最低价"))
    return Text(", ".join(s.en for s in said), "、".join(s.zh for s in said)) if said else None


def verdict(told: Quote) -> Text:
    """The answer in a sentence or two."""
    first = next((r for r in told.rows if r.place is not None and r.place.chosen), None)
    if first is not None:
        said = Text(
            "Submitted now, it starts at {p} within seconds, for {c} at most.",
            "如现在提交，数秒内在 {p} 启动，费用至多 {c}。",
        ).format(p=first.pool.code, c=money(first.fen))
    elif told.possible:
        said = _waits(next(r for r in told.rows if r.earliest), told.at)
    elif any(r.cause == "home" for r in told.rows):
        said = Text(
            "No pool would start it now, and none can say when: no chips are lent.",
            "当前没有算力池可启动该作业，且无法预计时间：暂无可出借芯片。",
        )
    else:
        said = Text("No pool would start this request as it is.", "按此条件，没有算力池可启动该作业。")
    if not told.behind:
        return said
    more = Text(
        "The queue is longer than what was looked at: times are at the soonest.",
        "排队作业超出查询范围，所示时间为最早可能时间。",
    )
    return Text(f"{said.en} {more.en}", f"{said.zh}{more.zh}")


def _waits(row: Row, now: datetime) -> Text:
    """That it waits, until when as far as that can be said, and its price."""
    price = {"p": row.pool.code, "c": money(row.fen)}
    if row.interval is None:
        return Text(
            "Submitted now, it waits; soonest at {p}, for {c} at most.",
            "如现在提交，须排队；最早在 {p} 启动，费用至多 {c}。",
        ).format(**price)
    low, high = (from_ms(s * 1000) for s in (row.interval.low, row.interval.high))
    return Text(
        "Submitted now, it waits. {b} at {p}, for {c} at most.",
        "如现在提交，须排队。{b}，地点{p}，费用至多 {c}。",
    ).format(b=between(low, high, now), **price)


@dataclass(frozen=True, slots=True)
class QuoteWords:
    """A quote for a terminal: the answer in a sentence, a row for each pool, the options; content: for a program."""

    verdict: Text
    rows: tuple[tuple[Any, ...], ...]
    options: tuple[Text, ...]
    content: dict[str, Any]

    @classmethod
    def of(cls, told: Quote) -> QuoteWords:
        rows = tuple(
            (
                Text(f"{r.pool.code} {r.pool.chip}", f"{r.pool.code} {r.pool.chip}"),
                start(r, told.at),
                interval(r, told.at),
                money(r.fen),
                _remark(r),
            )
            for r in told.rows
        )
        options = worth([option(o) for o in told.options])
        return cls(verdict(told), rows, tuple(Text(o["en"], o["zh"]) for o in options), as_json(told))


def _remark(row: Row) -> Text:
    """What keeps it from there, and the marks, as one cell."""
    said = [w for w in (marks(row), why(row)) if w is not None] or [NOTHING]
    return Text("; ".join(w.en for w in said), "；".join(w.zh for w in said))


def places_table(told: Quote) -> Table:
    columns = (
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("Centre", "算力中心")),
        Column(Text("Kind of chip", "芯片型号")),
        Column(Text("Starts", "启动"), unit=BEIJING),
        Column(Text("In 4 of 5 cases", "80%区间")),
        Column(Text("At most", "费用至多"), "number"),
        Column(Text("Why not there, or not now", "未能启动的原因")),
    )
    nothing = EmptyState(Text("No pool is open.", "暂无在用算力池。"))
    return Table(
        PLACES, columns, tuple(_line(r, told.at) for r in told.rows), empty=nothing, caption_hidden=True
    )


def _line(row: Row, now: datetime) -> tuple[Cell, ...]:
    place = row.place
    said: Any = start(row, now)
    if place is not None and place.now and not row.cause:
        said = State(NOW, "holds")
    return (
        Cell(row.pool.code, url=f"/compute/pool/{row.pool.code}", note=marks(row)),
        Cell(row.pool.centre.name, url=f"/compute/centre/{row.pool.centre.code}"),
        Cell(row.pool.chip),
        Cell(said),
        Cell(interval(row, now)),
        Cell(money(row.fen), note=Text("{m} a chip-hour", "每卡时{m}").format(m=money(row.fen_per_hour))),
        Cell(why(row) or NOTHING),
    )


def as_json(told: Quote) -> dict[str, Any]:
    """The same for a program: instants in ISO 8601, money in fen."""
    ask = told.ask
    return {
        "at": told.at.isoformat(),
        "request": {
            "allocation": ask.allocation.code if ask.allocation is not None else None,
            "chips": ask.chips,
            "limit_s": ask.limit_s,
            "accept": list(ask.accept),
            "deadline": ask.deadline.isoformat() if ask.deadline is not None else None,
        },
        "possible": told.possible,
        "queue_cut": told.behind,
        "hold_ms": told.hold_ms,
        "pools": [_row_json(r) for r in told.rows],
        "options": [
            {"kind": o.kind, "value": o.value, "words": o.words.as_json(), "pool": o.pool,
             "start": _iso(o.start_ms), "fen_at_most": o.fen}
            for o in told.options
        ],
    }  # fmt: skip


def _row_json(row: Row) -> dict[str, Any]:
    place, said, between = row.place, why(row), row.interval
    return {
        "pool": row.pool.code,
        "centre": row.pool.centre.code,
        "chip": row.pool.chip,
        "fen_per_hour": row.fen_per_hour,
        "fen_at_most": row.fen,
        "now": place is not None and place.now and not row.cause,
        "chosen": place is not None and place.chosen,
        "start_at_the_latest": _iso(row.start_ms),
        "promised": place is not None and place.promised,
        "between": None if between is None else [_iso(s * 1000) for s in (between.low, between.high)],
        "coverage": None if between is None else "0.8",
        "cause": row.cause or None,
        "constraints": list(place.constraints) if place is not None else [],
        "why": said.as_json() if said is not None else None,
        "cheapest": row.cheapest,
        "earliest": row.earliest,
    }


def _iso(ms: int | None) -> str | None:
    return None if ms is None else from_ms(ms).isoformat()
