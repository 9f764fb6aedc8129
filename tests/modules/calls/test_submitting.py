"""A proposal is submitted once, for a system of one's own, within the call; and it can be taken back."""

from __future__ import annotations

import pytest
from calls.competition import Competition
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid, NotFound
from hutong.kernel.permission import Role
from hutong.modules.calls.models import Proposal
from hutong.platform import runner
from hutong.platform.ledger.tables import Event
from hutong.platform.people import Person


def test_a_retry_with_its_key_is_one_proposal(contest: Competition) -> None:
    entrant, call = contest.entrant(), contest.call()
    given = {"call": call.code, "system": entrant.system.code, "summary": "S.", "hours": "5", "budget": "1"}

    def send(**changes: str) -> runner.Outcome:
        return runner.run(
            entrant.actor, "calls.proposal.submit", {**given, **changes}, key="k", clock=contest.hub.clock
        )

    first, before = send(), Event.objects.count()
    again = send()
    assert (again.repeated, again.seq, again.record) == (True, first.seq, first.record)
    assert Event.objects.count() == before and Proposal.objects.count() == 1
    with refused(Conflict, "idempotency.reused", "key"):
        send(budget="2")
    # The retry is answered even after the deadline: the proposal was there in time.
    contest.close(call)
    assert send().seq == first.seq


def test_a_second_proposal_of_the_same_system_is_refused_with_and_without_a_key(contest: Competition) -> None:
    entrant, call = contest.entrant(), contest.call()
    contest.submit(call, entrant, options={"key": "one"})
    for options in ({"key": "two"}, {}):
        with refused(Conflict, "record.unique"):
            contest.submit(call, entrant, options=options)
    assert Proposal.objects.count() == 1
    # Another call is another competition.
    assert contest.submit(contest.call(), entrant).state == "submitted"


def test_the_same_key_of_two_people_is_two_requests(contest: Competition) -> None:
    call = contest.call()
    made = {contest.submit(call, contest.entrant(), options={"key": "k"}).code for _ in range(2)}
    assert len(made) == 2


def test_a_withdrawn_proposal_leaves_room_for_a_better_one(contest: Competition) -> None:
    entrant, call = contest.entrant(), contest.call()
    first = contest.submit(call, entrant)
    contest.hub.do(entrant.actor, "calls.proposal.withdraw", proposal=first, reason="A mistake in it.")
    second = contest.submit(call, entrant)
    ranking = contest.ranked(call, second).ranking
    assert [r["proposal"] for r in ranking] == [second.code]
    first.refresh_from_db()
    assert (first.state, first.rank, first.score) == ("withdrawn", None, "")
    with refused(Conflict, "lifecycle.proposal.withdraw", "state"):
        contest.hub.do(entrant.actor, "calls.proposal.withdraw", proposal=first, reason="Again.")


def test_a_proposal_withdrawn_after_the_ranking_is_not_awarded(contest: Competition) -> None:
    entrant, call = contest.entrant(), contest.call()
    proposal = contest.submit(call, entrant)
    contest.ranked(call, proposal)
    contest.hub.do(entrant.actor, "calls.proposal.withdraw", proposal=proposal, reason="No capacity.")
    before = Event.objects.count()
    with pytest.raises(Conflict) as refusal:
        contest.award(proposal, "1", "1")
    assert refusal.value.field == "state" and Event.objects.count() == before


def test_only_its_own_house_sees_and_withdraws_a_proposal(contest: Competition) -> None:
    proposal, other = contest.submit(contest.call(), contest.entrant()), contest.entrant()
    with refused(NotFound, "record.unknown", "proposal"):
        contest.hub.do(other.actor, "calls.proposal.withdraw", proposal=proposal, reason="Theirs.")
    with refused(Denied, "calls:proposal:withdraw"):
        contest.hub.do(contest.office, "calls.proposal.withdraw", proposal=proposal, reason="Ours.")


def test_a_system_of_another_house_is_not_proposed(contest: Competition) -> None:
    entrant, other, call = contest.entrant(), contest.entrant(), contest.call()
    with refused(NotFound, "record.unknown", "system"):
        contest.submit(call, entrant, system=other.system)
    contest.hub.do(other.actor, "passport.system.publish", system=other.system)
    with refused(Denied, "proposal.own_system", "system"):
        contest.submit(call, entrant, system=other.system)


def test_who_works_for_two_houses_says_for_which_one(contest: Competition) -> None:
    entrant, other, call = contest.entrant(), contest.entrant(), contest.call()
    person = Person.objects.get(code=entrant.actor.code)
    both = contest.hub.actor(Role.INNOVATOR, other.organisation, person=person)
    given = {"call": call, "system": other.system, "summary": "S.", "hours": "1", "budget": "0"}
    with refused(Invalid, "on_behalf_of.needed", "on_behalf_of"):
        contest.hub.do(both, "calls.proposal.submit", **given)
    wrong, right = ({"on_behalf_of": e.organisation.code} for e in (entrant, other))
    with refused(Denied, "proposal.own_system", "system"):
        contest.hub.do(both, "calls.proposal.submit", **given, options=wrong)
    proposal = contest.hub.do(both, "calls.proposal.submit", **given, options=right)
    assert proposal.organisation_id == other.organisation.pk


@pytest.mark.parametrize(
    ("field", "value", "kind", "rule"),
    [
        ("hours", "0", Invalid, "proposal.hours"),
        ("hours", "-1", Invalid, "quantity.negative"),
        ("hours", "0.0000001 h", Invalid, "quantity.too_fine"),
        ("hours", "360000001 ms", Exhausted, "proposal.hours_beyond_call"),
        ("hours", "1e9", Invalid, "quantity.form"),
        ("budget", "1000000.01", Exhausted, "proposal.budget_beyond_call"),
        ("budget", "100.00001万", Exhausted, "proposal.budget_beyond_call"),
        ("budget", "NaN", Invalid, "quantity.form"),
        ("budget", "-1", Invalid, "quantity.negative"),
        ("summary", " ", Invalid, "input.required"),
        ("summary", "x" * 20_001, Invalid, "text.too_long"),
        ("co_applicants", ["ORG-9999"], NotFound, "record.unknown"),
    ],
)
def test_what_a_call_does_not_offer_is_not_asked_for(
    contest: Competition, field: str, value: object, kind: type[Invalid], rule: str
) -> None:
    entrant, call = contest.entrant(), contest.call()
    with refused(kind, rule, field):
        contest.submit(call, entrant, **{field: value})
    assert not Proposal.objects.exists()


def test_all_of_a_call_may_be_asked_for_in_full_width_and_in_chinese_units(contest: Competition) -> None:
    call = contest.call()
    proposal = contest.submit(call, contest.entrant(), hours="１００卡时", budget="100万元")
    assert (proposal.requested_ms, proposal.budget_fen) == (call.hours_ms, call.budget_fen)
