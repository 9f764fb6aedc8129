"""A grid of states, such as categories by levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.kernel.text import Text
from hutong.platform.components.words import SHAPES, Tone, Words


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell of category by level. Empty `tone` is nothing yet; words beside the shape name what stops."""

    tone: Tone | Literal[""] = ""
    words: Words | None = None
    drawer: str | None = None

    @property
    def shape(self) -> str:
        return SHAPES[self.tone] if self.tone else "–"


@dataclass(frozen=True, slots=True)
class GridRow:
    label: Words
    cells: tuple[GridCell, ...]
    required: Words
    stops_here: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Category by level. Never summed into one score."""

    caption: Words
    levels: tuple[Words, ...]
    rows: tuple[GridRow, ...]
    required_label: Words = Text("required", "要求等级")

    def __post_init__(self) -> None:
        if any(len(row.cells) != len(self.levels) for row in self.rows):
            raise ValueError(f"every row of a grid has {len(self.levels)} cells")
