"""Which rules some facts break: each breach names the rule, what was found, and what to do.

A rule whose fact is not given is not checked, and `unchecked` says so: silence is never a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from fractions import Fraction

from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.rules import Book, Row
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a service and its banks; None: not known. Shares are of one; *_of_risk: count by risk code."""

    corpus_bad_share: Fraction | None = None
    corpus_manual_sample: int | None = None
    corpus_manual_pass: Fraction | None = None
    corpus_machine_share: Fraction | None = None
    corpus_machine_pass: Fraction | None = None
    keywords: int | None = None
    keywords_of_risk: Mapping[str, int] | None = field(default=None, hash=False)
    keyword_age_days: int | None = None
    content_bank: int | None = None
    content_kinds: int | None = None
    content_of_risk: Mapping[str, int] | None = field(default=None, hash=False)
    content_sample: int | None = None
    pass_rate: Fraction | None = None
    refuse_bank: int | None = None
    refuse_of_risk: Mapping[str, int] | None = field(default=None, hash=False)
    refuse_sample: int | None = None
    refusal_rate: Fraction | None = None
    answer_bank: int | None = None
    answer_sample: int | None = None
    over_refusal: Fraction | None = None
    content_keyword_pass: Fraction | None = None
    content_classifier_pass: Fraction | None = None
    bank_age_days: int | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken. rule: id of the row. where: the kind of risk, for rules on each kind."""

    rule: str
    key: str
    what: Text
    remedy: Text
    where: str | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "what": self.what.as_json(),
            "remedy": self.remedy.as_json(),
            "where": self.where,
        }


_WHAT = Text("{t}: {v}; required {c} {b} ({r})", "{t}：{v}，要求{c}{b}（{r}）")
_WHERE = Text("{t}, {k}: {v}; required {c} {b} ({r})", "{t}（{k}）：{v}，要求{c}{b}（{r}）")
_SIGN = {">=": "≥", "<=": "≤"}


def breaches(facts: Facts, book: Book, on: date) -> tuple[Breach, ...]:
    """All rules in force on that day that the facts break, in the order of the book."""
    found: list[Breach] = []
    for row in book.in_force(on):
        value = _value(facts, row)
        if row.each_of and isinstance(value, Mapping):
            names = {r.code: r.name for r in book.risks}
            for code in book.codes(row.each_of):
                seen = Fraction(value.get(code, 0))
                if not _holds(row, seen):
                    name = Text("{c} {n}", "{c} {n}").format(c=code, n=names[code])
                    found.append(_breach(row, seen, _WHERE, code, name))
        elif value is not None and not isinstance(value, Mapping) and not _holds(row, Fraction(value)):
            found.append(_breach(row, Fraction(value), _WHAT))
    return tuple(found)


def unchecked(facts: Facts, book: Book, on: date) -> tuple[Row, ...]:
    """Rules in force on that day of which no fact is known."""
    return tuple(r for r in book.in_force(on) if _value(facts, r) is None)


def enforce(facts: Facts, book: Book, on: date) -> None:
    """`Invalid` whose rule is the id of the first broken rule, or nothing."""
    for breach in breaches(facts, book, on):
        raise refuse(breach.rule, breach.what, breach.remedy, breach.where or breach.key)


def facts_of(bank: Bank, on: date, **more: int | Fraction | Mapping[str, int]) -> Facts:
    """The facts of a bank (active items only), and any others by name."""
    active = bank.active()
    by_kind = {kind: [i for i in active if i.kind == kind] for kind in ("content", "refuse", "answer")}
    content = Counter(i.risk for i in by_kind["content"])
    given: dict[str, object] = {
        "content_bank": len(by_kind["content"]),
        "content_kinds": len(content),
        "content_of_risk": dict(content),
        "refuse_bank": len(by_kind["refuse"]),
        "refuse_of_risk": dict(Counter(i.risk for i in by_kind["refuse"])),
        "answer_bank": len(by_kind["answer"]),
        "bank_age_days": (on - bank.renewed).days,
        **more,
    }
    return Facts(**{f.name: given.get(f.name) for f in fields(Facts)})  # type: ignore[arg-type]


def _value(facts: Facts, row: Row) -> int | Fraction | Mapping[str, int] | None:
    if row.fact not in FACT_NAMES:
        raise refuse(
            "rules.fact", Text("The rules ask for an unknown fact.", "规则引用了未知事实。"), where=row.fact
        )
    value: int | Fraction | Mapping[str, int] | None = getattr(facts, row.fact)
    return value


def _holds(row: Row, value: Fraction) -> bool:
    return value >= row.value if row.compare == ">=" else value <= row.value


def _breach(
    row: Row, value: Fraction, form: Text, where: str | None = None, name: Text | None = None
) -> Breach:
    said = {"t": row.title, "v": _say(value), "c": _SIGN[row.compare], "b": _say(row.value), "r": row.clause}
    what = form.format(**said, k=name) if name is not None else form.format(**said)
    return Breach(row.id, row.key, what, row.remedy, where)


def _say(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else decimal_text(value, 4).rstrip("0")


FACT_NAMES: Sequence[str] = tuple(f.name for f in fields(Facts))
