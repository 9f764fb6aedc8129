"""What computing tells the plan, against a count kept by the test while it drives the centre at random."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from compute.desk import HOUR, Desk

from hutong.kernel.measure import MEASURES, Fact
from hutong.modules.compute.models import Allocation
from hutong.platform.ledger.tables import Event


def facts(name: str) -> list[Fact]:
    return list(MEASURES[f"compute.{name}"].facts())


def proven(found: list[Fact], *operations: str) -> None:
    """Each fact rests on an event of these operations on its own record, at the moment of that event."""
    for fact in found:
        event = Event.objects.get(seq=fact.event)
        assert event.operation in operations and event.subject == fact.label
        assert fact.record.endswith(f":{event.subject}")
        assert fact.valid_from == event.valid_at and fact.recorded_at == event.recorded_at


@dataclass
class Count:
    """What the test saw happen."""

    awarded: list[int] = field(default_factory=list)
    delivered: Counter[tuple[str, str]] = field(default_factory=Counter)
    finished: int = 0
    waits: int = 0


def drive(desk: Desk, pools: list[Any], chance: random.Random) -> Count:
    count, hours = Count(), []
    for number in range(6):
        pool = pools[number % len(pools)]
        asked = desk.ask("5", pool=pool)
        if chance.random() < 0.3:
            desk.operate("reject", asked, reason="Full.")
            continue
        ms = chance.randint(3 * HOUR, 5 * HOUR)
        desk.operate("approve", asked, hours=f"{ms} ms", reason="Free.")
        count.awarded.append(ms)
        hours.append(desk.operate("activate", asked))
    for _ in range(12):
        job = desk.submit(chance.choice(hours), chips=chance.choice((1, 2)), limit_s=600)
        desk.hub.clock.advance(timedelta(seconds=chance.randint(0, 500)))
        if chance.random() < 0.25:
            desk.hub.do(desk.engineer, "compute.job.cancel", job=job)
            continue
        desk.start(job)
        count.waits += 1
        metered = chance.randint(0, job.held_ms * 5 // 4) // job.chips * job.chips
        well = chance.random() < 0.7
        desk.end(job, metered, well=well)
        count.finished += well
        pool = job.allocation.pool
        key = ("yes" if pool.domestic else "no", pool.centre.region)
        count.delivered[key] += min(metered, job.held_ms)
    return count


@pytest.mark.parametrize("seed", range(3))
def test_hours_and_jobs_are_counted_as_they_happened(desk: Desk, seed: int) -> None:
    do, operator = desk.hub.do, desk.operator
    south = do(operator, "compute.centre.register", name_en="S", name_zh="南", region="310000")
    given = {"chip": "NPU", "chips": 4, "price": "2", "domestic": "yes"}
    other = do(operator, "compute.pool.open", centre=south, **given)
    count = drive(desk, [desk.pool, other], random.Random(seed))

    awarded = facts("chip_hours_awarded")
    assert sorted(f.amount for f in awarded) == sorted(Fraction(ms, HOUR) for ms in count.awarded)
    proven(awarded, "compute.allocation.approve")

    delivered = facts("chip_hours_delivered")
    sums: Counter[tuple[str, str]] = Counter()
    for fact in delivered:
        sums[fact.dims["domestic"], fact.dims["region"]] += fact.amount * HOUR
    assert sums == count.delivered and len(delivered) == count.waits
    proven(delivered, "compute.job.finish", "compute.job.fail")

    finished = facts("jobs_finished")
    assert len(finished) == sum(f.amount for f in finished) == count.finished
    proven(finished, "compute.job.finish")


def test_the_wait_of_a_job_is_from_its_submission_to_its_start(desk: Desk) -> None:
    allocation = desk.active("2")
    job = desk.submit(allocation, limit_s=60)
    submitted = Event.objects.get(operation="forge.build.submit").recorded_at
    desk.hub.clock.advance(timedelta(hours=3, milliseconds=250))
    desk.submit(allocation, limit_s=60)
    desk.start(job)
    started = Event.objects.get(operation="compute.job.start").recorded_at
    (wait,) = facts("job_wait")
    assert wait.amount == Fraction((started - submitted) // timedelta(milliseconds=1), 1000)
    assert wait.amount > 3 * 3600 and wait.amount.denominator > 1
    proven([wait], "compute.job.start")


def test_centres_and_chips_count_from_opening_to_closing(desk: Desk) -> None:
    do, operator, centre = desk.hub.do, desk.operator, desk.pool.centre
    many = do(operator, "compute.pool.open", centre=centre, chip="NPU", chips=16, price="2", domestic=True)
    desk.hub.clock.advance(timedelta(days=1))
    do(operator, "compute.pool.close", pool=desk.pool, reason="Retired.")
    desk.hub.clock.advance(timedelta(days=1))
    do(operator, "compute.pool.close", pool=many, reason="Retired.")
    do(operator, "compute.centre.close", centre=centre, reason="Retired.")

    def when(operation: str, code: str) -> datetime:
        return Event.objects.get(operation=operation, subject=code).recorded_at

    chips, centres = facts("pool_chips"), facts("centres_active")
    assert [(f.amount, dict(f.dims)) for f in chips] == [
        (2, {"chip": "CPU core", "domestic": "no", "region": "110000"}),
        (16, {"chip": "NPU", "domestic": "yes", "region": "110000"}),
    ]
    for fact, pool in zip(chips, (desk.pool, many), strict=True):
        assert fact.valid_to == when("compute.pool.close", pool.code)
    assert [f.valid_to for f in centres] == [when("compute.centre.close", centre.code)]
    proven(chips, "compute.pool.open")
    proven(centres, "compute.centre.register")
    noon = chips[0].valid_to + timedelta(hours=12)
    assert sum(f.amount for f in chips if f.lasts(noon)) == 16
    assert sum(f.amount for f in centres if f.lasts(noon)) == 1


def test_what_only_waits_counts_as_nothing(desk: Desk) -> None:
    asked = desk.ask("5")
    assert facts("chip_hours_awarded") == []
    desk.operate("approve", asked, hours="5", reason="Free.")
    job = desk.submit(desk.operate("activate", asked), limit_s=60)
    assert facts("job_wait") == facts("jobs_finished") == facts("chip_hours_delivered") == []
    desk.start(job)
    assert len(facts("job_wait")) == 1 and facts("chip_hours_delivered") == []
    assert Allocation.objects.get(pk=asked.pk).state == "active"


def test_capacity_is_the_published_peak_of_the_chips_on_offer_and_of_no_others(desk: Desk) -> None:
    given = {"centre": desk.pool.centre, "price": "2"}
    for chip, chips in (("a100", 8), ("a100-80gb:1g.10gb", 7), ("t4:1/2", 3), ("unheard of", 100)):
        desk.hub.do(desk.operator, "compute.pool.open", chip=chip, chips=chips, **given)
    found = facts("capacity_fp16")
    # NVIDIA: 312 TFLOPS of an A100, 65 of a T4. The desk's CPU cores have no published peak.
    assert [(f.dims["chip"], f.amount) for f in found] == [
        ("a100", Fraction(8 * 312, 1000)),
        ("a100-80gb:1g.10gb", Fraction(312, 1000)),
        ("t4:1/2", Fraction(3 * 65, 2000)),
    ]
    proven(found, "compute.pool.open")
