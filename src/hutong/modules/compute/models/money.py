"""Tables of settlement: statements of use, and compute vouchers with what they paid. Money is fen."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.compute.lifecycle import STATEMENT, VOUCHER
from hutong.platform.records import Record


class Statement(Record):
    """What a centre claims for a period [begins, ends). lines: per job what it claims and what the hub metered.

    flags: what reconciliation found, in the engine's words; a flagged statement is not accepted, it is disputed.
    """

    prefix = "STM"
    title = Text("Statement of use", "用量对账单")
    lifecycle = STATEMENT

    centre = models.ForeignKey("compute.Centre", on_delete=models.PROTECT, related_name="statements")
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    lines = models.JSONField()
    flags = models.JSONField(default=list)
    claimed_ms = models.BigIntegerField()
    metered_ms = models.BigIntegerField()
    claimed_fen = models.BigIntegerField()
    metered_fen = models.BigIntegerField()

    class Meta(Record.Meta):
        app_label = "compute"


class Voucher(Record):
    """A voucher for one contract of computing. programme, rules: id and version of the rules it was applied for under.

    lines: of the contract, as {scope, fen}. deliveries: invoices with proof, as given. amount_fen: what it is worth.
    """

    prefix = "VCH"
    title = Text("Compute voucher", "算力券")
    lifecycle = VOUCHER

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    programme = models.CharField(max_length=40)
    rules = models.CharField(max_length=20)
    contract_no = models.CharField(max_length=80)
    signed_on = models.DateField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    cancelled_on = models.DateField(null=True)
    lines = models.JSONField()
    industry = models.CharField(max_length=12)
    dishonest_on = models.DateField(null=True)
    affiliated = models.BooleanField()
    other_subsidies = models.JSONField(default=list)
    deliveries = models.JSONField(default=list)
    claimed_on = models.DateField(null=True)
    amount_fen = models.BigIntegerField(default=0)

    class Meta(Record.Meta):
        app_label = "compute"


class VoucherEntry(models.Model):
    """One line of the voucher book, written once. kind: claimed, released, redeemed, returned or clawed_back."""

    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12)
    fen = models.BigIntegerField()
    on = models.DateField()
    invoices = models.JSONField(default=list)

    class Meta:
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(fen__gt=0), name="voucher_entry_positive")
        ]
