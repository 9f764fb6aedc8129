"""R at level 4: the share of rows certified within the budget.

Exact distances for linear models and sums of trees, sound bounds for small ReLU networks, and where only answers are given
the sequential certificate of the smoothed system (Cohen, Rosenfeld and Kolter 2019), which speaks of that system.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hutong.engines.trust.access import NO_FORM, Wide, answers_of, form_of, rule_of, unasked
from hutong.engines.trust.balls import Decided, ball_of, keeps_label, spans, unfit
from hutong.engines.trust.bars import FIXED, Said, bar_claim, bar_of
from hutong.engines.trust.data import Rows
from hutong.engines.trust.evasion import BUDGET_WORDS, missing, sample
from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.findings import judged, not_estimable, whole
from hutong.engines.trust.intervals import share_of
from hutong.engines.trust.power import share_reach
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

# Chance of a false certificate of one row by smoothing; the claim's lower limit is lowered by as much.
ROW_ALPHA = Fraction(1, 1000)
# Budget for one row of a network, in nodes of the search: a clock would decide differently on another machine.
NODES = 4096
DIFFERS = Text("the form that was read answers other than the artefact", "所读模型形式与原件回答不一致")
HOW = {
    "linear": Text("exact distances", "精确距离"),
    "trees": Text("exact distances", "精确距离"),
    "network": Text("sound bounds of the network", "网络可靠界"),
    "smoothing": Text("the smoothed system, by a sequential test", "平滑系统的序贯检验"),
}


def _how(setting: Setting) -> str:
    form = form_of(setting)
    return "smoothing" if form is None else form.kind


def _claims(setting: Setting) -> tuple[Claim, ...]:
    budget, how = setting.profile.challenge, _how(setting)
    n, smooth = min(setting.data.n, budget.rows), how == "smoothing"
    norm, share = ("l2", budget.radius) if smooth else (budget.norm, budget.share)
    said = Said(
        Text(
            "at least {t} of rows keep their label for certain under any change within {b} ({h})",
            "在{b}的任意变动下，至少{t}的样本标签确定不变（{h}）",
        ),
        Text("fewer than {t} keep it", "不足{t}"),
        fill={"b": BUDGET_WORDS[norm].format(e=told(share)), "h": HOW[how]},
    )
    claim = bar_claim(
        setting, "R4.certified", ("R", 4), "certified_at_least", "certified", "certified_min", said, n,
        share_reach(n, bar_of(setting, "certified_min"), setting.alpha),
        queries=n * (budget.samples + 32) if smooth else n,
        stopping="per row an e-process, any time" if smooth else FIXED,
        params={
            "how": how,
            "norm": norm,
            "share": nearest(share),
            "row_alpha": nearest(ROW_ALPHA if smooth else Fraction(0)),
            "noise": nearest(budget.noise) if smooth else None,
            "samples": budget.samples if smooth else None,
        },
        share=True,
    )  # fmt: skip
    return (claim,)


def _missing(setting: Setting) -> Text | None:
    if unasked(setting) is not None:
        return unasked(setting)
    return missing(setting) if _how(setting) != "smoothing" else unfit(setting.system.domain, "linf")


def _observe(claim: Claim, bench: Bench) -> Json:
    if claim.params["how"] == "smoothing":
        return _smoothed(claim, bench)
    return proven_rows(bench, bench.setting.profile.challenge.share)


def proven_rows(bench: Bench, share: Fraction) -> dict[str, object]:
    """Rows by what was proven of the ball around them. differs: rows where the form read answers other than the artefact.

    Levels 4 and 5 speak of the same drawn rows; with one budget they are proven once.
    """
    known: dict[Fraction, dict[str, object]] = bench.__dict__.setdefault("_proven", {})
    if share not in known:
        known[share] = _prove(bench, share)
    return dict(known[share])


def _prove(bench: Bench, share: Fraction) -> dict[str, object]:
    setting, budget = bench.setting, bench.setting.profile.challenge
    form, chosen = form_of(setting), sample(bench, "R.rows", budget.rows)
    if form is None:
        return {"not_run": NO_FORM.as_json()}
    tally = {"holds": 0, "violated": 0, "unknown": 0}
    labels = bench.clean.labels
    differs = int((form.decide(setting.data.features) != labels).sum())
    for place in chosen.tolist():
        ball = ball_of(setting.system.domain, setting.data.features[place], budget.norm, share)
        found, point = keeps_label(form, ball, int(labels[place]), NODES)
        tally[confirmed(bench, found, point, int(labels[place]))] += 1
    return {"rows": len(chosen), "differs": differs, **tally}


def confirmed(bench: Bench, found: Decided, point: Rows | None, label: int) -> Decided:
    """A violation counts once the artefact gives the candidate another label; else rounding may decide: nothing is proven."""
    if found != "violated":
        return found
    replayed = point is not None and int(bench.target.predict(point[None]).labels[0]) != label
    return "violated" if replayed else "unknown"


def _smoothed(claim: Claim, bench: Bench) -> Json:
    """In units of each column's span: noise and radius are l2 there. What falls outside the domain is put back into it."""
    from hutong.engines.trust.distances import box_of, project, smooth

    setting, budget = bench.setting, bench.setting.profile.challenge
    ask, decide = answers_of(bench), rule_of(setting.system, bench.clean.scores is not None)
    domain = setting.system.domain
    box, known = box_of(domain, domain.width), spans(domain)
    unit = np.array([float(s) if s else 1.0 for s in known or ()])
    chosen = sample(bench, "R.rows", budget.rows)
    tally, queries = {"certified": 0, "not_certified": 0, "undecided": 0, "other_label": 0}, 0
    for place in chosen.tolist():
        row = setting.data.features[place]

        def answer(noisy: Rows, row: Rows = row) -> Wide:
            wide = noisy.astype(np.float64) * unit
            return ask(project(wide, np.broadcast_to(row, noisy.shape), box))

        found = smooth(
            answer,
            (row / unit).astype(np.float32),
            float(budget.radius),
            float(budget.noise),
            float(ROW_ALPHA),
            seed=f"{bench.seed}|{claim.id}|{place}",
            most=budget.samples,
            decide=decide,
            fixed=box.fixed,
        )
        queries += found.queries
        kept = found.label == int(bench.clean.labels[place])
        tally[found.state if kept else "other_label"] += 1
    return {"rows": len(chosen), "holds": tally["certified"], "differs": 0, "queries": queries, **tally}


def certified_rule(claim: Claim, counts: Json) -> Finding:
    n, holds = whole(counts, "rows"), whole(counts, "holds")
    if n < 1 or whole(counts, "differs"):
        return not_estimable(claim, DIFFERS)
    found = share_of(holds, n, float(str(claim.alpha)))
    slack = float(str(claim.params["row_alpha"]))
    interval = Interval(found.value, max(0.0, found.lower - slack), found.upper, True, found.method)
    return judged(claim, interval, n, "certified", [dict(counts)], HOW[str(claim.params["how"])])


METHODS = (Method("certified", "R", 4, _claims, _observe, missing=_missing),)
RULES: dict[str, Rule] = {"certified_at_least": certified_rule}
