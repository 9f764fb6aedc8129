"""From the hub's records to the picture that the engine decides on: a bounded number of queries, whatever the queue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Q

from hutong.engines.broker.decide import Account, Asked, Held, Offer, Picture
from hutong.engines.broker.money import to_ms
from hutong.engines.broker.order import DecayedUsage
from hutong.kernel.clock import local_date
from hutong.modules.compute.connections import admits_commands
from hutong.modules.compute.models import Agreement, Job, Pool, Price, Segment
from hutong.modules.compute.programs import COMMAND

# Of the same size as what a page can say; the array engine itself takes millions.
MOST_WAITING = 20_000
HALF_LIFE_MS = 7 * 86_400_000
# After ten half-lives a thousandth is left.
FORGOTTEN = timedelta(days=70)


def picture(now: datetime, most: int = MOST_WAITING) -> Picture:
    """Open pools with what is free, jobs at work, jobs that wait (the first so many), the accounts that they draw on."""
    # A closed pool still serves the allocations that it has.
    serving = Q(state="active") | Q(allocations__jobs__state__in=("submitted", "running"))
    pools = list(Pool.objects.filter(serving).select_related("centre").distinct().order_by("pk"))
    running = list(Job.objects.filter(state="running").select_related("pool").order_by("pk"))
    waiting = list(
        Job.objects.filter(state="submitted", allocation__state="active")
        .select_related("allocation__pool__centre", "allocation__organisation")
        .order_by("pk")[:most]
    )
    held = tuple(_held(job, now) for job in running if job.pool is not None)
    admitting = admitting_of(pools)
    asked = tuple(asked_of(job, admitting) for job in waiting)
    return Picture(to_ms(now), _offers(pools, running, now), held, asked, _accounts(waiting, now))


def admitting_of(pools: Iterable[Pool]) -> tuple[str, ...]:
    """Codes of the pools whose centres run commands that people send."""
    return tuple(p.code for p in pools if admits_commands(p.centre.connection))


def _held(job: Job, now: datetime) -> Held:
    assert job.pool is not None
    began = to_ms(job.started_at or now)
    return Held(job.code, job.pool.code, job.chips, began + job.limit_s * 1000)


def _offers(pools: list[Pool], running: list[Job], now: datetime) -> tuple[Offer, ...]:
    today = local_date(now)
    terms = {
        a.centre_id: a
        for a in Agreement.objects.filter(state="active", valid_from__lte=today, valid_to__gte=today)
    }
    busy: dict[int, int] = {}
    guests: dict[int, int] = {}
    homes = dict(Job.objects.filter(state="running").values_list("pk", "allocation__pool__centre_id"))
    for job in running:
        if job.pool is not None:
            place = job.pool.pk
            busy[place] = busy.get(place, 0) + job.chips
            if homes[job.pk] != job.pool.centre_id:
                guests[place] = guests.get(place, 0) + job.chips
    prices = prices_on(now)
    return tuple(
        _offer(p, busy.get(p.pk, 0), guests.get(p.pk, 0), terms.get(p.centre_id), prices.get(p.pk))
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
    )


def asked_of(job: Job, admitting: tuple[str, ...]) -> Asked:
    """A waiting job as the engine sees it. admitting: pools that run commands of people."""
    allocation = job.allocation
    return Asked(
        job=job.code,
        account=allocation.organisation.code,
        centre=allocation.pool.centre.code,
        chips=job.chips,
        limit_ms=job.limit_s * 1000,
        accept=tuple(job.accept) or (allocation.pool.chip,),
        submitted_ms=to_ms(job.created_at),
        priority=job.award_priority,
        deadline_ms=None if job.deadline is None else to_ms(job.deadline),
        regions=None if job.regions is None else tuple(job.regions),
        pools=admitting if job.program == COMMAND else None,
    )


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
