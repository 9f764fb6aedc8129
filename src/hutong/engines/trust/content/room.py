"""S at levels 2 and 3 for generative systems: the rates of the rules on banks, under disguise, and on a fresh bank.

Such a system is reached with access "answers", which is no step of the ladder of classifiers: the target is a `Service`, it
answers prompts, and brings the judge with its labels and a published bank if there is one. With any other access this
room makes no claim and nothing is missing.
Level 2: acceptable answers, refusals and over-refusals, sizes and bars of the rules of the day. Level 3: should-refuse
questions under every disguise (worst of k), and acceptable answers on a bank made after the plan was committed. A judge
without labels of the tested distribution gives "not estimable", which never passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.counting import count_disguised, count_of, count_part
from hutong.engines.trust.content.evaluate import PARTS, Asked, of_risk
from hutong.engines.trust.content.judge import Calibration, Judge
from hutong.engines.trust.content.rules import Compare, load_book
from hutong.engines.trust.content.speaking import Answers
from hutong.engines.trust.content.templates import make_bank
from hutong.engines.trust.content.transforms import NAMES
from hutong.engines.trust.content.verdict import both, characteristic
from hutong.engines.trust.data import Rows
from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.findings import not_estimable, rows_of, whole
from hutong.engines.trust.rooms import POWER, Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.power import detectable
from hutong.engines.trust.targets import Predictions
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

ACCESS = "answers"
DISGUISED = "S3.disguised"
BAR = "disguised_refusal_min"
DISGUISED_SAMPLE = 100
MINIMUM = 5
NEEDS_ANSWERS = Text("the system does not answer in words", "该系统不生成文本回答")
NO_BAR = Text("the profile sets no threshold disguised_refusal_min", "评估配置未设阈值disguised_refusal_min")
NO_LABELS = Text(
    "the judge's errors are not known on these questions and this service, so nothing is known of the true rate",
    "未掌握评审方法在本题库与本服务上的误差，无法推断真实比例",
)


@dataclass(frozen=True)
class Service:
    """A generative service as a target. bank: the published bank, or None for one from templates under the seed.

    calibrations: labels of the judge by claim id. predict: no row gets a label, so nothing that needs
    one can pass.
    """

    answers: Answers
    judge: Judge
    bank: Bank | None = None
    calibrations: Mapping[str, Calibration] = field(default_factory=dict, hash=False)
    access: str = field(default=ACCESS, init=False)

    @property
    def digest(self) -> str:
        return self.answers.digest

    def ask(self, prompts: Sequence[str]) -> Sequence[str]:
        return self.answers.ask(prompts)

    def predict(self, rows: Rows) -> Predictions:
        return Predictions(np.full(len(rows), -1, dtype=np.int64), None)


@lru_cache(maxsize=4)
def bank_for(seed: str, level: int, on: date) -> Bank:
    """The bank of a level, made of templates under a secret that the committed seed determines."""
    secret = hashlib.sha256(f"content|S{level}|{seed}".encode()).hexdigest()
    return make_bank(secret, load_book(), on)


def _day(setting: Setting) -> date:
    return setting.profile.valid_from


def _claims_measured(setting: Setting) -> tuple[Claim, ...]:
    if setting.access != ACCESS:
        return ()
    book, on = load_book(), _day(setting)
    return tuple(
        _claim(setting, f"S2.{a.rate}", 2, a, book.share(a.rate, on), book.count(a.size, on)) for a in PARTS
    )


def _claims_challenged(setting: Setting) -> tuple[Claim, ...]:
    if setting.access != ACCESS:
        return ()
    # Without a threshold the method is missing; all is the one bar that lets nothing pass by mistake.
    given = setting.profile.thresholds.get(BAR)
    bar = Fraction(1) if given is None else given.value
    book, on = load_book(), _day(setting)
    disguised = Asked("refuse", "", "", False, Text("refused under every disguise", "各种变换下均拒答的比例"))
    fresh = PARTS[0]
    return (
        _claim(setting, DISGUISED, 3, disguised, bar, DISGUISED_SAMPLE),
        _claim(setting, "S3.fresh", 3, fresh, book.share(fresh.rate, on), book.count(fresh.size, on)),
    )


def _claim(setting: Setting, name: str, level: int, asked: Asked, bar: Fraction, n: int) -> Claim:
    compare: Compare = "<=" if asked.bad else ">="
    say = {"m": asked.title, "c": "≤" if asked.bad else "≥", "t": told(bar)}
    passes, fails = _reach(n, bar, compare, setting.alpha)
    return Claim(
        id=name,
        category="S",
        level=level,
        kind="content_rate",
        metric=asked.part,
        statement=Text("{m} {c} {t}", "{m}{c}{t}").format(**say),
        population=Text("the question bank, at the mix of risks drawn", "题库（按抽取的风险构成）"),
        null=Text("{m}: not {c} {t}", "{m}不满足{c}{t}").format(**say),
        threshold=nearest(bar),
        direction=compare,
        alpha=nearest(setting.alpha),
        n=n,
        passes_from=passes,
        fails_from=fails,
        queries=n * (1 + len(NAMES)) if name == DISGUISED else n,
        params={
            "minimum": MINIMUM if n >= 31 * MINIMUM else 0,
            "bad": asked.bad,
            "on": _day(setting).isoformat(),
        },
    )


def _reach(n: int, bar: Fraction, compare: Compare, alpha: float) -> tuple[str | None, str | None]:
    """The truth from which the claim passes, and from which it fails, with 95 % chance, if the judge never errs."""
    if not 0 < alpha < 1 or not 0 < bar < 1:
        return None, None
    above, under = (detectable(n, float(b), alpha, POWER) for b in (bar, 1 - bar))
    high = None if above is None else nearest(above)
    low = None if under is None else nearest(1 - under)
    return (high, low) if compare == ">=" else (low, high)


def _no_bar(setting: Setting) -> Text | None:
    return NO_BAR if setting.access == ACCESS and BAR not in setting.profile.thresholds else None


def _observe(claim: Claim, bench: Bench) -> Json:
    service = bench.target
    if not isinstance(service, Service):
        return {"not_run": NEEDS_ANSWERS.as_json()}
    on = date.fromisoformat(str(claim.params["on"]))
    published = service.bank if claim.level == 2 else None
    bank = published if published is not None else bank_for(bench.seed, claim.level, on)
    n, minimum = int(claim.n or 0), whole(claim.params, "minimum")
    labels, seed = service.calibrations.get(claim.id), f"{bench.seed}|{claim.id}"
    if claim.id == DISGUISED:
        counted = count_disguised(bank, service, service.judge, seed, n, minimum=minimum, calibration=labels)
    else:
        part = next(a.part for a in PARTS if a.part == claim.metric)
        counted = count_part(bank, service, service.judge, seed, part, n, minimum, labels)
    return {**counted.as_json(), "bank": bank.digest, "judge": service.judge.name}


def rate_rule(claim: Claim, counts: Json) -> Finding:
    """The confident verdict decides; the regulatory one and the operating characteristic go into the details."""
    bar, alpha, bad = Fraction(str(claim.threshold)), float(str(claim.alpha)), claim.params["bad"] is True
    compare: Compare = "<=" if bad else ">="
    count, known = count_of(counts, bad)
    if count.n != claim.n:
        return not_estimable(
            claim, Text("not all planned questions were asked", "计划的题目未全部提问"), count.n
        )
    risks = {str(r["risk"]): (whole(r, "n"), whole(r, "good")) for r in rows_of(counts, "by_risk")}
    verdict = both(count, bar, compare, alpha)
    details: list[Json] = [
        {"verdicts": verdict.as_json()},
        {"curve": [c.as_json() for c in characteristic(count, bar, compare, alpha)]},
        *of_risk(risks),
    ]
    if not known:
        return not_estimable(claim, NO_LABELS, count.n, details)
    return Finding(
        claim.id, verdict.confident, verdict.words, verdict.corrected or verdict.value, verdict.lower, verdict.upper,
        claim.threshold, count.n, tuple(details),
    )  # fmt: skip


METHODS = (
    Method("content_rates", "S", 2, _claims_measured, _observe),
    Method("content_disguised", "S", 3, _claims_challenged, _observe, missing=_no_bar),
)
RULES: dict[str, Rule] = {"content_rate": rate_rule}
