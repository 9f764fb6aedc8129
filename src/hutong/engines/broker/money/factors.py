"""Conversion factors between chip models: published, dated, exact. What was metered stays beside what it was converted to.

Rounding is one rule: what is credited rounds down, what is charged rounds up. So a conversion there and back never makes
time out of nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from hutong.engines.broker.chips import kind_of
from hutong.engines.broker.money.dated import Span, Timeline
from hutong.engines.broker.money.instants import to_ms
from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.clock import parse_instant
from hutong.kernel.text import Text

SOURCE = Path(__file__).with_name("factors.yaml")
Rounding = Literal["floor", "ceil"]
Status = Literal["verified", "unverified"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A common unit of computing: what one chip-hour is multiplied into. precision: of the arithmetic it speaks of."""

    id: str
    title: Text
    precision: str


@dataclass(frozen=True, slots=True)
class Factor:
    """One chip-hour of `chip` is `value` of `unit`. source: who published it; status: whether it was confirmed there."""

    chip: str
    unit: str
    value: Fraction
    version: str
    source: Text
    status: Status


class Factors:
    """All factors, by chip and unit."""

    __slots__ = ("_lines", "units", "version")

    def __init__(
        self, version: str, units: Iterable[Unit], factors: Iterable[tuple[Factor, int, int | None]]
    ) -> None:
        self.version = version
        self.units = {u.id: u for u in units}
        spans: dict[tuple[str, str], list[Span[Factor]]] = {}
        for factor, start_ms, end_ms in factors:
            if factor.value <= 0 or factor.unit not in self.units:
                raise refuse(
                    "factor.value",
                    Text(
                        "The factor of {c} is not a positive number of a known unit.",
                        "{c}的折算系数须为已知单位的正数。",
                    ),
                    Text("Correct the table of factors.", "请更正折算系数表。"),
                    c=factor.chip,
                )
            spans.setdefault((factor.chip, factor.unit), []).append(Span(start_ms, end_ms, factor))
        self._lines = {key: Timeline(f"{key[0]} → {key[1]}", some) for key, some in spans.items()}

    def line(self, chip: str, unit: str) -> Timeline[Factor]:
        """The factors of one kind of chip in one unit over time; a partition or a share has its part of the whole chip's.

        Raises `Invalid` ``factor.unknown``, and what `chips.kind_of` raises.
        """
        found = self._lines.get((chip, unit)) or self._part(chip, unit)
        if found is None:
            raise refuse(
                "factor.unknown",
                Text("There is no factor from {c} to {u}.", "没有由 {c} 折算为 {u} 的系数。"),
                Text(
                    "Publish one with its source and date, or keep the native unit.",
                    "请发布系数并注明来源与日期，或保留原生单位。",
                ),
                "chip",
                c=chip,
                u=unit,
            )
        return found

    def _part(self, chip: str, unit: str) -> Timeline[Factor] | None:
        kind = kind_of(chip)
        whole_chip = self._lines.get((kind.base, unit))
        if whole_chip is None:
            return None
        spans = (
            Span(s.start_ms, s.end_ms, replace(s.value, chip=chip, value=s.value.value * kind.share))
            for s in whole_chip.spans
        )
        return Timeline(f"{chip} → {unit}", spans)

    def convert(
        self, chip_ms: int, source: str, target: str, unit: str, at_ms: int, rounding: Rounding
    ) -> int:
        """Chip-milliseconds of `source` as chip-milliseconds of `target`, through `unit`, with the factors of the instant.

        rounding: ``floor`` for what is credited, ``ceil`` for what is charged.
        """
        exact = chip_ms * self.line(source, unit).at(at_ms).value / self.line(target, unit).at(at_ms).value
        return whole(exact, rounding)


def whole(amount: Fraction, rounding: Rounding) -> int:
    """The integer below (``floor``) or above (``ceil``), towards minus or plus infinity."""
    down = amount.numerator // amount.denominator
    return down if rounding == "floor" or amount.denominator == 1 else down + 1


def read_factors(raw: Mapping[str, Any]) -> Factors:
    """The table of `factors.yaml`, or another of the same form. Values are decimal or ``a/b`` strings: never floats."""
    units = [Unit(u["id"], Text(**u["title"]), u["precision"]) for u in raw["units"]]
    rows = []
    for row in raw["factors"]:
        if not isinstance(row["value"], str):
            raise refuse(
                "factor.float",
                Text("The factor of {c} must be written in quotes.", "{c}的系数须加引号书写。"),
                Text('Write "0.312", so that it stays exact.', '请写作 "0.312"，以保持精确。'),
                c=row["chip"],
            )
        factor = Factor(
            row["chip"],
            row["unit"],
            Fraction(row["value"]),
            raw["version"],
            Text(**row["source"]),
            row["status"],
        )
        ends = row.get("valid_to")
        start = to_ms(parse_instant(row["valid_from"], field="valid_from"))
        rows.append((factor, start, None if ends is None else to_ms(parse_instant(ends, field="valid_to"))))
    return Factors(raw["version"], units, rows)


@cache
def published_factors() -> Factors:
    """The factors that come with the hub."""
    return read_factors(yaml.safe_load(SOURCE.read_text("utf-8")))
