"""How one gate stands for one system: event by event, by the records that passed it or were stopped at it."""

from __future__ import annotations

from typing import Generic, TypeVar

from hutong.kernel.stage import Stage, Step
from hutong.platform.ledger.tables import Event

E = TypeVar("E", Step, Event)


class GateStanding(Generic[E]):
    """The gate after the events that were taken in, oldest first.

    A gate is passed while some record holds it open (one award, one certificate that lives); a later refusal of
    another request does not take that away. It is closed when records were stopped there and none holds it open.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._last: dict[str, E] = {}

    def take(self, event: E) -> None:
        """Take in one event; what neither passes nor closes this gate changes nothing."""
        if event.operation in self._stage.done or event.operation in self._stage.closed:
            self._last.pop(event.subject, None)
            self._last[event.subject] = event

    @property
    def passed_by(self) -> E | None:
        """The newest event that holds the gate open."""
        return next((e for e in reversed(self._last.values()) if e.operation in self._stage.done), None)

    @property
    def closed_by(self) -> E | None:
        """The newest event that closed the gate, where nothing holds it open."""
        return None if self.passed_by is not None else next(reversed(self._last.values()), None)
