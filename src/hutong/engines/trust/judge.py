"""The verdict: a pure function of plan, observations and evidence.

Why the chance of any false pass in one evaluation is at most alpha, under arbitrary dependence:

- the categories that pass by counting share alpha (Bonferroni, by `statistics.ledger`; `Plan.alpha_by_category`): each is a
  cell of the published vector, hence a claim of its own. Holm would need one p-value for each category; limits at several
  levels do not give one;
- within a category all claims must pass, so none is split (intersection-union test, Berger 1982): a false pass needs the
  false claim itself to pass, which has error alpha of the category at most;
- a level counts only if all below pass (fixed sequence), which costs nothing;
- each claim passes only by the limit of an interval whose coverage is guaranteed at every size (`findings.judged` refuses
  others), rounded outward; a gap needs every pair's upper limit, and every group large enough;
- sizes are fixed by the plan and looked at once.

What is missing, not estimable, inconclusive or not reachable never passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hutong.engines.trust import registry
from hutong.engines.trust.findings import not_run
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.process import KINDS, process_counts
from hutong.engines.trust.types import (
    CATEGORIES,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    STATE_WORDS,
    Category,
    Cell,
    Claim,
    Evidence,
    Finding,
    Json,
    Observations,
    State,
    Verdict,
    refuse,
)
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

_WORST: tuple[State, ...] = ("fail", "inconclusive", "not_estimable", "not_run", "not_reachable", "pass")
NOT_OBSERVED = Text("not observed", "未测试")
_SENTENCE = Text("{c} {m} {w}", "{c}{m} {w}")


def judge(plan: Plan, observations: Observations, evidence: Sequence[Evidence] = ()) -> Verdict:
    """Judge what was observed under this very plan.

    `Conflict` plan.changed, target.changed or data.changed when the observations belong to something else;
    `Invalid` observations.form when a count is not one.
    """
    _same(plan, observations)
    excused = tuple(d.category for d in plan.declarations)
    findings = {c.id: _finding(c, observations, evidence) for c in plan.claims}
    cells: list[Cell] = []
    for category in CATEGORIES:
        planned = max((c.level for c in plan.claims if c.category == category), default=0)
        for level in range(1, max(plan.required[category], planned) + 1):
            mine = tuple(findings[c.id] for c in plan.claims if (c.category, c.level) == (category, level))
            cells.append(_cell(plan, category, level, mine, category in excused))
    return _verdict(plan, tuple(cells), excused)


def _same(plan: Plan, observations: Observations) -> None:
    pairs = (
        ("plan.changed", plan.digest, observations.plan),
        ("target.changed", plan.artefact, observations.artefact),
        ("data.changed", plan.data, observations.data),
    )
    for rule, ours, theirs in pairs:
        if ours != theirs:
            raise Conflict(
                Text("The observations were not made under this plan.", "观测结果不属于本评估计划。"),
                rule=rule,
                remedy=Text("Make a new plan and observe again.", "请制定新计划并重新测试。"),
                field="observations",
            )


def _finding(claim: Claim, observations: Observations, evidence: Sequence[Evidence]) -> Finding:
    if claim.kind in KINDS:
        return registry.RULES[claim.kind](claim, process_counts(claim, evidence))
    counts = observations.counts.get(claim.id)
    if counts is None:
        return not_run(claim, NOT_OBSERVED)
    why = counts.get("not_run")
    if isinstance(why, dict):
        return not_run(claim, Text(str(why["en"]), str(why["zh"])))
    return _judged(claim, counts)


def _judged(claim: Claim, counts: Json) -> Finding:
    try:
        return registry.RULES[claim.kind](claim, counts)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        what = Text("The counts of {c} cannot be read.", "{c}的计数无法读取。").format(c=claim.id)
        raise refuse("observations.form", what, where=claim.id) from error


def _cell(plan: Plan, category: Category, level: int, mine: tuple[Finding, ...], excused: bool) -> Cell:
    required = level <= plan.required[category] and not excused
    state = _cell_state(plan, category, level, mine, excused)
    # The words are those of the finding that decides; with several alike, of the one with the largest distance.
    telling = max((f for f in mine if f.state == state), key=_distance, default=None)
    body = telling.words if telling is not None else STATE_WORDS[state][0]
    words = _SENTENCE.format(c=CATEGORY_WORDS[category], m=STATE_WORDS[state][1], w=body)
    return Cell(category, level, state, required, words, mine)


def _cell_state(
    plan: Plan, category: Category, level: int, mine: tuple[Finding, ...], excused: bool
) -> State:
    if excused:
        return "not_applicable"
    if level > plan.installed[category]:
        return "not_reachable"
    return min((f.state for f in mine), key=_WORST.index, default="not_run")


def _distance(finding: Finding) -> float:
    if finding.value is None or finding.threshold is None:
        return 0.0
    return abs(float(finding.value) - float(finding.threshold))


def _verdict(plan: Plan, cells: tuple[Cell, ...], excused: tuple[Category, ...]) -> Verdict:
    reached = {c: _reached(cells, c) for c in CATEGORIES}
    # A measured failure is told before a missing test, and of failures the one at the lowest level.
    stops = sorted(
        (c for c in cells if c.required and c.state != "pass"), key=lambda c: (_WORST.index(c.state), c.level)
    )
    meets = max((k for k, need in plan.table.items() if _meets(reached, need, excused)), default=0)
    outcome: Literal["pass", "fail", "inconclusive", "not_reachable"] = "pass"
    if stops:
        first = stops[0].state
        outcome = (
            "fail" if first == "fail" else "not_reachable" if first == "not_reachable" else "inconclusive"
        )
    words = _words(plan, stops)
    return Verdict(outcome, reached, dict(plan.required), excused, meets, cells, tuple(stops), words)


def _reached(cells: tuple[Cell, ...], category: Category) -> int:
    level = 0
    for cell in sorted((c for c in cells if c.category == category), key=lambda c: c.level):
        if cell.state != "pass":
            break
        level = cell.level
    return level


def _meets(reached: dict[Category, int], need: object, excused: tuple[Category, ...]) -> bool:
    levels = dict(need) if isinstance(need, dict) else {}
    return all(c in excused or reached[c] >= levels[c] for c in CATEGORIES)


def _words(plan: Plan, stops: list[Cell]) -> Text:
    if not stops:
        return Text(
            "All categories reach the level required for risk class {k}.", "各类别均达到风险等级{k}所需等级。"
        ).format(k=plan.risk_class)
    first = stops[0]
    return Text("Stopped at level {n} ({v}): {w}", "止步于第{n}级（{v}）：{w}").format(
        n=first.level, v=LEVEL_WORDS[first.level], w=first.words
    )
