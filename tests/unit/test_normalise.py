"""Text at the boundary: what is kept is NFC and visible, what is not is refused with its place."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.errors import Invalid
from hutong.kernel.normalise import BIDI, ZERO_WIDTH, clean_digits, clean_identifier, clean_text


def refused(raw: object, **options: object) -> Invalid:
    with pytest.raises(Invalid) as caught:
        clean_text(raw, field="title", **options)  # type: ignore[arg-type]
    error = caught.value
    assert error.field == "title"
    assert error.what.en and error.what.zh and error.remedy.en and error.remedy.zh
    return error


@given(st.text(max_size=60))
def test_what_is_kept_is_nfc_visible_and_stable(raw: str) -> None:
    try:
        text = clean_text(raw, field="title", required=False)
    except Invalid:
        return
    assert unicodedata.is_normalized("NFC", text)
    assert text == text.strip()
    assert clean_text(text, field="title", required=False) == text
    assert not {unicodedata.category(c) for c in text if c not in "\n\t"} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert text.encode("utf-8").decode("utf-8") == text


@given(
    st.text(
        alphabet=string.printable.replace("\x0b", "").replace("\x0c", "") + "中文，。！（）卡时", max_size=60
    )
)
def test_ordinary_text_passes_unchanged_but_for_edges_and_line_ends(raw: str) -> None:
    expected = raw.replace("\r\n", "\n").replace("\r", "\n").strip()
    assert clean_text(raw, field="title", required=False) == expected


@pytest.mark.parametrize("hidden", sorted(ZERO_WIDTH))
def test_a_zero_width_character_is_named_with_its_place(hidden: str) -> None:
    error = refused(f"智源{hidden}研究院")
    assert error.rule == "text.zero_width"
    assert "3" in error.what.en and f"U+{ord(hidden):04X}" in error.what.zh


@pytest.mark.parametrize("mark", sorted(BIDI))
def test_a_change_of_direction_is_refused(mark: str) -> None:
    assert refused(f"invoice{mark}fdp.exe").rule == "text.bidi"


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("a\x00b", "text.control"),
        ("a\x1b[31mb", "text.control"),
        ("a\x85b", "text.control"),
        ("a\u2028b", "text.control"),
        ("a\ufffeb", "text.control"),
        ("a\U000e0041b", "text.control"),
        ("a\ud800b", "text.surrogate"),
        ("a" + "\u0301" * 31, "text.combining"),
        ("", "text.empty"),
        (" \u3000\n", "text.empty"),
        (None, "text.type"),
        (7, "text.type"),
        (b"bytes", "text.type"),
    ],
)
def test_bad_text(raw: object, rule: str) -> None:
    assert refused(raw).rule == rule


def test_two_ways_to_write_a_letter_become_one() -> None:
    assert clean_text("e\u0301", field="title") == clean_text("é", field="title") == "é"


def test_the_limit_counts_after_normalisation_and_is_named() -> None:
    assert clean_text("e\u0301" * 5, field="title", max_length=5) == "é" * 5
    error = refused("字" * 6, max_length=5)
    assert error.rule == "text.too_long"
    assert "5" in error.what.en and "5" in error.what.zh and "6" in error.what.en
    assert refused("字" * 1_000_000, max_length=5).rule == "text.too_long"


def test_optional_text_may_be_empty() -> None:
    assert clean_text("  ", field="title", required=False) == ""


@given(st.text(alphabet=string.ascii_letters + string.digits + "+-.,%/:", max_size=30))
def test_full_width_is_the_same_as_ascii(plain: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in plain)
    assert clean_digits(wide) == plain
    assert clean_digits(plain) == plain


@given(st.text(max_size=40))
def test_outside_full_width_forms_nothing_changes(raw: str) -> None:
    for before, after in zip(raw, clean_digits(raw), strict=True):
        assert before == after or unicodedata.normalize("NFKC", before) == after or before in "−￥"


def test_identifiers() -> None:
    assert clean_identifier(" ＡＢ－１２／3 ", field="code") == "AB-12/3"
    for raw, rule in (
        ("АB12", "identifier.characters"),  # a Cyrillic А
        ("-rf", "identifier.characters"),
        ("a b", "identifier.characters"),
        ("٣٤", "identifier.characters"),
        ("A\u200bB", "text.zero_width"),
        ("A" * 65, "text.too_long"),
        ("", "text.empty"),
        (12, "text.type"),
    ):
        with pytest.raises(Invalid) as caught:
            clean_identifier(raw, field="code")
        assert (caught.value.rule, caught.value.field) == (rule, "code")


def test_the_stranger_in_an_identifier_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        clean_identifier("GPU-Рool", field="code")
    assert "U+0420" in caught.value.what.en and "U+0420" in caught.value.what.zh
