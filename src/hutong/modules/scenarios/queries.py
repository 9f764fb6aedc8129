"""Reads of scenarios."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, Window
from django.db.models.functions import RowNumber, TruncDate

from hutong.kernel.clock import ZONE
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
    """How much was recorded: rows, rows with a known truth, of these the right ones, batches, days, last moment."""

    rows: int
    known: int
    right: int
    batches: int
    days: int
    last: datetime | None


def extent(pilot: Pilot) -> Extent:
    """What a pilot recorded so far, in one query."""
    known = ~Q(truth="")
    found: dict[str, Any] = PilotRecord.objects.filter(pilot=pilot).aggregate(
        rows=Count("id"),
        known=Count("id", filter=known),
        right=Count("id", filter=known & Q(answer=F("truth"))),
        batches=Count("batch", distinct=True),
        days=Count(TruncDate("at", tzinfo=ZONE), distinct=True),
        last=Max("at"),
    )
    return Extent(**found)


def latencies(pilot: Pilot, ranks: Iterable[int]) -> dict[int, int]:
    """The latencies (microseconds) at these ranks from 1, shortest first, in one query."""
    ordered = PilotRecord.objects.filter(pilot=pilot).annotate(
        place=Window(RowNumber(), order_by=[F("latency_us").asc(), F("id").asc()])
    )
    return dict(ordered.filter(place__in=set(ranks)).values_list("place", "latency_us"))
