"""Each measure of the data department against a tally kept beside it, day by day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from datahub.department import Department

from hutong.kernel.clock import local_date
from hutong.kernel.errors import HutongError
from hutong.kernel.measure import MEASURES
from hutong.modules.datahub.models import DataUse
from hutong.platform.ledger.tables import Event

NAMES = ("datasets_published", "versions_released", "grants_issued", "grant_working_days", "uses_recorded")

# Of the State Council's notice for 2026: Mid-Autumn 25 to 27 September, National Day 1 to 7 October;
# worked instead: Sunday 20 September and Saturday 10 October.
OFF = {date(2026, 9, d) for d in (25, 26, 27)} | {date(2026, 10, d) for d in range(1, 8)}
MADE_UP = {date(2026, 9, 20), date(2026, 10, 10)}


def working_days(after: date, until: date) -> int:
    days = [after + timedelta(n) for n in range(1, (until - after).days + 1)]
    return sum((d.weekday() < 5 and d not in OFF) or d in MADE_UP for d in days)


class Tally:
    """Counts what the test did, by Beijing day, without looking into the ledger or the tables."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.days: dict[str, Counter[Any]] = {name: Counter() for name in NAMES}
        self.records: dict[str, list[str]] = {name: [] for name in NAMES}

    def today(self) -> date:
        return local_date(self.hub.last().recorded_at)

    def add(self, name: str, code: str, amount: int = 1) -> None:
        self.days[name][self.today()] += amount
        self.records[name].append(code)


@pytest.fixture
def tally(department: Department) -> Tally:
    """Two published data sets, three versions, four requests: two issued, one denied, one open; five tries to read."""
    hub, kept = department.hub, Tally(department.hub)
    department.dataset()
    versions = []
    for labels in ("12", "1"):
        dataset = department.dataset()
        for label in labels:
            versions.append(department.release(dataset, b"a\n1\n", label))
            kept.add("versions_released", versions[-1].code)
        hub.do(department.officer, "datahub.dataset.publish", dataset=dataset)
        kept.add("datasets_published", dataset.code)
        hub.clock.advance(timedelta(hours=20))
    who = department.applicant()
    asked = [department.request(versions[0], who, quota=2) for _ in range(4)]
    since = kept.today()
    for grant, wait in ((asked[0], 24), (asked[1], 16)):
        hub.clock.advance(timedelta(days=wait))
        department.decide(grant)
        kept.add("grants_issued", grant.code)
        kept.add("grant_working_days", grant.code, working_days(since, kept.today()))
    department.decide(asked[2], "deny")
    for grant in (asked[0], asked[0], asked[0], asked[2], asked[1]):
        before = DataUse.objects.count()
        try:
            department.read(grant)
        except HutongError:
            assert DataUse.objects.count() == before
        else:
            kept.add("uses_recorded", DataUse.objects.latest("id").code)
        hub.clock.advance(timedelta(hours=9))
    department.decide(asked[1], "revoke")
    return kept


@pytest.mark.parametrize("name", NAMES)
def test_facts_equal_an_independent_count(tally: Tally, name: str) -> None:
    facts = list(MEASURES[f"datahub.{name}"].facts())
    found: Counter[Any] = Counter()
    for fact in facts:
        found[local_date(fact.valid_from)] += int(fact.amount)
    assert found == tally.days[name]
    assert [f.label for f in facts] == tally.records[name]
    for fact in facts:
        assert Event.objects.get(seq=fact.event).subject == fact.record.rsplit(":", 1)[1] == fact.label
        assert fact.valid_to is None and type(fact.amount) is int


def test_the_tally_itself_is_what_the_story_says(tally: Tally) -> None:
    """So that two empty counts never agree: amounts worked out on paper from the notice for 2026."""
    assert {n: len(tally.records[n]) for n in NAMES} == {
        "datasets_published": 2,
        "versions_released": 3,
        "grants_issued": 2,
        "grant_working_days": 2,
        "uses_recorded": 3,
    }
    # After 3 September to the 27th: 16 weekdays, the 25th off, Sunday the 20th worked. Then to 13 October: 28 to 30
    # September, and 8, 9, 10, 12, 13 October.
    assert list(tally.days["grant_working_days"].values()) == [16, 16 + 8]


def test_every_measure_of_the_module_is_counted_here() -> None:
    assert {n for n in MEASURES if n.startswith("datahub.")} == {f"datahub.{n}" for n in NAMES}
    for name in NAMES:
        one = MEASURES[f"datahub.{name}"]
        assert one.title.zh.strip() and one.definition.en.strip() and one.nature == "flow"
