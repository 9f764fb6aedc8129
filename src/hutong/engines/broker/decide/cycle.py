"""One cycle over a picture: order the queue, start what can start, reserve for the first that cannot, say why for all.

Pure: the same picture and policy give the same decision, live, in a replay and for a what-if.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hutong.engines.broker.decide.calendar import kept
from hutong.engines.broker.decide.claims import Claim
from hutong.engines.broker.decide.elastic import Fitted, elastic, lean, served
from hutong.engines.broker.decide.green import by_carbon, shift
from hutong.engines.broker.decide.picture import Asked, Offer, Picture
from hutong.engines.broker.decide.queue import in_order
from hutong.engines.broker.decide.recall import Homed, by_right
from hutong.engines.broker.explain import Scene, scene
from hutong.engines.broker.reserve.starts import NO_LIMIT, Kinds, Pools, Queue, Running, Starts

POLICY = "hutong-broker/2"
FIRST = "hutong-broker/1"
REASONS = ("starts", "no_pool", "too_large", "chips", "lending", "window", "reservation", "greener")


@dataclass(frozen=True, slots=True)
class Start:
    """A job that starts now at a pool, on so many of its chips."""

    job: str
    pool: str
    fen_per_hour: int
    chips: int


@dataclass(frozen=True, slots=True)
class Wait:
    """A job that waits. reason: of `REASONS`, the nearest to a start; pool: of which that speaks, "" for none.

    promised_ms: where the job holds a reservation, when it starts there at the latest.
    """

    job: str
    reason: str
    pool: str
    promised_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A job at work gives chips of a pool back by `due_ms`. why: guarantee, reservation or resize. for_whom: the job or
    the reservation that gets them. lost_ms: chip-milliseconds of work that this destroys."""

    job: str
    pool: str
    due_ms: int
    why: str
    for_whom: str
    lost_ms: int


@dataclass(frozen=True, slots=True)
class Decided:
    """starts and waits, each in the order of the queue; recalls, in the order of the jobs at work."""

    policy: str
    starts: tuple[Start, ...]
    waits: tuple[Wait, ...]
    recalls: tuple[Recall, ...] = ()

    def as_json(self, policy: str = POLICY) -> dict[str, Any]:
        """policy: in whose words; the first one knew neither sizes nor recalls."""
        starts = [asdict(s) for s in self.starts]
        waits = [asdict(w) for w in self.waits]
        if policy == FIRST:
            without = [{k: v for k, v in s.items() if k != "chips"} for s in starts]
            return {"policy": policy, "starts": without, "waits": waits}
        recalls = [asdict(r) for r in self.recalls]
        return {"policy": policy, "starts": starts, "waits": waits, "recalls": recalls}


def decide(picture: Picture, *, depth: int = 1) -> Decided:
    """The decision of one moment. depth: how many jobs may hold a reservation at each pool; 1 is EASY."""
    shifted, made = shift(picture, lambda seen: _ranked(seen, depth), _suits)
    due = tuple(Start(a.job, o.pool, o.fen, a.chips) for a, o in shifted.due)
    later = tuple(Wait(a.job, "greener", o.pool, at) for a, o, at in shifted.later)
    return replace(made, starts=(*due, *made.starts), waits=(*made.waits, *later))


def _suits(asked: Asked, offer: Offer) -> bool:
    return may_run(offer, asked.accept, asked.regions, asked.pools, asked.avoid)


def _ranked(picture: Picture, depth: int) -> Decided:
    """The jobs by rights, rank and place, whatever they emit."""
    waiting = in_turn(picture)
    if not picture.offers or not (waiting or elastic(picture)):
        return Decided(POLICY, (), tuple(Wait(a.job, "no_pool", "") for a in waiting))
    homed = homed_of(picture, waiting)
    windows = [(k.row, k.window.name) for k in kept(picture)] + [(c.row, c.job) for c in homed.claims]
    made, fitted = served(
        homed.seen, homed.rest, windows, lambda jobs: scene_of(homed.seen, jobs, depth, homed.claims).cycle()
    )
    return _with_rights(_said(homed.rest, picture.offers, made, fitted), homed)


def homed_of(picture: Picture, waiting: list[Asked]) -> Homed:
    """Jobs with a right served at their homes, before the cycle."""
    return by_right(picture, waiting, lambda a, o: may_run(o, a.accept, a.regions, a.pools, a.avoid))


def in_turn(picture: Picture) -> list[Asked]:
    """The waiting jobs, first served first: those called back to go on at another size, then by the order of the queue."""
    return sorted((picture.waiting[i] for i in in_order(picture)), key=lambda a: not a.resized)


def scene_of(picture: Picture, waiting: list[Asked], depth: int = 1, claims: tuple[Claim, ...] = ()) -> Scene:
    """The arrays that the cycle sees: pools in the order of the offers, jobs in the order given. claims: held after the
    rows of the calendar."""
    kinds, of_job = by_carbon(*_kinds(waiting, picture.offers), waiting, picture)
    queue = Queue.of(of_job, [a.chips for a in waiting], [a.limit_ms for a in waiting])
    windows = [k.row for k in kept(picture)] + [c.row for c in claims]
    seen = lean(picture)
    return scene(
        _pools(seen.offers), _running(seen), queue, kinds, picture.now_ms, windows=windows, depth=depth
    )


def _pools(offers: tuple[Offer, ...]) -> Pools:
    centres = {c: i for i, c in enumerate(dict.fromkeys(o.centre for o in offers))}
    return Pools.of(
        [centres[o.centre] for o in offers],
        [o.total for o in offers],
        [min(o.free, o.total) for o in offers],
        [NO_LIMIT if o.lendable is None else o.lendable for o in offers],
    )


def _running(picture: Picture) -> Running:
    places = {o.pool: i for i, o in enumerate(picture.offers)}
    held = [h for h in picture.running if h.pool in places]
    ends = [h.ends_ms if h.due_ms is None or h.resizing else min(h.ends_ms, h.due_ms) for h in held]
    return Running.of([places[h.pool] for h in held], [h.chips for h in held], ends)


def _kinds(waiting: list[Asked], offers: tuple[Offer, ...]) -> tuple[Kinds, list[int]]:
    """Jobs that may run at the same pools share one row."""
    centres = {c: i for i, c in enumerate(dict.fromkeys(o.centre for o in offers))}
    rows: dict[tuple[Any, ...], int] = {}
    of_job = [rows.setdefault((a.accept, a.regions, a.pools, a.avoid, a.centre), len(rows)) for a in waiting]
    speed = np.zeros((len(rows), len(offers)), np.int64)
    cost = np.zeros_like(speed)
    home = np.full(len(rows), -1, np.int64)
    for (accept, regions, pools, avoid, centre), row in rows.items():
        home[row] = centres.get(centre, -1)
        for place, offer in enumerate(offers):
            cost[row, place] = offer.fen
            if may_run(offer, accept, regions, pools, avoid):
                speed[row, place] = offer.speed_milli
    return Kinds.of(speed, cost, home), of_job


def may_run(
    offer: Offer,
    accept: tuple[str, ...],
    regions: tuple[str, ...] | None,
    pools: tuple[str, ...] | None,
    avoid: tuple[str, ...] = (),
) -> bool:
    """Whether the pool may ever take such a job: open, of an accepted kind, in an allowed region, among the named, at no
    centre that it avoids. A reservation takes only the jobs that name it."""
    return (
        offer.open
        and offer.chip in accept
        and (regions is None or offer.region in regions)
        and lets_in(offer, pools, avoid)
    )


def lets_in(offer: Offer, pools: tuple[str, ...] | None, avoid: tuple[str, ...]) -> bool:
    """Whether the pool is among the named, or no reservation where none is named, and at no centre that is avoided."""
    named = offer.pool in pools if pools is not None else not offer.reserved
    return named and offer.centre not in avoid


def _said(waiting: list[Asked], offers: tuple[Offer, ...], made: Starts, fitted: Fitted) -> Decided:
    promised: Mapping[int, int] = {int(p): int(at) for p, _, at in made.reserved.tolist()}
    starts, waits = [], []
    for place, asked in enumerate(waiting):
        pool = int(made.pool[place])
        if place in fitted.late:
            waits.append(Wait(asked.job, "chips", offers[pool].pool, fitted.late[place]))
            continue
        if pool >= 0:
            chips = fitted.chips.get(place, asked.chips)
            starts.append(Start(asked.job, offers[pool].pool, offers[pool].fen, chips))
            continue
        near = int(made.reason_pool[place])
        why = REASONS[int(made.reason[place])]
        waits.append(Wait(asked.job, why, offers[near].pool if near >= 0 else "", promised.get(place)))
    recalls = tuple(Recall(h.job, h.pool, due, "resize", whom, 0) for h, due, whom in fitted.called)
    return Decided(POLICY, tuple(starts), tuple(waits), recalls)


def _with_rights(made: Decided, homed: Homed) -> Decided:
    """The cycle with the starts by right before it, and with the recalls for claims that nothing has met meanwhile."""
    offers = homed.seen.offers
    starts = [Start(a.job, offers[p].pool, offers[p].fen, a.chips) for a, p in homed.starts]
    begun = {s.job for s in made.starts}
    called = {
        guest.job: Recall(guest.job, guest.pool, claim.begins_ms, "guarantee", claim.job, lost)
        for claim in homed.claims
        if claim.job not in begun
        for guest, lost in claim.called
    }
    called |= {r.job: r for r in made.recalls}
    waits = [replace(w, promised_ms=homed.promised.get(w.job, w.promised_ms)) for w in made.waits]
    recalls = tuple(called[h.job] for h in homed.seen.running if h.job in called)
    return Decided(made.policy, (*starts, *made.starts), tuple(waits), recalls)
