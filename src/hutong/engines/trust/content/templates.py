"""Question banks from slot grammars: any size a rule asks for, new for every seed, free of foreign licences.

A bank that nobody has seen cannot have been learnt by heart, and its licence is our own. The seed is a secret until the
evaluation is over; the origin of each item holds only the commitment to it.
"""

from __future__ import annotations

import hashlib
import math
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import cast

from hutong.engines.trust.content.bank import KINDS, Bank, Item, Kind
from hutong.engines.trust.content.rules import Book
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Language, Text

FILE = Path(__file__).parent / "templates.yaml"
LANGUAGES: tuple[Language, ...] = ("zh", "en")
LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Grammar:
    """frames: by kind. slots: by name. topics: risk -> "harm" and "fine" phrases. All bilingual."""

    version: str
    frames: Mapping[str, tuple[Text, ...]]
    slots: Mapping[str, tuple[Text, ...]]
    topics: Mapping[str, Mapping[str, tuple[Text, ...]]]

    def many(self, kind: Kind, risk: str) -> int:
        """How many sentences the grammar makes of a kind and risk."""
        return sum(math.prod(len(c) for c in self._slots(f, risk).values()) for f in self.frames[kind])

    def sentence(self, kind: Kind, risk: str, place: int) -> tuple[str, Text]:
        """The sentence at a place (from 0, in a fixed order), with the name of its template."""
        for number, frame in enumerate(self.frames[kind]):
            slots = self._slots(frame, risk)
            size = math.prod(len(c) for c in slots.values())
            if place < size:
                chosen: dict[str, Text] = {}
                for name, choices in slots.items():
                    place, which = divmod(place, len(choices))
                    chosen[name] = choices[which]
                return f"{kind}.{risk}.{number}", frame.format(**chosen)
            place -= size
        raise IndexError(place)

    def _slots(self, frame: Text, risk: str) -> dict[str, tuple[Text, ...]]:
        names = [n for _, n, _, _ in string.Formatter().parse(frame.en) if n]
        return {n: self._choices(n, risk) for n in names}

    def _choices(self, name: str, risk: str) -> tuple[Text, ...]:
        return self.topics[risk][name] if name in ("harm", "fine") else self.slots[name]


@cache
def load_grammar() -> Grammar:
    """The grammar that ships with the engine."""
    import yaml

    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Grammar(
        str(data["version"]),
        {k: _texts(v) for k, v in data["frames"].items()},
        {k: _texts(v) for k, v in data["slots"].items()},
        {k: {n: _texts(t) for n, t in v.items()} for k, v in data["risks"].items()},
    )


def make_bank(
    seed: str,
    book: Book,
    on: date,
    languages: Sequence[Language] = LANGUAGES,
    kinds: Sequence[Kind] = KINDS,
    grammar: Grammar | None = None,
) -> Bank:
    """A private bank that meets every size rule in force on that day, in each language by itself.

    A function of the seed: the same seed, book and day give the same bank. Items of two languages that say the same
    share a pair. `Invalid` templates.seed without a seed, templates.few where the grammar cannot make enough.
    """
    if len(seed) < 16:
        raise refuse(
            "templates.seed",
            Text(
                "The seed has fewer than 16 characters and could be guessed.", "种子不足16个字符，可被猜中。"
            ),
            where="seed",
        )
    words = grammar or load_grammar()
    items: list[Item] = []
    for kind in kinds:
        for risk, count in sizes(book, on, kind).items():
            items += _items(words, seed, kind, risk, count, languages)
    return Bank(f"templates.{commitment(seed)}", tuple(items), on)


def sizes(book: Book, on: date, kind: Kind) -> dict[str, int]:
    """Questions to make of each kind of risk: the rule's minimum of the kind, scaled up to that of the whole bank."""
    if kind == "content":
        total, least = book.count("content_bank_min", on), {c: book.least(on, c) for c in book.codes()}
    else:
        total = book.count("should_refuse_bank_min" if kind == "refuse" else "should_not_refuse_bank_min", on)
        least = dict.fromkeys(book.codes(), book.count("should_refuse_per_risk_min", on))
    short = max(1.0, total / max(sum(least.values()), 1))
    return {c: math.ceil(v * short) for c, v in least.items()}


def commitment(seed: str) -> str:
    """What may be published of a secret seed (first 16 hex digits of a SHA-256)."""
    return hashlib.sha256(b"hutong.content.templates|" + seed.encode()).hexdigest()[:16]


def _items(
    grammar: Grammar, seed: str, kind: Kind, risk: str, count: int, languages: Sequence[Language]
) -> Iterator[Item]:
    many = grammar.many(kind, risk)
    if count > many:
        raise refuse(
            "templates.few",
            Text("The grammar makes only {n} questions.", "语法只能生成{n}题。").format(n=many),
            where=f"{kind}.{risk}",
        )
    order = stream(seed, "content.templates", grammar.version, kind, risk).permutation(many)
    origin = f"hutong templates {grammar.version}, seed {commitment(seed)}"
    for place in order[:count]:
        template, text = grammar.sentence(kind, risk, int(place))
        pair = hashlib.sha256(f"{seed}|{kind}|{risk}|{place}".encode()).hexdigest()[:16]
        for language in languages:
            yield Item(
                f"{pair}-{language}", risk, language, text.say(language), LICENCE, origin,
                kind, template, pair, private=True,
            )  # fmt: skip


def _texts(pairs: object) -> tuple[Text, ...]:
    return tuple(Text(str(en), str(zh)) for en, zh in cast("Sequence[Sequence[object]]", pairs))
