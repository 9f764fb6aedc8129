"""Centres and pools of chips: register, drain, suspend, resume, close; open a pool, post its price, close it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from hutong.engines.broker.chips import kind_of
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.operation import Help, Reason, operation
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute import connections
from hutong.modules.compute import policy as may
from hutong.modules.compute.lifecycle import CENTRE, POOL
from hutong.modules.compute.models import Attempt, Centre, Job, Pool, Price
from hutong.modules.compute.tasks import welcome
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
    connection: Annotated[
        str,
        Text("Connection", "接入方式"),
        Help(
            Text(
                "“local”, or a name from the hub's centres.yaml.",
                "“local”，或平台 centres.yaml 中的名称。",
            )
        ),
    ] = "local",
    pue: Annotated[
        int,
        Text("PUE in thousandths", "电能利用效率（千分之一）"),
        Help(Text("1200 is a PUE of 1.2; 0 where it is not measured.", "1200 即 PUE 1.2；未测则填 0。")),
    ] = 0,
) -> Centre:
    """Take a computing centre of the own organisation into the hub."""
    connections.known(connection)
    if pue and not 1000 <= pue <= 5000:
        raise Invalid(
            Text("A PUE lies between 1000 and 5000 thousandths.", "PUE须在千分之1000至5000之间。"),
            rule="centre.pue",
            remedy=Text(
                "Total energy by energy of the equipment, times 1000.", "总能耗除以设备能耗，再乘以1000。"
            ),
            field="pue",
        )
    centre = Centre(
        organisation=ctx.own_organisation(),
        name_en=name_en,
        name_zh=name_zh,
        region=region,
        connection=connection,
        pue_milli=pue,
    )
    ctx.keep(centre)
    ctx.enqueue(welcome, centre=centre.code)
    return centre


@operation(
    "compute.centre.drain",
    permission=may.CENTRE_RUN,
    title=Text("Drain the centre", "排空算力中心"),
    sentence=Text("drained the centre {subject}", "排空了算力中心 {subject}"),
    lifecycle=CENTRE,
    transition=CENTRE.drain,
)
def centre_drain(ctx: RunContext, centre: Centre, *, reason: Reason) -> None:
    """Place nothing new on a centre; what runs goes on to its end."""


@operation(
    "compute.centre.suspend",
    permission=may.CENTRE_RUN,
    title=Text("Suspend the centre", "暂停算力中心"),
    sentence=Text("suspended the centre {subject}", "暂停了算力中心 {subject}"),
    lifecycle=CENTRE,
    transition=CENTRE.suspend,
)
def centre_suspend(ctx: RunContext, centre: Centre, *, reason: Reason) -> None:
    """Take a centre out of the partnership for a while: its jobs are asked to stop and wait again elsewhere."""
    running = Job.objects.filter(state="running", pool__centre=centre)
    Attempt.objects.filter(job__in=running).exclude(state="ended").update(stop_asked=True)
    ctx.note(jobs=running.count())


@operation(
    "compute.centre.resume",
    permission=may.CENTRE_RUN,
    title=Text("Resume the centre", "恢复算力中心"),
    sentence=Text("resumed the centre {subject}", "恢复了算力中心 {subject}"),
    lifecycle=CENTRE,
    transition=CENTRE.resume,
)
def centre_resume(ctx: RunContext, centre: Centre) -> None:
    """Offer a drained or suspended centre again."""


@operation(
    "compute.centre.fall_silent",
    permission=may.CENTRE_WATCH,
    title=Text("Record that the centre is silent", "记录算力中心失联"),
    sentence=Text("found the centre {subject} silent", "发现算力中心 {subject} 失联"),
    hidden=True,
)
def centre_fall_silent(ctx: RunContext, centre: Centre, *, reason: Reason) -> None:
    """A centre does not answer: its jobs are unreachable, which is not preempted; none of them is run anywhere else."""
    centre.silent_since = ctx.now
    open_ = Attempt.objects.filter(pool__centre=centre, state__in=("starting", "running"))
    ctx.note(attempts=open_.update(state="unreachable"))


@operation(
    "compute.centre.answer",
    permission=may.CENTRE_WATCH,
    title=Text("Record that the centre answers again", "记录算力中心恢复联络"),
    sentence=Text("heard the centre {subject} again", "算力中心 {subject} 恢复联络"),
    hidden=True,
)
def centre_answer(ctx: RunContext, centre: Centre) -> None:
    """A silent centre answers again: its jobs are what it says they are."""
    silent = centre.silent_since
    centre.silent_since, centre.heard_at = None, ctx.now
    lost = Attempt.objects.filter(pool__centre=centre, state="unreachable")
    ctx.note(
        attempts=lost.update(state="running"),
        silent_s=0 if silent is None else round((ctx.now - silent).total_seconds()),
    )


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
    chip: Annotated[
        str,
        Text("Kind of chip", "芯片型号"),
        Help(
            Text(
                "A model; a partition such as a100-80gb:1g.10gb or a share such as t4:1/2 where chips are cut.",
                "芯片型号；切分出租时填写如 a100-80gb:1g.10gb 或等分如 t4:1/2。",
            )
        ),
    ],
    chips: Annotated[int, Text("Number of chips", "芯片数量")],
    domestic: Annotated[bool, Text("Domestic chip", "国产芯片")] = False,
    price: Annotated[Money, Text("Price of a chip-hour", "每卡时价格")],
    node_chips: Annotated[int, Text("Chips in one node", "单节点芯片数")] = 8,
    by_operator: Annotated[
        bool,
        Text("The operator starts each job", "由运营人员逐一启动作业"),
        Help(Text("Otherwise the hub places jobs by itself.", "否则由平台自动调度。")),
    ] = False,
) -> Pool:
    """Offer a number of chips of one kind, whole or cut, at a price per hour."""
    kind_of(chip)
    if not 1 <= chips <= 1_000_000:
        raise Invalid(
            Text("A pool has at least one chip.", "算力池至少含一张卡。"),
            rule="pool.chips",
            remedy=Text("Give a whole number from 1.", "请填写不小于1的整数。"),
            field="chips",
        )
    if node_chips < 1:
        raise Invalid(
            Text("A node has at least one chip.", "单节点至少含一张卡。"),
            rule="pool.node_chips",
            remedy=Text("Give a whole number from 1.", "请填写不小于1的整数。"),
            field="node_chips",
        )
    pool = Pool(
        centre=centre,
        chip=chip,
        chips=chips,
        node_chips=min(node_chips, chips),
        domestic=domestic,
        price_fen=price.as_json(),
        by_operator=by_operator,
    )
    ctx.keep(pool)
    Price.objects.create(pool=pool, price_fen=pool.price_fen, valid_from=ctx.now)
    return pool


@operation(
    "compute.pool.price",
    permission=may.POOL_PRICE,
    title=Text("Post a price", "发布价格"),
    sentence=Text("posted a price for {subject}", "发布了 {subject} 的价格"),
    needs=("active",),
)
def pool_price(
    ctx: RunContext,
    pool: Pool,
    *,
    price: Annotated[Money, Text("Price of a chip-hour", "每卡时价格")],
    valid_from: Annotated[datetime | None, Text("In force from", "生效时间")] = None,
) -> None:
    """Post what an hour costs from a moment on: running jobs pay the old price until then, and the new one after."""
    start = valid_from or ctx.now
    if start < ctx.now:
        raise Invalid(
            Text("A price does not change in the past.", "价格不得追溯调整。"),
            rule="price.past",
            remedy=Text("Give a moment from now on.", "请填写现在或之后的时间。"),
            field="valid_from",
        )
    if pool.prices.filter(valid_from__gte=start).exists():
        raise Conflict(
            Text("A later price is already posted.", "已发布更晚生效的价格。"),
            rule="price.order",
            remedy=Text("Give a moment after it.", "请填写其后的时间。"),
            field="valid_from",
        )
    Price.objects.create(pool=pool, price_fen=price.as_json(), valid_from=start)
    if start == ctx.now:
        pool.price_fen = price.as_json()
    ctx.note(price_fen=price.as_json(), valid_from=start.isoformat())


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
