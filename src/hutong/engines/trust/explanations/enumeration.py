"""Exact Shapley values of any system with few inputs: all 2^d coalitions asked, one matrix product after."""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.explanations.forms import (
    UNIT64,
    Ask,
    Explanation,
    Flags,
    Unit,
    Wide,
    checked,
)
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

# 4096 coalitions. The next input would double that for every row.
MOST = 12
# Rows that one call of the system may be given.
CHUNK = 65536


def enumerate_coalitions(
    ask: Ask, rows: Any, classes: Codes, background: Any, grain: float = 0.0, unit: Unit = "probability"
) -> Explanation:
    """Attributions of rows (n, d), d <= 12, to the score of each row's class. Asks 2^d m rows per row, m background rows.

    grain: the largest error of one score (half of its last place). A value is a difference of two weighted means of
    scores, so its error is at most 2 grain, and that is what the limits hold beside rounding.
    `Invalid` explain.inputs with more inputs.
    """
    table, behind = checked(rows, background)
    d = table.shape[1]
    if d > MOST:
        what = Text(
            "There are more than {n} inputs, too many to ask all coalitions.",
            "输入超过{n}个，无法枚举全部组合。",
        )
        raise refuse("explain.inputs", what.format(n=MOST), where="rows")
    masks, weights = _game(d)
    games = np.stack([_worths(ask, x, c, behind, masks) for x, c in zip(table, classes, strict=True)])
    values = games @ weights.T
    slack = 2 * grain + (len(masks) + len(behind)) * UNIT64 * np.abs(games).max(axis=1)[:, None]
    return Explanation(
        values=values,
        base=games[:, 0],
        full=games[:, -1],
        lower=values - slack,
        upper=values + slack,
        how="enumeration",
        unit=unit,
        exact=True,
    )


@cache
def _game(d: int) -> tuple[Flags, Wide]:
    """Coalitions (2^d, d) and the weights (d, 2^d) by which their worths become values.

    phi_i = sum over S without i of |S|! (d - |S| - 1)! / d! (v(S + i) - v(S)), Shapley 1953.
    """
    masks = (np.arange(2**d)[:, None] >> np.arange(d)) & 1 == 1
    size = masks.sum(axis=1)
    with_it = np.array([0.0] + [1.0 / (d * comb(d - 1, s - 1)) for s in range(1, d + 1)])[size]
    without = np.array([1.0 / (d * comb(d - 1, s)) for s in range(d)] + [0.0])[size]
    return masks, np.where(masks, with_it[:, None], -without[:, None]).T.copy()


def _worths(ask: Ask, row: Rows, label: int, background: Rows, masks: Flags) -> Wide:
    """(coalitions,) v(S) of one row, asked in chunks."""
    m = len(background)
    step = max(1, CHUNK // m)
    parts = []
    for at in range(0, len(masks), step):
        mixed = np.where(masks[at : at + step, None, :], row, background)
        scores = ask(mixed.reshape(-1, len(row)))[:, label]
        parts.append(scores.reshape(-1, m).mean(axis=1))
    return np.concatenate(parts)
