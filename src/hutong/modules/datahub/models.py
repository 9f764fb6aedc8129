"""Tables of the data department."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from hutong.kernel.text import Text
from hutong.modules.datahub.lifecycle import DATASET, GRANT, USE, VERSION
from hutong.platform.records import Record


class Dataset(Record):
    """A collection of records with grade, licence and owner. regions: GB/T 2260 codes outside of which its rows may not
    be worked on; empty where nothing binds them."""

    prefix = "DAT"
    title = Text("Data set", "数据集")
    lifecycle = DATASET

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    description = models.TextField()
    grade = models.CharField(max_length=12)
    licence = models.CharField(max_length=60)
    personal = models.BooleanField()
    regions = models.JSONField(default=list)

    class Meta(Record.Meta):
        app_label = "datahub"

    @property
    def name(self) -> Text:
        return Text(self.title_en, self.title_zh)


class DatasetVersion(Record):
    """One immutable version: a Parquet file and its manifest, both by digest."""

    prefix = "DSV"
    title = Text("Data set version", "数据集版本")
    lifecycle = VERSION

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=40)
    file_sha256 = models.CharField(max_length=64)
    manifest = models.JSONField()
    manifest_sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()

    class Meta(Record.Meta):
        app_label = "datahub"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["dataset", "label"], name="dataset_version_label_once")
        ]


class DataGrant(Record):
    """The right of one system's owner to read some columns for a purpose, a term and a number of reads."""

    prefix = "DGR"
    title = Text("Data grant", "数据使用授权")
    lifecycle = GRANT
    passport_path = "system.code"

    version_of = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="grants")
    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=40)
    justification = models.TextField()
    columns = models.JSONField()
    valid_from = models.DateField()
    valid_to = models.DateField()
    quota = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    decision = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "datahub"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=Q(used__lte=F("quota")), name="grant_never_overused"),
            models.CheckConstraint(condition=Q(valid_to__gte=F("valid_from")), name="grant_term"),
        ]


class DataUse(Record):
    """One read under a grant: by which job or evaluation, how many rows of which columns."""

    prefix = "USE"
    title = Text("Data use", "数据使用记录")
    lifecycle = USE
    passport_path = "grant.system.code"

    grant = models.ForeignKey(DataGrant, on_delete=models.PROTECT, related_name="uses")
    reader = models.CharField(max_length=24)
    purpose = models.CharField(max_length=40)
    rows = models.PositiveBigIntegerField()

    class Meta(Record.Meta):
        app_label = "datahub"
