"""Time: dates and instants at the boundary, working days with make-up days, clocks that stop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel import clock
from hutong.kernel.clock import Due, Elapsed, FixedClock, SteppingClock, Stop, StoppedClock, WorkingCalendar
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text

CALENDAR = clock.working_calendar()
WHY = Text("returned for correction", "补正")
days = st.dates(date(2020, 1, 1), date(2026, 12, 31))
near = st.dates(date(2025, 1, 1), date(2025, 12, 31))


def each(start: date, end: date) -> list[date]:
    """Days after start up to and including end."""
    return [start + timedelta(n) for n in range(1, (end - start).days + 1)]


@given(days)
def test_published_years_agree_with_the_library(day: date) -> None:
    kind = CALENDAR.is_working(day)
    assert kind.working == chinese_calendar.is_workday(day)
    assert not kind.provisional
    assert str(day.year) in kind.source.zh


@given(st.dates())
def test_any_day_has_an_answer(day: date) -> None:
    kind = CALENDAR.is_working(day)
    if day.year not in CALENDAR.published:
        assert kind.provisional
        assert kind.working == (day.weekday() < 5)


def test_make_up_days_and_weekday_holidays_of_2025() -> None:
    assert CALENDAR.is_working(date(2025, 1, 26)).working  # Sunday, made up for Spring Festival
    assert not CALENDAR.is_working(date(2025, 1, 28)).working  # Tuesday, Spring Festival
    assert CALENDAR.is_working(date(2025, 9, 28)).working  # Sunday, made up for National Day
    assert not CALENDAR.is_working(date(2025, 10, 1)).working


def test_ten_working_days_over_national_day_2025() -> None:
    # Off 1-8 October, worked Sunday 28 September and Saturday 11 October: 28, 29, 30, 9, 10, 11, 13, 14, 15, 16.
    assert CALENDAR.add_working_days(date(2025, 9, 26), 10) == Due(date(2025, 10, 16), False)


@given(days, st.integers(1, 60))
def test_adding_is_the_inverse_of_counting(start: date, n: int) -> None:
    due = CALENDAR.add_working_days(start, n)
    assert due.date > start
    assert CALENDAR.is_working(due.date).working
    assert CALENDAR.working_days_between(start, due.date) == Elapsed(n, due.provisional)


@given(days, days)
def test_counting_by_brute_force(a: date, b: date) -> None:
    expected = sum(chinese_calendar.is_workday(d) for d in each(min(a, b), max(a, b)))
    assert CALENDAR.working_days_between(a, b).days == (expected if a <= b else -expected)


@given(near, near, near)
def test_counting_adds_up(a: date, b: date, c: date) -> None:
    def between(x: date, y: date) -> int:
        return CALENDAR.working_days_between(x, y).days

    assert between(a, b) + between(b, c) == between(a, c)


@given(days, st.integers(0, 90))
def test_a_period_in_calendar_days_ends_on_the_first_working_day_from_its_end(start: date, n: int) -> None:
    due = CALENDAR.add_calendar_days(start, n)
    end = start + timedelta(n)
    assert due.date >= end and CALENDAR.is_working(due.date).working
    assert not any(CALENDAR.is_working(d).working for d in each(end - timedelta(1), due.date - timedelta(1)))


def test_beyond_the_published_years_is_provisional() -> None:
    last = max(CALENDAR.published)
    assert CALENDAR.add_working_days(date(last, 12, 30), 5).provisional
    assert not CALENDAR.add_working_days(date(last, 12, 1), 1).provisional
    assert CALENDAR.working_days_between(date(last, 12, 30), date(last + 1, 1, 5)).provisional
    corrected = WorkingCalendar(
        CALENDAR.holidays | {date(last + 1, 1, 4)}, CALENDAR.made_up, CALENDAR.published | {last + 1}
    )
    assert not corrected.is_working(date(last + 1, 1, 4)).working
    assert not corrected.add_working_days(date(last, 12, 30), 5).provisional


@pytest.mark.parametrize("n", [-1, 10_001])
def test_absurd_periods(n: int) -> None:
    with pytest.raises(Invalid) as caught:
        CALENDAR.add_working_days(date(2025, 1, 1), n)
    assert caught.value.rule == "deadline.days"
    with pytest.raises(Invalid):
        CALENDAR.add_calendar_days(date(2025, 1, 1), n)


def test_a_period_closes_at_midnight_in_beijing() -> None:
    assert Due(date(2025, 3, 7), False).closes == datetime(2025, 3, 7, 16, tzinfo=UTC)


def test_the_day_in_beijing_is_not_the_day_in_utc() -> None:
    assert clock.local_date(datetime(2025, 3, 7, 15, 59, 59, tzinfo=UTC)) == date(2025, 3, 7)
    assert clock.local_date(datetime(2025, 3, 7, 16, tzinfo=UTC)) == date(2025, 3, 8)


@st.composite
def stopped_clocks(draw: st.DrawFn) -> StoppedClock:
    started = draw(near)
    points = sorted(draw(st.lists(st.integers(0, 60), max_size=6)))
    marks = [started + timedelta(p) for p in points]
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return StoppedClock(started, tuple(Stop(a, b, WHY) for a, b in pairs))


@given(stopped_clocks(), st.integers(1, 40))
def test_a_stopped_clock_by_brute_force(proceeding: StoppedClock, n: int) -> None:
    stood = {d for s in proceeding.stops if s.end for d in [s.start, *each(s.start, s.end)]}
    counted = [
        d
        for d in each(proceeding.started, proceeding.started + timedelta(250))
        if chinese_calendar.is_workday(d) and d not in stood
    ] if proceeding.started < date(2026, 4, 1) else []  # fmt: skip
    due = proceeding.due(CALENDAR, n)
    assert due is not None and due.date == counted[n - 1]
    assert proceeding.elapsed(CALENDAR, due.date).days == n
    assert proceeding.elapsed(CALENDAR, due.date - timedelta(1)).days == n - 1


def test_two_stops_and_a_stop_on_the_last_day() -> None:
    proceeding = StoppedClock(date(2025, 3, 3))  # a Monday
    assert proceeding.due(CALENDAR, 5) == Due(date(2025, 3, 10), False)
    standing = proceeding.stop(date(2025, 3, 10), WHY)
    assert standing.due(CALENDAR, 5) is None
    assert standing.due(CALENDAR, 4) == Due(date(2025, 3, 7), False)
    assert standing.elapsed(CALENDAR, date(2025, 6, 1)).days == 4
    again = standing.restart(date(2025, 3, 12))
    assert again.due(CALENDAR, 5) == Due(date(2025, 3, 13), False)
    twice = again.stop(date(2025, 3, 13), WHY).restart(date(2025, 3, 13))
    assert twice.due(CALENDAR, 5) == Due(date(2025, 3, 14), False)


def test_a_clock_is_stopped_and_restarted_in_turn() -> None:
    running = StoppedClock(date(2025, 3, 3))
    with pytest.raises(Conflict) as caught:
        running.restart(date(2025, 3, 4))
    assert caught.value.rule == "clock.running"
    standing = running.stop(date(2025, 3, 4), WHY)
    with pytest.raises(Conflict) as caught:
        standing.stop(date(2025, 3, 5), WHY)
    assert caught.value.rule == "clock.stopped"
    for wrong in (lambda: running.stop(date(2025, 3, 2), WHY), lambda: standing.restart(date(2025, 3, 3))):
        with pytest.raises(Invalid) as refused:
            wrong()
        assert refused.value.rule == "clock.order"


@pytest.mark.parametrize(
    "raw", ["2025-03-01", "２０２５－０３－０１", "2025年3月1日", " 2025年03月01日 ", date(2025, 3, 1)]
)
def test_dates_as_people_write_them(raw: object) -> None:
    assert clock.parse_date(raw, field="day") == date(2025, 3, 1)


@pytest.mark.parametrize(
    "raw",
    [
        *("2025-02-29", "2025-13-01", "0000-01-01", "1899-12-31", "2200-01-01", "2025-3-1", "20250301"),
        *(
            "01/03/2025",
            "tomorrow",
            "",
            "2025-03-01T00:00",
            "2025-03-0\u200b1",
            "\u202e2025-03-01",
            "٢٠٢٥-٠٣-٠١",
        ),
        *(None, 20250301, datetime(2025, 3, 1, tzinfo=UTC)),
    ],
)
def test_what_is_no_date(raw: object) -> None:
    with pytest.raises(Invalid) as caught:
        clock.parse_date(raw, field="day")
    assert (caught.value.rule, caught.value.field) == ("date.form", "day")


@given(st.datetimes(datetime(1901, 1, 1), datetime(2198, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_instants_come_back(naive: datetime, minutes: int) -> None:
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = clock.format_instant(instant)
    assert text.endswith("Z")
    assert clock.parse_instant(text, field="at") == instant
    assert clock.parse_instant(instant.isoformat(), field="at") == instant
    assert clock.parse_instant(instant, field="at").tzinfo is UTC


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("2025-03-01T09:30", "instant.naive"),
        (datetime(2025, 3, 1), "instant.naive"),
        ("2025-03-01", "instant.form"),
        ("2025-03-01T25:00Z", "instant.form"),
        ("2025-03-01T23:59:60Z", "instant.form"),
        ("2025-03-01T09:30:00+99:00", "instant.form"),
        ("9999-12-31T23:59:59-14:00", "instant.form"),
        ("now", "instant.form"),
        (1740800000, "instant.form"),
        (None, "instant.form"),
    ],
)
def test_what_is_no_instant(raw: object, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        clock.parse_instant(raw, field="at")
    assert (caught.value.rule, caught.value.field) == (rule, "at")


def test_time_is_said_in_beijing() -> None:
    instant = datetime(2025, 3, 7, 16, 5, tzinfo=UTC)
    assert clock.say_instant(instant, "zh") == "2025年3月8日 00:05（北京时间）"
    assert clock.say_instant(instant, "en") == "8 March 2025 00:05 (Beijing time)"


def test_clocks() -> None:
    start = datetime(2025, 3, 1, 8, tzinfo=clock.ZONE)
    assert FixedClock(start).now() == start and FixedClock(start).now().tzinfo is UTC
    stepping = SteppingClock(start, timedelta(seconds=1))
    assert (stepping.now(), stepping.now()) == (start, start + timedelta(seconds=1))
    stepping.advance(timedelta(days=30))
    assert stepping.now() == start + timedelta(days=30, seconds=2)
    with pytest.raises(Invalid) as caught:
        stepping.move_to(start)
    assert caught.value.rule == "clock.backwards"
    with pytest.raises(Invalid) as naive:
        FixedClock(datetime(2025, 3, 1))
    assert naive.value.rule == "instant.naive"
    assert clock.SYSTEM_CLOCK.now().tzinfo is UTC
