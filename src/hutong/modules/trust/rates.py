"""Rates of a service that answers in words: both verdicts side by side, the rule, the operating characteristic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hutong.engines.trust import STATE_WORDS
from hutong.engines.trust.content.shown import (
    CONFIDENT,
    CURVE,
    TRUTH,
    Point,
    TwoVerdicts,
    two_verdicts,
)
from hutong.kernel.text import Text
from hutong.modules.trust.claims import place
from hutong.modules.trust.words import TONES, short
from hutong.platform.component_plots import Bars
from hutong.platform.components import Cell, Column, State, Table

Record = Mapping[str, Any]
TWO = Text("Verdict by the rule and verdict with confidence", "按标准判定与置信判定")
BY_RULE = Text("By the rule, on the sample", "按标准对样本判定")
SURELY = Text("With confidence, on the bank", "对题库的置信判定")
CHANCE = Text("{t}: by the rule {r}, with confidence {c}", "{t}：按标准{r}，置信{c}")
COLUMNS = (
    Column(Text("Rate", "比例")),
    Column(BY_RULE),
    Column(SURELY),
    Column(Text("Chance of acceptance by the rule", "按标准判定的接受概率")),
    Column(Text("Chance of acceptance with confidence", "置信判定的接受概率")),
)
# Truths that fit beside each other in a cell.
POINTS = 12


def two_sided(plan: Record, verdict: Record, only: tuple[str, int] | None = None) -> Table | None:
    """One row for each rate of content that was judged; None where the system has none."""
    stated = {c["id"]: c for c in plan["claims"]}
    cells = (c for c in verdict["cells"] if only is None or (c["category"], c["level"]) == only)
    rows = tuple(
        _row(stated[f["claim"]], found, place(cell))
        for cell in cells
        for f in cell["findings"]
        if f["claim"] in stated and (found := two_verdicts(f)) is not None
    )
    return Table(TWO, COLUMNS, rows, caption_hidden=True) if rows else None


def _row(claim: Record, found: TwoVerdicts, where: Text) -> tuple[Cell, ...]:
    points = _thinned(found.curve)
    labels = tuple(_label(p) for p in points)
    bars = [
        Bars(tuple(round(100 * chance) for chance in side), labels, CURVE)
        for side in ([p.regulatory for p in points], [p.confident for p in points])
        if side
    ]
    return (
        Cell(Text(**claim["statement"]), note=where),
        Cell(_state(found.regulatory, found.regulatory_words), note=found.rule or found.title),
        Cell(_state(found.confident, found.confident_words), note=CONFIDENT.format(a=short(claim["alpha"]))),
        *(Cell(b) for b in bars or ("", "")),
    )


def _state(state: str, words: Text) -> State:
    known, _ = STATE_WORDS[state]  # type: ignore[index]
    return State(known, TONES[state], note=words)


def _label(point: Point) -> Text:
    truth = Text("{t} {n}", "{t} {n}").format(t=TRUTH, n=f"{100 * point.truth:.1f} %")
    return CHANCE.format(t=truth, r=f"{point.regulatory:.3f}", c=f"{point.confident:.3f}")


def _thinned(curve: tuple[Point, ...]) -> tuple[Point, ...]:
    step = max(1, -(-len(curve) // POINTS))
    return curve[::step]
