"""Dominant-resource fairness (Ghodsi et al., NSDI 2011): several resources, each user judged by the one it needs most.

A user's dominant share is the greatest part of any capacity that its tasks take, divided by its weight. Progressive
filling raises all dominant shares together; a user stops when a resource it needs is full or it wants no more. The result
is the max-min fair one, and it is computed in exact fractions and integers.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Row = Sequence[int]


@dataclass(frozen=True, slots=True)
class Filling:
    """tasks: of each user, fractions of a task allowed. share: weighted dominant share. blocker: the full resource that
    stopped the user, or None where it has all it wants."""

    tasks: tuple[Fraction, ...]
    share: tuple[Fraction, ...]
    blocker: tuple[int | None, ...]


def progressive_filling(
    demand: Sequence[Row],
    capacity: Row,
    weight: Sequence[int] | None = None,
    wanted: Sequence[int | None] | None = None,
) -> Filling:
    """Divisible tasks. demand: per user and resource, of one task. wanted: most tasks of each user, None without limit.

    Raises `Invalid` ``drf.demand`` for a demand, capacity or weight that is negative or nothing at all.
    """
    weights = [1] * len(demand) if weight is None else list(weight)
    most = [None] * len(demand) if wanted is None else list(wanted)
    _check(demand, capacity, weights)
    per_task = [max(Fraction(d, c) for d, c in zip(row, capacity, strict=True) if d) for row in demand]
    speed = [
        Fraction(w) / p for w, p in zip(weights, per_task, strict=True)
    ]  # tasks per unit of weighted share
    tasks = [Fraction(0)] * len(demand)
    blocker: list[int | None] = [None] * len(demand)
    active = [i for i in range(len(demand)) if most[i] != 0]
    level = Fraction(0)
    while active:
        full = [(_room(r, demand, capacity, tasks, speed, active), r) for r in range(len(capacity))]
        steps = [(step, r) for step, r in full if step is not None]
        done = [((Fraction(cap) - tasks[i]) / speed[i], i) for i in active if (cap := most[i]) is not None]
        step = min([s for s, _ in steps] + [s for s, _ in done])
        level += step
        for i in active:
            tasks[i] += step * speed[i]
        for i in active:
            hit = [r for s, r in steps if s == step and demand[i][r]]
            blocker[i] = hit[0] if hit else None
        finished = {i for s, i in done if s == step}
        active = [i for i in active if blocker[i] is None and i not in finished]
    share = [t * p / w for t, p, w in zip(tasks, per_task, weights, strict=True)]
    return Filling(tuple(tasks), tuple(share), tuple(blocker))


def _room(
    r: int,
    demand: Sequence[Row],
    capacity: Row,
    tasks: Sequence[Fraction],
    speed: Sequence[Fraction],
    active: Sequence[int],
) -> Fraction | None:
    """How far all active users can rise together until the resource is full; None where none of them needs it."""
    rate = sum((speed[i] * demand[i][r] for i in active), Fraction(0))
    if not rate:
        return None
    return (capacity[r] - sum(t * row[r] for t, row in zip(tasks, demand, strict=True))) / rate


def whole_tasks(
    demand: Sequence[Row],
    capacity: Row,
    wanted: Sequence[int],
    weight: Sequence[int] | None = None,
    held: Sequence[Row] | None = None,
) -> list[int]:
    """Whole tasks, one at a time to the user with the least weighted dominant share (Algorithm 1 of the paper).

    held: what each user has already, per resource. Equal shares go by number. A user whose next task does not fit
    is passed over: capacity only shrinks, so it never fits again.
    """
    weights = [1] * len(demand) if weight is None else list(weight)
    before = [[0] * len(capacity) for _ in demand] if held is None else [list(row) for row in held]
    _check(demand, capacity, weights)
    free = [c - sum(row[r] for row in before) for r, c in enumerate(capacity)]
    # One common denominator makes every share an integer: cheap and exact to compare.
    scale = lcm(*(c for c in capacity if c), *weights)
    unit = [[scale * scale // (c * w) if c else 0 for c in capacity] for w in weights]
    used = [list(row) for row in before]
    given = [0] * len(demand)
    queue = [(_share(used[i], unit[i]), i) for i in range(len(demand)) if wanted[i]]
    heapq.heapify(queue)
    while queue:
        _, i = queue[0]
        if any(d > f for d, f in zip(demand[i], free, strict=True)):
            heapq.heappop(queue)
            continue
        given[i] += 1
        for r, d in enumerate(demand[i]):
            free[r] -= d
            used[i][r] += d
        if given[i] < wanted[i]:
            heapq.heapreplace(queue, (_share(used[i], unit[i]), i))
        else:
            heapq.heappop(queue)
    return given


def _share(used: Row, unit: Row) -> int:
    return max(u * k for u, k in zip(used, unit, strict=True))


def _check(demand: Sequence[Row], capacity: Row, weight: Sequence[int]) -> None:
    wrong = any(c < 0 for c in capacity) or any(w <= 0 for w in weight)
    for row in demand:
        wrong |= (
            any(d < 0 for d in row)
            or not any(row)
            or any(d and not c for d, c in zip(row, capacity, strict=True))
        )
    if wrong:
        raise Invalid(
            Text("A demand, capacity or weight is impossible.", "需求、容量或权重不可能成立。"),
            rule="drf.demand",
            remedy=Text(
                "Every user demands something that exists; nothing is negative; weights are positive.",
                "每个用户须需要某种现有资源；数值不得为负；权重须为正。",
            ),
            field="demand",
        )
