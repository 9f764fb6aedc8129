"""One cycle over a picture: order the queue, start what can start, reserve for the first that cannot, say why for all.

Pure: the same picture and policy give the same decision, live, in a replay and for a what-if.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hutong.engines.broker.decide.picture import Asked, Offer, Picture
from hutong.engines.broker.decide.queue import in_order
from hutong.engines.broker.explain import Scene, scene
from hutong.engines.broker.reserve.starts import NO_LIMIT, Kinds, Pools, Queue, Running, Starts

POLICY = "hutong-broker/2"
FIRST = "hutong-broker/1"
REASONS = ("starts", "no_pool", "too_large", "chips", "lending", "window", "reservation")


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
    waiting = in_turn(picture)
    if not waiting or not picture.offers:
        return Decided(POLICY, (), tuple(Wait(a.job, "no_pool", "") for a in waiting))
    return _said(waiting, picture.offers, scene_of(picture, waiting, depth).cycle())


def in_turn(picture: Picture) -> list[Asked]:
    """The waiting jobs, first served first."""
    return [picture.waiting[i] for i in in_order(picture)]


def scene_of(picture: Picture, waiting: list[Asked], depth: int = 1) -> Scene:
    """The arrays that the cycle sees: pools in the order of the offers, jobs in the order given."""
    kinds, of_job = _kinds(waiting, picture.offers)
    queue = Queue.of(of_job, [a.chips for a in waiting], [a.limit_ms for a in waiting])
    return scene(_pools(picture.offers), _running(picture), queue, kinds, picture.now_ms, depth=depth)


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
    return Running.of([places[h.pool] for h in held], [h.chips for h in held], [h.ends_ms for h in held])


def _kinds(waiting: list[Asked], offers: tuple[Offer, ...]) -> tuple[Kinds, list[int]]:
    """Jobs that may run at the same pools share one row."""
    centres = {c: i for i, c in enumerate(dict.fromkeys(o.centre for o in offers))}
    rows: dict[tuple[Any, ...], int] = {}
    of_job = [rows.setdefault((a.accept, a.regions, a.pools, a.centre), len(rows)) for a in waiting]
    speed = np.zeros((len(rows), len(offers)), np.int64)
    cost = np.zeros_like(speed)
    home = np.full(len(rows), -1, np.int64)
    for (accept, regions, pools, centre), row in rows.items():
        home[row] = centres.get(centre, -1)
        for place, offer in enumerate(offers):
            cost[row, place] = offer.fen
            if may_run(offer, accept, regions, pools):
                speed[row, place] = offer.speed_milli
    return Kinds.of(speed, cost, home), of_job


def may_run(
    offer: Offer, accept: tuple[str, ...], regions: tuple[str, ...] | None, pools: tuple[str, ...] | None
) -> bool:
    """Whether the pool may ever take such a job: open, of an accepted kind, in an allowed region, among the named."""
    return (
        offer.open
        and offer.chip in accept
        and (regions is None or offer.region in regions)
        and (pools is None or offer.pool in pools)
    )


def _said(waiting: list[Asked], offers: tuple[Offer, ...], made: Starts) -> Decided:
    promised: Mapping[int, int] = {int(p): int(at) for p, _, at in made.reserved.tolist()}
    starts, waits = [], []
    for place, asked in enumerate(waiting):
        pool = int(made.pool[place])
        if pool >= 0:
            starts.append(Start(asked.job, offers[pool].pool, offers[pool].fen, asked.chips))
            continue
        near = int(made.reason_pool[place])
        why = REASONS[int(made.reason[place])]
        waits.append(Wait(asked.job, why, offers[near].pool if near >= 0 else "", promised.get(place)))
    return Decided(POLICY, tuple(starts), tuple(waits))
