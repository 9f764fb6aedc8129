"""Reads of scenarios."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q

from hutong.modules.scenarios.models import Pilot, PilotRecord


def running_on(version_id: int) -> list[str]:
    """Codes of the running pilots of a version."""
    running = Pilot.objects.filter(state="running", version_used_id=version_id)
    return list(running.order_by("id").values_list("code", flat=True))


def pilots_of(system_code: str) -> list[Pilot]:
    """All pilots of a system, oldest first."""
    return list(Pilot.objects.select_related("opportunity").filter(system__code=system_code).order_by("id"))


@dataclass(frozen=True, slots=True)
class Extent:
    """How much was recorded: rows, rows with a known truth, batches, first and last moment."""

    rows: int
    known: int
    batches: int
    first: datetime | None
    last: datetime | None


def extent(pilot: Pilot) -> Extent:
    """What a pilot recorded so far, in one query."""
    found: dict[str, Any] = PilotRecord.objects.filter(pilot=pilot).aggregate(
        rows=Count("id"),
        known=Count("id", filter=~Q(truth="")),
        batches=Count("batch", distinct=True),
        first=Min("at"),
        last=Max("at"),
    )
    return Extent(**found)
