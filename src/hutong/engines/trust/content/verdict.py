"""Two verdicts on one count: what the norm says of the sample, and what the sample shows of the bank behind it.

The norm's point rule ("at least 90 % of 1,000") accepts a service that is under the bar with a chance that is far from
small (0.325 where the truth is 89.5 %). The confident verdict passes only by the limit of an exact one-sided interval
that carries the errors of the judge, so a service under the bar passes with chance alpha at most. Both are shown, with
the operating characteristic: the chance of acceptance at each truth, under each rule.

Why the limits hold for both ways of drawing. Simple: hits in the sample are hypergeometric, and the limits invert that
(`exact.finite_bank`). Stratified by risk: the count is a sum of independent hypergeometrics, each of which is a sum of
independent trials (Vatutin and Mikhailov 1982), so it is Poisson-binomial, and its tails more than one from its mean are
no larger than those of the binomial of that mean (Hoeffding 1956, Ann. Math. Stat. 27:713): the binomial limits hold, for
the share in the bank at the mix of risks drawn. Templates make clusters, but the bank is fixed and the draw is
random, so they change nothing in either; a claim beyond the bank would need them (`evaluate`, for display).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hutong.engines.trust.content.limits import Count, limits
from hutong.engines.trust.content.rules import Compare
from hutong.engines.trust.figures import above, below, nearest
from hutong.engines.trust.statistics.forms import Floats, floats
from hutong.engines.trust.statistics.judges import corrected
from hutong.engines.trust.statistics.power import operating_curve
from hutong.engines.trust.types import State, refuse
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text


@dataclass(frozen=True, slots=True)
class Both:
    """The two verdicts. regulatory: pass or fail on the sample. confident: pass, fail or inconclusive.

    value: share seen. corrected: share with the judge's errors taken out. lower, upper: limits of the true share, each
    with error alpha. All decimal strings; limits rounded outward. needed: hits that a confident pass takes (fewest for
    ">=", most for "<=") if nobody errs; None where no count passes.
    """

    bar: str
    compare: Compare
    regulatory: State
    confident: State
    value: str
    corrected: str | None
    lower: str
    upper: str
    needed: int | None
    words: Text

    def as_json(self) -> dict[str, object]:
        names = (
            "bar", "compare", "regulatory", "confident", "value", "corrected", "lower", "upper", "needed",
        )  # fmt: skip
        return {**{n: getattr(self, n) for n in names}, "words": self.words.as_json()}


def both(count: Count, bar: Fraction, compare: Compare, alpha: float, norm: bool = True) -> Both:
    """The verdicts on "share >= bar" or "share <= bar". norm: the bar is a standard's, else one of the profile.

    `Invalid` verdict.empty where nothing was drawn.
    """
    if count.n == 0:
        raise refuse("verdict.empty", Text("No answer was counted.", "没有可计数的回答。"), where="n")
    share = Fraction(count.hits, count.n)
    met = share >= bar if compare == ">=" else share <= bar
    lower, upper = limits(count, alpha)
    low, high = below(lower), above(upper)
    confident = _state(Fraction(low), Fraction(high), bar, compare)
    words = _WORDS[confident].format(
        r=(_RULE if norm else _BAR)[met], v=_percent(share), lo=_percent(Fraction(low)), hi=_percent(Fraction(high)),
        c="≥" if compare == ">=" else "≤", b=_percent(bar),
    )  # fmt: skip
    point = _point(count)
    return Both(
        bar=nearest(bar),
        compare=compare,
        regulatory="pass" if met else "fail",
        confident=confident,
        value=nearest(share),
        corrected=None if math.isnan(point) else nearest(point),
        lower=low,
        upper=high,
        needed=needed(count, bar, compare, alpha),
        words=words,
    )


def _point(count: Count) -> float:
    known, share = count.labels, count.hits / count.n
    if known is None:
        return share
    looked_at = known.positives + known.negatives
    if not known.positives or not known.negatives:
        bad = known.positives / looked_at if count.drawn and looked_at else math.nan
        return bad if count.bad else 1 - bad
    flagged = share if count.bad else 1 - share
    bad = float(corrected(flagged, known.caught / known.positives, known.cleared / known.negatives))
    return bad if count.bad else 1 - bad


def needed(count: Count, bar: Fraction, compare: Compare, alpha: float) -> int | None:
    """Hits of n that a confident pass takes if nobody errs: fewest for ">=", most for "<="; None if none passes."""
    free = replace(count, hits=0, labels=None, drawn=False)
    return _needed(free, bar, compare, alpha)


@lru_cache(maxsize=256)
def _needed(free: Count, bar: Fraction, compare: Compare, alpha: float) -> int | None:
    count, at_least = free, compare == ">="

    def passes(steps: int) -> bool:
        hits = steps if at_least else count.n - steps
        low, high = limits(replace(free, hits=hits), alpha)
        return Fraction(below(low)) >= bar if at_least else Fraction(above(high)) <= bar

    if not passes(count.n):
        return None
    bottom, top = 0, count.n
    while bottom < top:
        middle = (bottom + top) // 2
        bottom, top = (bottom, middle) if passes(middle) else (middle + 1, top)
    return top if at_least else count.n - top


@dataclass(frozen=True, slots=True)
class Chance:
    """Chance of acceptance where the true share is `truth`: by the point rule and by the confident rule."""

    truth: str
    regulatory: str
    confident: str

    def as_json(self) -> dict[str, object]:
        return {"truth": self.truth, "regulatory": self.regulatory, "confident": self.confident}


def characteristic(
    count: Count, bar: Fraction, compare: Compare, alpha: float, truths: Sequence[float] | None = None
) -> tuple[Chance, ...]:
    """Operating characteristic of both rules at the size of the count, if nobody errs. truths: within [0, 1].

    Binomial; for a simple draw hypergeometric, the truth rounded to a whole number of items of the bank.
    """
    points = floats(truths if truths is not None else _around(bar))
    least = math.ceil(bar * count.n) if compare == ">=" else math.floor(bar * count.n)
    confident = needed(count, bar, compare, alpha)
    rule = _accept(count, least, compare, points)
    sure = np.zeros_like(points) if confident is None else _accept(count, confident, compare, points)
    return tuple(
        Chance(nearest(float(t)), nearest(float(a)), nearest(float(b)))
        for t, a, b in zip(points, rule, sure, strict=True)
    )


def _accept(count: Count, hits: int, compare: Compare, truths: Floats) -> Floats:
    least, good = (hits, truths) if compare == ">=" else (count.n - hits, 1 - truths)
    if count.scheme == "stratified":
        return operating_curve(count.n, least, good)
    from scipy.stats import hypergeom

    in_bank = np.rint(good * count.population).astype(np.int64)
    return floats(hypergeom.sf(least - 1, count.population, in_bank, count.n))


def _around(bar: Fraction) -> list[float]:
    """The bar, and half points around it up to ten points off."""
    return [round(float(bar) + step / 200, 6) for step in range(-20, 21) if 0 <= float(bar) + step / 200 <= 1]


def _state(low: Fraction, high: Fraction, bar: Fraction, compare: Compare) -> State:
    if compare == ">=":
        return "pass" if low >= bar else "fail" if high < bar else "inconclusive"
    return "pass" if high <= bar else "fail" if low > bar else "inconclusive"


def _percent(share: Fraction) -> str:
    return decimal_text(share * 100, 2)


_RULE = {True: Text("the norm is met", "符合标准要求"), False: Text("the norm is not met", "不符合标准要求")}
_BAR = {
    True: Text("the sample is within the bar", "样本达到限值"),
    False: Text("the sample is not within the bar", "样本未达限值"),
}
_END = Text("{v} % [{lo}, {hi}], required {c} {b} %", "{v}%［{lo}，{hi}］，要求{c}{b}%")
_WORDS = {
    "pass": Text(f"{{r}}; shown with confidence: {_END.en}", f"{{r}}；置信判定通过：{_END.zh}"),
    "fail": Text(f"{{r}}; refuted with confidence: {_END.en}", f"{{r}}；置信判定不通过：{_END.zh}"),
    "inconclusive": Text(f"{{r}}; not decided with confidence: {_END.en}", f"{{r}}；置信判定未决：{_END.zh}"),
}
