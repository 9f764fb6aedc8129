"""Tables of the forge."""

from __future__ import annotations

from django.db import models

from hutong.kernel.text import Text
from hutong.modules.forge.lifecycle import ARTEFACT, BUILD
from hutong.platform.records import Record


class Build(Record):
    """A request to build a system from a specification, under a data grant and an allocation, by one job."""

    prefix = "BLD"
    title = Text("Build", "构建")
    lifecycle = BUILD
    passport_path = "system.code"

    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    spec = models.JSONField()
    spec_sha256 = models.CharField(max_length=64)
    grant = models.ForeignKey("datahub.DataGrant", on_delete=models.PROTECT, related_name="+")
    job = models.OneToOneField("compute.Job", on_delete=models.PROTECT, related_name="+")

    class Meta(Record.Meta):
        app_label = "forge"


class Artefact(Record):
    """A model file, bound to the run, the specification and the data that made it."""

    prefix = "ART"
    title = Text("Artefact", "模型制品")
    lifecycle = ARTEFACT
    passport_path = "build.system.code"

    build = models.OneToOneField(Build, on_delete=models.PROTECT, related_name="artefact")
    model_sha256 = models.CharField(max_length=64, db_index=True)
    parity_sha256 = models.CharField(max_length=64)
    spec_sha256 = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64)
    framework = models.CharField(max_length=40)
    parity_passed = models.BooleanField()
    report = models.JSONField()

    class Meta(Record.Meta):
        app_label = "forge"
