"""Bounds against every possible placement of tiny cases, and against every policy on larger ones."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.place import (
    POLICIES,
    Board,
    Nodes,
    bid_price,
    bounds,
    empty_board,
    inflated,
    replay,
)
from hutong.engines.broker.place.state import Ints, book, fits, requests_of

from . import cases


def best(board: Board, requests: Ints, at: int, may_refuse: bool) -> int:
    """Most GPU that any sequence of decisions brings into use from arrival `at` on, milli-GPU."""
    if at == len(requests):
        return 0
    request, found, fitted = requests[at], 0, False
    for node in range(len(board.cpu)):
        if not fits(board, node, request):
            continue
        fitted = True
        share = request[1] == 1 and request[2] < 1000
        slots = [s for s in range(8) if board.gpu[node, s] >= request[2]] if share else [-1]
        for slot in slots:
            trial = Board(*(column.copy() for column in board))
            book(trial, node, request, slot, np.zeros(8, dtype=np.int64))
            found = max(found, int(request[1] * request[2]) + best(trial, requests, at + 1, may_refuse))
    if may_refuse or not fitted:
        found = max(found, best(board, requests, at + 1, may_refuse))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_no_sequence_of_decisions_passes_the_bounds(seed: int) -> None:
    cluster = cases.nodes((12, 1, 0), (12, 1, 0))
    random = np.random.default_rng(seed)
    kinds = [(3000, 1, 810, 0), (4000, 1, 160, 0), (11_000, 1, 1000, 0), (4000, 1, 470, 0)]
    jobs = cases.tasks(*(kinds[i] for i in random.integers(0, 4, 6)))
    made = bounds(cluster, jobs, cases.in_order(cluster, jobs))
    board, requests = empty_board(cluster), requests_of(jobs)
    assert best(board, requests, 0, True) / cluster.gpu_milli * 100 <= made.free + 1e-6
    assert best(board, requests, 0, False) / cluster.gpu_milli * 100 <= made.work_conserving + 1e-3
    assert made.work_conserving <= made.free + 1e-3


def test_a_bound_bites_where_shares_leave_holes() -> None:
    cluster = cases.nodes(*[(96, 8, 0)] * 2)
    jobs = cases.tasks(*[(3000, 1, 810, 0), (3000, 1, 1000, 0)] * 20)
    made = bounds(cluster, jobs, cases.in_order(cluster, jobs))
    assert made.free == pytest.approx(100.0)
    assert made.work_conserving == pytest.approx(90.5, abs=1.5)  # every second GPU loses 190


Held = tuple[tuple[int, int, int], ...]  # (task, node, GPU) of what runs; GPU -1 for whole ones or none


def best_with_moves(cluster: Nodes, requests: Ints, at: int, held: Held, moves: int) -> int:
    """As `best` where no task that fits is refused, with one move allowed for a task that fits nowhere."""
    if at == len(requests):
        return sum(int(requests[task, 1] * requests[task, 2]) for task, _, _ in held)
    options = places(cluster, requests, held, at)
    if options:
        return max(best_with_moves(cluster, requests, at + 1, (*held, one), moves) for one in options)
    found = best_with_moves(cluster, requests, at + 1, held, moves)
    for index in range(len(held) if moves else 0):
        rest = held[:index] + held[index + 1 :]
        for moved in places(cluster, requests, rest, held[index][0]):
            for one in places(cluster, requests, (*rest, moved), at):
                found = max(found, best_with_moves(cluster, requests, at + 1, (*rest, moved, one), moves - 1))
    return found


def places(cluster: Nodes, requests: Ints, held: Held, task: int) -> list[tuple[int, int, int]]:
    board = empty_board(cluster)
    for one, node, slot in held:
        book(board, node, requests[one], slot, np.zeros(8, dtype=np.int64))
    request, found = requests[task], []
    for node in range(len(board.cpu)):
        if fits(board, node, request):
            share = request[1] == 1 and request[2] < 1000
            slots = [s for s in range(8) if board.gpu[node, s] >= request[2]] if share else [-1]
            found += [(task, node, slot) for slot in slots]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_no_sequence_with_moves_passes_the_bound_for_moves(seed: int) -> None:
    cluster = cases.nodes((12, 1, 0), (12, 1, 0), (6, 0, -1))
    random = np.random.default_rng(seed)
    kinds = [(3000, 1, 810, 0), (4000, 1, 160, 0), (8000, 1, 1000, 0), (4000, 0, 0, 0)]
    jobs = cases.tasks(*(kinds[i] for i in random.integers(0, 4, 6)))
    arrivals, requests = cases.in_order(cluster, jobs), requests_of(jobs)
    strict, moved = bounds(cluster, jobs, arrivals), bounds(cluster, jobs, arrivals, moves=1)
    assert strict.work_conserving <= moved.work_conserving + 1e-3 <= moved.free + 2e-3
    found = best_with_moves(cluster, requests, 0, (), 1)
    assert found / cluster.gpu_milli * 100 <= moved.work_conserving + 1e-3
    assert found >= best_with_moves(cluster, requests, 0, (), 0)


def test_a_bound_for_moves_lies_between_none_and_any() -> None:
    cluster, jobs = cases.nodes(*[(96, 8, 0)] * 4), cases.tasks(*[(3000, 1, 810, 0), (3000, 1, 1000, 0)] * 40)
    arrivals = cases.in_order(cluster, jobs)
    made = [bounds(cluster, jobs, arrivals, moves=m).work_conserving for m in (0, 1, 100)]
    assert made[0] < made[1] - 0.1 and made[1] < made[2] == pytest.approx(100.0)


@pytest.mark.parametrize("policy", [*POLICIES, "bid price"])
def test_no_policy_passes_the_work_conserving_bound(policy: str) -> None:
    cluster, jobs = cases.cluster(11, 12), cases.drawn(11, 120)
    arrivals = inflated(cluster, jobs, 42)
    top = bounds(cluster, jobs, arrivals)
    used = (
        bid_price(cluster, jobs, arrivals).used
        if policy == "bid price"
        else replay(cluster, jobs, arrivals, policy, 42).used
    )
    assert used[-1] / cluster.gpu_milli * 100 <= top.work_conserving + 1e-3
    assert bounds(cluster, jobs, arrivals, 10).work_conserving >= top.work_conserving - 0.02
