"""Tasks arrive one by one and stay; each is placed at once if it fits anywhere, else it is turned away.

That is the rule of the published experiments: a policy chooses *where*, never *whether*. Nodes are walked in tie
order and a later node must score strictly more, so the tie rule is the order itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats, MixTable, mix_table, node_fragment
from hutong.engines.broker.place.gorandom import GoRandom
from hutong.engines.broker.place.inflation import Arrivals
from hutong.engines.broker.place.scores import (
    BEST_FIT,
    DOT_PRODUCT,
    FGD,
    PACKING,
    POLICIES,
    RANDOM,
    best_fit,
    clustering,
    dot_product,
    fgd,
    packing,
)
from hutong.engines.broker.place.state import (
    GPUS,
    SHARE,
    Board,
    Ints,
    Nodes,
    Tasks,
    book,
    empty_board,
    fits,
    requests_of,
    tightest,
)
from hutong.engines.broker.place.trajectory import Replay
from hutong.engines.broker.place.typical import Mix, typical


class Cache(NamedTuple):
    """Scores by (type, node), each with the version of the node it was computed for; scratch arrays."""

    score: Ints
    seen: Ints
    version: Ints
    fragment: Floats
    trial: Ints
    amounts: Floats


def empty_cache(types: int, nodes: int) -> Cache:
    shape = (types, nodes)
    return Cache(
        np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64), np.zeros(nodes, dtype=np.int64),
        np.zeros(nodes), np.zeros(8, dtype=np.int64), np.zeros(7),
    )  # fmt: skip


@compiled
def score_of(policy: int, board: Board, node: int, request: Ints, mix: MixTable, cache: Cache) -> int:
    if policy == FGD:
        score, _ = fgd(board, node, request, cache.fragment[node], mix, cache.trial, cache.amounts)
        return score
    if policy == BEST_FIT:
        return best_fit(board, node, request)
    if policy == DOT_PRODUCT:
        return dot_product(board, node, request)
    if policy == PACKING:
        return packing(board, node, request)
    return clustering(board, node, request)


@compiled
def best_node(policy: int, board: Board, request: Ints, kind: int, mix: MixTable, cache: Cache) -> int:
    """The first of the nodes with the highest score among those that fit; -1 for none."""
    best, chosen = -1, -1
    for node in range(len(board.cpu)):
        if not fits(board, node, request):
            continue
        if cache.seen[kind, node] != cache.version[node]:
            cache.seen[kind, node] = cache.version[node]
            cache.score[kind, node] = score_of(policy, board, node, request, mix, cache)
        if cache.score[kind, node] > best:
            best, chosen = cache.score[kind, node], node
    return chosen


@compiled
def tied_node(board: Board, request: Ints, kind: int, cache: Cache, first: int, word: int) -> int:
    """One of the nodes that score as high as `first`, all equally likely: the tie rule that loses."""
    best, ties = cache.score[kind, first], 0
    for node in range(first, len(board.cpu)):
        ties += fits(board, node, request) and cache.score[kind, node] == best
    pick = word % ties
    for node in range(first, len(board.cpu)):
        if fits(board, node, request) and cache.score[kind, node] == best:
            if pick == 0:
                return node
            pick -= 1
    return first


@compiled
def random_node(board: Board, request: Ints, word: int) -> int:
    """One of the nodes that fit, all equally likely."""
    feasible = 0
    for node in range(len(board.cpu)):
        feasible += fits(board, node, request)
    if feasible == 0:
        return -1
    pick = word % feasible
    for node in range(len(board.cpu)):
        if fits(board, node, request):
            if pick == 0:
                return node
            pick -= 1
    return -1


@compiled
def random_gpu(gpu: Ints, milli: int, word: int) -> int:
    """One of the GPUs that hold `milli`, all equally likely."""
    able = 0
    for idle in gpu:
        able += idle >= milli
    pick = word % able
    for index in range(len(gpu)):
        if gpu[index] >= milli:
            if pick == 0:
                return index
            pick -= 1
    return -1


@compiled
def slot_of(
    policy: int, board: Board, node: int, request: Ints, mix: MixTable, cache: Cache, word: int
) -> int:
    """The GPU for a share; -1 where whole GPUs or none are asked for."""
    if request[GPUS] != 1 or request[SHARE] == 1000:
        return -1
    if policy == FGD:
        _, slot = fgd(board, node, request, cache.fragment[node], mix, cache.trial, cache.amounts)
        return slot
    if policy == RANDOM:
        return random_gpu(board.gpu[node], request[SHARE], word)
    return tightest(board.gpu[node], request[SHARE])


@compiled
def refresh(board: Board, node: int, mix: MixTable, cache: Cache) -> float:
    """Recompute the fragment of a node that changed, drop its cached scores, return the change."""
    before = cache.fragment[node]
    cache.fragment[node] = node_fragment(
        board.cpu[node], board.gpu[node], board.model[node], mix, cache.amounts
    )
    cache.version[node] += 1
    return float(cache.fragment[node] - before)


@compiled
def replay_kernel(
    policy: int,
    random_ties: bool,
    board: Board,
    requests: Ints,
    kinds: Ints,
    words: Ints,
    mix: MixTable,
    cache: Cache,
    placed: Ints,
    taken: Ints,
    used: Ints,
    fragment: Floats,
) -> None:
    """Place every arrival in turn. kinds: (a,) type of each request (memory makes no type); words: (a, 2)."""  # fmt: skip
    total, in_use = 0.0, 0
    for node in range(len(board.cpu)):
        total += refresh(board, node, mix, cache)
    for arrival in range(len(requests)):
        request = requests[arrival]
        if policy == RANDOM:
            node = random_node(board, request, words[arrival, 0])
        else:
            node = best_node(policy, board, request, kinds[arrival], mix, cache)
            if random_ties and node >= 0:
                node = tied_node(board, request, kinds[arrival], cache, node, words[arrival, 0])
        placed[arrival] = node
        if node >= 0:
            slot = slot_of(policy, board, node, request, mix, cache, words[arrival, 1])
            book(board, node, request, slot, taken[arrival])
            total += refresh(board, node, mix, cache)
            in_use += request[GPUS] * request[SHARE]
        used[arrival] = in_use
        fragment[arrival] = total


def replay(
    nodes: Nodes,
    tasks: Tasks,
    arrivals: Arrivals,
    policy: str,
    seed: int,
    mix: Mix | None = None,
    *,
    random_ties: bool = False,
) -> Replay:
    """Place `arrivals` on an empty cluster by one of `POLICIES`. `mix` defaults to the typical mix of `tasks`.

    Equal scores go to the node of lowest rank; with `random_ties` to any of them, drawn from `seed`.
    """
    order = np.argsort(arrivals.rank, kind="stable")
    requests = requests_of(tasks.take(arrivals.order))
    types, kinds = np.unique(requests[:, :4], axis=0, return_inverse=True)
    size = len(requests)
    placed, used, fragment = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int64), np.zeros(size)
    taken = np.zeros((size, 8), dtype=np.int64)
    replay_kernel(
        POLICIES.index(policy), random_ties, empty_board(nodes, order), requests, kinds.reshape(-1).astype(np.int64),
        _words(policy == POLICIES[RANDOM] or random_ties, size, seed), mix_table(mix or typical(tasks)), empty_cache(len(types), len(order)), placed,
        taken, used, fragment,
    )  # fmt: skip
    demand = requests[:, GPUS] * requests[:, SHARE]
    where = np.where(placed >= 0, order[placed], -1)
    return Replay(where, taken, np.cumsum(demand), used, nodes.gpu_milli, fragment)


def _words(drawn: bool, size: int, seed: int) -> Ints:
    if not drawn:
        return np.zeros((size, 2), dtype=np.int64)
    random = GoRandom(seed)
    return np.array([[random.int63(), random.int63()] for _ in range(size)], dtype=np.int64)
