"""What one run of bid-price placement reads and changes, and the few ways a task comes to a node."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.room import Room, empty_room
from hutong.engines.broker.place.state import GPUS, SHARE, Board, Ints, Nodes, book, empty_board
from hutong.engines.broker.place.value import (
    Standing,
    Value,
    best_placement,
    empty_standing,
    node_value,
    worth_of,
)


class Log(NamedTuple):
    """What happened, by arrival: node, milli of each GPU, GPU in use after it, 1 where it was turned away or set
    aside though it fitted."""

    placed: Ints
    taken: Ints
    used: Ints
    passed: Ints


class MoveLog(NamedTuple):
    """Moves in order, arrays of the budget's size: the arrival that needed room, the task moved, the node it left and
    what it held there (m, 8), the node it went to."""

    cause: Ints
    task: Ints
    left: Ints
    held: Ints
    to: Ints


class Play(NamedTuple):
    """requests (a, 5) and kinds (a,) of the arrivals; types (k, 5) one request a kind, no memory; left: refusals and
    moves that may still be made; tried: renewals of the prices so far, then by kind how many there were when no
    move was worth its price for it: none is looked for again before the next."""

    board: Board
    requests: Ints
    kinds: Ints
    types: Ints
    standing: Standing
    log: Log
    moves: MoveLog
    room: Room
    left: Ints
    tried: Ints


REFUSALS, MOVES = range(2)  # of `left`


def empty_log(size: int) -> Log:
    none = np.full(size, -1, dtype=np.int64)
    return Log(none, np.zeros((size, 8), dtype=np.int64), np.zeros(size, dtype=np.int64), np.zeros_like(none))


def empty_moves(size: int) -> MoveLog:
    none = np.full((4, size), -1, dtype=np.int64)
    return MoveLog(none[0], none[1], none[2], np.zeros((size, 8), dtype=np.int64), none[3])


def play_of(nodes: Nodes, order: Ints, requests: Ints, room: int, refusals: int, moves: int) -> Play:
    """The start of a run: nothing has arrived yet. order: the nodes as they win ties."""
    kinds, inverse = np.unique(requests[:, :4], axis=0, return_inverse=True)
    types = np.column_stack([kinds, np.zeros(len(kinds), dtype=np.int64)]).astype(np.int64)
    tried = np.full(len(kinds) + 1, -1, dtype=np.int64)
    tried[0] = 0
    return Play(
        empty_board(nodes, order), requests, inverse.reshape(-1).astype(np.int64), types,
        empty_standing(len(kinds), len(order)), empty_log(len(requests)), empty_moves(moves), empty_room(room),
        np.array([refusals, moves], dtype=np.int64), tried,
    )  # fmt: skip


@compiled
def refreshed(play: Play, node: int, value: Value) -> float:
    """Value the node anew after its idle capacity changed; return the change."""
    board, standing = play.board, play.standing
    before = standing.value[node]
    standing.version[node] += 1
    standing.value[node] = node_value(board.cpu[node], board.gpu[node], board.model[node], value)
    return float(standing.value[node] - before)


@compiled
def candidate(play: Play, arrival: int, value: Value) -> int:
    """The best node for a task; -1 where it fits nowhere."""
    return best_placement(play.board, play.requests[arrival], play.kinds[arrival], value, play.standing)


@compiled
def offer(play: Play, arrival: int, node: int, value: Value) -> float:
    """What a task is worth on its best node, milli-GPU; -inf for no node."""
    if node < 0:
        return -np.inf
    slot = play.standing.slot[play.kinds[arrival], node]
    return worth_of(play.board, node, play.requests[arrival], slot, value, play.standing.trial)


@compiled
def put(play: Play, arrival: int, node: int, value: Value) -> int:
    """Book one task; return its milli-GPU."""
    request = play.requests[arrival]
    slot = play.standing.slot[play.kinds[arrival], node]
    book(play.board, node, request, slot, play.log.taken[arrival])
    refreshed(play, node, value)
    play.log.placed[arrival] = node
    return int(request[GPUS] * request[SHARE])


@compiled
def revisit(play: Play, value: Value, last: bool) -> int:
    """Place the waiting tasks that are now worth it (all that fit, when `last`), worthiest first; their milli-GPU."""
    room, used, kept = play.room, 0, 0
    waiting = room.counter[0]
    for index in range(waiting):
        arrival = room.task[index]
        room.worth[index] = offer(play, arrival, candidate(play, arrival, value), value)
    tasks, order = room.task[:waiting].copy(), np.argsort(-room.worth[:waiting], kind="mergesort")
    for index in order:
        arrival = tasks[index]
        node = candidate(play, arrival, value)
        worth = offer(play, arrival, node, value)
        if node >= 0 and (worth >= 0 or last):
            used += put(play, arrival, node, value)
        else:
            room.task[kept], room.worth[kept] = arrival, worth
            kept += 1
    room.counter[0] = kept
    return used
