"""The sizes at one pool within a cycle: which starts wait for chips, who gives back, who gets more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.decide.lean import cost_ms, guest, may_change
from hutong.engines.broker.decide.picture import Asked, Held, Picture
from hutong.engines.broker.decide.sharing import cheapest, share
from hutong.engines.broker.elastic import sizes as of
from hutong.engines.broker.reserve.easy import run_at
from hutong.engines.broker.reserve.profile import Profile
from hutong.engines.broker.reserve.starts import NO_LIMIT, Starts

# More jobs than this are not weighed against each other at one pool: the first in turn are.
MOST_WEIGHED = 64
# Whoever keeps its size until its end takes this part of what is free, for others will come. Measured (`hutong bench compute
# elastic`, Philly thinned): with all of it such jobs made the mean completion up to half longer than with none.
FIXED_PART = 4
Row = tuple[int, int, int, int]


@dataclass(slots=True)
class Fitted:
    """What sizing adds to a cycle. chips: of each start, by place in the queue. late: starts that wait for chips to be
    given back, and until when. called: jobs at work that are called back, by when, and for whom."""

    chips: dict[int, int] = field(default_factory=dict)
    late: dict[int, int] = field(default_factory=dict)
    called: list[tuple[Held, int, str]] = field(default_factory=list)


class Fitting:
    """One pool in a cycle: who starts there, who runs there, and how many chips are free until when."""

    def __init__(
        self,
        picture: Picture,
        waiting: Sequence[Asked],
        made: Starts,
        windows: Sequence[tuple[Row, str]],
        place: int,
    ) -> None:
        self.picture, self.waiting, self.sizing = picture, waiting, picture.sizing
        self.offer = picture.offers[place]
        self.starts = [int(n) for n in np.flatnonzero(made.pool == place)]
        self.held = [h for h in picture.running if h.pool == self.offer.pool]
        self.movable = [h for h in self.held if may_change(h, picture)]
        self.holds = [(*row[1:], name) for row, name in windows if row[0] == place]
        self.reserved = [
            (waiting[n].chips, start, start + self._run(waiting[n]), waiting[n].job)
            for n, p, start in made.reserved.tolist()
            if p == place
        ]
        self.profile = self._profile()
        # What guests may take beyond the least of those who start.
        guests = sum(waiting[n].chips for n in self.starts if guest(waiting[n], self.offer))
        self.lend = (NO_LIMIT if self.offer.lendable is None else self.offer.lendable) - guests

    def _run(self, asked: Asked) -> int:
        return int(run_at(asked.limit_ms, self.offer.speed_milli))

    def _profile(self) -> Profile:
        """Chips free over time with every job at work at the size it has, and the starts of the cycle at their least."""
        now = self.picture.now_ms
        changes = []
        for one in self.held:
            ends = one.ends_ms if one.due_ms is None or one.resizing else one.due_ms
            changes.append((max(ends, now + 1), one.chips))
        for n in self.starts:
            changes.append((now + self._run(self.waiting[n]), self.waiting[n].chips))
        for chips, begins, ends, _ in (*self.holds, *self.reserved):
            changes += [(max(begins, now), -chips), (max(ends, now), chips)]
        taken = sum(self.waiting[n].chips for n in self.starts)
        return Profile.of(now, min(self.offer.free, self.offer.total) - taken, changes)

    def low(self, span_ms: int) -> int:
        """The fewest chips free from now on for so long; below zero where elastic jobs must give some back."""
        return self.profile.free(self.picture.now_ms, self.picture.now_ms + max(1, span_ms))

    def fit(self, fitted: Fitted) -> None:
        late = self._late()
        lead = max((cost_ms(h.checkpoint_ms, self.sizing) for h in self.movable), default=0)
        coming = [h for h in self.held if h.resizing]
        called = self._called(late, lead, coming)
        ends = [self._due(h) for h in called] + [h.due_ms or self.picture.now_ms for h in coming]
        for n in late:
            fitted.late[n] = max(ends, default=self.picture.now_ms)
        whom = self._whom(late, lead)
        fitted.called += [(h, self._due(h), whom) for h in called]
        if not late and not called:
            self._grow(fitted, lead)

    def _due(self, held: Held) -> int:
        return self.picture.now_ms + cost_ms(held.checkpoint_ms, self.sizing)

    def _late(self) -> list[int]:
        """Starts for which the chips that nobody holds do not suffice, in turn."""
        room = min(self.offer.free, self.offer.total)
        lend = NO_LIMIT if self.offer.lendable is None else self.offer.lendable
        late = []
        for n in self.starts:
            asked = self.waiting[n]
            borrows = asked.chips if guest(asked, self.offer) else 0
            if asked.chips > room or borrows > lend:
                late.append(n)
            else:
                room, lend = room - asked.chips, lend - borrows
        return late

    def _called(self, late: Sequence[int], lead: int, coming: Sequence[Held]) -> list[Held]:
        """The jobs at work that give back what late starts, and what holds that begin soon, lack: the cheapest that do."""
        able = [h for h in self.movable if h.chips > h.least]
        if not able:
            return []
        chosen: list[Held] = []
        if self.lend < 0:
            back = sum(h.chips - h.least for h in coming if guest(h, self.offer))
            chosen = cheapest([h for h in able if guest(h, self.offer)], -self.lend - back, self.sizing)
        back = sum(h.chips - h.least for h in (*coming, *chosen))
        rest = [h for h in able if h not in chosen]
        # What is not called by now for a hold that begins would be called a turn later at the latest.
        return [*chosen, *cheapest(rest, -self.low(lead + self.sizing.turn_ms) - back, self.sizing)]

    def _whom(self, late: Sequence[int], lead: int) -> str:
        if late:
            return self.waiting[late[0]].job
        soon = sorted((begins, name) for _, begins, _, name in (*self.holds, *self.reserved))
        return next(
            (name for begins, name in soon if begins >= self.picture.now_ms), soon[0][1] if soon else ""
        )

    def _grow(self, fitted: Fitted, lead: int) -> None:
        """Give away what is left: first to starts that keep their size for good, then to those who can give it back."""
        starts = [n for n in self.starts if (self.waiting[n].most or 0) > self.waiting[n].chips]
        fixed = [n for n in starts if self.waiting[n].checkpoint_ms < 0]
        span = max((self._run(self.waiting[n]) for n in fixed), default=0)
        # A job that can change is held to its new size for a while, and then has to save.
        near = (
            self.sizing.stay_ms
            + 2 * self.sizing.turn_ms
            + max([lead, *(self._cost(self.waiting[n]) for n in starts)])
        )
        given = self._give(fitted, fixed, [], -(-self.low(max(span, near)) // FIXED_PART) if fixed else 0)
        free = [n for n in starts if self.waiting[n].checkpoint_ms >= 0]
        growing = [h for h in self.movable if h.most > h.chips]
        if free or growing:
            self._give(fitted, free, growing, self.low(near) - given)

    def _cost(self, asked: Asked) -> int:
        return cost_ms(asked.checkpoint_ms, self.sizing)

    def _give(self, fitted: Fitted, starts: Sequence[int], held: Sequence[Held], room: int) -> int:
        """Share `room` chips out, own users first, then guests as far as the pool still lends; returns how many went."""
        given = 0
        for away in (False, True):
            mine = [n for n in starts if guest(self.waiting[n], self.offer) is away]
            working = [h for h in held if guest(h, self.offer) is away]
            jobs = [*(self._starting(n) for n in mine), *(self._working(h) for h in working)][:MOST_WEIGHED]
            limit = min(room - given, self.lend) if away else room - given
            got = share(tuple(jobs), limit, self.offer.node_chips, self.sizing)
            for n in mine:
                fitted.chips[n] = self.waiting[n].chips + got.get(self.waiting[n].job, 0)
            fitted.called += [(h, self._due(h), h.job) for h in working if h.job in got]
            given += sum(got.values())
            self.lend -= sum(got.values()) if away else 0
        return given

    def _starting(self, n: int) -> of.Sized:
        asked = self.waiting[n]
        return of.Sized(asked.job, asked.chips, min(asked.most or 0, self.offer.total), self._run(asked))

    def _working(self, held: Held) -> of.Sized:
        left = held.ends_ms - self.picture.now_ms
        most = min(held.most, self.offer.total)
        cost = cost_ms(held.checkpoint_ms, self.sizing)
        return of.Sized(held.job, held.least, most, left, held.chips, cost)
