"""The desk of a computing centre: an award of 40 hours, a pool of two chips at 3.50 an hour, data to build from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lane import Lane

from hutong.kernel.permission import THE_HUB, Actor, Role
from hutong.modules.compute.models import Allocation, Job

HOUR = 3_600_000
AWARD_MS = 40 * HOUR
CHIPS = 2
PRICE_FEN = 350


class Desk:
    """Steps of computing by the right people. Hours are given as people write them."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.lane = Lane(hub)
        self.award = self.lane.award()
        self.pool = self.lane.pool()
        self.grant = self.lane.grant(quota=1000)
        self.log = hub.store(b"log", "log.txt", "text/plain")

    @property
    def operator(self) -> Actor:
        return self.lane.people["operator"]

    @property
    def engineer(self) -> Actor:
        return self.lane.engineer

    def stranger(self) -> Actor:
        """An operator of another centre."""
        return self.hub.actor(Role.CENTRE_OPERATOR, self.hub.organisation("Elsewhere"))

    def ask(self, hours: str, *, pool: Any = None) -> Allocation:
        asked: Allocation = self.hub.do(
            self.engineer,
            "compute.allocation.request",
            award=self.award,
            pool=pool or self.pool,
            hours=hours,
            reason="Training.",
        )
        return asked

    def operate(self, step: str, allocation: Any, **given: Any) -> Any:
        """A step of the centre's operator on an allocation."""
        return self.hub.do(self.operator, f"compute.allocation.{step}", allocation=allocation, **given)

    def active(self, hours: str = "10", *, pool: Any = None) -> Allocation:
        asked = self.ask(hours, pool=pool)
        self.operate("approve", asked, hours=hours, reason="Free.")
        started: Allocation = self.operate("activate", asked)
        return started

    def submit(self, allocation: Any, *, chips: Any = 1, limit_s: Any = 3600) -> Job:
        build = self.hub.do(
            self.engineer,
            "forge.build.submit",
            system=self.lane.system(),
            spec=self.lane.spec,
            grant=self.grant,
            allocation=allocation,
            chips=chips,
            limit_s=limit_s,
        )
        job: Job = build.job
        return job

    def start(self, job: Any) -> Any:
        return self.hub.do(self.operator, "compute.job.start", job=job)

    def end(self, job: Any, used_ms: int, *, well: bool = True) -> Any:
        """What the hub itself writes when the process of a job has ended. used_ms: a multiple of the job's chips."""
        step, ending = ("finish", "finished") if well else ("fail", "failed")
        found = Job.objects.get(code=getattr(job, "code", job))
        began = self.hub.clock.now()
        ended = began + timedelta(milliseconds=used_ms // found.chips)
        given = {"began": began.isoformat(), "ended": ended.isoformat(), "log": self.log}
        return self.hub.do(THE_HUB, f"compute.job.{step}", job=job, ending=ending, **given)
