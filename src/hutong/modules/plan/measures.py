"""What the plan offers to itself: actions done, slippages open, and how old evidence is when it is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.platform.evidence import facts_from_events
from hutong.platform.ledger.tables import Event

CLOSING = ("plan.slippage.accept", "plan.slippage.recover")


@measure(
    "plan.actions_done",
    unit="count(action)",
    nature="flow",
    title=Text("Actions done", "完成的年度行动数"),
    definition=Text(
        "Actions of the annual plan recorded as done on the strength of a record of the ledger, on that day.",
        "以账本记录为证登记完成的年度行动，按登记之日计。",
    ),
)
def actions_done() -> Iterable[Fact]:
    return facts_from_events("plan.action.complete", kind="plan.action")


@measure(
    "plan.slippages_open",
    unit="count(slippage)",
    nature="stock",
    title=Text("Open slippages", "未结进度偏差数"),
    definition=Text(
        "Slippages from their opening until the explanation is accepted or the figure has recovered.",
        "自挂账起至说明被采纳或指标恢复为止的进度偏差。",
    ),
)
def slippages_open() -> Iterable[Fact]:
    ends = {e.subject: e.valid_at for e in Event.objects.filter(operation__in=CLOSING).order_by("seq")}
    for event in Event.objects.filter(operation="plan.slippage.open").order_by("seq"):
        yield Fact(
            record=f"urn:hutong:plan.slippage:{event.subject}",
            event=event.seq,
            amount=1,
            valid_from=event.valid_at,
            valid_to=ends.get(event.subject),
            recorded_at=event.recorded_at,
            label=event.subject,
        )


@measure(
    "plan.evidence_lag",
    unit="second",
    nature="flow",
    title=Text("Lag of evidence", "证据入账时滞"),
    definition=Text(
        "For each event of the ledger, the seconds from the moment it was true in the world to the moment the hub "
        "recorded it, not less than zero; counted on the day it was true. An event recorded as it happens has lag 0.",
        "账本每一事件自其在现实中成立之时至平台入账之时的秒数，不小于零，按成立之日计；即时入账的事件时滞为0。",
    ),
)
def evidence_lag() -> Iterable[Fact]:
    rows = Event.objects.order_by("seq").values_list("seq", "subject", "valid_at", "recorded_at")
    for seq, subject, valid_at, recorded_at in rows.iterator(chunk_size=2000):
        lag = max(recorded_at - valid_at, timedelta())
        yield Fact(
            record=f"urn:hutong:ledger.event:{seq}",
            event=seq,
            amount=Fraction(lag // timedelta(microseconds=1), 1_000_000),
            valid_from=valid_at,
            valid_to=None,
            recorded_at=recorded_at,
            label=subject,
        )
