"""Drawings that the server makes of places and of time: a map of tiles and a chart of what holds what until when.

Positions are shares of the whole, so that a drawing is as wide as its page and its words keep their size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hutong.platform.components import SHAPES, Table, Tone, Words

# A tile of the map, in units of the drawing.
TILE, SPACE, BAND = 46, 4, 8
# A lane of the time chart, in pixels.
LANE, BETWEEN = 22, 4


@dataclass(frozen=True, slots=True)
class Tile:
    """One place of a map. mark: its short name; column, row: where it stands, from 0.

    whole: how much there is (chips), None where there is nothing to tell; used: how much of it is taken; free: how much
    of the rest can be had. words say the same and the state; url leads to what the tile stands for.
    """

    mark: Words
    column: int
    row: int
    words: Words
    whole: int | None = None
    used: int = 0
    free: int = 0
    tone: Tone = "open"
    url: str | None = None

    def __post_init__(self) -> None:
        if self.column < 0 or self.row < 0 or min(self.used, self.free) < 0:
            raise ValueError("a tile stands on the map, and nothing of it is less than nothing")
        if self.whole is not None and self.used + self.free > self.whole:
            raise ValueError("no more of a tile is used and free than there is")

    @property
    def left(self) -> int:
        return self.column * (TILE + SPACE)

    @property
    def top(self) -> int:
        return self.row * (TILE + SPACE)

    @property
    def filled(self) -> str:
        """Width of the band that stands for what is used."""
        return f"{(TILE - 8) * self.used / self.whole:.1f}" if self.whole else "0"

    @property
    def short(self) -> str:
        """What is free, short enough for a tile: 950, 9.5k, 12k."""
        if self.free < 1000:
            return str(self.free)
        return f"{self.free / 1000:.1f}k" if self.free < 9_950 else f"{self.free // 1000}k"

    @property
    def shape(self) -> str:
        return SHAPES[self.tone]


@dataclass(frozen=True, slots=True)
class TileMap:
    """Places as tiles in their neighbourhood; a scheme, and its note says so. summary stands for the drawing."""

    tiles: tuple[Tile, ...]
    summary: Words
    note: Words

    @property
    def width(self) -> int:
        return max((t.left for t in self.tiles), default=0) + TILE

    @property
    def height(self) -> int:
        return max((t.top for t in self.tiles), default=0) + TILE


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time. start, end: any unit that the chart uses. mark: what stands in it; words say it in full.

    kind: held (it takes place), kept (it may go on until then), promised (reserved).
    """

    start: int
    end: int
    mark: Words
    words: Words
    kind: str = "held"
    tone: Tone = "holds"
    url: str | None = None

    def __post_init__(self) -> None:
        if self.end < self.start or self.kind not in ("held", "kept", "promised"):
            raise ValueError("a bar ends where it starts or later, and is held, kept or promised")

    @property
    def shape(self) -> str:
        return SHAPES[self.tone]


@dataclass(frozen=True, slots=True)
class Track:
    """One line of the chart: its name, a note, and its bars; bars that overlap stand one below the other."""

    label: Words
    bars: tuple[Bar, ...]
    note: Words | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time axis."""

    at: int
    words: Words


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar with its place: x and width as shares of the whole in percent, y in pixels."""

    bar: Bar
    x: str
    width: str
    y: int


@dataclass(frozen=True, slots=True)
class Gantt:
    """What is held by what, until when. start, end: of the axis; now: the moment of the drawing.

    table says the same in words; bars that lie outside the axis are not drawn, and stand there.
    """

    tracks: tuple[Track, ...]
    start: int
    end: int
    ticks: tuple[Tick, ...]
    summary: Words
    table: Table
    now: int | None = None

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("an axis runs from less to more")

    def share(self, at: int) -> float:
        """Where a moment lies, in percent of the axis; what lies beyond an end lies at that end."""
        return 100 * min(1.0, max(0.0, (at - self.start) / (self.end - self.start)))

    @property
    def now_at(self) -> str | None:
        return None if self.now is None else f"{self.share(self.now):.2f}%"

    @property
    def marked(self) -> Iterator[tuple[str, str, Words]]:
        """Place, anchor and words of each tick."""
        for tick in self.ticks:
            share = self.share(tick.at)
            anchor = "start" if share < 8 else "end" if share > 92 else "middle"
            yield f"{share:.2f}%", anchor, tick.words

    @property
    def drawn(self) -> Iterator[tuple[Track, int, list[Drawn]]]:
        """Each track with the height of its drawing and its bars in place, as few lanes as hold them."""
        for track in self.tracks:
            ends: list[int] = []
            placed = []
            for bar in sorted(track.bars, key=lambda b: (b.start, b.end)):
                if bar.end < self.start or bar.start > self.end:
                    continue
                lane = next((i for i, end in enumerate(ends) if end <= bar.start), len(ends))
                ends[lane : lane + 1] = [bar.end]
                x, until = self.share(bar.start), self.share(bar.end)
                wide = max(until - x, 0.6)
                placed.append(Drawn(bar, f"{min(x, 99.4):.2f}%", f"{wide:.2f}%", lane * (LANE + BETWEEN)))
            yield track, max(len(ends), 1) * (LANE + BETWEEN), placed
