"""Tables of trust."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from hutong.kernel.text import Text
from hutong.modules.trust.lifecycle import CERTIFICATE, EVALUATION, EVIDENCE, SERVICE
from hutong.platform.records import Record


class Service(Record):
    """A system as it is deployed behind an endpoint that the operator admits by name; address and token lie elsewhere.

    build: version that its owner declares. declaration, grant: labels and inputs of a classifier, and the rows it is asked
    about; none for a service that answers in words. said: what it answered that it is. card: the file that states all this,
    which stands for the model. address: digest of where and how it is asked. fault: why it could not be asked.
    """

    prefix = "SVC"
    title = Text("Model service", "模型服务")
    lifecycle = SERVICE
    passport_path = "system.code"

    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    endpoint = models.CharField(max_length=60)
    build = models.CharField(max_length=80)
    declaration: Any = models.JSONField(null=True)
    grant = models.ForeignKey("datahub.DataGrant", null=True, on_delete=models.PROTECT, related_name="+")
    said = models.CharField(max_length=200, default="")
    address = models.CharField(max_length=64, default="")
    card_sha256 = models.CharField(max_length=64, default="", db_index=True)
    fault: Any = models.JSONField(null=True)

    class Meta(Record.Meta):
        app_label = "trust"

    @property
    def in_words(self) -> bool:
        return self.declaration is None


class Evaluation(Record):
    """The measurement of one version. plan: hashed before the first observation; verdict: computed, never typed.

    service: what is asked where the version is a deployed service. means: who judges its answers, which bank, which day.
    sheet: answers that people have to look at; marks: what they said of them. fault: why measuring broke off.
    """

    prefix = "EVL"
    title = Text("Evaluation", "评测")
    lifecycle = EVALUATION
    passport_path = "version_of.system.code"

    version_of = models.ForeignKey("passport.Version", on_delete=models.PROTECT, related_name="+")
    profile = models.CharField(max_length=60)
    guarded = models.BooleanField()
    declarations = models.JSONField(default=list)
    seed = models.CharField(max_length=64, default="")
    plan: Any = models.JSONField(null=True)
    plan_digest = models.CharField(max_length=64, default="")
    observations: Any = models.JSONField(null=True)
    verdict: Any = models.JSONField(null=True)
    way: Any = models.JSONField(null=True)
    service = models.ForeignKey(Service, null=True, on_delete=models.PROTECT, related_name="evaluations")
    means: Any = models.JSONField(default=dict)
    sheet_sha256 = models.CharField(max_length=64, default="")
    marks_sha256 = models.CharField(max_length=64, default="")
    fault: Any = models.JSONField(null=True)

    class Meta(Record.Meta):
        app_label = "trust"


class Evidence(Record):
    """A document that answers one process check of an evaluation."""

    prefix = "EVD"
    title = Text("Evidence", "证据材料")
    lifecycle = EVIDENCE
    passport_path = "evaluation.version_of.system.code"

    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="evidence")
    check_id = models.CharField(max_length=40)
    answer = models.BooleanField()
    document_sha256 = models.CharField(max_length=64)
    confirmed_by = models.ForeignKey("platform.Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(Record.Meta):
        app_label = "trust"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["evaluation", "check_id"], name="evidence_once_per_check")
        ]


class Certificate(Record):
    """A dated statement of the levels that a version reached, bound to its digests."""

    prefix = "CRT"
    title = Text("Certificate", "评测证书")
    lifecycle = CERTIFICATE
    passport_path = "version_of.system.code"

    version_of = models.ForeignKey("passport.Version", on_delete=models.PROTECT, related_name="+")
    evaluation = models.OneToOneField(Evaluation, on_delete=models.PROTECT, related_name="certificate")
    levels = models.JSONField()
    meets_class = models.PositiveSmallIntegerField()
    alpha = models.CharField(max_length=20)
    conditions = models.TextField(default="")
    model_sha256 = models.CharField(max_length=64)
    data_sha256 = models.CharField(max_length=64)
    spec_sha256 = models.CharField(max_length=64)
    valid_from = models.DateField()
    valid_to = models.DateField()
    reason = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "trust"
