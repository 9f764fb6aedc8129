"""What filing tells the plan, against a count kept by the test while it files at random."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from filing.counter import Counter

from hutong.kernel.measure import MEASURES
from hutong.modules.filing.models import Filing
from hutong.platform.ledger.tables import Event


def facts(name: str) -> list[Any]:
    return list(MEASURES[f"filing.{name}"].facts())


def test_the_plan_counts_what_the_register_holds(counter: Counter) -> None:
    chance, seen = random.Random(3), {"submitted": 0}
    days: list[int] = []
    filings: dict[str, Any] = {}
    for _ in range(9):
        filing = counter.submitted()
        seen["submitted"] += 1
        gone = chance.randint(0, 3)
        counter.hub.clock.advance(timedelta(days=7 * gone))
        # Whole weeks before 20 September have five working days each.
        if counter.hub.clock.now().date() > date(2026, 9, 19) or chance.random() < 0.3:
            continue
        days.append(5 * gone)
        filings[filing.code] = counter.enter(filing)
    for filing in filings.values():
        if chance.random() < 0.6:
            counter.take("suspend", filing, reason="Why.")
            if chance.random() < 0.5:
                counter.take("resume", filing, reason="Well.")
                if chance.random() < 0.5:
                    counter.take("deregister", filing, reason="Over.")
    now = counter.hub.clock.now()
    assert len(facts("filings_submitted")) == seen["submitted"]
    assert sorted(f.amount for f in facts("filing_working_days")) == sorted(days)
    live = facts("filings_live")
    assert sum(f.amount for f in live if f.lasts(now)) == Filing.objects.filter(state="filed").count()
    for code, filing in filings.items():
        moves = list(Event.objects.filter(subject=code).order_by("seq"))
        spells = [(f.valid_from, f.valid_to) for f in live if f.record.endswith(f":{code}")]
        begun = [e.valid_at for e in moves if e.to_state == "filed"]
        ended = [e.valid_at for e in moves if e.from_state == "filed"]
        assert spells == list(zip(begun, [*ended, *[None] * (len(begun) - len(ended))], strict=True))
        assert {f.label for f in live if f.record.endswith(f":{code}")} == {filing.number}
