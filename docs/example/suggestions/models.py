"""Tables of suggestions."""

from django.db import models

from hutong.kernel.text import Text
from hutong.modules.suggestions.lifecycle import SUGGESTION
from hutong.platform.records import Record


class Suggestion(Record):
    """One suggestion by an organisation, and its answer."""

    prefix = "SUG"
    title = Text("Suggestion", "建议")
    lifecycle = SUGGESTION

    organisation = models.ForeignKey("platform.Organisation", on_delete=models.PROTECT, related_name="+")
    words = models.TextField()
    answer = models.TextField(default="")

    class Meta(Record.Meta):
        app_label = "suggestions"
