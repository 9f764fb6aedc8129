"""The proof of a lender's guarantee: which own jobs ran within the notice of when the centre alone would have run them.

A job's right begins when the centre alone, with its guaranteed chips and its own users, would have started it
(`broker.guarantee`). From then on it may wait at no time longer than the notice of the agreement: not before its start,
and not after its chips were called back somewhere else. A minute more is the hub's, for carrying it out. All of it is read
from records that events of the ledger stand behind: submission, start, recall and end of every attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, Q

from hutong.kernel.permission import Actor, Denied, decide
from hutong.modules.compute import policy as may
from hutong.modules.compute.broker.recall import RECALLED
from hutong.modules.compute.models import Agreement, Attempt, Centre, Job, Statement

LOOKED_BACK = timedelta(days=30)
CARRYING_OUT = timedelta(minutes=1)
MOST_JOBS = 5_000


@dataclass(frozen=True, slots=True)
class Owed:
    """An own job with a right. waited: the longest that it waited at one go since then. notice: how long it might.

    guests: chips of its home that guests held when the notice was over, of those the notice bound (0 where it was kept).
    open: it still waits, within the notice.
    """

    job: Job
    waited: timedelta
    notice: timedelta
    open: bool
    guests: int = 0

    @property
    def late(self) -> bool:
        return self.waited > self.notice + CARRYING_OUT


@dataclass(frozen=True, slots=True)
class Proof:
    """kept, late and still open: own jobs with a right since `since`. recalled: attempts of guests that gave chips back.

    lost_ms: chip-milliseconds of their work that were destroyed; nobody paid for them.
    """

    since: datetime
    kept: int
    late: tuple[Owed, ...]
    open: int
    recalled: tuple[Attempt, ...]

    def as_json(self) -> dict[str, Any]:
        """For the terminal and its readers: whole seconds, chip-milliseconds, codes."""
        return {
            "since": self.since.isoformat(),
            "judged": self.judged,
            "kept": self.kept,
            "open": self.open,
            "late": [
                {
                    "job": one.job.code,
                    "right_at": one.job.right_at.isoformat() if one.job.right_at else None,
                    "waited_s": int(one.waited.total_seconds()),
                    "notice_s": int(one.notice.total_seconds()),
                    "guests_held": one.guests,
                }
                for one in self.late
            ],
            "recalls": len(self.recalled),
            "lost_ms": self.lost_ms,
        }

    @property
    def judged(self) -> int:
        return self.kept + len(self.late)

    @property
    def lost_ms(self) -> int:
        return sum(a.lost_ms for a in self.recalled)


def proof_for(actor: Actor, centre: Centre, now: datetime, since: datetime) -> Proof:
    """The proof, for whoever may see the statements of the centre. Raises `Denied`."""
    allowed = decide(may.STATEMENT_VIEW, actor, Statement(centre=centre))
    if isinstance(allowed, Denied):
        raise allowed
    return prove(centre, now, since)


def prove(centre: Centre, now: datetime, since: datetime | None = None) -> Proof:
    """What the records say of the last thirty days, or since a moment: four queries."""
    begins = since or now - LOOKED_BACK
    terms = list(Agreement.objects.filter(centre=centre, state__in=("active", "closed")).order_by("pk"))
    held = _guests(centre, begins)
    judged = [_judged(job, terms, held, now) for job in _own(centre, begins)]
    late = tuple(one for one in judged if one.late)
    open_ = sum(one.open and not one.late for one in judged)
    recalled = tuple(a for a in held if a.ending == RECALLED and (a.ended_at or now) >= begins)
    return Proof(begins, len(judged) - len(late) - open_, late, open_, recalled)


def _own(centre: Centre, since: datetime) -> list[Job]:
    """Jobs of own users that got a right, the latest first, with their attempts."""
    tries = Prefetch("attempts", Attempt.objects.order_by("pk"))
    mine = Job.objects.filter(allocation__pool__centre=centre, right_at__gte=since)
    found = mine.select_related("allocation__pool").prefetch_related(tries).order_by("-right_at", "-pk")
    return list(found[:MOST_JOBS])


def _guests(centre: Centre, since: datetime) -> list[Attempt]:
    """Attempts of other centres' users at the centre since that moment."""
    late = Q(ended_at=None) | Q(ended_at__gte=since)
    found = Attempt.objects.filter(late, pool__centre=centre).exclude(job__allocation__pool__centre=centre)
    return list(found.select_related("job__allocation__organisation", "pool").order_by("-pk")[:MOST_JOBS])


def _judged(job: Job, terms: Sequence[Agreement], guests: Sequence[Attempt], now: datetime) -> Owed:
    assert job.right_at is not None
    began, waited, open_ = longest_wait(job, now)
    notice = _notice(terms, job.right_at)
    owed = Owed(job, waited, notice, open_)
    if not owed.late:
        return owed
    over = began + notice + CARRYING_OUT
    chips = sum(a.chips for a in guests if a.pool_id == job.allocation.pool_id and _held(a, over))
    return Owed(job, waited, notice, open_, chips)


def longest_wait(job: Job, now: datetime) -> tuple[datetime, timedelta, bool]:
    """Since its right: when the longest wait began, how long it was, and whether the job waits now."""
    assert job.right_at is not None
    cursor = job.right_at
    longest, began = timedelta(), cursor
    for one in job.attempts.all():
        start = one.started_at or one.placed_at
        if start - cursor > longest:
            longest, began = start - cursor, cursor
        cursor = max(cursor, one.ended_at or now)
    waits = job.state == "submitted"
    # A job that was cancelled while it waited has waited until then.
    until = now if waits else job.ended_at if job.state == "cancelled" else None
    if until is not None and until - cursor > longest:
        longest, began = until - cursor, cursor
    return began, longest, waits


def _notice(terms: Sequence[Agreement], at: datetime) -> timedelta:
    """The notice of the agreement that was in force: of those offered by then, the last."""
    found = [t for t in terms if t.created_at <= at] or list(terms[:1])
    return timedelta(minutes=found[-1].notice_min) if found else timedelta()


def _held(attempt: Attempt, at: datetime) -> bool:
    return attempt.placed_at <= at and (attempt.ended_at is None or attempt.ended_at > at)


def broken(now: datetime) -> tuple[int, int]:
    """Over all centres of the last thirty days: own jobs with a right that were judged, and those that guests kept waiting
    beyond the notice."""
    judged = guilty = 0
    for centre in Centre.objects.filter(agreements__state__in=("active", "closed")).distinct().order_by("pk"):
        found = prove(centre, now)
        judged += found.judged
        guilty += sum(one.guests > 0 for one in found.late)
    return judged, guilty
