"""The page of the whole partnership: figures, the map of centres, chips by kind, and the list of centres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hutong.kernel.permission import Actor, Allowed, decide
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.show.carbon import delivered_figure
from hutong.modules.compute.show.map import (
    Kind,
    Province,
    Queue,
    Site,
    by_kind,
    province_of,
    queue,
    sites,
)
from hutong.modules.compute.show.map_tiles import state_of, tiles
from hutong.modules.compute.show.words import count, counted, money, percent, span
from hutong.platform.component_pages import Link
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Cell, Column, EmptyState, Figure, Table
from hutong.platform.entities import ENTITIES
from hutong.platform.web.csv_files import csv_response
from hutong.platform.web.lists import creators

# A page lists so many centres; the CSV has all.
MOST_LISTED = 200
TITLE = Text("Computing", "算力")
NO_CENTRE = Text(
    "No centre has joined yet. A centre operator registers the first.",
    "尚无算力中心，由运营人员登记第一家。",
)
HEAD = ("code", "name_en", "name_zh", "region", "state", "silent_since", "chips", "free", "waiting", "price_from_fen", "pue_milli")  # fmt: skip
LINKS: tuple[tuple[str, Any, Text], ...] = (
    ("/compute/quote", may.POOL_VIEW, Text("Ask for a quote", "作业询价")),
    ("/compute/centre/", may.CENTRE_VIEW, Text("All centres", "全部算力中心")),
    ("/compute/pool/", may.POOL_VIEW, Text("Pools of chips", "算力池")),
    ("/compute/allocation/", may.ALLOCATION_VIEW, Text("Allocations", "算力配额")),
    ("/compute/job/", may.JOB_VIEW, Text("Jobs", "计算作业")),
    ("/compute/reservation/", may.RESERVATION_VIEW, Text("Reservations", "预留")),
    ("/compute/agreement/", may.AGREEMENT_VIEW, Text("Agreements", "算力伙伴协议")),
    ("/compute/statement/", may.STATEMENT_VIEW, Text("Statements of use", "用量对账单")),
    ("/compute/experiment/", may.EXPERIMENT_VIEW, Text("Experiments", "推演")),
    ("/compute/vouchers", may.VOUCHER_VIEW, Text("Vouchers", "算力券")),
)


def map_view(request: HttpRequest) -> HttpResponse:
    """The partnership now; ``?region=11`` lists the centres of one province, ``?format=csv`` gives all as CSV."""
    found = sites()
    if request.GET.get("format") == "csv":
        return csv_response(HEAD, (_csv_row(s) for s in found), "compute-centres.csv")
    actor: Actor = request.actor  # type: ignore[attr-defined]
    chosen = province_of(request.GET.get("region", ""))
    listed = [s for s in found if chosen is None or s.centre.region[:2] == chosen.code]
    waiting, now = queue(), timezone.now()
    context = {
        "title": TITLE,
        "lead": _lead(found),
        "actions": creators(ENTITIES["compute.centre"], request),
        "figures": _figures(found, waiting, now),
        "map": tiles(found),
        "kinds": _kinds(by_kind(found)),
        "chosen": chosen.name if chosen else None,
        "centres": _centres(listed, chosen, now),
        "links": tuple(Link(words, url) for url, permission, words in LINKS if _may(permission, actor)),
    }
    return render(request, "compute/map.html", context)


def _may(permission: Any, actor: Actor) -> bool:
    return isinstance(decide(permission, actor), Allowed)


def _lead(found: Sequence[Site]) -> Text:
    chips = sum(s.chips for s in found)
    return Text(
        "{n}, {c} in all: for the users of each, and, as far as each agrees, for those of the others.",
        "{n}互通共享，共{c}：保障各自用户，并按协议向其他中心用户开放。",
    ).format(n=counted(len(found), "computing centre", "家算力中心"), c=counted(chips, "chip", "芯片"))


def _figures(found: Sequence[Site], waiting: Queue, now: datetime) -> tuple[Figure, ...]:
    chips, busy, free = (sum(getattr(s, k) for s in found) for k in ("chips", "busy", "free"))
    oldest = Text("nothing waits", "无排队作业")
    if waiting.oldest is not None:
        oldest = span(round((now - waiting.oldest).total_seconds() * 1000))
    return (
        Figure(
            Text("chips free now", "当前空闲芯片"),
            count(free),
            Text("of {n}", "共{n}").format(n=count(chips)),
            now,
            Text("at centres that answer and take new jobs", "限正常应答且接受新作业的中心"),
        ),
        Figure(
            Text("utilisation", "利用率"),
            percent(busy, chips),
            on=now,
            definition=Text(
                "chips on which jobs run, of all in open pools", "作业占用芯片占在用算力池芯片之比"
            ),
        ),
        Figure(
            Text("jobs waiting", "排队作业"),
            count(waiting.jobs),
            on=now,
            definition=Text("they ask for {n}", "共需{n}").format(n=counted(waiting.chips, "chip", "芯片")),
        ),
        Figure(
            Text("longest wait", "最长等待"),
            oldest,
            on=now,
            definition=Text("since it was submitted", "自提交时起"),
        ),
        delivered_figure(now),
    )


def _kinds(kinds: Sequence[Kind]) -> Table:
    title = Text("Chips by kind", "芯片型号")
    columns = (
        Column(Text("Kind of chip", "芯片型号")),
        Column(Text("Chips", "芯片数"), "number"),
        Column(Text("At work", "在用"), "number"),
        Column(Text("Free now", "空闲"), "number"),
        Column(Text("Price of a chip-hour", "每卡时价格"), "number"),
    )
    rows = tuple(
        (Cell(k.chip), Cell(count(k.chips)), Cell(count(k.busy)), Cell(count(k.free)), Cell(_prices(k)))
        for k in kinds
    )
    return Table(title, columns, rows, empty=EmptyState(NO_CENTRE), caption_hidden=True)


def _prices(kind: Kind) -> Text:
    low, high = money(kind.lowest_fen), money(kind.highest_fen)
    return (
        low if kind.lowest_fen == kind.highest_fen else Text(f"{low.en} – {high.en}", f"{low.zh}–{high.zh}")
    )


def _centres(listed: Sequence[Site], chosen: Province | None, now: datetime) -> Table:
    title = Text("Centres", "算力中心")
    columns = (
        Column(Text("Centre", "算力中心")),
        Column(Text("Region", "所在地")),
        Column(Text("Chips now", "当前芯片")),
        Column(Text("Price from", "价格低至"), "number", Text("a chip-hour", "每卡时")),
        Column(Text("Jobs waiting", "排队作业"), "number"),
        Column(Text("PUE", "PUE"), "number"),
        Column(Text("State", "状态")),
    )
    more = len(listed) - MOST_LISTED
    return Table(
        title,
        columns,
        tuple(_row(s) for s in listed[:MOST_LISTED]),
        empty=EmptyState(NO_CENTRE if chosen is None else Text("No centre here.", "此处无算力中心。")),
        csv="/compute/?format=csv",
        shown=Text("{n} further ones in the CSV", "其余{n}家见 CSV").format(n=more) if more > 0 else None,
        caption_hidden=True,
    )


def _row(site: Site) -> tuple[Cell, ...]:
    centre, fen = site.centre, site.cheapest_fen
    place = province_of(centre.region)
    return (
        Cell(
            Text(f"{centre.code} {centre.name_en}", f"{centre.code} {centre.name_zh}"),
            url=f"/compute/centre/{centre.code}",
        ),
        Cell(place.name if place else centre.region),
        Cell(chips_meter(site)),
        Cell(Text("no pool yet", "尚无算力池") if fen is None else money(fen)),
        Cell(count(site.waiting)),
        Cell(Text("not declared", "未申报") if not centre.pue_milli else f"{centre.pue_milli / 1000:.2f}"),
        Cell(state_of(site)),
    )


def chips_meter(site: Site) -> Meter:
    """At work and free; the chips of a centre that offers nothing now are said not to be on offer."""
    at_work = Part(Text("{n} at work", "{n}在用").format(n=count(site.busy)), site.busy, "closed")
    if not site.offers:
        words = Text("{n} chips, none on offer", "共{n}芯片，当前不提供").format(n=count(site.chips))
        return Meter((at_work,), site.chips, words)
    free = Part(Text("{n} free", "{n}空闲").format(n=count(site.free)), site.free, "holds")
    words = Text("{f} of {n} free", "共{n}，空闲{f}").format(f=count(site.free), n=count(site.chips))
    return Meter((at_work, free), site.chips, words)


def _csv_row(site: Site) -> tuple[object, ...]:
    c = site.centre
    silent = c.silent_since.isoformat() if c.silent_since else None
    return (c.code, c.name_en, c.name_zh, c.region, c.state, silent, site.chips, site.free, site.waiting,
            site.cheapest_fen, c.pue_milli or None)  # fmt: skip
