"""Published numbers: decimal strings of fixed digits. Limits are rounded outward, so what is read is what was judged."""

from __future__ import annotations

from fractions import Fraction

from hutong.kernel.values import decimal_text

PLACES = 6
_UNIT = 10**PLACES
# Quantiles of different machines differ in the last bits: a limit this close to a step is on the step.
_SLACK = Fraction(1, 10**10)


def nearest(value: float | Fraction) -> str:
    return decimal_text(Fraction(value), PLACES)


def below(value: float) -> str:
    """Largest published number not above the value."""
    return decimal_text(Fraction(((Fraction(value) + _SLACK) * _UNIT).__floor__(), _UNIT), PLACES)


def above(value: float) -> str:
    """Smallest published number not below the value."""
    return decimal_text(Fraction(((Fraction(value) - _SLACK) * _UNIT).__ceil__(), _UNIT), PLACES)


def told(value: float | Fraction) -> str:
    """A limit inside a sentence: all its digits and at least two, without the zeros that only fill."""
    text = nearest(value)
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}" if part else text


def short(number: str, places: int = 2) -> str:
    """As people read it. Never hides which side of a limit a number lies on: callers widen places for that."""
    return decimal_text(Fraction(number), places)


def shorts(numbers: tuple[str, ...], threshold: str) -> tuple[str, ...]:
    """The numbers with as few digits (2 to 6) as keep each on its own side of the threshold."""
    bar = Fraction(threshold)
    for places in range(2, PLACES + 1):
        shown = tuple(short(n, places) for n in numbers)
        if all(
            _side(Fraction(s), bar) == _side(Fraction(n), bar) for s, n in zip(shown, numbers, strict=True)
        ):
            return shown
    return numbers


def _side(value: Fraction, bar: Fraction) -> int:
    return (value > bar) - (value < bar)
