"""Room made for a task that fits nowhere, by moving one running task to another node.

Every running task is considered that fits some other node as things stand and whose leaving lets the new one in. It
keeps its demand and goes to the node where the value falls least. A move brings the use of the task that comes in
and the change of the value of both nodes; the one that brings most is made if that is worth the price of a move.
Equal moves: the task that came first.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.play import MOVES, Play, put, refreshed
from hutong.engines.broker.place.state import (
    ACCEPTS,
    CPU,
    GPUS,
    MEMORY,
    SHARE,
    Ints,
    accepted,
    fits,
    release,
    retake,
)
from hutong.engines.broker.place.value import Value, best_placement, gain_of

MOVE_PRICE = 50.0  # milli-GPU: what a move has to bring at least


@compiled
def goals(play: Play, value: Value) -> tuple[Ints, Floats]:
    """By kind of task: the best node as things stand, -1 for none, and the change of its value, milli-GPU."""
    goal, loss = np.full(len(play.types), -1), np.zeros(len(play.types))
    for kind in range(len(play.types)):
        node = best_placement(play.board, play.types[kind], kind, value, play.standing)
        if node >= 0:
            goal[kind], loss[kind] = node, play.standing.gain[kind, node]
    return goal, loss


@compiled
def leaves_room(play: Play, mover: int, request: Ints) -> bool:
    """Whether the request fits the mover's node without it."""
    board, leaving, node = play.board, play.requests[mover], play.log.placed[mover]
    if board.cpu[node] + leaving[CPU] < request[CPU]:
        return False
    if board.memory[node] + leaving[MEMORY] < request[MEMORY]:
        return False
    if not accepted(request[ACCEPTS], board.model[node]):
        return False
    enough = 0
    for index in range(board.gpu.shape[1]):
        enough += board.gpu[node, index] + play.log.taken[mover, index] >= request[SHARE]
    return bool(enough >= request[GPUS])


@compiled
def exchanged(play: Play, mover: int, request: Ints, value: Value) -> float:
    """Change of the value of the mover's node if the request takes its place, milli-GPU."""
    node, taken = play.log.placed[mover], play.log.taken[mover]
    release(play.board, node, play.requests[mover], taken)
    gain, _ = gain_of(play.board, node, request, value, play.standing)
    retake(play.board, node, play.requests[mover], taken)
    return gain


@compiled
def best_move(play: Play, arrival: int, value: Value) -> tuple[int, int]:
    """The task whose move brings most for this arrival, and where it goes; -1 if none is worth its price."""
    request, log = play.requests[arrival], play.log
    goal, loss = goals(play, value)
    best, chosen, goes = MOVE_PRICE, -1, -1
    for mover in range(arrival):
        node, to = log.placed[mover], goal[play.kinds[mover]]
        if node < 0 or to < 0 or to == node or not leaves_room(play, mover, request):
            continue
        if not fits(play.board, to, play.requests[mover]):
            continue
        brings = request[GPUS] * request[SHARE] + loss[play.kinds[mover]]
        brings += exchanged(play, mover, request, value)
        if brings > best + 1e-9:
            best, chosen, goes = brings, mover, to
    return chosen, goes


@compiled
def make_room(play: Play, arrival: int, value: Value) -> int:
    """Make the best move for a task that fits nowhere and place it; its milli-GPU, 0 if it stays outside."""
    kind, log, moves = play.kinds[arrival], play.log, play.moves
    if play.left[MOVES] < 1 or play.tried[1 + kind] == play.tried[0]:
        return 0
    mover, to = best_move(play, arrival, value)
    if mover < 0:
        play.tried[1 + kind] = play.tried[0]
        return 0
    at, node = len(moves.cause) - play.left[MOVES], log.placed[mover]
    play.left[MOVES] -= 1
    moves.cause[at], moves.task[at], moves.left[at], moves.to[at] = arrival, mover, node, to
    moves.held[at] = log.taken[mover]
    release(play.board, node, play.requests[mover], log.taken[mover])
    refreshed(play, node, value)
    log.taken[mover] = 0
    put(play, mover, to, value)
    _, play.standing.slot[kind, node] = gain_of(
        play.board, node, play.requests[arrival], value, play.standing
    )
    return put(play, arrival, node, value)
