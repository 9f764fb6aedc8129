"""Who has a tie to an applicant does not judge: refused at the assignment, and at the score if the tie came later."""

from __future__ import annotations

from typing import Any

import pytest
from calls.competition import Competition
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.permission import THE_HUB, Role
from hutong.platform.people import Person, RoleGrant


def tie(contest: Competition, reviewer: Any, organisation: Any, role: Role = Role.INNOVATOR) -> None:
    contest.hub.actor(role, organisation, person=Person.objects.get(code=reviewer.code))


@pytest.mark.parametrize("role", [Role.INNOVATOR, Role.DATA_OFFICER, Role.SCENARIO_OWNER])
def test_a_reviewer_of_the_own_house_is_refused_whatever_the_role(contest: Competition, role: Role) -> None:
    entrant, reviewer = contest.entrant(), contest.reviewer()
    proposal = contest.submit(contest.call(), entrant)
    tie(contest, reviewer, entrant.organisation, role)
    with refused(Denied, "review.conflict_of_interest", "reviewer"):
        contest.assign(proposal, reviewer)
    assert not proposal.reviews.exists()


def test_a_reviewer_of_any_co_applicant_is_refused(contest: Competition) -> None:
    entrant, reviewer = contest.entrant(), contest.reviewer()
    partners = [contest.hub.organisation("Partner") for _ in range(2)]
    proposal = contest.submit(contest.call(), entrant, co_applicants=[p.code for p in partners])
    assert proposal.co_applicants == sorted(p.code for p in partners)
    tie(contest, reviewer, partners[1])
    with refused(Denied, "review.conflict_of_interest", "reviewer"):
        contest.assign(proposal, reviewer)
    # A house that does not apply is no tie.
    other = contest.reviewer(1)
    tie(contest, other, contest.hub.organisation("Elsewhere"))
    assert contest.assign(proposal, other).state == "assigned"


def test_the_author_of_a_proposal_never_judges_it(contest: Competition) -> None:
    """Not even after leaving the applicant: the tie has ended, the proposal is still the person's own."""
    entrant = contest.entrant()
    proposal = contest.submit(contest.call(), entrant)
    author = Person.objects.get(code=entrant.actor.code)
    contest.hub.actor(Role.REVIEWER, person=author)
    role = RoleGrant.objects.get(person=author, role="innovator")
    contest.hub.do(THE_HUB, "parties.grant.end", grant=role, reason="Left.")
    with refused(Denied, "review.conflict_of_interest", "reviewer"):
        contest.assign(proposal, entrant.actor)


def test_who_declared_a_conflict_is_not_assigned_again_and_does_not_score(contest: Competition) -> None:
    proposal, reviewer = contest.submit(contest.call(), contest.entrant()), contest.reviewer()
    review = contest.assign(proposal, reviewer)
    contest.hub.do(reviewer, "calls.review.declare", review=review, reason="My brother works there.")
    with refused(Conflict, "record.unique"):
        contest.assign(proposal, reviewer)
    with refused(Conflict, "lifecycle.review.score", "state"):
        contest.score(review, reviewer, [100, 100])
    with refused(Conflict, "lifecycle.review.declare", "state"):
        contest.hub.do(reviewer, "calls.review.declare", review=review, reason="Again.")
    review.refresh_from_db()
    assert (review.state, review.scores) == ("recused", [])


def test_a_tie_that_came_after_the_assignment_stops_the_score(contest: Competition) -> None:
    entrant, reviewer = contest.entrant(), contest.reviewer()
    review = contest.assign(contest.submit(contest.call(), entrant), reviewer)
    tie(contest, reviewer, entrant.organisation)
    with refused(Denied, "review.conflict_of_interest"):
        contest.score(review, reviewer, [100, 100])
    review.refresh_from_db()
    assert (review.state, review.scores) == ("assigned", [])
    assert (
        contest.hub.do(reviewer, "calls.review.declare", review=review, reason="I joined them.").state
        == "recused"
    )


def test_only_a_reviewer_is_assigned_and_only_the_one_assigned_scores(contest: Competition) -> None:
    entrant = contest.entrant()
    proposal = contest.submit(contest.call(), entrant)
    auditor, stranger = contest.hub.actor(Role.AUDITOR), contest.reviewer(1)
    with refused(Invalid, "review.role", "reviewer"):
        contest.assign(proposal, auditor)
    with refused(NotFound, "record.unknown", "reviewer"):
        contest.hub.do(contest.office, "calls.review.assign", proposal=proposal, reviewer="PER-9999")
    review = contest.assign(proposal, contest.reviewer(0))
    for other in (stranger, entrant.actor):
        with refused(NotFound, "record.unknown", "review"):
            contest.score(review, other, [100, 100])
    with refused(Denied, "calls:review:score"):
        contest.score(review, contest.office, [100, 100])
    with refused(Denied, "calls:review:assign"):
        contest.hub.do(entrant.actor, "calls.review.assign", proposal=proposal, reviewer=entrant.actor.code)


def test_a_reviewer_whose_role_ended_is_not_assigned(contest: Competition) -> None:
    proposal, reviewer = contest.submit(contest.call(), contest.entrant()), contest.reviewer()
    role = RoleGrant.objects.get(person__code=reviewer.code)
    contest.hub.do(THE_HUB, "parties.grant.end", grant=role, reason="Term over.")
    with refused(Invalid, "review.role", "reviewer"):
        contest.assign(proposal, reviewer)
