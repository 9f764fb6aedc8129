"""What modules offer to the plan: named measures, each a stream of facts.

A module declares a measure once, the plan reads the registry and never imports the module::

    @measure("compute.chip_hours_delivered", unit="chip_hour", nature="flow",
             title=Text("Chip hours delivered", "已交付算力卡时"), definition=Text("...", "..."))
    def chip_hours_delivered() -> Iterable[Fact]: ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal

from hutong.kernel.text import Text

Nature = Literal["stock", "flow"]
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a measure counted, on two time lines.

    record: address of the source record (``urn:hutong:award:CALL-7/3``), the end of every explanation.
    event: sequence number of the ledger event that proves it, None before it is written.
    amount: exact, in the unit of the measure (1 for a thing that is counted).
    valid_from, valid_to: when it was so in the world; valid_to is exclusive, None while it lasts. A stock
    counts at instants in [valid_from, valid_to); a flow counts in the period that holds its valid_from.
    recorded_at, retracted_at: when the hub knew it, and when it stopped holding it true.
    dims: what the fact can be broken down by, e.g. ``{"region": "110108", "domestic": "yes"}``.

    TypeError for an amount that is not exact, ValueError for a time without zone or an interval that ends
    before it starts.
    """

    record: str
    event: int | None
    amount: Fraction | int
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    retracted_at: datetime | None = None
    dims: Mapping[str, str] = field(default_factory=dict, hash=False)
    label: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int | Fraction):
            raise TypeError(f"{self.record}: an amount is int or Fraction, not {type(self.amount).__name__}")
        for moment in (self.valid_from, self.valid_to, self.recorded_at, self.retracted_at):
            if moment is not None and moment.utcoffset() is None:
                raise ValueError(f"{self.record}: a time of a fact needs its zone")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"{self.record}: valid_to lies before valid_from")
        if self.retracted_at is not None and self.retracted_at < self.recorded_at:
            raise ValueError(f"{self.record}: retracted before it was recorded")

    def known(self, on: datetime) -> bool:
        """Did the hub hold this fact true at the instant `on`?"""
        return self.recorded_at <= on and (self.retracted_at is None or on < self.retracted_at)

    def lasts(self, at: datetime) -> bool:
        """Was it so in the world at the instant `at`?"""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class Measure:
    """A named measure. `facts` gives every fact, retracted ones included: the reader applies both time
    lines."""

    name: str
    unit: str
    nature: Nature
    title: Text
    definition: Text
    facts: Callable[[], Iterable[Fact]]


class Measures(Mapping[str, Measure]):
    """The measures of a hub by name, in alphabetical order. A name is taken once: ValueError otherwise."""

    def __init__(self) -> None:
        self._by_name: dict[str, Measure] = {}

    def add(self, one: Measure) -> None:
        if not _NAME.fullmatch(one.name):
            raise ValueError(f"a measure is called module.what_it_counts, not {one.name!r}")
        if one.nature not in ("stock", "flow"):
            raise ValueError(f"{one.name}: a measure is a stock or a flow, not {one.nature!r}")
        if one.name in self._by_name:
            raise ValueError(f"the measure {one.name} is declared twice")
        self._by_name[one.name] = one

    def __getitem__(self, name: str) -> Measure:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._by_name))

    def __len__(self) -> int:
        return len(self._by_name)


MEASURES = Measures()

FactSource = Callable[[], Iterable[Fact]]


def measure(
    name: str, *, unit: str, nature: Nature, title: Text, definition: Text, registry: Measures = MEASURES
) -> Callable[[FactSource], FactSource]:
    """Declare the decorated function as the source of facts of a measure; it is returned unchanged."""

    def declare(facts: FactSource) -> FactSource:
        registry.add(Measure(name, unit, nature, title, definition, facts))
        return facts

    return declare
