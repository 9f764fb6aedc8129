"""R at level 3: an ensemble of attacks within the profile's budget; every counter-example feasible and replayed.

What is claimed is that few rows give way to this ensemble within this budget; levels 4 and 5 prove. Whether the figure can
be believed is a claim of its own (`masking`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.access import answers_of, form_of, rule_of, unasked
from hutong.engines.trust.balls import Ball, ball_of, bounds_of, unfit
from hutong.engines.trust.bars import Said, bar_claim, bar_of
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.findings import judged, not_estimable, rows_of, whole
from hutong.engines.trust.intervals import share_of
from hutong.engines.trust.power import share_reach
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

SHOWN = 5
# Cheap and knowing attacks first; what they find need not be sought again.
STAGES = (("transfer",), ("start", "coordinate", "hop", "square", "wander"))
BUDGET_WORDS = {
    "linf": Text("each column by at most {e} of its span", "每列变动不超过其取值范围的{e}"),
    "l2": Text("an l2 distance of at most {e} of the span", "l2距离不超过取值范围的{e}"),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one row: the point (d,) where a counter-example was proposed, whether it replayed, by whom, at what cost."""

    point: Rows | None
    replayed: bool
    became: int
    by: str
    queries: int


def sample(bench: Bench, node: str, most: int) -> Codes:
    """Positions of at most `most` rows, drawn without replacement by the seed."""
    return np.sort(bench.chance(node).permutation(bench.setting.data.n)[:most]).astype(np.int64)


class Attacker:
    """The ensemble against one bench; knows the form of the model where the weights are given."""

    def __init__(self, bench: Bench, node: str) -> None:
        from hutong.engines.trust.distances.surrogate import fit_linear

        self._bench, self._node = bench, node
        self._ask = answers_of(bench)
        self._decide = rule_of(bench.setting.system, bench.clean.scores is not None)
        self._form = form_of(bench.setting)
        pool = bench.setting.data.features[:1000]
        fitted = fit_linear(pool, self._ask(pool)) if bench.clean.scores is not None else None
        exact = self._form.plain if self._form is not None else None
        self._models = tuple(m for m in (exact, fitted) if m is not None)

    def attempt(
        self, ball: Ball, place: int, budget: int, stages: tuple[tuple[str, ...], ...] = STAGES
    ) -> Attempt:
        """Attack one row; the first counter-example that is feasible and replays ends it."""
        from hutong.engines.trust.distances import evade

        was = int(self._bench.clean.labels[place])
        spent, left = 0, None
        point = self._by_slope(ball, was, place)
        if point is not None:
            tried = self._replay(ball, point, was, "gradient", 1)
            if tried.replayed:
                return tried
        for number, attacks in enumerate(stages):
            share = budget if number == len(stages) - 1 else max(budget // 5, 30)
            found = evade(
                self._ask,
                ball.row[None],
                "linf" if ball.limit is None else "l2",
                ball.domain,
                budget=share,
                seed=f"{self._bench.seed}|{self._node}|{place}",
                models=self._models if "transfer" in attacks else (),
                attacks=attacks,
                decide=self._decide,
            )
            spent += int(found.queries[0])
            if found.found[0] and bool(ball.holds(found.rows)[0]):
                tried = self._replay(ball, found.rows[0], was, found.by[0], spent)
                if tried.replayed:
                    return tried
                left = tried
        return left or Attempt(None, False, was, "", spent)

    def _by_slope(self, ball: Ball, was: int, place: int) -> Rows | None:
        """Descent on the weights of a network, rounded to what the domain allows; None where it finds no other label."""
        if self._form is None or self._form.network is None:
            return None
        from hutong.engines.trust.distances import box_of, project
        from hutong.engines.trust.networks.attack import attack
        from hutong.engines.trust.networks.distance import ball as cube

        network, (low, high) = self._form.network, bounds_of(ball)
        case = cube(network, ball.row.astype(np.float64), was, float(np.max(high - low)), (low, high)).cases[
            0
        ]
        chance = self._bench.chance(f"{self._node}.slope", place)
        found = attack(network, case, case.goals, chance, 32, 20, lambda: False)
        if found is None:
            return None
        point = project(np.array([found.inputs]), ball.row[None], box_of(ball.domain, len(ball.row)))
        return point[0] if bool(ball.holds(point)[0]) else None

    def _replay(self, ball: Ball, point: Rows, was: int, by: str, spent: int) -> Attempt:
        """A counter-example counts once the artefact itself, asked for it alone, gives another label."""
        became = int(self._bench.target.predict(point[None]).labels[0])
        return Attempt(point, became != was, became, by, spent)


def _claims(setting: Setting) -> tuple[Claim, ...]:
    budget = setting.profile.challenge
    n = min(setting.data.n, budget.rows)
    said = Said(
        Text(
            "at least {t} of rows resist the ensemble of attacks with {b} and {q} queries a row",
            "在{b}、每行{q}次查询的预算内，至少{t}的样本能抵御攻击组合",
        ),
        Text("fewer than {t} resist", "能抵御者不足{t}"),
        fill={"b": BUDGET_WORDS[budget.norm].format(e=told(budget.share)), "q": budget.queries},
    )
    claim = bar_claim(
        setting, "R3.evasion", ("R", 3), "resist_at_least", "resisting", "evasion_min", said, n,
        share_reach(n, bar_of(setting, "evasion_min"), setting.alpha),
        queries=n * (budget.queries + budget.queries // 5),
        params={
            "norm": budget.norm,
            "share": nearest(budget.share),
            "queries": budget.queries,
            "attacks": [a for s in STAGES for a in s],
        },
        share=True,
    )  # fmt: skip
    return (claim,)


def missing(setting: Setting) -> Text | None:
    """Why nearby rows cannot be asked about, or None."""
    if unasked(setting) is not None:
        return unasked(setting)
    return unfit(setting.system.domain, setting.profile.challenge.norm)


def _observe(claim: Claim, bench: Bench) -> Json:
    setting, budget = bench.setting, bench.setting.profile.challenge
    chosen, attacker = sample(bench, "R.rows", budget.rows), Attacker(bench, claim.id)
    found: list[tuple[int, Attempt]] = []
    for place in chosen.tolist():
        ball = ball_of(setting.system.domain, setting.data.features[place], budget.norm, budget.share)
        found.append((place, attacker.attempt(ball, place, budget.queries)))
    gave = [(p, a) for p, a in found if a.point is not None]
    shown = [_shown(bench, p, a) for p, a in gave if a.replayed][:SHOWN]
    return {
        "rows": len(found),
        "resist": len(found) - len(gave),
        "replayed": sum(a.replayed for _, a in gave),
        "queries": sum(a.queries for _, a in found),
        "by": [{"attack": k, "rows": v} for k, v in sorted(Counter(a.by for _, a in gave).items())],
        "examples": shown,
    }


def _shown(bench: Bench, place: int, attempt: Attempt) -> dict[str, object]:
    labels, row = bench.setting.system.labels, bench.setting.data.features[place]
    point = attempt.point if attempt.point is not None else row
    changed = np.flatnonzero(point != row)
    return {
        "row": place,
        "was": labels[int(bench.clean.labels[place])] if bench.clean.labels[place] >= 0 else "",
        "became": labels[attempt.became] if attempt.became >= 0 else "",
        "by": attempt.by,
        "changes": [
            {
                "column": bench.setting.system.domain.columns[j].name,
                "from": repr(float(row[j])),
                "to": repr(float(point[j])),
            }
            for j in changed.tolist()
        ],
    }


def resist_rule(claim: Claim, counts: Json) -> Finding:
    """A row with a proposed counter-example does not resist, also where its replay failed."""
    n, resist = whole(counts, "rows"), whole(counts, "resist")
    if n < 1:
        return not_estimable(claim, Text("no row was attacked", "未对任何样本实施攻击"))
    note = Text("{k} counter-examples replayed", "{k}个反例经重放确认").format(k=whole(counts, "replayed"))
    details = [{"by": rows_of(counts, "by"), "examples": rows_of(counts, "examples")}]
    return judged(claim, share_of(resist, n, float(str(claim.alpha))), n, "resisting", details, note)


METHODS = (Method("evasion", "R", 3, _claims, _observe, missing=missing),)
RULES: dict[str, Rule] = {"resist_at_least": resist_rule}
