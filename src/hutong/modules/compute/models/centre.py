"""Tables of centres: the centre, its pools of chips, their prices and the agreement of partnership. Money is fen."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.compute.lifecycle import AGREEMENT, CENTRE, POOL, RESERVATION
from hutong.platform.records import Record


class Centre(Record):
    """A computing centre, run by an organisation. region: GB/T 2260 code.

    connection: how the hub reaches it, a name in the hub's `centres.yaml`; secrets and paths stay there.
    pue_milli: power usage effectiveness in thousandths (ISO/IEC 30134-2), 0 where not declared.
    heard_at: when it last answered; silent_since: set while it does not.
    """

    prefix = "CTR"
    title = Text("Computing centre", "算力中心")
    lifecycle = CENTRE

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    region = models.CharField(max_length=12)
    connection = models.CharField(max_length=60, default="local")
    pue_milli = models.PositiveIntegerField(default=0)
    heard_at = models.DateTimeField(null=True)
    silent_since = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "compute"

    @property
    def name(self) -> Text:
        return Text(self.name_en, self.name_zh)


class Pool(Record):
    """Chips of one kind at a centre, and what an hour of one of them costs.

    node_chips: chips per node; a job that needs more spans several. watts: of one chip at work with its share of the node,
    0 where not declared. by_operator: the centre's operator starts each job;
    otherwise the hub places jobs by itself.
    """

    prefix = "POL"
    title = Text("Pool of chips", "算力池")
    lifecycle = POOL

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="pools")
    chip = models.CharField(max_length=60)
    chips = models.PositiveIntegerField()
    node_chips = models.PositiveIntegerField(default=8)
    domestic = models.BooleanField()
    price_fen = models.BigIntegerField()
    by_operator = models.BooleanField(default=False)
    watts = models.PositiveIntegerField(default=0)

    class Meta(Record.Meta):
        app_label = "compute"


class Price(models.Model):
    """The price of a chip-hour of a pool from a moment on; the latest before a second is the one that it costs."""

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="prices")
    price_fen = models.BigIntegerField()
    valid_from = models.DateTimeField()

    class Meta:
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["pool", "valid_from"], name="price_once_per_moment")
        ]


class Agreement(Record):
    """What a centre and the hub agreed on. Shares in thousandths of the centre's chips.

    guaranteed: kept for the centre's own users; lendable: may run jobs of others; together at most 1000.
    notice_min: minutes from a call for lent chips to their return.
    """

    prefix = "AGR"
    title = Text("Partnership agreement", "算力伙伴协议")
    lifecycle = AGREEMENT

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="agreements")
    guaranteed_milli = models.PositiveIntegerField()
    lendable_milli = models.PositiveIntegerField()
    notice_min = models.PositiveIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField()
    terms = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["centre"], condition=Q(state="active"), name="agreement_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(guaranteed_milli__lte=1000) & Q(lendable_milli__lte=1000), name="agreement_shares"
            ),
        ]


class Reservation(Record):
    """Chips of a pool kept for [begins, ends): a course, an exercise, maintenance. allocation: whose jobs may run in it;
    none: nobody's, the chips stand idle."""

    prefix = "RSV"
    title = Text("Reservation", "预留")
    lifecycle = RESERVATION

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="reservations")
    allocation = models.ForeignKey(
        "compute.Allocation", null=True, on_delete=models.PROTECT, related_name="reservations"
    )
    chips = models.PositiveIntegerField()
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    purpose = models.TextField()

    class Meta(Record.Meta):
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(chips__gt=0) & Q(ends__gt=models.F("begins")), name="reservation_span"
            )
        ]


class Intensity(models.Model):
    """Carbon intensity of the electricity of a centre in the hour from `at` on, in grams of CO2e per kilowatt-hour, as
    its operator gave it; the latest word for an hour counts. source: whose figure it is."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="intensities")
    at = models.DateTimeField()
    g_per_kwh = models.PositiveIntegerField()
    source = models.CharField(max_length=200)

    class Meta:
        app_label = "compute"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["centre", "at"], name="intensity_once_per_hour")
        ]
