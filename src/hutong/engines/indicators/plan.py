"""A plan as data: objectives, groups of tasks, safeguards, indicators with dated definitions, annual plans.

Everything is frozen; a plan is read by `load.load_plan` and never changed in place: an amendment is another
plan text whose difference can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from hutong.engines.indicators.expressions import Expression, canonical, formula_hash
from hutong.engines.indicators.targets import Target
from hutong.engines.indicators.types import Nature
from hutong.engines.indicators.units import Unit, parse_unit
from hutong.kernel.errors import Invalid
from hutong.kernel.measure import Measure
from hutong.kernel.measure import Nature as MeasureNature
from hutong.kernel.text import Text
from hutong.kernel.values import Strategy

Capacity = Literal["lead", "support", "supervise"]
CAPACITIES: tuple[Capacity, ...] = ("lead", "support", "supervise")
Relation = Literal["implements", "succeeds", "precedes", "contributes"]
RELATIONS: tuple[Relation, ...] = ("implements", "succeeds", "precedes", "contributes")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from. verified: somebody has compared it with the source itself."""

    id: str
    citation: Text
    verified: bool
    document: str | None = None
    dated: date | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """An authority, department or unit that can own, lead or support."""

    id: str
    name: Text


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who answers for a node. body is None while nobody knows it; `ask` then says whom to ask."""

    body: str | None
    capacity: Capacity
    verified: bool
    ask: Text | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    id: str
    title: Text
    text: Text
    source: Source


@dataclass(frozen=True, slots=True)
class Task:
    id: str
    number: int
    group: str
    title: Text
    text: Text
    serves: tuple[str, ...]
    responsible: tuple[Responsibility, ...]
    due: date
    source: Source


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: Text
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Safeguard:
    id: str
    title: Text
    text: Text
    responsible: tuple[Responsibility, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """One dated definition (口径). valid_to is exclusive, None while it is in force.

    expression is None for aims that are judged, not computed. missing: what to do with parts that are
    missing. absence_means_none: only then is an empty window zero.
    """

    version: str
    valid_from: date
    valid_to: date | None
    text: Text
    expression: Expression | None
    missing: Strategy = "skip_if_any"
    absence_means_none: bool = False

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    @property
    def formula(self) -> str:
        return canonical(self.expression) if self.expression else ""

    @property
    def hash(self) -> str:
        return formula_hash(self.expression) if self.expression else ""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A declared way to draw two definitions as one line: earlier values times `factor`, with the
    evidence."""

    earlier: str
    later: str
    factor: Fraction
    evidence: Text


@dataclass(frozen=True, slots=True)
class Indicator:
    id: str
    title: Text
    owner: str | None
    ask: Text | None
    unit: Unit
    nature: Nature
    nodes: tuple[str, ...]
    definitions: tuple[DefinitionVersion, ...]
    target: Target
    source: Source
    bridges: tuple[Bridge, ...] = ()

    def definition_on(self, on: date) -> DefinitionVersion | None:
        return next((d for d in self.definitions if d.in_force(on)), None)

    def bridge(self, earlier: str | None, later: str | None) -> Bridge | None:
        """The bridge declared between two versions, if any."""
        return next((b for b in self.bridges if (b.earlier, b.later) == (earlier, later)), None)


@dataclass(frozen=True, slots=True)
class ExpectedMeasure:
    """What the plan reads: a measure with its unit and nature. awaited_from: the body that will offer it."""

    name: str
    unit: Unit
    nature: MeasureNature
    awaited_from: str | None = None


def agrees(expected: ExpectedMeasure, offered: Measure) -> bool:
    """Does a department offer what the plan reads? Scale may differ and is converted; a count may name its
    kind in another word."""
    if expected.nature != offered.nature:
        return False
    try:
        unit = parse_unit(offered.unit)
    except Invalid:
        return False
    both_count = unit.counts() is not None and expected.unit.counts() is not None
    return both_count or unit.same_dimension(expected.unit)


@dataclass(frozen=True, slots=True)
class Milestone:
    id: str
    title: Text
    due: date
    slippage: Text | None = None


@dataclass(frozen=True, slots=True)
class Action:
    id: str
    task: str
    title: Text
    responsible: tuple[Responsibility, ...]
    milestones: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True)
class AnnualPlan:
    id: str
    year: int
    title: Text
    source: Source
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class LinkedPlan:
    """Another instrument and how it relates to this plan."""

    id: str
    title: Text
    relation: Relation
    first_year: int | None
    last_year: int | None
    source: Source


@dataclass(frozen=True, slots=True)
class Plan:
    id: str
    title: Text
    document: str
    issued_by: str
    adopted_on: date
    starts: date
    ends: date
    jurisdiction: str
    zone: str
    language_of_record: str
    definition_set: str
    sources: tuple[Source, ...]
    bodies: tuple[Body, ...]
    measures: tuple[ExpectedMeasure, ...]
    objectives: tuple[Objective, ...]
    groups: tuple[Group, ...]
    safeguards: tuple[Safeguard, ...]
    indicators: tuple[Indicator, ...]
    annual_plans: tuple[AnnualPlan, ...]
    linked_plans: tuple[LinkedPlan, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(t for g in self.groups for t in g.tasks)

    @property
    def since(self) -> datetime:
        """First instant of the plan, where cumulative figures begin."""
        return datetime.combine(self.starts, time(), ZoneInfo(self.zone))

    def indicator(self, name: str) -> Indicator:
        """The indicator with this id; KeyError when there is none."""
        for one in self.indicators:
            if one.id == name:
                return one
        raise KeyError(name)

    def of_node(self, node: str) -> tuple[Indicator, ...]:
        """Indicators of an objective, task or safeguard."""
        return tuple(i for i in self.indicators if node in i.nodes)
