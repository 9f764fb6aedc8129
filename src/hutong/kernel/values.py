"""Values that a figure can take. Null is never zero: a value is a number, missing, undefined, suppressed or
disputed, and it stays so through every sum and page.

Arithmetic (`+ - * /` on any `Value`) propagates, in this order of strength:
suppressed, missing, undefined, disputed, number. Suppressed is strongest so that no sum gives a protected
cell away. Where two reasons meet, the alphabetically first stands for both: so the result does not depend
on the order in which the parts came.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from hutong.kernel.text import Language, Text

Exact = int | Fraction
State = Literal["number", "missing", "undefined", "suppressed", "disputed"]
Strategy = Literal["skip_if_any", "skip_if_all", "never_skip"]
STRATEGIES: tuple[Strategy, ...] = ("skip_if_any", "skip_if_all", "never_skip")

# JSON readers keep integers exactly up to here (RFC 8785 section 3.2.2.3, I-JSON RFC 7493 section 2.2).
_SAFE_INTEGER = 2**53 - 1
_ZERO_DENOMINATOR = Text("the denominator is zero", "分母为零")
_PROTECTED = Text("too few contributors to publish", "涉及单位过少，不予公布")
_NO_RECORD = Text("no record", "无记录")


def exact(amount: object) -> Fraction:
    """The amount as a Fraction. TypeError for float, bool and everything that is not int or Fraction."""
    if isinstance(amount, bool) or not isinstance(amount, int | Fraction):
        raise TypeError(f"an exact number is int or Fraction, not {type(amount).__name__}")
    return Fraction(amount)


def decimal_text(amount: Exact, places: int | None = None) -> str:
    """Decimal digits of an exact number, rounded half to even once; trailing zeros dropped when places is
    None.

    Without `places` a terminating fraction is written in full and any other to 12 digits.
    """
    value = exact(amount)
    digits = _terminating_places(value) if places is None else places
    shown = 12 if digits is None else digits
    scaled = round(value * 10**shown)
    sign = "-" if scaled < 0 else ""
    body = str(abs(scaled)).rjust(shown + 1, "0")
    if shown == 0:
        return sign + body
    whole, part = body[:-shown], body[-shown:]
    if places is None:
        part = part.rstrip("0")
    return f"{sign}{whole}.{part}" if part else sign + whole


def _terminating_places(value: Fraction) -> int | None:
    """Decimal places that write the fraction in full; None where it does not terminate."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


class Value(ABC):
    """Base of the five kinds of value. Use the subclasses."""

    __slots__ = ()
    state: State

    @abstractmethod
    def as_json(self) -> dict[str, object]:
        """State and content, without floats."""

    @abstractmethod
    def say(self, language: Language) -> str:
        """Words for a page. What is not a number is said in words: never 0, never a dash."""

    def __add__(self, other: Value) -> Value:
        return combine(operator.add, self, other)

    def __sub__(self, other: Value) -> Value:
        return combine(operator.sub, self, other)

    def __mul__(self, other: Value) -> Value:
        return combine(operator.mul, self, other)

    def __truediv__(self, other: Value) -> Value:
        return combine(operator.truediv, self, other)


@dataclass(frozen=True, slots=True)
class Number(Value):
    """An exact number. Accepts int and Fraction; refuses float and bool with TypeError."""

    amount: Fraction

    def __init__(self, amount: Exact) -> None:
        object.__setattr__(self, "amount", exact(amount))

    @property
    def state(self) -> State:  # type: ignore[override]
        return "number"

    def as_json(self) -> dict[str, object]:
        """`value` is an int where JSON keeps it, else a decimal string; `exact` is added when rounded."""
        if self.amount.denominator == 1:
            whole = self.amount.numerator
            return {"state": "number", "value": whole if abs(whole) <= _SAFE_INTEGER else str(whole)}
        content: dict[str, object] = {"state": "number", "value": decimal_text(self.amount)}
        if _terminating_places(self.amount) is None:
            content["exact"] = f"{self.amount.numerator}/{self.amount.denominator}"
        return content

    def say(self, language: Language, places: int | None = None) -> str:
        """Digits with thousands separators; at most 4 decimals unless `places` asks for others.

        A number that is not zero is not said as zero: it gets the decimals that it needs.
        """
        shown = 4 if places is None else places
        text = decimal_text(self.amount, shown)
        while self.amount and not Fraction(text):
            shown += 4
            text = decimal_text(self.amount, shown)
        whole, _, part = text.partition(".")
        if places is None:
            part = part.rstrip("0")
        sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        grouped = f"{int(whole):,}"
        return f"{sign}{grouped}.{part}" if part else sign + grouped


@dataclass(frozen=True, slots=True)
class Missing(Value):
    """Nobody knows it, and why."""

    reason: Text = _NO_RECORD

    @property
    def state(self) -> State:  # type: ignore[override]
        return "missing"

    def as_json(self) -> dict[str, object]:
        return {"state": "missing", "reason": self.reason.as_json()}

    def say(self, language: Language) -> str:
        return Text("not known: {r}", "暂缺：{r}").format(r=self.reason).say(language)


@dataclass(frozen=True, slots=True)
class Undefined(Value):
    """The formula has no result here: the denominator is zero."""

    reason: Text = _ZERO_DENOMINATOR

    @property
    def state(self) -> State:  # type: ignore[override]
        return "undefined"

    def as_json(self) -> dict[str, object]:
        return {"state": "undefined", "reason": self.reason.as_json()}

    def say(self, language: Language) -> str:
        return Text("not defined: {r}", "无法计算：{r}").format(r=self.reason).say(language)


@dataclass(frozen=True, slots=True)
class Suppressed(Value):
    """Known but not shown, so that no single contributor can be read out of it."""

    reason: Text = _PROTECTED

    @property
    def state(self) -> State:  # type: ignore[override]
        return "suppressed"

    def as_json(self) -> dict[str, object]:
        return {"state": "suppressed", "reason": self.reason.as_json()}

    def say(self, language: Language) -> str:
        return Text("withheld: {r}", "不予公布：{r}").format(r=self.reason).say(language)


@dataclass(frozen=True, slots=True)
class Disputed(Value):
    """Two or more candidates stand against each other; kept sorted and without repeats.

    ValueError with fewer than two different candidates. A candidate is a Number, or Undefined where the
    formula divides by a candidate that is zero.
    """

    candidates: tuple[Number | Undefined, ...]

    def __post_init__(self) -> None:
        unique = tuple(sorted(set(self.candidates), key=_order))
        if len(unique) < 2:
            raise ValueError("a dispute needs two different candidates")
        object.__setattr__(self, "candidates", unique)

    @property
    def state(self) -> State:  # type: ignore[override]
        return "disputed"

    def as_json(self) -> dict[str, object]:
        return {"state": "disputed", "candidates": [c.as_json() for c in self.candidates]}

    def say(self, language: Language) -> str:
        joiner = Text(" or ", "或")
        shown = joiner.say(language).join(c.say(language) for c in self.candidates)
        return Text("disputed: {c}", "有争议：{c}").format(c=shown).say(language)


def _order(candidate: Number | Undefined) -> tuple[int, Fraction]:
    return (0, candidate.amount) if isinstance(candidate, Number) else (1, Fraction(0))


def _first_reason(kind: type[Missing] | type[Undefined] | type[Suppressed], values: Iterable[Value]) -> Text:
    reasons = [v.reason for v in values if isinstance(v, kind)]
    return min(reasons, key=lambda r: (r.en, r.zh))


def combine(function: Callable[[Fraction, Fraction], Fraction], left: Value, right: Value) -> Value:
    """Apply a two-place exact function and propagate what is not a number."""
    pair = (left, right)
    for kind in (Suppressed, Missing, Undefined):
        if isinstance(left, kind) or isinstance(right, kind):
            return kind(_first_reason(kind, pair))
    outcomes = {_apply(function, a, b) for a in _candidates(left) for b in _candidates(right)}
    return next(iter(outcomes)) if len(outcomes) == 1 else Disputed(tuple(outcomes))


def _candidates(value: Value) -> tuple[Number | Undefined, ...]:
    return value.candidates if isinstance(value, Disputed) else (cast(Number, value),)


def _apply(
    function: Callable[[Fraction, Fraction], Fraction], left: Number | Undefined, right: Number | Undefined
) -> Number | Undefined:
    if isinstance(left, Undefined):
        return left
    if isinstance(right, Undefined):
        return right
    try:
        return Number(function(left.amount, right.amount))
    except ZeroDivisionError:
        return Undefined()


def total(
    values: Iterable[Value], strategy: Strategy = "skip_if_any", *, declared_zero: bool = False
) -> Value:
    """Sum with a declared way to treat missing parts (DHIS2 names).

    skip_if_any: one missing part makes the sum missing. skip_if_all: missing parts are left out unless all
    are. never_skip: a missing part counts as zero, allowed only where `declared_zero` says that absence
    means none (ValueError otherwise). The sum of nothing is missing, or zero where `declared_zero`.
    """
    parts = list(values)
    if strategy == "never_skip" and not declared_zero:
        raise ValueError("never_skip needs a declaration that absence means none")
    if not parts:
        return Number(0) if declared_zero else Missing()
    if strategy == "never_skip":
        parts = [Number(0) if isinstance(p, Missing) else p for p in parts]
    elif strategy == "skip_if_all":
        parts = [p for p in parts if not isinstance(p, Missing)] or parts
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result
