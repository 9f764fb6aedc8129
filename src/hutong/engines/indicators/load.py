"""Read a plan file. All problems are collected; one Invalid names the first few with line, rule and
remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from hutong.engines.indicators.build import Builder
from hutong.engines.indicators.check import Checker, Offered
from hutong.engines.indicators.plan import Plan
from hutong.engines.indicators.reader import Field, Problems, Stop
from hutong.engines.indicators.yaml_source import MAX_BYTES, read, refused
from hutong.kernel.text import LANGUAGES, Text

T = TypeVar("T")
_REQUIRED = ("plan", "sources", "bodies", "measures", "objectives", "groups", "safeguards", "indicators")
_HEAD = (
    "id",
    "title",
    "document",
    "issued_by",
    "adopted_on",
    "in_force",
    "jurisdiction",
    "timezone",
    "language_of_record",
    "definition_set",
)
_OPTIONAL = ("awaited_measures", "annual_plans", "linked_plans")


def load_plan(source: str | Path, measures: Offered | None = None) -> Plan:
    """Read a plan from its text (str) or its file (Path).

    measures: names, or the registry, of what departments offer; every measure that the plan reads must be
    among them or be listed under `awaited_measures`. None leaves this out. Invalid when anything is wrong.
    """
    text = source if isinstance(source, str) else _file(source)
    problems = Problems()
    builder = Builder(problems)
    try:
        plan = _plan(Field(read(text), ""), builder)
    except Stop as stop:
        problems.found.append(stop.problem)
        problems.raise_if_any()
        raise AssertionError("a stop is a problem") from stop
    Checker(plan, builder, measures).run()
    problems.raise_if_any()
    return plan


def _file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused(
            1,
            "yaml.encoding",
            Text("the file is not UTF-8", "文件编码不是 UTF-8"),
            Text("save it as UTF-8", "请另存为 UTF-8"),
            str(path),
        ) from None


def _plan(root: Field, builder: Builder) -> Plan:
    top = root.fields(_REQUIRED, _OPTIONAL)
    head = _head(top, builder)
    _people(top, builder)

    def many(name: str, build: Callable[[Field], T]) -> tuple[T, ...]:
        return builder.problems.each(top[name].items(), build) if name in top else ()

    return Plan(
        id=head["id"].identifier(),
        title=head["title"].text(),
        document=head["document"].raw,
        issued_by=head["issued_by"].raw,
        adopted_on=head["adopted_on"].day(),
        starts=builder.starts,
        ends=builder.ends,
        jurisdiction=head["jurisdiction"].raw,
        zone=builder.zone,
        language_of_record=head["language_of_record"].choice(LANGUAGES),
        definition_set=head["definition_set"].raw,
        sources=tuple(builder.sources.values()),
        bodies=tuple(builder.bodies.values()),
        measures=many("measures", builder.measure) + many("awaited_measures", builder.awaited),
        objectives=many("objectives", builder.objective),
        groups=many("groups", builder.group),
        safeguards=many("safeguards", builder.safeguard),
        indicators=many("indicators", builder.indicator),
        annual_plans=many("annual_plans", builder.annual_plan),
        linked_plans=many("linked_plans", builder.linked),
    )


def _head(top: dict[str, Field], builder: Builder) -> dict[str, Field]:
    """The fields of the plan itself; its dates and zone are set in the builder, where other parts default to them."""
    head = top["plan"].fields(_HEAD)
    span = head["in_force"].fields(("from", "to"))
    builder.starts, builder.ends = span["from"].day(), span["to"].day()
    builder.zone = _zone(head["timezone"])
    if builder.ends < builder.starts:
        raise span["to"].stop(
            "date",
            Text("the plan ends before it starts", "规划截止早于开始"),
            Text("correct in_force", "请更正 in_force"),
        )
    return head


def _people(top: dict[str, Field], builder: Builder) -> None:
    """Sources and bodies first: everything else refers to them."""
    builder.sources = {s.id: s for s in builder.problems.each(top["sources"].items(), builder.source)}
    builder.bodies = {b.id: b for b in builder.problems.each(top["bodies"].items(), builder.body)}


def _zone(cell: Field) -> str:
    try:
        return ZoneInfo(cell.raw).key
    except (KeyError, ValueError, OSError):
        raise cell.stop(
            "timezone",
            Text("{z} is not a time zone", "{z}不是时区").format(z=cell.raw),
            Text("write Asia/Shanghai", "例如 Asia/Shanghai"),
        ) from None
