"""Signed statements of the log's size and root, each an extension of the one before.

Every checkpoint is also appended to ``HUTONG_HOME/checkpoints.log``: whoever restores an old database beside it is
found out, since the log there knows of more events than the database has.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Subquery
from django.utils import timezone

from hutong.kernel.note import sign_checkpoint
from hutong.platform.ledger import store
from hutong.platform.ledger.keys import signing_key
from hutong.platform.ledger.tables import Checkpoint, Head


def latest() -> Checkpoint | None:
    """The newest checkpoint, or None before the first."""
    return Checkpoint.objects.order_by("-size").first()


def standing() -> tuple[int, datetime | None]:
    """How many events are committed, and when the newest checkpoint was signed: one query for every page's foot."""
    signed = Checkpoint.objects.order_by("-size").values("signed_at")[:1]
    row = Head.objects.filter(pk=1).annotate(signed=Subquery(signed)).values_list("size", "signed").first()
    return row if row is not None else (0, None)


def sign() -> Checkpoint | None:
    """Sign the committed log as it is now. Signing the same size again gives the same checkpoint; None when empty."""
    grown = Head.objects.filter(pk=1).values("size")
    newest = Checkpoint.objects.annotate(now=Subquery(grown)).order_by("-size").first()
    if newest is not None and newest.size == newest.now:
        return newest
    head = store.frontier()
    if not head.size:
        return None
    key = signing_key()
    note = sign_checkpoint(key, key.name, head.size, head.root())
    try:
        with transaction.atomic():
            made = Checkpoint.objects.create(
                size=head.size, root=head.root().hex(), note=note, signed_at=timezone.now()
            )
    except IntegrityError:
        # Another process signed this very size at the same moment: the two statements are the same.
        return Checkpoint.objects.get(size=head.size)
    _remember(made)
    return made


def book() -> Path:
    """The file beside the database that remembers every checkpoint."""
    return Path(settings.HUTONG_HOME) / "checkpoints.log"


def _remember(made: Checkpoint) -> None:
    line = json.dumps({"size": made.size, "root": made.root, "note": made.note}, ensure_ascii=False)
    handle = os.open(book(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as stream:
        stream.write(line + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def remembered() -> list[tuple[int, str]]:
    """Size and root of every checkpoint in the file, oldest first; a torn last line is passed over."""
    if not book().is_file():
        return []
    found = []
    for line in book().read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            found.append((int(entry["size"]), str(entry["root"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found
