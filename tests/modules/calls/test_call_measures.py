"""Each measure of calls against a tally kept beside it, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from calls.competition import Competition

from hutong.kernel.clock import local_date
from hutong.kernel.measure import MEASURES
from hutong.modules.calls import measures  # noqa: F401
from hutong.platform.ledger.tables import Event

NAMES = ("calls_published", "proposals_submitted", "awards_granted", "award_amount")


class Tally:
    """Counts what the test did, by Beijing day, without looking into the ledger or the tables."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.days: dict[str, Counter[Any]] = {name: Counter() for name in NAMES}
        self.records: dict[str, list[str]] = {name: [] for name in NAMES}

    def add(self, name: str, record: Any, amount: int = 1) -> Any:
        self.days[name][local_date(self.hub.last().recorded_at)] += amount
        self.records[name].append(record.code)
        return record


@pytest.fixture
def tally(contest: Competition) -> Tally:
    """Two calls, five proposals (one withdrawn, one declined, some refused), two awards, one of them closed."""
    hub, kept = contest.hub, Tally(contest.hub)
    contest.draft()
    calls = []
    for _ in range(2):
        calls.append(kept.add("calls_published", contest.call()))
        hub.clock.advance(timedelta(hours=20))
    entrants = [contest.entrant() for _ in range(3)]
    made = []
    for call, entrant in [(c, e) for c in calls for e in entrants][:5]:
        made.append(kept.add("proposals_submitted", contest.submit(call, entrant)))
        with pytest.raises(Exception, match="exists already"):
            contest.submit(call, entrant)
        hub.clock.advance(timedelta(hours=5))
    hub.do(entrants[0].actor, "calls.proposal.withdraw", proposal=made[0], reason="Merged.")
    contest.ranked(calls[0], *made[1:3])
    contest.ranked(calls[1], *made[3:])
    for proposal, amount in ((made[1], "1234.56"), (made[3], "0.01")):
        award = contest.award(proposal, "1", amount)
        kept.add("awards_granted", award)
        kept.add("award_amount", award, int(Fraction(amount) * 100))
        hub.clock.advance(timedelta(days=1))
    hub.do(contest.office, "calls.award.close", award=award, reason="Done.")
    hub.do(contest.office, "calls.proposal.decline", proposal=made[2], reason="Dear.")
    return kept


@pytest.mark.parametrize("name", NAMES)
def test_facts_equal_an_independent_count(tally: Tally, name: str) -> None:
    facts = list(MEASURES[f"calls.{name}"].facts())
    found: Counter[Any] = Counter()
    for fact in facts:
        found[local_date(fact.valid_from)] += int(fact.amount)
    assert found == tally.days[name] and len(tally.records[name]) >= 2
    assert [f.label for f in facts] == tally.records[name]
    for fact in facts:
        assert Event.objects.get(seq=fact.event).subject == fact.record.rsplit(":", 1)[1] == fact.label
        assert fact.valid_to is None and type(fact.amount) is int


def test_every_measure_of_the_module_is_counted_here() -> None:
    assert {n for n in MEASURES if n.startswith("calls.")} == {f"calls.{n}" for n in NAMES}


def test_a_measure_says_what_it_counts_in_both_languages() -> None:
    words: Callable[[Any], bool] = lambda text: bool(text.en.strip() and text.zh.strip())  # noqa: E731
    for name in NAMES:
        one = MEASURES[f"calls.{name}"]
        assert words(one.title) and words(one.definition) and one.nature == "flow"
