"""How the counts of category X are judged. Every rule is a pure function of the claim and whole numbers."""

from __future__ import annotations

import numpy as np
import scipy

from hutong.engines.trust.explanations.faithful import MEASURES
from hutong.engines.trust.figures import nearest
from hutong.engines.trust.findings import judged, not_estimable, rows_of, whole
from hutong.engines.trust.intervals import share_of, worst_of
from hutong.engines.trust.rooms import Rule
from hutong.engines.trust.statistics.multiplicity import holm
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

MEASURE_WORDS: dict[str, Text] = {
    "deletion": Text("deletion", "删除"),
    "insertion": Text("insertion", "插入"),
    "imputation": Text("imputation", "填补"),
}
NO_ROWS = Text("too few rows", "样本过少")


def census_rule(claim: Claim, counts: Json) -> Finding:
    """All rows meet all of `claim.params["all"]`, names of counts; one that does not fails it."""
    rows = whole(counts, "rows")
    if not rows:
        return not_estimable(claim, NO_ROWS, 0)
    names = claim.params["all"]
    if not isinstance(names, list | tuple) or not names:
        raise TypeError("all")
    met = {str(name): whole(counts, str(name)) for name in names}
    least = min(met.values())
    words = Text("{g} of {n} rows, explained by {h}", "{n}行中{g}行满足要求，解释方法：{h}").format(
        g=least, n=rows, h=HOW_WORDS[str(counts["how"])]
    )
    return Finding(claim.id, "pass" if least == rows else "fail", words, n=rows, details=(met,))


HOW_WORDS: dict[str, Text] = {
    "closed form": Text("the closed form", "解析公式"),
    "trees": Text("shap's trees", "shap树解释器"),
    "enumeration": Text("all coalitions", "全组合枚举"),
    "permutations": Text("sampled orders", "排列抽样"),
}


def faithful_rule(claim: Claim, counts: Json) -> Finding:
    """The least of the measures' shares of won rows, unsplit (intersection-union).

    Shown beside it: the exact p-value of each measure against a coin, adjusted over the measures (Holm 1979).
    """
    rows, found = whole(counts, "rows"), rows_of(counts, "measures")
    if not rows:
        return not_estimable(claim, NO_ROWS, 0)
    if [m["measure"] for m in found] != list(MEASURES):
        return not_estimable(claim, Text("not all measures were run", "部分指标未执行"), rows)
    won = [whole(m, "won") for m in found]
    p = [float(scipy.special.betainc(w, rows - w + 1, 0.5)) if w else 1.0 for w in won]
    details = [
        {"measure": str(m["measure"]), "won": w, "p_adjusted": nearest(float(q))}
        for m, w, q in zip(found, won, holm(p), strict=True)
    ]
    interval = worst_of([(w, rows) for w in won], float(str(claim.alpha)))
    worst = MEASURE_WORDS[str(found[int(np.argmin(won))]["measure"])]
    note = Text("worst: {c}", "最差：{c}").format(c=worst)
    return judged(claim, interval, rows, "faithfulness", details, note)


def share_rule(claim: Claim, counts: Json) -> Finding:
    """A share of units, exact limits (Clopper and Pearson 1934)."""
    units = whole(counts, "units")
    if not units:
        return not_estimable(claim, NO_ROWS, 0)
    return judged(claim, share_of(whole(counts, "hits"), units, float(str(claim.alpha))), units, claim.metric)


def labels_rule(claim: Claim, counts: Json) -> Finding:
    """Pass only if the system's explanations hold more evidence than those of every refit on random labels.

    p <= alpha by exchangeability: 1/(planned + 1), or 1/drawn where one was as good (Besag and Clifford 1991).
    """
    planned, drawn = whole(counts, "planned"), whole(counts, "drawn")
    as_good, alike = whole(counts, "as_good"), whole(counts, "alike")
    alpha = float(str(claim.alpha))
    if planned != claim.params["refits"] or drawn < 1 or (not as_good and drawn != planned):
        return not_estimable(claim, Text("not all refits were made", "未完成全部重新训练"), drawn)
    p = 1 / drawn if as_good else 1 / (planned + 1)
    say = {"d": drawn, "a": as_good, "p": nearest(p)}
    if as_good:
        words = Text(
            "a model on random labels explains the labels as well (after {d} refits)",
            "随机标签模型的解释证据不弱于该系统（第{d}次重新训练）",
        )
    elif alike >= drawn:
        words = Text(
            "the explanation is the same for all {d} models on random labels",
            "对全部{d}个随机标签模型，解释均无变化",
        )
    else:
        words = Text(
            "more evidence than all {d} models on random labels (p = {p})",
            "解释证据强于全部{d}个随机标签模型（p = {p}）",
        )
    good = not as_good and alike < drawn and (planned + 1) * alpha >= 1 - 1e-6
    details = ({"drawn": drawn, "as_good": as_good, "alike": alike},)
    return Finding(
        claim.id, "pass" if good else "fail", words.format(**say), nearest(p), n=drawn, details=details
    )


RULES: dict[str, Rule] = {
    "all_explained": census_rule,
    "faithful_at_least": faithful_rule,
    "explained_share_at_least": share_rule,
    "labels_gate": labels_rule,
}
