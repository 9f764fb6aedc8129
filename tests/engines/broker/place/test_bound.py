"""Bounds against every possible placement of tiny cases, and against every policy on larger ones."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.place import POLICIES, Board, bid_price, bounds, empty_board, inflated, replay
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
