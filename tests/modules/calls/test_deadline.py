"""Proposals until: one instant for everybody, whatever zone it was written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calls.competition import Competition
from refusals import refused

from hutong.kernel.clock import FixedClock
from hutong.kernel.errors import Conflict, Invalid, NotFound

# One moment, as people in several places write it.
MOMENT = datetime(2026, 9, 8, 9, 0, tzinfo=UTC)
WRITTEN = [
    "2026-09-08T17:00:00+08:00",
    "2026-09-08T09:00:00Z",
    "2026-09-08 04:00:00-05:00",
    "2026-09-08T14:45+05:45",
    "２０２６-０９-０８Ｔ１７：００：００＋０８：００",
]
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("late", [-SECOND, timedelta(0), timedelta(microseconds=1), SECOND])
def test_a_proposal_counts_up_to_and_including_the_deadline(
    contest: Competition, written: str, late: timedelta
) -> None:
    entrant, call = contest.entrant(), contest.call(deadline=written)
    assert call.deadline == MOMENT
    contest.hub.clock.move_to(MOMENT + late)
    if late > timedelta(0):
        with refused(Conflict, "proposal.after_deadline", "call"):
            contest.submit(call, entrant)
        return
    proposal = contest.submit(call, entrant)
    assert proposal.state == "submitted"
    assert contest.hub.last().recorded_at == MOMENT + late


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("2026-09-08T17:00:00", "instant.naive"),
        ("2026-09-08", "instant.form"),
        ("2026-09-31T17:00:00+08:00", "instant.form"),
        ("2026-09-08T25:00:00+08:00", "instant.form"),
        ("2026-09-08T17:00:00+99:00", "instant.form"),
        ("next week", "instant.form"),
    ],
)
def test_a_deadline_without_its_zone_or_off_the_calendar_is_refused(
    contest: Competition, written: str, rule: str
) -> None:
    with refused(Invalid, rule, "deadline"):
        contest.draft(deadline=written)


def test_a_call_closes_at_its_deadline_and_not_a_second_before(contest: Competition) -> None:
    call = contest.call(deadline=WRITTEN[0])
    contest.hub.clock.move_to(MOMENT - SECOND)
    with refused(Conflict, "call.deadline_ahead", "deadline"):
        contest.hub.do(contest.office, "calls.call.close", call=call)
    contest.hub.clock.move_to(MOMENT)
    assert contest.hub.do(contest.office, "calls.call.close", call=call).state == "closed"


def test_a_closed_call_takes_nothing_in_the_second_of_its_deadline(contest: Competition) -> None:
    entrant, call = contest.entrant(), contest.call(deadline=WRITTEN[0])
    contest.hub.clock = FixedClock(MOMENT)
    contest.hub.do(contest.office, "calls.call.close", call=call)
    with refused(Conflict, "proposal.after_deadline", "call"):
        contest.submit(call, entrant)


@pytest.mark.parametrize("ahead", [timedelta(0), -SECOND])
def test_a_call_is_not_published_at_or_after_its_deadline(contest: Competition, ahead: timedelta) -> None:
    call = contest.draft(deadline=WRITTEN[0])
    contest.hub.clock.move_to(MOMENT - ahead)
    with refused(Conflict, "call.deadline_past", "deadline"):
        contest.publish(call)


def test_a_draft_is_not_there_for_applicants(contest: Competition) -> None:
    entrant, call = contest.entrant(), contest.draft()
    with refused(NotFound, "record.unknown", "call"):
        contest.submit(call, entrant)


@pytest.mark.parametrize(
    ("changes", "kind", "rule"),
    [
        ({"hours": "0"}, Invalid, "call.hours"),
        ({"hours": "-1"}, Invalid, "quantity.negative"),
        ({"budget": "-1"}, Invalid, "quantity.negative"),
        ({"budget": "NaN"}, Invalid, "quantity.form"),
    ],
)
def test_a_call_offers_a_readable_amount(
    contest: Competition, changes: dict[str, Any], kind: Any, rule: str
) -> None:
    with refused(kind, rule, next(iter(changes))):
        contest.draft(**changes)
