"""Targets: declare a number where the plan states none."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import Annotated

from hutong.engines.indicators import Indicator
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.normalise import clean_digits
from hutong.kernel.operation import Help, operation
from hutong.kernel.text import Text
from hutong.modules.plan import policy as may
from hutong.modules.plan.lifecycle import TARGET
from hutong.modules.plan.models import Plan, Target
from hutong.modules.plan.texts import read
from hutong.platform.context import RunContext

NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")


@operation(
    "plan.target.declare",
    permission=may.TARGET_DECLARE,
    title=Text("Declare a target", "声明目标值"),
    sentence=Text("declared the target {subject}", "声明了目标值 {subject}"),
    lifecycle=TARGET,
    creates=Target,
)
def target_declare(
    ctx: RunContext,
    plan: Plan,
    *,
    indicator: Annotated[str, Text("Indicator", "指标"), Help(Text("For example T6.2", "例如 T6.2"))],
    number: Annotated[str, Text("Number, in the unit of the indicator", "目标值（按指标单位）")],
    source: Annotated[str, Text("Where the number is written", "依据")],
    who: Annotated[str, Text("Who declares it", "声明单位")],
    upper: Annotated[str | None, Text("Upper end of a range", "区间上限")] = None,
    baseline: Annotated[str | None, Text("Baseline", "基期值")] = None,
    baseline_on: Annotated[date | None, Text("Date of the baseline", "基期日期")] = None,
    deadline: Annotated[date | None, Text("To be reached by", "完成期限")] = None,
) -> Target:
    """Declare the number that the plan leaves open, with its source and who answers for it; the state follows from it."""
    one = _open(plan, indicator)
    _check(one, number, upper, baseline, baseline_on)
    for before in Target.objects.select_for_update().filter(
        plan_key=plan.plan_key, indicator=indicator, state="in_force"
    ):
        before.state, before.superseded_at = TARGET.supersede.target, ctx.now
        ctx.keep(before)
    ctx.note(plan=plan.plan_key, unit=one.unit.name)
    return Target(
        plan_key=plan.plan_key,
        indicator=indicator,
        number=clean_digits(number).strip(),
        upper=clean_digits(upper).strip() if upper else "",
        baseline=clean_digits(baseline).strip() if baseline else "",
        baseline_on=baseline_on,
        deadline=deadline,
        source=source,
        who=who,
    )


def _check(
    one: Indicator, number: str, upper: str | None, baseline: str | None, baseline_on: date | None
) -> None:
    """The numbers that the kind of target needs, and no others. `Invalid` names the field."""
    goal = _number(number, "number")
    if (upper is not None) != (one.target.kind == "range") or (
        upper is not None and _number(upper, "upper") < goal
    ):
        raise Invalid(
            Text(
                "A range has a lower and an upper end; other targets one number.",
                "区间目标须填写上下限，其他目标填写一个数值。",
            ),
            rule="target.range",
            remedy=Text("Give the numbers that the target needs.", "请按目标类型填写数值。"),
            field="upper",
        )
    if (baseline is None) != (baseline_on is None):
        raise Invalid(
            Text("A baseline is a number and its date.", "基期值须同时填写数值与日期。"),
            rule="target.baseline",
            remedy=Text("Give both, or neither.", "请同时填写，或均留空。"),
            field="baseline_on",
        )
    if baseline is not None:
        _number(baseline, "baseline")


def _open(plan: Plan, name: str) -> Indicator:
    """The indicator, whose target the plan's own text leaves undeclared and which takes a number."""
    found = next((i for i in read(plan.file_sha256).indicators if i.id == name), None)
    if found is None:
        raise Invalid(
            Text("The plan has no indicator {n}.", "方案中没有指标 {n}。").format(n=name[:20]),
            rule="target.indicator",
            remedy=Text("Give an id such as T6.2.", "请填写编号，例如 T6.2。"),
            field="indicator",
        )
    if found.target.declared:
        raise Conflict(
            Text("The plan itself states this target.", "该目标值由方案文本规定。"),
            rule="target.stated",
            remedy=Text("It changes with an amended text of the plan only.", "仅可通过修订方案文本变更。"),
            field="indicator",
        )
    if found.target.kind in ("qualitative", "milestone"):
        raise Conflict(
            Text("This aim is judged, not counted: it takes no number.", "该目标为定性目标，不设数值。"),
            rule="target.judged",
            remedy=Text("It needs an assessor from outside the owner's unit.", "须由责任单位以外人员评估。"),
            field="indicator",
        )
    return found


def _number(raw: str, field: str) -> Fraction:
    digits = clean_digits(raw).strip()
    if not NUMBER.fullmatch(digits):
        raise Invalid(
            Text("“{r}” is not a plain decimal number.", "“{r}”不是普通十进制数。").format(r=raw[:24]),
            rule="target.number",
            remedy=Text(
                "Write it like 3000 or 12.5, in the unit of the indicator.",
                "请填写如 3000 或 12.5，按指标单位。",
            ),
            field=field,
        )
    return Fraction(digits)
