"""Bid-price placement: each task goes where the value of what stays idle falls least, and no task that fits is
turned away on arrival.

Prices are renewed whenever another tenth of the cluster's GPU demand has arrived, from the typical mix and the
demand forecast alone. With a waiting room, a task whose use is worth less than what it displaces may wait: at most
`room` tasks at a time, each for at most `patience` arrivals; when the room is full the worthiest of them is placed
at once if it fits; a task that waited `patience` arrivals is turned away; at the end those still waiting are placed
wherever they fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.inflation import PUBLISHED_RATIO, Arrivals
from hutong.engines.broker.place.prices import pooled, priced
from hutong.engines.broker.place.room import NOBODY_WAITS, Patience, Room, empty_room, expire, set_aside
from hutong.engines.broker.place.state import (
    GPUS,
    SHARE,
    Board,
    Ints,
    Nodes,
    Tasks,
    book,
    empty_board,
    requests_of,
)
from hutong.engines.broker.place.trajectory import Trajectory
from hutong.engines.broker.place.typical import Mix, typical
from hutong.engines.broker.place.value import (
    Standing,
    Value,
    best_placement,
    empty_standing,
    node_value,
    spare_cpu,
    valued,
    worth_of,
)

RENEWALS = 10  # of the prices, per cluster's worth of arrived demand
LEAST_AHEAD = Fraction(1, 50)  # of the cluster: demand always expected, also past the forecast
MARGIN = 20.0  # milli-GPU: a task waits only if it displaces clearly more than it uses


@dataclass(frozen=True)
class Placed(Trajectory):
    """`waiting`: arrivals that still wait in the end, for want of a place."""

    waiting: Ints


class Log(NamedTuple):
    """What happened, by arrival: node, milli of each GPU, GPU in use after it."""

    placed: Ints
    taken: Ints
    used: Ints


@compiled
def offer(board: Board, request: Ints, kind: int, value: Value, standing: Standing) -> tuple[int, float]:
    """The best node for a request and what the request is worth there; (-1, -inf) where it fits nowhere."""
    node = best_placement(board, request, kind, value, standing)
    if node < 0:
        return -1, -np.inf
    return node, worth_of(board, node, request, standing.slot[kind, node], value, standing.trial)


@compiled
def put(
    board: Board,
    requests: Ints,
    kinds: Ints,
    arrival: int,
    node: int,
    value: Value,
    standing: Standing,
    log: Log,
) -> int:
    """Book one task; return its milli-GPU."""
    request = requests[arrival]
    book(board, node, request, standing.slot[kinds[arrival], node], log.taken[arrival])
    standing.version[node] += 1
    standing.value[node] = node_value(board.cpu[node], board.gpu[node], board.model[node], value)
    log.placed[arrival] = node
    return int(request[GPUS] * request[SHARE])


@compiled
def revisit(
    board: Board,
    requests: Ints,
    kinds: Ints,
    value: Value,
    standing: Standing,
    log: Log,
    room: Room,
    last: bool,
) -> int:
    """Place the waiting tasks that are now worth it (all that fit, when `last`), worthiest first."""
    waiting, used, kept = room.counter[0], 0, 0
    for index in range(waiting):
        arrival = room.task[index]
        _, room.worth[index] = offer(board, requests[arrival], kinds[arrival], value, standing)
    tasks, order = room.task[:waiting].copy(), np.argsort(-room.worth[:waiting], kind="mergesort")
    for index in order:
        arrival = tasks[index]
        node, worth = offer(board, requests[arrival], kinds[arrival], value, standing)
        if node >= 0 and (worth >= 0 or last):
            used += put(board, requests, kinds, arrival, node, value, standing, log)
        else:
            room.task[kept], room.worth[kept] = arrival, worth
            kept += 1
    room.counter[0] = kept
    return used


@compiled
def stretch(
    board: Board,
    requests: Ints,
    kinds: Ints,
    low: int,
    high: int,
    value: Value,
    standing: Standing,
    log: Log,
    room: Room,
    patience: int,
    used: int,
) -> int:
    """Place arrivals low..high-1 at the given value; return the GPU in use."""  # fmt: skip
    for node in range(len(board.cpu)):
        standing.value[node] = node_value(board.cpu[node], board.gpu[node], board.model[node], value)
        standing.version[node] += 1
    used += revisit(board, requests, kinds, value, standing, log, room, False)
    for arrival in range(low, high):
        if room.counter[0] > 0:
            expire(room, arrival, patience)
        task = arrival
        node = best_placement(board, requests[task], kinds[task], value, standing)
        if len(room.task) > 0 and node >= 0 and requests[task, GPUS] > 0:
            node, worth = offer(board, requests[task], kinds[task], value, standing)
            if worth < -MARGIN:
                task = set_aside(room, arrival, worth)
            if task >= 0 and task != arrival:
                node = best_placement(board, requests[task], kinds[task], value, standing)
        if task >= 0 and node >= 0:
            used += put(board, requests, kinds, task, node, value, standing, log)
        log.used[arrival] = used
    return used


def bid_price(
    nodes: Nodes,
    tasks: Tasks,
    arrivals: Arrivals,
    mix: Mix | None = None,
    *,
    forecast: Fraction = PUBLISHED_RATIO,
    patience: Patience = NOBODY_WAITS,
) -> Placed:
    """Place `arrivals` on an empty cluster by bid prices.

    mix: what tasks typically ask for (default: the typical mix of `tasks`). forecast: GPU demand expected in all,
    as a multiple of the cluster. Neither looks at the arrivals themselves.
    """  # fmt: skip
    order = np.argsort(arrivals.rank, kind="stable")
    board, mix = empty_board(nodes, order), mix or typical(tasks)
    requests = requests_of(tasks.take(arrivals.order))
    types, kinds = np.unique(requests[:, :4], axis=0, return_inverse=True)
    kinds, size = kinds.reshape(-1).astype(np.int64), len(requests)
    standing, room = empty_standing(len(types), len(order)), empty_room(patience.room)
    log = Log(
        np.full(size, -1, dtype=np.int64), np.zeros((size, 8), dtype=np.int64), np.zeros(size, dtype=np.int64)
    )
    arrived = np.cumsum(requests[:, GPUS] * requests[:, SHARE])
    used = 0
    for low, high in _stretches(arrived, nodes.gpu_milli):
        seen = int(arrived[low - 1]) if low else 0
        value = value_now(board, nodes, mix, seen, forecast, patience.room - int(room.counter.sum()))
        used = stretch(board, requests, kinds, low, high, value, standing, log, room, patience.patience, used)
    if patience.room:
        log.used[-1] = used + revisit(board, requests, kinds, value, standing, log, room, True)
    where = np.where(log.placed >= 0, order[log.placed], -1)
    return Placed(where, log.taken, arrived, log.used, nodes.gpu_milli, room.task[: room.counter[0]].copy())


def value_now(board: Board, nodes: Nodes, mix: Mix, arrived: int, forecast: Fraction, may_wait: int) -> Value:
    """The value tables for what is idle now and the demand (milli-GPU) that the forecast still expects."""
    ahead = max(forecast * nodes.gpu_milli - arrived, LEAST_AHEAD * nodes.gpu_milli)
    expected = mix.share * (float(ahead) / float((mix.share * mix.gpus * mix.milli).sum()))
    spare = spare_cpu(board, mix, expected)
    fitted = expected * np.where(mix.gpus == 0, _without_gpu(board, mix, expected), 1.0)
    prices = priced(pooled(board, bool(mix.accepts.any())), mix, fitted, float(max(0, may_wait)))
    return valued(mix, prices.net, len(nodes.models), spare)


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
