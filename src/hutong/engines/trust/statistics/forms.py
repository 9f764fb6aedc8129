"""What every function here takes and gives: counts in, limits out, and one way to refuse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_CHECK_INPUT = Text("Correct the input and try again.", "请更正后重试。")


@dataclass(frozen=True, slots=True)
class Interval:
    """value: point estimate (NaN where there is none). lower, upper: limits, in the unit of the value.

    exact: the coverage is at least what was asked at every truth and every size. What is not exact is for
    display and never decides. method: name of the construction.
    """

    value: float
    lower: float
    upper: float
    exact: bool
    method: str

    @property
    def width(self) -> float:
        return self.upper - self.lower

    def covers(self, truth: float) -> bool:
        return self.lower <= truth <= self.upper


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """lower, upper: arrays of one shape, an interval per element. exact, method: as in `Interval`."""

    lower: Floats
    upper: Floats
    exact: bool
    method: str

    def covers(self, truth: ArrayLike) -> Bools:
        value = np.asarray(truth, dtype=np.float64)
        return np.asarray((self.lower <= value) & (value <= self.upper), dtype=np.bool_)


def refuse(rule: str, what: Text, where: str | None = None, remedy: Text = _CHECK_INPUT) -> Invalid:
    """The `Invalid` of a broken rule, to be raised by the caller. rule is named under `statistics.`"""
    return Invalid(what, rule=f"statistics.{rule}", remedy=remedy, field=where)


def check_share(value: float, where: str) -> float:
    """A share strictly between 0 and 1, or `Invalid` statistics.share (NaN too)."""
    number = float(value)
    if not 0.0 < number < 1.0:
        raise refuse("share", Text("Not a share between 0 and 1.", "不是0与1之间的比例。"), where)
    return number


def whole(values: ArrayLike, where: str) -> Ints:
    """Whole numbers of at least 0 as int64, or `Invalid` statistics.whole (fractions, NaN, negatives)."""
    given = np.asarray(values)
    if given.dtype.kind in "iub":
        numbers = given.astype(np.int64, copy=False)
    else:
        try:
            floats = given.astype(np.float64)
        except (TypeError, ValueError):
            floats = np.array(math.nan)
        fit = np.isfinite(floats) & (floats == np.floor(floats)) & (np.abs(floats) < 2.0**53)
        numbers = np.where(fit, floats, -1.0).astype(np.int64)
    if numbers.size and int(numbers.min()) < 0:
        raise refuse("whole", Text("Counts are whole numbers of at least 0.", "计数应为非负整数。"), where)
    return numbers


def check_counts(hits: ArrayLike, n: ArrayLike) -> tuple[Ints, Ints]:
    """Hits of n as int64 of one shape, or `Invalid` statistics.counts where hits exceed n."""
    k, total = np.broadcast_arrays(whole(hits, "hits"), whole(n, "n"))
    if np.any(k > total):
        raise refuse("counts", Text("More hits than units.", "命中数超过总数。"), "hits")
    return k, total


def floats(values: object) -> Floats:
    """What an untyped library gave, as float64."""
    return np.asarray(values, dtype=np.float64)
