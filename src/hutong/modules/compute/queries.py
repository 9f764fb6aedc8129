"""What others may ask about computing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.text import Text
from hutong.modules.compute import book
from hutong.modules.compute.models import Allocation, Centre, Job, Pool
from hutong.modules.compute.programs import PROGRAMS
from hutong.platform.context import RunContext

LONGEST_S = 30 * 24 * 3600


def submit_job(
    ctx: RunContext,
    allocation: Allocation,
    program: str,
    inputs: Mapping[str, Any],
    *,
    chips: int,
    limit_s: int,
) -> Job:
    """Queue a job under an allocation and set its hours aside (chips times limit).

    For operations of later departments: call inside the body. Raises `Invalid`, `Conflict`, `Exhausted`.
    """
    if program not in PROGRAMS:
        raise ValueError(f"no program {program}")
    if allocation.state != "active":
        raise Conflict(
            Text("The allocation {a} is not active.", "算力配额 {a} 未启用。").format(a=allocation.code),
            rule="job.allocation",
            remedy=Text("Ask the centre to activate it.", "请算力中心启用该配额。"),
            field="allocation",
        )
    if not 1 <= chips <= allocation.pool.chips:
        raise Invalid(
            Text("The pool has {n} chips.", "该算力池共{n}张卡。").format(n=allocation.pool.chips),
            rule="job.chips",
            remedy=Text("Ask for 1 to {n}.", "请填写1至{n}。").format(n=allocation.pool.chips),
            field="chips",
        )
    if not 1 <= limit_s <= LONGEST_S:
        raise Invalid(
            Text("A job is limited to between 1 second and 30 days.", "作业时限须在1秒至30天之间。"),
            rule="job.limit",
            remedy=Text("Give the seconds as a whole number.", "请以整数秒填写。"),
            field="limit_s",
        )
    held = chips * limit_s * 1000
    job = Job(
        allocation=allocation,
        program=program,
        inputs=dict(inputs),
        chips=chips,
        limit_s=limit_s,
        held_ms=held,
    )
    ctx.keep(job)
    book.hold(allocation, job, held, ctx.now)
    return job


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
    path = "allocations__jobs"
    pools = centre.pools.annotate(
        running=Coalesce(Sum(f"{path}__chips", filter=Q(**{f"{path}__state": "running"})), 0),
        waiting=Count(path, filter=Q(**{f"{path}__state": "submitted"})),
    )
    return tuple(Occupied(p, p.running, p.waiting) for p in pools.order_by("id"))


def why_not_yet(job: Job) -> Text | None:
    """Why a job has not started, in one sentence; None once it has."""
    if job.state != "submitted":
        return None
    pool = job.allocation.pool
    busy = at_work(pool)
    if busy + job.chips > pool.chips:
        return Text(
            "It needs {k} chips; {b} of {n} are at work. It can start when a running job ends.",
            "该作业需{k}芯片；共{n}芯片，{b}在用。待运行中的作业结束后方可启动。",
        ).format(k=job.chips, b=busy, n=pool.chips)
    return Text(
        "There is room ({b} of {n} chips at work): it waits for the centre's operator to start it.",
        "现有空闲芯片（共{n}，{b}在用），等待算力中心运营人员启动。",
    ).format(b=busy, n=pool.chips)


def at_work(pool: Pool) -> int:
    """Chips of the pool on which jobs run now."""
    running = Job.objects.filter(state="running", allocation__pool=pool)
    return running.aggregate(chips=Coalesce(Sum("chips"), 0))["chips"]


def cost_fen(job: Job) -> int:
    """What the job cost so far in fen, rounded down: milliseconds used times the price of an hour."""
    return (job.used_ms or 0) * job.allocation.pool.price_fen // 3_600_000
