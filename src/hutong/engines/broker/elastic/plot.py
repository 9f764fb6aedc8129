"""A drawing of completion times: share of jobs done within a time, one line per policy, as SVG text."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from hutong.engines.broker.elastic.profile import Floats
from hutong.kernel.text import Language, Text

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 360, 56, 44, 28
# Okabe and Ito's palette: told apart by colour-blind readers too; dashes tell them apart in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999", "#F0E442")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4", "4 4", "2 6", "6 2 2 2")
TITLE = Text("Share of jobs done within a time", "在给定时间内完成的作业比例")
AXIS = Text("hours from submission (logarithmic)", "提交后小时数（对数）")


def completion_plot(hours: Mapping[str, Floats], language: Language = "en") -> str:
    """SVG of the empirical distribution of completion times (hours) per policy, logarithmic in time."""
    low = max(min(float(np.min(values)) for values in hours.values()), 1e-3)
    high = max(float(np.max(values)) for values in hours.values())
    span = max(float(np.log10(high / low)), 1e-9)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="12">',
        f"<title>{escape(TITLE.say(language))}</title>",
        f'<text x="{LEFT}" y="16">{escape(TITLE.say(language))}</text>',
        *_axes(low, high, span, language),
    ]
    for index, (name, values) in enumerate(hours.items()):
        parts.append(_line(np.sort(values), low, span, index))
        y = TOP + 16 * (index + 1)
        parts.append(f'<text x="{WIDTH - 150}" y="{y}" fill="{COLOURS[index % 9]}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"])


def _x(hours: float, low: float, span: float) -> float:
    return LEFT + (WIDTH - LEFT - 16) * float(np.log10(max(hours, low) / low)) / span


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share


def _axes(low: float, high: float, span: float, language: Language) -> list[str]:
    made = [
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - 16}" fill="none" stroke="#666"/>',
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(AXIS.say(language))}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        made.append(f'<text x="{LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for power in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1):
        if low <= 10.0**power <= high:
            x = _x(10.0**power, low, span)
            made.append(f'<text x="{x:.1f}" y="{HEIGHT - 26}" text-anchor="middle">{10.0**power:g}</text>')
    return made


def _line(values: Floats, low: float, span: float, index: int) -> str:
    steps = [
        f"{_x(float(value), low, span):.1f},{_y((rank + 1) / len(values)):.1f}"
        for rank, value in enumerate(values)
    ]
    return (
        f'<polyline points="{" ".join(steps)}" fill="none" stroke="{COLOURS[index % 9]}" '
        f'stroke-width="2" stroke-dasharray="{DASHES[index % 9]}"/>'
    )
