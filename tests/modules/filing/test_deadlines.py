"""Thirty working days in Beijing, over holidays, make-up days and corrections, against a calendar kept by hand."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from filing.counter import ANSWERS, QUESTIONS, Counter

from hutong.modules.filing import rules
from hutong.platform.evidence import events_of, payload_of
from hutong.platform.people import Person

DAY = timedelta(days=1)
# Notice of the State Council's General Office for 2026, autumn: Mid-Autumn 25-27 September, National Day 1-7 October,
# worked instead Sunday 20 September and Saturday 10 October.
OFF = {date(2026, 9, d) for d in (25, 26, 27)} | {date(2026, 10, d) for d in range(1, 8)}
MADE_UP = {date(2026, 9, 20), date(2026, 10, 10)}


def worked(day: date) -> bool:
    return day in MADE_UP or (day.weekday() < 5 and day not in OFF)


def accrued(start: date, end: date, stops: list[tuple[date, date | None]]) -> int:
    """Working days after the start up to the end, without those of a stop, first and last day included."""
    days = [start + DAY * n for n in range(1, (end - start).days + 1)]
    standing = [d for d in days if any(a <= d and (b is None or d <= b) for a, b in stops)]
    return sum(worked(d) for d in days if d not in standing)


def due_of(filing: Any) -> date | None:
    found = rules.due(events_of(filing.code))
    return None if found is None else found.date


def noted(filing: Any) -> dict[str, Any]:
    event = events_of(filing.code)[-1]
    assert event.operation == "filing.filing.enter"
    payload = payload_of(event.seq)
    assert payload is not None
    return dict(payload["noted"])


def test_thirty_days_run_over_the_autumn_holidays_and_their_make_up_days(counter: Counter) -> None:
    counter.at(2026, 9, 1, 9)
    filing = counter.submitted()
    assert due_of(filing) == date(2026, 10, 19)
    assert accrued(date(2026, 9, 1), date(2026, 10, 19), []) == 30
    assert accrued(date(2026, 9, 1), date(2026, 10, 18), []) == 29


@pytest.mark.parametrize(
    ("when", "due"),
    [((2026, 9, 1, 23, 58), date(2026, 10, 19)), ((2026, 9, 2, 0, 1), date(2026, 10, 20))],
)
def test_the_day_is_that_of_beijing(counter: Counter, when: tuple[int, ...], due: date) -> None:
    counter.at(*when)
    assert due_of(counter.submitted()) == due


@pytest.mark.parametrize("day", [date(2026, 9, 20), date(2026, 9, 26), date(2026, 10, 10)], ids=str)
def test_a_filing_may_come_on_any_day_and_that_day_is_not_counted(counter: Counter, day: date) -> None:
    counter.at(day.year, day.month, day.day, 12)
    due = due_of(counter.submitted())
    assert due is not None and worked(due) and accrued(day, due, []) == 30


def test_the_clock_stands_while_the_filing_is_with_the_applicant(counter: Counter) -> None:
    counter.at(2026, 9, 1, 9)
    filing = counter.submitted(answers={"purpose": "Stated."})
    counter.at(2026, 9, 18, 9)
    counter.take("return_for_correction", filing, reason="Incomplete.")
    assert due_of(filing) is None
    counter.at(2026, 10, 10, 9)
    counter.take("resubmit", filing, answers=ANSWERS)
    # Twelve days had run by 17 September; eighteen follow after the make-up Saturday of the return.
    assert due_of(filing) == date(2026, 11, 4)
    counter.at(2026, 11, 2, 9)
    counter.enter(filing)
    assert noted(filing)["working_days"] == 28 and noted(filing)["provisional"] is False


def test_a_year_without_a_notice_is_counted_in_weekdays_and_says_so(counter: Counter) -> None:
    counter.at(2026, 12, 15, 9)
    filing = counter.submitted()
    found = rules.due(events_of(filing.code))
    # Weekdays only: the notice for 2027 is not known, so neither is New Year's Day.
    assert found is not None and (found.date, found.provisional) == (date(2027, 1, 26), True)
    page = see(counter, filing)
    assert "26 January 2027" in page and "provisional" in page
    counter.at(2027, 1, 4, 9)
    counter.enter(filing)
    assert noted(filing) == {"number": "HUB-2027-00001", "working_days": 14, "provisional": True}


def see(counter: Counter, filing: Any, language: str = "en") -> str:
    """The filing's page as the officer sees it."""
    client = Client(headers={"Accept-Language": language})
    client.force_login(Person.objects.get(code=counter.first.code))
    answer = client.get(f"/filing/filing/{filing.code}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("language", "due", "stands"),
    [
        ("en", "To be entered by 19 October 2026", "The clock stands."),
        ("zh", "应于2026年10月19日前办结", "计时中止"),
    ],
)
def test_the_page_says_the_last_day_or_that_the_clock_stands(
    counter: Counter, language: str, due: str, stands: str
) -> None:
    counter.at(2026, 9, 1, 9)
    filing = counter.submitted(answers={"purpose": "Stated."})
    page = see(counter, filing, language)
    assert due in page and stands not in page
    counter.take("return_for_correction", filing, reason="Incomplete.")
    page = see(counter, filing, language)
    assert stands in page and due not in page


def test_everything_that_is_missing_is_said_at_once(counter: Counter) -> None:
    filing = counter.submitted(answers={"purpose": "Stated.", "data": " ", "security": "\u3000\n"})
    counter.take("return_for_correction", filing, reason="Incomplete.")
    filing.refresh_from_db()
    assert filing.missing == [q for q in QUESTIONS if q != "purpose"]
    counter.take("resubmit", filing, answers={"mechanism": "Trees.", "data": "Forms."})
    counter.take("return_for_correction", filing, reason="Still incomplete.")
    filing.refresh_from_db()
    assert filing.missing == ["opt_out", "security"]
    assert filing.answers["purpose"] == "Stated." and filing.answers["data"] == "Forms."


@pytest.mark.parametrize("seed", range(6))
def test_corrections_at_random_are_counted_as_by_hand(counter: Counter, seed: int) -> None:
    chance = random.Random(seed)
    day = start = date(2026, 9, 1) + DAY * chance.randint(0, 20)
    counter.at(day.year, day.month, day.day, chance.randint(0, 23))
    filing = counter.submitted()
    stops: list[tuple[date, date | None]] = []
    for _ in range(chance.randint(1, 3)):
        for step, given in (
            ("return_for_correction", {"reason": "Again."}),
            ("resubmit", {"answers": ANSWERS}),
        ):
            day += DAY * chance.randint(0, 6)
            counter.at(day.year, day.month, day.day, 23, 30)
            counter.take(step, filing, **given)
            stops = [*stops, (day, None)] if step != "resubmit" else [*stops[:-1], (stops[-1][0], day)]
            assert (due_of(filing) is None) == (step != "resubmit")
    due = due_of(filing)
    assert due is not None and worked(due)
    assert (accrued(start, due, stops), accrued(start, due - DAY, stops)) == (30, 29)
    day += DAY * chance.randint(0, 20)
    counter.at(day.year, day.month, day.day, 23, 40)
    counter.enter(filing)
    assert noted(filing)["working_days"] == accrued(start, day, stops)
