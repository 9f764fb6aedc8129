"""A figure over time: the ends of months up to the look, each under the definition that was in force then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from hutong.kernel.values import Number, Value
from hutong.modules.plan.figures import Figures
from hutong.modules.plan.looks import Look

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Point:
    """One day: the value as known in the look, the value as it was known on that day, the definition used."""

    day: date
    value: Value
    then: Value
    version: str | None
    facts: int

    @property
    def restated(self) -> bool:
        """Whether the hub now holds another number than it held then; both are kept."""
        return isinstance(self.then, Number) and self.then != self.value


def days(look: Look, months: int = MONTHS) -> tuple[date, ...]:
    """The last days of the months before the look, and its own day."""
    found = [look.day]
    first = look.day.replace(day=1)
    for _ in range(months):
        last = first - timedelta(days=1)
        found.append(last)
        first = last.replace(day=1)
    return tuple(reversed(found))


def points(figures: Figures, indicator: str, months: int = MONTHS) -> tuple[Point, ...]:
    """The figure at the ends of months. Nothing is interpolated: a month without a value stays a gap."""
    found = []
    for day in days(figures.look, months):
        now = figures.value(indicator, figures.look.on(day))
        then = figures.value(indicator, figures.look.then(day))
        found.append(Point(day, now.value, then.value, now.version, len(now.records)))
    return tuple(found)


def breaks(found: tuple[Point, ...]) -> tuple[int, ...]:
    """Positions at which another definition begins: a line is never drawn across them."""
    return tuple(n for n in range(1, len(found)) if found[n].version != found[n - 1].version)


def number(value: Value) -> float | None:
    """For drawing only: a number as a float, everything else a gap."""
    return float(value.amount) if isinstance(value, Number) else None
