"""A desk whose own machine runs people's commands, and jobs that say what they are to run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compute.desk import Desk
from django.conf import settings

from hutong.kernel.permission import Actor, Role
from hutong.modules.compute.models import Job

FORM = "hutong-job/1"
ADMITTING = "local: {engine: local, commands: true}\n"


def connections_file() -> Path:
    return Path(settings.HUTONG_HOME) / "centres.yaml"


class CommandDesk(Desk):
    """The desk of `compute.desk`, at whose centre commands are admitted."""

    def __init__(self, hub: Any) -> None:
        connections_file().write_text(ADMITTING, encoding="utf-8")
        super().__init__(hub)

    def order(self, allocation: Any, *command: Any, **given: Any) -> Job:
        """Submit a command; files, results and form belong to its description, the rest to the job."""
        work = {"form": FORM, "command": list(command)}
        work |= {part: given.pop(part) for part in ("form", "files", "results") if part in given}
        return self.send(work, allocation=allocation, **given)

    def send(self, work: Any, **given: Any) -> Job:
        """Submit a description as it is."""
        made: Job = self.hub.do(self.engineer, "compute.job.submit", work=work, **{"limit_s": 60, **given})
        return made

    def done(self, job: Job) -> Job:
        """The job after all work."""
        self.hub.work()
        job.refresh_from_db()
        return job


class Neighbouring:
    """A second centre that runs commands too: four chips at 1.00 an hour. It lends nothing before `agree`."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.hub = desk, desk.hub
        self.operator: Actor = self.hub.actor(Role.CENTRE_OPERATOR, self.hub.organisation("South"))
        self.centre = self.hub.do(self.operator, "compute.centre.register", name_en="South", name_zh="南中心")
        given = {"centre": self.centre, "chip": "CPU core", "chips": 4, "price": "1.00"}
        self.pool = self.hub.do(self.operator, "compute.pool.open", **given)

    def agree(self) -> None:
        terms = {"guaranteed": "0%", "lendable": "100%", "notice_min": 60}
        term = {"valid_from": "2026-01-01", "valid_to": "2099-12-31"}
        offered = self.hub.do(self.operator, "compute.agreement.offer", centre=self.centre, **terms, **term)
        self.hub.do(self.desk.lane.office, "compute.agreement.sign", agreement=offered)
