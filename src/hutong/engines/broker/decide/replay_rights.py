"""Rights and recalls of a replay: which jobs a centre alone would have started by now, and what comes of calling chips back.

Each pool with guaranteed chips has a shadow (`reserve.SiloShadow`) with the jobs whose home it is. A job that is called
back leaves at the end of the notice at the latest and waits again, with what is left of its run: all of it where it keeps
no checkpoint, else what it did since its last regular one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hutong.engines.broker.reserve.live import SiloShadow

if TYPE_CHECKING:
    from hutong.engines.broker.decide.cycle import Recall
    from hutong.engines.broker.decide.replay import Arrival, AtWork


@dataclass(frozen=True, slots=True)
class Left:
    """A job that gives its chips back: how it waits again, and the chip-milliseconds that were lost."""

    arrival: Arrival
    lost_ms: int


class Rights:
    """The shadows of a replay. right: since when a job has its right; due: by when a job at work has to leave."""

    def __init__(self, guaranteed: Mapping[str, int], at_work: Iterable[AtWork], begins_ms: int) -> None:
        self.guaranteed = guaranteed
        self.shadows = {pool: SiloShadow(chips) for pool, chips in guaranteed.items() if chips > 0}
        self.right: dict[str, int] = {}
        self.due: dict[str, int] = {}
        self.losses: list[tuple[int, int]] = []
        self._names: dict[int, str] = {}
        self._numbers: dict[str, tuple[str, int]] = {}
        self._ran: dict[str, int] = {}
        for one in at_work:
            if one.home == one.pool:
                left = max(1, one.limit_ms - begins_ms)
                self._submit(one.job, one.pool, begins_ms, one.chips, left)
                self._ran[one.job] = -max(0, begins_ms - one.started_ms)

    def joins(self, arrival: Arrival, now: int) -> None:
        """A job of own users comes into the shadow of its home."""
        self._submit(arrival.asked.job, arrival.home, now, arrival.asked.chips, arrival.asked.limit_ms)

    def _submit(self, job: str, home: str, now: int, chips: int, limit_ms: int) -> None:
        shadow = self.shadows.get(home)
        if shadow is not None and chips <= self.guaranteed[home] and job not in self._numbers:
            number = len(self._names)
            self._names[number], self._numbers[job] = job, (home, number)
            shadow.submit(number, now, chips, limit_ms)

    def ended(self, done: AtWork) -> None:
        """A job truly ended; its shadow knows from now on how long it runs."""
        self.due.pop(done.job, None)
        self._add(done, done.ends_ms)
        if done.job in self._numbers:
            home, number = self._numbers[done.job]
            self.shadows[home].ended(number, max(1, self._ran[done.job]))

    def _add(self, one: AtWork, until: int) -> None:
        self._ran[one.job] = self._ran.get(one.job, 0) + until - one.started_ms

    def next_ms(self) -> int | None:
        """The next moment at which a shadow may start a job or a job has to leave."""
        times = [s.next_ms for s in self.shadows.values()] + list(self.due.values())
        return min((t for t in times if t is not None), default=None)

    def advance(self, now: int) -> None:
        for shadow in self.shadows.values():
            for number, at in shadow.advance(now):
                self.right[self._names[number]] = at

    def called(self, recalls: Iterable[Recall]) -> None:
        for one in recalls:
            self.due[one.job] = one.due_ms
            self.losses.append((one.due_ms, one.lost_ms))

    def lately(self, now: int) -> tuple[tuple[int, int], ...]:
        """The losses that the cap still looks at."""
        self.losses = [row for row in self.losses if row[0] > now - 2 * 3_600_000]
        return tuple(row for row in self.losses if row[1])

    def leaves(self, one: AtWork, arrival: Arrival, now: int) -> Left:
        """A job at work that has to leave now."""
        self.due.pop(one.job)
        ran, every = now - one.started_ms, arrival.checkpoint_ms
        kept = ran // every * every if every > 0 else 0
        self._add(one, one.started_ms + kept)
        asked = arrival.asked
        rest = replace(asked, submitted_ms=asked.submitted_ms, limit_ms=max(1, asked.limit_ms - kept))
        again = replace(arrival, asked=rest, run_ms=max(1, arrival.run_ms - kept), again_ms=now)
        return Left(again, one.chips * (ran - kept))
