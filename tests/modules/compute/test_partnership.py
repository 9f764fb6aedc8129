"""Several centres, one lane to them: who lends, what a job pays elsewhere, what a statement may claim."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from compute.desk import HOUR, Desk
from refusals import refused

from hutong.engines.broker.decide import decide
from hutong.engines.broker.money import published_factors
from hutong.kernel.errors import Conflict, Denied, Invalid
from hutong.kernel.permission import THE_HUB, Actor, Role
from hutong.modules.compute.broker import lease
from hutong.modules.compute.broker.picture import picture
from hutong.modules.compute.broker.place import log
from hutong.modules.compute.contract import audit_books, replay_decisions
from hutong.modules.compute.models import Decision, Statement
from hutong.modules.compute.money import book
from hutong.modules.compute.queries import Terms, submit_job

YEAR = {"valid_from": "2026-01-01", "valid_to": "2027-12-31", "notice_min": 60}


class Partner:
    """A second centre with chips of its own, and what its operator does."""

    def __init__(self, desk: Desk, *, chip: str = "CPU core", chips: int = 8, region: str = "310000") -> None:
        self.desk, self.hub = desk, desk.hub
        self.operator: Actor = self.hub.actor(Role.CENTRE_OPERATOR, self.hub.organisation("South"))
        self.centre = self.hub.do(
            self.operator, "compute.centre.register", name_en="South", name_zh="南中心", region=region
        )
        self.pool = self.hub.do(
            self.operator, "compute.pool.open", centre=self.centre, chip=chip, chips=chips, price="1.00"
        )

    def agree(self, guaranteed: str = "50%", lendable: str = "50%") -> Any:
        offered = self.hub.do(
            self.operator,
            "compute.agreement.offer",
            centre=self.centre,
            guaranteed=guaranteed,
            lendable=lendable,
            **YEAR,
        )
        return self.hub.do(self.desk.lane.office, "compute.agreement.sign", agreement=offered)

    def claim(self, begins: Any, ends: Any, lines: Any = None) -> Statement:
        made: Statement = self.hub.do(
            self.operator,
            "compute.statement.submit",
            centre=self.centre,
            begins=begins.isoformat(),
            ends=ends.isoformat(),
            lines=lines,
        )
        return made


@pytest.fixture
def partner(desk: Desk) -> Partner:
    return Partner(desk)


def starts(desk: Desk) -> dict[str, str]:
    """Where the broker would start what waits, by job."""
    return {s.job: s.pool for s in decide(picture(desk.hub.clock.now())).starts}


def test_a_centre_lends_nothing_without_an_agreement_and_its_share_with_one(
    desk: Desk, partner: Partner
) -> None:
    hours = desk.active("30")
    jobs = [desk.submit(hours, chips=2, limit_s=3600) for _ in range(5)]
    assert starts(desk) == {jobs[0].code: desk.pool.code}
    agreed = partner.agree(lendable="50%")
    assert starts(desk) == {
        jobs[0].code: partner.pool.code,
        jobs[1].code: partner.pool.code,
        jobs[2].code: desk.pool.code,
    }
    desk.hub.do(partner.operator, "compute.agreement.close", agreement=agreed, reason="Needed at home.")
    assert starts(desk) == {jobs[0].code: desk.pool.code}


def test_what_an_agreement_may_not_say(desk: Desk, partner: Partner) -> None:
    def offer(**changed: Any) -> Any:
        given = {"centre": partner.centre, "guaranteed": "60%", "lendable": "40%", **YEAR, **changed}
        return desk.hub.do(partner.operator, "compute.agreement.offer", **given)

    with refused(Invalid, "agreement.shares", "lendable"):
        offer(lendable="40.1%")
    with refused(Invalid, "agreement.share", "guaranteed"):
        offer(guaranteed="1/3")
    with refused(Invalid, "agreement.notice", "notice_min"):
        offer(notice_min=-1)
    with refused(Invalid, "agreement.period", "valid_to"):
        offer(valid_to="2026-08-31")
    first, second = offer(), offer()
    with refused(Denied, "compute:agreement:sign"):
        desk.hub.do(partner.operator, "compute.agreement.sign", agreement=first)
    desk.hub.do(desk.lane.office, "compute.agreement.sign", agreement=first)
    with refused(Conflict, "agreement.one_in_force"):
        desk.hub.do(desk.lane.office, "compute.agreement.sign", agreement=second)


def test_a_centre_that_drains_or_is_suspended_gets_nothing_new(desk: Desk) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    centre = desk.pool.centre
    for step in ("drain", "suspend"):
        desk.hub.do(desk.operator, f"compute.centre.{step}", centre=centre, reason="Repairs.")
        assert starts(desk) == {}
        with refused(Conflict, "pool.not_offered", "pool"):
            desk.start(job)
        desk.hub.do(desk.operator, "compute.centre.resume", centre=centre)
    assert starts(desk) == {job.code: desk.pool.code}


def test_a_pool_that_its_operator_starts_is_left_to_its_operator(desk: Desk) -> None:
    given = {"centre": desk.pool.centre, "chip": "CPU core", "chips": 1, "price": "1", "by_operator": True}
    by_hand = desk.hub.do(desk.operator, "compute.pool.open", **given)
    job = desk.submit(desk.active("1", pool=by_hand), limit_s=60)
    desk.hub.do(desk.operator, "compute.pool.close", pool=desk.pool, reason="Old.")
    assert starts(desk) == {}
    assert desk.start(job).state == "running"


def converted(desk: Desk) -> tuple[Any, Partner]:
    """Hours of A100 at home, and a partner with Ascend 910B that lends all of them."""
    given = {"centre": desk.pool.centre, "chip": "a100", "chips": 2, "price": "10.00"}
    home = desk.hub.do(desk.operator, "compute.pool.open", **given)
    partner = Partner(desk, chip="ascend910b", chips=8)
    partner.agree("0%", "100%")
    return desk.active("20", pool=home), partner


def submitted(desk: Desk, hours: Any, **terms: Any) -> Any:
    """A job that accepts other kinds of chip, as an operation of a later department makes one."""
    from django.db import transaction

    from hutong.kernel.operation import OPERATIONS
    from hutong.platform.context import RunContext

    operation = OPERATIONS["forge.build.submit"]
    with transaction.atomic():
        ctx = RunContext(desk.engineer, hours.organisation_id, desk.hub.clock.now(), operation)
        inputs = {"grant": desk.grant.code}
        return submit_job(ctx, hours, "forge.build", inputs, chips=2, limit_s=3600, terms=Terms(**terms))


def test_hours_of_one_chip_pay_for_another_by_the_published_factor(desk: Desk) -> None:
    hours, partner = converted(desk)
    job = submitted(desk, hours, accept=("a100", "ascend910b"))
    factors = published_factors()
    ratio = (
        factors.line("ascend910b", "pflops-hour-fp16").spans[-1].value.value
        / factors.line("a100", "pflops-hour-fp16").spans[-1].value.value
    )
    assert job.held_ms == -(-2 * HOUR * ratio.numerator // ratio.denominator)
    desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=partner.pool)
    desk.end(job, HOUR)
    job.refresh_from_db()
    # Native time stays beside what was charged; the price is that of the chips that ran.
    assert (job.native_ms, job.cost_fen) == (HOUR, 100)
    assert job.used_ms == -(-HOUR * ratio.numerator // ratio.denominator)
    assert book.balances(hours)["used"] == job.used_ms and book.sound()


def test_a_job_takes_a_partition_that_a_pool_offers_and_no_other(desk: Desk) -> None:
    hours, partner = converted(desk)
    given = {"centre": partner.centre, "chips": 14, "price": "0.20"}
    with refused(Invalid, "broker.partition_template", "chip"):
        desk.hub.do(partner.operator, "compute.pool.open", chip="a100-80gb:1g.11gb", **given)
    cut = desk.hub.do(partner.operator, "compute.pool.open", chip="a100-80gb:1g.10gb", **given)
    for kind, rule in (("a100-80gb:2g.10gb", "broker.partition_template"), ("a100:0.3", "broker.share")):
        with pytest.raises(Invalid) as refusal:
            submitted(desk, hours, accept=(kind,))
        assert (refusal.value.rule, refusal.value.field) == (rule, "accept")
    job = submitted(desk, hours, accept=("a100-80gb:1g.10gb",))
    # Two sevenths of an hour of the whole chip, rounded up to the millisecond.
    assert job.held_ms == -(-2 * HOUR // 7)
    desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=cut)
    desk.end(job, 2 * HOUR)
    job.refresh_from_db()
    assert (job.native_ms, job.used_ms, job.cost_fen) == (2 * HOUR, -(-2 * HOUR // 7), 40) and book.sound()


def test_a_chip_without_a_published_factor_is_refused_by_name(desk: Desk) -> None:
    hours, _ = converted(desk)
    with pytest.raises(Invalid) as refusal:
        submitted(desk, hours, accept=("a100", "CPU core"))
    assert (refusal.value.rule, refusal.value.field) == ("job.accept", "accept")


def test_what_no_pool_can_ever_do_is_refused_before_it_waits(desk: Desk) -> None:
    hours, _ = converted(desk)
    with pytest.raises(Invalid) as refusal:
        submitted(desk, hours, deadline=desk.hub.clock.now() + timedelta(minutes=59))
    assert (refusal.value.rule, refusal.value.field) == ("job.deadline", "deadline")


def test_data_that_may_not_leave_a_region_keep_the_job_there(desk: Desk) -> None:
    hours, partner = converted(desk)
    dataset = desk.grant.version_of.dataset
    type(dataset).objects.filter(pk=dataset.pk).update(regions=["110000"])
    job = submitted(desk, hours, accept=("a100", "ascend910b"))
    assert job.regions == ["110000"] and starts(desk) == {job.code: hours.pool.code}
    with refused(Denied, "pool.region", "pool"):
        desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=partner.pool)
    type(dataset).objects.filter(pk=dataset.pk).update(regions=["440000"])
    with pytest.raises(Invalid) as refusal:
        submitted(desk, hours, accept=("a100", "ascend910b"))
    assert refusal.value.rule == "job.impossible"


def run(desk: Desk, partner: Partner) -> Any:
    """An hour of two chips at the partner; returns the job with its attempt."""
    hours = desk.active("20")
    partner.agree("0%", "100%")
    job = desk.submit(hours, chips=2, limit_s=7200)
    desk.hub.do(THE_HUB, "compute.job.start", job=job, pool=partner.pool)
    desk.end(job, 2 * HOUR)
    desk.hub.clock.advance(timedelta(hours=2))
    job.refresh_from_db()
    return job


def claimed(job: Any, *, longer: float = 1.0, shift: timedelta = timedelta()) -> list[dict[str, Any]]:
    segment = job.segments.get()
    length = (segment.ended_at - segment.began_at) * longer
    began = segment.began_at + shift
    return [
        {
            "attempt": f"{job.code}/{job.attempts.get().pk}",
            "began": began.isoformat(),
            "ended": (began + length).isoformat(),
            "chips": 2,
        }
    ]


def period(desk: Desk) -> dict[str, Any]:
    now = desk.hub.clock.now()
    return {"begins": now - timedelta(days=1), "ends": now}


def test_a_statement_that_agrees_with_the_meter_is_accepted_and_settled(desk: Desk, partner: Partner) -> None:
    job = run(desk, partner)
    stated = partner.claim(**period(desk), lines=claimed(job))
    assert stated.flags == [] and stated.claimed_fen == stated.metered_fen == job.cost_fen == 200
    with refused(Conflict, "statement.overlap", "begins"):
        partner.claim(**period(desk), lines=claimed(job))
    office = desk.lane.office
    assert desk.hub.do(office, "compute.statement.accept", statement=stated).state == "accepted"
    assert desk.hub.do(office, "compute.statement.settle", statement=stated).state == "closed"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [({"longer": 1.3}, "reconcile.ratio"), ({"shift": timedelta(minutes=10)}, "reconcile.clock")],
)
def test_a_centre_that_claims_too_much_or_whose_clock_is_off_is_set_aside_at_once(
    desk: Desk, partner: Partner, changed: Any, rule: str
) -> None:
    job = run(desk, partner)
    now = desk.hub.clock.now()
    stated = partner.claim(now - timedelta(days=1), now, lines=claimed(job, **changed))
    assert [f["rule"] for f in stated.flags] == [rule]
    desk.hub.work()
    stated.refresh_from_db()
    partner.centre.refresh_from_db()
    assert (stated.state, partner.centre.state) == ("disputed", "suspended")
    withdrawn = desk.hub.do(
        partner.operator, "compute.statement.withdraw", statement=stated, reason="Our clock."
    )
    assert withdrawn.state == "withdrawn"
    assert partner.claim(**period(desk)).flags == []


def test_use_that_the_hub_never_started_is_named_and_not_accepted(desk: Desk, partner: Partner) -> None:
    job = run(desk, partner)
    strange = {**claimed(job)[0], "attempt": "JOB-9999/1", "pool": partner.pool.code}
    stated = partner.claim(**period(desk), lines=[*claimed(job), strange])
    assert [(f["rule"], f["attempts"]) for f in stated.flags] == [("reconcile.unknown", ["JOB-9999/1"])]
    with refused(Conflict, "statement.flagged"):
        desk.hub.do(desk.lane.office, "compute.statement.accept", statement=stated)


def test_time_that_two_centres_claim_is_paid_to_neither_unseen(desk: Desk, partner: Partner) -> None:
    job = run(desk, partner)
    assert partner.claim(**period(desk), lines=claimed(job)).flags == []
    home = desk.pool.centre
    own = {**claimed(job)[0], "pool": desk.pool.code}
    stated = desk.hub.do(
        desk.operator,
        "compute.statement.submit",
        centre=home,
        lines=[own],
        **{k: at.isoformat() for k, at in period(desk).items()},
    )
    seconds = (job.segments.get().ended_at - job.segments.get().began_at).total_seconds()
    flags = {f["rule"]: f for f in stated.flags}
    assert (
        flags["reconcile.elsewhere"]["en"]
        == f"{partner.centre.code} claims {seconds:.0f} s of the same runs."
    )
    assert flags["reconcile.elsewhere"]["attempts"] == [own["attempt"]]
    with refused(Conflict, "statement.flagged"):
        desk.hub.do(desk.lane.office, "compute.statement.accept", statement=stated)


@pytest.mark.parametrize(
    "row",
    [
        {"attempt": "JOB-0001/1", "began": "2026-09-01T00:00:00", "ended": "2026-09-01T01:00:00", "chips": 1},
        {
            "attempt": "JOB-0001/1",
            "began": "2026-09-01T01:00:00Z",
            "ended": "2026-09-01T00:00:00Z",
            "chips": 1,
        },
        {
            "attempt": "JOB-0001/1",
            "began": "2026-09-01T00:00:00Z",
            "ended": "2026-09-01T01:00:00Z",
            "chips": -1,
        },
        {"attempt": "JOB-0001/1"},
        "nonsense",
    ],
)
def test_one_bad_line_is_named_and_nothing_is_kept(desk: Desk, partner: Partner, row: Any) -> None:
    job = run(desk, partner)
    with refused(Invalid, "statement.lines", "lines"):
        partner.claim(**period(desk), lines=[*claimed(job), row])
    assert Statement.objects.count() == 0


def test_two_brokers_do_not_decide_at_once(desk: Desk) -> None:
    now = desk.hub.clock.now()
    assert lease.take(now, "one") == 1 and lease.take(now, "one") == 1
    assert lease.take(now, "two") is None
    late = now + lease.LEASE + timedelta(seconds=1)
    assert lease.take(late, "two") == 2 and lease.take(late, "one") is None
    lease.leave("two")
    assert lease.take(late, "one") == 3


def test_the_log_of_decisions_replays_and_a_changed_row_is_named(desk: Desk, partner: Partner) -> None:
    hours = desk.active("30")
    partner.agree("0%", "100%")
    for n in range(3):
        desk.submit(hours, chips=1 + n % 2, limit_s=600 + n)
        seen = picture(desk.hub.clock.now())
        log(seen, decide(seen), epoch=1)
    found = replay_decisions(100)
    assert (found.decisions, found.faults) == (3, ())
    assert found.last == Decision.objects.latest("pk").sha256
    changed = Decision.objects.order_by("pk")[1]
    changed.content["content"]["starts"] = []
    changed.save()
    assert [f.split(":")[0] for f in replay_decisions().faults] == [f"decision {changed.pk}"] * 2


def test_the_books_hold_after_all_that(desk: Desk, partner: Partner) -> None:
    run(desk, partner)
    found = audit_books()
    assert [f.rule for f in found if not f.holds] == []
    assert {"book.balanced", "attempt.one_at_a_time", "job.metered", "segment.span", "guarantee.kept"} <= {
        f.rule for f in found
    }
