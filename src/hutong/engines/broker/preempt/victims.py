"""Whom to preempt so that the least work is lost: an exact choice, not a greedy one.

In a pool any chips will do: a covering knapsack over chips, solved by dynamic programming in integers. Where whole nodes
are needed, each with so many chips, and victims may span nodes, it is a small integer programme (HiGHS).
Ties go to fewer victims, then to fewer chips freed, then to the attempt that comes first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.preempt.lost import Integers, Running
from hutong.kernel.errors import Exhausted, Invalid
from hutong.kernel.text import Text

MOST = 2**62


@dataclass(frozen=True, slots=True)
class Victims:
    """places: of the victims in `Running`, ascending. chips: freed. lost_ms: chip-milliseconds of work lost."""

    places: tuple[int, ...]
    chips: int
    lost_ms: int


def pool_victims(running: Running, lost_ms: Integers, need: int) -> Victims:
    """The set that frees at least `need` chips and loses the least.

    lost_ms: per attempt, what stopping it loses (see `lost_now` and `reclaim`). Work is O(attempts x chips needed).
    Raises `Exhausted` ``preempt.not_enough`` where all allowed attempts together free too little.
    """
    places = np.flatnonzero(running.allowed & (running.chips > 0))
    places = places[np.argsort(running.attempt[places], kind="stable")]
    chips = running.chips[places]
    if int(chips.sum()) < need:
        raise not_enough(int(chips.sum()), need)
    _check(lost_ms[places])
    if need <= 0:
        return Victims((), 0, 0)
    taken = _cover(chips, lost_ms[places], need)
    return _made(running, lost_ms, places[taken])


def not_enough(free: int, need: int) -> Exhausted:
    """The refusal where preemption cannot help."""
    return Exhausted(
        Text(
            "Preemption could free {f} chips; {n} are needed.", "抢占最多可释放 {f} 卡，需要 {n} 卡。"
        ).format(f=free, n=need),
        rule="preempt.not_enough",
        remedy=Text("Wait, or ask for fewer chips.", "请等待或减少所需卡数。"),
    )


def _check(lost_ms: Integers) -> None:
    if (lost_ms < 0).any() or float(lost_ms.sum(dtype=np.float64)) >= MOST:
        raise Invalid(
            Text("The work lost is negative or beyond all measure.", "损失的计算量为负或过大。"),
            rule="preempt.lost",
            remedy=Text("Correct the times of the attempts.", "请更正运行时间。"),
            field="lost_ms",
        )


def _made(running: Running, lost_ms: Integers, places: Integers) -> Victims:
    ordered = np.sort(places)
    return Victims(tuple(ordered.tolist()), int(running.chips[ordered].sum()), int(lost_ms[ordered].sum()))


@compiled
def _cover(chips: Integers, lost: Integers, need: int) -> Integers:
    """Places of the best cover: least lost, then fewest victims, then fewest chips, then earliest places.

    cost, count, freed [c]: of the best choice among the attempts from i on that frees c chips more. Going backwards and
    preferring to take on a tie makes the earliest places win; going down in c reads what i + 1 wrote.
    """
    n, none = len(chips), 2**62
    cost = np.full(need + 1, none, dtype=np.int64)
    count = np.zeros(need + 1, dtype=np.int64)
    freed = np.zeros(need + 1, dtype=np.int64)
    take = np.zeros((n, need + 1), dtype=np.bool_)
    cost[0] = 0
    for i in range(n - 1, -1, -1):
        for c in range(need, 0, -1):
            rest = max(0, c - chips[i])
            if cost[rest] >= none:
                continue
            a, b, f = cost[rest] + lost[i], count[rest] + 1, freed[rest] + chips[i]
            fewer = b < count[c] or (b == count[c] and f <= freed[c])
            if a < cost[c] or (a == cost[c] and fewer):
                cost[c], count[c], freed[c], take[i, c] = a, b, f, True
    made = np.zeros(n, dtype=np.int64)
    found, c = 0, need
    for i in range(n):
        if c > 0 and take[i, c]:
            made[found] = i
            found += 1
            c = max(0, c - chips[i])
    return made[:found]


def node_victims(
    running: Running, lost_ms: Integers, held: Integers, free: Integers, nodes: int, chips_each: int
) -> tuple[Victims, tuple[int, ...]]:
    """Victims and the nodes they clear, so that `nodes` nodes have `chips_each` free chips each (a gang).

    held: (attempts, nodes) chips of each attempt on each node. free: chips free on each node. An attempt is stopped as a
    whole, on every node it holds. Exact in integers where no attempt spans nodes; otherwise by HiGHS, which does not tell
    apart losses closer than a ten-millionth of the largest. Raises `Exhausted` ``preempt.not_enough``.
    """
    _check(lost_ms)
    if nodes <= 0:
        return Victims((), 0, 0), ()
    if ((held > 0).sum(axis=1) <= 1).all():
        return _apart(running, lost_ms, held, free, nodes, chips_each)
    return _spanning(running, lost_ms, held, free, nodes, chips_each)


def _apart(
    running: Running, lost_ms: Integers, held: Integers, free: Integers, nodes: int, chips_each: int
) -> tuple[Victims, tuple[int, ...]]:
    """Each node by itself, then the cheapest nodes."""
    costs: list[tuple[int, int, int, tuple[int, ...]]] = []
    for node in range(held.shape[1]):
        here = replace(running, chips=held[:, node])
        with suppress(Exhausted):
            one = pool_victims(here, lost_ms, int(chips_each - free[node]))
            costs.append((one.lost_ms, len(one.places), node, one.places))
    if len(costs) < nodes:
        raise _no_room(running, held, free, nodes, chips_each)
    best = sorted(costs)[:nodes]
    places = np.array([p for *_, some in best for p in some], dtype=np.int64)
    return _made(running, lost_ms, places), tuple(sorted(node for _, _, node, _ in best))


def _spanning(
    running: Running, lost_ms: Integers, held: Integers, free: Integers, nodes: int, chips_each: int
) -> tuple[Victims, tuple[int, ...]]:
    n, m = held.shape
    # The largest loss becomes a million, and a tenth for each victim decides between equal losses.
    cost = np.r_[lost_ms / float(max(1, int(lost_ms.max(initial=0)))) * 1e6 + 0.1, np.zeros(m)]
    room = LinearConstraint(np.hstack([held.T, -chips_each * np.eye(m)]), -free, np.inf)
    wanted = LinearConstraint(np.r_[np.zeros(n), np.ones(m)][None, :], nodes, np.inf)
    upper = np.r_[running.allowed.astype(np.float64), np.ones(m)]
    options = {"mip_rel_gap": 0.0}
    found = milp(
        cost, integrality=np.ones(n + m), bounds=Bounds(0, upper), constraints=[room, wanted], options=options
    )
    if found.x is None:
        raise _no_room(running, held, free, nodes, chips_each)
    victims = np.flatnonzero(found.x[:n] > 0.5).astype(np.int64)
    # The solver works in floating point; whether the nodes are clear is decided in integers.
    clear = np.flatnonzero(free + held[victims].sum(axis=0) >= chips_each)
    if len(clear) < nodes:
        raise _no_room(running, held, free, nodes, chips_each)
    return _made(running, lost_ms, victims), tuple(clear[:nodes].tolist())


def _no_room(running: Running, held: Integers, free: Integers, nodes: int, chips_each: int) -> Exhausted:
    could = free + held[running.allowed].sum(axis=0)
    return not_enough(int(np.minimum(could, chips_each).sum()), nodes * chips_each)
