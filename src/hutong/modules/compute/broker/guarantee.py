"""Which jobs of a centre's own users have a right to its chips by now: what the centre alone would have started.

Beside each pool of a centre with an agreement in force runs a shadow: its guaranteed chips and the jobs of its own
allocations, under EASY (`hutong.engines.broker.reserve.SiloShadow`). When the shadow starts a job, the job has a right
from then on, wherever it runs; `Job.right_at` says since when. The shadow is rebuilt each turn from the hub's records:
what runs in it are jobs with a right that have not ended, or would not have ended there yet.

A job larger than the guaranteed share has no right, nor has one that its home may not run, that runs in a reservation,
or that waits for a cleaner hour of its own will. While a centre is silent, drains or is suspended no right arises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from hutong.engines.broker.money import from_ms, to_ms
from hutong.engines.broker.reserve import Known, SiloShadow
from hutong.kernel.clock import local_date
from hutong.modules.compute import avoiding
from hutong.modules.compute.models import Agreement, Job, Pool

# A job whose turn has not come in its shadow for so long after it ended is let go.
LONGEST = timedelta(days=30)
MOST_JOBS = 20_000


def in_force(now: datetime) -> dict[int, Agreement]:
    """The agreements in force, by centre: one query."""
    today = local_date(now)
    found = Agreement.objects.filter(state="active", valid_from__lte=today, valid_to__gte=today)
    return {a.centre_id: a for a in found}


def guaranteed(pool: Pool, terms: Agreement) -> int:
    """Chips of the pool that its centre keeps for its own users."""
    return pool.chips * terms.guaranteed_milli // 1000


def settle_rights(now: datetime, since: datetime | None) -> int:
    """Give the jobs their rights whose turn came by now; returns how many. since: the turn before, None where there was
    none. Four queries, whatever the queue."""
    terms = in_force(now)
    pools = list(
        Pool.objects.filter(
            centre__in=terms,
            state="active",
            by_operator=False,
            centre__state="active",
            centre__silent_since=None,
        ).select_related("centre")
    )
    open_ = [p for p in pools if guaranteed(p, terms[p.centre_id]) > 0]
    if not open_:
        return 0
    own: dict[int, list[Job]] = {p.pk: [] for p in open_}
    for job in _own(open_, terms, since or now, now):
        own[job.allocation.pool_id].append(job)
    begun: list[Job] = []
    for pool in open_:
        jobs = [j for j in own[pool.pk] if _may_run_at_home(j, pool)]
        begun += _turns(jobs, guaranteed(pool, terms[pool.centre_id]), since or now, now)
    return Job.objects.bulk_update(begun, ["right_at"], batch_size=500) if begun else 0


def _own(pools: Sequence[Pool], terms: dict[int, Agreement], last: datetime, now: datetime) -> Iterable[Job]:
    """The jobs of the shadows, first submitted first. Those that ended count as long as their turn has not come, or they
    would still run there (they ended before, because they began before their turn), or ended there since the last look."""
    mine, late = Q(), Q(state__in=("finished", "failed"))
    for pool in pools:
        since = max(terms[pool.centre_id].created_at, now - LONGEST)
        mine |= Q(allocation__pool=pool, chips__lte=guaranteed(pool, terms[pool.centre_id])) & (
            Q(state__in=("submitted", "running"))
            | late & Q(right_at=None, ended_at__gt=since)
            | late & Q(right_at__gt=F("started_at")) & Q(right_at__gt=now - LONGEST)
            | late & Q(right_at__isnull=False, ended_at__gt=last)
        )
    fit = Job.objects.filter(mine, reservation=None, green=False, allocation__state="active")
    return fit.select_related("allocation").order_by("created_at", "pk")[:MOST_JOBS]


def _may_run_at_home(job: Job, pool: Pool) -> bool:
    there = job.regions is None or pool.centre.region in job.regions
    return (
        there
        and avoiding.refused_by(job, pool.centre.code) is None
        and (not job.accept or pool.chip in job.accept)
    )


def _turns(jobs: Sequence[Job], capacity: int, since: datetime, now: datetime) -> list[Job]:
    """The jobs whose turn came by now, with their rights set."""
    known = [
        Known(
            job.pk,
            to_ms(job.created_at),
            job.chips,
            job.limit_s * 1000,
            None if job.right_at is None else to_ms(job.right_at),
            _ran_ms(job),
        )
        for job in jobs
    ]
    shadow = SiloShadow.resumed(capacity, min(to_ms(since), to_ms(now)), known)
    turns = dict(shadow.advance(to_ms(now)) + shadow.cycle())
    begun = [job for job in jobs if job.pk in turns]
    for job in begun:
        job.right_at = from_ms(turns[job.pk])
    return begun


def _ran_ms(job: Job) -> int | None:
    """How long the job ran at its least size, as it was metered; None while it has not ended."""
    if job.state in ("submitted", "running"):
        return None
    return max(1, (job.native_ms or 0) // job.chips)
