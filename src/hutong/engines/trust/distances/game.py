"""One row against a black box: what was asked, what is left to ask, and the best counter-example so far.

Attacks only propose points. Each point is projected onto the domain before it is asked, so that no counter-example
can be infeasible and every attack is judged on the same terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances.feasible import Box, Norm, Wide, project, size

Predict = Callable[[Rows], Wide]
Decide = Callable[[Wide], Codes]


class Spent(Exception):
    """No query is left. Never leaves `attacks.evade`."""


@dataclass
class Game:
    """row: (d,) float32. was: its label. left: queries that may still be asked. reach: (d,) typical column ranges.

    best: (d,) nearest point of another label; length: its distance (inf: none yet). by: the attack that found it.
    """

    predict: Predict
    decide: Decide
    row: Rows
    was: int
    own: Wide
    box: Box
    norm: Norm
    reach: Wide
    left: int
    best: Rows
    length: float = np.inf
    by: str = ""
    turn: str = ""
    asked: int = 0

    @property
    def free(self) -> NDArray[np.bool_]:
        return ~self.box.fixed & (self.box.low < self.box.high)

    def length_of(self, points: Rows) -> Wide:
        return size(points.astype(np.float64) - self.row, self.norm)

    def place(self, points: Wide | Rows) -> Rows:
        """(m, d) the feasible float32 points nearest to those proposed."""
        return project(np.atleast_2d(points), self.row[None], self.box)

    def ask(self, points: Wide | Rows) -> tuple[Rows, Wide, NDArray[np.bool_]]:
        """(points as asked, (m, k) answers, (m,) other label) of as many proposals as the budget allows; `Spent`."""
        placed = self.place(points)[: self.left]
        if not len(placed):
            raise Spent
        self.left -= len(placed)
        self.asked += len(placed)
        answers = np.asarray(self.predict(placed), np.float64)
        other = self.decide(answers) != self.was
        if other.any():
            lengths = np.where(other, self.length_of(placed), np.inf)
            at = int(lengths.argmin())
            if lengths[at] < self.length:
                self.best, self.length, self.by = placed[at].copy(), float(lengths[at]), self.turn
        return placed, answers, other

    def flips(self, point: Wide | Rows) -> bool:
        return bool(self.ask(point)[2][0])

    def margins(self, answers: Wide) -> Wide:
        """(m,) log-odds of the old label against the best other one: what a score-based attack lowers."""
        logs = np.log(np.clip(answers, 1e-30, None))
        own = logs[:, self.was].copy()
        logs[:, self.was] = -np.inf
        return np.asarray(own - logs.max(axis=1), np.float64)
