"""Gangs: several like tasks that start together or not at all, near each other in the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hutong.engines.broker.chips import Partition
from hutong.engines.broker.place.choose import choose
from hutong.engines.broker.place.decision import Choice, Fleet, Order, Want
from hutong.engines.broker.place.fragment import Flags
from hutong.engines.broker.place.state import Board, book, summarise
from hutong.engines.broker.place.typical import Mix
from hutong.kernel.errors import Exhausted


def gang(fleet: Fleet, want: Want, members: int, mix: Mix, order: Order) -> tuple[Choice, ...]:
    """All members or none, under as few switches as can hold them: one leaf, else one switch of the next level, ...

    Under a switch members are placed one after the other; of switches of a level the first that holds all is taken.
    The fleet is not changed. Raises `Exhausted`, with what stops the first member that finds no place, where even the
    whole fleet does not hold all.
    """
    for level in range(fleet.switches.shape[1]):
        for switch in np.unique(fleet.switches[:, level]):
            try:
                return _all(fleet, want, members, mix, order, fleet.switches[:, level] == switch)
            except Exhausted:
                continue
    return _all(fleet, want, members, mix, order, None)


def _all(
    fleet: Fleet, want: Want, members: int, mix: Mix, order: Order, among: Flags | None
) -> tuple[Choice, ...]:
    """One choice after the other on a copy of the board."""
    board = Board(*(column.copy() for column in fleet.board))
    trial = replace(fleet, board=board, partitions=dict(fleet.partitions))
    choices: list[Choice] = []
    for _ in range(members):
        choices.append(choose(trial, want, mix, order, 0, among))
        _take(trial, want, choices[-1])
    return tuple(choices)


def _take(fleet: Fleet, want: Want, choice: Choice) -> None:
    taken = np.zeros(fleet.board.gpu.shape[1], dtype=np.int64)
    if want.template is not None:
        key = (choice.node, choice.gpus[0])
        parts = (*fleet.partitions.get(key, ()), Partition(want.template, choice.start))
        fleet.partitions[key] = parts  # type: ignore[index]  # the trial's own dictionary
        book(fleet.board, choice.node, np.array([want.cpu_milli, 0, 0, 0, want.memory_mib]), -1, taken)
        fleet.board.gpu[key] = 0
        summarise(fleet.board, choice.node)
        return
    book(fleet.board, choice.node, want.request(), choice.gpus[0] if choice.gpus else -1, taken)
