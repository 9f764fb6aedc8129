"""Tables of scenarios."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.scenarios.lifecycle import OPPORTUNITY, PILOT
from hutong.platform.records import Record


class Opportunity(Record):
    """A real process opened for pilots. tests: acceptance tests as data, fixed at publication; days: length of a pilot."""

    prefix = "OPP"
    title = Text("Opportunity", "场景机会")
    lifecycle = OPPORTUNITY

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    need = models.TextField()
    tests = models.JSONField()
    days = models.PositiveIntegerField()

    class Meta(Record.Meta):
        app_label = "scenarios"

    @property
    def name(self) -> Text:
        return Text(self.title_en, self.title_zh)


class Pilot(Record):
    """A bounded use of one frozen version. certificate, filing: codes that covered it when it was proposed;
    results: the tests with values and thresholds as they stood at acceptance or rejection."""

    prefix = "PIL"
    title = Text("Pilot", "试点")
    lifecycle = PILOT
    passport_path = "system.code"

    opportunity = models.ForeignKey(Opportunity, on_delete=models.PROTECT, related_name="pilots")
    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    version_used = models.ForeignKey("passport.Version", on_delete=models.PROTECT, related_name="+")
    certificate = models.CharField(max_length=24)
    filing = models.CharField(max_length=24)
    approach = models.TextField(default="")
    started_at = models.DateTimeField(null=True)
    results = models.JSONField(default=list)

    class Meta(Record.Meta):
        app_label = "scenarios"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["opportunity", "version_used"],
                condition=Q(state__in=("proposed", "running", "halted")),
                name="pilot_once_at_a_time",
            )
        ]


class PilotRecord(models.Model):
    """One answer given during a pilot, and the truth as the owner found it later (empty while unknown).

    batch: SHA-256 of the file it came in, row: its place there from 0; latency_us: microseconds.
    """

    pilot = models.ForeignKey(Pilot, on_delete=models.PROTECT, related_name="records")
    batch = models.CharField(max_length=64)
    row = models.PositiveIntegerField()
    input_sha256 = models.CharField(max_length=64)
    answer = models.CharField(max_length=200)
    truth = models.CharField(max_length=200, default="")
    latency_us = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        app_label = "scenarios"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["pilot", "input_sha256", "at"], name="pilot_record_once")
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["pilot", "latency_us"])]
