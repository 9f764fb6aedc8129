"""A first counter-example for the exact search: walk into the leaf that gains most for its cost, then walk back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.cells import Places, View, total
from hutong.engines.trust.distances.feasible import Norm, Wide

Flips = Callable[[Rows], NDArray[np.bool_]]
STEPS = 60
TRIED = 256


def descend(view: View, gain: Wide, start: Wide, norm: Norm, flips: Flips) -> tuple[float, Rows | None]:
    """(cost, point) of some counter-example, or (inf, None): no proof of anything, only an upper bound."""
    best, point = np.inf, None
    for target in np.argsort(-_most(view, gain, start))[:3]:
        cells = _walk(view, gain[:, target], norm, flips)
        if cells is None:
            continue
        cells = back(view, cells, norm, flips)
        cost = float(total(view.costs(cells, cells), norm))
        if cost < best:
            best, point = cost, view.points(cells[None], cells[None])[0]
    return best, point


def _most(view: View, gain: Wide, start: Wide) -> Wide:
    """(targets,) the lead if every tree could take its best leaf."""
    edges = np.flatnonzero(np.diff(view.owner, prepend=-1))
    return np.asarray(np.maximum.reduceat(gain, edges, axis=0).sum(axis=0) + start, np.float64)


def _lead(view: View, gain: Wide, cells: Places) -> Wide:
    """(m,) sums of the leaves that hold (m, f) cells, but for the constant start."""
    holds = ((view.low <= cells[:, None]) & (view.high >= cells[:, None])).all(axis=2)
    return np.asarray(holds @ gain, np.float64)


def _walk(view: View, gain: Wide, norm: Norm, flips: Flips) -> Places | None:
    cells = view.own.copy()
    for _ in range(STEPS):
        now = float(_lead(view, gain, cells[None])[0])
        spent = float(total(view.costs(cells, cells), norm))
        moves = np.unique(np.clip(cells, view.low, view.high), axis=0)
        price = total(view.costs(moves, moves), norm)
        near = np.argsort(price, kind="stable")[:TRIED]
        moves, price = moves[near], price[near]
        rise = _lead(view, gain, moves) - now
        worth = np.where(rise > 1e-12, rise / np.maximum(price - spent, 1e-9), -np.inf)
        if not np.isfinite(worth).any():
            return None
        cells = np.asarray(moves[int(worth.argmax())], np.int64)
        if flips(view.points(cells[None], cells[None]))[0]:
            return cells
    return None


def back(view: View, cells: Places, norm: Norm, flips: Flips) -> Places:
    """Move one column a cell, or all the way, back towards the row while the decision stays changed."""
    for _ in range(4 * STEPS):
        away = np.flatnonzero(cells != view.own)
        tries = np.tile(cells, (2 * len(away), 1))
        for i, j in enumerate(away):
            tries[2 * i, j] = view.own[j]
            tries[2 * i + 1, j] += 1 if cells[j] < view.own[j] else -1
        good = flips(view.points(tries, tries)) if len(tries) else np.zeros(0, np.bool_)
        if not good.any():
            break
        # The sum breaks ties between moves that leave the largest change as it is.
        parts = view.costs(tries, tries)
        price = total(parts, norm) + 1e-6 * parts.sum(axis=1)
        cells = tries[int(np.where(good, price, np.inf).argmin())]
    return cells
