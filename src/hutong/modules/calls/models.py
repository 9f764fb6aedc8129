"""Tables of calls."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from hutong.kernel.text import Text
from hutong.modules.calls.lifecycle import AWARD, CALL, PROPOSAL, REVIEW
from hutong.platform.records import Record


class Call(Record):
    """A published problem. criteria: list of {name_en, name_zh, weight}, weights whole numbers."""

    prefix = "CAL"
    title = Text("Call", "项目榜单")
    lifecycle = CALL

    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    problem = models.TextField()
    deadline = models.DateTimeField()
    criteria = models.JSONField()
    hours_ms = models.BigIntegerField()
    budget_fen = models.BigIntegerField()
    ranking = models.JSONField(default=list)

    class Meta(Record.Meta):
        app_label = "calls"

    @property
    def name(self) -> Text:
        return Text(self.title_en, self.title_zh)


class Proposal(Record):
    """What an applicant submits for one system. co_applicants: codes of further organisations."""

    prefix = "PRP"
    title = Text("Application", "申报书")
    lifecycle = PROPOSAL
    passport_path = "system.code"

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="proposals")
    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    summary = models.TextField()
    requested_ms = models.BigIntegerField()
    budget_fen = models.BigIntegerField()
    co_applicants = models.JSONField(default=list)
    score = models.CharField(max_length=40, default="")
    rank = models.PositiveIntegerField(null=True)
    decision = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "calls"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["call", "system"], condition=~Q(state="withdrawn"), name="proposal_once_per_system"
            )
        ]


class Review(Record):
    """One reviewer's judgement of one proposal. scores: points 0 to 100 by number of the criterion."""

    prefix = "REV"
    title = Text("Review", "评审意见")
    lifecycle = REVIEW
    passport_path = "proposal.system.code"

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey("platform.Person", on_delete=models.PROTECT, related_name="+")
    scores = models.JSONField(default=list)
    comment = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "calls"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["proposal", "reviewer"], name="review_once_per_reviewer")
        ]


class Award(Record):
    """The decision that a proposal is taken up, with chip-time (ms) and money (fen)."""

    prefix = "AWD"
    title = Text("Award", "立项")
    lifecycle = AWARD
    passport_path = "system.code"

    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="award")
    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    granted_ms = models.BigIntegerField()
    amount_fen = models.BigIntegerField()

    class Meta(Record.Meta):
        app_label = "calls"
