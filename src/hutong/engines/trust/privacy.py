"""P at level 2: membership inference by a threshold on the loss (Yeom et al. 2018, CSF).

The threshold is chosen on one half of members and strangers and counted on the other, so that the count is honest.
Advantage = share of members called members - share of strangers called members; 0 is no better than a coin.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.data import Codes
from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.findings import judged, not_estimable, whole
from hutong.engines.trust.power import gap_reach
from hutong.engines.trust.quality import NO_SCORES
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.combined import combined_difference
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

NO_TRAINING = Text("the training rows were not given", "未提供训练数据")
NEEDS_RUN = Text("a log has no answers for the training rows", "预测日志不含训练数据的结果")


def _claims(setting: Setting) -> tuple[Claim, ...]:
    bar = setting.profile.thresholds["membership_max"].value
    members = 0 if setting.data.train_features is None else len(setting.data.train_features)
    sizes = [members - members // 2, setting.data.n - setting.data.n // 2]
    passes, fails = gap_reach(sizes, float(bar), setting.alpha, "combined")
    return (
        Claim(
            id="P2.membership",
            category="P",
            level=2,
            kind="advantage_at_most",
            metric="advantage",
            statement=Text(
                "a loss threshold tells members with advantage at most {t}",
                "损失阈值法的成员推断优势不超过{t}",
            ).format(t=told(bar)),
            population=Text("training rows against rows like those held out", "训练样本与留出同分布样本"),
            null=Text("the advantage is above {t}", "优势超过{t}").format(t=told(bar)),
            threshold=nearest(bar),
            direction="<=",
            alpha=nearest(setting.alpha),
            n=sum(sizes),
            passes_from=passes,
            fails_from=fails,
        ),
    )


def _missing(setting: Setting) -> Text | None:
    if setting.data.train_features is None:
        return NO_TRAINING
    return None if setting.may("ask") else NEEDS_RUN


def _observe(claim: Claim, bench: Bench) -> Json:
    data, inside, outside = bench.setting.data, bench.on_training, bench.clean
    if inside is None or data.train_labels is None or inside.scores is None or outside.scores is None:
        return {"not_run": NO_SCORES.as_json()}
    members = inside.scores[np.arange(len(inside)), data.train_labels]
    strangers = outside.scores[np.arange(len(outside)), data.labels]
    return attack(members, strangers, bench.chance("P2.membership"))


def attack(members: Codes, strangers: Codes, chance: np.random.Generator) -> dict[str, object]:
    """Counts of the attack "member if the true label's score is at least t", t chosen on the first halves."""
    a, b = chance.permutation(members), chance.permutation(strangers)
    cut_a, cut_b = len(a) // 2, len(b) // 2
    levels = np.unique(np.concatenate([a[:cut_a], b[:cut_b]]))
    at = (
        int(levels[int(np.argmax(_above(a[:cut_a], levels) - _above(b[:cut_b], levels)))])
        if len(levels)
        else 0
    )
    return {
        "threshold_millionths": at,
        "members": len(a) - cut_a,
        "members_called": int((a[cut_a:] >= at).sum()),
        "strangers": len(b) - cut_b,
        "strangers_called": int((b[cut_b:] >= at).sum()),
    }


def _above(values: Codes, levels: Codes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(1.0 - np.searchsorted(np.sort(values), levels, side="left") / max(len(values), 1))


def advantage_rule(claim: Claim, counts: Json) -> Finding:
    n = (whole(counts, "members"), whole(counts, "strangers"))
    if min(n) < 1:
        return not_estimable(claim, Text("no members or no strangers", "缺少训练样本或留出样本"))
    interval = combined_difference(
        (whole(counts, "members_called"), whole(counts, "strangers_called")), n, float(str(claim.alpha))
    )
    return judged(claim, interval, sum(n), "advantage")


METHODS = (Method("membership", "P", 2, _claims, _observe, missing=_missing),)
RULES: dict[str, Rule] = {"advantage_at_most": advantage_rule}
