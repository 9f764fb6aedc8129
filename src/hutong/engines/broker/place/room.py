"""The waiting room of bid-price placement: who waits, who has to leave, who waited too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.state import Ints

NEVER = 1 << 62


@dataclass(frozen=True)
class Patience:
    """The waiting room. room: tasks set aside at a time, those turned away from it included; patience: arrivals."""

    room: int = 0
    patience: int = NEVER


NOBODY_WAITS = Patience()


class Room(NamedTuple):
    """Arrivals that wait with what each is worth (arrays of the room's size), and how many wait and were turned away."""

    task: Ints
    worth: Floats
    counter: Ints


@compiled
def expire(room: Room, now: int, patience: int) -> None:
    """Turn away the tasks that have waited longer than `patience` arrivals."""
    kept = 0
    for index in range(room.counter[0]):
        if now - room.task[index] > patience:
            room.counter[1] += 1
        else:
            room.task[kept], room.worth[kept] = room.task[index], room.worth[index]
            kept += 1
    room.counter[0] = kept


@compiled
def set_aside(room: Room, arrival: int, worth: float) -> int:
    """Let the task wait. Where the room is full the worthiest has to leave: return it; else -1."""
    waiting = room.counter[0]
    if waiting + room.counter[1] < len(room.task):
        room.task[waiting], room.worth[waiting] = arrival, worth
        room.counter[0] += 1
        return -1
    if waiting == 0:
        return arrival
    best = int(np.argmax(room.worth[:waiting]))
    if room.worth[best] <= worth:
        return arrival
    leaving = int(room.task[best])
    room.task[best], room.worth[best] = arrival, worth
    return leaving


def empty_room(size: int) -> Room:
    """Nobody waits yet."""
    return Room(np.zeros(size, dtype=np.int64), np.zeros(size), np.zeros(2, dtype=np.int64))
