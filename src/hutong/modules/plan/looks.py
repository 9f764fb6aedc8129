"""A look at the plan: as the world was on one date, as the hub knew it on another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hutong.engines.indicators import Lens, Period
from hutong.kernel.clock import SYSTEM_CLOCK, ZONE, local_date, parse_date
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

EARLIEST = date(2000, 1, 1)
Moment = date | datetime | str


@dataclass(frozen=True, slots=True)
class Look:
    """valid_on: the instant in the world; known_on: the instant of the hub's knowledge. Both aware."""

    valid_on: datetime
    known_on: datetime

    @property
    def day(self) -> date:
        """The civil day in Beijing that the look is taken on."""
        return local_date(self.valid_on)

    def lens(self, since: datetime, zone: str) -> Lens:
        """In-period figures count from the first of January of the year looked at, cumulative ones since the plan
        began, also after its period has ended: a plan that is over still has figures."""
        return Lens(Period.named(str(self.day.year), zone), self.valid_on, self.known_on, since)

    def on(self, day: date) -> Look:
        """The same knowledge, at the end of an earlier day."""
        return Look(min(end_of(day), self.valid_on), self.known_on)

    def then(self, day: date) -> Look:
        """At the end of an earlier day, as it was known then."""
        instant = min(end_of(day), self.valid_on)
        return Look(instant, min(instant, self.known_on))


def end_of(day: date) -> datetime:
    """The last instant of a civil day in Beijing."""
    return datetime.combine(day + timedelta(days=1), time(), ZONE) - timedelta(microseconds=1)


def look(as_of: Moment | None = None, known_on: Moment | None = None, *, now: datetime | None = None) -> Look:
    """A look as of a day (also as text, ``2026-11-23``) or an instant; default: now, as known then.

    `Invalid` for the future. A day that is over is looked at from its end, today from the end of this minute, so that
    a figure stays for a minute.
    """
    present = now or SYSTEM_CLOCK.now()
    minute = present.replace(second=0, microsecond=0) + timedelta(minutes=1)
    valid = _instant(as_of, present, minute, "as_of")
    known = valid if known_on is None else _instant(known_on, present, minute, "known_on")
    return Look(valid, known)


def _instant(asked: Moment | None, present: datetime, minute: datetime, field: str) -> datetime:
    if asked is None:
        return minute
    if isinstance(asked, str):
        asked = parse_date(asked, field=field)
    today = local_date(present)
    day = local_date(asked) if isinstance(asked, datetime) else asked
    if day > today or day < EARLIEST:
        raise Invalid(
            Text("The plan cannot be looked at on {d}.", "不能查看 {d} 的情况。").format(d=day.isoformat()),
            rule="plan.look",
            remedy=Text("Give a day from 2000 until today.", "请填写2000年至今的日期。"),
            field=field,
        )
    if isinstance(asked, datetime):
        return min(asked, minute)
    return minute if day == today else end_of(day)
