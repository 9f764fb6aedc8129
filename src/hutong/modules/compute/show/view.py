"""What the pages of centres, allocations, jobs, statements and vouchers show besides the particulars."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from hutong.engines.broker.money import vouchers as rules
from hutong.kernel.permission import Allowed
from hutong.kernel.text import Text
from hutong.modules.compute.broker.calendar import standing
from hutong.modules.compute.models import Centre
from hutong.modules.compute.money.vouchers import history
from hutong.modules.compute.outlook import lead, options_table
from hutong.modules.compute.queries import Occupied, occupied
from hutong.modules.compute.show import account as use_statement
from hutong.modules.compute.show import job as use_job
from hutong.modules.compute.show.calendar import calendar_section
from hutong.modules.compute.show.carbon import CO2E, intensity_figure, job_figures, statement_carbon
from hutong.modules.compute.show.gantt import TITLE as HELD
from hutong.modules.compute.show.gantt import at_centre, gantt, kept, stretches
from hutong.modules.compute.show.guests import guests_section
from hutong.modules.compute.show.map import Site
from hutong.modules.compute.show.map_tiles import state_of
from hutong.modules.compute.show.partners_view import TITLE as BALANCE
from hutong.modules.compute.show.partners_view import may_see
from hutong.modules.compute.show.words import chip_time, count, money
from hutong.platform.component_pages import Link
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Cell, Column, Crumb, EmptyState, Figure, State, Table
from hutong.platform.entities import Sight

# A page shows so many lines of a statement; the API gives all.
MOST_SHOWN = 200
LOG = Text("Log", "日志")
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
    shut = not_offered(seen.record)
    table = Table(
        POOLS,
        COLUMNS,
        tuple(_pool(p, shut is None) for p in pools),
        empty=EmptyState(Text("This centre offers no chips yet.", "该中心尚未提供算力池。")),
        caption_hidden=True,
    )
    free = 0 if shut is not None else max(0, chips - running)
    now = timezone.now()
    figures = (
        Figure(Text("chips free now", "当前空闲芯片"), count(free), _of(chips), definition=shut),
        Figure(Text("jobs waiting", "排队作业"), count(sum(p.waiting for p in pools))),
        intensity_figure(pools, now),
    )
    calendar = standing(now, pool__centre=seen.record)
    jobs = at_centre(seen.record)
    held = [*kept(calendar), *stretches(jobs, seen.record, seen.actor, now)]
    chart = gantt([p.pool for p in pools], held, now)
    sections: tuple[tuple[Text, Any], ...] = (
        (POOLS, table),
        (HELD, chart),
        *calendar_section(seen.record, calendar),
    )
    kinds = {p.pool.chip for p in pools}
    sections = (*sections, *guests_section(jobs, seen.record, kinds, seen.actor))
    if isinstance(may_see(seen.actor, seen.record), Allowed):
        link = Link(BALANCE, f"/compute/centre/{seen.record.code}/partners")
        sections = (*sections, (Text("Partnership", "算力伙伴"), link))
    crumbs = (Crumb(Text("Computing", "算力"), "/compute/"), Crumb(seen.record.code))
    context: dict[str, Any] = {"figures": figures, "sections": sections, "crumbs": crumbs}
    if seen.record.silent_since is not None:
        context |= {"state": state_of(Site(seen.record)), "lead": SILENT}
    return context


SILENT = Text(
    "The centre does not answer. Its jobs are unreachable, which is not ended: they may still run there, so nothing else runs "
    "them; nothing new is placed here until it answers.",
    "该中心当前无应答。其作业处于失联状态而非结束，可能仍在运行，因此不会在他处重复运行；恢复应答前不再调度新作业。",
)


def not_offered(centre: Centre) -> Text | None:
    """Why chips on which nothing runs cannot be had now; None where they can."""
    if centre.silent_since is not None:
        return Text("none while the centre is silent", "中心失联期间不提供")
    if centre.state != "active":
        return Text("none while the centre takes no new job", "中心不接受新作业期间不提供")
    return None


def _of(chips: int) -> Text:
    return Text("of {n}", "共{n}").format(n=chips)


def _pool(one: Occupied, offered: bool) -> tuple[Cell, ...]:
    pool = one.pool
    busy = min(one.running, pool.chips)
    at_work = Part(Text("{n} at work", "{n}在用").format(n=busy), busy, "closed")
    free = Part(Text("{n} free", "{n}空闲").format(n=one.free), one.free, "holds")
    words = Text("{f} of {n} chips free", "共{n}芯片，空闲{f}").format(f=one.free, n=pool.chips)
    if not offered:
        words = Text("{b} of {n} at work, none on offer", "共{n}芯片，在用{b}，当前不提供").format(
            b=busy, n=pool.chips
        )
    return (
        Cell(pool.code, url=f"/compute/pool/{pool.code}"),
        Cell(pool.chip),
        Cell(Meter((at_work, free) if offered else (at_work,), pool.chips, words)),
        Cell(count(one.waiting)),
        Cell(money(pool.price_fen)),
        Cell(State.of(type(pool).lifecycle.state(pool.state))),
    )


def allocation_context(seen: Sight) -> dict[str, Any]:
    """The account: what is left in words, the balances, and every booking."""
    shown = use_statement.sections(seen.record)
    if seen.record.state != "active":
        return shown
    quote = Link(Text("Ask for a quote", "作业询价"), f"/compute/quote?allocation={seen.record.code}")
    before = Text("Before a job", "提交作业之前")
    return {**shown, "sections": ((before, quote), *shown["sections"])}


def job_context(seen: Sight) -> dict[str, Any]:
    """Why not yet and what else could be asked for; its tries, what it used and cost so far, and its log."""
    record = seen.record
    figures, parts = use_job.sections(record)
    begun = record.log_sha256 or record.state == "running"
    log = (Link(Text("Log as text", "日志文本"), f"/compute/job/{record.code}/log"),) if begun else ()
    sections = (*options_table(record), *parts, *((LOG, log) for _ in log))
    figures = (*figures, *job_figures(record, seen.events))
    return {"lead": lead(record), "figures": figures, "sections": sections}


def statement_context(seen: Sight) -> dict[str, Any]:
    """Claim and meter side by side, and what does not agree."""
    record = seen.record
    figures = (
        Figure(Text("claimed", "申报"), chip_time(record.claimed_ms), money(record.claimed_fen)),
        Figure(
            Text("metered by the hub", "平台计量"), chip_time(record.metered_ms), money(record.metered_fen)
        ),
    )
    flags = tuple((Cell(Text(f["en"], f["zh"])), Cell(", ".join(f["attempts"]))) for f in record.flags)
    title = Text("Where claim and meter differ", "申报与计量的差异")
    columns = (Column(Text("Finding", "发现")), Column(Text("Attempts", "涉及运行"), "code"))
    table = Table(
        title,
        columns,
        flags,
        empty=EmptyState(Text("Claim and meter agree.", "申报与计量一致。")),
        caption_hidden=True,
    )
    lines = Text("What is claimed", "申报明细")
    heads = (
        Column(Text("Attempt", "运行"), "code"),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("Began", "开始")),
        Column(Text("Ended", "结束")),
        Column(Text("Chips", "卡数"), "number"),
        Column(CO2E, "number", Text("of the job", "该作业")),
    )
    emitted = statement_carbon(record.lines[:MOST_SHOWN])
    rows = tuple(
        (Cell(r["attempt"]), Cell(r["pool"]), Cell(r["began"]), Cell(r["ended"]), Cell(count(r["chips"])),
         Cell(emitted[r["attempt"]]))
        for r in record.lines[:MOST_SHOWN]
    )  # fmt: skip
    nothing = EmptyState(Text("Nothing is claimed.", "未申报用量。"))
    return {
        "figures": figures,
        "sections": ((title, table), (lines, Table(lines, heads, rows, empty=nothing, caption_hidden=True))),
    }


KINDS = {
    "claimed": Text("Issued", "核发"),
    "released": Text("Released unused", "释放未用"),
    "redeemed": Text("Redeemed", "兑付"),
    "returned": Text("Paid back, open again", "退回待兑"),
    "clawed_back": Text("Clawed back", "追回"),
}


def voucher_context(seen: Sight) -> dict[str, Any]:
    """What is left of a voucher, and every entry of its book."""
    record = seen.record
    mine = [e for e in history(record) if e.voucher == record.code]
    held = rules.position(record.code, mine)
    figures = (
        Figure(Text("paid out", "已兑付"), money(held.kept)),
        Figure(Text("still open", "待兑付"), money(held.open)),
    )
    title = Text("Voucher book", "算力券台账")
    columns = (
        Column(Text("Day", "日期")),
        Column(Text("Entry", "事项")),
        Column(Text("Amount", "金额"), "number"),
        Column(Text("Invoices", "发票"), "code"),
    )
    rows = tuple(
        (Cell(e.on.isoformat()), Cell(KINDS[e.kind]), Cell(money(e.fen)), Cell(", ".join(e.invoices)))
        for e in mine
    )
    nothing = EmptyState(Text("Nothing is issued yet.", "尚未核发。"))
    return {
        "figures": figures,
        "sections": ((title, Table(title, columns, rows, empty=nothing, caption_hidden=True)),),
    }
