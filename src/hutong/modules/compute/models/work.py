"""Tables of work: allocations, jobs, their attempts and metered segments. Times are milliseconds of one chip."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.compute.lifecycle import ALLOCATION, JOB
from hutong.platform.records import Record

# How the process ended, or the step that broke off with the rule that refused it.
LONGEST_ENDING = 80


class Allocation(Record):
    """Chip-time on a pool under an award: what was asked for, and what was granted."""

    prefix = "ALC"
    title = Text("Allocation", "算力配额")
    lifecycle = ALLOCATION
    passport_path = "system.code"

    award = models.ForeignKey("calls.Award", on_delete=models.PROTECT, related_name="+")
    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    pool = models.ForeignKey("compute.Pool", on_delete=models.PROTECT, related_name="allocations")
    requested_ms = models.BigIntegerField()
    granted_ms = models.BigIntegerField(default=0)
    reason = models.TextField()

    class Meta(Record.Meta):
        app_label = "compute"


class Job(Record):
    """One job under an allocation. held_ms: set aside while it runs; used_ms: metered; wait_ms: submitted to started, less runs before a recall.

    Hours are those of the allocation's kind of chip; `native_ms` are the chip-milliseconds of the chips that it ran on.
    accept: kinds of chip that it runs on. regions: where its data may be,
    none: anywhere. pool: where it was placed. limit_s: at most this long. deadline: to be over by
    then. checkpoint_s: seconds of work that an interruption can cost, 0: all of it. award_priority: higher goes first.
    outlook: why it waits and what can be expected, as the broker saw it last.

    chips_most: an elastic job runs on any number from `chips` to this many; None: on `chips` exactly. spent_s, paid_ms:
    seconds of its limit and hours that earlier attempts used whose work was kept. avoid: centres that will not have it,
    as {centre, why}. green: may wait for a cleaner hour, up to its deadline. reservation: runs in it only.
    right_at: since when its own centre's guaranteed chips would have run it. carbon_g: grams of CO2e of its energy.
    """

    prefix = "JOB"
    title = Text("Job", "计算作业")
    lifecycle = JOB
    passport_path = "allocation.system.code"

    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="jobs")
    program = models.CharField(max_length=60)
    inputs = models.JSONField(default=dict)
    pool = models.ForeignKey("compute.Pool", null=True, on_delete=models.PROTECT, related_name="placed")
    accept = models.JSONField(default=list)
    regions = models.JSONField(null=True)
    chips = models.PositiveIntegerField()
    limit_s = models.PositiveIntegerField()
    deadline = models.DateTimeField(null=True)
    checkpoint_s = models.PositiveIntegerField(default=0)
    chips_most = models.PositiveIntegerField(null=True)
    award_priority = models.PositiveSmallIntegerField(default=0)
    green = models.BooleanField(default=False)
    avoid = models.JSONField(default=list)
    reservation = models.ForeignKey(
        "compute.Reservation", null=True, on_delete=models.PROTECT, related_name="jobs"
    )
    right_at = models.DateTimeField(null=True)
    held_ms = models.BigIntegerField()
    spent_s = models.PositiveIntegerField(default=0)
    paid_ms = models.BigIntegerField(default=0)
    used_ms = models.BigIntegerField(null=True)
    native_ms = models.BigIntegerField(null=True)
    cost_fen = models.BigIntegerField(null=True)
    carbon_g = models.BigIntegerField(null=True)
    wait_ms = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=LONGEST_ENDING, default="")
    log_sha256 = models.CharField(max_length=64, default="")
    results = models.JSONField(default=dict)
    cancel_asked = models.BooleanField(default=False)
    outlook = models.JSONField(default=dict)

    class Meta(Record.Meta):
        app_label = "compute"


class Attempt(models.Model):
    """One try of a job at one centre. The primary key grows with time and is the fencing token of the try.

    state: starting, running, ended, or unreachable while its centre is silent: it may still run there, so nothing
    else runs the job. reference: how the centre's engine names it. chips: on how many it runs.

    recall: why its chips are called back ("" while they are not), due_at: by when. warned: its program has been told.
    lost_ms: chip-milliseconds of its work that the recall destroyed.
    """

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="attempts")
    pool = models.ForeignKey("compute.Pool", on_delete=models.PROTECT, related_name="attempts")
    chips = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=12, default="starting")
    reference = models.CharField(max_length=120, default="")
    placed_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=LONGEST_ENDING, default="")
    stop_asked = models.BooleanField(default=False)
    recall = models.CharField(max_length=12, default="")
    due_at = models.DateTimeField(null=True)
    warned = models.BooleanField(default=False)
    lost_ms = models.BigIntegerField(default=0)

    class Meta:
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            # I1: at most one attempt of a job is not over.
            models.UniqueConstraint(fields=["job"], condition=~Q(state="ended"), name="attempt_one_at_a_time")
        ]


class Segment(models.Model):
    """A stretch of metered use of one job at one price: from when to when, on how many chips of which pool.

    native_ms: chip-milliseconds of those chips. used_ms: the same in the allocation's kind of chip. cost_fen: its price.
    """

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="segments")
    attempt = models.ForeignKey(Attempt, null=True, on_delete=models.PROTECT, related_name="segments")
    pool = models.ForeignKey("compute.Pool", null=True, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    chips = models.PositiveIntegerField()
    native_ms = models.BigIntegerField(default=0)
    used_ms = models.BigIntegerField()
    price_fen = models.BigIntegerField(default=0)
    cost_fen = models.BigIntegerField(default=0)

    class Meta:
        app_label = "compute"
