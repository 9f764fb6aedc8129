"""One system through the lane: every step is an operation by the person whose duty it is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from hutong.demo.stage import Journey
from hutong.engines import trust
from hutong.kernel.clock import local_date
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Traveller:
    """A system that sets out: who builds it, from which data, by which specification, under which profile."""

    key: str
    engineer: str
    name: Text
    purpose: str
    risk_class: str
    spec: str
    data: str
    profile: str
    summary: str
    hours: str
    budget: str
    use: str
    excuse: str | None
    answers: str


def register(journey: Journey, who: Traveller) -> Any:
    system = journey.do(
        who.engineer,
        "passport.system.register",
        name_en=who.name.en,
        name_zh=who.name.zh,
        purpose=who.purpose,
        risk_class=who.risk_class,
    )
    return journey.do(who.engineer, "passport.system.publish", system=system)


def propose(journey: Journey, who: Traveller, call: Any, system: Any) -> Any:
    return journey.do(
        who.engineer,
        "calls.proposal.submit",
        call=call,
        system=system,
        summary=who.summary,
        hours=who.hours,
        budget=who.budget,
    )


def decide(
    journey: Journey, call: Any, proposals: list[Any], points: dict[str, list[list[int]]]
) -> list[Any]:
    """Reviews by three reviewers, the deadline, the ranking, the awards by a second officer."""
    for proposal in proposals:
        for reviewer, scores in zip(
            ("reviewer_one", "reviewer_two", "reviewer_three"), points[proposal.code], strict=True
        ):
            person = journey.people[reviewer].code
            review = journey.do("task_force", "calls.review.assign", proposal=proposal, reviewer=person)
            journey.do(
                reviewer,
                "calls.review.score",
                review=review,
                scores=scores,
                comment="Judged by the criteria.",
            )
    wait = (call.deadline - timezone.now()).total_seconds()
    if wait > 0:
        journey.report("wait", Text("waiting for the deadline of the call", "等待榜单截止"), call.code)
        time.sleep(wait + 0.05)
    journey.do("task_force", "calls.call.close", call=call)
    journey.do("task_force", "calls.call.rank", call=call)
    awards = []
    for proposal in proposals:
        awards.append(
            journey.do(
                "task_force_second",
                "calls.award.grant",
                proposal=proposal,
                hours="8",
                amount=str(proposal.budget_fen // 100),
                reason="Ranked high enough, and within what the call offers.",
            )
        )
    return awards


def ask_for_hours(journey: Journey, who: Traveller, award: Any, pool: Any) -> Any:
    asked = journey.do(
        who.engineer,
        "compute.allocation.request",
        award=award,
        pool=pool,
        hours="2",
        reason="One build and its repeats.",
    )
    return journey.do(
        "centre_operator",
        "compute.allocation.approve",
        allocation=asked,
        hours="2",
        reason="The pool is free.",
    )


def ask_for_data(journey: Journey, who: Traveller, version: Any, system: Any) -> Any:
    return journey.do(
        who.engineer,
        "datahub.grant.request",
        version=version,
        system=system,
        purpose="training_and_evaluation",
        justification="To learn and to be measured on rows held back from learning.",
        valid_to=(local_date(timezone.now()) + timedelta(days=365)).isoformat(),
        quota=10,
    )


def review_ethics(journey: Journey, who: Traveller, system: Any) -> Any:
    """Seven members, one of whom is against: quorum and two thirds are counted in integers."""
    application = journey.do(
        who.engineer,
        "ethics.application.submit",
        system=system,
        summary="The advice bears on the liberty of arrested persons. A person decides in each case.",
        safeguards="Measured for unequal treatment by colour and sex before any use; no use without a certificate.",
    )
    members = [f"ethics_{n}" for n in range(1, 8)]
    codes = [journey.people[m].code for m in members]
    journey.do("supervisor", "ethics.panel.convene", application=application, members=codes)
    for place, member in enumerate(members):
        vote = application.votes.get(member=journey.people[member])
        choice = "reject" if place == 6 else "approve"
        journey.do(
            member, "ethics.vote.cast", vote=vote.code, choice=choice, reason="Research under conditions."
        )
    return journey.do(
        "supervisor",
        "ethics.application.approve",
        application=application,
        conditions="Only measured, not used, until fairness is shown.",
    )


def build(journey: Journey, who: Traveller, system: Any, grant: Any, allocation: Any) -> Any:
    """A training job that the broker places and the centre runs, the artefact with its parity, a frozen version."""
    made = journey.do(
        who.engineer,
        "forge.build.submit",
        system=system,
        spec=who.spec,
        grant=grant,
        allocation=allocation,
        chips=1,
        limit_s=900,
    )
    journey.work()
    made.refresh_from_db()
    if made.state != "built":
        made.job.refresh_from_db()
        raise RuntimeError(f"the build {made.code} was not completed: job {made.job.code} {made.job.ending}")
    artefact = made.artefact
    return journey.do(
        who.engineer,
        "passport.version.freeze",
        system=system,
        label="1.0",
        model=artefact.model_sha256,
        data=artefact.data_sha256,
        spec=artefact.spec_sha256,
        intended_use=who.use,
    )


def evaluate(journey: Journey, who: Traveller, version: Any) -> Any:
    """Process checks answered and confirmed, the plan fixed, then measured; the verdict is computed."""
    document = journey.store(who.answers.encode(), f"{who.key}-answers.txt", "text/plain")
    excuse = {"not_applicable": who.excuse, "document": document} if who.excuse else {}
    evaluation = journey.do(
        who.engineer, "trust.evaluation.request", version=version, profile=who.profile, **excuse
    )
    for check in trust.load_profile(who.profile).checks:
        given = journey.do(
            who.engineer, "trust.evidence.give", evaluation=evaluation, check=check.id, document=document
        )
        journey.do("evaluator", "trust.evidence.confirm", evidence=given)
    journey.do("evaluator", "trust.evaluation.plan", evaluation=evaluation)
    journey.do("evaluator", "trust.evaluation.measure", evaluation=evaluation)
    journey.work()
    evaluation.refresh_from_db()
    return evaluation


def certify(journey: Journey, evaluation: Any) -> Any:
    journey.do("evaluator", "trust.evaluation.pass", evaluation=evaluation)
    return journey.do("evaluator_second", "trust.certificate.issue", evaluation=evaluation)


def file(journey: Journey, who: Traveller, version: Any) -> Any:
    """Filed after one correction: the first hand-in leaves a question open, and is told so."""
    filing = journey.do(
        who.engineer,
        "filing.filing.open",
        version=version,
        answers={
            "purpose": who.purpose,
            "mechanism": "A small neural network over 64 pixels.",
            "data": who.summary,
        },
    )
    journey.do(who.engineer, "filing.filing.submit", filing=filing)
    journey.do(
        "supervisor", "filing.filing.return_for_correction", filing=filing, reason="Two answers are missing."
    )
    rest = {
        "opt_out": "A clerk types the form on request.",
        "security": "The laboratory's head of operations.",
    }
    journey.do(who.engineer, "filing.filing.resubmit", filing=filing, answers=rest)
    journey.do("supervisor", "filing.filing.accept", filing=filing)
    return journey.do("supervisor_second", "filing.filing.enter", filing=filing)
