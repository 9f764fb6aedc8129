"""Time: clocks, dates and instants at the boundary, Chinese working days, and clocks that can be stopped.

How a deadline is reckoned (the one rule of the hub):

- The day of the event is not counted; counting begins on the next day (《民法典》第二百零一条).
- A period in calendar days whose last day is a statutory day off ends on the next working day, at 24:00
  (《民法典》第二百零三条).
- A period in working days counts working days only, weekends and statutory holidays left out and make-up days
  (调休上班) included, as 《行政许可法》第八十二条 has it; so its last day is always a working day.
- While a clock is stopped (补正 and the like) no day accrues: neither the day of the stop, nor the days
  between, nor the day of the restart, which is an event again.

Days are civil days of Asia/Shanghai; instants are stored in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Protocol
from zoneinfo import ZoneInfo

import chinese_calendar

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.normalise import clean_digits
from hutong.kernel.text import Language, Text

ZONE = ZoneInfo("Asia/Shanghai")
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
MOST_DAYS = 10_000

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_DAY = timedelta(days=1)
# Not from the `calendar` module: its names follow the locale of the process.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _refused(what: Text, rule: str, remedy: Text, field: str | None) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field=field)


class Clock(Protocol):
    """Where the time comes from; given to whatever needs it, so that a test or a demonstration can set it."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """Stands still."""

    instant: datetime

    def __post_init__(self) -> None:
        _aware(self.instant, None)

    def now(self) -> datetime:
        return self.instant.astimezone(UTC)


class SteppingClock:
    """Goes a step further at every look and is moved on by hand, never back: months pass in a second."""

    def __init__(self, start: datetime, step: timedelta = timedelta(seconds=1)) -> None:
        self._instant = _aware(start, None)
        self._step = step

    def now(self) -> datetime:
        instant = self._instant
        self._instant = instant + self._step
        return instant

    def advance(self, by: timedelta) -> None:
        """Move on. Raises `Invalid` for a step back."""
        self.move_to(self._instant + by)

    def move_to(self, instant: datetime) -> None:
        """Move on to an instant. Raises `Invalid` when it lies behind."""
        if _aware(instant, None) < self._instant:
            raise _refused(
                Text("A clock does not go back.", "时钟不得回拨。"),
                "clock.backwards",
                Text("Give a later moment.", "请给出更晚的时刻。"),
                None,
            )
        self._instant = _aware(instant, None)


SYSTEM_CLOCK = SystemClock()


def _aware(instant: datetime, field: str | None) -> datetime:
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise _refused(
            Text("This time does not say its zone.", "该时间未注明时区。"),
            "instant.naive",
            Text("Add it, for example +08:00 for Beijing.", "请注明时区，例如北京时间 +08:00。"),
            field,
        )
    return instant.astimezone(UTC)


def parse_date(raw: object, *, field: str) -> date:
    """``2025-03-01`` (ISO 8601) or ``2025年3月1日``, full-width digits too. Raises `Invalid`."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    found = _DATE.fullmatch(clean_digits(raw[:40]).strip()) if isinstance(raw, str) else None
    if found is not None:
        try:
            day = date(*(int(g) for g in found.groups() if g is not None))
        except ValueError:
            day = date.min
        if EARLIEST <= day <= LATEST:
            return day
    raise _refused(
        Text("This is not a day of the calendar.", "这不是有效的日期。"),
        "date.form",
        Text("Write year-month-day, for example 2025-03-01.", "请按“年-月-日”填写，例如 2025-03-01。"),
        field,
    )


def parse_instant(raw: object, *, field: str) -> datetime:
    """An ISO 8601 instant with its zone, as UTC; a time without a zone is refused (``instant.naive``)."""
    if isinstance(raw, datetime):
        return _aware(raw, field)
    text = clean_digits(raw[:40]).strip().upper() if isinstance(raw, str) else ""
    if _INSTANT.fullmatch(text):
        try:
            instant = datetime.fromisoformat(text)
            if EARLIEST <= instant.date() <= LATEST:
                return _aware(instant, field)
        except (ValueError, OverflowError):
            pass
    raise _refused(
        Text("This is not a moment in time.", "这不是有效的时间。"),
        "instant.form",
        Text("Write it as 2025-03-01T09:30:00+08:00.", "请按 2025-03-01T09:30:00+08:00 的格式填写。"),
        field,
    )


def format_instant(instant: datetime) -> str:
    """ISO 8601 in UTC with a Z; microseconds only where there are any."""
    return _aware(instant, None).isoformat().replace("+00:00", "Z")


def local_date(instant: datetime) -> date:
    """The civil day in Beijing on which the instant falls."""
    return _aware(instant, None).astimezone(ZONE).date()


def say_date(day: date, language: Language) -> str:
    """``2025年3月1日`` or ``1 March 2025``."""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def say_instant(instant: datetime, language: Language) -> str:
    """Beijing time to the minute, and it says so."""
    local = _aware(instant, None).astimezone(ZONE)
    zone = "（北京时间）" if language == "zh" else " (Beijing time)"
    return f"{say_date(local.date(), language)} {local:%H:%M}{zone}"


@dataclass(frozen=True, slots=True)
class DayKind:
    """Whether a day is worked. `provisional`: the State Council has not yet published that year's arrangement."""

    working: bool
    provisional: bool
    source: Text


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a period; open until 24:00. `provisional` when a day counted on the way was."""

    date: date
    provisional: bool

    @property
    def closes(self) -> datetime:
        """The instant at which the period is over: 24:00 in Beijing, in UTC."""
        return datetime.combine(self.date + _DAY, time(), ZONE).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Working days that have accrued."""

    days: int
    provisional: bool


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days of the PRC. `holidays` and `made_up` hold the published exceptions of the `published` years;
    in any other year Monday to Friday are worked, provisionally. Never fails for a date."""

    holidays: frozenset[date]
    made_up: frozenset[date]
    published: frozenset[int]

    def is_working(self, day: date) -> DayKind:
        weekday = day.weekday() < 5
        if day.year not in self.published:
            return DayKind(weekday, True, _WEEKDAY_RULE)
        working = day in self.made_up or (weekday and day not in self.holidays)
        return DayKind(working, False, _notice(day.year))

    def add_working_days(self, start: date, n: int) -> Due:
        """The n-th working day after `start`; n = 0 is `start`, or the next working day when it is none."""
        return self._nth(start, _days(n), StoppedClock(start))

    def add_calendar_days(self, start: date, n: int) -> Due:
        """`start` + n days; a last day that is not worked moves to the next that is (《民法典》第二百零三条)."""
        return self.add_working_days(start + _days(n) * _DAY, 0)

    def working_days_between(self, a: date, b: date) -> Elapsed:
        """Working days after `a` up to and including `b`; negative when b lies before a."""
        early, late = min(a, b), max(a, b)
        elapsed = StoppedClock(early).elapsed(self, late)
        return replace(elapsed, days=-elapsed.days) if b < a else elapsed

    def _nth(self, start: date, n: int, clock: StoppedClock) -> Due:
        provisional = False
        day = start if n == 0 else start + _DAY
        while True:
            kind = self.is_working(day)
            provisional = provisional or kind.provisional
            if kind.working and not clock.stopped_on(day):
                n -= 1
                if n <= 0:
                    return Due(day, provisional)
            day += _DAY


def _days(n: int) -> int:
    if 0 <= n <= MOST_DAYS:
        return n
    raise _refused(
        Text("A period has 0 to {m} days; this has {n}.", "期限应为 0 至 {m} 日，此处为 {n} 日。").format(
            n=n, m=MOST_DAYS
        ),
        "deadline.days",
        Text("Check the number of days.", "请核对期限日数。"),
        None,
    )


_WEEKDAY_RULE = Text(
    "Monday to Friday; the year's holiday arrangement is not known here",
    "按周一至周五推算；该年度节假日安排尚未收录",
)


@cache
def _notice(year: int) -> Text:
    return Text(
        "Notice of the General Office of the State Council on the holiday arrangements for {y}",
        "《国务院办公厅关于{y}年部分节假日安排的通知》",
    ).format(y=year)


@cache
def working_calendar() -> WorkingCalendar:
    """The arrangements known to the `chinesecalendar` library installed (data only; nothing is fetched)."""
    holidays = frozenset(chinese_calendar.holidays)
    return WorkingCalendar(
        holidays, frozenset(chinese_calendar.workdays), frozenset(day.year for day in holidays)
    )


@dataclass(frozen=True, slots=True)
class Stop:
    """The clock stood from `start` to `end`, both included; without `end` it stands still."""

    start: date
    end: date | None
    reason: Text


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """The clock of one proceeding: when it began and when it stood. A value; `stop` and `restart` give a new one."""

    started: date
    stops: tuple[Stop, ...] = ()

    def __post_init__(self) -> None:
        last = self.started
        for stop in self.stops:
            if stop.start < last or (stop.end is not None and stop.end < stop.start):
                raise _refused(
                    Text("The stops of a clock follow one another in time.", "计时中止的各时段应依次排列。"),
                    "clock.order",
                    Text("Give a day that is not before the last one.", "请给出不早于前一事项的日期。"),
                    None,
                )
            last = stop.end or date.max

    @property
    def running(self) -> bool:
        return not self.stops or self.stops[-1].end is not None

    def stop(self, on: date, reason: Text) -> StoppedClock:
        """Stop on a day, which then does not accrue. Raises `Conflict` when it stands already."""
        if not self.running:
            raise Conflict(
                Text("The clock stands already.", "计时已处于中止状态。"),
                rule="clock.stopped",
                remedy=Text("Restart it first.", "请先恢复计时。"),
            )
        return StoppedClock(self.started, (*self.stops, Stop(on, None, reason)))

    def restart(self, on: date) -> StoppedClock:
        """Restart on a day; counting resumes on the next. Raises `Conflict` when it runs."""
        if self.running:
            raise Conflict(
                Text("The clock is running.", "计时正在进行。"),
                rule="clock.running",
                remedy=Text("There is nothing to restart.", "无须恢复计时。"),
            )
        return StoppedClock(self.started, (*self.stops[:-1], replace(self.stops[-1], end=on)))

    def stopped_on(self, day: date) -> bool:
        return any(s.start <= day and (s.end is None or day <= s.end) for s in self.stops)

    def elapsed(self, days_off: WorkingCalendar, on: date) -> Elapsed:
        """Working days accrued after the start, up to and including `on`."""
        kinds = [days_off.is_working(day) for day in _after(self.started, on) if not self.stopped_on(day)]
        return Elapsed(sum(k.working for k in kinds), any(k.provisional for k in kinds))

    def due(self, days_off: WorkingCalendar, days: int) -> Due | None:
        """The last day of a period of working days; None when the clock stands before the period is used up."""
        total = _days(days)
        if total == 0:
            return days_off.add_working_days(self.started, 0)
        if not self.running and self.elapsed(days_off, self.stops[-1].start).days < total:
            return None
        return days_off._nth(self.started, total, self)


def _after(start: date, end: date) -> Iterator[date]:
    for n in range(1, (end - start).days + 1):
        yield start + n * _DAY
