"""Centres and pools of chips: register, open, close."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import Reason, operation
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import CENTRE, POOL
from hutong.modules.compute.models import Centre, Pool
from hutong.platform.context import RunContext


@operation(
    "compute.centre.register",
    permission=may.CENTRE_REGISTER,
    title=Text("Register a centre", "登记算力中心"),
    sentence=Text("registered the centre {subject}", "登记了算力中心 {subject}"),
    lifecycle=CENTRE,
    creates=Centre,
)
def centre_register(
    ctx: RunContext,
    *,
    name_en: Annotated[str, Text("Name in English", "英文名称")],
    name_zh: Annotated[str, Text("Name in Chinese", "中文名称")],
    region: Annotated[str, Text("Region (GB/T 2260)", "行政区划（GB/T 2260）")] = "110000",
) -> Centre:
    """Take a computing centre of the own organisation into the hub."""
    return Centre(organisation=ctx.own_organisation(), name_en=name_en, name_zh=name_zh, region=region)


@operation(
    "compute.centre.close",
    permission=may.CENTRE_CLOSE,
    title=Text("Close the centre", "关闭算力中心"),
    sentence=Text("closed the centre {subject}", "关闭了算力中心 {subject}"),
    lifecycle=CENTRE,
    transition=CENTRE.close,
)
def centre_close(ctx: RunContext, centre: Centre, *, reason: Reason) -> None:
    """Take a centre out of the hub once none of its pools is open."""
    if centre.pools.filter(state="active").exists():
        raise Conflict(
            Text("Pools of this centre are still open.", "该中心尚有在用的算力池。"),
            rule="centre.open_pools",
            remedy=Text("Close its pools first.", "请先关闭其算力池。"),
        )


@operation(
    "compute.pool.open",
    permission=may.POOL_OPEN,
    title=Text("Open a pool of chips", "开设算力池"),
    sentence=Text("opened the pool {subject}", "开设了算力池 {subject}"),
    lifecycle=POOL,
    creates=Pool,
    needs=("active",),
)
def pool_open(
    ctx: RunContext,
    centre: Centre,
    *,
    chip: Annotated[str, Text("Kind of chip", "芯片型号")],
    chips: Annotated[int, Text("Number of chips", "芯片数量")],
    domestic: Annotated[bool, Text("Domestic chip", "国产芯片")] = False,
    price: Annotated[Money, Text("Price of a chip-hour", "每卡时价格")],
) -> Pool:
    """Offer a number of chips of one kind at a price per hour."""
    if not 1 <= chips <= 1_000_000:
        raise Invalid(
            Text("A pool has at least one chip.", "算力池至少含一张卡。"),
            rule="pool.chips",
            remedy=Text("Give a whole number from 1.", "请填写不小于1的整数。"),
            field="chips",
        )
    return Pool(centre=centre, chip=chip, chips=chips, domestic=domestic, price_fen=price.as_json())


@operation(
    "compute.pool.close",
    permission=may.POOL_CLOSE,
    title=Text("Close the pool", "关闭算力池"),
    sentence=Text("closed the pool {subject}", "关闭了算力池 {subject}"),
    lifecycle=POOL,
    transition=POOL.close,
)
def pool_close(ctx: RunContext, pool: Pool, *, reason: Reason) -> None:
    """Offer a pool no longer. Allocations on it keep their hours until they are closed."""
