"""Fair Tree against a literal walk of its definition, its ties, and the ranks of a real slurmctld."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hutong.engines.broker.order import Tree, fair_tree
from hutong.kernel.errors import Invalid

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[3]))
from slurm_shares import LINES, Node, flattened, load, random_tree, ranks, shown

from slurm_bed import Bed, Shape, missing

INFINITE = Fraction(10**30)


def walked(top: list[Node], merge: bool) -> dict[str, int]:
    """Rank of each user by the recursion in which Fair Tree is defined, one sibling list at a time."""
    total = {id(n): below(n) for n in every(top)}
    users = sum(n.user for n in every(top))
    level: dict[int, Fraction] = {}
    for siblings in [top, *(n.children for n in every(top))]:
        shares, used = sum(n.shares for n in siblings), sum(total[id(n)] for n in siblings)
        for n in siblings:
            part = Fraction(n.shares, shares) if shares else Fraction(0)
            u = Fraction(total[id(n)], used) if used else Fraction(0)
            level[id(n)] = Fraction(0) if not part else part / u if u else INFINITE
    made: dict[str, int] = {}
    state = [users, users]  # rank, rank without ties

    def walk(siblings: list[Node], tied_above: bool) -> None:
        ordered = sorted(siblings, key=lambda n: (-level[id(n)], not n.user))
        before: Fraction | None = None
        i = 0
        while i < len(ordered):
            n = ordered[i]
            tied = (i == 0 and tied_above) or before == level[id(n)]
            before = level[id(n)]
            i += 1
            if n.user:
                state[0] = state[0] if tied else state[1]
                made[n.name] = users + 1 - state[0]
                state[1] -= 1
                continue
            children = list(n.children)
            while merge and i < len(ordered) and level[id(ordered[i])] == before:
                children += ordered[i].children
                i += 1
            walk(children, tied)

    walk(top, False)
    return made


def every(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every(node.children)


def below(node: Node) -> int:
    return node.usage + sum(below(child) for child in node.children)


def ours(top: list[Node], merge: bool = True) -> dict[str, int]:
    nodes, tree, usage = flattened(top)
    made = fair_tree(tree, usage, merge=merge)
    return {n.name: int(r) for n, r in zip(nodes, made.rank, strict=True) if n.user}


def tying_tree(luck: random.Random, depth: int = 0, name: str = "a") -> Node:
    """Few distinct shares and usages, so that users and accounts tie everywhere."""
    made = Node(name, luck.choice((0, 1, 1, 2)))
    for i in range(luck.randint(1, 4)):
        if depth < 2 and luck.random() < 0.5:
            made.children.append(tying_tree(luck, depth + 1, f"{name}.{i}"))
        else:
            made.children.append(
                Node(f"{name}.{i}u", luck.choice((0, 1, 1, 2)), luck.choice((0, 1, 1, 2)), True)
            )
    if not any(n.user for n in every([made])):
        made.children.append(Node(f"{name}.u", 1, 1, True))
    return made


@pytest.mark.parametrize("merge", [True, False])
def test_ranks_equal_the_walk_with_ties_everywhere(merge: bool) -> None:
    luck = random.Random(5)
    for i in range(1500):
        top = [tying_tree(luck, name=f"{i}.{j}") for j in range(luck.randint(1, 3))]
        assert ours(top, merge) == walked(top, merge)


def test_ties_share_a_rank_and_tied_accounts_are_merged() -> None:
    def account(name: str, *users: tuple[int, int]) -> Node:
        return Node(name, 2, 0, False, [Node(f"{name}{i}", s, u, True) for i, (s, u) in enumerate(users)])

    top = [account("a", (1, 100), (1, 300)), account("b", (1, 50), (1, 350)), Node("u", 2, 400, True)]
    # LevelFS: b0 4, a0 2, a1 2/3, b1 4/7; the user tied with the accounts shares the rank of their first.
    assert ours(top) == {"u": 1, "b0": 1, "a0": 3, "a1": 4, "b1": 5}
    # As Slurm does it: all of a before b, and b's first tied with a's last.
    assert ours(top, merge=False) == {"u": 1, "a0": 1, "a1": 3, "b0": 3, "b1": 5}


def test_no_usage_is_first_and_no_shares_are_last() -> None:
    top = [
        Node("used", 5, 10, True),
        Node("fresh", 1, 0, True),
        Node("none", 0, 0, True),
        Node("also", 3, 0, True),
    ]
    assert ours(top) == {"fresh": 1, "also": 1, "used": 3, "none": 4}
    _, tree, usage = flattened(top)
    made = fair_tree(tree, usage)
    assert made.level_fs[1] is None and made.level_fs[2] == 0
    assert made.factor == (Fraction(2, 4), Fraction(1), Fraction(1, 4), Fraction(1))


def test_usage_in_proportion_to_shares_ties_exactly() -> None:
    """In floating point 1/3 to 10/30 and 2/3 to 20/30 need not be equal; in fractions they are."""
    shares = [1, 2, 3, 7, 11, 13]
    top = [Node(f"u{s}", s, s * 1_000_003, True) for s in shares]
    assert set(ours(top).values()) == {1}


def test_a_tree_with_a_new_parent_takes_its_usage_along() -> None:
    mover = Node("m", 1, 0, False, [Node("mu", 1, 900, True)])
    a, b = (
        Node("a", 1, 0, False, [Node("au", 1, 100, True)]),
        Node("b", 1, 0, False, [Node("bu", 1, 500, True)]),
    )
    assert ours([replace(a, children=[*a.children, mover]), b]) == walked(
        [replace(a, children=[*a.children, mover]), b], True
    )
    moved = [a, replace(b, children=[*b.children, mover])]
    assert ours(moved)["au"] == 1


def test_one_huge_organisation_and_equal_scores_are_no_trouble() -> None:
    n = 3_000
    tree = Tree(
        np.r_[-1, np.zeros(n, dtype=np.int64)],
        np.ones(n + 1, dtype=np.int64),
        np.r_[False, np.ones(n, dtype=bool)],
    )
    made = fair_tree(tree, np.zeros(n + 1, dtype=np.int64))
    assert set(made.rank[1:].tolist()) == {1} and made.order.tolist() == list(range(1, n + 1))


def test_several_resources_are_judged_by_the_dominant_share() -> None:
    tree = Tree(np.array([-1, -1]), np.array([1, 1]), np.array([True, True]))
    usage = np.array([[10, 0], [1, 30]], dtype=np.int64)
    assert fair_tree(tree, usage, (100, 1000)).rank.tolist() == [2, 1]  # 10 % of chips against 3 % of memory
    assert fair_tree(tree, usage, (100, 100)).rank.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("parent", "shares", "leaf"),
    [([1, -1], [1, 1], [True, False]), ([-1], [-1], [True]), ([-1, 0], [1, 1], [True, True])],
)
def test_what_is_no_tree_is_refused(parent: list[int], shares: list[int], leaf: list[bool]) -> None:
    with pytest.raises(Invalid):
        Tree(np.array(parent), np.array(shares), np.array(leaf))
    with pytest.raises(Invalid):
        fair_tree(Tree(np.array([-1]), np.array([1]), np.array([True])), np.array([-1]))


@pytest.fixture(scope="module")
def real() -> Iterator[tuple[list[Node], dict[str, tuple[float, float]]]]:
    """Fifty random trees beside each other in one slurmctld, one more with tied accounts, and what sshare says."""
    if missing():
        pytest.skip(missing())
    luck = random.Random(2026)
    top = [random_tree(f"t{i}", luck) for i in range(50)]
    tied = [
        Node(f"k{i}", 2, 0, False, [Node(f"k{i}u{j}", 1, u, True) for j, u in enumerate(some)])
        for i, some in enumerate(((100, 300), (50, 350), (390, 10)))
    ]
    top.append(Node("tied", 5, 0, False, [*tied, Node("ku", 2, 400, True)]))
    folder = Path(tempfile.mkdtemp(prefix="hs"))
    try:
        with Bed(folder, Shape(names=("c",), nodes=1, lines=LINES)) as bed:
            centre: Any = bed.centres["c"]
            load(bed, centre, top)
            yield top, shown(centre, int(flattened(top)[1].leaf.sum()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_ranking_equals_sshare_on_fifty_random_trees(
    real: tuple[list[Node], dict[str, tuple[float, float]]],
) -> None:
    top, said = real
    for one in top[:50]:
        users = {n.name: said[n.name] for n in every([one]) if n.user}
        assert ours([one]) == ranks(users), one.name


@pytest.mark.slow
def test_every_fair_share_of_the_whole_cluster_equals_sshare(
    real: tuple[list[Node], dict[str, tuple[float, float]]],
) -> None:
    top, said = real
    # The two associations of root that every cluster of the bed has.
    hub = Node("hub", 1, 0, False, [Node("root.hub", 1, 0, True)])
    nodes, tree, usage = flattened([Node("root", 1, 0, True), *top, hub])
    made = fair_tree(tree, usage, merge=False)
    for node, factor, level in zip(nodes, made.factor, made.level_fs, strict=True):
        if node.name in said:
            fair, level_fs = said[node.name]
            assert abs(float(factor) - fair) < 6e-7
            assert (
                level_fs == float("inf")
                if level is None
                else abs(float(level) - level_fs) <= 1e-4 * level_fs + 1e-6
            )


@pytest.mark.slow
def test_slurm_ranks_tied_accounts_one_after_the_other(
    real: tuple[list[Node], dict[str, tuple[float, float]]],
) -> None:
    top, said = real
    users = {n.name: said[n.name] for n in every(top[50:]) if n.user}
    assert ours(top[50:], merge=False) == ranks(users)
    assert ours(top[50:], merge=True) != ranks(users)
