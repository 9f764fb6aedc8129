"""What a plan can come to, said before anything is asked of the system: tests, cost, detectable size, best level.

No level is promised that a test missing for lack of access, data or size would have to show: less access never gives
more.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from hutong.engines.trust import registry
from hutong.engines.trust.findings import rows_of
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.process import KINDS
from hutong.engines.trust.reach.ladder import ladder_on
from hutong.engines.trust.rooms import Method, Setting, setting_of
from hutong.engines.trust.runs.case import Case, is_alone
from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import CATEGORIES, Category, Claim
from hutong.kernel.text import Text

TOO_FEW = Text("too few units: no truth passes with 95 % chance", "样本过少，任何真值均无法以95%概率通过")
NOT_INSTALLED = Text("no test installed", "未安装相应测试")
EXCUSED = Text("declared not to apply", "已声明不适用")


@dataclass(frozen=True, slots=True)
class Line:
    """One claim: does it run (else why not), what it costs in questions, from which truth it passes or fails."""

    claim: Claim
    why_not: Text | None
    queries: int

    def as_json(self) -> dict[str, object]:
        c = self.claim
        return {
            "claim": c.id, "category": c.category, "level": c.level, "statement": c.statement.as_json(),
            "runs": self.why_not is None, "why_not": None if self.why_not is None else self.why_not.as_json(),
            "n": c.n, "threshold": c.threshold, "alpha": c.alpha, "queries": self.queries,
            "passes_from": c.passes_from, "fails_from": c.fails_from,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outlook:
    """reachable: best level per category. stopped: why not one higher. per_query: seconds, timed on the machine at hand."""

    lines: tuple[Line, ...]
    required: Mapping[Category, int]
    reachable: Mapping[Category, int]
    stopped: Mapping[Category, Text]
    per_query: float

    @property
    def queries(self) -> int:
        return sum(line.queries for line in self.lines)

    def as_json(self) -> dict[str, object]:
        return {
            "claims": [line.as_json() for line in self.lines],
            "required": dict(self.required),
            "reachable": dict(self.reachable),
            "stopped": {c: t.as_json() for c, t in self.stopped.items()},
            "queries": self.queries,
            "seconds": f"{self.queries * self.per_query:.1f}",
        }


def outlook(case: Case, target: Target) -> Outlook:
    """Reads the plan, the sizes and the access. The only questions asked are a few rows to take the time of, unread;
    an endpoint is asked none."""
    plan = case.plan
    setting = setting_of(target, case.system, case.profile, case.data, float(plan.alpha))
    methods = {c.id: m for m in registry.METHODS for c in m.claims(setting)}
    lines = tuple(_line(c, methods.get(c.id), setting) for c in plan.claims)
    reachable, stopped = {}, {}
    for category in CATEGORIES:
        reachable[category], why = _reach(category, plan, lines, setting)
        if why is not None:
            stopped[category] = why
    return Outlook(lines, plan.required, reachable, stopped, _seconds(case, target, setting))


def _line(claim: Claim, method: Method | None, setting: Setting) -> Line:
    if claim.kind in KINDS:
        return Line(claim, None, 0)
    why = NOT_INSTALLED if method is None else method.missing(setting)
    if why is None and claim.alpha is not None and claim.threshold is not None and claim.passes_from is None:
        return Line(claim, TOO_FEW, _queries(claim, setting))
    return Line(claim, why, 0 if why is not None else _queries(claim, setting))


def _queries(claim: Claim, setting: Setting) -> int:
    """Questions to the system: as the claim says, or an estimate by rows and cases."""
    if claim.queries is not None:
        return claim.queries
    cases = len(rows_of(claim.params, "cases")) if "cases" in claim.params else 1
    return (setting.data.n if claim.n is None else max(claim.n, 0)) * cases


def _reach(
    category: Category, plan: Plan, lines: tuple[Line, ...], setting: Setting
) -> tuple[int, Text | None]:
    if any(d.category == category for d in plan.declarations):
        return 0, EXCUSED
    ladder, level = ladder_on(None), 0
    while True:
        mine = [line for line in lines if (line.claim.category, line.claim.level) == (category, level + 1)]
        why = next((line.why_not for line in mine if line.why_not is not None), None)
        if why is None and mine:
            why = ladder.missing(category, level + 1, setting.powers)
        if why is not None:
            return level, why
        if not mine:
            beyond = level >= plan.required[category]
            return level, None if beyond else NOT_INSTALLED
        level += 1


def _seconds(case: Case, target: Target, setting: Setting) -> float:
    """Of one question: timed where asking costs nothing, by its rate where it may, never guessed."""
    if is_alone(case.open):
        return float(getattr(case.open, "seconds", None) or 0.0)
    if not setting.may("ask"):
        return 0.0
    rows = case.data.features[:256]
    start = time.perf_counter()
    target.predict(rows)
    return (time.perf_counter() - start) / max(len(rows), 1)
