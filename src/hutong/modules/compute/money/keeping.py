"""What a job that was called back keeps of its work, and what of its hours is still to be spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from hutong.modules.compute.models import Job
from hutong.modules.compute.money.charging import Part


def kept_ms(job: Job, began: datetime, ended: datetime, *, saved: bool) -> int:
    """Milliseconds of an attempt whose work goes on: all of it where the program said that it saved, else up to its last
    regular checkpoint, counted from the beginning; no more than was left of its limit."""
    ran = max(0, (ended - began) // timedelta(milliseconds=1))
    every = job.checkpoint_s * 1000
    kept = ran if saved else (ran // every * every if every else 0)
    return min(kept, max(0, job.limit_s - job.spent_s) * 1000)


def left_ms(job: Job) -> int:
    """What is still held for the job, in the allocation's kind of chip."""
    return max(0, job.held_ms - job.paid_ms)


def payable(job: Job, parts: Sequence[Part]) -> int:
    """What the parts cost in hours, no more than is still held: rounding up part by part can come to some milliseconds
    more than was held for the whole."""
    return min(sum(p.used_ms for p in parts), left_ms(job))


@dataclass(frozen=True, slots=True)
class Before:
    """Native chip-time and money of the attempts that were paid already."""

    native_ms: int
    cost_fen: int


def before(job: Job) -> Before:
    """One query; none for a job that was never called back."""
    if not job.paid_ms:
        return Before(0, 0)
    sums = job.segments.aggregate(native=Sum("native_ms", default=0), cost=Sum("cost_fen", default=0))
    return Before(sums["native"], sums["cost"])
