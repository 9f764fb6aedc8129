"""Lifecycles as data: states and transitions of one entity in one table.

A transition carries what must hold before it (guards), who must differ from whom (separation of duties),
how long it may take (deadline) and why (legal basis). The operation runner enforces the table; pages draw it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

StateKind = Literal["open", "waiting", "holds", "stopped", "closed"]


@dataclass(frozen=True, slots=True)
class State:
    """One state. `kind` tells a page how to show it: waiting needs a person, holds is good, stopped is refused."""

    name: str
    label: Text
    kind: StateKind = "open"


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on the record itself, checked under its lock."""

    rule: str
    holds: Callable[[Any], bool]
    what: Text
    remedy: Text
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long the step may take, from the event that starts it, and where that is written."""

    days: int
    working: bool
    citation: Text


@dataclass(frozen=True, slots=True)
class Transition:
    """sources → target by one operation. `separate_from`: operations on the same record that the same person
    must not have done (two-person rule)."""

    name: str
    sources: tuple[str, ...]
    target: str
    guards: tuple[Guard, ...] = ()
    separate_from: tuple[str, ...] = ()
    deadline: Deadline | None = None
    legal_basis: Text | None = None


@dataclass(frozen=True)
class Lifecycle:
    """States and transitions of one entity; the first state is where a new record starts."""

    entity: str
    title: Text
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    def __post_init__(self) -> None:
        names = [s.name for s in self.states]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.entity}: a state is named twice")
        for transition in self.transitions:
            unknown = {*transition.sources, transition.target} - set(names)
            if unknown:
                raise ValueError(f"{self.entity}.{transition.name}: unknown states {sorted(unknown)}")
        moves = [t.name for t in self.transitions]
        if len(set(moves)) != len(moves):
            raise ValueError(f"{self.entity}: a transition is named twice")
        taken = sorted(set(moves) & set(dir(type(self))))
        if taken:
            raise ValueError(f"{self.entity}: a transition cannot be named {taken[0]}")

    @property
    def first(self) -> str:
        """The state in which a new record starts."""
        return self.states[0].name

    def state(self, name: str) -> State:
        return next(s for s in self.states if s.name == name)

    def __getattr__(self, name: str) -> Transition:
        for transition in self.__dict__.get("transitions", ()):
            if transition.name == name:
                return transition  # type: ignore[no-any-return]
        raise AttributeError(name)

    def choices(self) -> list[tuple[str, str]]:
        return [(s.name, s.label.en) for s in self.states]

    def check(self, transition: Transition, record: Any) -> None:
        """Raise `Conflict` when the record's state or a guard forbids the transition."""
        if record.state not in transition.sources:
            raise Conflict(
                Text(
                    "This record is “{now}”; the step needs “{need}”.",
                    "此记录处于“{now}”状态；该步骤要求“{need}”。",
                ).format(now=self.state(record.state).label, need=self._labels(transition.sources)),
                rule=f"lifecycle.{self.entity}.{transition.name}",
                remedy=Text(
                    "Reload the record and take a step that is open now.",
                    "请重新载入记录，选择当前可执行的步骤。",
                ),
                field="state",
            )
        for guard in transition.guards:
            if not guard.holds(record):
                raise Conflict(guard.what, rule=guard.rule, remedy=guard.remedy, field=guard.field)

    def _labels(self, names: tuple[str, ...]) -> Text:
        labels = [self.state(n).label for n in names]
        return Text(" / ".join(x.en for x in labels), " / ".join(x.zh for x in labels))
