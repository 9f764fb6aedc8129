"""One evaluation of a generative service: banks checked, asked, marked, and both verdicts on every rate of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from hutong.engines.trust.content.bank import Bank, Kind
from hutong.engines.trust.content.counting import Counted, count_of, count_part
from hutong.engines.trust.content.enforce import Breach, breaches, facts_of, unchecked
from hutong.engines.trust.content.judge import Calibration, Judge, supported_level
from hutong.engines.trust.content.rules import Book, Compare
from hutong.engines.trust.content.speaking import Answers, put
from hutong.engines.trust.content.verdict import Both, Chance, both, characteristic
from hutong.engines.trust.figures import above, below, nearest
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import Limits
from hutong.engines.trust.statistics.paired import mcnemar, paired_limits
from hutong.engines.trust.statistics.prng import stream
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Asked:
    """A rate of the rules. part: the kind of questions. rate, size: keys of its bar and its sample. bad: it counts the
    answers marked bad (over-refusal)."""

    part: Kind
    rate: str
    size: str
    bad: bool
    title: Text


PARTS: tuple[Asked, ...] = (
    Asked("content", "pass_rate_min", "bank_sample_min", False, Text("acceptable answers", "生成内容合格率")),
    Asked(
        "refuse", "refusal_rate_min", "should_refuse_sample_min", False,
        Text("refused of what should be refused", "应拒答题拒答率"),
    ),
    Asked(
        "answer", "over_refusal_max", "should_not_refuse_sample_min", True,
        Text("not answered of what should be answered", "非拒答题拒答率"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One rate with its verdicts. level: highest that its judge supports. curve: the operating characteristic.

    of_risk: by risk code asked, good and exact two-sided limits of the share marked good (95 % each, for display).
    """

    asked: Asked
    counted: Counted
    verdict: Both
    curve: tuple[Chance, ...]
    level: int

    def as_json(self) -> dict[str, object]:
        spread = self.counted.clustered
        return {
            "title": self.asked.title.as_json(),
            "counted": self.counted.as_json(),
            "verdict": self.verdict.as_json(),
            "level": self.level,
            "curve": [c.as_json() for c in self.curve],
            "of_risk": of_risk(self.counted.by_risk),
            # A claim on other questions of these templates would need this error; display only.
            "clusters": {
                "templates": spread.clusters,
                "error": nearest(spread.error),
                "naive_error": nearest(spread.naive_error),
            },
        }


@dataclass(frozen=True)
class Outcome:
    """All of one evaluation. breaches: rules broken by the banks, the samples or the rates seen. regulatory: no rule is
    broken. confident: every rate passes with confidence and no rule is broken. bank: with exposures counted.

    not_checked: rules in force of which this evaluation knows nothing (corpus, keyword library, ...).
    """

    parts: tuple[Part, ...]
    breaches: tuple[Breach, ...]
    not_checked: tuple[str, ...]
    level: int
    bank: Bank = field(repr=False)
    book: str = ""
    judge: str = ""

    @property
    def regulatory(self) -> bool:
        return not self.breaches

    @property
    def confident(self) -> bool:
        return self.regulatory and all(p.verdict.confident == "pass" for p in self.parts)

    def as_json(self) -> dict[str, object]:
        return {
            "regulatory": self.regulatory,
            "confident": self.confident,
            "level": self.level,
            "judge": self.judge,
            "bank": self.bank.digest,
            "rules": self.book,
            "parts": [p.as_json() for p in self.parts],
            "breaches": [b.as_json() for b in self.breaches],
            "not_checked": list(self.not_checked),
        }


def evaluate(
    bank: Bank,
    answers: Answers,
    judge: Judge,
    book: Book,
    on: date,
    plan_seed: str,
    alpha: float = 0.05,
    minimum: int = 5,
    calibrations: Mapping[str, Calibration] | None = None,
    facts: Mapping[str, int | Fraction | Mapping[str, int]] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Outcome:
    """Evaluate a service on a bank under the rules of a day.

    alpha: error of each confident verdict. minimum: questions of every risk in each sample (0: a simple draw).
    calibrations: labels of the judge by part. facts: what else is known, by the names of `enforce.Facts`. sizes: larger
    samples, by part. `Invalid` bank.sample where the bank is smaller than the sample that the rules ask for.
    """
    labels, more = calibrations or {}, dict(facts or {})
    parts = tuple(
        _part(
            asked,
            bank,
            answers,
            judge,
            book,
            on,
            plan_seed,
            alpha,
            minimum,
            labels.get(asked.part),
            sizes or {},
        )
        for asked in PARTS
    )
    known = facts_of(bank, on, **more, **_rates(parts))
    return Outcome(
        parts=parts,
        breaches=breaches(known, book, on),
        not_checked=tuple(r.id for r in unchecked(known, book, on)),
        level=min(p.level for p in parts),
        bank=bank.expose(i for p in parts for i in p.counted.asked),
        book=book.digest,
        judge=judge.name,
    )


def _part(
    asked: Asked, bank: Bank, answers: Answers, judge: Judge, book: Book, on: date, seed: str, alpha: float,
    minimum: int, labels: Calibration | None, sizes: Mapping[str, int],
) -> Part:  # fmt: skip
    n = sizes.get(asked.part, book.count(asked.size, on))
    counted = count_part(bank, answers, judge, seed, asked.part, n, minimum, labels)
    bar, compare = book.share(asked.rate, on), _compare(asked)
    count, _ = count_of(counted.as_json(), asked.bad)
    level = supported_level(judge, labels, asked.part, bank.digest, answers.digest)
    verdict = both(count, bar, compare, alpha)
    return Part(asked, counted, verdict, characteristic(count, bar, compare, alpha), level)


def _compare(asked: Asked) -> Compare:
    return "<=" if asked.bad else ">="


def _rates(parts: Sequence[Part]) -> dict[str, int | Fraction]:
    names = {"content": "pass_rate", "refuse": "refusal_rate", "answer": "over_refusal"}
    found: dict[str, int | Fraction] = {}
    for part in parts:
        counted, kind = part.counted, part.asked.part
        hits = counted.n - counted.good if part.asked.bad else counted.good
        found |= {names[kind]: Fraction(hits, counted.n), f"{kind}_sample": counted.n}
    return found


def of_risk(by_risk: Mapping[str, tuple[int, int]]) -> list[dict[str, object]]:
    """Each risk with its share of good answers and exact two-sided 95 % limits (decimal strings)."""
    codes = sorted(by_risk)
    n, good = [by_risk[c][0] for c in codes], [by_risk[c][1] for c in codes]
    found = clopper_pearson(good, n, 0.05)
    return [
        {"risk": c, "n": m, "good": g, "lower": below(float(lo)), "upper": above(float(hi))}
        for c, m, g, lo, hi in zip(codes, n, good, found.lower, found.upper, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Gap:
    """A public item against its fresh paraphrase, paired. b: only the public one is good; c: only the fresh one.

    limits: of (b - c)/pairs, exact. p: chance of so many b or more if the bank had not been learnt by heart.
    """

    pairs: int
    b: int
    c: int
    p: float
    limits: Limits


def paraphrase_gap(
    bank: Bank, answers: Answers, judge: Judge, seed: str, most: int = 200, alpha: float = 0.05
) -> Gap:
    """Whether a service does better on public items than on private paraphrases of them: a sign of a learnt bank.

    Only pairs of one public and one private item of one language count. Exact one-sided McNemar test.
    """
    fit = [(a, b) for a, b in bank.pairs() if b.private and not a.private and a.language == b.language]
    order = stream(seed, "content.gap", bank.digest).permutation(len(fit))[:most]
    chosen = [fit[int(k)] for k in order]
    said = put(answers, [i.text for pair in chosen for i in pair])
    good = [judge.mark(i, a) == "good" for i, a in zip((i for p in chosen for i in p), said, strict=True)]
    public, fresh = good[::2], good[1::2]
    b = sum(x and not y for x, y in zip(public, fresh, strict=True))
    c = sum(y and not x for x, y in zip(public, fresh, strict=True))
    p = float(mcnemar(b, c, "first"))
    return Gap(len(chosen), b, c, p, paired_limits(b, c, max(len(chosen), 1), alpha))


def knows_canary(bank: Bank, answers: Answers) -> bool:
    """Whether the service completes the canary of a published bank: then it was trained on the file.

    A guess is right once in 16^12; silence shows nothing.
    """
    head, tail = bank.canary[:-12], bank.canary[-12:]
    asked = [f"Continue exactly: {head}", f"请原样续写：{head}"]
    return any(tail in said for said in put(answers, asked))
