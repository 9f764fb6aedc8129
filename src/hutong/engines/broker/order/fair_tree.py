"""Fair Tree (Cox and Morrison 2014, the fair share of Slurm): an order of leaves that is fair at every level of a tree.

At each level LevelFS = S / U, S the node's part of its siblings' shares and U its part of their decayed usage. The tree
is walked depth first, greatest LevelFS first. Ties share a rank: tied leaves, a leaf and the first leaf of the account
tied with it; tied accounts have their children merged before they are sorted. No usage is infinite LevelFS, no shares
is zero. All comparisons are of exact fractions, so that a tie is a tie on every machine.

Slurm documents the merging of tied accounts but does not do it (measured with 22.05.8: `_count_tied_accounts` stops at
the first account): the second of two tied accounts is ranked after the whole of the first, and its first user shares the
rank of the first account's last. `merge=False` ranks as Slurm does, tied accounts in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
# The order of LevelFS is kept as integers: place among the distinct values of a tree, greatest first.
Level = Fraction | None


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Accounts and leaves (projects, queues). parent: of each node, a smaller number, or -1 at the top. shares: integers.

    leaf: whether the node is ranked; a leaf has no children.
    """

    parent: Integers
    shares: Integers
    leaf: NDArray[np.bool_]

    def __post_init__(self) -> None:
        number = np.arange(len(self.parent))
        inner = self.parent[self.parent >= 0]
        if (self.parent >= number).any() or (self.shares < 0).any() or self.leaf[inner].any():
            raise Invalid(
                Text("This is not a tree of accounts with shares.", "账户树或份额有误。"),
                rule="fair_tree.tree",
                remedy=Text(
                    "Parents come before children, leaves have none, shares are not negative.",
                    "父节点须先于子节点，叶节点不得有子节点，份额不得为负。",
                ),
                field="tree",
            )

    def summed(self, leaves: Integers | Floats) -> list[Fraction]:
        """Usage of every node: its own and that of all below, exact."""
        total = [Fraction(value) for value in leaves.tolist()]
        for node in range(len(total) - 1, -1, -1):
            above = int(self.parent[node])
            if above >= 0:
                total[above] += total[node]
        return total


@dataclass(frozen=True, slots=True, eq=False)
class FairShares:
    """level_fs: per node; None is infinite. rank: per node, 1 is served first, ties share the better; 0 for accounts.

    order: leaves in the order of ranks, ties by number.
    """

    level_fs: tuple[Level, ...]
    rank: Integers
    order: Integers

    @property
    def factor(self) -> tuple[Fraction, ...]:
        """Slurm's FairShare per node: 1 for the first of n leaves, 1/n for the last."""
        n = len(self.order)
        return tuple(Fraction(n + 1 - r, n) if r else Fraction(0) for r in self.rank.tolist())


def fair_tree(
    tree: Tree, usage: Integers | Floats, capacity: Sequence[int] | None = None, *, merge: bool = True
) -> FairShares:
    """Rank the leaves by their decayed usage.

    usage: per node, (n,) or, of several resources, (n, resources) with the capacity of each; of several a node's usage is
    its dominant share, the greatest part of a capacity that it and all below it use (Ghodsi et al. 2011). Not negative;
    what is booked on an account itself counts for its level.
    """
    used = tree.summed(usage) if capacity is None else _dominant(tree, usage, capacity)
    if any(u < 0 for u in used):
        raise Invalid(
            Text("Usage is not negative.", "用量不得为负。"),
            rule="fair_tree.usage",
            remedy=Text("Correct the ledger.", "请更正账目。"),
            field="usage",
        )
    level = _levels(tree, used)
    paths = _paths(tree, _places(level), merge)
    return _ranked(tree, level, paths, merge)


def _dominant(tree: Tree, usage: Integers | Floats, capacity: Sequence[int]) -> list[Fraction]:
    columns = [tree.summed(usage[:, r]) for r in range(usage.shape[1])]
    return [max(u / c for u, c in zip(row, capacity, strict=True)) for row in zip(*columns, strict=True)]


def _levels(tree: Tree, used: list[Fraction]) -> tuple[Level, ...]:
    parents, shares = tree.parent.tolist(), tree.shares.tolist()
    all_shares: dict[int, int] = {}
    all_used: dict[int, Fraction] = {}
    for node, above in enumerate(parents):
        all_shares[above] = all_shares.get(above, 0) + shares[node]
        all_used[above] = all_used.get(above, Fraction(0)) + used[node]
    made: list[Level] = []
    for node, above in enumerate(parents):
        if not shares[node]:
            made.append(Fraction(0))
        elif not used[node]:
            made.append(None)
        else:
            made.append(Fraction(shares[node], all_shares[above]) * all_used[above] / used[node])
    return tuple(made)


def _places(level: Sequence[Level]) -> Integers:
    """0 for the greatest LevelFS, equal places for equal values."""
    finite = sorted({value for value in level if value is not None}, reverse=True)
    place = {value: i + 1 for i, value in enumerate(finite)}
    return np.array([0 if value is None else place[value] for value in level], dtype=np.int64)


def _paths(tree: Tree, place: Integers, merge: bool) -> Integers:
    """Per node the groups it lies in, depth by depth, -1 below it: leaves are walked in the lexicographic order of them.

    A group at a depth is a parent group and a LevelFS; numbers grow in the order of the walk. Without merging every
    account is a group of its own, so that only leaves tie.
    """
    n = len(place)
    depth = np.zeros(n, dtype=np.int64)
    for node, above in enumerate(tree.parent.tolist()):
        depth[node] = 0 if above < 0 else depth[above] + 1
    deepest = int(depth.max(initial=0))
    paths = np.full((n, deepest + 1), -1, dtype=np.int64)
    for d in range(deepest + 1):
        here = np.flatnonzero(depth == d)
        above = tree.parent[here]
        if d:
            paths[here, :d] = paths[above, :d]
        outer = paths[here, d - 1] if d else np.zeros(len(here), dtype=np.int64)
        own = np.where(tree.leaf[here] | merge, -1, here)
        paths[here, d] = _dense(np.stack([outer, place[here], own]))
    return paths


def _dense(keys: Integers) -> Integers:
    """Rank of each column among the distinct columns, in lexicographic order."""
    _, found = np.unique(keys.T, axis=0, return_inverse=True)
    return found.reshape(-1).astype(np.int64)


def _ranked(tree: Tree, level: tuple[Level, ...], paths: Integers, merge: bool) -> FairShares:
    leaves = np.flatnonzero(tree.leaf)
    keys = [leaves, *(paths[leaves, d] for d in range(paths.shape[1] - 1, -1, -1))]
    order = leaves[np.lexsort(keys)]
    tied = np.zeros(len(order), dtype=np.bool_)
    if len(order) > 1:
        before, after = paths[order[:-1]], paths[order[1:]]
        tied[1:] = ((before == after) | (before < 0)).all(axis=1)
        if not merge:
            tied[1:] |= _account_ties(tree, level, order, paths)
    position = np.arange(1, len(order) + 1, dtype=np.int64)
    rank = np.zeros(len(tree.parent), dtype=np.int64)
    rank[order] = np.maximum.accumulate(np.where(tied, 0, position))
    return FairShares(level, rank, order)


def _account_ties(
    tree: Tree, level: tuple[Level, ...], order: Integers, paths: Integers
) -> NDArray[np.bool_]:
    """Where the walk enters an account tied with the sibling it has just left: Slurm carries the tie into its first leaf."""
    made = np.zeros(len(order) - 1, dtype=np.bool_)
    for i in range(len(order) - 1):
        one, two = _branches(tree, int(order[i]), int(order[i + 1]), paths)
        made[i] = not tree.leaf[two] and level[one] == level[two]
    return made


def _branches(tree: Tree, one: int, two: int, paths: Integers) -> tuple[int, int]:
    """The siblings at which the ways to two nodes part; the nodes themselves where they are siblings."""
    ways = []
    for node in (one, two):
        way = [node]
        while tree.parent[way[-1]] >= 0:
            way.append(int(tree.parent[way[-1]]))
        ways.append(way[::-1])
    for a, b in zip(*ways, strict=False):
        if a != b:
            return a, b
    return one, two
