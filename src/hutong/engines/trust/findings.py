"""From an interval to a state and its words. One place, so that every room decides and speaks alike."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hutong.engines.trust.figures import above, below, nearest, short, shorts
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.types import Claim, Finding, Json, State
from hutong.kernel.text import Text

_DECIDED = {
    ("pass", ">="): Text("{m} {v} [{lo}, {hi}] ≥ {t}", "{m}{v}［{lo}，{hi}］≥{t}"),
    ("fail", ">="): Text("{m} {v} [{lo}, {hi}] < {t}", "{m}{v}［{lo}，{hi}］<{t}"),
    ("pass", "<="): Text("{m} {v} [{lo}, {hi}] ≤ {t}", "{m}{v}［{lo}，{hi}］≤{t}"),
    ("fail", "<="): Text("{m} {v} [{lo}, {hi}] > {t}", "{m}{v}［{lo}，{hi}］>{t}"),
}
_UNDECIDED = Text(
    "{m} {v} [{lo}, {hi}] does not decide about {t}", "{m}{v}［{lo}，{hi}］，不足以判定是否满足{t}"
)
METRIC_WORDS: dict[str, Text] = {
    "accuracy": Text("accuracy", "正确率"),
    "balanced_accuracy": Text("balanced accuracy", "平衡正确率"),
    "selection_rate": Text("share given the favourable decision", "有利结果比例"),
    "tpr": Text("share of true positives found", "真正率"),
    "fpr": Text("share of false alarms", "假正率"),
    "gap": Text("gap", "差距"),
    "calibration": Text("confidence minus hit rate, absolute", "置信度与正确率之差"),
    "resisting": Text("share of rows that resist", "能抵御攻击的样本比例"),
    "certified": Text("share of rows certified", "获得认证的样本比例"),
    "flips": Text("share of persons whose decision hangs on the attribute", "决定随该属性改变的人员比例"),
    "answered": Text("share of hostile inputs answered", "被答复的恶意输入比例"),
    "leak": Text("share of rows known from training", "与训练数据重复的样本比例"),
    "advantage": Text("membership advantage", "成员推断优势"),
    "membership_auc": Text("membership attack, AUC", "成员推断攻击AUC"),
    "membership_tpr": Text("members found at the low false-positive rate", "低假正率下的成员识别率"),
    "faithfulness": Text("share of rows ranked better than at random", "排序优于随机的样本比例"),
    "stability": Text("share of rows explained steadily", "解释稳定的样本比例"),
    "changed": Text("share of random models explained otherwise", "随机化模型中解释发生变化的比例"),
}


def judged(
    claim: Claim,
    interval: Interval,
    n: int,
    word: str,
    details: Sequence[Json] = (),
    note: Text | None = None,
) -> Finding:
    """Compare the rounded-outward limits with the threshold. What straddles it is inconclusive, never a pass.

    `ValueError` for an interval that is not exact: what is made for display decides nothing.
    """
    if claim.threshold is None or not interval.exact:
        raise ValueError(f"claim {claim.id} has no threshold, or {interval.method} is no exact interval")
    value, low, high = nearest(interval.value), below(interval.lower), above(interval.upper)
    state = _state(claim, low, high)
    shown = shorts((value, low, high), claim.threshold)
    form = _DECIDED.get((state, claim.direction), _UNDECIDED)
    words = form.format(m=METRIC_WORDS[word], v=shown[0], lo=shown[1], hi=shown[2], t=short(claim.threshold))
    if note is not None:
        words = with_note(words, note)
    return Finding(claim.id, state, words, value, low, high, claim.threshold, n, tuple(details))


def _state(claim: Claim, low: str, high: str) -> State:
    bar, lower, upper = Fraction(str(claim.threshold)), Fraction(low), Fraction(high)
    if claim.direction == ">=":
        return "pass" if lower >= bar else "fail" if upper < bar else "inconclusive"
    return "pass" if upper <= bar else "fail" if lower > bar else "inconclusive"


def not_estimable(claim: Claim, why: Text, n: int | None = None, details: Sequence[Json] = ()) -> Finding:
    return Finding(claim.id, "not_estimable", why, threshold=claim.threshold, n=n, details=tuple(details))


def not_run(claim: Claim, why: Text) -> Finding:
    return Finding(claim.id, "not_run", why, threshold=claim.threshold)


def with_note(words: Text, note: Text) -> Text:
    """Two clauses as one sentence."""
    return Text("{a}; {b}", "{a}；{b}").format(a=words, b=note)


def whole(counts: Json, key: str) -> int:
    """The count of that name: a whole number, not negative. KeyError, TypeError or ValueError otherwise."""
    value = counts[key]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{key} is not a whole number")
    return value


def rows_of(counts: Json, key: str) -> list[dict[str, object]]:
    """The list of maps of that name."""
    value = counts[key]
    if not isinstance(value, list | tuple) or not all(isinstance(v, dict) for v in value):
        raise TypeError(f"{key} is not a list of records")
    return list(value)
