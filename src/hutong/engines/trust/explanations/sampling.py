"""Shapley values by sampled orders of the inputs, with limits that hold at every size and whenever one stops.

One unit is a sweep: for every background row one random order and its reverse (Castro, Gomez and Tejada 2009, Comput.
Oper. Res. 36:1726; antithetic pairs after Mitchell et al. 2022, JMLR 23:43). As each sweep uses all background rows, its
contributions add up to v(all) - v(none) without error, and sweeps are independent with the Shapley value as mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.explanations.enumeration import CHUNK
from hutong.engines.trust.explanations.forms import Ask, Explanation, Flags, Wide, checked
from hutong.engines.trust.statistics.sequences import betting_limits

Orders = NDArray[np.int64]
# Numbers in one call: 64 MB.
CELLS = 2**24


def sample_orders(
    ask: Ask,
    rows: Any,
    classes: Codes,
    background: Any,
    chance: np.random.Generator,
    sweeps: int = 2,
    alpha: float = 0.05,
    limits: bool = True,
) -> Explanation:
    """Attributions of rows (n, d) to the probability of each row's class. Asks 2 m (d + 1) sweeps rows per row.

    Scores must lie in [0, 1]. lower, upper: for each row, all d inputs at once with chance 1 - alpha (Bonferroni), by
    betting (Waudby-Smith and Ramdas 2024); without `limits` the trivial [-1, 1]. The same chance gives the same
    orders, whatever the rows, so that two calls differ by their rows only.
    """
    table, behind = checked(rows, background)
    masks, first, last = _paths(chance, sweeps, *behind.shape)
    # Blocks of rows whose coalitions in one sweep fill a call.
    step = max(1, _call(table.shape[1]) // (masks.size // sweeps // table.shape[1]))
    parts = [
        _units(ask, table[i : i + step], classes[i : i + step], behind, masks, first, last)
        for i in range(0, len(table), step)
    ]
    units, ends = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    values = units.mean(axis=1)
    low, high = np.full(values.shape, -1.0), np.full(values.shape, 1.0)
    if limits:
        shares = np.clip((np.moveaxis(units, 1, 2) + 1) / 2, 0.0, 1.0)
        found = betting_limits(shares, alpha / table.shape[1])
        low, high = 2 * found.lower - 1, 2 * found.upper - 1
    return Explanation(
        values=np.asarray(values, np.float64),
        base=ends[:, 0],
        full=ends[:, 1],
        lower=np.minimum(low, values),
        upper=np.maximum(high, values),
        how="permutations",
        unit="probability",
        exact=False,
    )


def _call(d: int) -> int:
    """Rows of d inputs in one call: CHUNK, or fewer of wide ones."""
    return max(1, min(CHUNK, CELLS // d))


def _paths(chance: np.random.Generator, sweeps: int, m: int, d: int) -> tuple[Flags, Orders, Orders]:
    """Coalitions (sweeps, m, 2, d + 1, d) along each order, and for each input the steps around its entry."""
    places = np.argsort(chance.random((sweeps, m, d)), axis=2)
    both = np.stack([places, d - 1 - places], axis=2)
    masks = both[:, :, :, None, :] < np.arange(d + 1)[:, None]
    return masks, both, both + 1


def _units(
    ask: Ask, rows: Rows, classes: Codes, background: Rows, masks: Flags, first: Orders, last: Orders
) -> tuple[Wide, Wide]:
    """(r, sweeps, d) contributions of r rows, over the background and both directions, and (r, 2) v(none), v(all)."""
    sweeps, m, _, steps, d = masks.shape
    worths = np.empty((len(rows), sweeps, m, 2, steps))
    # Where even one row is too many, it goes in parts, by whole background rows.
    width = max(1, _call(d) // (2 * steps * len(rows)))
    for s in range(sweeps):
        for at in range(0, m, width):
            part = slice(at, at + width)
            mixed = np.where(masks[s, part], rows[:, None, None, None, :], background[part, None, None, :])
            scores = ask(mixed.reshape(-1, d))
            scores = scores.reshape(len(rows), -1, 2, steps, scores.shape[1])
            worths[:, s, part] = scores[np.arange(len(rows)), ..., classes]
    gains = np.take_along_axis(worths, last[None], axis=4) - np.take_along_axis(worths, first[None], axis=4)
    ends = worths[..., [0, -1]].mean(axis=(1, 2, 3))
    return np.asarray(gains.mean(axis=(2, 3)), np.float64), np.asarray(ends, np.float64)
