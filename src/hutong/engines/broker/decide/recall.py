"""What a centre's guarantee asks for: its own users' jobs with a right come first at home, and guests make room for them.

A job has a right once its home, with its guaranteed chips and its own users alone, would have started it under EASY
(`reserve.SiloShadow`). Before anybody else, such a job starts on the chips that are free at home. Where they are too
few, it claims them from the instant at which they are free: nobody is started into that claim. Where its home would
free them later than the notice of its agreement allows, guests (jobs of other centres' users) are called back by the
end of the notice: the set that loses the least work (`preempt.reclaim`), nobody twice.

Lost work is capped: an hour anywhere in time, all recalls together, destroys at most `CAP_MILLI` of the chip-time on
offer. A recall beyond the cap waits until the window lets it through, and for one window at most: a right that has
waited so long goes before the cap, for the guarantee is a contract and the cap a policy. What is destroyed is counted
at its most: a guest that keeps no checkpoint works on until it has to leave, and loses that too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hutong.engines.broker.decide.calendar import kept
from hutong.engines.broker.decide.claims import Claim
from hutong.engines.broker.decide.elastic import lean
from hutong.engines.broker.decide.picture import Asked, Held, Offer, Picture
from hutong.engines.broker.preempt import Loss, LossCap, Running, pool_victims, ways_out
from hutong.engines.broker.reserve.profile import Profile
from hutong.kernel.errors import Exhausted

CAP_MILLI = 50
HOUR_MS = 3_600_000
MayRun = Callable[[Asked, Offer], bool]


@dataclass(frozen=True, slots=True)
class Homed:
    """seen: the picture with those who start by right at work. starts: (job, place of the offer). rest: who still waits:
    first those by right for whom elastic jobs are to give chips back, then the others in order, with those of a claim."""

    seen: Picture
    starts: tuple[tuple[Asked, int], ...]
    rest: list[Asked]
    claims: tuple[Claim, ...]

    @property
    def promised(self) -> dict[str, int]:
        """Since when a claim holds, by job."""
        return {c.job: c.begins_ms for c in self.claims}


def cap_of(offers: Sequence[Offer], milli: int = CAP_MILLI) -> LossCap:
    """The most chip-milliseconds that recalls may destroy in an hour."""
    chips = sum(o.total for o in offers if not o.reserved)
    return LossCap("1", chips * HOUR_MS * milli // 1000)


def by_right(picture: Picture, waiting: Sequence[Asked], may_run: MayRun) -> Homed:
    """Serve the jobs with a right at their homes, in the order given. The picture is not changed."""
    homes = {
        a.job: [i for i, o in enumerate(picture.offers) if _is_home(a, o) and may_run(a, o)]
        for a in waiting
        if a.right
    }
    if not any(homes.values()):
        return Homed(picture, (), list(waiting), ())
    yard = _Yard(picture)
    for asked in waiting:
        if homes.get(asked.job):
            yard.serve(asked, homes[asked.job])
    begun = {a.job for a, _ in yard.starts}
    rest = sorted((a for a in waiting if a.job not in begun), key=lambda a: a.job not in yard.first)
    return Homed(yard.seen(), tuple(yard.starts), rest, tuple(yard.claims))


def _is_home(asked: Asked, offer: Offer) -> bool:
    return offer.centre == asked.centre and not offer.reserved and asked.chips <= offer.total


class _Yard:
    """The homes while they are being served: what is free, what changes when, who was called.

    Elastic jobs count at their least (`elastic.lean`): what they hold beyond comes back sooner than any notice.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture, self.now = picture, picture.now_ms
        self.lean, self.sizes = lean(picture), {h.job: h.chips for h in picture.running}
        self.idle = [o.free for o in picture.offers]
        self.free = [o.free for o in self.lean.offers]
        self.changes: list[list[tuple[int, int]]] = [[] for _ in picture.offers]
        places = {o.pool: i for i, o in enumerate(picture.offers)}
        for held in self.lean.running:
            if held.pool in places:
                self.changes[places[held.pool]].append((self._end(held), held.chips))
        for row in (k.row for k in kept(picture)):
            self._window(row)
        self.starts: list[tuple[Asked, int]] = []
        self.claims: list[Claim] = []
        self.first: set[str] = set()
        self.called: set[str] = set()
        self.losses = [Loss(at, lost) for at, lost in picture.losses]
        self.cap = cap_of(picture.offers)

    def _end(self, held: Held) -> int:
        """When its chips are free at the latest; who is late is expected at the next instant."""
        ends = held.ends_ms if held.due_ms is None or held.resizing else min(held.ends_ms, held.due_ms)
        return max(ends, self.now + 1)

    def _window(self, row: tuple[int, int, int, int]) -> None:
        place, chips, begins, ends = row
        self.changes[place] += [(begins, -chips), (ends, chips)]

    def _profile(self, place: int, more: Sequence[tuple[int, int]] = ()) -> Profile:
        return Profile.of(self.now, self.free[place], [*self.changes[place], *more])

    def serve(self, asked: Asked, homes: Sequence[int]) -> None:
        """Start the job at home, or keep the chips for it from the instant at which they are free."""
        found = [(self._profile(p).earliest(asked.chips, asked.limit_ms), p) for p in homes]
        best = min(((at, p) for at, p in found if at is not None), default=None)
        if best is not None and best[0] <= self.now:
            self._start(asked, best[1])
            return
        claim = None if best is None else self._claim(asked, best[1], best[0])
        if not any(at is not None and at <= self._due(p) for at, p in found):
            claim = self._recall(asked, homes) or claim
        if claim is not None:
            self._keep(claim)

    def _due(self, place: int) -> int:
        """By when a guest that is called now has left; now, where the centre has no agreement to call by."""
        return self.now + (self.picture.offers[place].notice_ms or 0)

    def _start(self, asked: Asked, place: int) -> None:
        self.free[place] -= asked.chips
        if self.idle[place] >= asked.chips:
            self.idle[place] -= asked.chips
            self.starts.append((asked, place))
        else:
            self.first.add(asked.job)
        self.changes[place].append((self.now + asked.limit_ms, asked.chips))

    def _claim(
        self, asked: Asked, place: int, begins: int, called: tuple[tuple[Held, int], ...] = ()
    ) -> Claim:
        return Claim(asked.job, place, asked.chips, begins, begins + asked.limit_ms, called)

    def _keep(self, claim: Claim) -> None:
        self.claims.append(claim)
        self._window(claim.row)
        for guest, lost in claim.called:
            self.called.add(guest.job)
            self.losses.append(Loss(claim.begins_ms, lost))
            # Its chips come at the end of the notice instead of at its limit.
            self.changes[claim.place] += [(claim.begins_ms, guest.chips), (self._end(guest), -guest.chips)]

    def _recall(self, asked: Asked, homes: Sequence[int]) -> Claim | None:
        """The claim with the recall that loses the least, at one of the homes; None where none helps or the cap forbids."""
        plans = [(c, sum(lost for _, lost in c.called)) for c in (self._called(asked, p) for p in homes) if c]
        if not plans:
            return None
        claim, lost = min(plans, key=lambda one: (one[1], one[0].place))
        return claim if self._allowed(asked, claim.begins_ms, lost) else None

    def _called(self, asked: Asked, place: int) -> Claim | None:
        """Which guests leave a home so that the job has its chips by the end of the notice."""
        offer, due = self.picture.offers[place], self._due(place)
        if offer.notice_ms is None:
            return None
        guests = [h for h in self.lean.running if h.pool == offer.pool and self._may_call(h, offer, due)]
        need = asked.chips - self._profile(place).free(due, due + asked.limit_ms)
        whole = [replace(g, chips=self.sizes[g.job]) for g in guests]
        _, lost, _ = ways_out(_columns(whole, offer.notice_ms), self.now, offer.notice_ms)
        try:
            made = pool_victims(_columns(guests, offer.notice_ms), lost, need)
        except Exhausted:
            return None
        called = tuple((guests[p], int(lost[p])) for p in made.places)
        back = [row for g, _ in called for row in ((due, g.chips), (self._end(g), -g.chips))]
        # Later windows of the calendar may need the very chips: then nobody is called in vain.
        if self._profile(place, back).free(due, due + asked.limit_ms) < asked.chips:
            return None
        return self._claim(asked, place, due, called)

    def _may_call(self, held: Held, offer: Offer, due: int) -> bool:
        """A guest without a right here, not called yet, that would hold its chips beyond the notice."""
        free_to_call = not held.right and held.due_ms is None and held.job not in self.called
        return held.centre != offer.centre and free_to_call and self._end(held) > due

    def _allowed(self, asked: Asked, due: int, lost: int) -> bool:
        """Within the cap in every hour around the loss; or the right has waited a whole window for it."""
        near = [loss for loss in self.losses if loss.at_ms < due + self.cap.window_ms]
        if self.cap.allowed_from(near, lost, due) == due:
            return True
        return asked.right_since_ms is not None and self.now - asked.right_since_ms >= self.cap.window_ms

    def seen(self) -> Picture:
        """The picture with those who start by right at work, and those who are called with their time."""
        if not self.starts and not self.called:
            return self.picture
        due = {guest.job: claim.begins_ms for claim in self.claims for guest, _ in claim.called}
        offers = tuple(replace(o, free=f) for o, f in zip(self.picture.offers, self.idle, strict=True))
        begun = tuple(
            Held(
                a.job, offers[p].pool, a.chips, self.now + a.limit_ms, a.centre, right=True, saved_ms=self.now
            )
            for a, p in self.starts
        )
        held = tuple(replace(h, due_ms=due.get(h.job, h.due_ms)) for h in self.picture.running)
        return replace(self.picture, offers=offers, running=(*held, *begun))


def _columns(guests: Sequence[Held], notice_ms: int) -> Running:
    """The guests as `preempt` weighs them. One that cannot save works on until the notice ends, and loses that as well:
    its last checkpoint counts as so much older."""

    def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, dtype=np.int64)

    return Running(
        column(list(range(len(guests)))),
        column([g.chips for g in guests]),
        column([g.saved_ms - notice_ms for g in guests]),
        column([g.checkpoint_ms for g in guests]),
        column([g.ends_ms for g in guests]),
        np.ones(len(guests), dtype=np.bool_),
    )
