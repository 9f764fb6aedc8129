"""Identifiers: check digits against independent re-implementations, and what a mistyped one says."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.errors import Invalid
from hutong.kernel.identifiers import (
    USCC_ALPHABET,
    RecordCode,
    RegisterEntry,
    check_lei,
    check_orcid,
    check_uscc,
    lei_check_digits,
    orcid_check_digit,
    uscc_check_digit,
)

# GB 32100-2015, table of weights W1..W17 as printed.
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

uscc_first = st.builds(
    lambda a, b, c: a + b + c,
    st.text(alphabet=USCC_ALPHABET, min_size=2, max_size=2),
    st.text(alphabet=string.digits, min_size=6, max_size=6),
    st.text(alphabet=USCC_ALPHABET, min_size=9, max_size=9),
)


def oracle_uscc(first: str) -> str:
    """Try all 31 characters for the one that brings the weighted sum to zero modulo 31."""
    total = sum(w * USCC_ALPHABET.index(c) for w, c in zip(WEIGHTS, first, strict=True))
    (found,) = [c for c in USCC_ALPHABET if (total + USCC_ALPHABET.index(c)) % 31 == 0]
    return found


def refusal(check: object, raw: object) -> Invalid:
    with pytest.raises(Invalid) as caught:
        check(raw, field="code")  # type: ignore[operator]
    assert caught.value.field == "code"
    return caught.value


@given(uscc_first)
def test_uscc_against_brute_force(first: str) -> None:
    digit = oracle_uscc(first)
    assert uscc_check_digit(first) == digit
    assert check_uscc(first + digit, field="code") == first + digit


@given(uscc_first)
def test_a_wrong_uscc_check_digit_is_named_with_the_right_one(first: str) -> None:
    right = oracle_uscc(first)
    for wrong in USCC_ALPHABET.replace(right, ""):
        error = refusal(check_uscc, first + wrong)
        assert error.rule == "uscc.check_digit"
        for sentence in (error.what.en, error.what.zh):
            assert f"“{right}”" in sentence and f"“{wrong}”" in sentence


@given(uscc_first, st.integers(8, 16), st.sampled_from(USCC_ALPHABET))
def test_one_wrong_character_never_passes(first: str, place: int, other: str) -> None:
    code = first + oracle_uscc(first)
    if code[place] != other:
        assert refusal(check_uscc, code[:place] + other + code[place + 1 :]).rule == "uscc.check_digit"


def test_uscc_as_people_write_it() -> None:
    # The example printed in python-stdnum's documentation of cn.uscc.
    code = "91110000600037341L"
    for raw in (
        code,
        code.lower(),
        "９１１１０００0600037341L",
        " 9111 0000 6000 3734 1L ",
        "91110000-600037341-L",
    ):
        assert check_uscc(raw, field="code") == code


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("91110000600037341", "uscc.length"),
        ("91110000600037341LL", "uscc.length"),
        ("9111000060003734IL", "uscc.character"),
        ("9111000O600037341L", "uscc.character"),
        ("91A10000600037341L", "uscc.division"),
        ("91110000\u200b600037341L", "text.zero_width"),
        ("\u202e91110000600037341L", "text.bidi"),
        ("٩١١١٠٠٠٠٦٠٠٠٣٧٣٤١L", "uscc.character"),
        ("", "text.empty"),
        (91110000600037341, "text.type"),
    ],
)
def test_bad_uscc(raw: object, rule: str) -> None:
    assert refusal(check_uscc, raw).rule == rule


def test_uscc_agrees_with_a_peer_where_one_is_installed() -> None:
    stdnum = pytest.importorskip("stdnum.cn.uscc")
    for first in ("91110000600037341", "911100006000373AB", "51110000MJ0069XW1"):
        assert uscc_check_digit(first) == stdnum.calc_check_digit(first)


@given(st.text(alphabet=string.ascii_uppercase + string.digits, min_size=18, max_size=18))
def test_lei_by_long_division(first: str) -> None:
    remainder = 0
    for character in first + lei_check_digits(first):
        for digit in str(int(character, 36)):
            remainder = (remainder * 10 + int(digit)) % 97
    assert remainder == 1
    assert check_lei(first + lei_check_digits(first), field="code") == first + lei_check_digits(first)


def test_lei() -> None:
    # GLEIF's own identifier.
    assert check_lei("506700ge1g29325qx363", field="code") == "506700GE1G29325QX363"
    error = refusal(check_lei, "506700GE1G29325QX364")
    assert error.rule == "lei.check_digit"
    assert "“63”" in error.what.en and "“63”" in error.what.zh
    assert refusal(check_lei, "506700GE1G29325QX36").rule == "lei.length"
    assert refusal(check_lei, "506700GE1G29325QX3É3").rule == "lei.character"


@given(st.text(alphabet=string.digits, min_size=15, max_size=15))
def test_orcid_by_definition(first: str) -> None:
    """ISO/IEC 7064 MOD 11-2: the weighted sum with powers of two is 1 modulo 11."""
    values = [int(c) for c in first] + ["0123456789X".index(orcid_check_digit(first))]
    assert sum(v * 2 ** (15 - i) for i, v in enumerate(values)) % 11 == 1


def test_orcid() -> None:
    # Examples from ORCID's documentation of the structure of its identifier.
    for raw in ("0000-0002-1825-0097", "0000000218250097", "https://orcid.org/0000-0002-1825-0097"):
        assert check_orcid(raw, field="code") == "0000-0002-1825-0097"
    assert check_orcid("0000-0002-1694-233x", field="code") == "0000-0002-1694-233X"
    error = refusal(check_orcid, "0000-0002-1825-0098")
    assert error.rule == "orcid.check_digit" and "“7”" in error.what.en
    assert refusal(check_orcid, "0000-0002-1825-009").rule == "orcid.length"
    assert refusal(check_orcid, "X000-0002-1825-0097").rule == "orcid.character"


def test_other_registers_keep_name_and_number() -> None:
    entry = RegisterEntry.parse("香港公司注册处", "１２３４５６７", field="code")
    assert entry.as_json() == {"register": "香港公司注册处", "number": "1234567"}
    with pytest.raises(Invalid):
        RegisterEntry.parse("", "1234567", field="code")
    with pytest.raises(Invalid):
        RegisterEntry.parse("香港公司注册处", "12\u200b34", field="code")


@given(st.text(alphabet=string.ascii_uppercase, min_size=2, max_size=8), st.integers(1, 10**18 - 2))
def test_record_codes_come_back(prefix: str, serial: int) -> None:
    code = RecordCode(prefix, serial)
    assert RecordCode.parse(str(code), field="code") == code
    assert RecordCode.parse(f" {prefix.lower()}-{serial} ", field="code", prefix=prefix) == code
    assert len(str(code)) >= len(prefix) + 5
    assert code < code.next() and code.next().serial == serial + 1


def test_record_codes_grow_beyond_four_digits() -> None:
    assert str(RecordCode("SYS", 7)) == "SYS-0007" == RecordCode("SYS", 7).as_json()
    assert str(RecordCode("SYS", 9999).next()) == "SYS-10000"
    assert RecordCode.parse("ＳＹＳ－０００７", field="code") == RecordCode("SYS", 7)


@pytest.mark.parametrize(
    "raw",
    ["SYS", "SYS-", "SYS-0000", "SYS-٣", "S-1", "SYS-1 OR 1=1", "CALL-0001", "SYS--1", "SYS-" + "9" * 19],
)
def test_bad_record_codes(raw: str) -> None:
    with pytest.raises(Invalid) as caught:
        RecordCode.parse(raw, field="code", prefix="SYS")
    assert caught.value.rule == "record_code.form"
    assert "SYS-0007" in caught.value.remedy.en and "SYS-0007" in caught.value.remedy.zh


def test_a_record_code_is_never_made_wrong() -> None:
    for prefix, serial in (("sys", 1), ("SYS", 0), ("S", 1), ("SYS", -1)):
        with pytest.raises(ValueError):
            RecordCode(prefix, serial)
