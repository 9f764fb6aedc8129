"""Quantities: exact, within their type, no floats."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.kernel.errors import Invalid
from hutong.kernel.quantity import HOUR, LARGEST, ChipTime, Count, Money, Share

WHOLE: tuple[type[Any], ...] = (Money, ChipTime, Count)
QUANTITIES: tuple[type[Any], ...] = (*WHOLE, Share)
units = st.integers(-(10**12), 10**12)


def rule_of(kind: type[Any], raw: object, **options: bool) -> str:
    with pytest.raises(Invalid) as caught:
        kind.parse(raw, field="amount", **options)
    assert caught.value.field == "amount"
    return caught.value.rule


@pytest.mark.parametrize(
    ("raw", "fen"),
    [
        ("12.30", 1230),
        ("12.3", 1230),
        ("0", 0),
        ("-0", 0),
        ("１２", 1200),
        ("￥１，２００．５０", 120050),
        ("3万", 3_000_000),
        ("2亿元", 20_000_000_000),
        ("1.234567万", 1_234_567),
        ("1.5 万亿", 150_000_000_000_000),
        ("¥1,234,567.89", 123_456_789),
        ("rmb 12 元", 1200),
        (" 7 ", 700),
        (7, 700),
    ],
)
def test_money_as_people_write_it(raw: object, fen: int) -> None:
    assert Money.parse(raw, field="amount") == Money(fen)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("12.345", "money.decimals"),
        ("12.300", "money.decimals"),
        ("0.0000001万", "quantity.too_fine"),
        ("-1", "quantity.negative"),
        ("NaN", "quantity.form"),
        ("inf", "quantity.form"),
        ("-Infinity", "quantity.form"),
        ("1e5", "quantity.form"),
        ("1e999999999", "quantity.form"),
        ("9" * 41, "quantity.form"),
        ("9" * 30, "quantity.too_large"),
        ("1,2,3", "quantity.form"),
        ("1 2", "quantity.form"),
        ("١٢", "quantity.form"),
        ("1\u200b2", "quantity.form"),
        ("\u202e12", "quantity.form"),
        ("0x10", "quantity.form"),
        ("1_000", "quantity.form"),
        ("", "quantity.form"),
        (".5", "quantity.form"),
        ("$5", "quantity.form"),
        (12.5, "quantity.type"),
        (None, "quantity.type"),
        (True, "quantity.type"),
        (Decimal("1"), "quantity.type"),
    ],
)
def test_money_that_is_none(raw: object, rule: str) -> None:
    assert rule_of(Money, raw) == rule


def test_negative_money_where_it_may_be() -> None:
    assert Money.parse("-3.05", field="amount", allow_negative=True) == Money(-305)


@given(units)
def test_money_said_can_be_read_again(fen: int) -> None:
    money = Money(fen)
    for text in (money.decimal, money.say("zh"), money.say("en").removeprefix("CNY ")):
        assert Money.parse(text, field="amount", allow_negative=True) == money
    assert Decimal(money.decimal) * 100 == fen


@pytest.mark.parametrize(
    ("raw", "milliseconds"),
    [
        ("12.5 h", 45_000_000),
        ("12.5", 45_000_000),
        ("90 min", 5_400_000),
        ("9０分钟", 5_400_000),
        ("1.5 s", 1_500),
        ("250 ms", 250),
        ("3 万卡时", 30_000 * HOUR),
        ("1,000 GPU-hours", 1_000 * HOUR),
        ("2 小时", 2 * HOUR),
    ],
)
def test_chip_time_as_people_write_it(raw: str, milliseconds: int) -> None:
    assert ChipTime.parse(raw, field="amount") == ChipTime(milliseconds)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("0.1 ms", "quantity.too_fine"),
        ("0.00000001 h", "quantity.too_fine"),
        ("3 parsec", "chip_time.unit"),
        ("-1 h", "quantity.negative"),
        ("1e3 h", "quantity.form"),
        ("nan h", "quantity.form"),
        ("h", "quantity.form"),
        ("9" * 20 + " h", "quantity.too_large"),
        (1.5, "quantity.type"),
    ],
)
def test_chip_time_that_is_none(raw: object, rule: str) -> None:
    assert rule_of(ChipTime, raw) == rule


@given(st.integers(0, 10**9).map(lambda tenthousandths: Fraction(tenthousandths, 10_000)))
def test_hours_to_four_decimals_come_back(hours: Fraction) -> None:
    text = ChipTime(int(hours * HOUR)).say("zh")
    assert not text.startswith("约")
    assert ChipTime.parse(text, field="amount").hours == hours


def test_chip_time_is_said_in_hours_with_its_unit() -> None:
    assert ChipTime(45_000_000).say("en") == "12.5 chip-hours"
    assert ChipTime(45_000_000).say("zh") == "12.5 卡时"
    assert ChipTime(HOUR).say("en") == "1 chip-hour"
    assert ChipTime(0).say("en") == "0 chip-hours"
    assert ChipTime(1_200_000).say("en") == "≈ 0.3333 chip-hours"
    assert ChipTime(1_200_000).say("zh") == "约 0.3333 卡时"


@pytest.mark.parametrize(
    ("raw", "share"),
    [
        ("12.5%", Fraction(1, 8)),
        ("１２．５％", Fraction(1, 8)),
        ("0.125", Fraction(1, 8)),
        ("1/8", Fraction(1, 8)),
        ("125‰", Fraction(1, 8)),
        ("100 %", Fraction(1)),
        ("0", Fraction(0)),
        (1, Fraction(1)),
    ],
)
def test_shares_as_people_write_them(raw: object, share: Fraction) -> None:
    assert Share.parse(raw, field="amount") == Share(share)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("50", "share.range"),
        ("101%", "share.range"),
        ("9/8", "share.range"),
        ("1/0", "quantity.form"),
        ("-1%", "quantity.negative"),
        ("nan", "quantity.form"),
        ("1e-3", "quantity.form"),
        ("half", "quantity.form"),
        (0.5, "quantity.type"),
    ],
)
def test_shares_that_are_none(raw: object, rule: str) -> None:
    assert rule_of(Share, raw) == rule


@given(st.fractions(0, 1, max_denominator=10**9))
def test_a_share_is_exact_through_json(share: Fraction) -> None:
    assert Share.parse(Share(share).as_json(), field="amount").fraction == share


def test_shares_are_said_in_percent() -> None:
    assert Share(Fraction(1, 8)).say("zh") == "12.5%"
    assert Share(Fraction(1, 8)).say("en") == "12.5 %"
    assert Share(Fraction(1, 3)).say("zh") == "约 33.33%"
    assert Share(Fraction(1, 3)).say("en") == "≈ 33.33 %"
    assert Share.parse("150%", field="amount", beyond_one=True).say("zh") == "150%"


@given(units, units)
def test_arithmetic_is_that_of_integers(a: int, b: int) -> None:
    for kind in WHOLE:
        assert (kind(a) + kind(b)).as_json() == a + b
        assert (kind(a) - kind(b)).as_json() == a - b
        assert (-kind(a)).as_json() == -a
        assert (kind(a) * 3).as_json() == 3 * a
        assert (kind(a) < kind(b)) == (a < b)
        assert (kind(a) == kind(b)) == (a == b)
        assert bool(kind(a)) == bool(a)
        if b:
            assert kind(a).per(kind(b)) == Fraction(a, b)


@given(st.fractions(), st.fractions())
def test_arithmetic_of_shares_is_that_of_fractions(a: Fraction, b: Fraction) -> None:
    assert (Share(a) + Share(b)).fraction == a + b
    assert (Share(a) - Share(b)).fraction == a - b
    assert (Share(a) < Share(b)) == (a < b)


@pytest.mark.parametrize("kind", QUANTITIES)
@pytest.mark.parametrize("bad", [1.0, float("nan"), "1", None, True, Decimal(1)])
def test_nothing_but_exact_values_makes_a_quantity(kind: type[Any], bad: object) -> None:
    with pytest.raises(Invalid) as caught:
        kind(bad)
    assert caught.value.rule == "quantity.type"


def test_unlike_things_do_not_add() -> None:
    one = [Money(1), ChipTime(1), Count(1), Share(Fraction(1))]
    for left in one:
        for right in [*(other for other in one if other is not left), 1, 1.0, None]:
            for act in ("__add__", "__sub__"):
                with pytest.raises(Invalid):
                    getattr(left, act)(right)
            if left is not right:
                assert left != right
    with pytest.raises(TypeError):
        _ = Money(1) < ChipTime(2)  # type: ignore[operator]
    with pytest.raises(Invalid):
        _ = Money(10) * 0.5  # type: ignore[operator]


def test_a_book_has_an_edge() -> None:
    assert Money(LARGEST).fen == LARGEST
    with pytest.raises(Invalid) as caught:
        Money(LARGEST) + Money(1)
    assert caught.value.rule == "quantity.too_large"


def test_a_ratio_to_zero_is_no_number() -> None:
    with pytest.raises(Invalid) as caught:
        Count(3).per(Count(0))
    assert caught.value.rule == "quantity.zero"


def test_quantities_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Money(1).fen = 2  # type: ignore[misc]


def test_counts() -> None:
    assert Count.parse("1,200", field="amount") == Count(1200)
    assert Count.parse("3万", field="amount") == Count(30_000)
    assert Count(1200).say("zh") == "1,200"
    assert rule_of(Count, "1.5") == "quantity.too_fine"
    assert rule_of(Count, "-1") == "quantity.negative"


@pytest.mark.parametrize("kind", QUANTITIES)
@given(raw=st.text(max_size=50))
def test_any_text_is_read_or_refused(kind: type[Any], raw: str) -> None:
    try:
        value = kind.parse(raw, field="amount")
    except Invalid as error:
        assert error.field == "amount"
    else:
        assert isinstance(value.as_json(), int | str)
        assert value.say("zh") and value.say("en")
