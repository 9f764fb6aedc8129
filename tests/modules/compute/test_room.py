"""A pool runs no more jobs at once than it has chips, and a job that waits says why."""

from __future__ import annotations

from compute.desk import Desk
from refusals import refused

from hutong.kernel.errors import Exhausted
from hutong.modules.compute.queries import why_not_yet


def test_a_job_waits_until_the_chips_it_needs_are_free(desk: Desk) -> None:
    allocation = desk.active("10")
    first, second = desk.submit(allocation, chips=2, limit_s=60), desk.submit(allocation, chips=1, limit_s=60)
    assert "There is room" in why_not_yet(second).en
    desk.start(first)
    assert "2 of 2 are at work" in why_not_yet(second).en and "2在用" in why_not_yet(second).zh
    with refused(Exhausted, "pool.busy", "job"):
        desk.start(second)
    desk.end(first, 1000)
    assert desk.start(second).state == "running"
    assert why_not_yet(second.__class__.objects.get(pk=second.pk)) is None


def test_jobs_of_several_allocations_share_the_chips_of_a_pool(desk: Desk) -> None:
    jobs = [desk.submit(desk.active("1"), chips=1, limit_s=60) for _ in range(3)]
    for job in jobs[:2]:
        desk.start(job)
    with refused(Exhausted, "pool.busy", "job"):
        desk.start(jobs[2])
    desk.end(jobs[0], 1000, well=False)
    assert desk.start(jobs[2]).state == "running"
