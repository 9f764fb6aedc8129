"""From the hub's records of a period to what the engine replays, and from what it replayed to waits and use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from hutong.engines.broker.decide import Arrival, AtWork, Course, Offer, Past, Replayed
from hutong.engines.broker.decide.replay import SERIAL_MILLI
from hutong.engines.broker.elastic.sizes import time_ms
from hutong.engines.broker.money import to_ms
from hutong.kernel.clock import local_date
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.broker.guarantee import guaranteed
from hutong.modules.compute.broker.picture import FORGOTTEN, admitting_of, asked_of
from hutong.modules.compute.models import Agreement, Experiment, Job, Pool, Price, Segment
from hutong.modules.compute.sizes import elastic, size_of, sized

# One decision takes some milliseconds, and every job asks for two.
MOST_JOBS = 5_000
NEW_CENTRE = "NEW"


@dataclass(frozen=True, slots=True)
class Served:
    """A job and when it was served: start None where it never was. home: centre of its allocation; centre: where."""

    job: str
    home: str
    centre: str
    chips: int
    submitted_ms: int
    start_ms: int | None
    end_ms: int


@dataclass(frozen=True, slots=True)
class Period:
    """What happened in [begins, ends), in milliseconds. chips: by centre. left_out: cancelled before they started."""

    begins_ms: int
    ends_ms: int
    course: Course
    recorded: tuple[Served, ...]
    chips: Mapping[str, int]
    left_out: int


def period(experiment: Experiment, now: datetime) -> Period:
    """Rebuild the period from the hub's own records: six queries. `Invalid` experiment.too_many above `MOST_JOBS` jobs.

    A job that is still to end counts with its limit. Centres are taken to have answered and admitted jobs throughout,
    agreements and prices as at the beginning; a pool where the operator starts each job takes those of its allocations.
    """
    begins, ends = experiment.begins, experiment.ends
    jobs = _jobs(begins, ends)
    pools = _pools(jobs, ends)
    offers = _offers(pools, begins)
    admitting = admitting_of(pools)
    arrivals, at_work, recorded = [], [], []
    for job in jobs:
        recorded.append(_recorded(job, now))
        if job.started_at is not None and job.started_at < begins:
            at_work.append(_at_work(job))
        else:
            # Sizes are chosen again when a job starts; nobody is sized anew in mid-run.
            asked = replace(
                asked_of(job, admitting), limit_ms=job.limit_s * 1000, checkpoint_ms=-1, kept=None
            )
            if job.reservation is not None:
                # The calendar is not replayed: who named a reservation waits in the queue of its pool's centre.
                asked = replace(asked, pools=(job.reservation.pool.code,))
            home, every = job.allocation.pool.code, job.checkpoint_s * 1000 or -1
            arrivals.append(Arrival(asked, _run_ms(job), home, every))
    names = {a.asked.account for a in arrivals} | {w.account for w in at_work}
    past = _past(names, begins)
    course = Course(to_ms(begins), offers, tuple(arrivals), tuple(at_work), past, _guaranteed(pools, begins))
    chips: dict[str, int] = {}
    for offer in offers:
        chips[offer.centre] = chips.get(offer.centre, 0) + offer.total
    left_out = _in_period(begins, ends).filter(state="cancelled", started_at=None).count()
    return Period(to_ms(begins), to_ms(ends), course, tuple(recorded), chips, left_out)


def _in_period(begins: datetime, ends: datetime) -> Any:
    return Job.objects.filter(Q(ended_at=None) | Q(ended_at__gt=begins), created_at__lt=ends)


def _jobs(begins: datetime, ends: datetime) -> list[Job]:
    found = list(
        sized(_in_period(begins, ends))
        .exclude(state="cancelled", started_at=None)
        .select_related("allocation__pool__centre", "allocation__organisation", "pool__centre")
        .order_by("pk")[: MOST_JOBS + 1]
    )
    if len(found) > MOST_JOBS:
        raise Invalid(
            Text("The period has more than {n} jobs.", "该时段作业超过{n}项。").format(n=MOST_JOBS),
            rule="experiment.too_many",
            remedy=Text("Give a shorter period.", "请缩短时段。"),
            field="begins",
        )
    return found


def _pools(jobs: Iterable[Job], ends: datetime) -> list[Pool]:
    """Pools that are open, or on which a job of the period ran."""
    ran = {j.pool_id for j in jobs if j.pool_id is not None}
    return list(
        Pool.objects.filter(Q(state="active") | Q(pk__in=ran), created_at__lt=ends)
        .select_related("centre")
        .order_by("pk")
    )


def _offers(pools: Sequence[Pool], begins: datetime) -> tuple[Offer, ...]:
    terms = _terms(begins)
    lend = {centre: a.lendable_milli for centre, a in terms.items()}
    prices: dict[int, int] = {}
    for pool, start, fen in Price.objects.order_by("valid_from").values_list(
        "pool_id", "valid_from", "price_fen"
    ):
        if pool not in prices or start <= begins:
            prices[pool] = fen
    return tuple(
        Offer(
            pool=p.code,
            centre=p.centre.code,
            chip=p.chip,
            region=p.centre.region,
            total=p.chips,
            free=p.chips,
            fen=prices.get(p.pk, p.price_fen),
            lendable=0 if p.by_operator else p.chips * lend.get(p.centre_id, 0) // 1000,
            notice_ms=terms[p.centre_id].notice_min * 60_000 if p.centre_id in terms else None,
        )
        for p in pools
    )


def _terms(begins: datetime) -> dict[int, Agreement]:
    day = local_date(begins)
    inside = Agreement.objects.filter(valid_from__lte=day, valid_to__gte=day, state__in=("active", "closed"))
    return {a.centre_id: a for a in inside.order_by("pk")}


def _guaranteed(pools: Sequence[Pool], begins: datetime) -> tuple[tuple[str, int], ...]:
    """Chips kept for own users, by pool; none where the operator starts each job."""
    terms = _terms(begins)
    rows = ((p, terms.get(p.centre_id)) for p in pools if not p.by_operator)
    return tuple((p.code, guaranteed(p, t)) for p, t in rows if t is not None)


def _run_ms(job: Job) -> int:
    """How long it ran, at the size that it asks for at least; of a job that has not ended, its limit."""
    if job.started_at is None or job.ended_at is None:
        return job.limit_s * 1000
    ran = max(1, to_ms(job.ended_at) - to_ms(job.started_at))
    return time_ms(ran, size_of(job), job.chips, SERIAL_MILLI) if elastic(job) else ran


def _at_work(job: Job) -> AtWork:
    assert job.started_at is not None
    limit = job.started_at + timedelta(seconds=job.limit_s)
    place = job.pool or job.allocation.pool
    return AtWork(
        job.code, job.allocation.organisation.code, job.allocation.pool.centre.code, place.code, size_of(job),
        to_ms(job.started_at), to_ms(job.ended_at or limit), to_ms(limit), job.allocation.pool.code,
    )  # fmt: skip


def _recorded(job: Job, now: datetime) -> Served:
    """As it happened; a job that runs still has held its chips until now."""
    place = job.pool or job.allocation.pool
    start = None if job.started_at is None else to_ms(job.started_at)
    return Served(
        job.code, job.allocation.pool.centre.code, place.centre.code if job.pool else "", size_of(job),
        to_ms(job.created_at), start, to_ms(job.ended_at or now),
    )  # fmt: skip


def _past(accounts: Iterable[str], begins: datetime) -> tuple[Past, ...]:
    rows = Segment.objects.filter(
        job__allocation__organisation__code__in=sorted(accounts),
        ended_at__gt=begins - FORGOTTEN,
        ended_at__lte=begins,
    ).order_by("pk")
    columns = ("job__allocation__organisation__code", "chips", "began_at", "ended_at")
    return tuple(Past(name, chips, to_ms(a), to_ms(b)) for name, chips, a, b in rows.values_list(*columns))


def changed(course: Course, added: Sequence[Mapping[str, Any]], removed: Iterable[str]) -> Course:
    """The same with the pools that join, which lend all they have, and without those taken away."""
    away = set(removed)
    joins = tuple(
        Offer(f"{NEW_CENTRE}-{n}", NEW_CENTRE, p["chip"], p["region"], p["chips"], p["chips"], p["fen"])
        for n, p in enumerate(added, 1)
    )
    offers = (*(o for o in course.offers if o.pool not in away), *joins)
    kept = {o.pool for o in offers}
    guaranteed = tuple(row for row in course.guaranteed if row[0] in kept)
    return replace(course, offers=offers, guaranteed=guaranteed)


def served(course: Course, made: Replayed, ends_ms: int) -> tuple[Served, ...]:
    """What a replay served, with the work that was under way when it began."""
    centre = {o.pool: o.centre for o in course.offers}
    homes = {a.asked.job: a.asked.centre for a in course.arrivals}
    rows = [
        Served(w.job, w.centre, centre[w.pool], w.chips, w.started_ms, w.started_ms, w.ends_ms)
        for w in course.at_work
        if w.pool in centre
    ]
    rows += [
        Served(r.job, homes[r.job], centre[r.pool], r.chips, r.submitted_ms, r.start_ms, r.end_ms)
        for r in made.ran
    ]
    waiting = {a.asked.job: a.asked for a in course.arrivals if a.asked.job in set(made.waiting)}
    rows += [Served(a.job, a.centre, "", a.chips, a.submitted_ms, None, ends_ms) for a in waiting.values()]
    return tuple(rows)
