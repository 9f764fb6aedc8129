"""From fields of a plan file to the dataclasses of `plan`: shape only; `check` looks at what the parts say
together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import get_args

from hutong.engines.indicators import plan as p
from hutong.engines.indicators.grammar import parse
from hutong.engines.indicators.reader import Field, Problems
from hutong.engines.indicators.targets import PATH_KINDS, TARGET_KINDS, Baseline, Step, Target, TargetPath
from hutong.engines.indicators.types import Nature
from hutong.engines.indicators.units import parse_unit
from hutong.kernel.measure import Nature as MeasureNature
from hutong.kernel.text import Text
from hutong.kernel.values import STRATEGIES

_NATURES: tuple[Nature, ...] = get_args(Nature)
_MEASURE_NATURES: tuple[MeasureNature, ...] = get_args(MeasureNature)


@dataclass
class Builder:
    """Builds the parts of one plan. lines: where each id was written, as (kind, id) → lines."""

    problems: Problems
    zone: str = "Asia/Shanghai"
    starts: date = date.min
    ends: date = date.max
    sources: dict[str, p.Source] = field(default_factory=dict)
    bodies: dict[str, p.Body] = field(default_factory=dict)
    lines: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def _id(self, kind: str, cell: Field) -> str:
        name = cell.identifier()
        self.lines.setdefault((kind, name), []).append(cell.line)
        return name

    def source(self, cell: Field) -> p.Source:
        """An entry of the list of sources."""
        f = cell.fields(("id", "citation", "verified"), ("document", "dated"))
        return p.Source(
            self._id("source", f["id"]),
            f["citation"].text(),
            f["verified"].flag(),
            f["document"].raw if "document" in f else None,
            f["dated"].day() if "dated" in f else None,
        )

    def body(self, cell: Field) -> p.Body:
        f = cell.fields(("id", "name"))
        return p.Body(self._id("body", f["id"]), f["name"].text())

    def _cite(self, cell: Field) -> p.Source:
        """A reference to a source; `verified` here speaks of this statement, not of the document."""
        f = cell.fields(("ref", "verified"), ("place",), rule="source")
        known = self.sources.get(f["ref"].raw)
        if known is None:
            raise f["ref"].stop(
                "source",
                Text("no source is called {r}", "没有名为{r}的来源").format(r=f["ref"].raw),
                Text("add it under sources", "请在 sources 中补充"),
            )
        return replace(known, verified=f["verified"].flag(), place=f["place"].raw if "place" in f else None)

    def _body_ref(self, cell: Field) -> str:
        if cell.raw not in self.bodies:
            raise cell.stop(
                "body",
                Text("no body is called {r}", "没有名为{r}的单位").format(r=cell.raw),
                Text("add it under bodies", "请在 bodies 中补充"),
            )
        return cell.raw

    def _responsible(self, cell: Field) -> tuple[p.Responsibility, ...]:
        return self.problems.each(cell.items(), self._responsibility)

    def _responsibility(self, cell: Field) -> p.Responsibility:
        f = cell.fields(("body", "capacity", "verified"), ("ask",))
        body, ask = self._owner(f["body"], f.get("ask"))
        return p.Responsibility(body, f["capacity"].choice(p.CAPACITIES), f["verified"].flag(), ask)

    def _owner(self, cell: Field, ask: Field | None) -> tuple[str | None, Text | None]:
        if cell.raw != "unknown":
            return self._body_ref(cell), None
        if ask is None:
            raise cell.stop(
                "ask",
                Text("an unknown owner needs ask: whom to ask", "责任单位未知时须注明向谁核实（ask）"),
                Text("add ask", "请补充 ask"),
            )
        return None, ask.text()

    def objective(self, cell: Field) -> p.Objective:
        f = cell.fields(("id", "title", "text", "source"))
        return p.Objective(
            self._id("node", f["id"]), f["title"].text(), f["text"].text(), self._cite(f["source"])
        )

    def group(self, cell: Field) -> p.Group:
        f = cell.fields(("id", "title", "tasks"))
        name = self._id("group", f["id"])
        return p.Group(
            name, f["title"].text(), self.problems.each(f["tasks"].items(), lambda c: self._task(c, name))
        )

    def _task(self, cell: Field, group: str) -> p.Task:
        f = cell.fields(("id", "number", "title", "text", "serves", "responsible", "source"), ("due",))
        return p.Task(
            self._id("node", f["id"]),
            int(f["number"].number()),
            group,
            f["title"].text(),
            f["text"].text(),
            tuple(c.identifier() for c in f["serves"].items()),
            self._responsible(f["responsible"]),
            f["due"].day() if "due" in f else self.ends,
            self._cite(f["source"]),
        )

    def safeguard(self, cell: Field) -> p.Safeguard:
        f = cell.fields(("id", "title", "text", "responsible", "source"))
        return p.Safeguard(
            self._id("node", f["id"]),
            f["title"].text(),
            f["text"].text(),
            self._responsible(f["responsible"]),
            self._cite(f["source"]),
        )

    def measure(self, cell: Field) -> p.ExpectedMeasure:
        """A measure that the plan reads; `department` names the body that is still to offer it."""
        f = cell.fields(("name", "unit", "nature"), ("department",))
        return p.ExpectedMeasure(
            self._id("measure", f["name"]),
            parse_unit(f["unit"].raw),
            f["nature"].choice(_MEASURE_NATURES),
            self._body_ref(f["department"]) if "department" in f else None,
        )

    def awaited(self, cell: Field) -> p.ExpectedMeasure:
        cell.fields(("name", "unit", "nature", "department"))
        return self.measure(cell)

    def indicator(self, cell: Field) -> p.Indicator:
        f = cell.fields(
            ("id", "title", "owner", "unit", "nature", "nodes", "definitions", "target", "source"),
            ("ask", "bridges", "baseline"),
        )
        if not f["nodes"].items() or not f["definitions"].items():
            raise cell.stop(
                "incomplete",
                Text("an indicator needs a node and a definition", "指标缺少所属任务或口径"),
                Text("add them", "请补充"),
            )
        owner, ask = self._owner(f["owner"], f.get("ask"))
        baseline = self._baseline(f["baseline"]) if "baseline" in f else Baseline(None, None)
        return p.Indicator(
            self._id("indicator", f["id"]),
            f["title"].text(),
            owner,
            ask,
            parse_unit(f["unit"].raw),
            f["nature"].choice(_NATURES),
            tuple(c.identifier() for c in f["nodes"].items()),
            self.problems.each(f["definitions"].items(), self._definition),
            self._target(f["target"], baseline, owner),
            self._cite(f["source"]),
            self.problems.each(f["bridges"].items(), self._bridge) if "bridges" in f else (),
        )

    def _definition(self, cell: Field) -> p.DefinitionVersion:
        f = cell.fields(("version", "text"), ("from", "to", "expression", "missing", "absence_means_none"))
        return p.DefinitionVersion(
            f["version"].raw,
            f["from"].day() if "from" in f else self.starts,
            f["to"].day() if "to" in f else None,
            f["text"].text(),
            parse(f["expression"].raw) if "expression" in f else None,
            f["missing"].choice(STRATEGIES) if "missing" in f else "skip_if_any",
            f["absence_means_none"].flag() if "absence_means_none" in f else False,
        )

    def _bridge(self, cell: Field) -> p.Bridge:
        f = cell.fields(("earlier", "later", "factor", "evidence"))
        return p.Bridge(f["earlier"].raw, f["later"].raw, f["factor"].number(), f["evidence"].text())

    def _baseline(self, cell: Field) -> Baseline:
        f = cell.fields(("value",), ("on", "reason"))
        if f["value"].is_null:
            if "reason" not in f:
                raise cell.stop(
                    "baseline",
                    Text("a baseline without value needs a reason", "基期值为空时须说明原因"),
                    Text("add reason", "请补充 reason"),
                )
            return Baseline(None, f["on"].day() if "on" in f else None, f["reason"].text())
        if "on" not in f:
            raise cell.stop(
                "baseline", Text("a baseline needs its date", "基期值须注明日期"), Text("add on", "请补充 on")
            )
        return Baseline(f["value"].number(), f["on"].day())

    def _target(self, cell: Field, baseline: Baseline, owner: str | None) -> Target:
        f = cell.fields(
            ("kind",),
            (
                "deadline",
                "goal",
                "low",
                "high",
                "strict",
                "path",
                "tolerance",
                "must_declare",
                "guards",
                "wording",
            ),
        )
        numbers: dict[str, Fraction | None] = {
            n: f[n].number() if n in f else None for n in ("goal", "low", "high")
        }
        target = Target(
            kind=f["kind"].choice(TARGET_KINDS),
            deadline=f["deadline"].day() if "deadline" in f else self.ends,
            declared="must_declare" not in f,
            strict=f["strict"].flag() if "strict" in f else False,
            path=self._path(f["path"]) if "path" in f else TargetPath(),
            baseline=baseline,
            tolerance=f["tolerance"].number() if "tolerance" in f else Fraction(1, 10),
            must_declare=self.bodies[self._body_ref(f["must_declare"])].name if "must_declare" in f else None,
            owner=owner,
            guards=tuple(c.identifier() for c in f["guards"].items()) if "guards" in f else (),
            wording=f["wording"].text() if "wording" in f else None,
            **numbers,
        )
        self._complete(cell, target)
        return target

    def _complete(self, cell: Field, target: Target) -> None:
        if target.declared and target.lacks():
            raise cell.stop(
                "target",
                Text(
                    "a target of kind {k} needs {n}, or must_declare",
                    "{k}类目标缺少{n}，或须注明 must_declare",
                ).format(k=target.kind, n=", ".join(target.lacks())),
                Text("declare it, or name who must", "请明确目标值，或注明由谁明确"),
            )

    def _path(self, cell: Field) -> TargetPath:
        f = cell.fields(("kind",), ("steps", "steepness", "middle"))
        steps = tuple(self._step(c) for c in f["steps"].items()) if "steps" in f else ()
        path = TargetPath(f["kind"].choice(PATH_KINDS), steps)
        if path.kind == "stepped" and not steps:
            raise cell.stop(
                "target",
                Text("a stepped path needs steps", "阶梯路径须列出各步"),
                Text("add steps", "请补充 steps"),
            )
        steepness = f["steepness"].number() if "steepness" in f else path.steepness
        middle = f["middle"].number() if "middle" in f else path.middle
        if not 0 < steepness <= 100 or not 0 <= middle <= 1:
            raise cell.stop(
                "target",
                Text(
                    "steepness above 0 up to 100, middle between 0 and 1",
                    "steepness 应大于0且不超过100，middle 应在0至1之间",
                ),
                Text("correct the path", "请更正路径参数"),
            )
        return replace(path, steepness=steepness, middle=middle)

    def _step(self, cell: Field) -> Step:
        f = cell.fields(("on", "value"))
        return Step(f["on"].day(), f["value"].number())

    def annual_plan(self, cell: Field) -> p.AnnualPlan:
        f = cell.fields(("id", "year", "title", "source", "actions"))
        return p.AnnualPlan(
            self._id("annual plan", f["id"]),
            int(f["year"].number()),
            f["title"].text(),
            self._cite(f["source"]),
            self.problems.each(f["actions"].items(), self._action),
        )

    def _action(self, cell: Field) -> p.Action:
        f = cell.fields(("id", "task", "title", "responsible", "milestones"))
        return p.Action(
            self._id("action", f["id"]),
            f["task"].identifier(),
            f["title"].text(),
            self._responsible(f["responsible"]),
            self.problems.each(f["milestones"].items(), self._milestone),
        )

    def _milestone(self, cell: Field) -> p.Milestone:
        f = cell.fields(("id", "title", "due"), ("slippage",))
        return p.Milestone(
            self._id("milestone", f["id"]),
            f["title"].text(),
            f["due"].day(),
            f["slippage"].text() if "slippage" in f else None,
        )

    def linked(self, cell: Field) -> p.LinkedPlan:
        f = cell.fields(("id", "title", "relation", "source"), ("first_year", "last_year"))
        years = [int(f[n].number()) if n in f else None for n in ("first_year", "last_year")]
        return p.LinkedPlan(
            self._id("linked plan", f["id"]),
            f["title"].text(),
            f["relation"].choice(p.RELATIONS),
            years[0],
            years[1],
            self._cite(f["source"]),
        )
