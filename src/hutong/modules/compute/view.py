"""What the pages of centres, allocations and jobs show besides the particulars."""

from __future__ import annotations

from typing import Any

from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.text import Text
from hutong.modules.compute import book
from hutong.modules.compute.queries import Occupied, cost_fen, occupied, why_not_yet
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Cell, Column, EmptyState, Figure, State, Table
from hutong.platform.entities import Sight

POOLS = Text("Pools of chips", "算力池")
COLUMNS = (
    Column(Text("Pool", "算力池"), "code"),
    Column(Text("Kind of chip", "芯片型号")),
    Column(Text("Now", "当前占用")),
    Column(Text("Jobs waiting", "排队作业"), "number"),
    Column(Text("Price of a chip-hour", "每卡时价格"), "number"),
    Column(Text("State", "状态")),
)


def centre_context(seen: Sight) -> dict[str, Any]:
    """Chips free and at work now, by pool, with price and queue."""
    pools = occupied(seen.record)
    chips, running = sum(p.pool.chips for p in pools), sum(p.running for p in pools)
    table = Table(
        POOLS,
        COLUMNS,
        tuple(_pool(p) for p in pools),
        empty=EmptyState(Text("This centre offers no chips yet.", "该中心尚未提供算力池。")),
        caption_hidden=True,
    )
    figures = (
        Figure(Text("chips free now", "当前空闲芯片"), _count(max(0, chips - running)), _of(chips)),
        Figure(Text("jobs waiting", "排队作业"), _count(sum(p.waiting for p in pools))),
    )
    return {"figures": figures, "sections": ((POOLS, table),)}


def _of(chips: int) -> Text:
    return Text("of {n}", "共{n}").format(n=chips)


def _count(n: int) -> Text:
    return Text(f"{n:,}", f"{n:,}")


def _pool(one: Occupied) -> tuple[Cell, ...]:
    pool = one.pool
    busy = min(one.running, pool.chips)
    at_work = Part(Text("{n} at work", "{n}在用").format(n=busy), busy, "closed")
    free = Part(Text("{n} free", "{n}空闲").format(n=one.free), one.free, "holds")
    words = Text("{f} of {n} chips free", "共{n}芯片，空闲{f}").format(f=one.free, n=pool.chips)
    price = Money.of(pool.price_fen)
    return (
        Cell(pool.code, url=f"/compute/pool/{pool.code}"),
        Cell(pool.chip),
        Cell(Meter((at_work, free), pool.chips, words)),
        Cell(_count(one.waiting)),
        Cell(Text(price.say("en"), price.say("zh"))),
        Cell(State.of(type(pool).lifecycle.state(pool.state))),
    )


def allocation_context(seen: Sight) -> dict[str, Any]:
    """The balances of an allocation as figures."""
    record = seen.record
    words = {
        "free": Text("free", "可用"),
        "held": Text("held for jobs", "作业冻结"),
        "used": Text("used", "已用"),
    }
    found = book.balances(record)
    figures = tuple(
        Figure(words[kind], _chip_time(found[kind]), definition=Text("from the book", "据账簿"))
        for kind in words
        if kind in found
    )
    return {"figures": figures}


def _chip_time(ms: int) -> Text:
    return Text(ChipTime.of(ms).say("en"), ChipTime.of(ms).say("zh"))


def job_context(seen: Sight) -> dict[str, Any]:
    """Why not yet, and what it cost so far."""
    record = seen.record
    cost = Money.of(cost_fen(record))
    figure = Figure(Text("cost so far", "当前费用"), Text(cost.say("en"), cost.say("zh")))
    return {"lead": why_not_yet(record), "figures": (figure,)}
