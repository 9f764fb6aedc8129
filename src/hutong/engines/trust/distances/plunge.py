"""Better starts for the exact search: straight down its tree, always into the box of largest possible lead.

From the full domain, then again with half the remaining room, so that the best-first search that follows begins with
a near-optimal answer to beat. Proves nothing by itself.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.boxes import children_of, lower_bound, meeting
from hutong.engines.trust.distances.cells import Places, View
from hutong.engines.trust.distances.descent import Flips, back
from hutong.engines.trust.distances.feasible import Norm, Wide
from hutong.engines.trust.distances.groups import Groups, groups_of

TRIES = 8
WIDE = 6


def plunge(
    view: View, gain: Wide, start: Wide, norm: Norm, flips: Flips, bar: float, best: float, point: Rows | None
) -> tuple[float, Rows | None]:
    """(cost, point) no worse than those given; (inf, None) where nothing was found."""
    floor = 0.0
    for attempt in range(TRIES):
        # The first try, if there is no answer yet, has all the room; later ones half of what is left.
        room = best if attempt == 0 or np.isinf(best) else floor + (best - floor) / 2
        groups = groups_of(view, gain, norm, room, largest=1)
        everything = np.arange(len(groups.owner))
        least, _ = lower_bound(groups, everything, groups.alone, start, bar)
        if attempt == 0:
            floor = least if np.isfinite(least) else best
        if np.isfinite(best) and (floor >= best * (1 - 1e-3) or best <= 0):
            break
        cells = _down(view, groups, start, norm, flips, bar, room) if np.isfinite(least) else None
        if cells is None:
            if np.isinf(best):
                break
            floor = room
            continue
        cells = back(view, cells, norm, flips)
        cost = float(
            np.max(view.costs(cells, cells), initial=0.0)
            if norm == "linf"
            else view.costs(cells, cells).sum()
        )
        if cost < best:
            best, point = cost, view.points(cells[None], cells[None])[0]
    return best, point


def _down(
    view: View, groups: Groups, start: Wide, norm: Norm, flips: Flips, bar: float, room: float
) -> Places | None:
    low, high = np.zeros(len(view.own), np.int64), np.full(len(view.own), view.cost.shape[1] - 1, np.int64)
    alive = np.arange(len(groups.owner))
    while True:
        children = children_of(view, groups, low, high, alive, start, norm, room)
        if children is None or not len(children[0]):
            return None
        lows, highs, cost = children
        hits = flips(view.points(lows, highs))
        if hits.any():
            at = int(np.where(hits, cost, np.inf).argmin())
            return np.asarray(np.clip(view.own, lows[at], highs[at]), np.int64)
        found: tuple[float, int, Places] | None = None
        for i in range(min(WIDE, len(lows))):
            meets, priced = meeting(view, groups, alive, lows[i], highs[i], low, high, norm, room)
            bound, lead = lower_bound(groups, meets, priced, start, bar)
            if bound < room and (found is None or lead > found[0]):
                found = lead, i, meets
        if found is None:
            return None
        low, high, alive = lows[found[1]], highs[found[1]], found[2]
