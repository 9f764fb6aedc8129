"""Tables of the passport."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from hutong.kernel.text import Text
from hutong.modules.passport.lifecycle import SYSTEM, VERSION
from hutong.platform.records import Record


class System(Record):
    """What is built, evaluated, filed and used; the bearer of a passport. risk_class: 1 (least) to 5.

    public: once published, also after the system was withdrawn.
    """

    prefix = "SYS"
    title = Text("AI system", "人工智能系统")
    lifecycle = SYSTEM
    passport_path = "code"

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    purpose = models.TextField()
    risk_class = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    public = models.BooleanField(default=False)

    class Meta(Record.Meta):
        app_label = "passport"

    @property
    def name(self) -> Text:
        return Text(self.name_en, self.name_zh)


class Version(Record):
    """One frozen state of a system: model, data and build specification by SHA-256."""

    prefix = "VER"
    title = Text("System version", "系统版本")
    lifecycle = VERSION
    passport_path = "system.code"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=40)
    model_sha256 = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64)
    spec_sha256 = models.CharField(max_length=64)
    intended_use = models.TextField()

    class Meta(Record.Meta):
        app_label = "passport"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["system", "label"], name="version_label_once")
        ]
