"""A figure with its unit, its course and its drawer."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.platform import drawing
from hutong.platform.components.lane import State
from hutong.platform.components.words import Moment, Words


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A small line without axes, zero-based. None is a gap; a break of definition before point i is in `breaks`.

    `summary` says in words what the line shows: it stands for the drawing.
    """

    points: tuple[float | None, ...]
    summary: Words
    breaks: tuple[int, ...] = ()

    @property
    def segments(self) -> tuple[str, ...]:
        return drawing.segments(self.points, self.breaks)

    @property
    def last(self) -> tuple[str, str] | None:
        return drawing.last_point(self.points)

    @property
    def break_lines(self) -> tuple[str, ...]:
        return drawing.break_positions(self.breaks, len(self.points))


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that carries its unit, date and definition. `value` not known is a word (a kernel `Value`)."""

    label: Words
    value: Words
    unit: Words = ""
    on: Moment | None = None
    definition: Words | None = None
    drawer: str | None = None
    sparkline: Sparkline | None = None
    state: State | None = None
    target: Words | None = None

    @property
    def known(self) -> bool:
        """Whether the value is a number; what is not known carries no unit."""
        return getattr(self.value, "state", "number") == "number"
