"""What others may ask about computing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from hutong.engines.broker.chips import kind_of
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.quantity import ChipTime
from hutong.kernel.text import Text
from hutong.modules.compute.avoiding import barred
from hutong.modules.compute.inside import admitted
from hutong.modules.compute.models import Allocation, Attempt, Centre, Intensity, Job, Pool, Reservation
from hutong.modules.compute.money import book
from hutong.modules.compute.outlook import foresee
from hutong.modules.compute.programs import PROGRAMS
from hutong.modules.compute.residence import regions_of
from hutong.modules.compute.sizes import checked, to_hold
from hutong.platform.context import RunContext

LONGEST_S = 30 * 24 * 3600
MOST_COPIES = 10_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What else a job asks for. accept: kinds of chip, none: that of the allocation. checkpoint_s: work lost at most.
    reservation: it runs in that one only. green: it may wait for a cleaner hour, up to its deadline. chips_most: it runs on
    up to so many. hours: set aside for it, in the allocation's kind of chip; None: for the greatest size until its limit."""

    accept: tuple[str, ...] = ()
    deadline: datetime | None = None
    checkpoint_s: int = 0
    award_priority: int = 0
    reservation: Reservation | None = None
    green: bool = False
    chips_most: int | None = None
    hours: ChipTime | None = None


TERMS = Terms()


def submit_job(
    ctx: RunContext,
    allocation: Allocation,
    program: str,
    inputs: Mapping[str, Any],
    *,
    chips: int,
    limit_s: int,
    terms: Terms = TERMS,
) -> Job:
    """Queue a job under an allocation and set its hours aside: chips times limit, at the dearest kind of chip accepted.

    For operations of later departments: call inside the body. Raises `Invalid`, `Conflict`, `Exhausted`.
    """
    return submit_jobs(ctx, allocation, program, inputs, chips=chips, limit_s=limit_s, terms=terms)[0]


def submit_jobs(
    ctx: RunContext,
    allocation: Allocation,
    program: str,
    inputs: Mapping[str, Any],
    *,
    chips: int,
    limit_s: int,
    terms: Terms = TERMS,
    copies: int = 1,
) -> list[Job]:
    """The same for an array: so many jobs of one description, all queued or none."""
    if program not in PROGRAMS:
        raise ValueError(f"no program {program}")
    if allocation.state != "active":
        raise Conflict(
            Text("The allocation {a} is not active.", "算力配额 {a} 未启用。").format(a=allocation.code),
            rule="job.allocation",
            remedy=Text("Ask the centre to activate it.", "请算力中心启用该配额。"),
            field="allocation",
        )
    accept = terms.accept or (allocation.pool.chip,)
    for kind in accept:
        kind_of(kind, "accept")
    _within(copies, 1, MOST_COPIES, "copies")
    most = _most_chips(allocation, accept)
    if most == 0:
        raise _nowhere(accept)
    _within(chips, 1, most, "chips")
    _within(limit_s, 1, LONGEST_S, "limit_s")
    _reachable(terms, limit_s, ctx.now)
    if terms.green and terms.deadline is None:
        raise Invalid(
            Text(
                "A job waits for a cleaner hour up to a deadline only.",
                "等待低碳时段的作业须有最迟结束时间。",
            ),
            rule="job.green",
            remedy=Text("Say when it is to be over.", "请填写最迟结束时间。"),
            field="deadline",
        )
    if terms.reservation is not None:
        _within(chips, 1, terms.reservation.chips, "chips")
        admitted(terms.reservation, allocation, accept, program, limit_s, ctx.now)
    largest = most if terms.reservation is None else terms.reservation.chips
    chips_most = checked(chips, terms.chips_most, largest)
    held = to_hold(chips, chips_most, limit_s, terms.hours, accept, allocation.pool.chip, ctx.now)

    avoid = barred(allocation)

    def job(number: int) -> Job:
        return Job(
            allocation=allocation,
            program=program,
            inputs={**inputs, **({"number": number} if copies > 1 else {})},
            accept=list(accept),
            chips=chips,
            chips_most=chips_most,
            limit_s=limit_s,
            deadline=terms.deadline,
            checkpoint_s=terms.checkpoint_s,
            award_priority=terms.award_priority,
            reservation=terms.reservation,
            green=terms.green,
            avoid=[*avoid],
            held_ms=held,
        )

    jobs = [job(number) for number in range(1, copies + 1)]
    jobs[0].regions = regions_of(jobs[0])
    for one in jobs[1:]:
        one.regions = jobs[0].regions
    ctx.keep_all(jobs)
    foresee(jobs[0], ctx.now)
    jobs[0].save(update_fields=["outlook"])
    book.hold_all(allocation, jobs, ctx.now)
    return jobs


LIMITS = {
    "copies": (
        "job.copies",
        Text("An array has 1 to {n} jobs.", "作业组含1至{n}个作业。"),
        Text("Ask for 1 to {n}.", "请填写1至{n}。"),
    ),
    "chips": (
        "job.chips",
        Text("The largest pool of these chips has {n}.", "可用算力池最多{n}张卡。"),
        Text("Ask for 1 to {n}.", "请填写1至{n}。"),
    ),
    "limit_s": (
        "job.limit",
        Text("A job is limited to between 1 second and 30 days.", "作业时限须在1秒至30天之间。"),
        Text("Give the seconds as a whole number.", "请以整数秒填写。"),
    ),
}


def _within(value: int, least: int, most: int, field: str) -> None:
    if not least <= value <= most:
        rule, what, remedy = LIMITS[field]
        raise Invalid(what.format(n=most), rule=rule, remedy=remedy.format(n=most), field=field)


def _most_chips(allocation: Allocation, accept: Sequence[str]) -> int:
    """Chips of the largest open pool that could take such a job; the allocation's own pool always counts."""
    own = allocation.pool.chips if allocation.pool.chip in accept else 0
    others = Pool.objects.filter(state="active", centre__state="active", chip__in=accept)
    return max(own, others.aggregate(most=Coalesce(Max("chips"), 0))["most"])


def _nowhere(accept: Sequence[str]) -> Invalid:
    return Invalid(
        Text("No pool that is open has chips of {k}.", "在用算力池中没有 {k}。").format(
            k=", ".join(accept)[:200]
        ),
        rule="job.accept",
        remedy=Text("Choose among the kinds of chip that pools have.", "请从现有算力池的芯片型号中选择。"),
        field="accept",
    )


def _reachable(terms: Terms, limit_s: int, now: datetime) -> None:
    if terms.deadline is not None and terms.deadline < now + timedelta(seconds=limit_s):
        raise Invalid(
            Text(
                "Started now, the job could end after its deadline.",
                "即使立即启动，作业也可能晚于截止时间结束。",
            ),
            rule="job.deadline",
            remedy=Text("Give a later deadline or a shorter limit.", "请放宽截止时间或缩短时限。"),
            field="deadline",
        )


@dataclass(frozen=True, slots=True)
class Occupied:
    """A pool as it stands now: chips that jobs run on, and jobs that wait."""

    pool: Pool
    running: int
    waiting: int

    @property
    def free(self) -> int:
        """Chips that no job runs on; none while more run than the pool has, as after it was made smaller."""
        return max(0, self.pool.chips - self.running)


def occupied(centre: Centre) -> tuple[Occupied, ...]:
    """Every pool of a centre with what runs and what waits on it, in one query."""
    pools = centre.pools.annotate(
        running=Coalesce(Subquery(under_way(OuterRef("pk")).values("pool").values(n=Sum("chips"))), 0),
        waiting=Coalesce(_of_pool(Count("pk"), allocation__pool=OuterRef("pk"), state="submitted"), 0),
        posted=Subquery(_this_hour().values("g_per_kwh")),
        source=Subquery(_this_hour().values("source")),
    )
    return tuple(Occupied(p, p.running, p.waiting) for p in pools.order_by("id"))


def _this_hour() -> Any:
    """What the centre of a pool posted for the hour that is now."""
    now = timezone.now()
    hour = Intensity.objects.filter(centre=OuterRef("centre"), at__lte=now, at__gt=now - timedelta(hours=1))
    return hour.order_by("-at")[:1]


def _of_pool(figure: Any, **which: Any) -> Subquery:
    """One figure over the jobs of a pool, as part of a larger query."""
    jobs = Job.objects.filter(**which).order_by().values("state").annotate(figure=figure)
    return Subquery(jobs.values("figure"))


def at_work(pool: Pool) -> int:
    """Chips of the pool on which jobs run now."""
    return under_way(pool).aggregate(chips=Coalesce(Sum("chips"), 0))["chips"]


def under_way(pool: Any) -> QuerySet[Attempt]:
    """Attempts at a pool that are not over. Their chips are at work: a job may run on more than it asks for at least."""
    return Attempt.objects.filter(pool=pool).exclude(state="ended").order_by()
