"""Faithfulness: taking away what ranks first moves the score more than taking inputs away in random order.

- deletion: the most important inputs are replaced first by those of background rows; the score should fall fast;
- insertion: background rows get the most important inputs first; the score should rise fast (both Petsiuk et al.
  2018, BMVC);
- imputation: as deletion, but what is taken away is filled in from what is left, with noise, so that neither a strange
  input nor the pattern of removal itself moves the score (ROAD: Rong et al. 2022, ICML).

The unit that is counted is a row: it is won if the area under its curve is better than those of more than half of an
odd number of random orders. For an order that is no better than random, exchangeable with them, that has chance 1/2
at most (ties are lost), whatever the system, so a count of wins has exact limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.explanations.forms import Ask, Flags, Wide

Measure = Literal["deletion", "insertion", "imputation"]
MEASURES: tuple[Measure, ...] = ("deletion", "insertion", "imputation")
RIVALS = 5
STEPS = 10
Ranks = NDArray[np.int64]
# Fills in rows (n, d) where flags (n, d) are set.
Fill = Callable[[Rows, Flags], Rows]


def wins(
    ask: Ask,
    rows: Rows,
    classes: Codes,
    values: Wide,
    background: Rows,
    fill: Fill,
    chance: np.random.Generator,
    rivals: int = RIVALS,
) -> Mapping[Measure, Flags]:
    """For each measure the rows (n,) whose attributions (n, d) order the inputs better than most random orders.

    Asks about n (rivals + 1) steps (2 m + 1) rows. rivals must be odd.
    """
    ranks = orders(values, chance, rivals)
    curves = areas(ask, rows, classes, ranks, background, fill)
    better = {"deletion": -1.0, "insertion": 1.0, "imputation": -1.0}
    return {
        name: np.asarray((better[name] * (c[:, :1] - c[:, 1:]) > 0).sum(axis=1) > rivals // 2, np.bool_)
        for name, c in curves.items()
    }


def orders(values: Wide, chance: np.random.Generator, rivals: int) -> Ranks:
    """(n, 1 + rivals, d) ranks: by falling attribution (equal ones in random order), then random ones."""
    n, d = values.shape
    shuffled = chance.random((n, 1 + rivals, d))
    # lexsort: the last key decides first.
    own = np.lexsort((shuffled[:, 0], -values), axis=1)
    places = np.concatenate([own[:, None], np.argsort(shuffled[:, 1:], axis=2)], axis=1)
    return np.argsort(places, axis=2)


def areas(
    ask: Ask, rows: Rows, classes: Codes, ranks: Ranks, background: Rows, fill: Fill
) -> Mapping[Measure, Wide]:
    """(n, orders) mean score over the steps, for each measure."""
    n, count, d = ranks.shape
    cuts = np.unique(np.ceil(np.linspace(0, d, min(d, STEPS) + 1)).astype(np.int64))[1:-1]
    cuts = cuts if len(cuts) else np.array([1])
    first = ranks[:, :, None, :] < cuts[:, None]
    found: dict[Measure, Wide] = {name: np.empty((n, count)) for name in MEASURES}
    for i in range(n):
        top, row = first[i], rows[i]
        gone = np.where(top[:, :, None, :], background, row)
        come = np.where(top[:, :, None, :], row, background)
        flat = top.reshape(-1, d)
        filled = fill(np.broadcast_to(row, flat.shape), flat)
        blocks = [gone.reshape(-1, d), come.reshape(-1, d), filled]
        scores = ask(np.concatenate(blocks).astype(np.float32))[:, classes[i]]
        parts = np.split(scores, np.cumsum([len(b) for b in blocks])[:-1])
        for name, part in zip(MEASURES, parts, strict=True):
            found[name][i] = part.reshape(count, -1).mean(axis=1)
    return found
