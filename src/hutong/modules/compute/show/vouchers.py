"""The voucher desk: what waits for the office, by state, and how much of each enterprise's yearly cap is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hutong.engines.broker.money import vouchers as rules
from hutong.kernel.clock import local_date
from hutong.kernel.permission import Actor, Denied, decide
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Voucher, VoucherEntry
from hutong.modules.compute.money.vouchers import contract_of
from hutong.modules.compute.show.words import count, money
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Action, Cell, Column, Crumb, EmptyState, Figure, Table
from hutong.platform.scope import visible

TITLE = Text("Compute vouchers", "算力券")
CAPS = Text("Yearly cap of each enterprise", "各企业年度上限")
# Of each state the page shows so many; the list has all.
MOST_SHOWN = 100
# What is done with a voucher in each state, and by whom; states in which nothing waits come last.
WAITING: tuple[tuple[str, Text, Text], ...] = (
    ("submitted", Text("Applied for: the office decides", "已申领，待审批"), Text("approve or reject it", "批准或驳回")),
    ("approved", Text("Approved: open for redemption", "已批准，可兑付"), Text("redeem it against an invoice", "凭发票兑付")),
    ("exhausted", Text("Used up", "额度用尽"), Text("nothing", "无")),
    ("expired", Text("Expired", "到期失效"), Text("nothing", "无")),
    ("revoked", Text("Revoked", "撤销"), Text("what was paid is claimed back", "追回已付款项")),
    ("rejected", Text("Rejected", "驳回"), Text("nothing", "无")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cap:
    """One enterprise in one calendar year: fen claimed and redeemed of a cap under a programme's rules."""

    name: Text
    year: int
    programme: rules.Programme
    claimed: int
    redeemed: int

    @property
    def cap(self) -> int:
        return self.programme.cap_enterprise_year_fen


def vouchers_view(request: HttpRequest) -> HttpResponse:
    """Vouchers that the actor may see: the office's desk, or the applicant's own."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    allowed = decide(may.VOUCHER_VIEW, actor)
    if isinstance(allowed, Denied):
        raise allowed
    mine = visible(Voucher.objects.all(), may.VOUCHER_VIEW, actor)
    shown = list(mine.select_related("organisation", "supplier").order_by("-pk"))
    entries = entries_of(shown)
    context = {
        "title": TITLE,
        "lead": LEAD,
        "actions": _actions(actor),
        "figures": _figures(shown, entries),
        "sections": (*_by_state(shown, entries), (CAPS, _caps(caps(shown, entries)))),
        "crumbs": (Crumb(Text("Computing", "算力"), "/compute/"), Crumb(TITLE)),
    }
    return render(request, "hutong/pages/detail.html", context)


LEAD = Text(
    "What each voucher is worth and how much of a cap is left is computed from the rules of its programme and the voucher "
    "book.",
    "券面金额与剩余上限均依据该批次规则与算力券台账计算。",
)


def _actions(actor: Actor) -> tuple[Action, ...]:
    if actor.id is None or isinstance(decide(may.VOUCHER_APPLY, actor), Denied):
        return ()
    words = Text("Apply for a voucher", "申领算力券")
    return (Action(words, "/do/compute.voucher.apply/", "compute.voucher.apply", weight="primary"),)


def entries_of(shown: Sequence[Voucher]) -> list[rules.Entry]:
    """The book of these vouchers in the order written: one query."""
    found = {v.pk: v for v in shown}
    rows = VoucherEntry.objects.filter(voucher__in=[*found]).order_by("pk")
    made = []
    for row in rows:
        kind: Any = row.kind
        voucher = found[row.voucher_id]
        if voucher.claimed_on is not None:
            contract = contract_of(voucher)
            made.append(
                rules.Entry(
                    kind, voucher.code, contract.number, contract.enterprise, row.fen, row.on, voucher.claimed_on,
                    tuple(row.invoices),
                )
            )  # fmt: skip
    return made


def caps(shown: Sequence[Voucher], entries: Sequence[rules.Entry]) -> list[Cap]:
    """Per enterprise, calendar year and programme, the latest year first. The sums are the engine's."""
    names = {v.organisation.register_id: v.organisation.name for v in shown}
    programmes = {(v.programme, v.rules): rules.programme_of(v.programme, v.rules) for v in shown}
    of_voucher = {v.code: (v.programme, v.rules) for v in shown}
    keys = {
        (year, e.enterprise, of_voucher[e.voucher])
        for e in entries
        for year in (e.on.year, e.claimed_on.year)
    }
    found = []
    for year, enterprise, programme in sorted(keys, key=lambda k: (-k[0], k[1], k[2])):
        mine = [e for e in entries if of_voucher[e.voucher] == programme]
        about = programmes[programme]
        sums = (f(about, enterprise, year, mine) for f in (rules.claimed_in, rules.redeemed_in))
        found.append(Cap(names[enterprise], year, about, *sums))
    return found


def _figures(shown: Sequence[Voucher], entries: Sequence[rules.Entry]) -> tuple[Figure, ...]:
    now = timezone.now()
    open_ = sum(rules.position(v.code, entries_for(v, entries)).open for v in shown if v.state == "approved")
    paid = sum(e.fen if e.kind == "redeemed" else -e.fen for e in entries if e.kind in ("redeemed", "returned", "clawed_back"))  # fmt: skip
    waits = sum(v.state == "submitted" for v in shown)
    return (
        Figure(Text("waiting for a decision", "待审批"), count(waits), on=now),
        Figure(Text("open for redemption", "待兑付"), money(open_), on=now, definition=Text("of approved vouchers", "已批准算力券")),
        Figure(Text("paid out", "已兑付"), money(paid), on=now, definition=Text("less what was paid back", "扣除退回与追回")),
    )  # fmt: skip


def entries_for(voucher: Voucher, entries: Iterable[rules.Entry]) -> list[rules.Entry]:
    return [e for e in entries if e.voucher == voucher.code]


def _by_state(shown: Sequence[Voucher], entries: Sequence[rules.Entry]) -> list[tuple[Text, Any]]:
    """What waits for somebody first; of what is over, only the states that occur."""
    found: list[tuple[Text, Any]] = []
    for state, title, todo in WAITING:
        here = [v for v in shown if v.state == state]
        if here or state in ("submitted", "approved"):
            found.append((title, _table(title, todo, here, entries)))
    return found


def _table(title: Text, todo: Text, here: Sequence[Voucher], entries: Sequence[rules.Entry]) -> Table:
    columns = (
        Column(Text("Voucher", "算力券"), "code"),
        Column(Text("Applicant", "申领企业")),
        Column(Text("Supplier", "供应方")),
        Column(Text("Since", "日期"), "date"),
        Column(Text("Worth", "券面金额"), "number"),
        Column(Text("Still open", "待兑付"), "number"),
        Column(Text("What waits", "待办")),
    )
    rows = tuple(_row(v, todo, entries) for v in here[:MOST_SHOWN])
    nothing = EmptyState(
        Text(
            "No voucher is in this state. An innovator applies for one with a contract of computing.",
            "当前无此状态的算力券。创新主体凭算力合同申领。",
        )
    )
    state = here[0].state if here else ""
    more = len(here) > MOST_SHOWN
    shown = (
        Text("the latest {n} of {m}", "最近{n}张，共{m}张").format(n=MOST_SHOWN, m=len(here))
        if more
        else None
    )
    return Table(title, columns, rows, empty=nothing, shown=shown, caption_hidden=True,
                 csv=f"/compute/voucher/?format=csv&state={state}" if here else None)  # fmt: skip


def _row(voucher: Voucher, todo: Text, entries: Sequence[rules.Entry]) -> tuple[Cell, ...]:
    held = rules.position(voucher.code, entries_for(voucher, entries))
    day = voucher.claimed_on or local_date(voucher.created_at)
    return (
        Cell(voucher.code, url=f"/compute/voucher/{voucher.code}"),
        Cell(voucher.organisation.name),
        Cell(voucher.supplier.name),
        Cell(day),
        Cell(money(voucher.amount_fen)),
        Cell(money(held.open)),
        Cell(todo),
    )


def _caps(found: Sequence[Cap]) -> Table:
    columns = (
        Column(Text("Enterprise", "企业")),
        Column(Text("Year", "年度"), "number"),
        Column(Text("Claimed", "已申领")),
        Column(Text("Left to claim", "可申领余额"), "number"),
        Column(Text("Redeemed", "已兑付")),
        Column(Text("Left to redeem", "可兑付余额"), "number"),
        Column(Text("Rule", "规则依据")),
    )
    nothing = EmptyState(Text("No voucher was issued yet.", "尚未核发算力券。"))
    return Table(CAPS, columns, tuple(_cap(c) for c in found), empty=nothing, caption_hidden=True)


def _cap(one: Cap) -> tuple[Cell, ...]:
    rule = one.programme.rules["cap_enterprise_year_fen"]
    status = Text("verified", "已核实") if rule.status == "verified" else Text("not verified", "未核实")
    return (
        Cell(one.name),
        Cell(str(one.year)),
        Cell(_bar(one.claimed, one.cap)),
        Cell(money(max(0, one.cap - one.claimed))),
        Cell(_bar(one.redeemed, one.cap)),
        Cell(money(max(0, one.cap - one.redeemed))),
        Cell(rule.citation, note=Text("{v}, {s}", "{v}，{s}").format(v=one.programme.version, s=status)),
    )


def _bar(used: int, cap: int) -> Meter:
    said = Text("{u} of {c}", "{c}中的{u}").format(u=money(used), c=money(cap))
    tone = "late" if used >= cap else "closed"
    return Meter((Part(said, min(used, cap), tone),), cap, said)  # type: ignore[arg-type]
