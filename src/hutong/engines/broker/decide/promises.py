"""Chips promised to jobs that wait for a cleaner hour: who was promised what, and which other start would be cleaner."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hutong.engines.broker.carbon.hours import Hours, worth_waiting
from hutong.engines.broker.decide.calendar import Row, kept
from hutong.engines.broker.decide.picture import Asked, Held, Offer, Picture, Window
from hutong.engines.broker.reserve.easy import run_at
from hutong.engines.broker.reserve.profile import Profile

# A start is planned so long before the last one that meets the deadline: a turn of the broker and a centre's own start.
MARGIN_MS = 300_000
MayRun = Callable[[Asked, Offer], bool]


class Begun(Protocol):
    """A job that starts now."""

    @property
    def job(self) -> str: ...
    @property
    def pool(self) -> str: ...
    @property
    def chips(self) -> int: ...


class Waiting(Protocol):
    """A job that waits, and until when at the latest where that is promised."""

    @property
    def job(self) -> str: ...
    @property
    def pool(self) -> str: ...
    @property
    def promised_ms(self) -> int | None: ...


class Outcome(Protocol):
    """What the cycle decided without regard to carbon."""

    @property
    def starts(self) -> Sequence[Begun]: ...
    @property
    def waits(self) -> Sequence[Waiting]: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """A start at a pool (place of its offer). cost: as `emits` tells it."""

    cost: int
    start_ms: int
    place: int


def emits(hours: dict[str, Hours], offer: Offer, start: int, run: int) -> int | None:
    """Watts x grams per kilowatt-hour x milliseconds of one chip of a pool; None where it is not declared."""
    known = hours.get(offer.centre)
    weighed = known.weighed(start, run) if known is not None and offer.watts > 0 else None
    return None if weighed is None else weighed * offer.watts


class Promises:
    """The promises of one moment. due: jobs whose hour has come; later: by job, with pool and start."""

    def __init__(self, picture: Picture, may_run: MayRun) -> None:
        self.picture, self.may_run, self.now = picture, may_run, picture.now_ms
        self.hours = {s.centre: Hours(s.begins_ms, s.g_per_kwh) for s in picture.signals}
        self.places = {o.pool: i for i, o in enumerate(picture.offers)}
        self.waiting = {a.job: a for a in picture.waiting}
        self.calendar = [k.row for k in kept(picture)]
        self.due: list[tuple[Asked, Offer]] = []
        self.later: dict[str, tuple[Asked, Offer, int]] = {}

    def take_over(self, asked: Asked) -> None:
        """A promise of before. One that cannot be kept any more is dropped: the job takes its turn like others."""
        assert asked.kept is not None
        name, start = asked.kept
        place = self.places.get(name, -1)
        offer = self.picture.offers[place]
        if place < 0 or not self.may(asked, offer) or not self.free(asked, place, max(start, self.now), []):
            return
        self._promise(asked, Plan(0, start, place))

    def consider(self, asked: Asked, made: Outcome) -> bool:
        """Whether a job that could start now, or has a promise, is promised another start than that from here on."""
        begun = next((s for s in made.starts if s.job == asked.job), None)
        before = self.later.pop(asked.job, None)
        pool, start = (begun.pool, self.now) if begun else (before[1].pool, before[2]) if before else ("", 0)
        standing = self.cost(asked, self.places[pool], start)
        best = self._best(asked, made, start) if standing is not None else None
        if best is not None and standing is not None and worth_waiting(standing, best.cost):
            self._promise(asked, best)
            return True
        if before is not None:
            self.later[asked.job] = before
        return False

    def _best(self, asked: Asked, made: Outcome, start: int) -> Plan | None:
        """The cleanest other start that is free beside all that the cycle starts and promises."""
        others = [s for s in made.starts if s.job != asked.job and s.job not in self.later]
        rows = [*self._begun(others), *self._promised(made.waits)]
        found = (self._plan(asked, place, rows) for place in range(len(self.picture.offers)))
        return min(
            (p for p in found if p is not None), key=lambda p: (p.cost, p.start_ms, p.place), default=None
        )

    def _promise(self, asked: Asked, plan: Plan) -> None:
        offer = self.picture.offers[plan.place]
        if plan.start_ms <= self.now:
            self.due.append((asked, offer))
        else:
            self.later[asked.job] = (asked, offer, plan.start_ms)

    def _plan(self, asked: Asked, place: int, rows: list[Row]) -> Plan | None:
        """The cleanest start at a pool that is free and in time."""
        offer = self.picture.offers[place]
        hours = self.hours.get(offer.centre)
        if hours is None or offer.watts <= 0 or asked.deadline_ms is None or not self.may(asked, offer):
            return None
        limit = run_at(asked.limit_ms, offer.speed_milli)
        last = asked.deadline_ms - limit - MARGIN_MS
        profile = self._profile(place, rows)
        changes = {t for s in profile.steps.tolist() for t in (s, s - limit) if self.now <= t <= last}
        starts = {*hours.starts(self.now, last, self._run(asked, offer)), *changes}
        costs = sorted((c, s) for s in starts if (c := self.cost(asked, place, s)) is not None)
        free = (Plan(c, s, place) for c, s in costs if profile.free(s, s + limit) >= asked.chips)
        return next(free, None)

    def may(self, asked: Asked, offer: Offer) -> bool:
        """Whether the pool may take the job, and would lend it chips beside those that guests were promised."""
        guest = offer.centre != asked.centre
        lent = not guest or offer.lendable is None or asked.chips <= offer.lendable - self._lent(offer)
        return lent and self.may_run(asked, offer)

    def _lent(self, offer: Offer) -> int:
        return sum(a.chips for a, o, _ in self._all() if o.pool == offer.pool and a.centre != offer.centre)

    def _all(self) -> list[tuple[Asked, Offer, int]]:
        return [*((a, o, self.now) for a, o in self.due), *self.later.values()]

    def free(self, asked: Asked, place: int, start: int, rows: list[Row]) -> bool:
        limit = run_at(asked.limit_ms, self.picture.offers[place].speed_milli)
        return self._profile(place, rows).free(start, start + limit) >= asked.chips

    def _run(self, asked: Asked, offer: Offer) -> int:
        return run_at(min(asked.expected_ms or asked.limit_ms, asked.limit_ms), offer.speed_milli)

    def cost(self, asked: Asked, place: int, start: int) -> int | None:
        """What the run emits per chip from that start, times a constant; None where it is not declared."""
        offer = self.picture.offers[place]
        return emits(self.hours, offer, start, self._run(asked, offer))

    def _profile(self, place: int, rows: Iterable[Row]) -> Profile:
        """Free chips of a pool by limits, calendar, promises and these rows."""
        offer = self.picture.offers[place]
        held = [h for h in self.picture.running if h.pool == offer.pool]
        changes = [(max(h.ends_ms, self.now + 1), h.chips) for h in held]
        promised = [self._row(a, self.places[o.pool], s) for a, o, s in self._all()]
        for where, chips, begin, end in (*self.calendar, *promised, *rows):
            if where == place:
                changes += [(begin, -chips), (end, chips)]
        return Profile.of(self.now, offer.free, changes)

    def _row(self, asked: Asked, place: int, start: int) -> Row:
        begin = max(start, self.now)
        return (
            place,
            asked.chips,
            begin,
            begin + run_at(asked.limit_ms, self.picture.offers[place].speed_milli),
        )

    def _begun(self, begun: Iterable[Begun]) -> list[Row]:
        rows = [(replace(self.waiting[s.job], chips=s.chips), s.pool) for s in begun if s.job in self.waiting]
        return [self._row(a, self.places[pool], self.now) for a, pool in rows]

    def _promised(self, waits: Iterable[Waiting]) -> list[Row]:
        rows = [(w.job, w.pool, w.promised_ms) for w in waits]
        return [
            self._row(self.waiting[job], self.places[pool], at)
            for job, pool, at in rows
            if at is not None and job in self.waiting and pool in self.places
        ]

    def seen(self) -> Picture:
        """The picture without the promised jobs: those due are at work, what is kept for the others is a window."""
        gone = {a.job for a, _, _ in self._all()}
        held = tuple(
            Held(
                a.job,
                o.pool,
                a.chips,
                self._row(a, self.places[o.pool], 0)[3],
                centre=a.centre,
                since_ms=self.now,
            )
            for a, o in self.due
        )
        return replace(
            self.picture,
            offers=tuple(self._left(o) for o in self.picture.offers),
            running=(*self.picture.running, *held),
            waiting=tuple(a for a in self.picture.waiting if a.job not in gone),
            windows=(*self.picture.windows, *(self._window(a, o, s) for a, o, s in self.later.values())),
        )

    def _window(self, asked: Asked, offer: Offer, start: int) -> Window:
        _, chips, begin, end = self._row(asked, self.places[offer.pool], start)
        return Window(asked.job, offer.pool, chips, begin, end)

    def _left(self, offer: Offer) -> Offer:
        taken = sum(a.chips for a, o in self.due if o.pool == offer.pool)
        lendable = None if offer.lendable is None else max(0, offer.lendable - self._lent(offer))
        return replace(offer, free=max(0, offer.free - taken), lendable=lendable)
