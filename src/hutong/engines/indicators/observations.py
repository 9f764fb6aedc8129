"""Published figures that are restated, never overwritten: every value ever known is kept with the time it
stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.text import Text
from hutong.kernel.values import Value

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Observation:
    """A value that stood for one indicator, period and breakdown from recorded_at until superseded_at.

    breakdown: ``""`` for the total, else for example ``region=110108``. reporter and checker are two persons.
    reason: why an earlier value was restated, None for a first value. checkpoint: size of the evidence log.
    """

    indicator: str
    period: str
    version: str
    value: Value
    recorded_at: datetime
    reporter: str
    checker: str
    breakdown: str = ""
    reason: Text | None = None
    checkpoint: int | None = None
    superseded_at: datetime | None = None

    @property
    def key(self) -> Key:
        return (self.indicator, self.period, self.breakdown)

    def stood(self, known_on: datetime) -> bool:
        return self.recorded_at <= known_on and (self.superseded_at is None or known_on < self.superseded_at)


@dataclass(frozen=True, slots=True)
class Observations:
    """All observations, oldest first within a key. Never changed in place: each method gives a new
    container."""

    entries: tuple[Observation, ...] = ()

    def report(self, one: Observation) -> Observations:
        """Add a first value. Conflict when a value stands already; Denied when one person reports and
        checks."""
        _two_persons(one)
        if self.history(*one.key):
            raise Conflict(
                Text("a value stands for {i} in {p}", "{i}在{p}已有数据").format(
                    i=one.indicator, p=one.period
                ),
                rule="indicators.observation.exists",
                remedy=Text("restate it with a reason", "请说明原因后修订"),
            )
        return self._with(one)

    def restate(self, one: Observation) -> Observations:
        """Put a new value beside the one that stands; both are kept.

        NotFound without an earlier value, Invalid without a reason or recorded before it, Denied for one
        person.
        """
        _two_persons(one)
        past = self.history(*one.key)
        if not past:
            raise NotFound(
                Text("there is no value to restate", "没有可修订的数据"),
                rule="indicators.observation.absent",
                remedy=Text("report it first", "请先填报"),
            )
        if one.reason is None or one.recorded_at <= past[-1].recorded_at:
            raise Invalid(
                Text(
                    "a restatement needs a reason and a later time", "数据修订须说明原因，且时间须晚于原数据"
                ),
                rule="indicators.observation.restatement",
                remedy=Text("add the reason", "请补充修订原因"),
                field="reason",
            )
        last = past[-1]
        closed = replace(last, superseded_at=one.recorded_at)
        return Observations(tuple(closed if e == last else e for e in self.entries))._with(one)

    def _with(self, one: Observation) -> Observations:
        return Observations((*self.entries, replace(one, superseded_at=None)))

    def history(self, indicator: str, period: str, breakdown: str = "") -> tuple[Observation, ...]:
        """Every value that ever stood, oldest first."""
        found = (e for e in self.entries if e.key == (indicator, period, breakdown))
        return tuple(sorted(found, key=lambda e: e.recorded_at))

    def as_known(
        self, indicator: str, period: str, known_on: datetime, breakdown: str = ""
    ) -> Observation | None:
        """The value that stood at an instant; None before the first."""
        past = self.history(indicator, period, breakdown)
        return next((e for e in past if e.stood(known_on)), None)

    @staticmethod
    def of(entries: Iterable[Observation]) -> Observations:
        """A container from stored entries, as they are."""
        return Observations(tuple(sorted(entries, key=lambda e: (*e.key, e.recorded_at))))


def _two_persons(one: Observation) -> None:
    if one.reporter == one.checker:
        raise Denied(
            Text("who reports a figure does not check it", "填报人与审核人不得为同一人"),
            rule="indicators.observation.four_eyes",
            remedy=Text("let a second person check it", "请由另一人审核"),
            field="checker",
        )
