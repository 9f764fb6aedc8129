"""Criteria and points: whole numbers within their range, one for each criterion, given once and before the ranking."""

from __future__ import annotations

from typing import Any

import pytest
from calls.competition import CRITERIA, Competition
from refusals import refused

from hutong.kernel.errors import Conflict, Invalid
from hutong.modules.calls.models import Review


@pytest.fixture
def review(contest: Competition) -> Any:
    return contest.assign(contest.submit(contest.call(), contest.entrant()), contest.reviewer())


@pytest.mark.parametrize(
    ("points", "rule"),
    [
        ([101, 50], "review.points"),
        ([50, -1], "review.points"),
        ([10**30, 50], "review.points"),
        ([50], "review.points"),
        ([50, 50, 50], "review.points"),
        ("[]", "review.points"),
        ([], "input.required"),
        (["50", "50"], "review.points"),
        ([True, False], "review.points"),
        ([None, 50], "review.points"),
        ([[50], 50], "review.points"),
        ({"0": 50, "1": 50}, "review.points"),
        ("fifty, fifty", "review.points"),
        ([float("nan"), 50], "input.float"),
        ("[NaN, 50]", "input.float"),
        ("[Infinity, 50]", "input.float"),
        ("[50.0, 50]", "input.float"),
        ("[1e2, 50]", "input.float"),
        ("- .nan\n- 50", "input.float"),
        (["５０", "５０"], "review.points"),
        ("［５０，５０］", "review.points"),
        ("[５０, ５０]", "input.json"),
        ("- ５０\n- ５０", "review.points"),
        ("[50, 50", "input.json"),
        ("[" * 5000, "input.json"),
    ],
)
def test_points_that_are_not_one_whole_number_per_criterion_are_refused(
    contest: Competition, review: Any, points: Any, rule: str
) -> None:
    with refused(Invalid, rule, "scores"):
        contest.score(review, contest.reviewer(), points)
    review.refresh_from_db()
    assert (review.state, review.scores) == ("assigned", [])


@pytest.mark.parametrize("points", [[0, 100], "[0, 100]", "- 0\n- 100"])
def test_both_ends_of_the_range_are_points_as_list_json_and_yaml(
    contest: Competition, review: Any, points: Any
) -> None:
    assert contest.score(review, contest.reviewer(), points).scores == [0, 100]


def test_a_score_is_given_once(contest: Competition, review: Any) -> None:
    contest.score(review, contest.reviewer(), [10, 10])
    with refused(Conflict, "lifecycle.review.score", "state"):
        contest.score(review, contest.reviewer(), [90, 90])
    with refused(Conflict, "lifecycle.review.declare", "state"):
        contest.hub.do(contest.reviewer(), "calls.review.declare", review=review, reason="Too late.")
    review.refresh_from_db()
    assert review.scores == [10, 10]


def test_after_the_ranking_nothing_is_scored_or_assigned(contest: Competition) -> None:
    """Who reads the reviews later finds the very scores that the ranking was computed from."""
    call = contest.call()
    proposal = contest.submit(call, contest.entrant())
    late = contest.assign(proposal, contest.reviewer(2))
    ranking = contest.ranked(call, proposal).ranking
    with refused(Conflict, "review.after_ranking"):
        contest.score(late, contest.reviewer(2), [0, 0])
    newcomer = contest.reviewer(3)
    with refused(Conflict, "review.after_ranking"):
        contest.assign(proposal, newcomer)
    scored = Review.objects.filter(proposal=proposal, state="scored")
    assert sorted(scored.values_list("scores", flat=True)) == [[70, 85], [80, 90]]
    assert [r["proposal"] for r in ranking] == [proposal.code]


def test_a_withdrawn_proposal_is_no_longer_judged(contest: Competition) -> None:
    entrant = contest.entrant()
    proposal = contest.submit(contest.call(), entrant)
    reviewer, other = contest.reviewer(0), contest.reviewer(1)
    review = contest.assign(proposal, reviewer)
    contest.hub.do(entrant.actor, "calls.proposal.withdraw", proposal=proposal, reason="Merged.")
    with refused(Conflict, "review.withdrawn"):
        contest.score(review, reviewer, [50, 50])
    with refused(Conflict, "needs.calls.review.assign", "state"):
        contest.assign(proposal, other)


@pytest.mark.parametrize(
    "criteria",
    [
        [{**CRITERIA[0], "weight": 0}],
        [{**CRITERIA[0], "weight": 101}],
        [{**CRITERIA[0], "weight": -3}],
        [{**CRITERIA[0], "weight": True}],
        [{**CRITERIA[0], "weight": "3"}],
        [{**CRITERIA[0], "weight": None}],
        [{**CRITERIA[0], "name_zh": " "}],
        [{**CRITERIA[0], "name_en": 7}],
        [{**CRITERIA[0], "note": "more"}],
        [{"name_en": "Merit", "weight": 3}],
        [CRITERIA[0], "Use"],
        CRITERIA * 7,
        {"Merit": 3},
        "Merit",
    ],
)
def test_criteria_that_cannot_be_weighed_are_refused(contest: Competition, criteria: Any) -> None:
    with refused(Invalid, "call.criteria", "criteria"):
        contest.draft(criteria=criteria)


def test_a_weight_is_no_decimal(contest: Competition) -> None:
    with refused(Invalid, "input.float", "criteria"):
        contest.draft(criteria=[{**CRITERIA[0], "weight": 0.5}])


def test_twelve_criteria_of_every_weight_are_accepted(contest: Competition) -> None:
    criteria = [{**CRITERIA[0], "weight": 100 if i else 1} for i in range(12)]
    assert contest.draft(criteria=criteria).criteria == criteria
