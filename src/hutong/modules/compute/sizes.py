"""Sizes of elastic jobs: on how many chips a job runs now, the most that it may get, and what a person may ask for.

A job asks for `chips` at least and `chips_most` at most. Its limit is a clock's: so long at its least size. More chips
end it sooner, they do not shorten its limit; so the most that it can use is its hours set aside, and no size is given
that could use more until the limit. Without further words that is most times limit. Whoever has less to spend names
fewer hours: the job then grows as far as they reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.quantity import ChipTime
from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.money import charging

RESIZE = "resize"


def sized(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """The jobs with the chips of their latest attempt, in the same query; `size_of` reads them."""
    latest = Attempt.objects.filter(job=OuterRef("pk")).order_by("-pk").values("chips")[:1]
    return jobs.annotate(size=Coalesce(Subquery(latest), F("chips")))


def size_of(job: Job) -> int:
    """Chips on which a job of `sized` runs, or ran last; of one that never ran, the least that it asks for."""
    return int(vars(job)["size"])


def under_way(jobs: Iterable[Job]) -> dict[int, Attempt]:
    """The attempts of jobs at work, by key of the job, in one query."""
    open_ = Attempt.objects.filter(job__in=[job.pk for job in jobs]).exclude(state="ended")
    return {attempt.job_id: attempt for attempt in open_}


def elastic(job: Job) -> bool:
    return job.chips_most is not None and job.chips_most > job.chips


def limit_left_ms(job: Job) -> int:
    """What is left of its limit when it starts (again): the work of earlier attempts that was kept counts."""
    return max(1, job.limit_s - job.spent_s) * 1000


def checkpoint_ms(job: Job) -> int:
    """How long saving may take as the engine counts it: what an interruption costs at most; -1 where nothing is saved."""
    return job.checkpoint_s * 1000 if job.checkpoint_s > 0 else -1


def most_of(job: Job, left_ms: int, used_ms: int, now: datetime) -> int:
    """The most chips that a job may get now: that its hours pay for until its limit, in `left_ms`, beside what earlier
    attempts and `used_ms` of the one under way have used (in the allocation's kind of chip)."""
    if job.chips_most is None:
        return job.chips
    target = job.allocation.pool.chip
    try:
        one = charging.hold_ms(max(1, left_ms), tuple(job.accept) or (target,), target, now)
    except Invalid:
        # Its factor is published no more: what it may use cannot be told, and it does not grow.
        return job.chips
    return max(job.chips, min(job.chips_most, (job.held_ms - job.paid_ms - used_ms) // one))


def resized(jobs: Sequence[Job]) -> dict[int, int]:
    """Of the waiting jobs that were called back to go on at another size, the pool that they were at: one query."""
    last: dict[int, Attempt] = {}
    elastics = [job.pk for job in jobs if job.chips_most is not None]
    if elastics:
        for attempt in Attempt.objects.filter(job__in=elastics, state="ended").order_by("pk"):
            last[attempt.job_id] = attempt
    return {job: attempt.pool_id for job, attempt in last.items() if attempt.recall == RESIZE}


def checked(chips: int, chips_most: int | None, largest: int) -> int | None:
    """The greatest size as it is kept: None where it is no more than the least. `Invalid` job.chips_most."""
    if chips_most is None or chips_most == chips:
        return None
    if not chips < chips_most <= largest:
        raise Invalid(
            Text("Up to {m} chips, from {c} on, is not possible.", "不能从{c}卡增至{m}卡。").format(
                m=chips_most, c=chips
            ),
            rule="job.chips_most",
            remedy=Text(
                "Give {c} to {n}: the largest pool of these chips has {n}.",
                "请填写{c}至{n}：可用算力池最多{n}张卡。",
            ).format(c=chips, n=largest),
            field="chips_most",
        )
    return chips_most


def to_hold(
    chips: int, chips_most: int | None, limit_s: int, hours: ChipTime | None, accept: Sequence[str], target: str,
    at: datetime,
) -> int:  # fmt: skip
    """Hours to set aside, in the allocation's kind of chip: greatest size times limit, or the hours named, which are
    enough for the least size until the limit. `Invalid` job.hours."""
    whole = charging.hold_ms((chips_most or chips) * limit_s * 1000, accept, target, at)
    if hours is None:
        return whole
    least = charging.hold_ms(chips * limit_s * 1000, accept, target, at)
    if hours.as_json() < least:
        raise Invalid(
            Text("{h} do not last until the limit.", "{h} 不足以运行至时限。").format(
                h=_say(hours.as_json())
            ),
            rule="job.hours",
            remedy=Text("Give at least {n}, or a shorter limit.", "请至少填写 {n}，或缩短时限。").format(
                n=_say(least)
            ),
            field="hours",
        )
    return min(whole, hours.as_json())


def _say(ms: int) -> Text:
    return Text(ChipTime.of(ms).say("en"), ChipTime.of(ms).say("zh"))


def start_size(job: Job, chips: int | None, now: datetime) -> int:
    """The chips of a start: the least, or what was named within the sizes of the job. `Conflict` job.size."""
    most = most_of(job, limit_left_ms(job), 0, now)
    if chips is not None and not job.chips <= chips <= most:
        raise Conflict(
            Text("The job runs on {a} to {b} chips.", "该作业可用{a}至{b}张卡。").format(a=job.chips, b=most),
            rule="job.size",
            remedy=Text("Name a number of chips among these.", "请填写该范围内的卡数。"),
            field="chips",
        )
    return job.chips if chips is None else chips


def waited_ms(job: Job, now: datetime) -> tuple[int, bool]:
    """How long a job that starts now has waited in all, and whether it goes on: then its earlier runs were no waiting."""
    last = job.attempts.order_by("-pk").first()
    if last is None or not last.recall or last.ended_at is None:
        return max(0, (now - job.created_at) // timedelta(milliseconds=1)), False
    return (job.wait_ms or 0) + max(0, (now - last.ended_at) // timedelta(milliseconds=1)), True


def used_ms(job: Job, size: int, began: datetime, now: datetime) -> int:
    """What an attempt under way has used at most, in the allocation's kind of chip."""
    native = size * max(0, (now - began) // timedelta(milliseconds=1))
    target = job.allocation.pool.chip
    return charging.hold_ms(native, tuple(job.accept) or (target,), target, now) if native else 0
