"""Exact least distance of a linear classifier to a change of its decision.

For the decision y and another class c with w = w_c - w_y, the margin to gain is g = s_y - s_c, and the distance is
g / |w|_q with the dual norm (l1 -> inf, l2 -> 2, linf -> 1): Hoelder's inequality is tight. In a box it is the least
move that gains g (`fill`); over several classes it is the smallest. Whole and immutable columns are exact too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.feasible import Box, Distances, Norm, Wide, box_of, checked, size
from hutong.engines.trust.distances.fill import fill_l1, fill_l2, fill_linf
from hutong.engines.trust.distances.models import LinearModel
from hutong.engines.trust.types import Domain

_DUAL = {"l1": np.inf, "l2": 2, "linf": 1}


def closed_form(model: LinearModel, rows: Any, norm: Norm) -> Wide:
    """(n,) distances without any domain: min over c of (s_y - s_c) / |w_c - w_y|_q. inf where no class differs."""
    scores, was = model.scores(rows), model.decide(rows)
    steep = np.stack([np.linalg.norm(model.weights - w, ord=_DUAL[norm], axis=1) for w in model.weights])
    gap = scores[np.arange(len(was)), was][:, None] - scores
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(steep[was] > 0, gap / steep[was], np.inf)
    found[np.arange(len(was)), was] = np.inf
    return np.asarray(found.min(axis=1), np.float64)


def minimal_linear(model: LinearModel, rows: Any, norm: Norm, domain: Domain | None = None) -> Distances:
    """Distances and counter-examples of (n, d) rows within the domain (None: every float32).

    distance is that of the weights in real numbers, to about 1e-12 of itself; lower allows for an artefact that
    computes in float32 (`LinearModel.rounding`), and the counter-examples cross the boundary by as much, so that
    they replay. `Invalid`: rows.shape, rows.infeasible, domain.width.
    """
    table = checked(rows, domain, model.width)
    box = box_of(domain, model.width)
    was, scores = model.decide(table), model.scores(table)
    slack = model.rounding(table)
    n, wide = len(table), table.astype(np.float64)
    best, lower, beyond = np.full(n, np.inf), np.full(n, np.inf), np.full(n, np.inf)
    exact, out = np.ones(n, np.bool_), table.copy()
    for c in range(len(model.labels)):
        others = np.flatnonzero(was != c)
        if not len(others):
            continue
        w = model.weights[c] - model.weights[was[others]]
        g = scores[others, was[others]] - scores[others, c]
        room = _room(w, wide[others], box)
        found, done, bound = _least(w, g, room, box, norm)
        lower[others] = np.minimum(lower[others], _under(w, g, slack[others], room, box, norm, bound))
        exact[others] &= done | (bound >= best[others])
        better = found < best[others]
        best[others] = np.minimum(best[others], found)
        _step_over(model, table, others, w, g, slack[others], room, box, norm, better, beyond, out)
    crossed = model.decide(out) != was
    out[~crossed] = table[~crossed]
    return Distances(norm, best, np.minimum(lower, best), out, crossed, exact)


def _room(w: Wide, wide: Wide, box: Box) -> Wide:
    """(m, d) how far each column may move towards the other class; zero for immutable ones."""
    room = np.where(w > 0, box.high - wide, wide - box.low)
    room = np.where(box.fixed | (w == 0), 0.0, np.maximum(room, 0.0))
    return np.where(box.whole, np.floor(room), room)


def _fill(w: Wide, g: Wide, room: Wide, box: Box, norm: Norm) -> tuple[Wide, Any, Wide]:
    """The moves (m, d), whether the search ended, and a lower bound on their size."""
    gain = np.abs(w)
    if norm == "l2":
        return fill_l2(gain, g, room, box.whole)
    t = (fill_l1 if norm == "l1" else fill_linf)(gain, g, room, box.whole)
    return t, np.ones(len(g), np.bool_), _sizes(t, norm)


def _least(w: Wide, g: Wide, room: Wide, box: Box, norm: Norm) -> tuple[Wide, Any, Wide]:
    t, done, bound = _fill(w, g, room, box, norm)
    return _sizes(t, norm), done, bound


def _sizes(t: Wide, norm: Norm) -> Wide:
    return np.where(np.isnan(t).any(axis=1), np.inf, size(np.nan_to_num(t), norm))


def _under(w: Wide, g: Wide, slack: Wide, room: Wide, box: Box, norm: Norm, bound: Wide) -> Wide:
    """(m,) a distance below which not even float32 rounding lets this class win."""
    eased = np.maximum(g - slack, 0.0)
    if norm == "l2" and box.whole.any():
        # A second branch and bound would cost more than it tells: the relaxation is a bound as well.
        return np.minimum(fill_l2(np.abs(w), eased, room, np.zeros_like(box.whole))[2], bound)
    return np.minimum(_fill(w, eased, room, box, norm)[2], bound)


def _step_over(
    model: LinearModel, table: Rows, others: Any, w: Wide, g: Wide, slack: Wide, room: Wide, box: Box, norm: Norm,
    better: Any, beyond: Wide, out: Rows,
) -> None:  # fmt: skip
    """Write the counter-examples that are better than those so far: over the boundary by the slack if there is room.

    Each column is rounded to float32 towards the other class, so that rounding never loses the margin.
    """
    chosen = np.flatnonzero(better)
    for share in (1.0, 1e-3, 0.0):
        if not len(chosen):
            return
        at = others[chosen]
        t, _, _ = _fill(w[chosen], g[chosen] + share * slack[chosen], room[chosen], box, norm)
        moved = _rounded(table[at], np.sign(w[chosen]) * np.nan_to_num(t), box)
        flips = (model.decide(moved) != model.decide(table[at])) & ~np.isnan(t).any(axis=1)
        length = size(moved.astype(np.float64) - table[at], norm)
        take = flips & (length < beyond[at])
        out[at[take]], beyond[at[take]] = moved[take], length[take]
        chosen = chosen[~flips]


def _rounded(table: Rows, change: Wide, box: Box) -> Rows:
    """Rows plus change in float32, each value rounded in the direction of its change and kept in the box."""
    wide = table.astype(np.float64) + change
    near = wide.astype(np.float32)
    short = (near.astype(np.float64) - wide) * np.sign(change) < 0
    near = np.where(
        short, np.nextafter(near, np.copysign(np.float32(np.inf), change.astype(np.float32))), near
    )
    inside = np.clip(near, box.low, box.high).astype(np.float32)
    return np.where(change == 0, table, inside).astype(np.float32)
