"""Canonical JSON against the RFC 8785 library, and everything that a book refuses."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.canonical import LARGEST_INTEGER, canonical, commitment, digest
from hutong.kernel.errors import Invalid

texts = st.text(st.characters(codec="utf-8"), max_size=12)
nfc = texts.map(lambda t: unicodedata.normalize("NFC", t))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | nfc,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(nfc, inner, max_size=5),
    max_leaves=12,
)


@given(values)
def test_bytes_are_those_of_the_library(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(st.dictionaries(st.text(st.sampled_from("a\ue000\U0001f600\x7f\u2028é"), max_size=3), st.none()))
def test_keys_are_ordered_by_utf16_units(value: dict[str, None]) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_the_orders_of_utf16_and_code_points_differ_and_utf16_wins() -> None:
    assert canonical({"\ue000": 1, "\U0001f600": 2}) == '{"😀":2,"\ue000":1}'.encode()


def test_control_characters_are_escaped_as_the_rfc_says() -> None:
    assert canonical('\x00\b\t\n\f\r\x1f"\\/\x7f\u2028') == (
        b'"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\x7f\xe2\x80\xa8"'
    )


@given(texts)
def test_two_ways_to_type_a_text_have_one_digest(text: str) -> None:
    assert digest([unicodedata.normalize("NFD", text)]) == digest([text])


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (1.0, "float"),
        ([0.5], "float"),
        (float("nan"), "float"),
        (float("inf"), "float"),
        (-0.0, "float"),
        (2**53, "integer"),
        (-(2**53), "integer"),
        ({1: 2}, "key"),
        ({None: 2}, "key"),
        ({"é": 1, "e\u0301": 2}, "key_twice"),
        ("\ud800", "surrogate"),
        ({"\udc00": 1}, "surrogate"),
        (b"bytes", "type"),
        ({1, 2}, "type"),
        (object(), "type"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_remedy(value: object, rule: str) -> None:
    with pytest.raises(Invalid) as refusal:
        canonical({"x": value})
    assert refusal.value.rule == f"canonical.{rule}"
    assert refusal.value.field is not None and refusal.value.field.startswith("/x")
    assert refusal.value.remedy.zh


def test_a_large_integer_is_told_to_become_a_string() -> None:
    with pytest.raises(Invalid) as refusal:
        canonical(10**20)
    assert "string" in refusal.value.remedy.en


def test_nesting_is_bounded() -> None:
    deep: object = 1
    for _ in range(64):
        deep = [deep]
    assert canonical(deep) == b"[" * 64 + b"1" + b"]" * 64
    with pytest.raises(Invalid) as refusal:
        canonical([deep])
    assert refusal.value.rule == "canonical.depth"


def test_tuples_and_enumerations_are_their_plain_values() -> None:
    class Colour(StrEnum):
        RED = "red"

    class Level(IntEnum):
        TWO = 2

    assert canonical({"a": (Colour.RED, Level.TWO, True)}) == b'{"a":["red",2,true]}'


@given(values)
def test_digest_and_commitment_are_the_named_functions(value: object) -> None:
    assert digest(value) == hashlib.sha256(rfc8785.dumps(value)).hexdigest()  # type: ignore[arg-type]
    salt = b"0123456789abcdef"
    oracle = hmac.new(salt, rfc8785.dumps(value), hashlib.sha256)  # type: ignore[arg-type]
    assert commitment(salt, value) == oracle.hexdigest()
    assert commitment(salt, value) != commitment(b"another salt 0000", value)


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(Invalid):
        commitment(b"short", "x")
