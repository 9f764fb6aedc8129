"""Sizes of elastic jobs within a cycle: what a start gets beyond its least, who gives chips back, who is to grow.

The cycle sees an elastic job at its least size: one that waits asks for that, one at work that can be called back holds
that (`lean`). So every start and reservation of the cycle is what it would be without the chips that elastic jobs hold
beyond their least, and these are taken back as soon as a start needs them, and ahead of a reservation or a window: by
the time that saving and starting again take. Chips that are left go to elastic jobs by an exact assignment
(`elastic.assign`) over what each size is worth (`elastic.sizes`). All in whole numbers: the same picture gives the same
sizes on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hutong.engines.broker.decide.fitting import Fitted, Fitting, Row
from hutong.engines.broker.decide.lean import elastic, lean, may_change
from hutong.engines.broker.decide.picture import Asked, Picture
from hutong.engines.broker.reserve.starts import Starts

__all__ = ["Fitted", "elastic", "lean", "may_change", "served"]

MOST_ROUNDS = 4


def served(
    picture: Picture,
    waiting: list[Asked],
    windows: Sequence[tuple[Row, str]],
    cycle: Callable[[list[Asked]], Starts],
) -> tuple[Starts, Fitted]:
    """A cycle and the sizes to it. cycle: over these jobs with their limits. Who starts on chips that have yet to come
    ends so much later: the cycle is made anew with that until it holds, so that no promise rests on it."""
    delays: dict[str, int] = {}
    for _ in range(MOST_ROUNDS):
        made = cycle([replace(a, limit_ms=a.limit_ms + delays.get(a.job, 0)) for a in waiting])
        fitted = fit(picture, waiting, made, windows)
        waits = {waiting[n].job: due - picture.now_ms for n, due in fitted.late.items()}
        if all(delays.get(job, 0) >= span for job, span in waits.items()):
            break
        delays |= {job: max(span, delays.get(job, 0)) for job, span in waits.items()}
    return made, fitted


def fit(
    picture: Picture, waiting: Sequence[Asked], made: Starts, windows: Sequence[tuple[Row, str]]
) -> Fitted:
    """The sizes to a cycle that was made on the lean picture. windows: rows of the calendar with their names."""
    fitted = Fitted()
    if elastic(picture):
        for place in range(len(picture.offers)):
            if _concerned(picture, waiting, made, place):
                Fitting(picture, waiting, made, windows, place).fit(fitted)
    return fitted


def _concerned(picture: Picture, waiting: Sequence[Asked], made: Starts, place: int) -> bool:
    """Whether an elastic job runs or starts at a pool."""
    pool = picture.offers[place].pool
    if any(h.least < h.most for h in picture.running if h.pool == pool):
        return True
    return any((waiting[n].most or 0) > waiting[n].chips for n in np.flatnonzero(made.pool == place).tolist())
