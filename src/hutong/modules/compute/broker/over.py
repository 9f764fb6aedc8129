"""Reservations that are over: closed by the hub, and the jobs that still wait for them let go."""

from __future__ import annotations

from datetime import datetime

from hutong.kernel.clock import SYSTEM_CLOCK, Clock
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.models import Job, Reservation
from hutong.platform import runner


def end_reservations(now: datetime, clock: Clock = SYSTEM_CLOCK) -> int:
    """Close each reservation whose end has come, also one that ended while no broker was at work; how many were."""
    over = Reservation.objects.filter(state="active", ends__lte=now).order_by("ends", "pk")
    closed = sum(_run("close", {"reservation": code}, clock) for code in over.values_list("code", flat=True))
    stranded = Job.objects.filter(state="submitted", reservation__state__in=("closed", "cancelled"))
    for code in stranded.order_by("pk").values_list("code", flat=True):
        _run("lapse", {"job": code}, clock)
    return closed


def _run(step: str, given: dict[str, str], clock: Clock) -> bool:
    name = "compute.reservation.close" if step == "close" else "compute.job.lapse"
    try:
        runner.run(THE_HUB, name, given, clock=clock)
    except HutongError:
        # Somebody cancelled it between the look and the step.
        return False
    return True
