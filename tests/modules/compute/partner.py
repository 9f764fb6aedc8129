"""A second centre beside the desk's: chips of its own, an agreement, jobs of the desk's users that ran there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from compute.desk import HOUR, Desk

from hutong.kernel.permission import THE_HUB, Actor, Role
from hutong.modules.compute.models import Job, Statement


class Neighbour:
    """A centre in Shanghai with eight chips at 1.00 an hour, that lends half of them."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.hub = desk, desk.hub
        self.operator: Actor = self.hub.actor(Role.CENTRE_OPERATOR, self.hub.organisation("South"))
        named = {"name_en": "South", "name_zh": "南中心", "region": "310000", "pue": 1210}
        self.centre = self.hub.do(self.operator, "compute.centre.register", **named)
        given = {"centre": self.centre, "chip": "CPU core", "chips": 8, "price": "1.00"}
        self.pool = self.hub.do(self.operator, "compute.pool.open", **given)

    def agree(self) -> Any:
        shares = {"guaranteed": "50%", "lendable": "50%", "notice_min": 60}
        term = {"valid_from": "2026-01-01", "valid_to": "2099-12-31"}
        offered = self.hub.do(self.operator, "compute.agreement.offer", centre=self.centre, **shares, **term)
        return self.hub.do(self.desk.lane.office, "compute.agreement.sign", agreement=offered)

    def hosted(self, allocation: Any, *, chips: int = 2) -> Job:
        """A job of the desk's users that ran here for an hour."""
        job = self.desk.submit(allocation, chips=chips, limit_s=7200)
        self.hub.do(THE_HUB, "compute.job.start", job=job, pool=self.pool)
        self.desk.end(job, chips * HOUR)
        self.hub.clock.advance(timedelta(hours=2))
        job.refresh_from_db()
        return job

    def accepted(self, job: Job) -> Statement:
        """The statement that claims it, accepted by the office."""
        assert job.ended_at is not None
        period = {"begins": job.ended_at - timedelta(days=1), "ends": job.ended_at + timedelta(hours=1)}
        given = {key: at.isoformat() for key, at in period.items()}
        claim = self.hub.do(self.operator, "compute.statement.submit", centre=self.centre, **given)
        made: Statement = self.hub.do(self.desk.lane.office, "compute.statement.accept", statement=claim)
        return made
