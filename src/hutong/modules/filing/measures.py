"""What filing offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.modules.filing.models import Filing
from hutong.platform.evidence import events_of, facts_from_events
from hutong.platform.ledger.tables import Event


@measure(
    "filing.filings_submitted",
    unit="count(filing)",
    nature="flow",
    title=Text("Filings submitted", "提交备案数"),
    definition=Text(
        "Filings handed in, on the day of the first submission.", "提交的备案，按首次提交之日计。"
    ),
)
def filings_submitted() -> Iterable[Fact]:
    return facts_from_events("filing.filing.submit", kind="filing.filing")


@measure(
    "filing.filing_working_days",
    unit="working_day",
    nature="flow",
    title=Text("Working days to a filing", "备案办理工作日"),
    definition=Text(
        "Working days from submission to the entry, days of correction not counted.",
        "自提交至备案的工作日数，补正期间不计。",
    ),
)
def filing_working_days() -> Iterable[Fact]:
    return facts_from_events(
        "filing.filing.enter",
        kind="filing.filing",
        amount=lambda event, payload: int(payload["noted"]["working_days"]),
    )


@measure(
    "filing.filings_live",
    unit="count(filing)",
    nature="stock",
    title=Text("Live filings", "有效备案数"),
    definition=Text(
        "Entries of the register that are neither suspended nor deregistered.", "登记中未被暂停或注销的备案。"
    ),
)
def filings_live() -> Iterable[Fact]:
    for filing in Filing.objects.exclude(number="").order_by("id"):
        start: Event | None = None
        for event in events_of(filing.code):
            if event.to_state == "filed" and start is None:
                start = event
            elif event.to_state != "filed" and start is not None:
                yield _fact(filing, start, event)
                start = None
        if start is not None:
            yield _fact(filing, start, None)


def _fact(filing: Filing, start: Event, end: Event | None) -> Fact:
    return Fact(
        record=f"urn:hutong:filing.filing:{filing.code}",
        event=start.seq,
        amount=1,
        valid_from=start.valid_at,
        valid_to=end.valid_at if end is not None else None,
        recorded_at=start.recorded_at,
        dims={"kind": filing.kind},
        label=filing.number,
    )
