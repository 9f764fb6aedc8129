"""Balances between centres, the voucher desk, and experiments on the past."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from compute.desk import HOUR, Desk
from compute.partner import Neighbour
from compute.test_pages import body, client_of, words
from compute.test_vouchers import Desk as Counter
from django.utils import timezone
from refusals import refused

from hutong.engines.broker.decide import decide, replay
from hutong.engines.broker.money import Owed, to_ms
from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.permission import THE_HUB, Role
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.experiments import period as experiments
from hutong.modules.compute.experiments.sums import nearest_rank
from hutong.modules.compute.models import Experiment, Job
from hutong.modules.compute.show.partners import Stay, debts, peak, position


@pytest.fixture
def neighbour(desk: Desk) -> Neighbour:
    return Neighbour(desk)


def test_a_job_is_owed_once_its_statement_is_accepted_and_no_longer_when_settled(
    desk: Desk, neighbour: Neighbour
) -> None:
    neighbour.agree()
    hours = desk.active("30")
    job = neighbour.hosted(hours)
    home = desk.submit(hours, chips=1, limit_s=3600)
    desk.start(home)
    desk.end(home, HOUR)
    assert job.cost_fen == 200 and debts() == []
    statement = neighbour.accepted(job)
    assert debts() == [Owed("CTR-0001", "CTR-0002", 200)]
    owes = words(body(desk.operator, "/compute/centre/CTR-0001/partners"))
    assert "owed to others CNY 2.00" in owes and "to pay CNY 2.00" in owes
    gets = words(body(neighbour.operator, "/compute/centre/CTR-0002/partners"))
    assert "others owe CNY 2.00" in gets and "to receive CNY 2.00" in gets and "of at most 4" in gets
    assert "他方应付 2.00 元" in words(body(neighbour.operator, "/compute/centre/CTR-0002/partners", "zh"))
    desk.hub.do(desk.lane.office, "compute.statement.settle", statement=statement)
    assert debts() == []


def test_only_the_centre_and_the_office_see_its_balance(desk: Desk, neighbour: Neighbour) -> None:
    path = "/compute/centre/CTR-0001/partners"
    for actor in (desk.operator, desk.lane.office):
        assert client_of(actor).get(path).status_code == 200
        assert path in body(actor, "/compute/centre/CTR-0001")
    for actor in (None, neighbour.operator, desk.engineer):
        assert client_of(actor).get(path).status_code == 403
        assert path not in body(actor, "/compute/centre/CTR-0001")


def test_balances_are_offset_pair_by_pair_and_over_all() -> None:
    owed = [Owed("A", "B", 70), Owed("B", "A", 20), Owed("B", "C", 50)]
    stands = position("B", owed)
    assert (stands.receives, stands.pays, stands.net_of, stands.net) == (
        {"A": 70},
        {"A": 20, "C": 50},
        {"A": 50, "C": -50},
        0,
    )
    assert stands.transfers == ()
    assert position("A", owed).transfers == (Owed("A", "C", 50),)


def test_the_peak_of_what_was_lent_counts_what_was_held_at_once(desk: Desk) -> None:
    now = desk.hub.clock.now()

    def guest(start: int, end: int | None, chips: int) -> Stay:
        ended = None if end is None else now + timedelta(hours=end)
        return Stay(chips, now + timedelta(hours=start), ended)

    held = [guest(0, 2, 4), guest(1, 3, 2), guest(2, None, 8)]
    later = now + timedelta(hours=9)
    assert peak(held, now, now + timedelta(hours=1), later) == 4
    assert peak(held, now, now + timedelta(hours=2), later) == 6
    assert peak(held, now, later, later) == 10
    assert peak(held, now - timedelta(hours=2), now, later) == 0


def test_own_users_see_how_long_they_waited_and_whether_more_was_lent_than_agreed(
    desk: Desk, neighbour: Neighbour
) -> None:
    job = desk.submit(desk.active("5"), chips=1, limit_s=60)
    Job.objects.filter(pk=job.pk).update(created_at=desk.hub.clock.now())
    desk.hub.clock.advance(timedelta(minutes=20))
    desk.start(job)
    # Recent as the page sees it: it looks back thirty days from today.
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=2), wait_ms=1_200_000)
    page = words(body(desk.operator, "/compute/centre/CTR-0001/partners"))
    assert f"{job.code} " in page and "20 min" in page and "kept" in page
    assert "No agreement is in force" in page


@pytest.fixture
def counter(hub: Any) -> Counter:
    return Counter(hub)


def test_the_voucher_desk_says_what_waits_and_how_much_of_the_cap_is_left(counter: Counter) -> None:
    first = counter.issued()
    counter.redeem(first)
    waiting = counter.apply(contract_no="C-2")
    page = words(body(counter.office, "/compute/vouchers"))
    assert re.search(r"waiting for a decision 1 ", page)
    assert (
        f"{waiting.code} " in page
        and "approve or reject it" in page
        and "redeem it against an invoice" in page
    )
    # A fifth of the compute lines is claimed, a fifth of what was delivered is paid, of two million a year.
    assert "CNY 200,000.01 of CNY 2,000,000.00" in page and "CNY 1,799,999.99" in page
    assert "CNY 80,000.00 of CNY 2,000,000.00" in page and "not verified" in page
    own = words(body(counter.applicant, "/compute/vouchers", "zh"))
    assert first.code in own and "2,000,000.00 元中的200,000.01 元" in own
    assert client_of(None).get("/compute/vouchers").status_code == 403


def test_another_firm_sees_nothing_of_it(counter: Counter) -> None:
    counter.issued()
    other = counter.hub.actor(Role.INNOVATOR, counter.hub.organisation("Other"))
    page = words(body(other, "/compute/vouchers"))
    assert "VCH-" not in page and "200,000.01" not in page


def placed(desk: Desk) -> None:
    """A turn of the live broker at the hub's moment: it decides on the picture, and its decision is carried out."""
    for start in decide(picture(desk.hub.clock.now())).starts:
        desk.hub.do(THE_HUB, "compute.job.start", job=start.job, pool=start.pool)


def lived(desk: Desk, neighbour: Neighbour) -> list[Job]:
    """Some hours of the live broker: jobs come, are placed, and end after unequal times."""
    hours = desk.active("30")
    for n in range(6):
        desk.submit(hours, chips=2 if n % 2 else 1, limit_s=3600)
        placed(desk)
        desk.hub.clock.advance(timedelta(minutes=5))
    while running := Job.objects.filter(state="running").order_by("started_at", "pk").first():
        desk.hub.clock.advance(timedelta(minutes=10))
        assert running.started_at is not None
        # The meter says that it ran until now.
        span = {"began": running.started_at.isoformat(), "ended": desk.hub.clock.now().isoformat()}
        desk.hub.do(THE_HUB, "compute.job.finish", job=running, ending="finished", log=desk.log, **span)
        placed(desk)
    return list(Job.objects.order_by("pk"))


def ask(desk: Desk, **given: Any) -> Experiment:
    made: Experiment = desk.hub.do(desk.lane.office, "compute.experiment.run", **given)
    desk.hub.work()
    made.refresh_from_db()
    return made


def test_with_nothing_changed_the_replay_decides_what_the_live_broker_decided(
    desk: Desk, neighbour: Neighbour
) -> None:
    neighbour.agree()
    jobs = lived(desk, neighbour)
    made = Experiment(begins=desk.hub.clock.now() - timedelta(days=2), ends=desk.hub.clock.now())
    seen = experiments.period(made, desk.hub.clock.now())
    again = {r.job: r for r in replay(seen.course).ran}
    assert {j.code: j.pool.code for j in jobs if j.pool} == {code: r.pool for code, r in again.items()}
    for job in jobs:
        assert job.started_at is not None
        assert abs(again[job.code].start_ms - to_ms(job.started_at)) <= 120_000, job.code


def test_a_centre_that_joins_shortens_the_waits_and_the_page_says_so(
    desk: Desk, neighbour: Neighbour
) -> None:
    lived(desk, neighbour)
    with_it = ask(desk, chip="CPU core", chips=64, price="0.50", region="640500")
    was, would = with_it.result["as_was"], with_it.result["as_would"]
    assert with_it.state == "finished" and was["jobs"] == would["jobs"] == 6
    assert would["p90_ms"] == 0 < was["p90_ms"] and would["chips"] == was["chips"] + 64
    assert with_it.result["accept_added"] == 6
    page = words(body(desk.lane.office, f"/compute/experiment/{with_it.code}"))
    assert (
        "The median wait of 6 jobs would have been 0 s instead of" in page
        and "NEW-1" in page
        and "Ningxia" in page
    )
    assert "等待中位数由" in body(desk.lane.office, f"/compute/experiment/{with_it.code}", "zh")
    other = ask(desk, chip="a100", chips=8, price="1", region="110000")
    said = words(body(desk.lane.office, f"/compute/experiment/{other.code}"))
    assert other.result["accept_added"] == 0 and "accepts the kinds of chip that would join" in said
    without = ask(desk, removed=[desk.pool.code])
    # Nobody else lends: with their own pool gone, the jobs never start.
    assert without.result["as_would"]["started"] == 0 and without.result["as_was"]["started"] == 6
    assert client_of(desk.engineer).get(f"/compute/experiment/{with_it.code}").status_code in (403, 404)


def test_sums_of_a_replay_hold_together(desk: Desk, neighbour: Neighbour) -> None:
    lived(desk, neighbour)
    result = ask(desk).result
    assert result["as_was"] == result["as_would"]
    for part in (result["recorded"], result["as_was"]):
        assert sum(c["jobs"] for c in part["centres"]) == part["started"] == 6
        assert part["median_ms"] <= part["p90_ms"] <= part["longest_ms"]
    real = sum((j.native_ms or 0) for j in Job.objects.all())
    assert result["as_was"]["used_ms"] == real


def test_what_an_experiment_may_not_ask(desk: Desk) -> None:
    office, do = desk.lane.office, desk.hub.do
    with refused(Denied, "compute:experiment:run"):
        do(desk.operator, "compute.experiment.run")
    with refused(Invalid, "experiment.pool", "chips"):
        do(office, "compute.experiment.run", chip="a100", chips=0, price="1")
    with refused(Invalid, "experiment.pool", "chips"):
        do(office, "compute.experiment.run", chip="a100", chips=8, price="1", region="99")
    with refused(Invalid, "experiment.pool", "further"):
        do(office, "compute.experiment.run", further={"chip": "a100"})
    with refused(Invalid, "experiment.pool", "further"):
        do(office, "compute.experiment.run", further=[{"chips": 8, "price": "1", "region": "110000"}])
    now = desk.hub.clock.now()
    with refused(Invalid, "experiment.period", "begins"):
        do(office, "compute.experiment.run", begins=now.isoformat(), ends=(now - timedelta(1)).isoformat())
    with refused(Invalid, "experiment.period", "begins"):
        do(office, "compute.experiment.run", begins=(now - timedelta(100)).isoformat())


def test_a_period_of_too_many_jobs_fails_with_its_reason(desk: Desk, monkeypatch: Any) -> None:
    hours = desk.active("5")
    for _ in range(3):
        desk.submit(hours, chips=1, limit_s=60)
    monkeypatch.setattr(experiments, "MOST_JOBS", 2)
    made = ask(desk)
    assert made.state == "failed" and made.problem["rule"] == "experiment.too_many"
    assert "more than 2 jobs" in words(body(desk.lane.office, f"/compute/experiment/{made.code}"))
    assert "超过2项" in body(desk.lane.office, f"/compute/experiment/{made.code}", "zh")


def test_percentiles_are_by_nearest_rank() -> None:
    assert [nearest_rank([1, 2, 3, 4], m) for m in (500, 900, 1000)] == [2, 4, 4]
    assert nearest_rank([7], 500) == 7 and nearest_rank([], 500) is None
