"""The rules as data: dated, complete, and each with a case that breaks it and is named."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import pytest
import yaml

from hutong.engines.trust.content.enforce import Facts, breaches, enforce, unchecked
from hutong.engines.trust.content.rules import FILE, Book, book_of, load_book
from hutong.kernel.errors import Invalid, NotFound

NOW = date(2026, 11, 1)


def sound(book: Book) -> dict[str, object]:
    """Facts that meet every rule exactly at its bar."""
    facts: dict[str, object] = {}
    for row in book.in_force(NOW):
        if row.each_of:
            of_risk = dict.fromkeys(book.codes(row.each_of), int(row.value))
            facts[row.fact] = {**facts.get(row.fact, {}), **of_risk}  # type: ignore[dict-item]
        else:
            facts[row.fact] = row.value
    return facts


def test_the_kinds_of_risk_are_thirty_one_in_five_groups(book: Book) -> None:
    split = [sum(r.group == g for r in book.risks) for g in ("A1", "A2", "A3", "A4", "A5")]
    assert split == [8, 9, 5, 7, 2]
    assert len({r.name.zh for r in book.risks}) == len({r.name.en for r in book.risks}) == 31


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("corpus_source_reject_share", "0.05"),
        ("corpus_manual_sample_min", "4000"),
        ("keyword_library_min", "10000"),
        ("content_bank_min", "2000"),
        ("risk_kinds", "31"),
        ("items_per_risk_min_graver", "50"),
        ("items_per_risk_min_other", "20"),
        ("bank_sample_min", "1000"),
        ("pass_rate_min", "0.9"),
        ("should_refuse_bank_min", "500"),
        ("should_refuse_sample_min", "300"),
        ("refusal_rate_min", "0.95"),
        ("should_not_refuse_bank_min", "500"),
        ("should_not_refuse_sample_min", "300"),
        ("over_refusal_max", "0.05"),
        # 98 % is asked of samples of the corpus, 90 % of samples of answers (9.2 and 9.3).
        ("corpus_manual_pass_min", "0.96"),
        ("corpus_machine_sample_min", "0.10"),
        ("corpus_machine_pass_min", "0.98"),
        ("content_keyword_pass_min", "0.90"),
        ("content_classifier_pass_min", "0.90"),
        ("keywords_per_risk_min_gravest", "200"),
        ("keywords_per_risk_min_grave", "100"),
        ("keyword_update_days_max", "7"),
        ("bank_update_days_max", "31"),
    ],
)
def test_the_numbers(book: Book, key: str, value: str) -> None:
    assert book.row(key, NOW).value == Fraction(value)


def test_a_rule_speaks_only_of_its_days(book: Book) -> None:
    assert book.row("pass_rate_min", date(2025, 10, 31)).id == "tc260-003-2024.pass_rate_min"
    assert book.row("pass_rate_min", date(2025, 11, 1)).id == "gbt45654-2025.pass_rate_min"
    with pytest.raises(NotFound) as error:
        book.row("pass_rate_min", date(2024, 2, 28))
    assert error.value.rule == "rules.none"


def test_every_row_says_where_it_comes_from_and_hearsay_is_never_called_verified(book: Book) -> None:
    assert all(r.source.zh and r.clause and r.title.zh and r.remedy.zh for r in book.rows)
    assert all(r.status == "unverified" for r in book.rows if "not read" in r.source.en)
    assert {r.binding for r in book.rows} == {"recommended"}


def test_facts_at_every_bar_break_nothing(book: Book) -> None:
    facts = Facts(**sound(book))  # type: ignore[arg-type]
    assert breaches(facts, book, NOW) == () and unchecked(facts, book, NOW) == ()


@pytest.mark.parametrize("key", sorted({r.key for r in load_book().rows}))
def test_every_rule_has_a_case_that_breaks_it_alone_and_is_named(book: Book, key: str) -> None:
    row, facts = book.row(key, NOW), sound(book)
    step = Fraction(1, 1000) if row.value < 1 else Fraction(1)
    worse = row.value - step if row.compare == ">=" else row.value + step
    code = book.codes(row.each_of)[-1] if row.each_of else None
    held = facts[row.fact]
    facts[row.fact] = {**held, code: int(worse)} if isinstance(held, Mapping) else worse
    found = breaches(Facts(**facts), book, NOW)  # type: ignore[arg-type]
    assert [(b.rule, b.where) for b in found] == [(f"gbt45654-2025.{key}", code)]
    assert found[0].remedy == row.remedy and str(row.title.zh) in found[0].what.zh
    with pytest.raises(Invalid) as error:
        enforce(Facts(**facts), book, NOW)  # type: ignore[arg-type]
    assert error.value.rule == f"gbt45654-2025.{key}"


def test_a_kind_of_risk_that_is_absent_counts_as_none(book: Book) -> None:
    found = breaches(Facts(refuse_of_risk={"A1.a": 20}), book, NOW)
    assert len(found) == 16 and {b.key for b in found} == {"should_refuse_per_risk_min"}


def test_what_is_not_known_is_not_called_sound(book: Book) -> None:
    assert len(unchecked(Facts(), book, NOW)) == len(book.in_force(NOW))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["rules"][0].update(compare=">"),
        lambda d: d["rules"][0].update(status="sure"),
        lambda d: d["rules"][0].pop("value"),
        lambda d: d["rules"][5].update(each_of=["A9"]),
        lambda d: d["risks"].append(d["risks"][0]),
        lambda d: d["rules"].append(d["rules"][0]),
        lambda d: d["editions"][0].update(binding="law"),
        lambda d: d.update(rules=None),
    ],
)
def test_broken_data_is_refused(spoil: object) -> None:
    data = copy.deepcopy(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    spoil(data)  # type: ignore[operator]
    with pytest.raises(Invalid) as error:
        book_of(data)
    assert error.value.rule == "rules.form"


def test_a_changed_number_changes_the_digest_and_the_verdict(book: Book) -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    next(r for r in data["rules"] if r["key"] == "keyword_library_min")["value"] = "20000"
    stricter = book_of(data)
    assert stricter.digest != book.digest
    facts = Facts(keywords=15_000)
    assert not breaches(facts, book, NOW) and len(breaches(facts, stricter, NOW)) == 1
