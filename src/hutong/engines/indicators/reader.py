"""Typed reading of a YAML tree: each accessor returns a value or stops with a problem that names line and
field.

`Problems` collects: a list item that stops is reported and left out, and reading goes on with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TypeVar

from hutong.engines.indicators.yaml_source import Cell, Mapping, Scalar, Sequence
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

T = TypeVar("T")
_DECIMAL = re.compile(r"[+-]?\d{1,30}(\.\d{1,12})?|[+-]?\d{1,18}/\d{1,18}")
_SPECIAL = re.compile(r"[+-]?\.?(nan|inf|infinity)", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where, by which rule, what, and what to do."""

    line: int
    field: str
    rule: str
    what: Text
    remedy: Text


class Stop(Exception):
    """Reading of one item ends here; carries its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what.en)
        self.problem = problem


@dataclass
class Problems:
    """Findings so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, where: str, rule: str, what: Text, remedy: Text) -> None:
        self.found.append(Problem(line, where, f"plan.{rule}", what, remedy))

    def take(self, line: int, where: str, error: Invalid) -> None:
        """Add a refusal of another part of the engine, keeping its rule."""
        self.found.append(Problem(line, where, error.rule, error.what, error.remedy))

    def each(self, cells: Iterable[Field], build: Callable[[Field], T]) -> tuple[T, ...]:
        """Build every item; the ones that stop are reported and left out."""
        built: list[T] = []
        for cell in cells:
            try:
                built.append(build(cell))
            except Stop as stop:
                self.found.append(stop.problem)
            except Invalid as error:
                self.take(cell.line, cell.path, error)
        return tuple(built)

    def raise_if_any(self) -> None:
        """One Invalid whose text lists the first few; its rule, field and remedy are those of the first."""
        if not self.found:
            return
        ordered = sorted(self.found, key=lambda p: p.line)
        first, rest = ordered[0], len(ordered) - SHOWN
        en = "; ".join(f"line {p.line}, {p.field}: {p.what.en} [{p.rule}]" for p in ordered[:SHOWN])
        zh = "；".join(f"第{p.line}行 {p.field}：{p.what.zh}［{p.rule}］" for p in ordered[:SHOWN])
        if rest > 0:
            en, zh = f"{en}; and {rest} more", f"{zh}；另有{rest}处"
        raise Invalid(
            Text(f"the plan has {len(ordered)} problems: {en}", f"规划文件有{len(ordered)}处问题：{zh}"),
            rule=first.rule,
            remedy=first.remedy,
            field=first.field,
        )


class Field:
    """A cell with its path, e.g. ``indicators[3].target.goal``."""

    def __init__(self, cell: Cell, path: str) -> None:
        self.cell, self.path, self.line = cell, path, cell.line

    def stop(self, rule: str, what: Text, remedy: Text) -> Stop:
        return Stop(Problem(self.line, self.path, f"plan.{rule}", what, remedy))

    def _kind(self, english: str, chinese: str) -> Stop:
        return self.stop(
            "type",
            Text(f"{english} is expected here", f"此处应为{chinese}"),
            Text("see the example plan", "请参照示例规划"),
        )

    @property
    def is_null(self) -> bool:
        return isinstance(self.cell, Scalar) and self.cell.is_null

    @property
    def is_blank(self) -> bool:
        return self.is_null or (isinstance(self.cell, Scalar) and not self.cell.raw.strip())

    @property
    def raw(self) -> str:
        """Text of a scalar that is not null."""
        if not isinstance(self.cell, Scalar):
            raise self._kind("a single value", "单个值")
        if self.cell.is_null or not self.cell.raw.strip():
            raise self.stop("missing", Text("a value is missing", "缺少取值"), Text("fill it in", "请补充"))
        return self.cell.raw.strip()

    def identifier(self) -> str:
        if not _ID.fullmatch(self.raw):
            raise self.stop(
                "id",
                Text("“{r}” is not an id", "“{r}”不是合法编号").format(r=self.raw),
                Text("letters, digits, hyphen and point", "请用字母、数字、连字符和点"),
            )
        return self.raw

    def number(self) -> Fraction:
        """An exact decimal or a fraction n/d; NaN and infinity are refused by name."""
        if _SPECIAL.fullmatch(self.raw):
            raise self.stop(
                "number.not_finite",
                Text("{r} is not a number", "{r}不是数").format(r=self.raw),
                Text("write a number, or null with a reason", "请填写数值，或填 null 并说明原因"),
            )
        if not _DECIMAL.fullmatch(self.raw) or re.search(r"/0+$", self.raw):
            raise self.stop(
                "number",
                Text("“{r}” is not a decimal number", "“{r}”不是十进制数").format(r=self.raw),
                Text("write digits, at most 12 decimals", "请写数字，小数不超过12位"),
            )
        return Fraction(self.raw)

    def day(self) -> date:
        try:
            return date.fromisoformat(self.raw)
        except ValueError:
            raise self.stop(
                "date",
                Text("“{r}” is not a date", "“{r}”不是日期").format(r=self.raw),
                Text("write YYYY-MM-DD", "请写作 YYYY-MM-DD"),
            ) from None

    def flag(self) -> bool:
        if self.raw not in ("true", "false"):
            raise self._kind("true or false", "true 或 false")
        return self.raw == "true"

    def choice(self, options: Iterable[T]) -> T:
        allowed = list(options)
        for option in allowed:
            if str(option) == self.raw:
                return option
        listed = ", ".join(map(str, allowed))
        raise self.stop(
            "choice",
            Text("“{r}” is not one of {o}", "“{r}”不在可选项中：{o}").format(r=self.raw, o=listed),
            Text("choose one of them", "请从中选择"),
        )

    def text(self) -> Text:
        """A text in both languages."""
        sides = self.fields(("en", "zh"), rule="language") if isinstance(self.cell, Mapping) else {}
        if not sides or any(side.is_blank for side in sides.values()):
            raise self.stop(
                "language",
                Text("a text needs English and Chinese", "文本须同时提供中英文"),
                Text("write en: … and zh: …", "请写 en: … 和 zh: …"),
            )
        return Text(en=sides["en"].raw, zh=sides["zh"].raw)

    def items(self) -> list[Field]:
        if self.is_null:
            return []
        if not isinstance(self.cell, Sequence):
            raise self._kind("a list", "列表")
        return [Field(c, f"{self.path}[{i}]") for i, c in enumerate(self.cell.items)]

    def fields(
        self, required: Iterable[str], optional: Iterable[str] = (), rule: str = "missing"
    ) -> dict[str, Field]:
        """Fields of a mapping: all required ones there, none that is not known. Optional null ones are left
        out."""
        if not isinstance(self.cell, Mapping):
            raise self._kind("a group of fields", "一组字段")
        needed, known = list(required), {*required, *optional}
        prefix = f"{self.path}." if self.path else ""
        for name, cell in self.cell.fields.items():
            if name not in known:
                raise Field(cell, prefix + name).stop(
                    "unknown_field",
                    Text("{n} is not a field here", "此处没有字段{n}").format(n=name),
                    Text("known here: {k}", "可用字段：{k}").format(k=", ".join(sorted(known))),
                )
        for name in needed:
            if name not in self.cell.fields:
                special = "source" if name == "source" else rule
                raise self.stop(
                    special,
                    Text("{n} is missing", "缺少{n}").format(n=name),
                    Text("add {n}", "请补充{n}").format(n=name),
                )
        made = {n: Field(c, prefix + n) for n, c in self.cell.fields.items()}
        return {n: f for n, f in made.items() if n in needed or not f.is_null}
