"""What came of an experiment: waits and use as recorded, as replayed, and as they would have been."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hutong.kernel.text import Text
from hutong.modules.compute.models import Experiment
from hutong.modules.compute.show.map import province_of
from hutong.modules.compute.show.words import count, counted, money, percent, span, stamp
from hutong.platform import language
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Cell, Chart, Column, Facts, Figure, Given, Series, Table
from hutong.platform.entities import Sight

VARIANTS: tuple[tuple[str, Text], ...] = (
    ("recorded", Text("as recorded", "实际记录")),
    ("as_was", Text("replayed as it was", "按原样重演")),
    ("as_would", Text("as it would have been", "按假设重演")),
)
CHANGES = Text("What is different", "假设条件")
COMPARED = Text("Waits and use", "等待与利用率")
BY_CENTRE = Text("By centre", "按算力中心")
NOT_KNOWN = Text("no job", "无作业")
METHOD = Text(
    "The queue of the period is rebuilt from the hub's own jobs and decided again by the broker's own engine. A job runs as "
    "long as it truly ran, one that has not ended as long as its limit. Centres are taken to have answered throughout; "
    "prices and agreements are those of the first day; run times do not change with the kind of chip. Compare the two "
    "replays with each other; the record also holds what the replay leaves out.",
    "以平台作业记录重建该时段队列，由同一调度引擎重新决策。作业按实际运行时长计，未结束的按时限计；假定各中心全程应答；"
    "价格与协议以首日为准；运行时长不随芯片型号变化。请比较两次重演；实际记录另含重演未计入的因素。",
)
MINUTE_MS = 60_000


def experiment_context(seen: Sight) -> dict[str, Any]:
    """The answer in a sentence, then figures, table and bars."""
    record: Experiment = seen.record
    period = Text("{a} to {b}", "{a}至{b}").format(a=stamp(record.begins), b=stamp(record.ends))
    title = Text("What if: {p}", "推演：{p}").format(p=period)
    changes = (CHANGES, _changes(record))
    if record.state == "submitted":
        lead = Text("The period is being replayed; this page renews itself.", "正在重演，本页将自动更新。")
        return {"title": title, "lead": lead, "sections": (changes,)}
    if record.state == "failed":
        lead = Text(record.problem.get("en", ""), record.problem.get("zh", ""))
        return {"title": title, "lead": lead, "sections": (changes,)}
    result = record.result
    return {
        "title": title,
        "lead": _answer(record),
        "figures": _figures(result),
        "sections": (
            changes,
            (COMPARED, (_chart(record), Facts((Given(Text("How it is computed", "计算方法"), METHOD),)))),
            (BY_CENTRE, _centres(result)),
        ),
    }


def _answer(record: Experiment) -> Text:
    was, would = record.result["as_was"], record.result["as_would"]
    if not was["jobs"]:
        return Text("No job was submitted or waited in this period.", "该时段无作业提交或排队。")
    if not record.added and not record.removed:
        return Text("Nothing is different: the past decided again.", "条件不变，按原样重演。")
    if not record.removed and not record.result["accept_added"]:
        return Text(
            "No job of this period accepts the kinds of chip that would join; nothing would have changed for them.",
            "该时段没有作业可用加入的芯片型号，等待不会变化。",
        )
    told = Text(
        "The median wait of {n} would have been {b} instead of {a}, and nine of ten would have waited {d} at most "
        "instead of {c}.",
        "{n}的等待中位数由{a}变为{b}，九成作业的等待由不超过{c}变为不超过{d}。",
    )
    if (was["median_ms"], was["p90_ms"]) == (would["median_ms"], would["p90_ms"]):
        told = Text(
            "{n} would have waited as long: {a} in the median, {c} at most for nine of ten.",
            "{n}的等待不变：中位数{a}，九成不超过{c}。",
        )
        return told.format(
            n=counted(was["jobs"], "job", "项作业"), a=_span(was["median_ms"]), c=_span(was["p90_ms"])
        )
    return told.format(
        n=counted(was["jobs"], "job", "项作业"),
        a=_span(was["median_ms"]),
        b=_span(would["median_ms"]),
        c=_span(was["p90_ms"]),
        d=_span(would["p90_ms"]),
    )


def _span(ms: int | None) -> Text:
    return NOT_KNOWN if ms is None else span(ms)


def _share(milli: int | None) -> Text:
    return Text("undefined", "无法计算") if milli is None else percent(milli, 1000)


def _figures(result: Mapping[str, Any]) -> tuple[Figure, ...]:
    was, would = result["as_was"], result["as_would"]
    before = Text("{v} as it was", "原为{v}")
    return (
        Figure(Text("median wait", "等待中位数"), _span(would["median_ms"]), definition=before.format(v=_span(was["median_ms"]))),
        Figure(Text("nine of ten waited at most", "九成作业等待不超过"), _span(would["p90_ms"]), definition=before.format(v=_span(was["p90_ms"]))),
        Figure(Text("utilisation", "利用率"), _share(would["utilisation_milli"]), definition=before.format(v=_share(was["utilisation_milli"]))),
        Figure(
            Text("jobs replayed", "重演作业"),
            count(was["jobs"]),
            definition=Text("{n} cancelled before they started are left out", "另有{n}项启动前取消，未计入").format(n=result["left_out"]),
        ),
    )  # fmt: skip


def _changes(record: Experiment) -> Table:
    columns = (
        Column(Text("Pool", "算力池")),
        Column(Text("Change", "变化")),
        Column(Text("Kind of chip", "芯片型号")),
        Column(Text("Chips", "芯片数"), "number"),
        Column(Text("Price of a chip-hour", "每卡时价格"), "number"),
        Column(Text("Region", "所在地")),
    )
    joins, leaves = Text("joins", "加入"), Text("is taken away", "撤出")
    kept = Text("as recorded", "以记录为准")
    rows: list[tuple[Cell, ...]] = [
        (
            Cell(f"NEW-{n}"),
            Cell(joins),
            Cell(p["chip"]),
            Cell(count(p["chips"])),
            Cell(money(p["fen"])),
            Cell(place.name if (place := province_of(p["region"])) else p["region"]),
        )
        for n, p in enumerate(record.added, 1)
    ]
    rows += [
        (
            Cell(code, url=f"/compute/pool/{code}"),
            Cell(leaves),
            Cell(kept),
            Cell(kept),
            Cell(kept),
            Cell(kept),
        )
        for code in record.removed
    ]
    if not rows:
        rows = [(Cell(Text("none", "无")), Cell(Text("nothing", "不变")), *(Cell(kept) for _ in range(4)))]
    return Table(CHANGES, columns, tuple(rows), caption_hidden=True)


def _chart(record: Experiment) -> Chart:
    """Waits in minutes, so that they are drawn to scale; the table says them in full."""
    result = record.result
    series = tuple(
        Series(name, tuple(_minutes(result[variant][key]) for variant, _ in VARIANTS))
        for key, name in (
            ("median_ms", Text("median", "中位数")),
            ("p90_ms", Text("nine of ten at most", "九成不超过")),
        )
    )
    summary = Text(
        "Waits as recorded, replayed as it was, and as it would have been.",
        "实际记录、按原样与按假设重演的等待时长。",
    )
    labels = tuple(words.say(language.current()) for _, words in VARIANTS)
    address = f"/compute/experiment/{record.code}/result.csv"
    table = replace(_table(result), csv=address)
    return Chart("experiment-waits", COMPARED, "bar", labels, series, Text("minutes", "分钟"), table, summary)


def _minutes(ms: int | None) -> float | None:
    return None if ms is None else round(ms / MINUTE_MS, 1)


def _table(result: Mapping[str, Any]) -> Table:
    columns = (
        Column(Text("Replay", "重演")),
        Column(Text("Jobs", "作业"), "number"),
        Column(Text("Started", "已启动"), "number"),
        Column(Text("Median wait", "等待中位数"), "number"),
        Column(Text("Nine of ten at most", "九成不超过"), "number"),
        Column(Text("Longest", "最长"), "number"),
        Column(Text("Chips", "芯片数"), "number"),
        Column(Text("Utilisation", "利用率"), "number"),
    )
    rows = tuple(
        (
            Cell(words),
            Cell(count(part["jobs"])),
            Cell(count(part["started"])),
            Cell(_span(part["median_ms"])),
            Cell(_span(part["p90_ms"])),
            Cell(_span(part["longest_ms"])),
            Cell(count(part["chips"])),
            Cell(_share(part["utilisation_milli"])),
        )
        for part, words in ((result[key], words) for key, words in VARIANTS)
    )
    return Table(COMPARED, columns, rows, caption_hidden=True)


def _centres(result: Mapping[str, Any]) -> Table:
    was = {c["centre"]: c for c in result["as_was"]["centres"]}
    would = {c["centre"]: c for c in result["as_would"]["centres"]}
    columns = (
        Column(Text("Centre", "算力中心"), "code"),
        Column(Text("Jobs run, as it was", "运行作业（原样）"), "number"),
        Column(Text("What if", "假设"), "number"),
        Column(Text("Own users' median wait, as it was", "本中心用户等待中位数（原样）"), "number"),
        Column(Text("What if", "假设"), "number"),
        Column(Text("Utilisation, as it was", "利用率（原样）")),
        Column(Text("What if", "假设")),
    )
    rows = tuple(_centre(c, was.get(c), would.get(c)) for c in sorted({*was, *would}))
    return Table(BY_CENTRE, columns, rows, caption_hidden=True)


def _centre(code: str, was: Mapping[str, Any] | None, would: Mapping[str, Any] | None) -> tuple[Cell, ...]:
    absent = Text("not there", "不在其中")

    def of(part: Mapping[str, Any] | None, key: str, say: Any) -> Cell:
        return Cell(absent) if part is None else Cell(say(part[key]))

    url = None if code == "NEW" else f"/compute/centre/{code}"
    return (
        Cell(code, url=url),
        of(was, "jobs", count),
        of(would, "jobs", count),
        of(was, "own_median_ms", _span),
        of(would, "own_median_ms", _span),
        of(was, "utilisation_milli", _bar),
        of(would, "utilisation_milli", _bar),
    )


def _bar(milli: int | None) -> Any:
    said = _share(milli)
    return said if milli is None else Meter((Part(said, min(milli, 1000), "closed"),), 1000, said)
