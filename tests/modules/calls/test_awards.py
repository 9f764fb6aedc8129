"""Awards stay within the proposal and the call, and take two people."""

from __future__ import annotations

from typing import Any

import pytest
from calls.competition import Competition
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Exhausted, HutongError, Invalid
from hutong.kernel.permission import Role
from hutong.kernel.quantity import HOUR
from hutong.modules.calls.models import Award
from hutong.platform.evidence import payload_of
from hutong.platform.ledger.tables import Event

FEN = 100
# Hours and yuan of the call; hours and yuan that each proposal asks for. Together they ask for more than there is.
OFFERED = (10, 1000)
ASKED = ((10, 1000), (6, 500), (4, 300), (1, 0))


@pytest.fixture
def proposals(contest: Competition) -> list[Any]:
    """The proposals of one ranked call, in the order of `ASKED`."""
    call = contest.call(hours=str(OFFERED[0]), budget=str(OFFERED[1]))
    made = [contest.submit(call, contest.entrant(), hours=str(h), budget=str(b)) for h, b in ASKED]
    contest.ranked(call, *made)
    return made


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["award", "award", "award", "close", "decline"]),
        st.integers(0, len(ASKED) - 1),
        st.integers(0, 11),
        st.integers(0, 1001),
    ),
    min_size=1,
    max_size=10,
)


class Book:
    """What may be awarded, told independently: plain sums over what the test saw succeed."""

    def __init__(self) -> None:
        self.state = dict.fromkeys(range(len(ASKED)), "submitted")
        self.given: dict[int, tuple[int, int]] = {}

    def expect(self, step: str, which: int, hours: int, money: int) -> tuple[str, str] | None:
        """(kind, field) of the refusal, or None."""
        if step == "close":
            return None if self.state[which] == "awarded" else ("none", "")
        if self.state[which] != "submitted":
            return ("conflict", "state")
        if step == "decline":
            return None
        if not 0 < hours <= ASKED[which][0]:
            return ("invalid", "hours")
        if money > ASKED[which][1]:
            return ("invalid", "amount")
        spent = [sum(column) for column in zip((0, 0), *self.given.values(), strict=True)]
        if spent[0] + hours > OFFERED[0]:
            return ("exhausted", "hours")
        return ("exhausted", "amount") if spent[1] + money > OFFERED[1] else None

    def note(self, step: str, which: int, hours: int, money: int) -> None:
        self.state[which] = {"award": "awarded", "close": "closed", "decline": "declined"}[step]
        if step == "award":
            self.given[which] = (hours, money)


def take(contest: Competition, proposals: list[Any], step: str, which: int, hours: int, money: int) -> None:
    proposal = proposals[which]
    if step == "award":
        contest.award(proposal, str(hours), str(money))
    elif step == "decline":
        contest.hub.do(contest.office, "calls.proposal.decline", proposal=proposal, reason="No.")
    else:
        contest.hub.do(contest.office, "calls.award.close", award=proposal.award, reason="Done.")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_tried_the_awards_never_exceed_the_call(
    contest: Competition, proposals: list[Any], steps: list[tuple[str, int, int, int]]
) -> None:
    """A closed award has been spent: what it left does not come back for another."""
    with transaction.atomic():
        book = Book()
        for proposal in proposals:
            proposal.refresh_from_db()
        for step in steps:
            expected = book.expect(*step)
            if expected == ("none", ""):
                continue
            before = Event.objects.count()
            try:
                take(contest, proposals, *step)
            except HutongError as refusal:
                assert (refusal.kind, refusal.field) == expected, step
                assert Event.objects.count() == before
            else:
                assert expected is None, step
                book.note(*step)
                assert Event.objects.count() == before + 1
            rows = Award.objects.values_list("granted_ms", "amount_fen")
            assert sorted(rows) == sorted((h * HOUR, m * FEN) for h, m in book.given.values())
            assert (
                sum(r[0] for r in rows) <= OFFERED[0] * HOUR and sum(r[1] for r in rows) <= OFFERED[1] * FEN
            )
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("hours", "amount", "kind", "rule", "field"),
    [
        ("6.001", "500", Invalid, "award.hours", "hours"),
        ("0", "500", Invalid, "award.hours", "hours"),
        ("-1", "500", Invalid, "quantity.negative", "hours"),
        ("nan", "500", Invalid, "quantity.form", "hours"),
        ("6", "500.01", Invalid, "award.amount", "amount"),
        ("6", "-0.01", Invalid, "quantity.negative", "amount"),
        ("6", "500.001", Invalid, "money.decimals", "amount"),
        ("6", "Infinity", Invalid, "quantity.form", "amount"),
    ],
)
def test_an_award_beyond_what_was_asked_for_is_refused(
    contest: Competition, proposals: list[Any], hours: str, amount: str, kind: Any, rule: str, field: str
) -> None:
    with refused(kind, rule, field):
        contest.award(proposals[1], hours, amount)
    assert not Award.objects.exists()


def test_an_award_takes_the_last_millisecond_and_the_last_fen_and_not_one_more(
    contest: Competition, proposals: list[Any]
) -> None:
    contest.award(proposals[1], "６ 小时", "￥500.00")
    with refused(Exhausted, "award.hours_beyond_call", "hours"):
        contest.award(proposals[0], "14400001 ms", "500")
    with refused(Exhausted, "award.amount_beyond_call", "amount"):
        contest.award(proposals[0], "4", "500.01")
    assert contest.award(proposals[0], "14400000 ms", "500").granted_ms == 4 * HOUR
    with refused(Exhausted, "award.hours_beyond_call", "hours"):
        contest.award(proposals[3], "1 ms", "0")


def test_a_closed_award_has_been_spent(contest: Competition, proposals: list[Any]) -> None:
    award = contest.award(proposals[0], "10", "1000")
    contest.hub.do(contest.office, "calls.award.close", award=award, reason="Done.")
    with refused(Exhausted, "award.hours_beyond_call", "hours"):
        contest.award(proposals[1], "1 ms", "0")


def test_hours_without_money_are_an_award(contest: Competition, proposals: list[Any]) -> None:
    award = contest.award(proposals[3], "1", "0")
    assert (award.granted_ms, award.amount_fen, award.state) == (HOUR, 0, "live")
    assert payload_of(contest.hub.last().seq)["input"]["amount"] == 0


def test_who_ranked_the_call_does_not_award_it(contest: Competition, proposals: list[Any]) -> None:
    with refused(Denied, "duty.separated:calls.call.rank"):
        contest.award(proposals[0], "1", "1", by=contest.office)
    # The duty is separated within a call: the same person may award another that a colleague ranked.
    other = contest.call()
    proposal = contest.submit(other, contest.entrant())
    contest.judge(proposal, [50, 50], [50, 50])
    contest.close(other)
    contest.hub.do(contest.second, "calls.call.rank", call=other)
    with refused(Denied, "duty.separated:calls.call.rank"):
        contest.award(proposal, "1", "1")
    assert contest.award(proposal, "1", "1", by=contest.office).state == "live"
    assert contest.award(proposals[0], "1", "1").state == "live"


def test_two_officers_after_one_another_award_once(contest: Competition, proposals: list[Any]) -> None:
    third = contest.hub.actor(Role.TASK_FORCE)
    contest.award(proposals[0], "1", "1")
    for officer in (contest.second, third):
        with pytest.raises(Conflict) as again:
            contest.award(proposals[0], "1", "1", by=officer)
        assert again.value.field == "state"
    assert Award.objects.count() == 1


def test_applicants_and_reviewers_award_nothing(contest: Competition) -> None:
    entrant = contest.entrant()
    proposal = contest.submit(contest.call(), entrant)
    with refused(Denied, "calls:award:grant"):
        contest.award(proposal, "1", "1", by=entrant.actor)
    with refused(Denied, "calls:proposal:decline"):
        contest.hub.do(entrant.actor, "calls.proposal.decline", proposal=proposal, reason="Ours.")


def test_nothing_is_decided_before_the_ranking(contest: Competition) -> None:
    call = contest.call()
    proposal = contest.submit(call, contest.entrant())
    contest.judge(proposal, [50, 50], [50, 50])
    for closed in (False, True):
        if closed:
            contest.close(call)
        with refused(Conflict, "award.unranked"):
            contest.award(proposal, "1", "1")
        with refused(Conflict, "proposal.unranked"):
            contest.hub.do(contest.office, "calls.proposal.decline", proposal=proposal, reason="No.")


def test_a_declined_proposal_reads_why_and_gets_no_award(contest: Competition, proposals: list[Any]) -> None:
    declined = contest.hub.do(
        contest.office, "calls.proposal.decline", proposal=proposals[2], reason="Too dear."
    )
    assert (declined.state, declined.decision, declined.rank) == ("declined", "Too dear.", 2)
    with pytest.raises(Conflict) as refusal:
        contest.award(declined, "1", "1")
    assert refusal.value.field == "state"


def test_an_award_closes_once_and_by_the_office(contest: Competition, proposals: list[Any]) -> None:
    award = contest.award(proposals[0], "1", "1")
    with refused(Denied, "calls:award:close"):
        contest.hub.do(contest.reviewer(), "calls.award.close", award=award, reason="No.")
    contest.hub.do(contest.office, "calls.award.close", award=award, reason="Done.")
    with refused(Conflict, "lifecycle.award.close", "state"):
        contest.hub.do(contest.office, "calls.award.close", award=award, reason="Done.")
