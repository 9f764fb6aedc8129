"""Plots of a report as inline SVG: an interval against its threshold, and the grid of categories and levels.

Colour is never alone: every cell bears its mark, every plot its title in words.
"""

from __future__ import annotations

from fractions import Fraction
from html import escape

from hutong.engines.trust.types import (
    CATEGORIES,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    STATE_WORDS,
    Cell,
    Claim,
    Finding,
)
from hutong.kernel.text import Language

WIDTH, HEIGHT, LEFT, RIGHT = 340, 46, 10, 330
CELL_W, CELL_H, HEAD_W, HEAD_H = 92, 40, 130, 30
LEVELS = (1, 2, 3, 4, 5)


def interval(claim: Claim, finding: Finding, language: Language) -> str:
    """The estimate with its limits, the threshold as a dashed line, the side that passes shaded. "" without numbers."""
    if finding.value is None or finding.lower is None or finding.upper is None:
        return ""
    numbers = [Fraction(n) for n in (finding.lower, finding.value, finding.upper)]
    bar = None if finding.threshold is None else Fraction(finding.threshold)
    shown = [*numbers, *([] if bar is None else [bar])]
    low, high = _range(shown)

    def at(value: Fraction) -> str:
        return f"{float(LEFT + (RIGHT - LEFT) * (value - low) / (high - low)):.1f}"

    a, v, b = (at(n) for n in numbers)
    title = escape(finding.words.say(language))
    drawn = [
        f'<svg class="interval {finding.state}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
    ]
    if bar is not None:
        edge = at(bar)
        start, width = (
            (edge, RIGHT - float(edge)) if claim.direction == ">=" else (str(LEFT), float(edge) - LEFT)
        )
        drawn.append(f'<rect class="good" x="{start}" y="4" width="{max(width, 0):.1f}" height="22"/>')
        drawn.append(f'<line class="bar" x1="{edge}" y1="2" x2="{edge}" y2="28"/>')
        anchored = "start" if float(edge) < 60 else "end" if float(edge) > WIDTH - 60 else "middle"
        drawn.append(f'<text class="bar" x="{edge}" y="42" text-anchor="{anchored}">{_short(bar)}</text>')
    drawn += [
        f'<line class="axis" x1="{LEFT}" y1="28" x2="{RIGHT}" y2="28"/>',
        f'<line class="reach" x1="{a}" y1="15" x2="{b}" y2="15"/>',
        f'<line class="reach" x1="{a}" y1="9" x2="{a}" y2="21"/><line class="reach" x1="{b}" y1="9" x2="{b}" y2="21"/>',
        f'<circle class="value" cx="{v}" cy="15" r="4"/>',
    ]
    # The ends of the scale are named where the threshold leaves room.
    if bar is None or float(at(bar)) > LEFT + 60:
        drawn.append(f'<text x="{LEFT}" y="42">{_short(low)}</text>')
    if bar is None or float(at(bar)) < RIGHT - 60:
        drawn.append(f'<text x="{RIGHT}" y="42" text-anchor="end">{_short(high)}</text>')
    drawn.append("</svg>")
    return "".join(drawn)


def _range(numbers: list[Fraction]) -> tuple[Fraction, Fraction]:
    """Shares on a scale that shows where they lie: the smallest of a few windows that holds them all."""
    smallest, largest = min(numbers), max(numbers)
    if smallest >= 0 and largest <= 1:
        for low, high in ((0, "0.2"), (0, "0.5"), ("0.8", 1), ("0.5", 1)):
            if Fraction(low) <= smallest and largest <= Fraction(high):
                return Fraction(low), Fraction(high)
        return Fraction(0), Fraction(1)
    margin = (largest - smallest) / 10 or Fraction(1)
    return smallest - margin, largest + margin


def _short(value: Fraction) -> str:
    return f"{float(value):g}"


def grid(cells: tuple[Cell, ...], language: Language) -> str:
    """Categories down, levels across. A required cell has a thick edge; each leads to its evidence."""
    found = {(c.category, c.level): c for c in cells}
    width, height = HEAD_W + CELL_W * len(LEVELS), HEAD_H + CELL_H * len(CATEGORIES)
    drawn = [f'<svg class="grid" viewBox="0 0 {width} {height}" role="img">']
    for level in LEVELS:
        x = HEAD_W + CELL_W * (level - 1) + CELL_W / 2
        drawn.append(
            f'<text x="{x:g}" y="19" text-anchor="middle">{level} {escape(LEVEL_WORDS[level].say(language))}</text>'
        )
    for row, category in enumerate(CATEGORIES):
        y = HEAD_H + CELL_H * row
        word = escape(CATEGORY_WORDS[category].say(language))
        drawn.append(f'<text x="0" y="{y + 25}">{category} · {word}</text>')
        drawn += [_cell(found.get((category, level)), level, y, language) for level in LEVELS]
    return "".join(drawn) + "</svg>"


def _cell(cell: Cell | None, level: int, y: int, language: Language) -> str:
    x = HEAD_W + CELL_W * (level - 1)
    box = f'x="{x + 2}" y="{y + 2}" width="{CELL_W - 4}" height="{CELL_H - 4}" rx="4"'
    if cell is None:
        return f'<rect class="cell none" {box}/>'
    words = escape(cell.words.say(language))
    mark = STATE_WORDS[cell.state][1]
    need = " required" if cell.required else ""
    return (
        f'<a href="#{anchor(cell, language)}"><rect class="cell {cell.state}{need}" {box}><title>{words}</title></rect>'
        f'<text class="mark {cell.state}" x="{x + CELL_W / 2:g}" y="{y + 26}" text-anchor="middle">{mark}</text></a>'
    )


def anchor(cell: Cell, language: Language) -> str:
    return f"{cell.category}{cell.level}-{language}"
