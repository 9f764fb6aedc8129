"""Hours as people write them, the award as their limit, and what a closed pool or centre still gives."""

from __future__ import annotations

from typing import Any

import pytest
from compute.desk import HOUR, Desk
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid, NotFound
from hutong.modules.compute.money import book

UNREADABLE = ["NaN", "Infinity", "-inf", "1e3", "0x10", "1/2", "十", "1,00", "", " ", "12 days", float("nan"), float("inf")]  # fmt: skip
RULES = {"": "input.required", " ": "input.required", "12 days": "chip_time.unit"}


def rule_of(raw: Any) -> str:
    return RULES.get(raw, "quantity.form")


@pytest.mark.parametrize("raw", UNREADABLE, ids=repr)
def test_what_is_no_number_of_hours_is_refused_at_each_step(desk: Desk, raw: Any) -> None:
    with refused(Invalid, rule_of(raw), "hours"):
        desk.ask(raw)
    asked = desk.ask("5")
    with refused(Invalid, rule_of(raw), "hours"):
        desk.operate("approve", asked, hours=raw, reason="Free.")
    asked.refresh_from_db()
    assert (asked.state, asked.granted_ms) == ("submitted", 0)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("-1", "quantity.negative"),
        ("－１", "quantity.negative"),
        ("−1 h", "quantity.negative"),
        ("0", "allocation.hours"),
        ("-0", "allocation.hours"),
        ("0.0000001", "quantity.too_fine"),
        (0.1 + 0.2, "quantity.too_fine"),
        ("99999999999999999999", "quantity.too_large"),
    ],
)
def test_hours_are_more_than_zero_exact_and_fit_the_book(desk: Desk, raw: Any, rule: str) -> None:
    with refused(Invalid, rule, "hours"):
        desk.ask(raw)
    asked = desk.ask("5")
    with refused(Invalid, rule, "hours"):
        desk.operate("approve", asked, hours=raw, reason="Free.")


@pytest.mark.parametrize(
    ("raw", "ms"),
    [
        ("１２", 12 * HOUR),
        ("１２．５", 12 * HOUR + HOUR // 2),
        ("３卡时", 3 * HOUR),
        ("90 min", HOUR * 3 // 2),
        ("0.004 千卡时", 4 * HOUR),
        ("1 ms", 1),
        (0.25, HOUR // 4),
        (7, 7 * HOUR),
    ],
)
def test_the_same_hours_are_written_in_many_ways(desk: Desk, raw: Any, ms: int) -> None:
    allocation = desk.active(raw)
    assert (allocation.requested_ms, allocation.granted_ms) == (ms, ms)
    assert book.balances(allocation) == {"source": -ms, "free": ms, "held": 0, "used": 0}


def test_the_award_is_the_limit_to_the_millisecond(desk: Desk) -> None:
    with refused(Exhausted, "allocation.beyond_award", "hours"):
        desk.ask(f"{40 * HOUR + 1} ms")
    desk.ask("25")
    with refused(Exhausted, "allocation.beyond_award", "hours"):
        desk.ask(f"{15 * HOUR + 1} ms")
    assert desk.ask("15").requested_ms == 15 * HOUR
    with refused(Exhausted, "allocation.beyond_award", "hours"):
        desk.ask("1 ms")


def test_what_is_rejected_or_cut_can_be_asked_for_again(desk: Desk) -> None:
    first, second = desk.ask("25"), desk.ask("15")
    desk.operate("reject", first, reason="Full.")
    desk.operate("approve", second, hours="5", reason="Less.")
    assert desk.ask("35").state == "submitted"
    with refused(Exhausted, "allocation.beyond_award", "hours"):
        desk.ask("1 ms")


def test_no_more_is_approved_than_was_asked_for(desk: Desk) -> None:
    asked = desk.ask("5")
    with refused(Invalid, "allocation.more_than_asked", "hours"):
        desk.operate("approve", asked, hours=f"{5 * HOUR + 1} ms", reason="Generous.")
    with refused(Conflict, "lifecycle.allocation.activate", "state"):
        desk.operate("activate", asked)
    assert book.balances(asked) == {}


def test_a_job_takes_all_that_is_free_and_not_a_second_more(desk: Desk) -> None:
    allocation = desk.active("2")
    with refused(Exhausted, "account.overdrawn", "limit_s"):
        desk.submit(allocation, chips=2, limit_s=3601)
    desk.submit(allocation, chips=2, limit_s="３６００")
    assert book.balances(allocation)["free"] == 0
    with refused(Exhausted, "account.overdrawn", "limit_s"):
        desk.submit(allocation, limit_s=1)


@pytest.mark.parametrize(
    ("given", "rule", "field"),
    [
        ({"limit_s": 0}, "job.limit", "limit_s"),
        ({"limit_s": -60}, "job.limit", "limit_s"),
        ({"limit_s": 30 * 24 * 3600 + 1}, "job.limit", "limit_s"),
        ({"limit_s": 10**17}, "job.limit", "limit_s"),
        ({"limit_s": "NaN"}, "input.integer", "limit_s"),
        ({"limit_s": "1e3"}, "input.integer", "limit_s"),
        ({"limit_s": 1.5}, "input.integer", "limit_s"),
        ({"chips": 0}, "job.chips", "chips"),
        ({"chips": -1}, "job.chips", "chips"),
        ({"chips": 3}, "job.chips", "chips"),
        ({"chips": "inf"}, "input.integer", "chips"),
    ],
)
def test_a_job_outside_its_pool_or_its_limits_is_refused(
    desk: Desk, given: dict[str, Any], rule: str, field: str
) -> None:
    allocation = desk.active("2")
    with refused(Invalid, rule, field):
        desk.submit(allocation, **given)
    assert book.balances(allocation)["free"] == 2 * HOUR


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"chips": 0}, "pool.chips", "chips"),
        ({"chips": "-2"}, "pool.chips", "chips"),
        ({"chips": 1_000_001}, "pool.chips", "chips"),
        ({"chips": "NaN"}, "input.integer", "chips"),
        ({"price": "-0.01"}, "quantity.negative", "price"),
        ({"price": "NaN"}, "quantity.form", "price"),
        ({"price": "∞"}, "quantity.form", "price"),
        ({"price": "3.505"}, "money.decimals", "price"),
    ],
)
def test_a_pool_has_chips_and_a_price_in_fen(
    desk: Desk, change: dict[str, Any], rule: str, field: str
) -> None:
    given = {"centre": desk.pool.centre, "chip": "NPU", "chips": "１６", "price": "３．５０"}
    opened = desk.hub.do(desk.operator, "compute.pool.open", **given)
    assert (opened.chips, opened.price_fen) == (16, 350)
    with refused(Invalid, rule, field):
        desk.hub.do(desk.operator, "compute.pool.open", **{**given, **change})


def test_a_closed_pool_gives_no_new_hours_and_leaves_the_old(desk: Desk) -> None:
    running, waiting = desk.active("2"), desk.ask("3")
    desk.hub.do(desk.operator, "compute.pool.close", pool=desk.pool, reason="Retired.")
    with refused(Conflict, "allocation.pool_closed", "pool"):
        desk.ask("1")
    with refused(Conflict, "allocation.pool_closed"):
        desk.operate("approve", waiting, hours="3", reason="Free.")
    assert desk.operate("reject", waiting, reason="The pool is closed.").state == "rejected"
    job = desk.submit(running)
    desk.start(job)
    desk.end(job, HOUR)
    assert book.balances(running)["used"] == HOUR
    with refused(Conflict, "lifecycle.pool.close", "state"):
        desk.hub.do(desk.operator, "compute.pool.close", pool=desk.pool, reason="Again.")


def test_a_centre_closes_after_its_pools_and_opens_none_afterwards(desk: Desk) -> None:
    centre, do = desk.pool.centre, desk.hub.do
    with refused(Conflict, "centre.open_pools"):
        do(desk.operator, "compute.centre.close", centre=centre, reason="Moved.")
    do(desk.operator, "compute.pool.close", pool=desk.pool, reason="Moved.")
    do(desk.operator, "compute.centre.close", centre=centre, reason="Moved.")
    with refused(Conflict, "needs.compute.pool.open", "state"):
        do(desk.operator, "compute.pool.open", centre=centre, chip="NPU", chips=1, price="1")
    with refused(Conflict, "lifecycle.centre.close", "state"):
        do(desk.operator, "compute.centre.close", centre=centre, reason="Again.")


def test_hours_of_a_closed_allocation_are_not_spent(desk: Desk) -> None:
    allocation = desk.active("2")
    job = desk.submit(allocation)
    with refused(Conflict, "allocation.open_jobs"):
        desk.operate("close", allocation, reason="Done.")
    desk.hub.do(desk.engineer, "compute.job.cancel", job=job)
    desk.operate("close", allocation, reason="Done.")
    with refused(Conflict, "job.allocation", "allocation"):
        desk.submit(allocation)
    assert book.balances(allocation) == {"source": -2 * HOUR, "free": 2 * HOUR, "held": 0, "used": 0}


def test_an_award_that_is_closed_gives_no_hours(desk: Desk) -> None:
    desk.hub.do(desk.lane.people["office2"], "calls.award.close", award=desk.award, reason="Over.")
    with refused(Conflict, "needs.compute.allocation.request", "state"):
        desk.ask("1")


def test_another_centre_decides_nothing_here(desk: Desk) -> None:
    stranger, asked = desk.stranger(), desk.ask("5")
    for step, given in (("approve", {"hours": "5", "reason": "x"}), ("reject", {"reason": "x"})):
        with refused(NotFound, "record.unknown", "allocation"):
            desk.hub.do(stranger, f"compute.allocation.{step}", allocation=asked, **given)
    # Everybody sees a pool, and only its own operator may close it.
    with refused(Denied, "compute:pool:close"):
        desk.hub.do(stranger, "compute.pool.close", pool=desk.pool, reason="x")
    with refused(Denied, "compute:allocation:approve"):
        desk.hub.do(desk.engineer, "compute.allocation.approve", allocation=asked, hours="5", reason="x")
