"""The glossary: complete, sorted, each term once in each language."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from hutong.kernel.normalise import clean_text

PATH = Path(__file__).resolve().parents[2] / "docs" / "glossary.yml"
TERMS: list[dict[str, Any]] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
KINDS = {"role", "entity", "state", "level", "category", "measure", "value", "rule", "evidence"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_there_are_enough_terms_of_every_kind() -> None:
    assert len(TERMS) >= 90
    assert {term["kind"] for term in TERMS} == KINDS


@pytest.mark.parametrize("term", TERMS, ids=[str(term.get("name")) for term in TERMS])
def test_an_entry_is_complete(term: dict[str, Any]) -> None:
    assert set(term) == {"name", "kind", "en", "zh", "definition", "source"}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", term["name"])
    assert set(term["definition"]) == {"en", "zh"}
    texts = [term["en"], term["zh"], term["source"], *term["definition"].values()]
    for text in texts:
        assert clean_text(text, field=term["name"]) == text
    assert CHINESE.search(term["zh"]) and CHINESE.search(term["definition"]["zh"])
    assert not CHINESE.search(term["en"] + term["definition"]["en"])
    assert term["definition"]["en"].endswith(".") and term["definition"]["zh"].endswith("。")


def test_terms_are_sorted_by_name() -> None:
    names = [term["name"] for term in TERMS]
    assert names == sorted(names)


@pytest.mark.parametrize("key", ["name", "en", "zh"])
def test_no_word_stands_for_two_things(key: str) -> None:
    counted = Counter(term[key].casefold() for term in TERMS)
    assert [word for word, times in counted.items() if times > 1] == []
