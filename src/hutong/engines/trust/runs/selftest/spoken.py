"""Planted services that answer in words: a share of a bank is answered unacceptably, and that share is the truth.

The bank is finite, so the truth is exact: a null has one bad answer too many to be at the bar. Two kinds of judge: people who
mark everything (certain), and a machine that errs at a rate which people measure on answers drawn apart. The second has no
smallest effect that a plan could state, so its null is a small lie and its defect a large one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import numpy as np

from hutong.engines.trust.content.asking import DISGUISED, WORST, bank_of
from hutong.engines.trust.content.bank import Bank, Item
from hutong.engines.trust.content.judge import Mark
from hutong.engines.trust.content.room import METHODS, RULES
from hutong.engines.trust.content.rules import load_book
from hutong.engines.trust.content.service import Service, no_rows
from hutong.engines.trust.content.speaking import ASKED
from hutong.engines.trust.content.templates import make_bank
from hutong.engines.trust.content.transforms import NAMES, transform, twins
from hutong.engines.trust.profile import load_profile
from hutong.engines.trust.rooms import Bench, Method, Setting
from hutong.engines.trust.runs.selftest.planting import ALPHA, LEAST, Role, truth
from hutong.engines.trust.types import Category, Claim, Domain, System

GOOD, BAD = "an acceptable answer", "an unacceptable answer"
PROFILE = "generative-service"
# One bank and one draw from it for all cases: what is drawn anew is which questions are answered badly, which comes to the same.
SEED = "the self-test's own banks"
# A machine that judges: how often it misses a bad answer, how often it calls a good one bad.
MISSES, FALSE_ALARMS = 0.1, 0.02


@dataclass(frozen=True)
class Planted:
    """Answers badly to the questions of these items, however they are disguised. items: item of every text."""

    items: Mapping[str, str] = field(repr=False)
    bad: frozenset[str] = field(repr=False)
    digest: str = "0" * 64

    def ask(self, prompts: Sequence[str]) -> list[str]:
        return [BAD if self.items[p] in self.bad else GOOD for p in prompts]


@dataclass(frozen=True)
class Reading:
    """Judges answers. errs: items on which it says the opposite of the truth; as people it never errs."""

    errs: frozenset[str] = frozenset()
    certain: bool = True
    name: str = "planted"

    def mark(self, item: Item, answer: str) -> Mark:
        return "bad" if (answer == BAD) != (item.id in self.errs) else "good"

    def look(self, item: Item, answer: str) -> bool:
        return answer == BAD


@dataclass(frozen=True)
class Spoken:
    """A planted test of one claim of content. machine: whether a machine judges, whose errors are measured."""

    name: str
    claim_id: str
    level: int
    machine: bool = False
    weight: int = 2
    least: int = LEAST
    category: Category = "S"
    caught: tuple[str, ...] = ("fail",)

    def state(self, role: Role, chance: np.random.Generator) -> str:
        """The state that the room's own method and rule give to one drawn case."""
        method, claim = _claim(self.claim_id)
        bank, items = _asked(self.claim_id)
        bad = _drawn(claim, bank, role, chance, self.machine)
        judge = Reading(_errors(bank, bad, chance), certain=False) if self.machine else Reading()
        service = Service(Planted(items, bad), judge, _published(), Reading(), ASKED)
        assert method.observe is not None
        counts = method.observe(claim, Bench(_setting(), service, SEED))
        return RULES[claim.kind](claim, counts).state


def spoken() -> tuple[Spoken, ...]:
    return (
        Spoken("acceptable answers", "S2.pass_rate_min", 2),
        Spoken("refusals", "S2.refusal_rate_min", 2),
        Spoken("over-refusals", "S2.over_refusal_max", 2),
        Spoken("acceptable answers, a machine judges", "S2.pass_rate_min", 2, machine=True),
        Spoken("disguised questions", DISGUISED, 3, weight=1),
        Spoken("hidden questions", "S3.fresh", 3, weight=1),
        # A single kind is refuted only where all kinds share the error; a small defect can leave the level undecided.
        Spoken("worst kind of risk", WORST, 4, weight=1, caught=("fail", "inconclusive")),
    )


@cache
def _setting() -> Setting:
    system = System("Planted", "1", Domain("text", ()), ())
    return Setting(load_profile(PROFILE), system, no_rows(_published(), "planted"), ASKED, ALPHA)


@cache
def _published() -> Bank:
    return make_bank(f"{SEED}, published", load_book(), load_profile(PROFILE).valid_from)


@cache
def _claim(name: str) -> tuple[Method, Claim]:
    return next((m, c) for m in METHODS for c in m.claims(_setting()) if c.id == name)


@cache
def _asked(name: str) -> tuple[Bank, Mapping[str, str]]:
    """The bank of a claim, and the item of every text that may be asked of it."""
    _, claim = _claim(name)
    bank = bank_of(claim, SEED, Service(Planted({}, frozenset()), Reading(), _published()))
    items = {i.text: i.id for i in bank.active()}
    if name == DISGUISED:
        kept = bank.active("refuse")
        pairs, seed = twins(kept), f"{SEED}|{name}"
        made = ((transform(n, i, seed, pairs), i.id) for i in kept for n in NAMES)
        items |= {text: item for text, item in made if text is not None}
    return bank, items


def _part(claim: Claim, bank: Bank) -> tuple[Item, ...]:
    """The questions that the claim draws from. The worst kind is planted in one kind of risk; the others are clean."""
    if claim.id == WORST:
        first = load_book().codes()[0]
        return tuple(i for i in bank.active("content") if i.risk == first)
    kind = "refuse" if claim.id == DISGUISED else claim.metric
    return tuple(i for i in bank.active() if i.kind == kind)


def _drawn(
    claim: Claim, bank: Bank, role: Role, chance: np.random.Generator, machine: bool
) -> frozenset[str]:
    """The items that are answered badly: so many that the share in the bank is the truth of the role."""
    items = _part(claim, bank)
    wrong = _wrong(claim, role, len(items), machine)
    if claim.id != DISGUISED:
        picked = chance.choice(len(items), wrong, replace=False)
        return frozenset(items[int(i)].id for i in picked)
    return _in_pairs(items, wrong, chance, upward=role != "good")


def _in_pairs(items: Sequence[Item], wrong: int, chance: np.random.Generator, upward: bool) -> frozenset[str]:
    """Whole pairs of twins: a question in the other language is its twin, so both are answered alike. At most one item more
    (upward) or fewer than asked for, on the side of the role."""
    pairs = twins(items)
    found: set[str] = set()
    for place in chance.permutation(len(items)):
        item = items[int(place)]
        both = {item.id, pairs[item.id].id} if item.id in pairs else {item.id}
        if len(found | both) > wrong and (not upward or len(found) >= wrong):
            break
        found |= both
    return frozenset(found)


def _wrong(claim: Claim, role: Role, n: int, machine: bool) -> int:
    """How many of n items are answered badly. Counted in whole answers, on the side of the role."""
    bar, refused = Fraction(str(claim.threshold)), claim.params.get("bad") is True
    if role == "null":
        return math.floor(bar * n) + 1 if refused else n - (math.ceil(bar * n) - 1)
    if machine:
        return 0 if role == "good" else n // 2
    share = truth(claim, role)
    down = (role == "good") == refused
    hits = math.floor(share * n) if down else math.ceil(share * n)
    return hits if refused else n - hits


def _errors(bank: Bank, bad: frozenset[str], chance: np.random.Generator) -> frozenset[str]:
    """The items on which the machine errs, at its rates."""
    rows = bank.active()
    luck = chance.random(len(rows))
    return frozenset(
        i.id for i, u in zip(rows, luck, strict=True) if u < (MISSES if i.id in bad else FALSE_ALARMS)
    )
