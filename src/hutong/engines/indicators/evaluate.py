"""Figures: indicators evaluated over facts, seen through a lens, with everything that explains them.

A result depends on definition, lens and facts only: not on the order of facts, nor on what was asked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from operator import attrgetter

from hutong.engines.indicators.aggregation import NOT_OFFERED, Rules, aggregate, in_order
from hutong.engines.indicators.expressions import (
    Aggregate,
    Binary,
    Condition,
    Const,
    Elapsed,
    Expression,
    Growth,
    Ref,
    canonical,
    children,
    measures_in,
)
from hutong.engines.indicators.periods import Lens, Period
from hutong.engines.indicators.plan import DefinitionVersion, Plan, agrees
from hutong.engines.indicators.types import Signature, Type, type_of, window_of
from hutong.engines.indicators.units import SECOND, SHARE, Unit, parse_unit
from hutong.kernel.measure import Fact, Measure
from hutong.kernel.text import Text
from hutong.kernel.values import Missing, Number, Strategy, Value, total

OTHERWISE = Missing(
    Text(
        "the department offers this measure in another unit or nature",
        "部门提供的数据单位或性质与规划要求不符",
    )
)
JUDGED = Missing(Text("this aim is judged, not computed", "该目标为定性目标，由评估确定"))


@dataclass(frozen=True, slots=True)
class Input:
    """One leaf of a formula: its text, its value in `unit`, the facts behind it, and for a reference its
    inputs."""

    expression: str
    value: Value
    unit: Unit
    records: tuple[Fact, ...] = ()
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A figure. value is in `unit`. version and formula_hash name the definition; formula is its text and
    worked the same text with values in place; records are the facts counted, each once, in order."""

    indicator: str
    version: str | None
    lens: Lens
    value: Value
    unit: Unit
    formula: str
    formula_hash: str
    worked: Text
    inputs: tuple[Input, ...]
    records: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """Value in base units, unit with scale 1 in mind, text with values, leaves."""

    value: Value
    unit: Unit
    text: Text
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The definition being worked out, and the lens in whose terms earlier figures are to be put."""

    definition: DefinitionVersion
    anchor: Lens


def _scaled(value: Value, factor: Fraction) -> Value:
    return value * Number(factor)


def _spoken(value: Value, unit: Unit) -> Text:
    name = unit.title if unit.name not in ("share", "none") else None
    if isinstance(value, Number) and name:
        name = unit.spoken(value.amount)
        return Text(f"{value.say('en')} {name.en}", f"{value.say('zh')}{name.zh}")
    return Text(value.say("en"), value.say("zh"))


def _records(inputs: tuple[Input, ...]) -> tuple[Fact, ...]:
    """The facts behind all leaves, each once, by record and time."""
    if len(inputs) == 1:
        return inputs[0].records
    # Each measure is read once, so the same fact is the same object in every leaf.
    unique = {id(fact): fact for leaf in inputs for fact in leaf.records}
    return tuple(sorted(unique.values(), key=attrgetter("record", "valid_from", "recorded_at")))


class Evaluator:
    """Evaluates the indicators of one plan over the measures that departments offer.

    Each measure is read once and each (indicator, lens) computed once, so make a new one when facts have
    changed.
    """

    def __init__(self, plan: Plan, measures: Mapping[str, Measure]) -> None:
        self.plan = plan
        self._expected = {m.name: m for m in plan.measures}
        self._measures = measures
        self._facts: dict[str, tuple[Fact, ...]] = {}
        self._done: dict[tuple[str, Lens], Evaluated] = {}
        self._signatures = {m.name: Signature(m.unit, m.nature) for m in plan.measures}
        self._types = {i.id: Type(i.unit, i.nature) for i in plan.indicators}

    def lens(self, period: str, valid_on: datetime | None = None, known_on: datetime | None = None) -> Lens:
        """The lens for a period name; without dates, the whole period as it was known when it closed."""
        named = Period.named(period, self.plan.zone)
        at = valid_on or named.last_instant
        return Lens(named, at, known_on or at, self.plan.since)

    def evaluate(self, indicator: str, lens: Lens) -> Evaluated:
        """The figure of an indicator. KeyError for an indicator that the plan does not have."""
        # What is referred to is computed first, from an explicit stack: a long chain of earlier periods
        # (or of indicators) must not exhaust Python's own stack.
        stack = [(indicator, lens)]
        while stack:
            task = stack[-1]
            waiting = [n for n in self._needs(*task) if n not in self._done] if task not in self._done else []
            if waiting:
                stack.extend(waiting)
            else:
                stack.pop()
                if task not in self._done:
                    self._done[task] = self._figure(*task)
        return self._done[(indicator, lens)]

    def breakdown(self, indicator: str, lens: Lens, dim: str) -> dict[str, Evaluated]:
        """The same figure for each value of a dimension found among the facts, in alphabetical order."""
        definition = self.plan.indicator(indicator).definition_on(lens.day)
        names = measures_in(definition.expression) if definition and definition.expression else frozenset()
        keys = {f.dims[dim] for n in names for f in self._read(n) if dim in f.dims and f.known(lens.known_on)}
        return {
            k: self.evaluate(indicator, replace(lens, only=(*lens.only, Condition(dim, True, k))))
            for k in sorted(keys)
        }

    def _needs(self, indicator: str, lens: Lens) -> list[tuple[str, Lens]]:
        definition = self.plan.indicator(indicator).definition_on(lens.day)
        if definition is None or definition.expression is None:
            return []
        found: list[tuple[str, Lens]] = []
        pending: list[tuple[Expression, Lens]] = [(definition.expression, lens)]
        while pending:
            node, look = pending.pop()
            if isinstance(node, Ref):
                found.append((node.indicator, look.back(node.back, node.calendar)))
            if isinstance(node, Growth):
                pending.append((node.inner, look.back(1, "year")))
            pending.extend((child, look) for child in children(node))
        return found

    def _figure(self, indicator: str, lens: Lens) -> Evaluated:
        one = self.plan.indicator(indicator)
        definition = one.definition_on(lens.day)
        if definition is None:
            gap = Text("no definition is in force on {d}", "{d}无有效指标口径").format(d=lens.day.isoformat())
            return Evaluated(one.id, None, lens, Missing(gap), one.unit, "", "", gap, (), ())
        if definition.expression is None:
            return Evaluated(
                one.id, definition.version, lens, JUDGED, one.unit, "", "", JUDGED.reason, (), ()
            )
        part = self._node(definition.expression, lens, _Frame(definition, lens))
        value = _scaled(part.value, 1 / one.unit.scale)
        return Evaluated(
            one.id,
            definition.version,
            lens,
            value,
            one.unit,
            definition.formula,
            definition.hash,
            part.text,
            part.inputs,
            _records(part.inputs),
        )

    def _node(self, node: Expression, lens: Lens, frame: _Frame) -> _Part:
        if isinstance(node, Const):
            given = Number(node.amount)
            return _Part(
                _scaled(given, node.unit.scale),
                node.unit,
                _spoken(given, node.unit),
                (Input(canonical(node), given, node.unit),),
            )
        if isinstance(node, Elapsed):
            return self._elapsed(lens)
        if isinstance(node, Ref):
            return self._reference(node, lens, frame)
        if isinstance(node, Aggregate):
            return self._aggregate(node, lens, frame.definition)
        if isinstance(node, Growth):
            return self._growth(node, lens, frame)
        left, right = self._node(node.left, lens, frame), self._node(node.right, lens, frame)
        value = _arithmetic(node, left.value, right.value, frame.definition)
        unit = type_of(node, self._signatures, self._types).unit
        sign = {"*": "×", "/": "÷", "-": "\N{MINUS SIGN}"}.get(node.op, node.op)
        text = Text("({a} {s} {b})", "（{a}{s}{b}）").format(a=left.text, b=right.text, s=sign)
        return _Part(value, unit, text, left.inputs + right.inputs)

    def _elapsed(self, lens: Lens) -> _Part:
        whole = lens.valid_on >= lens.period.last_instant
        end = lens.period.closes if whole else lens.valid_on
        gone = end - lens.period.opens
        if gone.total_seconds() <= 0:
            value: Value = Missing(Text("the period has not begun", "统计期尚未开始"))
        else:
            value = Number(Fraction(gone.days * 86400 + gone.seconds) + Fraction(gone.microseconds, 10**6))
        return _Part(value, SECOND, _spoken(value, SECOND), (Input("elapsed", value, SECOND),))

    def _reference(self, node: Ref, lens: Lens, frame: _Frame) -> _Part:
        figure = self._done[(node.indicator, lens.back(node.back, node.calendar))]
        figure = replace(figure, value=self._bridged(figure, frame.anchor))
        leaf = Input(canonical(node), figure.value, figure.unit, figure.records, figure.inputs)
        return _Part(
            _scaled(figure.value, figure.unit.scale), figure.unit, _spoken(figure.value, figure.unit), (leaf,)
        )

    def _bridged(self, figure: Evaluated, anchor: Lens) -> Value:
        """The value in terms of the definition in force at the anchor: two definitions are compared over a
        bridge only.

        Without one, the comparison is missing and says so.
        """
        one = self.plan.indicator(figure.indicator)
        now = one.definition_on(anchor.day)
        if figure.version is None or now is None or now.version == figure.version:
            return figure.value
        bridge = one.bridge(figure.version, now.version)
        if bridge is None:
            return Missing(
                Text(
                    "definitions {a} and {b} of {i} are not compared without a bridge",
                    "{i}的口径{a}与{b}未声明衔接方法，不得比较",
                ).format(a=figure.version, b=now.version, i=one.id)
            )
        return _scaled(figure.value, bridge.factor)

    def _aggregate(self, node: Aggregate, lens: Lens, definition: DefinitionVersion) -> _Part:
        expected, offered = self._expected[node.measure], self._measures.get(node.measure)
        unit = type_of(node, self._signatures, self._types).unit
        records: tuple[Fact, ...] = ()
        value: Value = NOT_OFFERED
        if offered is not None and not agrees(expected, offered):
            value = OTHERWISE
        elif offered is not None:
            rules = Rules(definition.missing, definition.absence_means_none)
            window, scale = window_of(node, expected.nature), parse_unit(offered.unit).scale
            value, records = aggregate(node, self._read(node.measure), window, lens, rules, scale)
        shown = _scaled(value, 1 / unit.scale)
        return _Part(value, unit, _spoken(shown, unit), (Input(canonical(node), shown, unit, records),))

    def _growth(self, node: Growth, lens: Lens, frame: _Frame) -> _Part:
        now = self._node(node.inner, lens, frame)
        then = self._node(node.inner, lens.back(1, "year"), frame)
        value = (now.value - then.value) / then.value
        text = Text("({a} \N{MINUS SIGN} {b}) ÷ {b}", "（{a}\N{MINUS SIGN}{b}）÷{b}").format(
            a=now.text, b=then.text
        )
        return _Part(value, SHARE, text, now.inputs + then.inputs)

    def _read(self, name: str) -> tuple[Fact, ...]:
        if name not in self._facts:
            offered = self._measures.get(name)
            self._facts[name] = in_order(offered.facts()) if offered is not None else ()
        return self._facts[name]


def _arithmetic(node: Binary, left: Value, right: Value, definition: DefinitionVersion) -> Value:
    """Sums and differences follow the declared treatment of missing parts; products and quotients
    propagate."""
    if node.op == "*":
        return left * right
    if node.op == "/":
        return left / right
    second = right if node.op == "+" else Number(-1) * right
    strategy: Strategy = definition.missing
    return total([left, second], strategy, declared_zero=definition.absence_means_none)
