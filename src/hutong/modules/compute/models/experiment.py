"""Table of experiments: a past stretch of time decided again, with other pools."""

from __future__ import annotations

from django.db import models

from hutong.kernel.text import Text
from hutong.modules.compute.lifecycle import EXPERIMENT
from hutong.platform.records import Record


class Experiment(Record):
    """What if: the queue of [begins, ends) as it was, and as it would have been with pools more or less.

    added: pools as {chip, chips, fen, region}. removed: codes of pools taken away. result: what came of it, integers
    only; problem: why there is none, in both languages.
    """

    prefix = "EXP"
    title = Text("Experiment", "推演")
    lifecycle = EXPERIMENT

    begins = models.DateTimeField()
    ends = models.DateTimeField()
    added = models.JSONField(default=list)
    removed = models.JSONField(default=list)
    result = models.JSONField(default=dict)
    problem = models.JSONField(default=dict)

    class Meta(Record.Meta):
        app_label = "compute"
