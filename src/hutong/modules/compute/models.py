"""Tables of computing. Times are milliseconds of one chip, money is fen."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.compute.lifecycle import ALLOCATION, CENTRE, JOB, POOL
from hutong.platform.records import Record

# How the process ended, or the step that broke off with the rule that refused it.
LONGEST_ENDING = 80


class Centre(Record):
    """A computing centre, run by an organisation. region: GB/T 2260 code."""

    prefix = "CTR"
    title = Text("Computing centre", "算力中心")
    lifecycle = CENTRE

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    region = models.CharField(max_length=12)

    class Meta(Record.Meta):
        app_label = "compute"

    @property
    def name(self) -> Text:
        return Text(self.name_en, self.name_zh)


class Pool(Record):
    """Chips of one kind at a centre, and what an hour of one of them costs."""

    prefix = "POL"
    title = Text("Pool of chips", "算力池")
    lifecycle = POOL

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="pools")
    chip = models.CharField(max_length=60)
    chips = models.PositiveIntegerField()
    domestic = models.BooleanField()
    price_fen = models.BigIntegerField()

    class Meta(Record.Meta):
        app_label = "compute"


class Allocation(Record):
    """Chip-time on a pool under an award: what was asked for, and what was granted."""

    prefix = "ALC"
    title = Text("Allocation", "算力配额")
    lifecycle = ALLOCATION
    passport_path = "system.code"

    award = models.ForeignKey("calls.Award", on_delete=models.PROTECT, related_name="+")
    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="allocations")
    requested_ms = models.BigIntegerField()
    granted_ms = models.BigIntegerField(default=0)
    reason = models.TextField()

    class Meta(Record.Meta):
        app_label = "compute"


class Job(Record):
    """One job under an allocation. held_ms: set aside while it runs; used_ms: metered; wait_ms: submitted to started."""

    prefix = "JOB"
    title = Text("Job", "计算作业")
    lifecycle = JOB
    passport_path = "allocation.system.code"

    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="jobs")
    program = models.CharField(max_length=60)
    inputs = models.JSONField(default=dict)
    chips = models.PositiveIntegerField()
    limit_s = models.PositiveIntegerField()
    held_ms = models.BigIntegerField()
    used_ms = models.BigIntegerField(null=True)
    wait_ms = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=LONGEST_ENDING, default="")
    log_sha256 = models.CharField(max_length=64, default="")
    cancel_asked = models.BooleanField(default=False)

    class Meta(Record.Meta):
        app_label = "compute"


class Account(models.Model):
    """One account of the book of chip-time. kind: source (may go below zero: it is where hours come from), free, held
    or used of one allocation. The database itself refuses an overdraft of the last three."""

    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="accounts")
    kind = models.CharField(max_length=8)
    balance_ms = models.BigIntegerField(default=0)

    class Meta:
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["allocation", "kind"], name="account_once"),
            models.CheckConstraint(
                condition=Q(kind="source") | Q(balance_ms__gte=0), name="account_never_overdrawn"
            ),
        ]


class Posting(models.Model):
    """One line of a booking; the lines of one booking sum to zero."""

    booking = models.UUIDField(db_index=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount_ms = models.BigIntegerField()
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="postings")
    booked_at = models.DateTimeField()

    class Meta:
        app_label = "compute"


class Segment(models.Model):
    """A stretch of metered use of one job: from when to when, on how many chips."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="segments")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    chips = models.PositiveIntegerField()
    used_ms = models.BigIntegerField()

    class Meta:
        app_label = "compute"
