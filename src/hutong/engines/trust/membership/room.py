"""P at level 3: the strongest membership attacks we have stay below their bars. P at level 4: a claimed
epsilon holds (`budget`).

Level 3 asks for the limit of the AUC of RMIA (online, offline) and of label-only votes, and of RMIA's TPR at
a low FPR. Thresholds of the profile: membership_auc_max, membership_fpr, membership_tpr_max; level 4:
epsilon_max.
"""

from __future__ import annotations

import math

from hutong.engines.trust.figures import above, below, nearest, told
from hutong.engines.trust.membership import budget
from hutong.engines.trust.membership.attacks import MODELS, Attacked, label_votes, pool_of, rmia
from hutong.engines.trust.membership.judging import auc_rule, tpr_rule
from hutong.engines.trust.membership.roc import Placements, estimable, low_fpr, low_fpr_ranks, placements
from hutong.engines.trust.power import Reach
from hutong.engines.trust.privacy import NO_TRAINING
from hutong.engines.trust.quality import NO_SCORES
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.types import Claim, Json
from hutong.kernel.text import Text

ONLINE, OFFLINE, VOTES, LOW = "P3.rmia.online", "P3.rmia.offline", "P3.label_only", "P3.rmia.low_fpr"
NEEDS_LABELS = Text("a log has no answers for other rows", "预测日志不含其他数据行的结果")
ATTACK_WORDS = {
    ONLINE: Text("RMIA with reference models, online", "RMIA参考模型攻击（在线）"),
    OFFLINE: Text("RMIA with reference models, offline", "RMIA参考模型攻击（离线）"),
    VOTES: Text("label-only votes under noise", "仅标签噪声投票攻击"),
}
_POPULATION = Text("training rows against rows like those held out", "训练样本与留出同分布样本")


def _sizes(setting: Setting) -> tuple[int, int]:
    from hutong.engines.trust.membership.attacks import LARGEST

    members = 0 if setting.data.train_features is None else len(setting.data.train_features)
    return min(members, LARGEST), min(setting.data.n, LARGEST)


def _auc_claim(setting: Setting, name: str) -> Claim:
    bar = setting.profile.thresholds["membership_auc_max"].value
    sizes = _sizes(setting)
    passes, fails = _auc_reach(min(sizes), float(bar), setting.alpha)
    say = {"a": ATTACK_WORDS[name], "t": told(bar)}
    return Claim(
        id=name,
        category="P",
        level=3,
        kind="attack_auc_at_most",
        metric="membership_auc",
        statement=Text("{a}: AUC at most {t}", "{a}：AUC不超过{t}").format(**say),
        population=_POPULATION,
        null=Text("{a}: AUC above {t}", "{a}：AUC超过{t}").format(**say),
        threshold=nearest(bar),
        direction="<=",
        alpha=nearest(setting.alpha),
        n=sum(sizes),
        passes_from=passes,
        fails_from=fails,
        params={"models": 0 if name == VOTES else MODELS},
    )


def _tpr_claim(setting: Setting) -> Claim:
    limits = setting.profile.thresholds
    bar, fpr = limits["membership_tpr_max"].value, limits["membership_fpr"].value
    members, strangers = _sizes(setting)
    passes, fails = _tpr_reach(members, strangers, (float(bar), float(fpr)), setting.alpha)
    say = {"t": told(bar), "f": told(fpr)}
    return Claim(
        id=LOW,
        category="P",
        level=3,
        kind="attack_tpr_at_most",
        metric="membership_tpr",
        statement=Text(
            "RMIA finds at most {t} of members at a false-positive rate of {f}",
            "假正率为{f}时，RMIA识别出的成员比例不超过{t}",
        ).format(**say),
        population=_POPULATION,
        null=Text("at that rate it finds more than {t}", "该假正率下识别比例超过{t}").format(**say),
        threshold=nearest(bar),
        direction="<=",
        alpha=nearest(setting.alpha),
        n=members + strangers,
        passes_from=passes,
        fails_from=fails,
        params={"fpr": nearest(fpr), "models": MODELS},
    )


def _auc_reach(k: int, bar: float, alpha: float) -> Reach:
    """From the guaranteed limit, by its quadratic form (Pinsker), and a normal tail at the largest
    variance.
    """
    if k < 2:
        return None, None
    half = math.sqrt(math.log(2 / alpha) / (2 * k)) + 1.645 * 0.5 / math.sqrt(k)
    return (below(bar - half) if bar > half else None), (above(bar + half) if bar + half < 1 else None)


def _tpr_reach(members: int, strangers: int, at: tuple[float, float], alpha: float) -> Reach:
    """Shares of members above the thresholds that decide: the looser one for a pass, the stricter one for a
    failure.
    """
    if members < 1 or not estimable(strangers, at[1]):
        return None, None
    ranks, k = low_fpr_ranks(strangers, at[1], alpha), range(members + 1)
    passing = [h for h, up in zip(k, upper_limit(k, members, alpha / 4), strict=True) if up <= at[0]]
    failing = [h for h, low in zip(k, lower_limit(k, members, alpha / 4), strict=True) if low > at[0]]
    passes = below(float(lower_limit(passing[-1] + 1, members, 0.05))) if passing else None
    fails = (
        above(float(upper_limit(failing[0] - 1, members, 0.05)))
        if failing and ranks.few is not None
        else None
    )
    return passes, fails


def _missing(setting: Setting) -> Text | None:
    if setting.data.train_features is None:
        return NO_TRAINING
    if not setting.may("ask"):
        return NEEDS_LABELS
    return None


def _missing_scores(setting: Setting) -> Text | None:
    return _missing(setting) or (None if setting.may("scores") else NO_SCORES)


def _observe(claim: Claim, bench: Bench) -> Json:
    pool = pool_of(bench)
    if pool is None:
        return {"not_run": NO_TRAINING.as_json()}
    found = label_votes(bench, pool) if claim.id == VOTES else rmia(bench, pool, claim.id != OFFLINE)
    if found is None:
        return {"not_run": NO_SCORES.as_json()}
    counts = _counted(claim, found, bench)
    if claim.id != LOW:
        return counts
    low = low_fpr(found.members, found.strangers, float(str(claim.params["fpr"])), float(str(claim.alpha)))
    return counts | {"below": low.below, "point": low.point, "above": low.above}


def _counted(claim: Claim, found: Attacked, bench: Bench) -> dict[str, object]:
    import numpy as np

    both = np.concatenate([found.members, found.strangers])
    dealt = bench.chance(f"{claim.id}.permuted").permutation(both)
    cut = len(found.members)
    return {
        "attack": _record(placements(found.members, found.strangers)),
        "permuted": _record(placements(dealt[:cut], dealt[cut:])),
        "blind": _record(placements(found.blind_members, found.blind_strangers)),
        "family": found.family,
    }


def _record(found: Placements) -> dict[str, int]:
    return {
        "members": found.members,
        "strangers": found.strangers,
        "doubled": found.doubled,
        "squares_in": found.squares_in,
        "squares_out": found.squares_out,
    }


def _with_scores(setting: Setting) -> tuple[Claim, ...]:
    return _auc_claim(setting, ONLINE), _auc_claim(setting, OFFLINE), _tpr_claim(setting)


def _labels_only(setting: Setting) -> tuple[Claim, ...]:
    return (_auc_claim(setting, VOTES),)


METHODS: tuple[Method, ...] = (
    Method("rmia", "P", 3, _with_scores, _observe, missing=_missing_scores),
    Method("label_only", "P", 3, _labels_only, _observe, missing=_missing),
    Method("privacy_budget", "P", 4, budget.claims, budget.observe, missing=budget.no_outputs),
    Method(
        "privacy_mechanism",
        "P",
        4,
        budget.mechanism_claims,
        budget.mechanism_observe,
        statistical=False,
        missing=budget.no_promise,
    ),
)
RULES: dict[str, Rule] = {
    "attack_auc_at_most": auc_rule,
    "attack_tpr_at_most": tpr_rule,
    "budget_bracketed": budget.rule,
    "mechanism_supports": budget.mechanism_rule,
}
