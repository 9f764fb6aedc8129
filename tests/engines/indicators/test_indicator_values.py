"""Values: null is never zero."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.kernel.text import Text
from hutong.kernel.values import (
    Disputed,
    Missing,
    Number,
    Suppressed,
    Undefined,
    Value,
    decimal_text,
    total,
)

A, B = Missing(Text("a", "甲")), Missing(Text("b", "乙"))
numbers = st.fractions(min_value=-1000, max_value=1000, max_denominator=50).map(Number)
values: st.SearchStrategy[Value] = st.one_of(
    numbers,
    st.sampled_from([A, B]),
    st.just(Undefined()),
    st.just(Suppressed()),
    st.lists(numbers, min_size=2, max_size=3, unique=True).map(lambda c: Disputed(tuple(c))),
)


@pytest.mark.parametrize("bad", [1.0, True, "1", None])
def test_number_takes_exact_numbers_only(bad: object) -> None:
    with pytest.raises(TypeError):
        Number(bad)  # type: ignore[arg-type]


@settings(deadline=None)
@given(values, values)
def test_addition_and_multiplication_commute(x: Value, y: Value) -> None:
    assert x + y == y + x
    assert x * y == y * x


@settings(deadline=None)
@given(values, values, values)
def test_addition_is_associative_where_no_dispute_collapses(x: Value, y: Value, z: Value) -> None:
    assert (x + y) + z == x + (y + z)


@settings(deadline=None)
@given(values)
def test_strength_of_what_is_not_a_number(x: Value) -> None:
    assert isinstance(x + Suppressed(), Suppressed)
    if not isinstance(x, Suppressed):
        assert isinstance(x * A, Missing)
    if isinstance(x, Number):
        assert isinstance(x + Undefined(), Undefined)


def test_zero_denominator_is_undefined_and_dispute_keeps_candidates() -> None:
    assert Number(3) / Number(0) == Undefined()
    both = Disputed((Number(2), Number(0)))
    assert Number(6) / both == Disputed((Number(3), Undefined()))
    assert both * Number(0) == Number(0)
    assert both + both == Disputed((Number(0), Number(2), Number(4)))
    with pytest.raises(ValueError, match="two different"):
        Disputed((Number(1), Number(1)))


@pytest.mark.parametrize("order", list(permutations([Number(1), A, Number(2)])))
def test_missing_strategies(order: tuple[Value, ...]) -> None:
    assert total(order, "skip_if_any") == A
    assert total(order, "skip_if_all") == Number(3)
    assert total(order, "never_skip", declared_zero=True) == Number(3)
    assert isinstance(total([A, B], "skip_if_all"), Missing)
    assert isinstance(total([]), Missing)
    assert total([], declared_zero=True) == Number(0)
    with pytest.raises(ValueError, match="absence"):
        total(order, "never_skip")


@settings(deadline=None)
@given(values)
def test_words_and_json(x: Value) -> None:
    text = json.dumps(x.as_json())
    assert x.state in text

    def has_float(content: object) -> bool:
        if isinstance(content, dict):
            return any(map(has_float, content.values()))
        if isinstance(content, list):
            return any(map(has_float, content))
        return isinstance(content, float)

    assert not has_float(x.as_json())
    for language in ("en", "zh"):
        said = x.say(language)
        if not isinstance(x, Number):
            assert said not in ("0", "-", "—", "–", "") and len(said) > 3


def test_json_keeps_large_and_long_numbers() -> None:
    assert Number(2**53).as_json()["value"] == str(2**53)
    assert Number(2**53 - 1).as_json()["value"] == 2**53 - 1
    assert Number(Fraction(1, 8)).as_json() == {"state": "number", "value": "0.125"}
    assert Number(Fraction(1, 3)).as_json()["exact"] == "1/3"
    assert Number(Fraction(-1234567, 10)).say("en") == "-123,456.7"
    # A number too small for its decimals is never said as zero.
    assert Number(Fraction(-1, 10**9)).say("en") == "-0.000000001"
    assert Number(Fraction(1, 3 * 10**9)).say("zh").startswith("0.0000000003")


@settings(deadline=None)
@given(st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=999), st.integers(0, 8))
def test_decimal_text_is_the_nearest(value: Fraction, places: int) -> None:
    shown = Fraction(decimal_text(value, places))
    assert abs(shown - value) <= Fraction(1, 2 * 10**places)
