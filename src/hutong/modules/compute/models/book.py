"""Tables of the book of chip-time: accounts and postings."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.modules.compute.models.work import Allocation, Job


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
