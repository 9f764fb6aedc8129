"""The ranking against a brute-force oracle, on its own and through operations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from calls.competition import CRITERIA, Competition, Entrant
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from hutong.kernel.errors import Conflict
from hutong.modules.calls.ranking import Scored, rank, score, weighted
from hutong.platform.evidence import payload_of


@dataclass(frozen=True)
class Case:
    """One proposal of an example: its reviews, money in yuan, and the order in which it came."""

    number: int
    reviews: list[list[int]]
    budget: int


def total(case: Case, weights: list[int]) -> int:
    return sum(p * w for points in case.reviews for p, w in zip(points, weights, strict=True))


def beats(a: Case, b: Case, weights: list[int]) -> bool:
    """In whole numbers only: totals are compared cross-wise, so that no mean is ever divided out."""
    mine, theirs = total(a, weights) * len(b.reviews), total(b, weights) * len(a.reviews)
    if mine != theirs:
        return mine > theirs
    return (a.budget, a.number) < (b.budget, b.number)


def oracle(cases: list[Case], weights: list[int]) -> list[int]:
    """Numbers best first: a place is one more than the count of those that beat it."""
    places = {c.number: sum(beats(o, c, weights) for o in cases if o is not c) for c in cases}
    return sorted(places, key=lambda number: places[number])


@st.composite
def fields(draw: st.DrawFn, most: int = 7, cases: int = 6) -> tuple[list[int], list[Case]]:
    """Weights and proposals; few different points and budgets, so that ties are frequent."""
    weights = draw(st.lists(st.integers(1, 100), min_size=1, max_size=most))
    points = st.lists(st.sampled_from([0, 1, 50, 99, 100]), min_size=len(weights), max_size=len(weights))
    many = draw(st.integers(1, cases))
    return weights, [
        Case(n, draw(st.lists(points, min_size=2, max_size=4)), draw(st.sampled_from([0, 10, 11])))
        for n in range(many)
    ]


@given(field=fields(), shuffle=st.randoms(use_true_random=False))
def test_rank_equals_the_oracle_in_whatever_order_it_is_given(field: Any, shuffle: Any) -> None:
    weights, cases = field
    scored = [Scored(f"P{c.number}", c.number, c.budget, score(c.reviews, weights)) for c in cases]
    straight = rank(scored)
    shuffle.shuffle(scored)
    assert rank(scored) == straight
    assert [s.number for s in straight] == oracle(cases, weights)


@given(field=fields(cases=1))
def test_a_score_is_the_exact_mean_and_within_its_points(field: Any) -> None:
    weights, (case,) = field
    exact = score(case.reviews, weights)
    assert exact == Fraction(total(case, weights), sum(weights) * len(case.reviews))
    flat = [p for points in case.reviews for p in points]
    assert min(flat) <= exact <= max(flat)
    assert score([list(reversed(r)) for r in reversed(case.reviews)], weights[::-1]) == exact


@pytest.mark.parametrize(("points", "weights"), [([1], [1, 2]), ([], []), ([1, 2], [0, 0])])
def test_points_and_weights_that_do_not_fit_have_no_mean(points: list[int], weights: list[int]) -> None:
    with pytest.raises(ValueError):
        weighted(points, weights)


@pytest.fixture
def entrants(contest: Competition) -> list[Entrant]:
    """Made before the examples, whose records are rolled back; so are the reviewers."""
    contest.reviewer(3)
    return [contest.entrant() for _ in range(3)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=fields(most=3, cases=3), gone=st.sets(st.integers(0, 2)))
def test_a_call_is_ranked_as_the_oracle_says(
    contest: Competition, entrants: list[Entrant], field: Any, gone: set[int]
) -> None:
    weights, cases = field
    with transaction.atomic():
        call = contest.call(
            deadline=(contest.hub.clock.now() + timedelta(days=1)).isoformat(),
            criteria=[{**CRITERIA[0], "weight": w} for w in weights],
        )
        made = {c.number: contest.submit(call, entrants[c.number], budget=str(c.budget)) for c in cases}
        for case in cases:
            contest.judge(made[case.number], *case.reviews)
        left = [c for c in cases if c.number not in gone]
        for number in gone & set(made):
            contest.hub.do(
                entrants[number].actor, "calls.proposal.withdraw", proposal=made[number], reason="Merged."
            )
        contest.close(call)
        ranking = contest.rank(call).ranking
        expected = oracle(left, weights)
        assert [r["proposal"] for r in ranking] == [made[n].code for n in expected]
        assert [r["rank"] for r in ranking] == list(range(1, len(left) + 1))
        for place, number in enumerate(expected, start=1):
            case, proposal = cases[number], made[number]
            proposal.refresh_from_db()
            exact = Fraction(total(case, weights), sum(weights) * len(case.reviews))
            assert proposal.rank == place and Fraction(ranking[place - 1]["score"]) == exact
            assert abs(Fraction(proposal.score) - exact) <= Fraction(1, 20_000)
        assert payload_of(contest.hub.last().seq)["noted"]["ranking"] == ranking
        transaction.set_rollback(True)


def test_equal_scores_go_by_smaller_budget_then_by_earlier_submission(contest: Competition) -> None:
    call = contest.call()
    proposals = [
        contest.submit(call, contest.entrant(), budget=money) for money in ("300000", "200000", "200000")
    ]
    for proposal in proposals:
        contest.judge(proposal, [60, 60], [60, 60])
    contest.close(call)
    order = [r["proposal"] for r in contest.rank(call).ranking]
    assert order == [proposals[1].code, proposals[2].code, proposals[0].code]


def test_scores_that_look_equal_on_the_page_are_ranked_by_their_exact_value(contest: Competition) -> None:
    """One point of weight 1 in 1101, in one review of twenty: four decimals hide it, the fraction does not."""
    call = contest.call(criteria=[{**CRITERIA[0], "weight": w} for w in (*[100] * 11, 1)])
    worse, better = (contest.submit(call, contest.entrant()) for _ in range(2))
    level = [[50] * 12] * 19
    contest.judge(worse, [50] * 12, *level)
    contest.judge(better, [50] * 11 + [51], *level)
    contest.close(call)
    ranking = contest.rank(call).ranking
    assert [r["proposal"] for r in ranking] == [better.code, worse.code]
    assert Fraction(ranking[0]["score"]) - 50 == Fraction(1, 20 * 1101)
    for proposal in (worse, better):
        proposal.refresh_from_db()
    assert better.score == worse.score


def test_a_proposal_short_of_two_scores_holds_up_the_ranking(contest: Competition) -> None:
    call = contest.call()
    whole, short = (contest.submit(call, contest.entrant()) for _ in range(2))
    contest.judge(whole, [50, 50], [50, 50])
    contest.judge(short, [90, 90])
    contest.assign(short, contest.reviewer(1))
    recused = contest.assign(short, contest.reviewer(2))
    contest.hub.do(contest.reviewer(2), "calls.review.declare", review=recused, reason="A tie.")
    contest.close(call)
    with refused(Conflict, "call.reviews_missing"):
        contest.rank(call)
    for record in (call, whole, short):
        record.refresh_from_db()
    assert (call.state, call.ranking, whole.rank, short.rank) == ("closed", [], None, None)


def test_a_call_is_ranked_once_and_not_while_it_is_open(contest: Competition) -> None:
    call = contest.call()
    with refused(Conflict, "lifecycle.call.rank", "state"):
        contest.rank(call)
    contest.close(call)
    assert contest.rank(call).ranking == []
    with refused(Conflict, "lifecycle.call.rank", "state"):
        contest.rank(call)
