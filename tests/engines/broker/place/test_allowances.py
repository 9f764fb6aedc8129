"""Refusals and moves of bid-price placement: never more than allowed, never past capacity, nothing else changes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hutong.engines.broker.place import (
    Arrivals,
    Nodes,
    Patience,
    Placed,
    Tasks,
    bid_price,
    empty_board,
    inflated,
    replay,
    typical,
)
from hutong.engines.broker.place.moves import make_room
from hutong.engines.broker.place.play import candidate, play_of, put, refreshed
from hutong.engines.broker.place.state import CPU, GPUS, Board, Ints, fits, release, requests_of, retake
from hutong.engines.broker.place.value import valued

from . import cases


def unmet(cluster: Nodes, jobs: Tasks, arrivals: Arrivals, made: Placed) -> list[int]:
    """Carry the log out on an empty board, moves at their arrivals; every step has to fit. The arrivals that were
    left without a place though they fitted when they came."""
    board, requests = empty_board(cluster), requests_of(jobs.take(arrivals.order))
    where, held = made.node.copy(), made.gpus.copy()
    for index in range(len(made.moves.task) - 1, -1, -1):  # back to where each task was first placed
        task = made.moves.task[index]
        assert where[task] == made.moves.to[index]
        where[task], held[task] = made.moves.left[index], made.moves.held[index]
    after = held_after(made)
    step, missed = 0, []
    for arrival, request in enumerate(requests):
        while step < len(made.moves.task) and made.moves.cause[step] == arrival:
            task = made.moves.task[step]
            assert task < arrival and where[task] == made.moves.left[step] != made.moves.to[step]
            release(board, where[task], requests[task], held[task])
            where[task], held[task] = made.moves.to[step], after[step]
            take(board, where[task], requests[task], held[task])
            step += 1
        if where[arrival] >= 0:
            take(board, where[arrival], request, held[arrival])
        elif any(fits(board, node, request) for node in range(len(cluster.names))):
            missed.append(arrival)
    assert step == len(made.moves.task)
    assert np.array_equal(where, made.node) and np.array_equal(held, made.gpus)
    return missed


def held_after(made: Placed) -> list[Ints]:
    """What each move's task held once it had moved: what it held before its next move, or in the end."""
    rows = []
    for index, task in enumerate(made.moves.task):
        later = np.flatnonzero(made.moves.task[index + 1 :] == task)
        rows.append(made.moves.held[index + 1 + later[0]] if len(later) else made.gpus[task])
    return rows


def take(board: Board, node: int, request: Ints, held: Ints) -> None:
    assert fits(board, node, request) and held.sum() == request[GPUS] * request[2]
    retake(board, node, request, held)
    assert board.cpu[node] >= 0 and board.memory[node] >= 0 and ((board.gpu[node] >= 0) | (held == 0)).all()


@pytest.mark.parametrize("refusals", [0, 5, 30])
def test_no_more_than_the_budget_are_turned_away_and_all_else_that_fits_is_placed(refusals: int) -> None:
    cluster, jobs = cases.cluster(5, 40), cases.drawn(5, 600)
    arrivals = inflated(cluster, jobs, 42)
    made = bid_price(cluster, jobs, arrivals, refusals=refusals)
    assert unmet(cluster, jobs, arrivals, made) == made.turned_away.tolist()
    assert len(made.turned_away) <= refusals
    assert refusals < 30 or len(made.turned_away) > 0
    asked = requests_of(jobs.take(arrivals.order))[made.turned_away]
    assert (asked[:, GPUS] > 0).all()  # a task without GPU is never turned away


def test_nobody_is_turned_away_where_room_for_all_is_forecast() -> None:
    """A forecast of more than comes turns tasks away for nothing: 13 tenths of the cluster here, and a half comes."""
    cluster, jobs = cases.cluster(5, 400), cases.drawn(5, 300)
    arrivals, half = cases.in_order(cluster, jobs), Fraction(1, 2)
    assert jobs.gpu_milli.sum() < cluster.gpu_milli * half
    assert len(bid_price(cluster, jobs, arrivals, refusals=100).turned_away) > 0
    made = bid_price(cluster, jobs, arrivals, refusals=100, moves=100, forecast=half)
    assert (made.node >= 0).all() and len(made.turned_away) == 0 == len(made.moves.task)


def test_who_waited_in_vain_is_counted_as_turned_away() -> None:
    cluster, jobs = cases.cluster(8, 40), cases.drawn(8, 600)
    arrivals = inflated(cluster, jobs, 42)
    made = bid_price(cluster, jobs, arrivals, patience=Patience(30, 10))
    assert 0 < len(made.turned_away) <= 30 and (made.node[made.turned_away] < 0).all()
    assert set(made.waiting) <= set(made.turned_away)


@pytest.mark.parametrize(("seed", "refusals"), [(3, 0), (3, 20), (4, 0), (4, 10)])
def test_moves_keep_every_node_within_capacity_and_the_budget(seed: int, refusals: int) -> None:
    cluster, jobs = cases.cluster(seed, 40), cases.drawn(seed, 700, models=True)
    arrivals = inflated(cluster, jobs, seed)
    full = bid_price(cluster, jobs, arrivals, refusals=refusals, moves=1000)
    assert unmet(cluster, jobs, arrivals, full) == full.turned_away.tolist()
    assert len(full.turned_away) <= refusals and len(full.moves.task) > 0
    few = bid_price(cluster, jobs, arrivals, refusals=refusals, moves=1)
    assert unmet(cluster, jobs, arrivals, few) == few.turned_away.tolist() and len(few.moves.task) == 1
    first = int(full.moves.cause[0])
    none = bid_price(cluster, jobs, arrivals, refusals=refusals)
    assert few.used[first] > none.used[first] and np.array_equal(few.used[:first], none.used[:first])


def test_a_task_that_takes_the_cpu_of_an_idle_gpu_moves_away() -> None:
    """Node 0 has the GPU and 8 cores of which 6 are taken; node 1 has cores only: the task goes there."""
    cluster = cases.nodes((8, 1, 0), (8, 0, -1))
    jobs = cases.tasks((6000, 0, 0, 0), (4000, 1, 1000, 0))
    for moves, node in ((1, 0), (0, -1)):
        play = play_of(cluster, np.arange(2), requests_of(jobs), 0, 0, moves)
        value = valued(typical(jobs, 100), np.array([1000.0, 0.0]), 2, 2.0)
        play.tried[0] = 1
        assert put(play, 0, 0, value) == 0 and refreshed(play, 1, value) == 0.0
        assert candidate(play, 1, value) == -1
        assert make_room(play, 1, value) == 1000 * moves
        assert play.log.placed.tolist() == [moves, node] and play.board.cpu[0] == 8000 - (
            4000 if moves else 6000
        )


def test_the_same_arrivals_give_the_same_moves_and_the_future_none() -> None:
    cluster, jobs = cases.cluster(3, 40), cases.drawn(3, 700, models=True)
    whole, mix = inflated(cluster, jobs, 3), typical(jobs)
    made = [bid_price(cluster, jobs, whole, mix, refusals=9, moves=50) for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(made[0].moves, made[1].moves, strict=True))
    assert made[0].node.tobytes() == made[1].node.tobytes()
    half = int(made[0].moves.cause[0]) + 1
    part = bid_price(cluster, jobs, Arrivals(whole.order[:half], whole.rank), mix, refusals=9, moves=50)
    assert np.array_equal(part.used, made[0].used[:half]) and part.moves.task[0] == made[0].moves.task[0]


def test_cpu_is_conserved_by_moves() -> None:
    cluster, jobs = cases.cluster(4, 40), cases.drawn(4, 700, models=True)
    arrivals = inflated(cluster, jobs, 4)
    made = bid_price(cluster, jobs, arrivals, moves=1000)
    requests = requests_of(jobs.take(arrivals.order))
    inside = made.node >= 0
    used = np.bincount(made.node[inside], requests[inside, CPU], minlength=len(cluster.names))
    assert (used <= cluster.cpu_milli).all() and made.used[-1] == made.gpus.sum()


@pytest.mark.slow
@pytest.mark.parametrize("trace", ["default", "cpu050", "cpu250", "gpushare100", "gpuspec33", "multigpu50"])
def test_every_allowance_beats_fgd_on_every_trace(trace: str) -> None:
    """By the same constants; on seeds that no figure of the policy was chosen by."""
    read = cases.trace(trace)
    mix, arrivals = typical(read.tasks), inflated(read.nodes, read.tasks, 1042)
    size = len(arrivals.order)
    fgd = replay(read.nodes, read.tasks, arrivals, "FGD", 1042, mix).allocation(130)
    few = bid_price(read.nodes, read.tasks, arrivals, mix, refusals=size * 6 // 1000, moves=size // 100)
    window = Patience(size * 7 // 100, size // 20)
    many = bid_price(read.nodes, read.tasks, arrivals, mix, patience=window)
    for made, allowed in ((few, 0.006), (many, 0.07)):
        assert made.allocation(130) > fgd + 0.5
        assert len(made.turned_away) <= allowed * size and len(made.moves.task) <= size // 100
    assert unmet(read.nodes, read.tasks, arrivals, few) == few.turned_away.tolist()
