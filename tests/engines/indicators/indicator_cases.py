"""What the tests of the indicator engine share: a small plan text, facts, a registry of measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction

from hutong.engines.indicators import Evaluator, load_plan
from hutong.kernel.measure import Fact, Measure, Measures
from hutong.kernel.text import Text

NAME = Text("x", "甲")

HEAD = """\
plan:
  id: test-plan
  title: {en: Test, zh: 测试}
  document: TEST-1
  issued_by: Tests
  adopted_on: 2023-01-01
  in_force: {from: 2023-01-01, to: 2025-12-31}
  jurisdiction: "110000"
  timezone: Asia/Shanghai
  language_of_record: zh
  definition_set: "1"
sources:
  - {id: s, citation: {en: Source, zh: 来源}, verified: true}
bodies:
  - {id: owner, name: {en: Owner, zh: 责任单位}}
measures:
  - {name: a.flow, unit: chip_hour, nature: flow}
  - {name: b.flow, unit: chip_hour, nature: flow}
  - {name: a.stock, unit: count(chip), nature: stock}
  - {name: a.money, unit: fen, nature: flow}
  - {name: a.rate, unit: percent, nature: flow}
awaited_measures:
  - {name: z.later, unit: count(thing), nature: flow, department: owner}
objectives:
  - {id: O1, title: {en: O, zh: 目标}, text: {en: O, zh: 目标}, source: {ref: s, verified: true}}
groups:
  - id: I
    title: {en: G, zh: 组}
    tasks:
      - id: T1
        number: 1
        title: {en: T, zh: 任务}
        text: {en: T, zh: 任务}
        serves: [O1]
        responsible: [{body: owner, capacity: lead, verified: true}]
        source: {ref: s, verified: true}
safeguards: []
indicators:
"""


def indicator_text(
    name: str,
    expression: str,
    unit: str = "chip_hour",
    nature: str = "flow",
    *,
    extra: str = "",
    definitions: str | None = None,
    target: str = "{kind: reach, must_declare: owner}",
) -> str:
    versions = definitions or (
        "      - version: v1\n        from: 2020-01-01\n        text: {en: D, zh: 口径}\n"
        f"        expression: '{expression}'\n{extra}"
    )
    return (
        f"  - id: {name}\n    nodes: [T1]\n    title: {{en: N, zh: 名}}\n    owner: owner\n    unit: {unit}\n"
        f"    nature: {nature}\n    definitions:\n{versions}    target: {target}\n"
        "    source: {ref: s, verified: true}\n"
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "T12:00:00+08:00")


def fact(
    record: str,
    amount: int | Fraction,
    start: str,
    *,
    end: str | None = None,
    known: str | None = None,
    retracted: str | None = None,
    **dims: str,
) -> Fact:
    return Fact(
        record=record,
        event=None,
        amount=amount,
        valid_from=at(start),
        valid_to=at(end) if end else None,
        recorded_at=at(known or start),
        retracted_at=at(retracted) if retracted else None,
        dims=dims,
        label=record,
    )


_SHAPES = {
    "a.flow": ("chip_hour", "flow"),
    "b.flow": ("chip_hour", "flow"),
    "a.stock": ("count(chip)", "stock"),
    "a.money": ("fen", "flow"),
    "a.rate": ("percent", "flow"),
}


def registry(facts: Mapping[str, Iterable[Fact]]) -> Measures:
    found = Measures()
    for name, rows in facts.items():
        unit, nature = _SHAPES[name]
        kept = list(rows)
        found.add(Measure(name, unit, nature, NAME, NAME, lambda kept=kept: kept))  # type: ignore[arg-type,misc]
    return found


def engine(indicators: str, facts: Mapping[str, Iterable[Fact]] | None = None) -> Evaluator:
    return Evaluator(load_plan(HEAD + indicators), registry(facts or {}))


NOW = datetime(2030, 1, 1, tzinfo=UTC)
