"""Use of a replay's accounts over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hutong.engines.broker.decide.picture import Account
from hutong.engines.broker.order import DecayedUsage

if TYPE_CHECKING:
    from hutong.engines.broker.decide.replay import AtWork, Course

HALF_LIFE_MS = 7 * 86_400_000


class Used:
    """Decayed use of every account, as the live broker keeps it: counted from the end of a job on."""

    def __init__(self, course: Course) -> None:
        names = {a.asked.account for a in course.arrivals} | {w.account for w in course.at_work}
        self.place = {name: i for i, name in enumerate(sorted(names))}
        self.sums = DecayedUsage.empty(len(self.place), HALF_LIFE_MS)
        known = (p for p in course.past if p.account in self.place and p.end_ms > p.start_ms)
        self._add([(p.account, p.chips, p.start_ms, p.end_ms) for p in known])

    def _add(self, rows: Sequence[tuple[str, int, int, int]]) -> None:
        if rows:
            columns = zip(*((self.place[name], *rest) for name, *rest in rows), strict=True)
            self.sums = self.sums.added(*(np.array(c, dtype=np.int64) for c in columns))

    def add(self, done: AtWork) -> None:
        if done.ends_ms > done.started_ms:
            self._add([(done.account, done.chips, done.started_ms, done.ends_ms)])

    def accounts(self, waiting: Iterable[str], now: int) -> tuple[Account, ...]:
        at = self.sums.at(now)
        return tuple(
            Account(name, "", 1, round(float(at[self.place[name]]))) for name in sorted(set(waiting))
        )
