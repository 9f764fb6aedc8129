"""R at level 5: every sampled row, and every box that the system declares, is proven; nothing undecided, nothing estimated.

By exact distances for linear models and sums of trees, by sound branch and bound for small ReLU networks; a counter-example
counts only after replay on the artefact.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.access import NO_FORM, form_of, unasked
from hutong.engines.trust.balls import Ball, keeps_label
from hutong.engines.trust.certified import NODES, confirmed, proven_rows
from hutong.engines.trust.data import Rows
from hutong.engines.trust.evasion import BUDGET_WORDS, missing
from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.findings import not_estimable, rows_of, whole, with_note
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.types import Claim, Domain, Finding, Json, State
from hutong.kernel.text import Text


def _claims(setting: Setting) -> tuple[Claim, ...]:
    budget, promises = setting.profile.challenge, setting.system.promises
    n = min(setting.data.n, budget.rows)
    say = {"b": BUDGET_WORDS[budget.norm].format(e=told(budget.proven)), "n": n}

    def one(name: str, statement: Text, population: Text, units: int) -> Claim:
        return Claim(
            id=name,
            category="R",
            level=5,
            kind="all_proven",
            metric="proven",
            statement=statement,
            population=population,
            null=Text("some box is not proven", "存在未证明的区域"),
            n=units,
            queries=units,
            params={
                "share": nearest(budget.proven),
                "norm": budget.norm,
                "boxes": [p.name for p in promises],
            },
        )

    rows = one(
        "R5.rows",
        Text(
            "every one of {n} rows keeps its label under any change within {b}",
            "{n}行样本在{b}的任意变动下标签均不变",
        ).format(**say),
        Text("the rows drawn by the committed seed, as a census", "按承诺种子抽取的样本（全数）"),
        n,
    )
    if not promises:
        return (rows,)
    boxes = one(
        "R5.boxes",
        Text("every declared box has its declared label throughout", "每个声明区域内标签处处如所声明"),
        Text("all inputs of the declared boxes", "声明区域内的全部输入"),
        len(promises),
    )
    return rows, boxes


def _missing(setting: Setting) -> Text | None:
    if unasked(setting) is not None:
        return unasked(setting)
    return NO_FORM if form_of(setting) is None else missing(setting)


def _observe(claim: Claim, bench: Bench) -> Json:
    if claim.id == "R5.rows":
        return proven_rows(bench, bench.setting.profile.challenge.proven)
    form, system = form_of(bench.setting), bench.setting.system
    if form is None:
        return {"not_run": NO_FORM.as_json()}
    tally, each = {"holds": 0, "violated": 0, "unknown": 0}, []
    for promise in system.promises:
        domain = Domain("table", promise.columns(system.domain))
        ball = Ball(_middle(domain), domain, None)
        label = system.labels.index(promise.label)
        found, point = keeps_label(form, ball, label, 8 * NODES)
        found = confirmed(bench, found, point, label)
        tally[found] += 1
        each.append({"name": promise.name, "verdict": found})
    return {"rows": len(each), "differs": 0, **tally, "boxes": each}


def _middle(domain: Domain) -> Rows:
    """A feasible row in the middle of a box whose columns all have bounds."""
    from hutong.engines.trust.distances import box_of, project

    box = box_of(domain, domain.width)
    middle = (box.low + box.high) / 2
    found: Rows = project(middle[None], np.full((1, domain.width), np.nan, np.float32), box)[0]
    return found


def proven_rule(claim: Claim, counts: Json) -> Finding:
    """Pass: all proven. A replayed counter-example fails it; whatever is undecided leaves it so."""
    n, holds, violated = whole(counts, "rows"), whole(counts, "holds"), whole(counts, "violated")
    unknown = whole(counts, "unknown")
    words = Text(
        "{h} of {n} proven, {v} with a replayed counter-example, {u} undecided",
        "{n}项中{h}项已证明，{v}项存在经重放确认的反例，{u}项未能判定",
    ).format(h=holds, n=n, v=violated, u=unknown)
    if n < 1 or whole(counts, "differs"):
        return not_estimable(claim, Text("nothing was proven of the artefact itself", "未对原件本身作出证明"))
    state: State = "fail" if violated else "pass" if holds == n else "inconclusive"
    details = rows_of(counts, "boxes") if "boxes" in counts else []
    if state == "pass" and "boxes" not in counts:
        words = with_note(
            words, Text("label, float32 and published rounding included", "已计入标签、float32及公布舍入")
        )
    return Finding(claim.id, state, words, n=n, details=tuple(details))


METHODS = (Method("proven", "R", 5, _claims, _observe, statistical=False, missing=_missing),)
RULES: dict[str, Rule] = {"all_proven": proven_rule}
