"""The order of the queue: fair shares of the accounts, priority of the award, urgency, age (`hutong.engines.broker.order`)."""

from __future__ import annotations

import numpy as np

from hutong.engines.broker.decide.picture import Account, Asked, Picture
from hutong.engines.broker.order import NO_DEADLINE, OrderPolicy, Tree, Waiting, fair_points, fair_tree, rank

DAY = 86_400_000
# Fair share and award weigh most; a job whose slack is used up passes those of equal standing; age breaks what is left.
ORDER = OrderPolicy(
    version="1",
    fair=1000,
    award=1000,
    laxity=500,
    age=500,
    awards=10,
    horizon_ms=2 * DAY,
    ageing_ms=14 * DAY,
)


def in_order(picture: Picture) -> list[int]:
    """Places in `picture.waiting`, first served first."""
    waiting = picture.waiting
    if not waiting:
        return []
    accounts = _with_parents(picture)
    place = {a.name: i for i, a in enumerate(accounts)}
    return [int(i) for i in rank(_columns(waiting, place), _points(accounts), ORDER, picture.now_ms).order]


def _with_parents(picture: Picture) -> tuple[Account, ...]:
    """The accounts, parents before children; one that the picture leaves out has one share and no usage."""
    known = {a.name: a for a in picture.accounts}
    for asked in picture.waiting:
        known.setdefault(asked.account, Account(asked.account, "", 1, 0))
    made: list[Account] = []
    seen: set[str] = set()
    while len(made) < len(known):
        ready = [
            a for a in known.values() if a.name not in seen and (a.parent not in known or a.parent in seen)
        ]
        if not ready:
            raise ValueError("the accounts of a picture form a ring")
        made += ready
        seen |= {a.name for a in ready}
    return tuple(made)


def _points(accounts: tuple[Account, ...]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    place = {a.name: i for i, a in enumerate(accounts)}
    parent = np.array([place.get(a.parent, -1) for a in accounts], dtype=np.int64)
    parents = set(parent.tolist())
    leaf = np.array([i not in parents for i in range(len(accounts))], dtype=np.bool_)
    shares = np.array([a.shares for a in accounts], dtype=np.int64)
    usage = np.array([a.usage_ms for a in accounts], dtype=np.int64)
    return fair_points(fair_tree(Tree(parent, shares, leaf), usage).rank)


def _columns(waiting: tuple[Asked, ...], place: dict[str, int]) -> Waiting:
    def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64)

    return Waiting(
        column(list(range(len(waiting)))),
        column([place[a.account] for a in waiting]),
        column([a.submitted_ms for a in waiting]),
        column([a.priority for a in waiting]),
        column([NO_DEADLINE if a.deadline_ms is None else a.deadline_ms for a in waiting]),
        column([a.limit_ms for a in waiting]),
    )
