"""Tables of the broker: whose turn it is, and the log of what was decided."""

from __future__ import annotations

from django.db import models


class Turn(models.Model):
    """One row: which broker decides, until when. epoch grows with every change of hands."""

    holder = models.CharField(max_length=80, default="")
    epoch = models.PositiveBigIntegerField(default=0)
    until = models.DateTimeField(null=True)

    class Meta:
        app_label = "compute"


class Decision(models.Model):
    """One cycle that decided something. picture: the inputs, canonical JSON in the file store by digest; content: what
    was decided and why. Each row holds the digest of the one before: the log is a chain."""

    decided_at = models.DateTimeField()
    epoch = models.PositiveBigIntegerField()
    policy = models.CharField(max_length=40)
    picture_sha256 = models.CharField(max_length=64)
    content = models.JSONField()
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        app_label = "compute"
