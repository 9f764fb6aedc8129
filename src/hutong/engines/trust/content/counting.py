"""Ask, mark, count: one part of an evaluation as whole numbers, which any rule can judge again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hutong.engines.trust.content.bank import KINDS, Bank, Item, Kind, Sample
from hutong.engines.trust.content.judge import Calibration, Judge, Mark, People, marks_of
from hutong.engines.trust.content.limits import Count
from hutong.engines.trust.content.refusal import is_empty
from hutong.engines.trust.content.speaking import Answers, put
from hutong.engines.trust.content.transforms import NAMES, transform, twins
from hutong.engines.trust.findings import whole
from hutong.engines.trust.statistics.clusters import ClusteredMean, clustered_mean
from hutong.engines.trust.statistics.judges import Labels
from hutong.engines.trust.types import Json
from hutong.kernel.canonical import digest

DISGUISED = "disguised"
# Item, names of its disguises, texts asked; and with what was said and marked.
_Asked = tuple[Item, list[str], list[str]]
_Row = tuple[Item, list[str], list[str], list[Mark], list[str]]


@dataclass(frozen=True)
class Counted:
    """What one part counted. good: marked good; the others are bad. by_risk: (asked, good) by risk.

    labels: errors of the judge where they are known; drawn: on answers drawn from this bank under the plan's seed, of which
    unlabelled were looked at by nobody. certain: the marks are the truth. transcript: digest of all that was
    asked and answered, in order. clustered: mean with standard error by template, for display.
    """

    part: str
    n: int
    good: int
    unsure: int
    empty: int
    scheme: str
    population: int
    by_risk: Mapping[str, tuple[int, int]] = field(hash=False)
    by_name: Mapping[str, tuple[int, int]] = field(hash=False)
    labels: Labels | None
    certain: bool
    transcript: str
    clustered: ClusteredMean = field(hash=False)
    asked: tuple[str, ...] = field(repr=False)
    drawn: bool = False
    unlabelled: int = 0

    @property
    def known(self) -> bool:
        return self.certain or self.labels is not None

    def as_json(self) -> dict[str, object]:
        """Whole numbers and digests only: what is observed. `count_of` reads it again."""
        known = self.labels
        return {
            "part": self.part,
            "n": self.n,
            "good": self.good,
            "unsure": self.unsure,
            "empty": self.empty,
            "scheme": self.scheme,
            "population": self.population,
            "certain": self.certain,
            "labels": None
            if known is None
            else {
                "caught": known.caught,
                "positives": known.positives,
                "cleared": known.cleared,
                "negatives": known.negatives,
                "drawn": self.drawn,
            },
            "unlabelled": self.unlabelled,
            "by_risk": [{"risk": k, "n": n, "good": g} for k, (n, g) in sorted(self.by_risk.items())],
            "by_name": [{"name": k, "n": n, "good": g} for k, (n, g) in sorted(self.by_name.items())],
            "transcript": self.transcript,
        }


def count_of(counts: Json, bad: bool) -> tuple[Count, bool]:
    """The `Count` of observed numbers, hits being the bad ones or the good ones, and whether the judge is known."""
    n, good, certain = whole(counts, "n"), whole(counts, "good"), counts["certain"]
    given = counts["labels"]
    if good > n or not isinstance(certain, bool) or counts["scheme"] not in ("simple", "stratified"):
        raise ValueError("counts of a part")
    labels: Labels | None = None
    if not certain:
        names = ("caught", "positives", "cleared", "negatives")
        labels = Labels(0, 0, 0, 0)
        if isinstance(given, Mapping):
            labels = Labels(*(whole(given, k) for k in names))
    drawn = isinstance(given, Mapping) and given.get("drawn") is True
    count = Count(
        n - good if bad else good, n, str(counts["scheme"]), whole(counts, "population"), bad, labels, drawn
    )
    return count, certain or isinstance(given, Mapping)


def count_part(
    bank: Bank,
    answers: Answers,
    judge: Judge,
    seed: str,
    part: Kind,
    n: int,
    minimum: int = 0,
    calibration: Calibration | None = None,
) -> Counted:
    """Draw n items of a kind, ask each once, mark every answer."""
    sample = bank.sample(seed, n, part, minimum)
    rows = _ask([_plain(i) for i in sample.items], answers, judge)
    return _counted(part, sample, rows, judge, _labels(judge, calibration, part, bank, answers))


def count_disguised(
    bank: Bank,
    answers: Answers,
    judge: Judge,
    seed: str,
    n: int,
    names: Sequence[str] = NAMES,
    minimum: int = 0,
    calibration: Calibration | None = None,
) -> Counted:
    """Worst of k: should-refuse items asked plain and in every disguise; good only where every answer is.

    by_name: asked and good by disguise. n - good is the number of items on which some disguise hits (hit@k).
    """
    sample = bank.sample(seed, n, "refuse", minimum)
    asked = _disguised(bank, sample.items, seed, names)
    rows = _ask(asked, answers, judge)
    return _counted("disguised", sample, rows, judge, _labels(judge, calibration, "disguised", bank, answers))


def with_labels(
    counted: Counted, bank: Bank, answers: Answers, judge: Judge, seed: str, people: People, n: int
) -> Counted:
    """The count with the errors of its judge, on n further items that the seed draws and people have looked at.

    None is left out: where people have not looked at every answer drawn, the judge's errors stay unknown, since labels
    picked by hand speak of what was picked. n is cut where the bank has no more items.
    """
    part: Kind = "refuse" if counted.part == DISGUISED else _kind(counted.part)
    gone = set(counted.asked)
    n = min(n, sum(i.id not in gone for i in bank.active(part)))
    if judge.certain or n < 1:
        return counted
    items = bank.sample(f"{seed}|labels", n, part, without=gone).items
    asked = _disguised(bank, items, seed, NAMES) if counted.part == DISGUISED else [_plain(i) for i in items]
    rows = _ask(asked, answers, judge)
    looks = [[people.look(item, a) for a in said] for item, _, said, _, _ in rows]
    unlabelled = sum(look is None for row in looks for look in row)
    if unlabelled:
        return replace(counted, unlabelled=unlabelled)
    bad = [any(row) for row in looks]
    flagged = [any(m != "good" for m in marks) for _, _, _, marks, _ in rows]
    labels = Labels(
        sum(f and b for f, b in zip(flagged, bad, strict=True)), sum(bad),
        sum(not f and not b for f, b in zip(flagged, bad, strict=True)), len(bad) - sum(bad),
    )  # fmt: skip
    return replace(counted, labels=labels, drawn=True)


def _kind(part: str) -> Kind:
    return next(kind for kind in KINDS if kind == part)


def _plain(item: Item) -> _Asked:
    return item, ["plain"], [item.text]


def _disguised(bank: Bank, items: Sequence[Item], seed: str, names: Sequence[str]) -> list[_Asked]:
    """Every item plain and in each disguise that changes it."""
    pairs = twins(bank.active("refuse"))
    asked: list[_Asked] = []
    for item in items:
        made = [("plain", item.text), *((m, transform(m, item, seed, pairs)) for m in names)]
        kept = [(m, t) for m, t in made if t is not None]
        asked.append((item, [m for m, _ in kept], [t for _, t in kept]))
    return asked


def _ask(asked: Sequence[_Asked], answers: Answers, judge: Judge) -> list[_Row]:
    """All questions in one call, all marks in one."""
    said = put(answers, [t for _, _, texts in asked for t in texts])
    owners = [item for item, _, texts in asked for _ in texts]
    marks = marks_of(judge, list(zip(owners, said, strict=True)))
    replies, marked = iter(said), iter(marks)
    return [
        (item, texts, [next(replies) for _ in texts], [next(marked) for _ in texts], tags)
        for item, tags, texts in asked
    ]


def _labels(
    judge: Judge, calibration: Calibration | None, part: str, bank: Bank, answers: Answers
) -> Labels | None:
    if calibration is None or not calibration.speaks_of(judge.name, part, bank.digest, answers.digest):
        return None
    return calibration.labels


def _counted(part: str, sample: Sample, rows: Sequence[_Row], judge: Judge, labels: Labels | None) -> Counted:
    by_risk: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    by_name: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    good: list[bool] = []
    for item, _, _, marks, tags in rows:
        good.append(all(m == "good" for m in marks))
        by_risk[item.risk][0] += 1
        by_risk[item.risk][1] += good[-1]
        for tag, mark in zip(tags, marks, strict=True):
            by_name[tag][0] += 1
            by_name[tag][1] += mark == "good"
    replies = [a for _, _, said, _, _ in rows for a in said]
    return Counted(
        part=part,
        n=len(rows),
        good=sum(good),
        unsure=sum(m == "unsure" for _, _, _, marks, _ in rows for m in marks),
        empty=sum(is_empty(a) for a in replies),
        scheme=sample.scheme,
        population=sample.population,
        by_risk={k: (n, g) for k, (n, g) in by_risk.items()},
        by_name={k: (n, g) for k, (n, g) in by_name.items()},
        labels=labels,
        certain=judge.certain,
        transcript=digest([[i.id, t, a, m] for i, t, a, m, _ in rows]),
        clustered=clustered_mean(np.array(good, dtype=np.float64), [i.cluster for i, *_ in rows]),
        asked=tuple(i.id for i, *_ in rows),
    )
