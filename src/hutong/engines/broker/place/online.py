"""Bid-price placement: each task goes where the value of what stays idle falls least.

Prices are renewed whenever another tenth of the cluster's GPU demand has arrived, from the typical mix and the
demand forecast alone. Without further allowance no task that fits is turned away. Three allowances, each a budget:

- refusals: a GPU task whose use is worth less than what it displaces may be turned away at its arrival, at once and
  for good, if the loss is about what a refusal brings at the prices (bid-price control, Talluri & van Ryzin 1998);
- a waiting room: such a task may wait (once there are no refusals left), at most `room` tasks at a time, each for at most `patience` arrivals;
  when the room is full the worthiest of them is placed at once if it fits; a task that waited `patience` arrivals is
  turned away; at the end those still waiting are placed wherever they fit;
- moves: for a GPU task that fits nowhere, one running task may move to another node (module `moves`).

A task that asks no GPU is never turned away while it fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.inflation import PUBLISHED_RATIO, Arrivals
from hutong.engines.broker.place.moves import make_room
from hutong.engines.broker.place.play import (
    MOVES,
    REFUSALS,
    MoveLog,
    Play,
    candidate,
    offer,
    play_of,
    put,
    refreshed,
    revisit,
)
from hutong.engines.broker.place.prices import pooled, priced
from hutong.engines.broker.place.room import NOBODY_WAITS, Patience, expire, set_aside
from hutong.engines.broker.place.state import GPUS, SHARE, Board, Ints, Nodes, Tasks, requests_of
from hutong.engines.broker.place.trajectory import Trajectory
from hutong.engines.broker.place.typical import Mix, typical
from hutong.engines.broker.place.value import Value, spare_cpu, valued

RENEWALS = 10  # of the prices, per cluster's worth of arrived demand
LEAST_AHEAD = Fraction(1, 50)  # of the cluster: demand always expected, also past the forecast
MARGIN = 20.0  # milli-GPU: a task is passed over only if it displaces clearly more than it uses
WAIVER = 0.8  # of what a refusal brings at the prices: values are estimates, so a loss this near is enough


@dataclass(frozen=True)
class Placed(Trajectory):
    """`waiting`: arrivals that still wait in the end, for want of a place. `turned_away`: arrivals without a place
    that would have fitted when they came. `moves`: in order; `node` and `gpus` are where tasks ended.
    """

    waiting: Ints
    turned_away: Ints
    moves: MoveLog


@compiled
def admitted(
    play: Play, arrival: int, node: int, value: Value, floor: float, patience: int
) -> tuple[int, int]:
    """The task to place now and its node: the arrival itself, one that leaves the waiting room for it, or none (-1)."""
    room = play.room
    if room.counter[0] > 0:
        expire(room, arrival, patience)
    if node < 0 or play.requests[arrival, GPUS] == 0 or (len(room.task) == 0 and play.left[REFUSALS] == 0):
        return arrival, node
    worth = offer(play, arrival, node, value)
    if worth >= -floor:
        return arrival, node
    if play.left[REFUSALS] > 0:
        play.left[REFUSALS] -= 1
        play.log.passed[arrival] = 1
        return -1, -1
    if len(room.task) == 0:
        return arrival, node
    task = set_aside(room, arrival, worth)
    if task != arrival:
        play.log.passed[arrival] = 1
        return task, candidate(play, task, value) if task >= 0 else -1
    return arrival, node


@compiled
def stretch(play: Play, low: int, high: int, value: Value, floor: float, patience: int, used: int) -> int:
    """Place arrivals low..high-1 at the given value; return the GPU in use, milli-GPU."""
    for node in range(len(play.board.cpu)):
        refreshed(play, node, value)
    play.tried[0] += 1
    used += revisit(play, value, False)
    for arrival in range(low, high):
        node = candidate(play, arrival, value)
        if node < 0 and play.left[MOVES] > 0 and play.requests[arrival, GPUS] > 0:
            used += make_room(play, arrival, value)
        task, node = admitted(play, arrival, node, value, floor, patience)
        if node >= 0:
            used += put(play, task, node, value)
        play.log.used[arrival] = used
    return used


def bid_price(
    nodes: Nodes,
    tasks: Tasks,
    arrivals: Arrivals,
    mix: Mix | None = None,
    *,
    forecast: Fraction = PUBLISHED_RATIO,
    patience: Patience = NOBODY_WAITS,
    refusals: int = 0,
    moves: int = 0,
) -> Placed:
    """Place `arrivals` on an empty cluster by bid prices.

    mix: what tasks typically ask for (default: the typical mix of `tasks`). forecast: GPU demand expected in all,
    as a multiple of the cluster. Neither looks at the arrivals themselves. refusals: tasks that may be turned away
    at their arrival though they fit; moves: moves of running tasks that may be made, both in all. Where less demand
    comes than is forecast, tasks are turned away for nothing.
    """
    order = np.argsort(arrivals.rank, kind="stable")
    mix = mix or typical(tasks)
    play = play_of(nodes, order, requests_of(tasks.take(arrivals.order)), patience.room, refusals, moves)
    arrived = np.cumsum(play.requests[:, GPUS] * play.requests[:, SHARE])
    used = 0
    for low, high in _stretches(arrived, nodes.gpu_milli):
        seen = int(arrived[low - 1]) if low else 0
        may_pass = patience.room - int(play.room.counter.sum()) + int(play.left[REFUSALS])
        value, waiver = value_now(play.board, nodes, mix, seen, forecast, may_pass)
        floor = max(MARGIN, WAIVER * waiver)
        used = stretch(play, low, high, value, floor, patience.patience, used)
    if patience.room:
        play.log.used[-1] = used + revisit(play, value, True)
    return _placed(play, order, arrived, nodes.gpu_milli)


def value_now(
    board: Board, nodes: Nodes, mix: Mix, arrived: int, forecast: Fraction, may_pass: int
) -> tuple[Value, float]:
    """The value tables for what is idle now and the demand (milli-GPU) that the forecast still expects; what another
    task passed over would bring, milli-GPU."""
    ahead = max(forecast * nodes.gpu_milli - arrived, LEAST_AHEAD * nodes.gpu_milli)
    expected = mix.share * (float(ahead) / float((mix.share * mix.gpus * mix.milli).sum()))
    spare = spare_cpu(board, mix, expected)
    fitted = expected * np.where(mix.gpus == 0, _without_gpu(board, mix, expected), 1.0)
    prices = priced(pooled(board, bool(mix.accepts.any())), mix, fitted, float(max(0, may_pass)))
    return valued(mix, prices.net, len(nodes.models), spare), prices.waiver


def _without_gpu(board: Board, mix: Mix, expected: Floats) -> float:
    """Share of the CPU-only tasks that nodes without idle GPU cannot take."""
    full = np.maximum(board.gpu, 0).sum(axis=1) == 0
    need = float((expected * mix.cpu_milli)[mix.gpus == 0].sum())
    return max(0.0, 1.0 - float(board.cpu[full].sum()) / need) if need > 0 else 0.0


def _stretches(arrived: Ints, capacity: int) -> list[tuple[int, int]]:
    """Runs of arrivals between renewals of the prices."""
    tenth = np.minimum(arrived * RENEWALS // capacity, arrived[-1] * RENEWALS // capacity)
    starts = np.flatnonzero(np.diff(tenth, prepend=-1) > 0)
    ends = [*starts[1:], len(arrived)]
    return [(int(low), int(high)) for low, high in zip(starts, ends, strict=True)]


def _placed(play: Play, order: Ints, arrived: Ints, capacity: int) -> Placed:
    log, made = play.log, len(play.moves.cause) - int(play.left[MOVES])
    moves = MoveLog(*(column[:made].copy() for column in play.moves))
    moves = moves._replace(left=order[moves.left], to=order[moves.to])
    where = np.where(log.placed >= 0, order[log.placed], -1)
    away = np.flatnonzero((log.passed == 1) & (where < 0))
    waiting = play.room.task[: play.room.counter[0]].copy()
    return Placed(where, log.taken, arrived, log.used, capacity, waiting, away, moves)
