"""Placing what waits: the engine decides on a picture, the decision is logged, and each start is an operation."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from hutong.engines.broker.decide import Decided, Picture, decide
from hutong.engines.broker.decide.calendar import pool_of
from hutong.engines.broker.decide.elastic import elastic
from hutong.kernel.canonical import canonical, digest
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker import lease
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.broker.recall import call_back
from hutong.modules.compute.greener import outlooks, settled
from hutong.modules.compute.models import Decision
from hutong.modules.compute.outlook import clock, refresh
from hutong.platform import files, runner


def place(epoch: int, now: datetime | None = None) -> int:
    """Decide once and carry it out; returns how many jobs started. What can no longer start is left for the next turn."""
    seen = picture(now or timezone.now())
    if not seen.waiting and not elastic(seen):
        return 0
    made = decide(seen)
    begun = _carry_out(seen, made, epoch)
    # Words about who waits come last: nobody who can start waits for them.
    refresh(settled(seen, made), [w.job for w in made.waits], outlooks(seen, made, clock))
    return begun


def _carry_out(seen: Picture, made: Decided, epoch: int) -> int:
    if not made.starts and not made.recalls:
        return 0
    with transaction.atomic():
        # A broker that slept over its lease has a picture of the past: another one decides by now.
        if not lease.still(epoch):
            return 0
        log(seen, made, epoch)
    for recall in made.recalls:
        call_back(recall)
    return sum(_start(s.job, pool_of(seen, s.pool), s.chips) for s in made.starts)


def _start(job: str, pool: str, chips: int) -> bool:
    try:
        runner.run(THE_HUB, "compute.job.start", {"job": job, "pool": pool, "chips": chips})
    except HutongError:
        # Between the picture and the start somebody else started, cancelled or closed: the next picture shows it.
        return False
    return True


def log(seen: Picture, made: Decided, epoch: int) -> Decision:
    """Append to the chain of decisions: the picture by its digest, what was decided, the digest of the row before."""
    content = canonical(seen.as_json())
    stored = files.store(io.BytesIO(content), name="picture.json", media_type="application/json")
    with transaction.atomic():
        last = Decision.objects.select_for_update().order_by("-pk").first()
        row: dict[str, Any] = {
            "at": seen.now_ms,
            "epoch": epoch,
            "policy": made.policy,
            "picture": stored.sha256,
            "content": made.as_json(),
            "previous": last.sha256 if last is not None else "",
        }
        return Decision.objects.create(
            decided_at=timezone.now(),
            epoch=epoch,
            policy=made.policy,
            picture_sha256=stored.sha256,
            content=row,
            previous_sha256=row["previous"],
            sha256=digest(row),
        )
