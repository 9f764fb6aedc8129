"""From the hub's records to the picture that the engine decides on: a bounded number of queries, whatever the queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Q

from hutong.engines.broker.decide import Account, Asked, Held, Offer, Picture, Signal
from hutong.engines.broker.decide.picture import Sizing
from hutong.engines.broker.money import to_ms
from hutong.engines.broker.order import DecayedUsage
from hutong.modules.compute.avoiding import away
from hutong.modules.compute.broker import calendar
from hutong.modules.compute.broker.guarantee import in_force
from hutong.modules.compute.broker.recall import by_right, last_saved_ms, losses
from hutong.modules.compute.broker.signals import signals
from hutong.modules.compute.connections import admits_commands
from hutong.modules.compute.greener import promised
from hutong.modules.compute.models import Agreement, Attempt, Job, Pool, Price, Segment
from hutong.modules.compute.programs import COMMAND
from hutong.modules.compute.sizes import (
    RESIZE,
    checkpoint_ms,
    elastic,
    limit_left_ms,
    most_of,
    resized,
    size_of,
    sized,
    under_way,
    used_ms,
)

# Of the same size as what a page can say; the array engine itself takes millions.
MOST_WAITING = 20_000
HALF_LIFE_MS = 7 * 86_400_000
# A job changes its size once in ten minutes at most.
SIZING = Sizing()
# After ten half-lives a thousandth is left.
FORGOTTEN = timedelta(days=70)


def picture(now: datetime, most: int = MOST_WAITING) -> Picture:
    """Open pools with what is free, jobs at work, jobs that wait (the first so many), the accounts that they draw on."""
    # A closed pool still serves the allocations that it has.
    serving = Q(state="active") | Q(allocations__jobs__state__in=("submitted", "running"))
    pools = list(Pool.objects.filter(serving).select_related("centre").distinct().order_by("pk"))
    running = list(
        sized(Job.objects.filter(state="running"))
        .select_related("pool", "reservation", "allocation__pool__centre")
        .order_by("pk")
    )
    waiting = list(
        Job.objects.filter(state="submitted", allocation__state="active")
        .select_related("allocation__pool__centre", "allocation__organisation", "reservation")
        .order_by("pk")[:most]
    )
    tries = under_way(running)
    held = tuple(_held(job, tries.get(job.pk), now) for job in running if job.pool is not None)
    admitting = admitting_of(pools)
    back = resized(waiting)
    open_ = {p.pk: p.code for p in pools if p.state == "active" and p.centre.state == "active"}
    asked = tuple(
        _resized(asked_of(job, admitting), job, open_.get(back.get(job.pk, 0)), now) for job in waiting
    )
    kept = calendar.standing(now)
    offers = _offers(pools, running, now)
    offers += calendar.reserved_offers(kept, offers, _busy(running))
    asked = tuple(away(a, job, offers) for a, job in zip(asked, waiting, strict=True))
    windows = calendar.windows(kept)
    told = (_accounts(waiting, now), windows, _signals(pools, waiting, now), losses(now))
    return Picture(to_ms(now), offers, held, asked, *told, sizing=SIZING)


def _signals(pools: list[Pool], waiting: list[Job], now: datetime) -> tuple[Signal, ...]:
    """Asked for only where a job would use them."""
    centres = {p.centre_id: p.centre for p in pools}
    return signals(centres.values(), now) if any(j.green for j in waiting) else ()


def _busy(running: Iterable[Job]) -> dict[str, int]:
    """Chips at work, by pool or reservation."""
    busy: dict[str, int] = {}
    for job in running:
        place = calendar.place_of(job)
        busy[place] = busy.get(place, 0) + size_of(job)
    return busy


def admitting_of(pools: Iterable[Pool]) -> tuple[str, ...]:
    """Codes of the pools whose centres run commands that people send."""
    return tuple(p.code for p in pools if admits_commands(p.centre.connection))


def _held(job: Job, attempt: Attempt | None, now: datetime) -> Held:
    assert job.pool is not None
    began, size = job.started_at or now, size_of(job)
    ends = to_ms(began) + limit_left_ms(job)
    most = most_of(job, ends - to_ms(now), used_ms(job, size, began, now), now) if elastic(job) else 0
    return Held(
        job.code,
        calendar.place_of(job),
        size,
        ends,
        centre=job.allocation.pool.centre.code,
        least=job.chips if elastic(job) else 0,
        most=max(most, size) if elastic(job) else 0,
        right=by_right(job),
        saved_ms=last_saved_ms(job, to_ms(began), to_ms(now)),
        checkpoint_ms=checkpoint_ms(job),
        due_ms=None if attempt is None or attempt.due_at is None else to_ms(attempt.due_at),
        since_ms=to_ms(began),
        resizing=attempt is not None and attempt.recall == RESIZE,
    )


def _resized(asked: Asked, job: Job, pool: str | None, now: datetime) -> Asked:
    """An elastic job with the sizes that its hours pay for. pool: where it goes on, if it was called back to be sized
    anew and that pool is open."""
    if not elastic(job):
        return asked
    sized = replace(asked, most=most_of(job, asked.limit_ms, 0, now))
    if pool is None:
        return sized
    # In a reservation it goes on there.
    there = (pool,) if asked.pools is None or pool in asked.pools else asked.pools
    return replace(sized, resized=True, pools=there)


def _offers(pools: list[Pool], running: list[Job], now: datetime) -> tuple[Offer, ...]:
    terms = in_force(now)
    busy = _busy(running)
    guests: dict[int, int] = {}
    for job in running:
        # Whoever runs in a reservation is let in by it, and is no guest of the rest of the pool.
        if job.pool is not None and calendar.place_of(job) == job.pool.code:
            place = job.pool.pk
            if job.allocation.pool.centre_id != job.pool.centre_id:
                guests[place] = guests.get(place, 0) + size_of(job)
    prices = prices_on(now)
    return tuple(
        _offer(p, busy.get(p.code, 0), guests.get(p.pk, 0), terms.get(p.centre_id), prices.get(p.pk))
        for p in pools
    )


def prices_on(now: datetime) -> dict[int, int]:
    """The price in force at that moment, by pool: one that was posted for later comes into force by itself."""
    posted = Price.objects.filter(valid_from__lte=now).order_by("valid_from", "pk")
    return dict(posted.values_list("pool_id", "price_fen"))


def _offer(pool: Pool, busy: int, guests: int, terms: Agreement | None, fen: int | None) -> Offer:
    """Without an agreement in force a centre lends nothing: its pools take the jobs of their own allocations."""
    lends = terms is not None and pool.state == "active"
    lend = pool.chips * terms.lendable_milli // 1000 if terms is not None and lends else 0
    return Offer(
        pool=pool.code,
        centre=pool.centre.code,
        chip=pool.chip,
        region=pool.centre.region,
        total=pool.chips,
        free=max(0, pool.chips - busy),
        fen=pool.price_fen if fen is None else fen,
        lendable=max(0, lend - guests),
        open=pool.centre.state == "active" and pool.centre.silent_since is None and not pool.by_operator,
        node_chips=pool.node_chips,
        notice_ms=None if terms is None else terms.notice_min * 60_000,
        watts=pool.watts,
    )


def asked_of(job: Job, admitting: tuple[str, ...]) -> Asked:
    """A waiting job as the engine sees it. admitting: pools that run commands of people."""
    allocation = job.allocation
    return Asked(
        job=job.code,
        account=allocation.organisation.code,
        centre=allocation.pool.centre.code,
        chips=job.chips,
        limit_ms=limit_left_ms(job),
        accept=tuple(job.accept) or (allocation.pool.chip,),
        submitted_ms=to_ms(job.created_at),
        priority=job.award_priority,
        deadline_ms=None if job.deadline is None else to_ms(job.deadline),
        regions=None if job.regions is None else tuple(job.regions),
        pools=_pools(job, admitting),
        green=job.green,
        kept=promised(job),
        most=job.chips_most,
        checkpoint_ms=checkpoint_ms(job),
        right=job.right_at is not None,
        right_since_ms=None if job.right_at is None else to_ms(job.right_at),
    )


def _pools(job: Job, admitting: tuple[str, ...]) -> tuple[str, ...] | None:
    """Where alone the job may run: in the reservation that it names, a command where commands are admitted."""
    if job.reservation is not None:
        return (job.reservation.code,)
    return admitting if job.program == COMMAND else None


def _accounts(waiting: list[Job], now: datetime) -> tuple[Account, ...]:
    """The organisations that wait, with equal shares and their use of late, halved with every week that passed."""
    names = sorted({j.allocation.organisation.code for j in waiting})
    place = {name: i for i, name in enumerate(names)}
    rows = [
        (place[name], chips, to_ms(began), to_ms(ended))
        for name, chips, began, ended in Segment.objects.filter(
            job__allocation__organisation__code__in=names, ended_at__gt=now - FORGOTTEN, ended_at__lte=now
        )
        .order_by("pk")
        .values_list("job__allocation__organisation__code", "chips", "began_at", "ended_at")
        if ended > began
    ]
    used = DecayedUsage.empty(len(names), HALF_LIFE_MS)
    if rows:
        used = used.added(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))
    return tuple(Account(name, "", 1, round(float(used.at(to_ms(now))[i]))) for i, name in enumerate(names))
