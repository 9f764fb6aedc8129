"""Elastic jobs with real programs: they grow when others end, make room when somebody comes, and lose no work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from compute.commands import CommandDesk, Neighbouring
from refusals import refused

from hutong.engines.broker.decide.picture import Sizing
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker import picture as drawn
from hutong.modules.compute.broker.centres import adapter_of, name_of
from hutong.modules.compute.contract import audit_books, replay_decisions
from hutong.modules.compute.execution import folder_of
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.money import book
from hutong.modules.compute.queries import at_work
from hutong.platform import files, jobs

pytestmark = pytest.mark.timeout(300)

# Each tenth of a second it does as many units of work as it has chips, and writes them down; told to end, it ends.
COUNTS = """
import os, pathlib, signal, sys, time
units, chips, told, done = int(sys.argv[1]), int(os.environ["HUTONG_CHIPS"]), [], pathlib.Path("done.txt")
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
at = len(done.read_text().splitlines()) if done.exists() else 0
print("from", at, "on", chips, flush=True)
while at < units:
    time.sleep(0.1)
    with done.open("a") as out:
        for unit in range(at, min(at + chips, units)):
            print(unit, file=out)
    at = min(at + chips, units)
    if told and at < units:
        sys.exit(85)
"""
WAITS = ("sh", "-c", "while [ ! -e over ]; do sleep 0.1; done")


class Yard(CommandDesk):
    """The desk, and hours on four chips of the centre South, which lends nothing."""

    def __init__(self, hub: Any) -> None:
        super().__init__(hub)
        self.south = Neighbouring(self)
        asked = self.ask("20", pool=self.south.pool)
        given = {"allocation": asked, "hours": "20", "reason": "Free."}
        hub.do(self.south.operator, "compute.allocation.approve", **given)
        self.hours = hub.do(self.south.operator, "compute.allocation.activate", allocation=asked)
        self.script = hub.store(COUNTS.encode(), "counts.py", "text/x-python")

    def counts(self, units: int = 20, **given: Any) -> Job:
        asked = {"chips": 1, "chips_most": 4, "limit_s": 900, "checkpoint_s": 6, **given}
        work = {"files": {"counts.py": self.script}, "results": ["done.txt"]}
        return self.order(self.hours, "python3", "counts.py", str(units), **work, **asked)

    def waits(self, chips: int) -> Job:
        return self.order(self.hours, *WAITS, chips=chips, limit_s=600)

    def over(self, job: Job) -> None:
        (folder_of(job.code) / "over").touch()

    def until(self, holds: Callable[[], Any], patience_s: float = 60.0) -> None:
        ends = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < ends, list(Attempt.objects.values())
            jobs.drain(wait=False)
            time.sleep(0.05)

    def on(self, job: Job, chips: int) -> bool:
        """Whether the job's program has said that it runs on so many chips."""
        attempt = job.attempts.exclude(state="ended").select_related("pool__centre").first()
        if attempt is None or attempt.chips != chips:
            return False
        log = adapter_of(attempt.pool.centre).log(name_of(attempt))
        return log is not None and log.exists() and f"on {chips}".encode() in log.read_bytes()


@pytest.fixture
def yard(hub: Any) -> Yard:
    return Yard(hub)


def test_it_grows_when_others_end_shrinks_when_somebody_comes_and_does_all_its_work_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A change is weighed against the time that the size lasts at least.
    monkeypatch.setattr(drawn, "SIZING", Sizing(stay_ms=6000, restart_ms=0))
    other = yard.waits(3)
    yard.until(lambda: other.attempts.exists())
    job = yard.counts(600)
    assert job.held_ms == 4 * 900 * 1000
    yard.until(lambda: yard.on(job, 1))
    assert at_work(yard.south.pool) == 4
    yard.over(other)
    yard.until(lambda: yard.on(job, 4))
    comer = yard.waits(2)
    yard.until(lambda: yard.on(job, 2) and comer.attempts.exists())
    assert at_work(yard.south.pool) == 4
    yard.over(comer)
    yard.hub.work()
    job.refresh_from_db()
    assert job.state == "finished"
    sizes = list(job.attempts.order_by("pk").values_list("chips", "recall", "lost_ms", "ending"))
    assert sizes[:2] == [(1, "resize", 0, "recalled"), (4, "resize", 0, "recalled")] and sizes[2][0] == 2
    assert sizes[-1][3] == "finished"
    done = files.read(job.results["done.txt"]).decode().split()
    assert done == [str(n) for n in range(600)]
    _exact(job)
    assert audit_books() and all(f.holds for f in audit_books())
    assert replay_decisions(2).faults == () and book.sound()


def _exact(job: Job) -> None:
    """Each segment has the chips of its attempt, and its chip-time is theirs; the job paid their sum and no more."""
    parts = list(job.segments.select_related("attempt").order_by("began_at"))
    assert len(parts) == job.attempts.count()
    for part in parts:
        assert part.attempt is not None and part.chips == part.attempt.chips
        span = round((part.ended_at - part.began_at).total_seconds() * 1000)
        assert part.native_ms == part.used_ms == part.chips * span > 0
    assert job.used_ms == sum(p.used_ms for p in parts) <= job.held_ms
    assert job.cost_fen == sum(p.cost_fen for p in parts)
    held = sum(p.amount_ms for p in job.postings.filter(account__kind="held"))
    used = sum(p.amount_ms for p in job.postings.filter(account__kind="used"))
    assert (held, used) == (0, job.used_ms)


def test_without_checkpoints_it_keeps_the_size_that_it_started_with(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "SIZING", Sizing(stay_ms=0, restart_ms=0))
    job = yard.counts(60, checkpoint_s=0, chips_most=3)
    yard.until(lambda: yard.on(job, 2))
    comer = yard.waits(3)
    jobs.drain(wait=False)
    assert not comer.attempts.exists() and job.attempts.get().recall == ""
    yard.hub.do(yard.engineer, "compute.job.cancel", job=comer)
    yard.hub.work()
    job.refresh_from_db()
    assert job.state == "finished" and job.attempts.count() == 1


def test_equal_jobs_of_an_array_share_the_pool(yard: Yard) -> None:
    first = yard.counts(copies=2)
    jobs.drain(wait=False)
    assert list(Attempt.objects.filter(job__gte=first.pk).values_list("chips", flat=True)) == [2, 2]
    yard.hub.work()


@pytest.mark.parametrize("most", [0, 5, 1_000_000])
def test_a_size_that_no_pool_has_is_refused(yard: Yard, most: int) -> None:
    with refused(Invalid, "job.chips_most", "chips_most"):
        yard.counts(chips=2, chips_most=most)
    # The least is no range: the job is like any other.
    assert yard.counts(chips=2, chips_most=2).chips_most is None


def test_hours_named_are_all_that_is_set_aside_and_all_that_it_grows_by(yard: Yard) -> None:
    """Half an hour at one chip, three quarters of a chip-hour: one chip may be two for a part, never for the whole."""
    with refused(Invalid, "job.hours", "hours"):
        yard.counts(limit_s=1800, hours="0.4999 h")
    job = yard.counts(limit_s=1800, hours="0.75 h")
    assert job.held_ms == 2_700_000 and book.balances(yard.hours)["held"] == 2_700_000
    seen = drawn.picture(yard.hub.clock.now())
    assert [(a.chips, a.most) for a in seen.waiting] == [(1, 1)]
    with refused(Conflict, "job.size", "chips"):
        yard.hub.do(THE_HUB, "compute.job.start", job=job, pool=yard.south.pool, chips=2)
    assert yard.counts(limit_s=1800, hours="90").held_ms == 4 * 1_800_000
    enough = yard.counts(limit_s=1800, hours="1 h")
    yard.hub.do(THE_HUB, "compute.job.start", job=enough, pool=yard.south.pool, chips=2)
    assert enough.attempts.get().chips == 2
    yard.hub.work()
