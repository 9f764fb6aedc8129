"""What an explanation is: one number per input that shares out the difference between a score and its expectation.

All explanations here are interventional Shapley values (Shapley 1953; Lundberg and Lee 2017, NeurIPS; Janzing et al.
2020, AISTATS): the game of row x is v(S) = mean over background rows b of score(x in S, b elsewhere).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

Wide = NDArray[np.float64]
Flags = NDArray[np.bool_]
# (n, d) rows -> (n, k) scores, one column per label.
Ask = Callable[[Rows], Wide]
How = Literal["closed form", "trees", "enumeration", "permutations"]
Unit = Literal["log-odds", "score", "probability"]
# Attributions must add up to this, in their unit: brief of the engine, acceptance of category X.
TOLERANCE = 1e-9
UNIT64 = 2.0**-53


@dataclass(frozen=True)
class Explanation:
    """Attributions of n rows.

    values: (n, d) one per input. base, full: (n,) v of no input and of all: from the weights where the form is known,
    else as answered while the coalitions were asked (a system may round its last digit by what it is asked beside).
    lower, upper: (n, d) limits of the true values: proven where `exact`, else simultaneous confidence limits.
    how: the method; unit: of all numbers. exact: every coalition counted, no sampling.
    """

    values: Wide = field(hash=False)
    base: Wide = field(hash=False)
    full: Wide = field(hash=False)
    lower: Wide = field(hash=False)
    upper: Wide = field(hash=False)
    how: How
    unit: Unit
    exact: bool

    @property
    def gaps(self) -> Wide:
        """(n,) by how much the attributions miss full - base: the efficiency axiom, measured."""
        return np.asarray(np.abs(self.values.sum(axis=1) - (self.full - self.base)), np.float64)

    @property
    def error(self) -> Wide:
        """(n,) the largest distance of a value to its limits."""
        gap = np.maximum(self.upper - self.values, self.values - self.lower)
        return np.asarray(gap.max(axis=1), np.float64)

    def additive(self, tolerance: float = TOLERANCE) -> Flags:
        """(n,) whether the attributions add up; never where a number is not finite."""
        return np.asarray(np.isfinite(self.gaps) & (self.gaps <= tolerance), np.bool_)


def checked(rows: Any, background: Any) -> tuple[Rows, Rows]:
    """Rows (n, d) and background (m, d) as float32; `Invalid` explain.shape where they do not fit or hold no number."""
    table, behind = np.ascontiguousarray(rows, np.float32), np.ascontiguousarray(background, np.float32)
    shapes = table.ndim == behind.ndim == 2 and table.shape[1] == behind.shape[1] > 0 and len(behind) > 0
    if not shapes or not np.isfinite(table).all() or not np.isfinite(behind).all():
        what = Text("Rows and background are not numbers of one width.", "样本与背景数据不是等宽数值。")
        raise refuse("explain.shape", what, where="rows")
    return table, behind


def cosine(first: Wide, second: Wide) -> Wide:
    """(n,) cosines of the rows; 1 where both are zero, 0 where one is: nothing said is like nothing said only."""
    a, b = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    both = (a > 0) & (b > 0)
    unit = np.where(both, a * b, 1.0)
    return np.asarray(np.where(both, (first * second).sum(axis=1) / unit, (a == 0) & (b == 0)), np.float64)
