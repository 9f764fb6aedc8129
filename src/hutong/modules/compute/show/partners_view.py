"""The page of a centre's balance with its partners: for its operator and the hub's office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hutong.kernel.permission import Actor, Allowed, Denied, decide
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Centre, Statement
from hutong.modules.compute.show.partners import (
    LOOKED_BACK,
    Position,
    Promise,
    Waited,
    debts,
    guests_and_own,
    position,
    promise,
)
from hutong.modules.compute.show.words import count, money, percent, span, stamp
from hutong.platform.component_pages import Link
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Cell, Column, Crumb, EmptyState, Figure, State, Table
from hutong.platform.parsing import load_record

TITLE = Text("Balance with partners", "与合作伙伴的往来")
OWED = Text("Owed and owing", "应收应付")
GUARANTEE = Text("Share kept and share lent", "自用保障与出借")
PROVED = Text("Guarantee to own users", "自用保障履行情况")
WAITS = Text("Waits of own users", "本中心用户等待情况")
BASIS = Text("jobs in accepted statements, not yet settled", "已受理、尚未结算的对账单所含作业")


def partners_view(request: HttpRequest, code: str) -> HttpResponse:
    """What the centre owes and is owed, its agreement beside what is lent now, and what its own users waited."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    centre: Any = load_record(Centre, code, actor, "code")
    allowed = may_see(actor, centre)
    if isinstance(allowed, Denied):
        raise allowed
    now = timezone.now()
    stands = position(centre.code, debts())
    agreed = promise(centre, now)
    lent, used, waits = guests_and_own(centre, now)
    context = {
        "title": Text("{t}: {c}", "{c}：{t}").format(t=TITLE, c=centre.name),
        "code": centre.code,
        "figures": (*_figures(stands, agreed, lent, now), _typical(waits, now)),
        "sections": (
            (OWED, _owed(stands)),
            (GUARANTEE, _guarantee(agreed, lent, used)),
            (WAITS, _waits(waits, agreed)),
            (PROVED, Link(PROVED, f"/compute/centre/{centre.code}/guarantee")),
        ),
        "crumbs": (
            Crumb(Text("Computing", "算力"), "/compute/"),
            Crumb(centre.code, f"/compute/centre/{centre.code}"),
            Crumb(TITLE),
        ),
    }
    return render(request, "hutong/pages/detail.html", context)


def may_see(actor: Actor, centre: Centre) -> Allowed | Denied:
    """Who may see the statements of a centre may see what comes of them."""
    return decide(may.STATEMENT_VIEW, actor, Statement(centre=centre))


def _figures(stands: Position, agreed: Promise, lent: int, now: datetime) -> tuple[Figure, ...]:
    net = stands.net
    side = Text("to be received", "净应收") if net >= 0 else Text("to be paid", "净应付")
    return (
        Figure(
            Text("others owe", "他方应付"), money(sum(stands.receives.values())), on=now, definition=BASIS
        ),
        Figure(
            Text("owed to others", "应付他方"), money(sum(stands.pays.values())), on=now, definition=BASIS
        ),
        Figure(side, money(abs(net)), on=now, definition=Text("after offsetting", "抵销后")),
        Figure(
            Text("chips lent now", "当前出借芯片"),
            count(lent),
            Text("of at most {n}", "上限{n}").format(n=count(agreed.lendable)),
            on=now,
            definition=Text("on which jobs of other centres' users run", "其他中心用户作业占用"),
        ),
    )


def _typical(waits: Sequence[Waited], now: datetime) -> Figure:
    """The median wait of own users; of those listed, that is the latest."""
    label = Text("own users' median wait", "本中心用户等待中位数")
    if not waits:
        return Figure(label, Text("no job", "无作业"))
    ordered = sorted(w.wait_ms for w in waits)
    note = Text("of {n} jobs in {d} days; longest {l}", "近{d}天{n}项作业，最长{l}").format(
        n=len(waits), d=LOOKED_BACK.days, l=span(ordered[-1])
    )
    return Figure(label, span(ordered[(len(ordered) - 1) // 2]), on=now, definition=note)


def _owed(stands: Position) -> Table:
    columns = (
        Column(Text("Partner", "合作伙伴"), "code"),
        Column(Text("Owes this centre", "应付本中心"), "number"),
        Column(Text("This centre owes", "本中心应付"), "number"),
        Column(Text("After offsetting", "抵销后"), "number"),
        Column(Text("Transfer that settles all centres", "多边净额结算划付")),
    )
    partners = sorted(
        {*stands.receives, *stands.pays, *(n for t in stands.transfers for n in (t.debtor, t.creditor))}
    )
    rows = tuple(_partner(stands, p) for p in partners if p != stands.centre)
    nothing = EmptyState(
        Text("Nothing is owed: no accepted statement has a job of another centre's users.",
             "暂无往来：已受理的对账单中没有跨中心作业。")
    )  # fmt: skip
    return Table(OWED, columns, rows, empty=nothing, caption_hidden=True)


def _partner(stands: Position, partner: str) -> tuple[Cell, ...]:
    net = stands.net_of.get(partner, 0)
    receive, pay = Text("to receive {m}", "应收{m}"), Text("to pay {m}", "应付{m}")
    after = (receive if net >= 0 else pay).format(m=money(abs(net)))
    moved = next((t for t in stands.transfers if partner in (t.debtor, t.creditor)), None)
    transfer = Text("none", "无")
    if moved is not None:
        transfer = (pay if moved.debtor == stands.centre else receive).format(m=money(moved.amount))
    return (
        Cell(partner, url=f"/compute/centre/{partner}"),
        Cell(money(stands.receives.get(partner, 0))),
        Cell(money(stands.pays.get(partner, 0))),
        Cell(after),
        Cell(transfer),
    )


def _guarantee(agreed: Promise, lent: int, used: int) -> Any:
    if agreed.agreement is None:
        return EmptyState(
            Text(
                "No agreement is in force: the centre lends nothing, and all its chips are its own users'.",
                "当前无生效协议：该中心不出借，全部芯片归本中心用户使用。",
            )
        )
    columns = (
        Column(Text("Share", "份额")),
        Column(Text("Agreed", "协议约定"), "number"),
        Column(Text("Chips", "芯片数"), "number"),
        Column(Text("At work now", "当前在用")),
    )
    rows = (
        _share(Text("kept for own users", "自用保障"), agreed.agreement.guaranteed_milli, agreed.kept, used),
        _share(Text("lent to others", "对外出借"), agreed.agreement.lendable_milli, agreed.lendable, lent),
    )
    return Table(GUARANTEE, columns, rows, caption_hidden=True)


def _share(words: Text, milli: int, chips: int, busy: int) -> tuple[Cell, ...]:
    shown = min(busy, chips)
    said = Text("{b} of {n}", "{n}中的{b}").format(b=count(busy), n=count(chips))
    return (
        Cell(words),
        Cell(percent(milli, 1000)),
        Cell(count(chips)),
        Cell(Meter((Part(said, shown, "closed"),), chips, said)),
    )


def _waits(waits: Sequence[Waited], agreed: Promise) -> Table:
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Submitted", "提交时间"), "date", Text("Beijing time", "北京时间")),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Waited", "等待时长"), "number"),
        Column(Text("Ran at", "运行于"), "code"),
        Column(Text("Most lent meanwhile", "期间最多出借"), "number"),
        Column(Text("Guarantee", "自用保障")),
    )
    nothing = EmptyState(
        Text("No job of own users in the last {n} days.", "近{n}天无本中心用户作业。").format(
            n=LOOKED_BACK.days
        )
    )
    return Table(WAITS, columns, tuple(_wait(w, agreed) for w in waits), empty=nothing, caption_hidden=True)


def _wait(one: Waited, agreed: Promise) -> tuple[Cell, ...]:
    """Kept: while the job waited, guests never held more than may be lent."""
    kept = one.lent <= agreed.lendable
    state = (
        State(Text("kept", "已保障"), "holds")
        if kept
        else State(Text("more was lent", "超额出借"), "stopped")
    )
    job = one.job
    return (
        Cell(job.code, url=f"/compute/job/{job.code}"),
        Cell(stamp(job.created_at)),
        Cell(count(job.chips)),
        Cell(span(one.wait_ms)),
        Cell(job.pool.code if job.pool is not None else Text("waits", "排队中")),
        Cell(count(one.lent)),
        Cell(state),
    )
