"""Figures of the plan: a pure function of ledger, definition and the two dates, kept until the ledger grows.

Nothing here can be set: the state of a target is computed from value, target and date.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from threading import Lock

from hutong.engines.indicators import Evaluated, Evaluator, Indicator, Proof, Status, status
from hutong.engines.indicators import Plan as PlanText
from hutong.kernel.measure import MEASURES, Measure
from hutong.kernel.values import Number, Value
from hutong.modules.plan.looks import Look
from hutong.modules.plan.models import Plan
from hutong.modules.plan.texts import declared_targets, in_force, proven, read, with_declared

MOST_EVALUATORS, MOST_LOOKS = 3, 600
Key = tuple[str, int, str]


class Bounded(Mapping[str, Measure]):
    """The measures with the facts that the first `size` events of the ledger prove, and no later ones."""

    def __init__(self, measures: Mapping[str, Measure], size: int) -> None:
        self._measures, self._size = measures, size

    def __getitem__(self, name: str) -> Measure:
        offered = self._measures[name]
        return replace(
            offered, facts=lambda: (f for f in offered.facts() if f.event is None or f.event < self._size)
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._measures)

    def __len__(self) -> int:
        return len(self._measures)


class _Kept:
    """Evaluators by plan text and state of the ledger; each keeps what it computed."""

    def __init__(self) -> None:
        self._held: OrderedDict[Key, tuple[Evaluator, set[Look]]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, plan: PlanText, look: Look) -> Evaluator:
        """The evaluator of this text at this size of the ledger; begun anew when too many dates were asked of it."""
        with self._lock:
            evaluator, looks = self._held.pop(key, (None, set()))
            if evaluator is None or len(looks) > MOST_LOOKS:
                evaluator, looks = Evaluator(plan, Bounded(MEASURES, key[1])), set()
            looks.add(look)
            self._held[key] = (evaluator, looks)
            while len(self._held) > MOST_EVALUATORS:
                self._held.popitem(last=False)
            return evaluator


KEPT = _Kept()


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with its state. indicator carries unit, definitions, source and the target as it is declared."""

    indicator: Indicator
    evaluated: Evaluated
    status: Status

    @property
    def id(self) -> str:
        return self.indicator.id

    @property
    def value(self) -> Value:
        return self.evaluated.value

    @property
    def known(self) -> bool:
        return isinstance(self.value, Number)


class Figures:
    """The figures of one plan in one look. Reads the ledger's size once; rows are computed when asked for."""

    def __init__(self, look: Look, plan_key: str | None = None) -> None:
        self.look = look
        held = in_force(look.known_on, plan_key)
        self.record: Plan = held.plan
        text = read(self.record.file_sha256)
        declared = declared_targets(self.record.plan_key, look.known_on)
        self.text = replace(
            text,
            indicators=tuple(
                replace(i, target=with_declared(i.target, declared.get(i.id))) for i in text.indicators
            ),
        )
        self._proven = proven(self.record.plan_key, look.known_on)
        self.size, self.signed_at = held.size, held.signed_at
        self._key: Key = (self.record.file_sha256, self.size, held.frontier)

    def evaluator(self, look: Look) -> Evaluator:
        return KEPT.get(self._key, read(self.record.file_sha256), look)

    def value(self, indicator: str, look: Look | None = None) -> Evaluated:
        """The figure of one indicator, in this look or another. KeyError for an unknown one."""
        seen = look or self.look
        return self.evaluator(seen).evaluate(indicator, seen.lens(self.text.since, self.text.zone))

    def row(self, indicator: Indicator, look: Look | None = None) -> Row:
        """The figure with its computed state."""
        seen = look or self.look
        found = self.value(indicator.id, seen)
        steps = self._proven.get(indicator.id, {})
        proof = Proof(history=self._closed_years(indicator, seen), milestones=steps)
        return Row(indicator, found, status(found.value, indicator.target, seen.day, proof))

    def rows(self, look: Look | None = None) -> tuple[Row, ...]:
        """All figures, in the order of the plan."""
        return tuple(self.row(i, look) for i in self.text.indicators)

    def _closed_years(self, indicator: Indicator, look: Look) -> tuple[tuple[str, Value], ...]:
        """What a bound that every year must keep was in the closed years of the plan."""
        if indicator.target.kind != "maintain" or not indicator.target.declared:
            return ()
        last = min(look.day.year - 1, self.text.ends.year)
        years = [str(y) for y in range(self.text.starts.year, last + 1)]
        return tuple((y, self.value(indicator.id, look.on(date(int(y), 12, 31))).value) for y in years)

    @property
    def ended(self) -> bool:
        """Whether the plan's period was over on the day looked at."""
        return self.look.day > self.text.ends
