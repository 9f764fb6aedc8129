"""How counts of an attack are judged: the guaranteed limit against the bar, and only if both controls are
where they should be.
"""

from __future__ import annotations

from hutong.engines.trust.figures import above, below, nearest, short
from hutong.engines.trust.findings import judged, not_estimable, whole
from hutong.engines.trust.membership.roc import LowFpr, Placements, auc_limits, delong, estimable, tpr_limits
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

# A control outside its interval is an instrument out of order. Rare by chance: the honest are not held up.
CONTROL_ALPHA = 0.001
_SMALL = Text(
    "{n} held-out rows cannot set a false-positive rate of {f} (about 3/f are needed)",
    "留出样本{n}行，不足以确定{f}的假正率（约需3/f行）",
)
_SHIFTED = Text(
    "a model that has seen neither tells members from strangers too (AUC {v}): the rows differ by themselves",
    "未见过两类样本的对照模型也能将其区分（AUC {v}），说明两类样本分布不同",
)
_BROKEN = Text(
    "with membership dealt out by chance the attack still finds it (AUC {v})",
    "成员身份随机打乱后攻击仍有效（AUC {v}）",
)


def auc_rule(claim: Claim, counts: Json) -> Finding:
    """AUC of the attack, at most the threshold, by the Chernoff-Hoeffding limit; DeLong's interval is shown
    beside it.
    """
    found = placements_of(counts, "attack")
    wrong = _control(claim, counts)
    if wrong is not None:
        return wrong
    alpha = float(str(claim.alpha))
    shown = delong(found, alpha)
    known = shown.lower == shown.lower
    details = (
        [{"interval": "delong", "lower": below(shown.lower), "upper": above(shown.upper)}] if known else []
    )
    return judged(claim, auc_limits(found, alpha), found.members + found.strangers, claim.metric, details)


def tpr_rule(claim: Claim, counts: Json) -> Finding:
    """TPR at the planned FPR, at most the threshold; not estimable where the strangers cannot set that
    FPR.
    """
    sizes = placements_of(counts, "attack")
    fpr, alpha = str(claim.params["fpr"]), float(str(claim.alpha))
    if not estimable(sizes.strangers, float(fpr)):
        return not_estimable(claim, _SMALL.format(n=sizes.strangers, f=short(fpr, 3)), sizes.strangers)
    wrong = _control(claim, counts)
    if wrong is not None:
        return wrong
    hits = [whole(counts, key) for key in ("below", "point", "above")]
    if not hits[0] <= hits[1] <= hits[2] <= sizes.members:
        raise ValueError("members above the thresholds are not in order")
    found = LowFpr(sizes.members, sizes.strangers, *hits)
    return judged(claim, tpr_limits(found, float(fpr), alpha), sizes.members + sizes.strangers, claim.metric)


def _control(claim: Claim, counts: Json) -> Finding | None:
    """Why nothing can be said: a control's interval does not hold one half. None where all is well."""
    for key, words in (("permuted", _BROKEN), ("blind", _SHIFTED)):
        found = auc_limits(placements_of(counts, key), CONTROL_ALPHA)
        if not found.covers(0.5):
            return not_estimable(claim, words.format(v=short(nearest(found.value))))
    return None


def placements_of(counts: Json, key: str) -> Placements:
    """The counts of one AUC. KeyError, TypeError or ValueError where they are none."""
    part = counts[key]
    if not isinstance(part, dict):
        raise TypeError(key)
    names = ("members", "strangers", "doubled", "squares_in", "squares_out")
    m, n, doubled, inner, outer = (whole(part, name) for name in names)
    if min(m, n) < 1 or doubled > 2 * m * n:
        raise ValueError(f"{key} is no count of pairs")
    return Placements(m, n, doubled, inner, outer)
