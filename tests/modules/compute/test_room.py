"""A pool runs no more jobs at once than it has chips, and a job that waits says why."""

from __future__ import annotations

from compute.desk import Desk
from refusals import refused

from hutong.kernel.errors import Exhausted
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.outlook import lead


def test_a_job_waits_until_the_chips_it_needs_are_free(desk: Desk) -> None:
    allocation = desk.active("10")
    first, second = desk.submit(allocation, chips=2, limit_s=60), desk.submit(allocation, chips=1, limit_s=60)
    desk.start(first)
    turn()
    second.refresh_from_db()
    said = lead(second)
    assert said is not None and "POL-0001 is 1 chip short" in said.en and "As asked: " in said.en
    assert "还差1块芯片" in said.zh and "按原申请" in said.zh
    with refused(Exhausted, "pool.busy", "job"):
        desk.start(second)
    desk.end(first, 1000)
    assert desk.start(second).state == "running"
    second.refresh_from_db()
    assert lead(second) is None


def test_jobs_of_several_allocations_share_the_chips_of_a_pool(desk: Desk) -> None:
    jobs = [desk.submit(desk.active("1"), chips=1, limit_s=60) for _ in range(3)]
    for job in jobs[:2]:
        desk.start(job)
    with refused(Exhausted, "pool.busy", "job"):
        desk.start(jobs[2])
    desk.end(jobs[0], 1000, well=False)
    assert desk.start(jobs[2]).state == "running"
