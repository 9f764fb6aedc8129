"""Positions of small drawings that the server makes itself: sparklines and lineage graphs. No styles, only numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 96.0, 24.0, 2.0
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 118, 48, 20, 16


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _across(index: int, count: int) -> float:
    return MARGIN + (WIDTH - 2 * MARGIN) * (index / (count - 1) if count > 1 else 0.5)


def _down(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.0
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def _positions(points: Sequence[float | None]) -> list[tuple[str, str] | None]:
    """Each point as x and y in a field of 96 by 24; the scale always includes zero."""
    known = [0.0, *(p for p in points if p is not None)]
    low, high = min(known), max(known)
    return [
        None if p is None else (_number(_across(i, len(points))), _number(_down(p, low, high)))
        for i, p in enumerate(points)
    ]


def segments(points: Sequence[float | None], breaks: Iterable[int] = ()) -> tuple[str, ...]:
    """The ``points`` of SVG polylines: a new line starts after a gap and at a break of definition.

    A value that stands alone becomes a line of length zero, which a round cap draws as a dot.
    """
    cuts = set(breaks)
    lines: list[list[str]] = [[]]
    for index, place in enumerate(_positions(points)):
        if index in cuts or place is None:
            lines.append([])
        if place is not None:
            lines[-1].append(",".join(place))
    return tuple(" ".join(line if len(line) > 1 else line * 2) for line in lines if line)


def last_point(points: Sequence[float | None]) -> tuple[str, str] | None:
    """Where the last known value lies."""
    return next((place for place in reversed(_positions(points)) if place is not None), None)


def break_positions(breaks: Iterable[int], count: int) -> tuple[str, ...]:
    """Where the marks of a break stand: half a step before the point that starts the new definition."""
    half = (WIDTH - 2 * MARGIN) / (count - 1) / 2 if count > 1 else 0.0
    return tuple(_number(_across(index, count) - half) for index in breaks if 0 < index < count)


@dataclass(frozen=True, slots=True)
class Place:
    """The box of one node: left and top corner, size, and its middle."""

    x: int
    y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT

    @property
    def text_x(self) -> int:
        return self.x + 12

    @property
    def first_line(self) -> int:
        return self.y + 20

    @property
    def second_line(self) -> int:
        return self.y + 38


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by name, edges as SVG paths, and the size of the whole."""

    places: dict[str, Place]
    paths: tuple[str, ...]
    width: int
    height: int


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest way from a node without sources. ValueError where edges run in a circle or name an unknown node."""
    unknown = {end for edge in edges for end in edge} - set(names)
    if unknown:
        raise ValueError(f"edges name unknown nodes: {sorted(unknown)}")
    layer = dict.fromkeys(names, 0)
    for _ in range(len(names)):
        moved = False
        for source, made in edges:
            if layer[made] <= layer[source]:
                layer[made] = layer[source] + 1
                moved = True
        if not moved:
            return layer
    if not names:
        return layer
    raise ValueError("a lineage has no circles")


def layout(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    """Nodes in columns from left to right by their longest way, in the order given within a column."""
    places: dict[str, Place] = {}
    filled: dict[int, int] = {}
    for name, column in _layers(names, edges).items():
        row = filled.get(column, 0)
        filled[column] = row + 1
        places[name] = Place(column * (BOX_WIDTH + GAP_X), row * (BOX_HEIGHT + GAP_Y))
    paths = tuple(_curve(places[source], places[made]) for source, made in edges)
    width = max((p.x for p in places.values()), default=0) + BOX_WIDTH
    height = max((p.y for p in places.values()), default=0) + BOX_HEIGHT
    return Layout(places, paths, width, height)


def _curve(source: Place, made: Place) -> str:
    start, end = source.x + source.width, made.x
    top, bottom = source.y + source.height // 2, made.y + made.height // 2
    bend = max((end - start) // 2, 12)
    return f"M{start},{top} C{start + bend},{top} {end - bend},{bottom} {end},{bottom}"
