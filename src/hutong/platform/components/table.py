"""Tables, and what stands where one is empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.platform.components.verbs import Action
from hutong.platform.components.words import Words, is_component


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `kind` aligns it; the unit stands in the heading. sort: what a click orders by."""

    label: Words
    kind: Literal["text", "number", "date", "code", "action"] = "text"
    unit: Words | None = None
    sort_url: str | None = None
    sorted: Literal["", "ascending", "descending"] = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: words, a moment, or another component (State, Stamp, Action, Figure, Sparkline)."""

    value: object
    url: str | None = None
    drawer: str | None = None
    note: Words | None = None

    @property
    def is_component(self) -> bool:
        return is_component(self.value)


@dataclass(frozen=True, slots=True)
class EmptyState:
    """Nothing here yet: what usually starts here, and the verb that starts it."""

    words: Words
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. The first cell of a row names it. Pages go on by keyset: `next`, `previous` are addresses."""

    caption: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: EmptyState | None = None
    csv: str | None = None
    shown: Words | None = None
    next: str | None = None
    previous: str | None = None
    caption_hidden: bool = False

    def __post_init__(self) -> None:
        width = len(self.columns)
        if any(len(row) != width for row in self.rows):
            raise ValueError(f"every row of a table has {width} cells")

    @property
    def lines(self) -> list[list[tuple[Column, Cell]]]:
        """Rows with their columns, for drawing."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]
