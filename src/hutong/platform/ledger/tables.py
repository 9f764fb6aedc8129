"""Tables of the ledger. Rows of `Event`, `Tile` and `Checkpoint` can only be inserted: the database refuses
anything else by trigger (`hutong.platform.ledger.triggers`)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Event(models.Model):
    """One committed operation. `entry` is the canonical header whose hash is the leaf `seq` of the log."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    id = models.CharField(max_length=36, unique=True)
    operation = models.CharField(max_length=80)
    subject = models.CharField(max_length=24, db_index=True)
    subject_kind = models.CharField(max_length=40)
    passport = models.CharField(max_length=24, null=True)
    actor = models.CharField(max_length=24)
    organisation = models.CharField(max_length=24, null=True)
    from_state = models.CharField(max_length=32, null=True)
    to_state = models.CharField(max_length=32, null=True)
    valid_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    entry = models.TextField()
    leaf = models.BinaryField(max_length=32)

    class Meta:
        app_label = "platform"
        ordering: ClassVar[list[str]] = ["seq"]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["passport", "seq"]),
            models.Index(fields=["operation", "seq"]),
            models.Index(fields=["actor", "seq"]),
        ]


class Payload(models.Model):
    """What the operation was given and noted, as canonical JSON, and the salt of its commitments. Both may be
    erased (set to null), never changed: the header's proof survives, since it holds only the body's digest."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    body = models.TextField(null=True)
    salt = models.BinaryField(max_length=32, null=True)

    class Meta:
        app_label = "platform"


class Head(models.Model):
    """The one row that numbers events: size of the log and its compact range, locked by each append."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.PositiveBigIntegerField(default=0)
    frontier = models.TextField(default="")

    class Meta:
        app_label = "platform"


class Tile(models.Model):
    """256 hashes of one level (C2SP tlog-tiles, height 8), written once when full."""

    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        app_label = "platform"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["level", "index"], name="tile_written_once")
        ]


class Checkpoint(models.Model):
    """A signed statement of the log's size and root (C2SP tlog-checkpoint)."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        app_label = "platform"
        ordering: ClassVar[list[str]] = ["size"]


class Attempt(models.Model):
    """An idempotency key that was used: a retry gets the first answer instead of a second event."""

    actor = models.CharField(max_length=24)
    key = models.CharField(max_length=80)
    operation = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    result = models.CharField(max_length=24)
    seq = models.PositiveBigIntegerField()

    class Meta:
        app_label = "platform"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["actor", "key"], name="key_used_once")
        ]
