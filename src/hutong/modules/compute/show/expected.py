"""The outlook of a waiting job in words: when it starts, with which certainty, and what else could be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hutong.engines.broker.decide.expect import Choice
from hutong.engines.broker.money import from_ms
from hutong.kernel.clock import ZONE
from hutong.kernel.text import Text
from hutong.modules.compute.show.words import clock, counted, money, span
from hutong.platform.components import Cell, Column, Table

Outlook = Mapping[str, Any]
SOONER = Text("What would start it", "如何启动")
NOW = Text("now", "即刻")
BEIJING = Text("Beijing time", "北京时间")
MINUTE_MS = 60_000
# How rows of before the kinds were kept begin in English.
_OLDER = (("As asked", "as_asked"), ("With a run time", "run"), ("With ", "chips"))


def kind_of(option: Outlook) -> str:
    """as_asked, chips, run or accept; "" for a row that tells none."""
    said = str(option["en"])
    return str(option.get("kind") or next((kind for start, kind in _OLDER if said.startswith(start)), ""))


def as_asked(told: Outlook) -> Outlook | None:
    """The start of the job as it was asked for; None where none was told."""
    return next((o for o in told.get("options", ()) if kind_of(o) == "as_asked"), None)


def moment(at: datetime, now: datetime) -> Text:
    """Beijing time; of today only the time of day, and what has come is now."""
    if at <= now:
        return NOW
    local = at.astimezone(ZONE)
    said = f"{local:%H:%M}" if local.date() == now.astimezone(ZONE).date() else clock(at)
    return Text(said, said)


def sentence(told: Outlook, now: datetime) -> Text | None:
    """When it starts: between which times in four of five cases, at the latest when that is promised, and where."""
    planned, promised, soon = as_asked(told), told.get("promised"), told.get("soon", {})
    between = _between(soon, promised, now)
    if between is None:
        return _by_limits(planned, promised, now)
    if promised is not None:
        latest = moment(from_ms(promised["start_ms"]), now)
        if promised["pool"] == soon["pool"]:
            return Text("{b}, at the latest {c}, at {p}.", "{b}，最迟{c}，地点{p}。").format(
                b=between, c=latest, p=soon["pool"]
            )
        return Text("{b} at {p}, at the latest {c} at {q}.", "{b}，地点{p}；最迟{c}，地点{q}。").format(
            b=between, p=soon["pool"], c=latest, q=promised["pool"]
        )
    here = Text("{b} at {p}.", "{b}，地点{p}。").format(b=between, p=soon["pool"])
    if planned is None or planned["start_ms"] <= soon["high"] * 1000:
        return here
    limit = Text(
        "If every job before it runs to its limit: {c} at {q}.", "若在前作业均运行至时限：{c}在{q}启动。"
    ).format(c=moment(from_ms(planned["start_ms"]), now), q=planned["pool"])
    return Text(f"{here.en} {limit.en}", f"{here.zh}{limit.zh}")


def _between(soon: Outlook, promised: Outlook | None, now: datetime) -> Text | None:
    """The interval within the promise; None where none was told or it has passed."""
    if "low" not in soon:
        return None
    latest = soon["high"] * 1000 if promised is None else promised["start_ms"]
    low, high = (from_ms(min(soon[k] * 1000, latest)) for k in ("low", "high"))
    if high <= now:
        return None
    return between(low, high, now)


def between(low: datetime, high: datetime, now: datetime) -> Text:
    """An interval of four in five."""
    return Text("Starts between {a} and {b} (80\u00a0%)", "{a}至{b}之间启动（80%）").format(
        a=moment(low, now), b=moment(high, now)
    )


def _by_limits(planned: Outlook | None, promised: Outlook | None, now: datetime) -> Text | None:
    """Without an interval: what limits alone say."""
    if planned is None:
        return None
    said = Text(planned["en"], planned["zh"])
    if promised is None or promised["start_ms"] <= round(now.timestamp() * 1000):
        return said
    held = Text("At the latest {c} at {q}.", "最迟{c}在{q}启动。").format(
        c=moment(from_ms(promised["start_ms"]), now), q=promised["pool"]
    )
    return Text(f"{said.en} {held.en}", f"{said.zh}{held.zh}")


def option(one: Choice) -> dict[str, Any]:
    """One way to a start as it is kept on the job."""
    made = {"kind": one.kind, "value": one.value, "en": one.words.en, "zh": one.words.zh, "pool": one.pool}
    return {**made, "start_ms": one.start_ms, "fen": one.fen, **({"chip": one.chip} if one.chip else {})}


def worth(options: Sequence[Outlook]) -> list[Outlook]:
    """The options without those that would start it no sooner than as asked: these are no choice."""
    planned = as_asked({"options": options})
    return [
        o
        for o in options
        if planned is None or o is planned or o["start_ms"] + MINUTE_MS <= planned["start_ms"]
    ]


def options_of(told: Outlook, now: datetime, title: Text = SOONER) -> tuple[tuple[Text, Table], ...]:
    """What else could be asked for: what changes, where and when it starts, what it costs at most."""
    options = worth(told.get("options", ()))
    if not options:
        return ()
    columns = (
        Column(Text("Option", "方案")),
        Column(Text("Starts", "启动"), unit=BEIJING),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("At most", "费用至多"), "number"),
    )
    rows = tuple(
        (
            Cell(_change(o)),
            Cell(moment(from_ms(o["start_ms"]), now)),
            Cell(o["pool"], url=f"/compute/pool/{o['pool']}"),
            Cell(money(o["fen"])),
        )
        for o in options
    )
    return ((title, Table(title, columns, rows, caption_hidden=True)),)


def _change(one: Outlook) -> Text:
    """What changes; of a row without its kind the sentence as it was."""
    match one.get("kind"):
        case "as_asked":
            return Text("As asked", "按原申请")
        case "chips":
            return Text("With {n} only", "减至{n}").format(n=counted(one["value"], "chip", "芯片"))
        case "run":
            return Text("With a limit of {t}", "时限缩短至{t}").format(t=span(one["value"]))
        case "accept" if one.get("chip"):
            return Text("If it also ran on {c}", "若也可用 {c}").format(c=one["chip"])
    return Text(one["en"], one["zh"])
