"""Charts, drawn by the server, each with its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.kernel.text import Language
from hutong.platform.components.table import Table
from hutong.platform.components.words import Words, say


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a set of bars: None is a gap. low, high: an interval around each value."""

    name: Words
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """The definition changes before the point at position `at` of the axis."""

    at: int
    words: Words


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its table and CSV. `labels`: the positions of the x axis. Zero-based unless said otherwise."""

    name: str
    title: Words
    kind: Literal["line", "step", "bar", "stacked", "scatter"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Words
    table: Table
    summary: Words
    x_title: Words = ""
    breaks: tuple[Break, ...] = ()
    csv: str | None = None
    from_zero: bool = True

    @property
    def data_id(self) -> str:
        return f"chart-{self.name}"

    def config(self, language: Language) -> dict[str, object]:
        """What the browser draws from, in one language."""
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "unit": say(self.unit, language),
            "xTitle": say(self.x_title, language),
            "fromZero": self.from_zero,
            "breaks": [{"at": b.at, "words": say(b.words, language)} for b in self.breaks],
            "series": [
                {
                    "name": say(s.name, language),
                    "values": list(s.values),
                    "low": list(s.low),
                    "high": list(s.high),
                    "dashed": s.dashed,
                }
                for s in self.series
            ],
        }
