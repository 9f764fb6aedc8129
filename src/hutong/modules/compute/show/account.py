"""An allocation as the statement of an account: every booking with its job and its price, and what is left in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse

from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.modules.compute.models import Account, Allocation, Job, Posting, Segment
from hutong.modules.compute.money.carbon import NOT_DECLARED
from hutong.modules.compute.show.carbon import CO2E, account_figure, grams
from hutong.modules.compute.show.words import chip_time, hours, money, stamp
from hutong.platform.components import Cell, Column, EmptyState, Figure, Table
from hutong.platform.parsing import load_record
from hutong.platform.web.csv_files import csv_response

TITLE = Text("Statement of the account", "账户明细")
# The page shows so many bookings; the CSV has all.
MOST_SHOWN = 100
KINDS = ("free", "held", "used")
ENTRIES = {
    "grant": Text("Granted", "核定"),
    "hold": Text("Set aside", "作业预留"),
    "part": Text("Settled in part", "作业部分结算"),
    "settle": Text("Settled", "作业结算"),
    "release": Text("Given back", "预留退回"),
}
HEAD = (
    *("booked_at", "entry", "job", "pool", "free_ms", "held_ms", "used_ms", "free_after_ms"),
    *("price_lowest_fen", "price_highest_fen", "cost_fen", "carbon_g"),
)


@dataclass(slots=True)
class Booking:
    """The lines of one booking: changes of free, held and used in milliseconds, and what the job cost. part: the job went
    on after it."""

    at: datetime
    job: Any
    low_fen: int | None
    high_fen: int | None
    change: dict[str, int] = field(default_factory=dict)
    free_after: int = 0
    part: bool = False

    @property
    def kind(self) -> str:
        if "source" in self.change:
            return "grant"
        if self.change.get("held", 0) > 0:
            return "hold"
        if not self.change.get("used", 0):
            return "release"
        return "part" if self.part else "settle"

    @property
    def cost_fen(self) -> int | None:
        return self.job.cost_fen if self.kind == "settle" and self.job is not None else None


@dataclass(frozen=True, slots=True)
class Statement:
    """balances by kind of account in milliseconds, empty before hours are active; rows: bookings, newest first.

    emitted: grams of its jobs that declare them, None where none does; ran, told: jobs that used hours, and that declare.
    """

    balances: dict[str, int]
    rows: list[Booking]
    emitted: int | None = None
    ran: int = 0
    told: int = 0


def statement(allocation: Allocation, most: int | None = None) -> Statement:
    """The balances and the latest bookings (None: all), each with what was free after it, counted back: one query."""
    found: dict[Any, Booking] = {}
    balances: dict[str, int] = {}
    carbon: tuple[int | None, int, int] = (None, 0, 0)
    for line in _lines(allocation, most):
        balances = balances or {kind: getattr(line, f"now_{kind}") for kind in KINDS}
        carbon = (line.emitted, line.ran or 0, line.told or 0)
        made = found.setdefault(line.booking, Booking(line.booked_at, line.job, line.low, line.high))
        made.change[line.account.kind] = made.change.get(line.account.kind, 0) + line.amount_ms
    # The oldest of a limited number may have been cut in two.
    rows = list(found.values())[:most]
    left_ms = balances.get("free", 0)
    ended: set[str] = set()
    for row in rows:
        # A job that was called back has paid a part before; what it cost in all stands at its end.
        code, settled = "" if row.job is None else row.job.code, row.kind == "settle"
        row.part = settled and (code in ended or row.job.used_ms is None)
        ended |= {code} if settled else set()
        row.free_after, left_ms = left_ms, left_ms - row.change.get("free", 0)
    return Statement(balances, rows, *carbon)


def _lines(allocation: Allocation, most: int | None) -> Iterator[Any]:
    mine = Segment.objects.filter(job=OuterRef("job")).order_by().values("job")
    account = Account.objects.filter(allocation=allocation)
    jobs = Job.objects.filter(allocation=allocation, native_ms__gt=0).order_by().values("allocation")
    lines: QuerySet[Posting, Any] = (
        Posting.objects.filter(account__allocation=allocation)
        .select_related("account", "job__pool")
        .annotate(
            low=Subquery(mine.values(fen=Min("price_fen"))),
            high=Subquery(mine.values(fen=Max("price_fen"))),
            emitted=Subquery(jobs.values(g=Sum("carbon_g"))),
            ran=Subquery(jobs.values(n=Count("pk"))),
            told=Subquery(jobs.values(n=Count("carbon_g"))),
            **{f"now_{kind}": Subquery(account.filter(kind=kind).values("balance_ms")) for kind in KINDS},
        )
        .order_by("-pk")
    )
    # A booking has at most three lines here, and one more is needed to see that there are further ones.
    yield from lines if most is None else lines[: 3 * (most + 1)]


def sections(allocation: Allocation) -> dict[str, Any]:
    """Figures, what is left in words, and the bookings: one query."""
    found = statement(allocation, MOST_SHOWN)
    return {
        "lead": left(allocation, found.balances),
        "figures": (*_figures(found.balances), *account_figure(found.emitted, found.ran, found.told)),
        "sections": ((TITLE, _table(allocation, found.rows)),),
    }


def left(allocation: Allocation, found: dict[str, int]) -> Text | None:
    """What is left, in a sentence; None before hours are active."""
    if not found:
        return None
    free, held, used = (found.get(k, 0) for k in ("free", "held", "used"))
    worth = allocation.pool.price_fen * free // 3_600_000
    return Text(
        "Of {g} granted, {f} are free, {h} are set aside for jobs and {u} are used. At the price of today what is free "
        "is worth {w}.",
        "核定{g}，可用{f}，为作业预留{h}，已用{u}。按当前价格，可用额度折合{w}。",
    ).format(
        g=chip_time(allocation.granted_ms),
        f=chip_time(free),
        h=chip_time(held),
        u=chip_time(used),
        w=money(worth),
    )


def _figures(found: dict[str, int]) -> tuple[Figure, ...]:
    words = {
        "free": Text("free", "可用"),
        "held": Text("held for jobs", "作业冻结"),
        "used": Text("used", "已用"),
    }
    return tuple(
        Figure(words[kind], chip_time(found[kind]), definition=Text("from the book", "据账簿"))
        for kind in words
        if kind in found
    )


def _table(allocation: Allocation, rows: Sequence[Booking]) -> Table:
    unit, zone = Text("chip-h", "卡时"), Text("Beijing time", "北京时间")
    columns = (
        Column(Text("Booked", "记账时间"), "date", zone),
        Column(Text("Entry", "事项")),
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Free", "可用"), "number", unit),
        Column(Text("Held", "冻结"), "number", unit),
        Column(Text("Used", "已用"), "number", unit),
        Column(Text("Free after", "可用余额"), "number", unit),
        Column(Text("Price", "价格"), "number", Text("a chip-h", "每卡时")),
        Column(Text("Cost", "费用"), "number"),
        Column(CO2E, "number"),
    )
    full = len(rows) == MOST_SHOWN
    return Table(
        TITLE,
        columns,
        tuple(_row(r) for r in rows),
        empty=EmptyState(Text("Nothing is booked yet.", "尚无记账。")),
        csv=f"/compute/allocation/{allocation.code}/statement.csv",
        shown=Text("the latest {n}; all in the CSV", "最近{n}笔，全部见 CSV").format(n=MOST_SHOWN)
        if full
        else None,
        caption_hidden=True,
    )


NOTHING = Text("none", "无")


def _row(one: Booking) -> tuple[Cell, ...]:
    job = Cell(one.job.code, url=f"/compute/job/{one.job.code}") if one.job is not None else Cell(NOTHING)
    changes = (Cell(hours(one.change.get(k, 0), signed=True)) for k in ("free", "held", "used"))
    cost = one.cost_fen
    settled = one.kind == "settle"
    return (
        Cell(stamp(one.at)),
        Cell(ENTRIES[one.kind]),
        job,
        *changes,
        Cell(hours(one.free_after)),
        Cell(_price(one) if settled else NOTHING),
        Cell(NOTHING if cost is None else money(cost)),
        Cell(_carbon(one)),
    )


def _carbon(one: Booking) -> Text:
    if one.cost_fen is None:
        return NOTHING
    return NOT_DECLARED if one.job.carbon_g is None else grams(one.job.carbon_g)


def _price(one: Booking) -> Text:
    if one.low_fen is None or one.high_fen is None:
        return NOTHING
    low, high = money(one.low_fen), money(one.high_fen)
    return low if one.low_fen == one.high_fen else Text(f"{low.en} – {high.en}", f"{low.zh}–{high.zh}")


def statement_csv(request: HttpRequest, code: str) -> HttpResponse:
    """Every booking of an allocation, oldest first, in milliseconds and fen, for those who may see it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    allocation: Any = load_record(Allocation, code, actor, "code")
    rows = (_csv_row(r) for r in reversed(statement(allocation).rows))
    return csv_response(HEAD, rows, f"{allocation.code}-statement.csv")


def _csv_row(one: Booking) -> tuple[object, ...]:
    job, settled = one.job, one.kind == "settle"
    pool = job.pool.code if job is not None and job.pool is not None and settled else None
    prices = (one.low_fen, one.high_fen) if settled else (None, None)
    changes = (one.change.get(k, 0) for k in ("free", "held", "used"))
    return (one.at.isoformat(), one.kind, job.code if job else None, pool, *changes, one.free_after, *prices, one.cost_fen,
            job.carbon_g if job is not None and settled else None)  # fmt: skip
