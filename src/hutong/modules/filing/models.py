"""Tables of filing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.filing.lifecycle import FILING
from hutong.platform.records import Record


class Filing(Record):
    """The filing of one version. answers: by question of the checklist; number: of the register, once filed."""

    prefix = "FIL"
    title = Text("Algorithm filing", "算法备案")
    lifecycle = FILING
    passport_path = "version_of.system.code"

    version_of = models.ForeignKey("passport.Version", on_delete=models.PROTECT, related_name="+")
    certificate = models.ForeignKey("trust.Certificate", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16)
    answers = models.JSONField(default=dict)
    checklist_version = models.CharField(max_length=20)
    missing = models.JSONField(default=list)
    number = models.CharField(max_length=40, default="")
    filed_on = models.DateField(null=True)
    reason = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "filing"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="filing_number_once"),
            models.UniqueConstraint(
                fields=["version_of", "kind"],
                condition=~Q(state="deregistered"),
                name="filing_once_per_version",
            ),
        ]
