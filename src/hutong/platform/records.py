"""What every record of the hub has: a public code, a state, a version that grows with each change."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from hutong.kernel.lifecycle import Lifecycle
from hutong.kernel.text import Text


class Serial(models.Model):
    """Next serial number per code prefix; advanced inside the transaction that uses it."""

    prefix = models.CharField(max_length=8, primary_key=True)
    next = models.PositiveBigIntegerField(default=1)

    class Meta:
        app_label = "platform"


class Record(models.Model):
    """Base of all records. The operation runner fills code, state and version; nobody else does.

    Class data that modules set: `prefix` of the code, `title` of the entity, its `lifecycle`, and the dotted
    `passport_path` to the code of the AI system whose dossier its events belong to.
    """

    prefix: ClassVar[str]
    title: ClassVar[Text]
    lifecycle: ClassVar[Lifecycle | None] = None
    passport_path: ClassVar[str | None] = None

    code = models.CharField(max_length=24, unique=True, editable=False)
    state = models.CharField(max_length=32, default="", editable=False, db_index=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(
        "platform.Person", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return self.code


def next_code(prefix: str) -> str:
    """The next public code, e.g. ``SYS-0007``. Call inside a transaction: the row lock keeps codes gapless."""
    return next_codes(prefix, 1)[0]


def next_codes(prefix: str, count: int) -> list[str]:
    """So many codes in a row, for records that are made together."""
    serial, _ = Serial.objects.select_for_update().get_or_create(prefix=prefix)
    first = serial.next
    Serial.objects.filter(pk=prefix).update(next=first + count)
    return [f"{prefix}-{number:04d}" for number in range(first, first + count)]
