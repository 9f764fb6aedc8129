"""R at level 3: may the figure of the attacks be believed? Signs that scores hide the way, on their own rows and budget.

Where the model's form is known the attacks start from exact distances (or its own slopes), which no masking can hide; the
signs are then shown and decide nothing. Elsewhere a sign leaves the level undecided: it is no proof of weakness either.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.access import answers_of, form_of
from hutong.engines.trust.balls import ball_of, spans
from hutong.engines.trust.data import Codes
from hutong.engines.trust.evasion import Attacker, missing, sample
from hutong.engines.trust.figures import nearest
from hutong.engines.trust.findings import rows_of, whole, with_note
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

ROWS = 40
QUERIES = 120
# Of 40 rows, an attack that knows less has to be ahead by more than chance brings about.
GAP = 0.2
KINDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "score": (("transfer", "coordinate", "square"),),
    "label": (("start", "hop", "wander"),),
}
ROOM = (0.5, 1.0, 2.0)


def _claims(setting: Setting) -> tuple[Claim, ...]:
    return (
        Claim(
            id="R3.masking",
            category="R",
            level=3,
            kind="unmasked",
            metric="signs",
            statement=Text(
                "no sign that the scores hide the way to a change", "无迹象表明分数掩盖了攻击路径"
            ),
            population=Text("rows drawn by the committed seed", "按承诺种子抽取的样本"),
            null=Text("the attacks were misled", "攻击受到误导"),
            n=min(setting.data.n, ROWS),
            queries=min(setting.data.n, ROWS) * (2 if form_of(setting) is not None else 2 + 5 * QUERIES),
            params={"queries": QUERIES, "gap": nearest(GAP)},
        ),
    )


def _observe(claim: Claim, bench: Bench) -> Json:
    from hutong.engines.trust.distances import flat_signs

    setting = bench.setting
    form = form_of(setting)
    scored = bench.clean.scores is not None
    signs: list[dict[str, object]] = []
    chosen = sample(bench, "R3.masking", ROWS)
    rows = setting.data.features[chosen]
    if scored:
        known = spans(setting.system.domain) or []
        scale = np.array([float(s) / 100 for s in known])
        found = flat_signs(answers_of(bench), rows, scale, bench.seed)
        signs += [{"rule": s.rule, "value": nearest(s.value), "words": s.words.as_json()} for s in found]
    if form is None:
        signs += _contests(claim, bench, chosen, scored)
    return {"exact": form is not None, "rows": len(chosen), "signs": signs}


def _contests(claim: Claim, bench: Bench, chosen: Codes, scored: bool) -> list[dict[str, object]]:
    """Label attacks against score attacks within the budget, and more room against less, each attacked afresh."""
    from hutong.engines.trust.distances import falling_signs

    won = {kind: _success(bench, claim.id, chosen, 1.0, stages) for kind, stages in KINDS.items() if scored}
    signs: list[dict[str, object]] = []
    ahead = won.get("label", 0.0) - won.get("score", 0.0)
    if ahead >= GAP:
        words = Text(
            "The label-based attack does better than the score-based one", "基于标签的攻击优于基于分数的攻击"
        )
        signs.append({"rule": "masking.label_beats_score", "value": nearest(ahead), "words": words.as_json()})
    curve = {room: _success(bench, claim.id, chosen, room, KINDS["label"]) for room in ROOM}
    for sign in falling_signs(curve, GAP / 2):
        signs.append({"rule": sign.rule, "value": nearest(sign.value), "words": sign.words.as_json()})
    return signs


def _success(
    bench: Bench, node: str, chosen: Codes, room: float, stages: tuple[tuple[str, ...], ...]
) -> float:
    """Share of rows that one kind of attack changes within `room` times the budget."""
    setting, budget = bench.setting, bench.setting.profile.challenge
    attacker = Attacker(bench, f"{node}.{room}")
    share = budget.share * int(room * 2) / 2
    won = 0
    for place in chosen.tolist():
        ball = ball_of(setting.system.domain, setting.data.features[place], budget.norm, share)
        won += attacker.attempt(ball, place, QUERIES, stages).replayed
    return won / len(chosen)


def unmasked_rule(claim: Claim, counts: Json) -> Finding:
    signs, n = rows_of(counts, "signs"), whole(counts, "rows")
    said = _said(signs)
    if counts["exact"] is True:
        words = Text("the attacks start from the model's own weights", "攻击直接依据模型权重")
        return Finding(
            claim.id, "pass", with_note(words, said) if signs else words, n=n, details=tuple(signs)
        )
    if n < 1 or signs:
        return Finding(claim.id, "inconclusive", said, n=n, details=tuple(signs))
    return Finding(claim.id, "pass", Text("no sign of masking", "无掩盖迹象"), n=n)


def _said(signs: list[dict[str, object]]) -> Text:
    words = [w for w in (s["words"] for s in signs) if isinstance(w, dict)]
    if not words:
        return Text("no row was asked about", "未对任何样本提问")
    return Text(
        "; ".join(str(w["en"]).rstrip(".") for w in words),
        "；".join(str(w["zh"]).rstrip("。") for w in words),
    )


METHODS = (Method("masking", "R", 3, _claims, _observe, statistical=False, missing=missing),)
RULES: dict[str, Rule] = {"unmasked": unmasked_rule}
