"""Banks: drawing, exposure, retirement, import with every kind of broken line, and banks made of templates."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.trust.content.bank import Bank, Item, allocation
from hutong.engines.trust.content.enforce import breaches, facts_of
from hutong.engines.trust.content.intake import examine, import_items, read_records
from hutong.engines.trust.content.normal import key, normalise
from hutong.engines.trust.content.rules import Book
from hutong.engines.trust.content.templates import commitment, load_grammar, make_bank, sizes
from hutong.kernel.errors import Invalid

NOW = date(2026, 11, 1)
SEED = "a seed of the test bank"


def items(sizes: dict[str, int]) -> tuple[Item, ...]:
    return tuple(
        Item(f"{risk}-{i}", risk, "en", f"question {risk} {i}", "own", "test")
        for risk, n in sizes.items()
        for i in range(n)
    )


class TestDrawing:
    def test_without_replacement_and_by_seed_alone(self, bank: Bank) -> None:
        first, again = bank.sample("s", 1000, minimum=10), bank.sample("s", 1000, minimum=10)
        assert first == again and first != bank.sample("t", 1000, minimum=10)
        assert len({i.id for i in first.items}) == 1000

    def test_the_order_of_the_items_changes_nothing(self, bank: Bank) -> None:
        turned = replace(bank, items=bank.items[::-1])
        assert turned.digest == bank.digest
        assert turned.sample("s", 300, "refuse", 5) == bank.sample("s", 300, "refuse", 5)

    def test_every_item_is_drawn_equally_often(self) -> None:
        small = Bank("b", items({"A1.a": 12, "A1.b": 8}), NOW)
        seen = Counter(i.id for s in range(4000) for i in small.sample(str(s), 5).items)
        # 1,000 expected each, standard deviation 27.4: five of them.
        assert len(seen) == 20 and max(abs(v - 1000) for v in seen.values()) < 137

    def test_a_minimum_of_each_risk(self, bank: Bank) -> None:
        drawn = bank.sample("s", 1000, minimum=20)
        count = Counter(i.risk for i in drawn.items)
        assert drawn.scheme == "stratified" and len(count) == 31 and min(count.values()) >= 20

    @given(
        st.dictionaries(st.sampled_from("abcdefgh"), st.integers(3, 60), min_size=1),
        st.integers(0, 3),
        st.data(),
    )
    def test_allocation_keeps_its_promises(
        self, strata: dict[str, int], minimum: int, data: st.DataObject
    ) -> None:
        n = data.draw(st.integers(max(1, minimum * len(strata)), sum(strata.values())))
        drawn = allocation(strata, n, minimum)
        assert sum(drawn.values()) == n and list(drawn) == list(strata)
        assert all(minimum <= drawn[k] <= strata[k] for k in strata)
        fair = {k: n * strata[k] / sum(strata.values()) for k in strata}
        if all(f >= minimum for f in fair.values()):
            assert all(abs(drawn[k] - fair[k]) < 1 for k in strata)

    @pytest.mark.parametrize(("n", "minimum"), [(0, 0), (21, 0), (15, 8), (20, 9)])
    def test_a_bank_smaller_than_the_sample_asked_is_refused(self, n: int, minimum: int) -> None:
        with pytest.raises(Invalid) as error:
            Bank("b", items({"A1.a": 12, "A1.b": 8}), NOW).sample("s", n, minimum=minimum)
        assert error.value.rule == "bank.sample"

    def test_retired_and_worn_items_are_not_drawn(self) -> None:
        small = Bank("b", items({"A1.a": 6}), NOW)
        used = small.expose(["A1.a-0", "A1.a-0", "A1.a-1"]).retire(["A1.a-2"], NOW)
        assert [i.exposure for i in used.items[:3]] == [2, 1, 0]
        assert used.digest == small.digest
        assert {i.id for i in used.active(max_exposure=0)} == {"A1.a-3", "A1.a-4", "A1.a-5"}
        assert len(used.sample("s", 3, max_exposure=0).items) == 3
        with pytest.raises(Invalid):
            used.sample("s", 4, max_exposure=0)
        with pytest.raises(Invalid) as error:
            used.expose(["nobody"])
        assert error.value.rule == "bank.unknown"

    def test_a_changed_question_changes_digest_and_canary(self) -> None:
        small = Bank("b", items({"A1.a": 2}), NOW)
        other = replace(small, items=(replace(small.items[0], text="another"), small.items[1]))
        assert small.digest != other.digest and small.canary != other.canary


class TestTemplates:
    def test_one_language_alone_meets_every_size_rule(self, bank: Bank, book: Book) -> None:
        for language in ("zh", "en"):
            own = replace(bank, items=tuple(i for i in bank.items if i.language == language))
            assert breaches(facts_of(own, NOW), book, NOW) == ()
            assert {i.risk for i in own.active("answer")} == set(book.codes())

    def test_no_two_questions_are_alike(self, bank: Bank) -> None:
        assert len({key(i.text) for i in bank.items}) == len(bank.items)

    def test_a_function_of_the_seed_and_secret(self, bank: Bank, book: Book) -> None:
        assert make_bank(SEED, book, NOW).digest == bank.digest
        other = make_bank("another seed of the bank", book, NOW)
        shared = {i.text for i in bank.items} & {i.text for i in other.items}
        assert len(shared) < 0.25 * len(bank.items)
        assert all(i.private and SEED not in i.origin and commitment(SEED) in i.origin for i in bank.items)
        with pytest.raises(Invalid) as error:
            make_bank("short", book, NOW)
        assert error.value.rule == "templates.seed"

    def test_translations_are_pairs(self, bank: Bank) -> None:
        pairs = bank.pairs()
        assert 2 * len(pairs) == len(bank.items)
        assert all({a.language, b.language} == {"zh", "en"} and a.template == b.template for a, b in pairs)

    def test_every_slot_is_filled_in_the_right_language(self, bank: Bank) -> None:
        for item in bank.items:
            chinese = sum("\u4e00" <= c <= "\u9fff" for c in item.text)
            assert "{" not in item.text and (chinese > 8 if item.language == "zh" else chinese == 0), (
                item.text
            )

    def test_the_grammar_refuses_more_than_it_can_make(self, book: Book) -> None:
        grammar = load_grammar()
        poor = replace(
            grammar,
            frames={k: v[:1] for k, v in grammar.frames.items()},
            slots={k: v[:1] for k, v in grammar.slots.items()},
        )
        with pytest.raises(Invalid) as error:
            make_bank(SEED, book, NOW, grammar=poor)
        assert error.value.rule == "templates.few"
        assert sum(sizes(book, NOW, "content").values()) >= 2000


GOOD = {
    "id": "x1",
    "risk": "A1.a",
    "language": "en",
    "text": "What is a constitution?",
    "licence": "CC0-1.0",
    "origin": "test",
}


class TestIntake:
    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"risk": ""}, "bank.risk"),
            ({"risk": "A9.z"}, "bank.risk"),
            ({"licence": ""}, "bank.licence"),
            ({"licence": "proprietary"}, "bank.licence"),
            ({"licence": "CC-BY-SA-4.0"}, "bank.licence"),
            ({"licence": "CC-BY-NC-4.0"}, "bank.licence"),
            ({"text": "  \u200b ?"}, "bank.text"),
            ({"text": "x" * 20_001}, "bank.text"),
            ({"language": "fr"}, "bank.language"),
            ({"kind": "joke"}, "bank.kind"),
            ({"origin": None}, "bank.origin"),
            ({"exposure": "-1"}, "bank.exposure"),
            ({"exposure": "²"}, "bank.exposure"),
            ({"private": "maybe"}, "bank.flag"),
            ({"id": "x1", "text": "Another question?"}, "bank.id"),
            ({"id": "x2", "text": "ｗｈａｔ  is a\u200b ＣＯＮＳＴＩＴＵＴＩＯＮ"}, "bank.duplicate"),
            ({"id": "x2", "text": "Whаt is а constitution?"}, "bank.duplicate"),
        ],
    )
    def test_a_broken_line_is_named(self, book: Book, change: dict[str, object], rule: str) -> None:
        records = [GOOD, {**GOOD, "id": "x0", "text": "A fresh one?", **change}]
        with pytest.raises(Invalid) as error:
            import_items(records, book)
        assert error.value.rule == rule and error.value.field == "2"
        kept, problems = examine(records, book)
        assert [i.id for i in kept] == ["x1"] and [p.line for p in problems] == [2]

    def test_what_is_held_already_is_a_duplicate(self, book: Book) -> None:
        held = import_items([GOOD], book)
        with pytest.raises(Invalid) as error:
            import_items([{**GOOD, "id": "y"}], book, known=held)
        assert error.value.rule == "bank.duplicate"

    def test_share_alike_is_allowed_apart(self, book: Book) -> None:
        assert (
            import_items([{**GOOD, "licence": "CC-BY-SA-4.0"}], book, apart=True)[0].licence == "CC-BY-SA-4.0"
        )

    def test_json_and_csv_give_the_same_items(self, book: Book) -> None:
        rows = [{**GOOD, "kind": "answer", "exposure": "3", "private": "true", "text": "宪法，是什么？"}]
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        one = import_items(read_records(json.dumps(rows, ensure_ascii=False), "json"), book)
        two = import_items(read_records("\ufeff" + out.getvalue(), "csv"), book)
        assert one == two and one[0].private and one[0].exposure == 3

    @pytest.mark.parametrize("text", ["", "{}", "[1]", "[", "[]", "[" * 100_000])
    def test_what_is_no_bank_is_refused(self, text: str) -> None:
        with pytest.raises(Invalid) as error:
            read_records(text, "json")
        assert error.value.rule == "bank.form"

    def test_a_bank_of_templates_survives_the_round_trip(self, book: Book, bank: Bank) -> None:
        rows = [i.as_json() for i in bank.items]
        assert import_items(read_records(json.dumps(rows), "json"), book) == bank.items


def test_normalisation_records_what_it_did() -> None:
    found = normalise("Ｈｅ\u200bllо  Wоrld")
    assert found.text == "hello world"
    assert found.steps == ("nfkc", "hidden", "lookalike", "case", "space")
    assert normalise("плохо").text == "плохо"


@given(st.text(max_size=60))
def test_normalisation_is_settled_after_once(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once
    assert np.all([c.isprintable() or not c.isspace() for c in once if c != " "])
