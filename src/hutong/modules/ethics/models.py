"""Tables of ethics review."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.db import models

from hutong.kernel.text import Text
from hutong.modules.ethics.lifecycle import APPLICATION, VOTE
from hutong.modules.ethics.rules import Tally
from hutong.platform.records import Record


class Application(Record):
    """A request to review what a system does to people, before hours and data are given."""

    prefix = "ETH"
    title = Text("Ethics application", "伦理审查申请")
    lifecycle = APPLICATION
    passport_path = "system.code"

    system = models.ForeignKey("passport.System", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    summary = models.TextField()
    safeguards = models.TextField()
    conditions = models.TextField(default="")
    valid_to = models.DateField(null=True)

    class Meta(Record.Meta):
        app_label = "ethics"

    @cached_property
    def tally(self) -> Tally:
        """The count of the votes as they were when this record was first asked: every operation loads it anew."""
        states = list(Vote.objects.filter(application=self).values_list("state", "choice"))
        cast = [choice for state, choice in states if state == "cast"]
        recused = sum(1 for state, _ in states if state == "recused")
        return Tally(len(states), recused, len(cast), cast.count("approve"))


class Vote(Record):
    """One member's place on the panel of an application, and how they voted."""

    prefix = "VOT"
    title = Text("Vote", "表决")
    lifecycle = VOTE
    passport_path = "application.system.code"

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="votes")
    member = models.ForeignKey("platform.Person", on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=10, default="")
    reason = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "ethics"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["application", "member"], name="vote_once_per_member")
        ]
