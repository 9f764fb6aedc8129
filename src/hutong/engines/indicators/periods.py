"""Reporting periods and the lens through which facts are seen.

Dates of a plan are civil dates in the plan's zone; a period runs from the first instant of its first day to
the first instant of the day after its last (exclusive). Weeks are ISO 8601 weeks.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hutong.engines.indicators.expressions import Calendar, Condition, Window
from hutong.kernel.errors import Invalid
from hutong.kernel.measure import Fact
from hutong.kernel.text import Text

_MONTHS: dict[Calendar, int] = {"year": 12, "half_year": 6, "quarter": 3, "month": 1}
_NAMES = re.compile(r"(\d{4})(?:-(?:Q([1-4])|H([12])|W(\d{2})|(\d{2})(?:-(\d{2}))?))?")


def add_months(day: date, months: int) -> date:
    """The same day some months later; the last day of the month where that day does not exist (29 Feb)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def move(day: date, unit: Calendar, steps: int) -> date:
    if unit in _MONTHS:
        return add_months(day, _MONTHS[unit] * steps)
    return day + timedelta(days=steps * (7 if unit == "week" else 1))


@dataclass(frozen=True, slots=True)
class Period:
    """Civil days [start, end) in a zone. name: ``2024``, ``2024-H1``, ``2024-Q3``, ``2024-05``,
    ``2024-W07``."""

    name: str
    start: date
    end: date
    zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a period ends after it starts")

    @property
    def opens(self) -> datetime:
        return datetime.combine(self.start, time(), ZoneInfo(self.zone))

    @property
    def closes(self) -> datetime:
        """First instant after the period."""
        return datetime.combine(self.end, time(), ZoneInfo(self.zone))

    @property
    def last_instant(self) -> datetime:
        return self.closes - timedelta(microseconds=1)

    def back(self, steps: int, unit: Calendar) -> Period:
        """The period some calendar steps earlier; whole months stay whole months."""
        start, end = move(self.start, unit, -steps), move(self.end, unit, -steps)
        return Period(period_name(start, end), start, end, self.zone)

    @staticmethod
    def named(name: str, zone: str = "Asia/Shanghai") -> Period:
        """Read a period name. Invalid for anything that is not one."""
        found = _NAMES.fullmatch(name)
        try:
            if not found:
                raise ValueError(name)
            start, end = _bounds(*found.groups())
        except ValueError:
            raise Invalid(
                Text("“{n}” is not a period", "“{n}”不是统计期").format(n=name),
                rule="indicators.period",
                remedy=Text(
                    "write 2024, 2024-H1, 2024-Q3, 2024-05, 2024-W07 or 2024-05-01",
                    "请写 2024、2024-H1、2024-Q3、2024-05、2024-W07 或 2024-05-01",
                ),
                field="period",
            ) from None
        return Period(name, start, end, zone)


def _bounds(
    year: str, quarter: str | None, half: str | None, week: str | None, month: str | None, day: str | None
) -> tuple[date, date]:
    if week:
        monday = date.fromisocalendar(int(year), int(week), 1)
        return monday, monday + timedelta(days=7)
    if day and month:
        first = date(int(year), int(month), int(day))
        return first, first + timedelta(days=1)
    length = 3 if quarter else 6 if half else 1 if month else 12
    number = int(quarter or half or month or 1)
    first = date(int(year), 1 + (number - 1) * length, 1)
    return first, add_months(first, length)


def period_name(start: date, end: date) -> str:
    """The short name where the days form a calendar period, else ``start/end``."""
    if (end - start).days == 1:
        return start.isoformat()
    if start.day == 1 and end.day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month
        part, rest = divmod(start.month - 1, months) if months in (1, 3, 6, 12) else (0, 1)
        if rest == 0:
            letter = {3: f"-Q{part + 1}", 6: f"-H{part + 1}", 1: f"-{start.month:02d}", 12: ""}[months]
            return f"{start.year}{letter}"
    if start.isoweekday() == 1 and (end - start).days == 7:
        iso = start.isocalendar()
        return f"{iso.year}-W{iso.week:02d}"
    return f"{start.isoformat()}/{end.isoformat()}"


@dataclass(frozen=True, slots=True)
class Lens:
    """How facts are seen: for which period, as the world was on `valid_on`, as the hub knew it on `known_on`.

    since: where cumulative figures begin (the first day of the plan). only: a breakdown, applied to every
    measure.
    """

    period: Period
    valid_on: datetime
    known_on: datetime
    since: datetime
    only: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        for moment in (self.valid_on, self.known_on, self.since):
            if moment.utcoffset() is None:
                raise ValueError("a date of a lens needs its zone")

    @property
    def instant(self) -> datetime:
        """The instant at which stocks are read: the date asked for, at most the end of the period."""
        return min(self.valid_on, self.period.last_instant)

    def back(self, steps: int, unit: Calendar) -> Lens:
        """The same look some steps earlier; what is known stays as known today.

        A whole period stays whole (February looks back at all of January); a part of it keeps its day.
        """
        if steps == 0:
            return self
        period = self.period.back(steps, unit)
        if self.valid_on >= self.period.last_instant:
            return replace(self, period=period, valid_on=period.last_instant)
        zone = ZoneInfo(self.period.zone)
        local = self.valid_on.astimezone(zone)
        earlier = datetime.combine(move(local.date(), unit, -steps), local.time(), zone)
        return replace(self, period=period, valid_on=earlier)

    @property
    def day(self) -> date:
        """The civil day of the instant: the definition in force on it is the one used."""
        return self.instant.astimezone(ZoneInfo(self.period.zone)).date()

    def sees(self, window: Window) -> Callable[[Fact], bool]:
        """A test of facts: does one count under the window, on both time lines?"""
        known_on, until = self.known_on, self.instant
        starts = self.since if window == "cumulative" else self.period.opens
        if window == "point_in_time":
            return lambda fact: fact.known(known_on) and fact.lasts(until)
        return lambda fact: fact.known(known_on) and starts <= fact.valid_from <= until
