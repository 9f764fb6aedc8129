"""The text form of indicator expressions, with English or Chinese keywords, read by an LALR(1) grammar.

ratio(sum(compute.chip_hours_delivered where domestic = "yes"), sum(compute.chip_hours_delivered))
计数(calls.calls_published) 累计
growth_yoy(T8.1)          previous(T8.1, 1 year)          3000 [亿元]
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from hutong.engines.indicators.expressions import (
    Aggregate,
    Aggregation,
    Binary,
    Calendar,
    Condition,
    Const,
    Elapsed,
    Expression,
    Growth,
    Ref,
    Window,
)
from hutong.engines.indicators.units import SHARE, parse_unit
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

MAX_LENGTH = 2000
MAX_NESTING = 40

_GRAMMAR = r"""
start: expr
?expr: term | expr "+" term -> add | expr "-" term -> subtract
?term: factor | term "*" factor -> multiply | term "/" factor -> divide
?factor: "(" expr ")" | call
call: AGGREGATION "(" selection ")" WINDOW? -> aggregate
    | _DISTINCT "(" selection "," NAME ")" WINDOW? -> distinct
    | _SHARE "(" selection "," tests ")" WINDOW? -> share
    | _RATIO "(" expr "," expr ")" -> divide
    | _GROWTH "(" expr ")" -> growth
    | _PREVIOUS "(" INDICATOR "," INTEGER CALENDAR ")" -> previous
    | INDICATOR -> reference
    | _ELAPSED -> elapsed
    | (NUMBER | INTEGER) ("[" UNIT "]")? -> const
selection: MEASURE (_WHERE tests)?
tests: test (_AND test)*
test: NAME TEST STRING

AGGREGATION: "count" | "sum" | "median" | "min" | "max" | "计数" | "求和" | "中位数" | "最小值" | "最大值"
_DISTINCT: "distinct" | "去重计数"
_SHARE: "share" | "占比"
_RATIO: "ratio" | "比率"
_GROWTH: "growth_yoy" | "同比增长"
_PREVIOUS: "previous" | "上期"
_ELAPSED: "elapsed" | "历时"
_WHERE: "where" | "其中"
_AND: "and" | "且"
WINDOW: "in_period" | "cumulative" | "point_in_time" | "期内" | "累计" | "时点"
CALENDAR: "half_years" | "half_year" | "years" | "year" | "quarters" | "quarter" | "months" | "month"
    | "weeks" | "week" | "days" | "day" | "半年" | "年" | "季度" | "个月" | "周" | "日"
TEST: "=" | "!=" | "≠"
MEASURE: /[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+/
INDICATOR: /[A-Z][A-Za-z]*[0-9][A-Za-z0-9]*(\.[A-Za-z0-9]+)*/
NAME: /[a-z_][a-z0-9_]*/
NUMBER: /[0-9]+\.[0-9]+/
INTEGER: /[0-9]+/
UNIT: /[^\[\]"]+/
STRING: /"[^"\\\x00-\x1f]*"/
%ignore /[ \t\r\n]+/
"""

_AGGREGATIONS = {"计数": "count", "求和": "sum", "中位数": "median", "最小值": "min", "最大值": "max"}
_WINDOWS = {"期内": "in_period", "累计": "cumulative", "时点": "point_in_time"}
_CALENDARS = {
    "半年": "half_year",
    "年": "year",
    "季度": "quarter",
    "个月": "month",
    "周": "week",
    "日": "day",
}


def _window(rest: list[Token | None]) -> Window | None:
    token = rest[0] if rest else None
    return cast(Window, _WINDOWS.get(str(token), str(token))) if token else None


Selection = tuple[str, tuple[Condition, ...]]


class _Builder(Transformer[Token, Expression]):
    """One method per alternative of the grammar; lark calls it with the parts already built."""

    def start(self, parts: list[Expression]) -> Expression:
        return parts[0]

    def add(self, parts: list[Expression]) -> Expression:
        return Binary("+", parts[0], parts[1])

    def subtract(self, parts: list[Expression]) -> Expression:
        return Binary("-", parts[0], parts[1])

    def multiply(self, parts: list[Expression]) -> Expression:
        return Binary("*", parts[0], parts[1])

    def divide(self, parts: list[Expression]) -> Expression:
        return Binary("/", parts[0], parts[1])

    def growth(self, parts: list[Expression]) -> Expression:
        return Growth(parts[0])

    def elapsed(self, parts: list[Expression]) -> Expression:
        return Elapsed()

    def reference(self, parts: list[Token]) -> Expression:
        return Ref(str(parts[0]))

    def previous(self, parts: list[Token]) -> Expression:
        name = _CALENDARS.get(str(parts[2]), str(parts[2]).removesuffix("s"))
        return Ref(str(parts[0]), int(parts[1]), cast(Calendar, name))

    def const(self, parts: list[Token]) -> Expression:
        return Const(Fraction(str(parts[0])), parse_unit(str(parts[1])) if len(parts) > 1 else SHARE)

    def test(self, parts: list[Token]) -> Condition:
        return Condition(str(parts[0]), str(parts[1]) == "=", str(parts[2])[1:-1])

    def tests(self, parts: list[Condition]) -> tuple[Condition, ...]:
        return tuple(sorted(set(parts), key=lambda c: (c.dim, c.equal, c.value)))

    def selection(self, parts: list[object]) -> Selection:
        return str(parts[0]), cast(tuple[Condition, ...], parts[1]) if len(parts) > 1 else ()

    def aggregate(self, parts: list[object]) -> Expression:
        op = _AGGREGATIONS.get(str(parts[0]), str(parts[0]))
        name, where = cast(Selection, parts[1])
        return Aggregate(cast(Aggregation, op), name, where, _window(cast(list[Token | None], parts[2:])))

    def distinct(self, parts: list[object]) -> Expression:
        name, where = cast(Selection, parts[0])
        window = _window(cast(list[Token | None], parts[2:]))
        return Aggregate("distinct", name, where, window, str(parts[1]))

    def share(self, parts: list[object]) -> Expression:
        name, where = cast(Selection, parts[0])
        window = _window(cast(list[Token | None], parts[2:]))
        part = self.tests([*where, *cast(tuple[Condition, ...], parts[1])])
        return Binary("/", Aggregate("sum", name, part, window), Aggregate("sum", name, where, window))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _nesting(text: str) -> int:
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    return deepest


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read an expression. Invalid, naming the column, for text that is not one."""
    if len(text) > MAX_LENGTH or _nesting(text) > MAX_NESTING:
        raise Invalid(
            Text("the formula is too long or too deeply nested", "公式过长或嵌套过深"),
            rule="indicators.expression.size",
            remedy=Text("split it into indicators that refer to each other", "请拆成若干相互引用的指标"),
            field="expression",
        )
    try:
        return _Builder().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise Invalid(
            Text("the formula cannot be read at column {c}: {part}", "公式第{c}列无法识别：{part}").format(
                c=error.column, part=error.get_context(text, span=20).strip().splitlines()[0] if text else "∅"
            ),
            rule="indicators.expression.syntax",
            remedy=Text(
                "write for example sum(compute.chip_hours_delivered) or ratio(a, b)",
                "例如：求和(compute.chip_hours_delivered) 或 比率(甲, 乙)",
            ),
            field="expression",
        ) from None
    except VisitError as error:
        if isinstance(error.orig_exc, Invalid):
            raise error.orig_exc from None
        raise
