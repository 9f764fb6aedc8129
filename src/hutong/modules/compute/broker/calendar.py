"""The calendar of the pools: what is reserved, as windows and offers of the picture, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hutong.engines.broker.decide import Offer, Window
from hutong.engines.broker.money import from_ms, to_ms
from hutong.engines.broker.reserve import Profile
from hutong.modules.compute.greener import promised
from hutong.modules.compute.models import Job, Pool, Reservation
from hutong.modules.compute.sizes import checkpoint_ms, limit_left_ms, size_of, sized

MINUTE_MS = 60_000
ms = to_ms


def standing(now: datetime, **which: object) -> list[Reservation]:
    """Reservations that are not over, in the order in which they were made: one query."""
    found = Reservation.objects.filter(state="active", ends__gt=now, **which)
    return list(found.select_related("pool").order_by("pk"))


def place_of(job: Job) -> str:
    """Where the engine sees a job at work: in its reservation while that stands, else at its pool."""
    inside = job.reservation is not None and job.reservation.state == "active"
    if inside and job.reservation is not None:
        return job.reservation.code
    return job.pool.code if job.pool is not None else ""


def windows(reservations: Iterable[Reservation]) -> tuple[Window, ...]:
    return tuple(Window(r.code, r.pool.code, r.chips, to_ms(r.begins), to_ms(r.ends)) for r in reservations)


def reserved_offers(
    reservations: Iterable[Reservation], offers: Sequence[Offer], busy: Mapping[str, int]
) -> tuple[Offer, ...]:
    """Each reservation that somebody may run in as an offer of its own. busy: chips at work by `place_of`.

    A job past its limit may still hold chips of the pool when a reservation begins: what is free in it is no more than
    what no job holds.
    """
    pools = {o.pool: o for o in offers}
    inside: dict[str, int] = {}
    rows = [r for r in reservations if r.allocation_id is not None and r.pool.code in pools]
    for one in rows:
        inside[one.pool.code] = inside.get(one.pool.code, 0) + busy.get(one.code, 0)
    made = []
    for one in rows:
        pool = pools[one.pool.code]
        idle = pool.total - busy.get(pool.pool, 0) - inside[pool.pool]
        free = max(0, min(one.chips - busy.get(one.code, 0), idle))
        made.append(replace(pool, pool=one.code, total=one.chips, free=free, lendable=None, reserved=True))
    return tuple(made)


def room(pool: Pool, now: datetime, but: Job | None = None) -> Profile:
    """Chips of a pool that neither a job at work holds, until its limit, nor a reservation, nor a promise to a job that
    waits for a cleaner hour (other than `but`): three queries. Times are ms."""
    kept = standing(now, pool=pool)
    names = {r.pk for r in kept}
    free, changes = pool.chips, list[tuple[int, int]]()
    for job in sized(Job.objects.filter(state="running", pool=pool).exclude(reservation__in=names)):
        limit = to_ms(job.started_at or now) + limit_left_ms(job)
        # What an elastic job holds beyond its least is given back in time.
        chips = job.chips if checkpoint_ms(job) >= 0 else size_of(job)
        free -= chips
        # One past its limit still holds its chips: its end is expected at the next instant.
        changes.append((max(limit, to_ms(now) + 1), chips))
    for one in kept:
        changes += [(to_ms(one.begins), -one.chips), (to_ms(one.ends), one.chips)]
    for job in Job.objects.filter(state="submitted", green=True):
        told = None if job == but else promised(job)
        if told is not None and told[0] == pool.code:
            changes += [(told[1], -job.chips), (told[1] + limit_left_ms(job), job.chips)]
    return Profile.of(to_ms(now), free, changes)


def first_room(profile: Profile, chips: int, begins: datetime, length: timedelta) -> datetime | None:
    """The first full minute from `begins` on at which so many chips stay free for so long; None where that never is."""
    start, span = to_ms(begins), round(length.total_seconds() * 1000)
    changes = (start, *(int(t) for t in profile.steps if int(t) > start))
    instants = (-(-t // MINUTE_MS) * MINUTE_MS for t in changes)
    return next((from_ms(t) for t in instants if profile.free(t, t + span) >= chips), None)
