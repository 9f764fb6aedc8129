"""Type check of expressions: unit algebra and the nature of figures.

Rules: stocks are not summed over time, flows are not read at an instant; ratios, statistics, ranks and
indices are neither added nor averaged (aggregate numerator and denominator instead); the difference of two
shares is in percentage points; unlike units and cumulative with in-period figures are not mixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hutong.engines.indicators.expressions import (
    WINDOW_TITLES,
    Aggregate,
    Binary,
    Const,
    Elapsed,
    Expression,
    Growth,
    Ref,
    Window,
)
from hutong.engines.indicators.units import PERCENTAGE_POINT, SECOND, SHARE, Unit, count_of, divide, multiply
from hutong.kernel.errors import Invalid
from hutong.kernel.measure import Nature as MeasureNature
from hutong.kernel.text import Text

Nature = Literal[
    "stock", "flow", "ratio", "statistic", "index", "rank", "difference", "constant", "qualitative"
]
NATURE_TITLES: dict[Nature, Text] = {
    "stock": Text("stock", "存量"),
    "flow": Text("flow", "流量"),
    "ratio": Text("ratio", "比率"),
    "statistic": Text("statistic", "统计量"),
    "index": Text("index", "指数"),
    "rank": Text("rank", "名次"),
    "difference": Text("difference", "差值"),
    "constant": Text("constant", "常数"),
    "qualitative": Text("qualitative aim", "定性目标"),
}
_ADDABLE = ("stock", "flow", "constant")


@dataclass(frozen=True, slots=True)
class Type:
    """Unit, nature and window of an expression; window is None where no window applies."""

    unit: Unit
    nature: Nature
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """What a plan expects of a measure."""

    unit: Unit
    nature: MeasureNature


def _refuse(rule: str, what: Text, remedy: Text) -> Invalid:
    return Invalid(what, rule=f"indicators.type.{rule}", remedy=remedy, field="expression")


def window_of(node: Aggregate, nature: MeasureNature) -> Window:
    """The declared window, or the natural one: a stock at the date, a flow within the period."""
    return node.window or ("point_in_time" if nature == "stock" else "in_period")


def type_of(node: Expression, measures: Mapping[str, Signature], indicators: Mapping[str, Type]) -> Type:
    """Type of an expression. Invalid names the rule that it breaks; KeyError for an unknown measure or
    indicator."""
    if isinstance(node, Const):
        return Type(node.unit, "constant")
    if isinstance(node, Elapsed):
        return Type(SECOND, "constant")
    if isinstance(node, Ref):
        return indicators[node.indicator]
    if isinstance(node, Aggregate):
        return _aggregate(node, measures[node.measure])
    if isinstance(node, Growth):
        return _growth(type_of(node.inner, measures, indicators))
    left, right = type_of(node.left, measures, indicators), type_of(node.right, measures, indicators)
    _check_pair(left, right, node)
    if node.op in "+-":
        return _added(left, right, subtract=node.op == "-")
    return _product(left, right) if node.op == "*" else _quotient(left, right)


def _aggregate(node: Aggregate, signature: Signature) -> Type:
    window = window_of(node, signature.nature)
    if signature.nature == "stock" and window != "point_in_time":
        raise _refuse(
            "stock_over_time",
            Text("{m} is a stock and is not added up over time", "{m}为存量指标，不得跨期累加").format(
                m=node.measure
            ),
            Text("read it at a date: point_in_time", "请按时点取数（point_in_time）"),
        )
    if signature.nature == "flow" and window == "point_in_time":
        raise _refuse(
            "flow_at_instant",
            Text("{m} is a flow and has no value at an instant", "{m}为流量指标，没有时点值").format(
                m=node.measure
            ),
            Text("use in_period or cumulative", "请使用期内或累计口径"),
        )
    if node.op in ("count", "distinct"):
        kind = node.key or signature.unit.counts() or "record"
        return Type(count_of(kind), signature.nature, window)
    if node.op == "sum":
        if not signature.unit.additive:
            raise _refuse(
                "sum_of_ratio",
                Text("amounts of {m} in {u} are not summed", "{m}的单位为{u}，不得求和").format(
                    m=node.measure, u=signature.unit.title
                ),
                Text("sum numerator and denominator, then divide", "请分别汇总分子、分母后再相除"),
            )
        return Type(signature.unit, signature.nature, window)
    return Type(signature.unit, "rank" if signature.unit.is_rank else "statistic", window)


def _growth(inner: Type) -> Type:
    unsuitable = inner.unit.is_share or inner.unit.is_point or inner.nature in ("rank", "qualitative")
    if unsuitable or inner.window == "cumulative":
        raise _refuse(
            "growth",
            Text("growth of a {n} in {u} says nothing", "对单位为{u}的{n}计算增速没有意义").format(
                n=NATURE_TITLES[inner.nature], u=inner.unit.title
            ),
            Text(
                "take growth of an in-period flow or a stock; for shares, the difference in percentage points",
                "请对期内流量或时点存量计算增速；比重请计算百分点差",
            ),
        )
    return Type(SHARE, "ratio", inner.window)


def _check_pair(left: Type, right: Type, node: Binary) -> None:
    for side in (left, right):
        if side.nature in ("rank", "qualitative"):
            raise _refuse(
                "arithmetic_on_rank",
                Text("a {n} takes part in no arithmetic", "{n}不得参与四则运算").format(
                    n=NATURE_TITLES[side.nature]
                ),
                Text("compare it with a target of kind rank", "请用名次类目标进行比较"),
            )
    windows = {left.window, right.window}
    if windows == {"in_period", "cumulative"}:
        raise _refuse(
            "mixed_windows",
            Text("{a} and {b} figures are not combined", "“{a}”与“{b}”口径不得混用").format(
                a=WINDOW_TITLES["in_period"], b=WINDOW_TITLES["cumulative"]
            ),
            Text("give both sides the same window", "请统一两侧口径"),
        )


def _joint(left: Type, right: Type) -> Window | None:
    return left.window or right.window


def _added(left: Type, right: Type, *, subtract: bool) -> Type:
    if left.unit.is_share and right.unit.is_point and left.nature != "constant":
        return Type(SHARE, left.nature, _joint(left, right))
    if not left.unit.same_dimension(right.unit):
        raise _refuse(
            "unit_mismatch",
            Text("{a} and {b} are not added", "{a}与{b}不得相加减").format(
                a=left.unit.title, b=right.unit.title
            ),
            Text("use one unit, or divide one by the other", "请统一单位，或改为相除"),
        )
    if left.nature == right.nature == "constant":
        return left
    if subtract and (left.unit.is_share or left.nature not in _ADDABLE or right.nature not in _ADDABLE):
        return Type(PERCENTAGE_POINT if left.unit.is_share else left.unit, "difference", _joint(left, right))
    natures = {left.nature, right.nature} - {"constant"}
    if not natures <= {"stock", "flow"} or left.unit.is_share:
        raise _refuse(
            "sum_of_ratio",
            Text("{a} and {b} are not added", "{a}与{b}不得相加").format(
                a=NATURE_TITLES[left.nature], b=NATURE_TITLES[right.nature]
            ),
            Text("sum numerators and denominators, then divide", "请分别汇总分子、分母后再相除"),
        )
    if len(natures) == 2:
        raise _refuse(
            "stock_and_flow",
            Text("a stock and a flow are not added", "存量与流量不得相加减"),
            Text("use two stocks or two flows", "请统一为存量或流量"),
        )
    return Type(left.unit, natures.pop(), _joint(left, right))


def _product(left: Type, right: Type) -> Type:
    nature = left.nature if right.nature == "constant" else right.nature
    if "constant" not in (left.nature, right.nature):
        nature = "statistic"
    return Type(multiply(left.unit, right.unit), nature, _joint(left, right))


def _quotient(left: Type, right: Type) -> Type:
    if right.nature == "constant" and left.nature != "constant":
        return Type(divide(left.unit, right.unit), left.nature, left.window)
    nature: Nature = "constant" if left.nature == right.nature == "constant" else "ratio"
    return Type(divide(left.unit, right.unit), nature, _joint(left, right))
