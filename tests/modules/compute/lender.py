"""A centre that lends, its guest and its own users: the guest's chips are called back as soon as an own job has a right."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from compute.commands import CommandDesk
from django.utils import timezone

from hutong.kernel.permission import THE_HUB, Actor, Role
from hutong.modules.compute.broker.centres import adapter_of, name_of
from hutong.modules.compute.models import Allocation, Attempt, Job
from hutong.platform import jobs

CHIPS = 4
TERM = {"valid_from": "2026-01-01", "valid_to": "2099-12-31"}

# Counts to eighty with a pause, saves where it is told to (mode "saves"), and begins where it left off.
COUNTS = """
import pathlib, signal, sys, time
mode, place = sys.argv[1], pathlib.Path("at")
at, told = int(place.read_text()) if place.exists() else 0, []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
print("from", at, flush=True)
while at < 80:
    time.sleep(0.05)
    at += 1
    if told and mode == "saves":
        place.write_text(str(max(at, 75)))
        sys.exit(85)
    if told and mode == "dies":
        sys.exit(1)
print("done", flush=True)
"""


class Lender(CommandDesk):
    """The desk, whose jobs are guests at the centre South: four chips at 1.00 an hour, all lent at first."""

    def __init__(self, hub: Any, *, notice_min: int = 10) -> None:
        super().__init__(hub)
        self.notice_min = notice_min
        self.south: Actor = hub.actor(Role.CENTRE_OPERATOR, hub.organisation("South"))
        self.centre = hub.do(self.south, "compute.centre.register", name_en="South", name_zh="南中心")
        given = {"centre": self.centre, "chip": "CPU core", "chips": CHIPS, "price": "1.00"}
        self.lent = hub.do(self.south, "compute.pool.open", **given)
        self.terms = self.agree("0%", "100%")
        self.guests = self.active("6")
        self.own = self._own()
        self.script = hub.store(COUNTS.encode(), "counts.py", "text/x-python")

    def agree(self, guaranteed: str, lendable: str) -> Any:
        given = {"guaranteed": guaranteed, "lendable": lendable, "notice_min": self.notice_min, **TERM}
        offered = self.hub.do(self.south, "compute.agreement.offer", centre=self.centre, **given)
        return self.hub.do(self.lane.office, "compute.agreement.sign", agreement=offered)

    def keep_all(self) -> None:
        """From now on the centre keeps all its chips for its own users; guests that run go on."""
        self.hub.do(self.south, "compute.agreement.close", agreement=self.terms, reason="Needed at home.")
        self.terms = self.agree("100%", "0%")

    def _own(self) -> Allocation:
        asked = self.ask("20", pool=self.lent)
        self.hub.do(self.south, "compute.allocation.approve", allocation=asked, hours="20", reason="Ours.")
        made: Allocation = self.hub.do(self.south, "compute.allocation.activate", allocation=asked)
        return made

    def guest(self, mode: str, *, chips: int = CHIPS, limit_s: int = 3000, **given: Any) -> Job:
        """A guest's job that counts, at work at the lender."""
        words = ("python3", "counts.py", mode)
        job = self.order(
            self.guests, *words, files={"counts.py": self.script}, chips=chips, limit_s=limit_s, **given
        )
        self.until(lambda: self.at_work(job))
        job.refresh_from_db()
        assert job.pool_id == self.lent.pk
        return job

    def home(self, *, chips: int = CHIPS, limit_s: int = 60) -> Job:
        """A job of the lender's own users that ends at once."""
        return self.order(self.own, "true", chips=chips, limit_s=limit_s)

    def look(self) -> None:
        """One turn of the hub, and what it asks for."""
        jobs.drain(wait=False)

    def until(self, holds: Callable[[], Any], patience_s: float = 60.0) -> None:
        ends = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < ends
            self.look()
            time.sleep(0.05)

    def at_work(self, job: Job) -> bool:
        """Whether the program of the job has begun to count."""
        attempt = job.attempts.exclude(state="ended").select_related("pool__centre").first()
        if attempt is None:
            return False
        place = adapter_of(attempt.pool.centre).log(name_of(attempt))
        return place is not None and place.exists() and b"from" in place.read_bytes()

    def due(self, job: Job) -> Attempt:
        """Let the notice of a job that was called back end now."""
        attempt: Attempt = job.attempts.exclude(state="ended").get()
        assert attempt.recall == "guarantee"
        Attempt.objects.filter(pk=attempt.pk).update(due_at=timezone.now() - timedelta(seconds=1))
        return attempt

    def called(self, job: Job) -> bool:
        return job.attempts.exclude(recall="").exists()

    def recall(self, job: Job, *, minutes: int = 60, lost_ms: int = 0) -> None:
        """A recall as the broker would write it."""
        due = timezone.now() + timedelta(minutes=minutes)
        given = {"due": due.isoformat(), "why": "guarantee", "for_whom": "JOB-9999", "lost_ms": lost_ms}
        self.hub.do(THE_HUB, "compute.job.recall", job=job, **given)
