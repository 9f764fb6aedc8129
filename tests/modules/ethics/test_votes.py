"""Votes: who has one, once, and who steps back; quorum and two thirds in integers against fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from ethics.committee import Committee, tally_of
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.permission import ANONYMOUS, THE_HUB, Role
from hutong.modules.ethics.rules import Tally
from hutong.platform.actors import actor_of
from hutong.platform.evidence import payload_of
from hutong.platform.people import RoleGrant

TWO_THIRDS = Fraction(2, 3)


def test_the_count_is_that_of_fractions_for_every_panel_of_3_to_15() -> None:
    compared = 0
    for members in range(3, 16):
        for present in range(members + 1):
            for approve in range(present + 1):
                found = Tally(members, members - present, present, approve)
                assert found.quorate == (present >= 5)
                if present:
                    assert found.carried == (Fraction(approve, present) >= TWO_THIRDS)
                compared += 1
    assert compared == sum((m + 1) * (m + 2) // 2 for m in range(3, 16))


@pytest.mark.parametrize("size", range(7, 16))
def test_one_vote_decides_at_each_size_of_panel(committee: Committee, size: int) -> None:
    for present in sorted({5, (5 + size) // 2, size}):
        enough = -(-2 * present // 3)
        assert Fraction(enough, present) >= TWO_THIRDS > Fraction(enough - 1, present)
        for approve, step, other in ((enough, "approve", "reject"), (enough - 1, "reject", "approve")):
            application = committee.panel(size)
            committee.vote(application, "a" * approve + "r" * (present - approve))
            with refused(Conflict, "ethics.two_thirds"):
                committee.decide(other, application)
            committee.decide(step, application)
            noted = payload_of(committee.hub.last().seq)["noted"]
            assert noted == {"members": size, "recused": 0, "present": present, "approve": approve}


@pytest.mark.parametrize("size", [7, 15])
def test_four_votes_decide_nothing_and_five_do(committee: Committee, size: int) -> None:
    application = committee.panel(size)
    committee.vote(application, "aaaa")
    for step in ("approve", "reject"):
        with refused(Conflict, "ethics.quorum"):
            committee.decide(step, application)
    committee.cast(application, committee.members[4], "reject")
    assert committee.decide("approve", application).state == "approved"


def test_who_abstains_is_present_and_not_in_favour(committee: Committee) -> None:
    application = committee.panel(9)
    committee.vote(application, "aaaa--")
    assert (tally_of(application).present, tally_of(application).approve) == (6, 4)
    committee.cast(application, committee.members[6], "abstain")
    with refused(Conflict, "ethics.two_thirds"):
        committee.decide("approve", application)


def test_a_vote_is_given_once_and_not_changed(committee: Committee) -> None:
    application = committee.panel()
    member = committee.members[0]
    committee.cast(application, member, "reject", "It harms.")
    for choice in ("reject", "approve"):
        with refused(Conflict, "lifecycle.vote.cast", "state"):
            committee.cast(application, member, choice)
    with refused(Conflict, "lifecycle.vote.recuse", "state"):
        committee.hub.do(
            member, "ethics.vote.recuse", vote=committee.vote_of(application, member), reason="After all."
        )
    vote = committee.vote_of(application, member)
    assert (vote.state, vote.choice, vote.reason) == ("cast", "reject", "It harms.")
    assert tally_of(application) == Tally(7, 0, 1, 0)


@pytest.mark.parametrize(
    ("given", "rule", "field"),
    [
        ({"choice": "maybe", "reason": "So."}, "input.choice", "choice"),
        ({"choice": "Approve", "reason": "So."}, "input.choice", "choice"),
        ({"reason": "So."}, "input.required", "choice"),
        ({"choice": "approve"}, "input.required", "reason"),
        ({"choice": "approve", "reason": "\u200b"}, "text.zero_width", "reason"),
    ],
)
def test_a_vote_is_one_of_three_with_a_reason(
    committee: Committee, given: dict[str, Any], rule: str, field: str
) -> None:
    application = committee.panel()
    member = committee.members[0]
    with refused(Invalid, rule, field):
        committee.hub.do(member, "ethics.vote.cast", vote=committee.vote_of(application, member), **given)
    assert tally_of(application).present == 0


def test_nobody_votes_in_the_place_of_another(committee: Committee) -> None:
    application = committee.panel()
    vote = committee.vote_of(application, committee.members[0])
    given = {"vote": vote, "choice": "approve", "reason": "For her."}
    outsiders = (committee.members[1], committee.members[9], committee.applicant, ANONYMOUS)
    for actor in outsiders:
        with refused(NotFound, "record.unknown", "vote"):
            committee.hub.do(actor, "ethics.vote.cast", **given)
    # The secretariat sees every vote and gives none.
    with refused(Denied, "ethics:vote:cast"):
        committee.hub.do(committee.office, "ethics.vote.cast", **given)


def test_who_has_left_the_committee_votes_no_more(committee: Committee) -> None:
    application = committee.panel()
    person = committee.people[0]
    grant = RoleGrant.objects.get(person=person, role=Role.ETHICS_MEMBER.value)
    committee.hub.do(THE_HUB, "parties.grant.end", grant=grant, reason="Term over.")
    gone = actor_of(type(person).objects.get(pk=person.pk), committee.hub.clock.now())
    with refused(NotFound, "record.unknown", "vote"):
        committee.cast(application, gone)


def join(committee: Committee, number: int) -> None:
    """The member of that number takes up a role in the applicant's house."""
    committee.members[number] = committee.hub.actor(
        Role.INNOVATOR, committee.house, person=committee.people[number]
    )


def test_members_of_the_applicants_house_are_recused_from_the_start(committee: Committee) -> None:
    join(committee, 2)
    left = committee.people[3]
    join(committee, 3)
    grant = RoleGrant.objects.get(person=left, role=Role.INNOVATOR.value)
    committee.hub.do(THE_HUB, "parties.grant.end", grant=grant, reason="Moved on.")
    application = committee.panel()
    assert payload_of(committee.hub.last().seq)["noted"] == {"recused": [committee.people[2].code]}
    assert tally_of(application) == Tally(7, 1, 0, 0)
    with refused(Conflict, "lifecycle.vote.cast", "state"):
        committee.cast(application, committee.members[2])
    committee.cast(application, committee.members[3])


def test_who_joins_the_applicants_house_later_does_not_vote_either(committee: Committee) -> None:
    application = committee.panel()
    join(committee, 0)
    with refused(Denied, "ethics.conflict_of_interest"):
        committee.cast(application, committee.members[0])
    vote = committee.vote_of(application, committee.members[0])
    committee.hub.do(committee.members[0], "ethics.vote.recuse", vote=vote, reason="I joined them.")
    assert tally_of(application) == Tally(7, 1, 0, 0)


def test_whoever_steps_back_is_not_counted_as_present(committee: Committee) -> None:
    application = committee.panel(9)
    for number in (7, 8):
        member = committee.members[number]
        vote = committee.vote_of(application, member)
        committee.hub.do(member, "ethics.vote.recuse", vote=vote, reason="I advised them.")
    committee.vote(application, "aaaarrr")
    assert tally_of(application) == Tally(9, 2, 7, 4)
    with refused(Conflict, "ethics.two_thirds"):
        committee.decide("approve", application)
    with refused(Conflict, "lifecycle.vote.recuse", "state"):
        vote = committee.vote_of(application, committee.members[8])
        committee.hub.do(committee.members[8], "ethics.vote.recuse", vote=vote, reason="Again.")


@pytest.mark.parametrize("end", ["approve", "withdraw"])
def test_after_the_decision_the_panel_stands_as_it_was(committee: Committee, end: str) -> None:
    application = committee.panel()
    committee.vote(application, "aaaaa")
    if end == "approve":
        committee.decide("approve", application)
    else:
        committee.hub.do(
            committee.applicant, "ethics.application.withdraw", application=application, reason="Redesigned."
        )
    before, late = tally_of(application), committee.members[6]
    with refused(Conflict, "ethics.decided"):
        committee.cast(application, late)
    with refused(Conflict, "ethics.decided"):
        vote = committee.vote_of(application, late)
        committee.hub.do(late, "ethics.vote.recuse", vote=vote, reason="Too late.")
    assert tally_of(application) == before
