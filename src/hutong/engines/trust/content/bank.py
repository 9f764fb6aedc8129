"""Question banks: items with risk, licence, exposure and retirement; sampling that is a function of a seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Literal

from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.types import refuse
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text

Kind = Literal["content", "refuse", "answer"]
KINDS: tuple[Kind, ...] = ("content", "refuse", "answer")
KIND_WORDS: dict[str, Text] = {
    "content": Text("questions on generated content", "生成内容题"),
    "refuse": Text("questions that should be refused", "应拒答题"),
    "answer": Text("questions that should be answered", "非拒答题"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One question. kind: what is expected of it. template: items of one template are one cluster.

    pair: name shared by an item and its paraphrase or translation. exposure: how often it left the bank.
    private: never shown outside the runner. retired: no longer drawn.
    """

    id: str
    risk: str
    language: str
    text: str
    licence: str
    origin: str
    kind: Kind = "content"
    template: str = ""
    pair: str = ""
    exposure: int = 0
    private: bool = False
    retired: bool = False

    def as_json(self) -> dict[str, object]:
        names = (
            "id",
            "risk",
            "language",
            "text",
            "licence",
            "origin",
            "kind",
            "template",
            "pair",
            "exposure",
        )
        return {**{n: getattr(self, n) for n in names}, "private": self.private, "retired": self.retired}

    @property
    def cluster(self) -> str:
        return self.template or self.id


@dataclass(frozen=True, slots=True)
class Sample:
    """Items drawn without replacement. scheme: "simple" (all items alike) or "stratified" (a minimum per risk).

    population: how many could be drawn, also by risk: the finite bank that an inference speaks of.
    """

    items: tuple[Item, ...]
    scheme: Literal["simple", "stratified"]
    population: int
    of_risk: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True)
class Bank:
    """A named set of items. renewed: day of the last change. Never changed in place: each change is a new bank."""

    id: str
    items: tuple[Item, ...]
    renewed: date

    def __post_init__(self) -> None:
        if len({i.id for i in self.items}) != len(self.items):
            raise refuse("bank.ids", Text("Two items have one id.", "存在重复的题目编号。"), where=self.id)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the questions as such: neither exposure nor retirement changes it, nor the order."""
        said = [
            {k: v for k, v in i.as_json().items() if k not in ("exposure", "retired")}
            for i in sorted(self.items, key=lambda i: i.id)
        ]
        return digest({"id": self.id, "items": said})

    @property
    def canary(self) -> str:
        """A string to put beside published copies: a model that can say it has read the bank."""
        return f"hutong-bank-canary-{self.digest[:24]}"

    def active(self, kind: Kind | None = None, max_exposure: int | None = None) -> tuple[Item, ...]:
        return tuple(
            i
            for i in self.items
            if not i.retired
            and (kind is None or i.kind == kind)
            and (max_exposure is None or i.exposure <= max_exposure)
        )

    def expose(self, ids: Iterable[str]) -> Bank:
        """The bank after these items were shown once more. `Invalid` bank.unknown for an id that it lacks."""
        times: dict[str, int] = defaultdict(int)
        for name in ids:
            times[name] += 1
        self._known(times)
        changed = tuple(replace(i, exposure=i.exposure + times.get(i.id, 0)) for i in self.items)
        return replace(self, items=changed)

    def retire(self, ids: Iterable[str], on: date) -> Bank:
        """The bank with these items retired: kept for old reports, never drawn again."""
        gone = dict.fromkeys(ids)
        self._known(gone)
        return Bank(self.id, tuple(replace(i, retired=i.retired or i.id in gone) for i in self.items), on)

    def pairs(self) -> tuple[tuple[Item, Item], ...]:
        """Two items that say the same (paraphrase, translation), by the name that they share; public one first."""
        named: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            if item.pair and not item.retired:
                named[item.pair].append(item)
        ordered = (sorted(v, key=lambda i: (i.private, i.id)) for _, v in sorted(named.items()))
        return tuple((v[0], v[1]) for v in ordered if len(v) == 2)

    def sample(
        self,
        seed: str,
        n: int,
        kind: Kind = "content",
        minimum: int = 0,
        max_exposure: int | None = None,
        without: Collection[str] = (),
    ) -> Sample:
        """n active items of a kind, drawn without replacement; with a minimum, at least that many of each risk.

        without: ids left out, e.g. those counted already where answers are drawn for people to label.
        A function of seed, bank and size alone (Philox by name). Strata are drawn in proportion to their size except
        where the minimum binds. `Invalid` bank.sample where the bank is smaller than what is asked.
        """
        gone = set(without)
        items = sorted((i for i in self.active(kind, max_exposure) if i.id not in gone), key=lambda i: i.id)
        if not 0 < n <= len(items):
            raise _too_small(n, len(items), kind)
        by_risk: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            by_risk[item.risk].append(item)
        sizes = {risk: len(v) for risk, v in sorted(by_risk.items())}
        if not minimum:
            places = stream(seed, "content.sample", self.digest, kind).permutation(len(items))[:n]
            return Sample(tuple(items[int(p)] for p in places), "simple", len(items), sizes)
        drawn: list[Item] = []
        for risk, count in allocation(sizes, n, minimum).items():
            places = stream(seed, "content.sample", self.digest, kind, risk).permutation(sizes[risk])[:count]
            drawn += [by_risk[risk][int(p)] for p in places]
        # Mixed, so that a service cannot tell by order which risk comes next.
        order = stream(seed, "content.order", self.digest, kind).permutation(len(drawn))
        return Sample(tuple(drawn[int(p)] for p in order), "stratified", len(items), sizes)

    def _known(self, ids: Iterable[str]) -> None:
        unknown = sorted(set(ids) - {i.id for i in self.items})
        if unknown:
            raise refuse(
                "bank.unknown",
                Text("The bank has no such item.", "题库中没有该题目。"),
                where=unknown[0][:80],
            )


def allocation(sizes: Mapping[str, int], n: int, minimum: int) -> dict[str, int]:
    """How many of n to draw from each stratum: at least the minimum, at most all, else in proportion to size.

    Largest remainders, ties by name. `Invalid` bank.sample where minima exceed n or a stratum is below the minimum.
    """
    short = [k for k, size in sizes.items() if size < minimum]
    if short or minimum * len(sizes) > n or n > sum(sizes.values()):
        raise _too_small(n, sum(sizes.values()), short[0] if short else "minimum")
    fixed: dict[str, int] = {}
    while True:
        free = {k: s for k, s in sizes.items() if k not in fixed}
        left, of = n - sum(fixed.values()), sum(free.values())
        # A stratum whose fair part is under the minimum gets the minimum; the others share what is left.
        low = {k: minimum for k, s in free.items() if s * left < minimum * of}
        if not low:
            break
        fixed |= low
    parts = {k: divmod(s * left, of) for k, s in free.items()}
    drawn = {k: whole for k, (whole, _) in parts.items()}
    spare = left - sum(drawn.values())
    for k in sorted(parts, key=lambda k: (-parts[k][1], k))[:spare]:
        drawn[k] += 1
    return {k: (fixed | drawn)[k] for k in sizes}


def _too_small(n: int, have: int, where: str) -> Exception:
    what = Text("{n} items cannot be drawn from {h} so.", "无法按要求从{h}题中抽取{n}题。").format(
        n=n, h=have
    )
    remedy = Text("Add items to the bank, or ask for fewer.", "请增补题库或减少抽取数。")
    return refuse("bank.sample", what, remedy, where)
