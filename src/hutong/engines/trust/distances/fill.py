"""How far to move each column so that a linear margin rises by a given amount, at the least cost.

One problem for n rows: minimise the norm of t subject to sum_j w_j t_j >= g and 0 <= t_j <= a_j, with t_j whole for
some columns. w: (n, d) gains >= 0; g: (n,); a: (n, d) room >= 0 (inf allowed, whole for whole columns).
Each solver answers t: (n, d), NaN rows where the room does not suffice.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

Wide = NDArray[np.float64]
Flags = NDArray[np.bool_]
NODES = 20_000


def level(rate: Wide, cap: Wide, g: Wide) -> Wide:
    """(n,) least z >= 0 with sum_j min(z * rate_j, cap_j) >= g; inf where there is none.

    Water-filling: the sum is piecewise linear in z, with breakpoints cap/rate; exact after one sort.
    """
    if not rate.shape[1]:
        return np.where(g <= 0, 0.0, np.inf)
    active = rate > 0
    ends = np.where(active, np.divide(cap, rate, out=np.full_like(rate, np.inf), where=active), np.inf)
    order = np.argsort(ends, axis=1, kind="stable")
    r, c = np.take_along_axis(rate, order, 1), np.take_along_axis(np.where(active, cap, 0.0), order, 1)
    ends = np.take_along_axis(ends, order, 1)
    left = np.cumsum(r[:, ::-1], axis=1)[:, ::-1]
    full = _before(c)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (g[:, None] - full) / left
    good = (left > 0) & np.isfinite(full) & (z <= ends * (1 + 1e-12))
    found = np.where(good.any(axis=1), np.take_along_axis(z, good.argmax(axis=1)[:, None], 1)[:, 0], np.inf)
    return np.where(g <= 0, 0.0, np.maximum(found, 0.0))


def _before(parts: Wide) -> Wide:
    """Sums of all parts to the left: exclusive, so that an infinite part spoils only what follows it."""
    out = np.zeros_like(parts)
    out[:, 1:] = np.cumsum(parts, axis=1)[:, :-1]
    return out


def greedy(w: Wide, g: Wide, a: Wide) -> Wide:
    """Cheapest first: the fractional knapsack of Dantzig 1957, exact for the sum of t without whole columns."""
    order = np.argsort(-w, axis=1, kind="stable")
    gain, room = np.take_along_axis(w, order, 1), np.take_along_axis(a, order, 1)
    worth = np.where(gain > 0, gain * room, 0.0)
    before = _before(worth)
    need = np.where(np.isfinite(before), g[:, None] - before, 0.0)
    part = np.divide(need, gain, out=np.zeros_like(need), where=gain > 0)
    taken = np.clip(part, 0.0, room)
    out = np.zeros_like(w)
    np.put_along_axis(out, order, taken, 1)
    out[worth.sum(axis=1) * (1 + 1e-12) < g] = np.nan
    return out


def fill_l1(w: Wide, g: Wide, a: Wide, whole: Flags) -> Wide:
    """Least sum of t. With N whole units, the best are the N of largest gain; the cost N + rest(N) is convex in N.

    So the whole optimum lies beside N of the fractional one: both neighbours are tried.
    """
    loose = greedy(w, g, a)
    if not whole.any():
        return loose
    count = np.nan_to_num(loose[:, whole].sum(axis=1))
    best, cost = np.full_like(w, np.nan), np.full(len(w), np.inf)
    for n in (np.floor(count + 1e-9), np.ceil(count - 1e-9)):
        t = np.zeros_like(w)
        # Units of equal price: gains order them, and the "gain needed" is the number of units.
        order = np.argsort(-w[:, whole], axis=1, kind="stable")
        room = np.take_along_axis(np.where(w[:, whole] > 0, a[:, whole], 0.0), order, 1)
        part = np.zeros_like(room)
        np.put_along_axis(part, order, np.clip(n[:, None] - _before(room), 0.0, room), 1)
        t[:, whole] = part
        rest = _beyond(np.maximum(g - (w * t).sum(axis=1), 0.0), g)
        t[:, ~whole] = greedy(w[:, ~whole], rest, a[:, ~whole])
        lacking = np.isnan(t).any(axis=1) | (whole.all() & (rest > 0))
        price = np.where(lacking, np.inf, t.sum(axis=1))
        best, cost = np.where((price < cost)[:, None], t, best), np.minimum(price, cost)
    return best


def _beyond(rest: Wide, g: Wide) -> Wide:
    """A remainder that is only rounding of the sum is none."""
    return np.where(rest <= 1e-13 * np.abs(g), 0.0, rest)


def fill_linf(w: Wide, g: Wide, a: Wide, whole: Flags) -> Wide:
    """Least largest t: every column moves by min(e, room), whole ones by min(floor(e), room).

    The gain rises with e, in jumps at whole e: bisection for the whole part, then water-filling between two jumps.
    """
    a = np.where(w > 0, a, 0.0)
    if not whole.any():
        e = level(w, w * a, g)
        return np.where(np.isinf(e)[:, None], np.nan, np.minimum(e[:, None], a))
    w0, a0, w1, a1 = w[:, ~whole], a[:, ~whole], w[:, whole], a[:, whole]

    def gain(e: Wide) -> Wide:
        smooth = np.where(w0 > 0, w0 * np.minimum(e[:, None], a0), 0.0).sum(axis=1)
        return np.asarray(smooth + (w1 * np.minimum(e[:, None], a1)).sum(axis=1), np.float64)

    # low: a whole e that does not suffice; high: one that does, or one beyond all jumps.
    low, high = np.full(len(w), -1.0), np.ceil(a1.max(axis=1, initial=0.0)) + 1
    last = high.copy()
    while (low + 1 < high).any():
        middle = np.floor((low + high) / 2)
        enough = gain(middle) >= g
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    base = np.maximum(low, 0.0)
    rest = g - (w1 * np.minimum(base[:, None], a1)).sum(axis=1)
    between = np.maximum(level(w0, np.where(w0 > 0, w0 * a0, 0.0), rest), base)
    e = np.where(high == 0, 0.0, np.where(high == last, between, np.minimum(between, high)))
    t = np.zeros_like(w)
    t[:, ~whole] = np.minimum(e[:, None], a0)
    t[:, whole] = np.minimum(np.floor(e[:, None]), a1)
    t[np.isinf(e)] = np.nan
    return t


def fill_l2(w: Wide, g: Wide, a: Wide, whole: Flags) -> tuple[Wide, Flags, Wide]:
    """Least sum of squares: t_j = min(z w_j, a_j) by the conditions of Karush, Kuhn and Tucker.

    Whole columns by branch and bound over that relaxation. Also (n,): whether it ended, and the bound reached.
    """
    a = np.where(w > 0, a, 0.0)
    z = level(w * w, np.where(w > 0, w * a, 0.0), g)
    endless = np.isinf(z)[:, None]
    t = np.where(endless, np.nan, np.minimum(np.where(endless, 0.0, z[:, None]) * w, a))
    bound = np.where(endless[:, 0], np.inf, np.sqrt((t * t).sum(axis=1)))
    exact = np.ones(len(w), np.bool_)
    if whole.any():
        for row in np.flatnonzero(np.isfinite(bound)):
            t[row], exact[row], bound[row] = _branch(w[row], float(g[row]), a[row], whole)
    return t, exact, bound


def _relaxed(w: Wide, g: float, low: Wide, high: Wide) -> Wide | None:
    """Least sum of squares with low <= t <= high: t = clip(z w, low, high), z between two breakpoints."""
    if (w * high).sum() < g * (1 - 1e-13):
        return None
    active = w > 0
    marks = np.unique(np.concatenate([[0.0], low[active] / w[active], high[active] / w[active]]))
    marks = marks[np.isfinite(marks)]
    gains = (w * np.clip(marks[:, None] * w, low, high)).sum(axis=1)
    place = int(np.searchsorted(gains, g))
    if place == 0:
        return low.copy()
    z, have = marks[place - 1], gains[place - 1]
    moving = active & (low <= z * w * (1 + 1e-12)) & (z * w * (1 + 1e-12) < high)
    slope = float((w[moving] ** 2).sum())
    z = z + (g - have) / slope if slope > 0 else z
    return np.asarray(np.clip(z * w, low, high), np.float64)


def _branch(w: Wide, g: float, a: Wide, whole: Flags) -> tuple[Wide, bool, float]:
    """Best first over the bounds of the whole columns. Returns t, whether it ended, and the lower bound."""
    start = _relaxed(w, g, np.zeros_like(a), a)
    if start is None:
        return np.full_like(a, np.nan), True, np.inf
    best, cost = np.full_like(a, np.nan), np.inf
    heap = [(float((start**2).sum()), 0, np.zeros_like(a), a, start)]
    made = 0
    while heap and heap[0][0] < cost * (1 - 1e-12):
        square, _, low, high, t = heapq.heappop(heap)
        parts = np.where(whole, np.abs(t - np.rint(t)), 0.0)
        column = int(parts.argmax())
        if parts[column] < 1e-9:
            t = np.where(whole, np.rint(t), t)
            best, cost = t, square
            continue
        # Rounding all whole columns up is enough; the others then give back what is too much.
        raised = np.where(whole, np.minimum(np.ceil(t - 1e-9), high), low)
        upper = _relaxed(w, g, raised, np.where(whole, raised, high))
        if upper is not None and (upper**2).sum() < cost:
            best, cost = upper, float((upper**2).sum())
        if made > NODES:
            return best, False, float(np.sqrt(square))
        for side in (0, 1):
            lo, hi = low.copy(), high.copy()
            if side:
                lo[column] = np.ceil(t[column])
            else:
                hi[column] = np.floor(t[column])
            child = _relaxed(w, g, lo, hi)
            if child is not None and (child**2).sum() < cost:
                made += 1
                heapq.heappush(heap, (float((child**2).sum()), made, lo, hi, child))
    return best, True, float(np.sqrt(cost))
