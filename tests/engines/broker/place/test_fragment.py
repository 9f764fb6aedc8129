"""The fragment measure against a definition written out by hand, and the cached sums against sums from scratch."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.place import CLASSES, POLICIES, empty_board, fragments, replay, typical
from hutong.engines.broker.place.state import book, release, requests_of

from . import cases


def by_hand(
    cpu: int, gpu: list[int], model: int, types: list[tuple[int, int, int, int]], share: list[float]
) -> dict[str, float]:
    """The seven classes as section 4.2 of the paper states them, one type at a time."""
    found = dict.fromkeys(CLASSES, 0.0)
    idle = [g for g in gpu if g > 0]
    for (need, gpus, milli, accepts), p in zip(types, share, strict=True):
        enough, whole = sum(g >= milli for g in idle) >= gpus, sum(idle)
        if milli == 0:
            found["xl" if cpu >= need else "xr"] += p * whole
        elif accepts and not (model >= 0 and accepts >> model & 1):
            found["no_access"] += p * whole
        elif enough and cpu >= need:
            small = sum(g for g in idle if g < milli)
            found["q2"] += p * small
            found["q3"] += p * (whole - small)
        else:
            name = ("q1" if cpu < need else "q2") if not enough else "q4"
            found[name] += p * whole
    return found


@pytest.mark.parametrize("seed", range(12))
def test_classes_equal_the_definition_on_small_nodes(seed: int) -> None:
    random = np.random.default_rng(seed)
    jobs = cases.drawn(seed, 60, models=True)
    mix, board = typical(jobs, 100), empty_board(cases.cluster(seed, 25))
    board.cpu[:] = random.integers(0, 40_000, 25)
    board.gpu[board.gpu > 0] = random.integers(0, 101, (board.gpu > 0).sum()) * 10
    types = list(zip(*(c.tolist() for c in (mix.cpu_milli, mix.gpus, mix.milli, mix.accepts)), strict=True))
    for node, row in enumerate(fragments(board, mix)):
        wanted = by_hand(
            int(board.cpu[node]), board.gpu[node].tolist(), int(board.model[node]), types, mix.share.tolist()
        )
        assert row == pytest.approx([wanted[name] for name in CLASSES])
        assert row.sum() == pytest.approx(np.maximum(board.gpu[node], 0).sum())


@pytest.mark.parametrize("policy", POLICIES)
def test_the_running_sum_equals_the_sum_from_scratch(policy: str) -> None:
    cluster, jobs = cases.cluster(1, 30), cases.drawn(2, 300)
    made = replay(cluster, jobs, cases.in_order(cluster, jobs), policy, seed=5)
    board, mix, requests = empty_board(cluster), typical(jobs), requests_of(jobs)
    for arrival, node in enumerate(made.node):
        if node >= 0:
            slot = int(np.argmax(made.gpus[arrival]))
            book(board, node, requests[arrival], slot, np.zeros(8, dtype=np.int64))
        if arrival % 60 == 59:
            whole = fragments(board, mix)
            assert made.fragment[arrival] == pytest.approx(whole.sum() - whole[:, CLASSES.index("q3")].sum())
            assert made.used[arrival] == cluster.gpu_milli - np.maximum(board.gpu, 0).sum()


def test_release_gives_back_what_book_took() -> None:
    cluster, jobs = cases.cluster(3, 4), cases.tasks((2000, 1, 300, 0), (2000, 2, 1000, 0), (500, 0, 0, 0))
    board, fresh = empty_board(cluster), empty_board(cluster)
    node = int(np.argmax(board.whole))
    for request in requests_of(jobs):
        taken = np.zeros(8, dtype=np.int64)
        book(board, node, request, 0, taken)
        assert not all(np.array_equal(a, b) for a, b in zip(board, fresh, strict=True))
        release(board, node, request, taken)
        assert all(np.array_equal(a, b) for a, b in zip(board, fresh, strict=True))
