"""What the parts of a plan say together: ids, references, units, cycles, overlapping definitions,
measures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from hutong.engines.indicators.build import Builder
from hutong.engines.indicators.cycles import cycle_problem, cycles
from hutong.engines.indicators.expressions import Ref, measures_in, references_in
from hutong.engines.indicators.plan import DefinitionVersion, Indicator, Plan, agrees
from hutong.engines.indicators.types import NATURE_TITLES, Signature, Type, type_of
from hutong.kernel.errors import Invalid
from hutong.kernel.measure import Measure
from hutong.kernel.text import Text

Offered = Collection[str] | Mapping[str, Measure]


class Checker:
    """Checks one plan and adds what it finds to the problems of its builder."""

    def __init__(self, plan: Plan, builder: Builder, offered: Offered | None) -> None:
        self.plan, self.builder, self.offered = plan, builder, offered
        self.signatures = {m.name: Signature(m.unit, m.nature) for m in plan.measures}
        self.types = {i.id: Type(i.unit, i.nature) for i in plan.indicators}

    def _line(self, kind: str, name: str) -> int:
        return self.builder.lines.get((kind, name), [1])[0]

    def _add(self, kind: str, name: str, rule: str, what: Text, remedy: Text) -> None:
        self.builder.problems.add(self._line(kind, name), name, rule, what, remedy)

    def run(self) -> None:
        self._unique()
        self._nodes()
        self._measures()
        for one in self.plan.indicators:
            self._versions(one)
            for definition in one.definitions:
                self._definition(one, definition)
        self._cycles()

    def _unique(self) -> None:
        for (_, name), lines in self.builder.lines.items():
            for line in lines[1:]:
                self.builder.problems.add(
                    line,
                    name,
                    "duplicate_id",
                    Text("{n} is used again, first on line {l}", "编号{n}重复，首次见第{l}行").format(
                        n=name, l=lines[0]
                    ),
                    Text("give it another id", "请改用其他编号"),
                )

    def _nodes(self) -> None:
        objectives = {o.id for o in self.plan.objectives}
        tasks = {t.id for t in self.plan.tasks}
        nodes = objectives | tasks | {s.id for s in self.plan.safeguards}
        wanted = [("node", t.id, n, objectives) for t in self.plan.tasks for n in t.serves]
        wanted += [("indicator", i.id, n, nodes) for i in self.plan.indicators for n in i.nodes]
        wanted += [
            ("action", a.id, a.task, tasks | {s.id for s in self.plan.safeguards})
            for y in self.plan.annual_plans
            for a in y.actions
        ]
        for kind, owner, name, known in wanted:
            if name not in known:
                self._add(
                    kind,
                    owner,
                    "unknown_node",
                    Text("{o} refers to {n}, which is not in the plan", "{o}引用的{n}不在本规划中").format(
                        o=owner, n=name
                    ),
                    Text("correct the id", "请更正编号"),
                )

    def _measures(self) -> None:
        """What the plan expects against what the caller says is offered."""
        if self.offered is None:
            return
        for expected in self.plan.measures:
            name = expected.name
            if name not in self.offered:
                if expected.awaited_from is None:
                    self._unknown_measure("measure", name, name)
            elif isinstance(self.offered, Mapping) and not agrees(expected, self.offered[name]):
                one = self.offered[name]
                self._add(
                    "measure",
                    name,
                    "measure_mismatch",
                    Text("{m} is offered as {n} in {u}", "{m}实际提供的是{n}，单位{u}").format(
                        m=name, n=NATURE_TITLES[one.nature], u=one.unit
                    ),
                    Text("correct unit and nature in the plan", "请更正规划中的单位与性质"),
                )

    def _unknown_measure(self, kind: str, owner: str, name: str) -> None:
        self._add(
            kind,
            owner,
            "unknown_measure",
            Text("no department offers {m}", "没有部门提供{m}").format(m=name),
            Text(
                "correct the name, or list it under awaited_measures with its department",
                "请更正名称，或列入 awaited_measures 并注明部门",
            ),
        )

    def _versions(self, one: Indicator) -> None:
        ordered = sorted(one.definitions, key=lambda d: d.valid_from)
        for earlier, later in pairwise(ordered):
            if earlier.valid_to is None or later.valid_from < earlier.valid_to:
                self._add(
                    "indicator",
                    one.id,
                    "overlapping_versions",
                    Text("definitions {a} and {b} of {i} overlap", "{i}的口径{a}与{b}有效期重叠").format(
                        a=earlier.version, b=later.version, i=one.id
                    ),
                    Text("end the earlier on the day the later begins", "请将前一口径截止于后一口径生效之日"),
                )
        for d in ordered:
            if d.valid_to is not None and d.valid_to <= d.valid_from:
                self._add(
                    "indicator",
                    one.id,
                    "empty_version",
                    Text("definition {v} of {i} ends before it begins", "{i}的口径{v}截止早于生效").format(
                        v=d.version, i=one.id
                    ),
                    Text("correct the dates", "请更正日期"),
                )

    def _definition(self, one: Indicator, definition: DefinitionVersion) -> None:
        expression = definition.expression
        if expression is None:
            if one.nature != "qualitative":
                self._add(
                    "indicator",
                    one.id,
                    "no_expression",
                    Text(
                        "{i} is not qualitative and needs an expression", "{i}非定性目标，须有计算式"
                    ).format(i=one.id),
                    Text("add expression", "请补充 expression"),
                )
            return
        unknown = measures_in(expression) - self.signatures.keys()
        lost = {r.indicator for r in references_in(expression)} - self.types.keys()
        for name in sorted(unknown):
            self._unknown_measure("indicator", one.id, name)
        for name in sorted(lost):
            self._add(
                "indicator",
                one.id,
                "unknown_indicator",
                Text("{i} refers to {r}, which is no indicator", "{i}引用的{r}不是指标").format(
                    i=one.id, r=name
                ),
                Text("correct the id", "请更正编号"),
            )
        if not unknown and not lost:
            self._typed(one, definition)

    def _typed(self, one: Indicator, definition: DefinitionVersion) -> None:
        assert definition.expression is not None  # seen to by the caller
        line = self._line("indicator", one.id)
        try:
            found = type_of(definition.expression, self.signatures, self.types)
        except Invalid as error:
            self.builder.problems.take(line, f"{one.id}.expression", error)
            return
        counts = found.unit.counts() is not None and one.unit.counts() is not None
        if not counts and not found.unit.same_dimension(one.unit):
            self._add(
                "indicator",
                one.id,
                "unit_mismatch",
                Text(
                    "{i} is declared in {a} but its formula gives {b}", "{i}声明单位为{a}，计算式得{b}"
                ).format(i=one.id, a=one.unit.title, b=found.unit.title),
                Text("correct the unit or the formula", "请更正单位或计算式"),
            )
        if found.nature != one.nature and found.nature != "constant":
            self._add(
                "indicator",
                one.id,
                "nature_mismatch",
                Text("{i} is declared a {a} but its formula gives a {b}", "{i}声明为{a}，计算式得{b}").format(
                    i=one.id, a=NATURE_TITLES[one.nature], b=NATURE_TITLES[found.nature]
                ),
                Text("correct the nature or the formula", "请更正性质或计算式"),
            )

    def _cycles(self) -> None:
        graph = {
            i.id: {r.indicator for d in i.definitions if d.expression for r in _same_period(d)}
            for i in self.plan.indicators
        }
        for cycle in cycles(graph):
            self.builder.problems.take(self._line("indicator", cycle[0]), cycle[0], cycle_problem(cycle))


def _same_period(definition: DefinitionVersion) -> list[Ref]:
    assert definition.expression is not None  # seen to by the caller
    return [r for r in references_in(definition.expression) if r.back == 0]
