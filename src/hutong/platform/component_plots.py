"""Small plots that the server draws inside tables and figures: bars and meters. Words stand for each drawing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hutong.platform.components import Tone, Words

BAR, GAP, TALL = 8, 2, 24
LONG = 160


@dataclass(frozen=True, slots=True)
class Bars:
    """How often: one bar per value or range, from zero. labels: what each bar counts; summary stands for the plot."""

    counts: tuple[int, ...]
    labels: tuple[Words, ...]
    summary: Words

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.labels) or not self.counts or min(self.counts) < 0:
            raise ValueError("bars need one label for each count, and counts are not negative")

    @property
    def width(self) -> int:
        return len(self.counts) * (BAR + GAP) - GAP

    @property
    def bars(self) -> Iterator[tuple[int, str, str, Words, int]]:
        """Left edge, top, height, label and count of each; a count above zero is never invisible."""
        most = max(self.counts) or 1
        for place, (count, label) in enumerate(zip(self.counts, self.labels, strict=True)):
            high = max(1.0, TALL * count / most) if count else 0.0
            yield place * (BAR + GAP), f"{TALL - high:.1f}", f"{high:.1f}", label, count


@dataclass(frozen=True, slots=True)
class Part:
    words: Words
    amount: int
    tone: Tone


@dataclass(frozen=True, slots=True)
class Meter:
    """How a whole is divided: parts from left to right; what is left of `whole` stays empty."""

    parts: tuple[Part, ...]
    whole: int
    summary: Words

    def __post_init__(self) -> None:
        if self.whole < 0 or any(p.amount < 0 for p in self.parts):
            raise ValueError("parts of a meter are not negative")
        if sum(p.amount for p in self.parts) > self.whole:
            raise ValueError("the parts of a meter are more than the whole")

    @property
    def drawn(self) -> Iterator[tuple[str, str, Part]]:
        """Left edge and width of each part that is there."""
        left = 0.0
        for part in self.parts:
            wide = LONG * part.amount / self.whole if self.whole else 0.0
            if part.amount:
                yield f"{left:.1f}", f"{wide:.1f}", part
            left += wide


@dataclass(frozen=True, slots=True)
class Whisker:
    """A measured value with its interval, beside the limit it is held to; the axis runs from `start` to `end`."""

    value: float
    low: float
    high: float
    limit: float | None
    summary: Words
    start: float = 0.0
    end: float = 1.0

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError("an axis runs from less to more")

    def at(self, amount: float) -> str:
        """Where an amount lies on the axis; what lies beyond an end lies at that end."""
        share = (amount - self.start) / (self.end - self.start)
        return f"{LONG * min(1.0, max(0.0, share)):.1f}"

    @property
    def places(self) -> dict[str, str | None]:
        """Positions of value, ends of the interval, and limit."""
        limit = self.at(self.limit) if self.limit is not None else None
        return {
            "value": self.at(self.value),
            "low": self.at(self.low),
            "high": self.at(self.high),
            "limit": limit,
        }
