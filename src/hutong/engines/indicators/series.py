"""A figure over time: segments by definition version, drawn as one line only over a declared bridge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise

from hutong.engines.indicators.evaluate import Evaluated, Evaluator
from hutong.engines.indicators.periods import Lens
from hutong.engines.indicators.plan import Bridge, Indicator
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text
from hutong.kernel.values import Number


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring figures under one definition version; version is None where none was in force."""

    version: str | None
    points: tuple[Evaluated, ...]


def series(evaluator: Evaluator, indicator: str, lenses: Iterable[Lens]) -> tuple[Segment, ...]:
    """Figures in the order of time, broken where the definition changes."""
    ordered = sorted(lenses, key=lambda look: (look.period.start, look.instant))
    figures = [evaluator.evaluate(indicator, look) for look in ordered]
    return tuple(Segment(v, tuple(g)) for v, g in groupby(figures, key=lambda f: f.version))


def one_line(indicator: Indicator, segments: Iterable[Segment]) -> tuple[Evaluated, ...]:
    """The segments as one line in the terms of the latest definition: values before a bridge are multiplied
    by its factor. Conflict where a bridge is missing: two definitions are never drawn as one line."""
    parts = list(segments)
    factors = [Fraction(1)] * len(parts)
    for i, (earlier, later) in reversed(list(enumerate(pairwise(parts)))):
        factors[i] = factors[i + 1] * _bridge(indicator, earlier.version, later.version).factor
    return tuple(
        point if factor == 1 else replace(point, value=point.value * Number(factor))
        for part, factor in zip(parts, factors, strict=True)
        for point in part.points
    )


def _bridge(indicator: Indicator, earlier: str | None, later: str | None) -> Bridge:
    if bridge := indicator.bridge(earlier, later):
        return bridge
    none = Text("no definition", "无口径")
    raise Conflict(
        Text(
            "{i}: definitions {a} and {b} are not drawn as one line", "{i}：口径“{a}”与“{b}”不得连成一条线"
        ).format(i=indicator.id, a=earlier or none, b=later or none),
        rule="indicators.series.two_definitions",
        remedy=Text(
            "draw two lines with a break, or declare a bridge with its evidence",
            "请分段绘制，或声明衔接方法及依据",
        ),
        field="definition",
    )
