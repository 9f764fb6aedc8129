"""From a frozen version to a number in the register, and the refusals on the way."""

from __future__ import annotations

import pytest
from lane import Lane

from hutong.demo import materials, specs
from hutong.kernel.errors import Conflict, Denied
from hutong.kernel.measure import MEASURES
from hutong.modules.passport.contract import course
from hutong.platform.evidence import payload_of, seq_of


def standing(lane):
    return {g.stage.key: g.state for g in course(lane.system()).gates}


def test_a_version_is_certified_and_filed(hub):
    lane = Lane(hub)
    filing = lane.filing()
    assert filing.number == "HUB-2026-00001"
    assert standing(lane)["trust"] == standing(lane)["filing"] == "done"
    assert standing(lane)["ethics"] == "not_required"
    assert lane.made["certificate"].levels["R"] == 2
    assert len(list(MEASURES["filing.filings_live"].facts())) == 1


def test_another_model_under_the_version_suspends_certificate_and_filing_at_once(hub):
    lane = Lane(hub)
    filing = lane.filing()
    other = hub.store(b"another model")
    hub.do(
        lane.engineer, "passport.version.replace", version=lane.made["version"], model=other, reason="faster"
    )
    lane.made["certificate"].refresh_from_db()
    filing.refresh_from_db()
    assert (lane.made["certificate"].state, filing.state) == ("suspended", "suspended")
    assert standing(lane)["trust"] == "closed"
    supervisor = lane.people["supervisor"]
    with pytest.raises(Conflict) as refused:
        hub.do(supervisor, "trust.certificate.resume", certificate=lane.made["certificate"], reason="please")
    assert refused.value.rule == "certificate.digests"


def test_who_passed_an_evaluation_does_not_certify_it(hub):
    lane = Lane(hub)
    evaluation = lane.measured()
    hub.do(lane.people["evaluator"], "trust.evaluation.pass", evaluation=evaluation)
    with pytest.raises(Denied) as refused:
        hub.do(lane.people["evaluator"], "trust.certificate.issue", evaluation=evaluation)
    assert refused.value.rule.startswith("duty.separated")


def test_a_verdict_cannot_be_chosen(hub):
    lane = Lane(hub)
    evaluation = lane.measured()
    assert evaluation.verdict["outcome"] == "pass"
    with pytest.raises(Conflict) as refused:
        hub.do(lane.people["evaluator"], "trust.evaluation.refuse", evaluation=evaluation)
    assert refused.value.rule == "evaluation.verdict"


def adviser(hub) -> Lane:
    lane = Lane(hub, risk_class="4", spec=specs.RELEASE_ADVISER)
    lane.dataset_version(materials.arrests_parquet())
    return lane


def test_high_risk_waits_for_ethics_before_hours_and_data(hub):
    lane = adviser(hub)
    allocation, grant = lane.allocation(), lane.request_grant()
    for actor, operation, given in (
        (lane.people["operator"], "compute.allocation.activate", {"allocation": allocation}),
        (lane.people["officer"], "datahub.grant.issue", {"grant": grant, "reason": "x"}),
    ):
        with pytest.raises(Denied) as refused:
            hub.do(actor, operation, **given)
        assert refused.value.rule == "ethics.approval_first"
    application = lane.ethics()
    hub.do(lane.people["supervisor"], "ethics.application.approve", application=application)
    assert (
        hub.do(lane.people["operator"], "compute.allocation.activate", allocation=allocation).state
        == "active"
    )


@pytest.mark.parametrize(
    ("votes", "rule"),
    [
        ("aaaa---", "ethics.quorum"),
        ("aaarr--", "ethics.two_thirds"),
        ("aaaarr-", None),
        ("aaaarrr", "ethics.two_thirds"),
    ],
)
def test_quorum_and_two_thirds_are_counted_in_integers(hub, votes, rule):
    lane = adviser(hub)
    application = lane.ethics(votes)
    office = lane.people["supervisor"]
    if rule is None:
        assert hub.do(office, "ethics.application.approve", application=application).state == "approved"
        return
    with pytest.raises(Conflict) as refused:
        hub.do(office, "ethics.application.approve", application=application)
    assert refused.value.rule == rule


def test_the_release_adviser_is_stopped_at_the_fairness_gate(hub):
    lane = adviser(hub)
    lane.ethics()
    hub.do(lane.people["supervisor"], "ethics.application.approve", application=lane.made["application"])
    evaluation = lane.measured(excused=False, profile="release-adviser")
    evaluator = lane.people["evaluator"]
    with pytest.raises(Conflict):
        hub.do(evaluator, "trust.evaluation.pass", evaluation=evaluation)
    hub.do(evaluator, "trust.evaluation.refuse", evaluation=evaluation)
    noted = payload_of(seq_of(evaluation.code, "trust.evaluation.refuse"))["noted"]["stopped_by"]
    assert noted["category"] == "F" and noted["claim"] == "F2.gap.colour"
    assert float(noted["lower"]) > float(noted["threshold"]) and float(noted["value"]) > 0.2
    evaluation.refresh_from_db()
    assert evaluation.way["changes"] > 0 and evaluation.way["group"] == "Black"
    with pytest.raises(Conflict):
        hub.do(lane.engineer, "filing.filing.open", version=lane.made["version"], answers={"purpose": "x"})
    assert standing(lane)["trust"] == "closed"
    assert len(list(MEASURES["passport.systems_refused"].facts())) == 1
    assert not list(MEASURES["trust.certificates_live"].facts())


def test_a_returned_filing_stops_the_clock(hub):
    from datetime import timedelta

    from hutong.modules.filing import rules
    from hutong.platform.evidence import events_of

    lane = Lane(hub)
    lane.certificate()
    filing = hub.do(
        lane.engineer, "filing.filing.open", version=lane.made["version"], answers={"purpose": "Stated."}
    )
    hub.do(lane.engineer, "filing.filing.submit", filing=filing)
    from hutong.kernel.permission import Role

    office = lane.who("supervisor", Role.SUPERVISOR)
    with pytest.raises(Conflict):
        hub.do(office, "filing.filing.accept", filing=filing)
    before = rules.due(events_of(filing.code))
    hub.do(office, "filing.filing.return_for_correction", filing=filing, reason="Incomplete.")
    filing.refresh_from_db()
    assert filing.missing == ["mechanism", "data", "opt_out", "security"]
    assert rules.due(events_of(filing.code)) is None
    hub.clock.advance(timedelta(days=30))
    answers = dict.fromkeys(filing.missing, "Now stated.")
    hub.do(lane.engineer, "filing.filing.resubmit", filing=filing, answers=answers)
    assert rules.due(events_of(filing.code)).date > before.date + timedelta(days=20)
