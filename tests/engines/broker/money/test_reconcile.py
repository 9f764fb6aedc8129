"""Claims against observations: honest centres pass, a fast clock and a third too much are told apart, within one statement."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.broker.money import (
    Owed,
    Segment,
    balances,
    bilateral,
    double_claims,
    hub_tolerance,
    multilateral,
    reconcile,
)
from hutong.kernel.errors import Invalid

POLL = 30_000


def true_runs(n: int, seed: int) -> list[Segment]:
    luck = random.Random(seed)
    made = []
    for i in range(n):
        start = luck.randrange(30 * 86_400_000)
        made.append(
            Segment(
                f"ATT-{i}",
                "p",
                "x",
                1000 * luck.choice((1, 2, 8)),
                start,
                start + luck.randrange(60_000, 86_400_000),
            )
        )
    return made


def seen(runs: list[Segment], seed: int) -> list[Segment]:
    """As a hub sees them that asks every half minute: never sooner, up to a poll late."""
    luck = random.Random(seed)
    made = []
    for run in runs:
        start = run.start_ms + luck.randrange(POLL)
        made.append(replace(run, start_ms=start, end_ms=max(start + 1, run.end_ms + luck.randrange(POLL))))
    return made


def stretched(runs: list[Segment], percent: int) -> list[Segment]:
    return [replace(r, end_ms=r.start_ms + (r.end_ms - r.start_ms) * percent // 100) for r in runs]


def shifted(runs: list[Segment], by_ms: int) -> list[Segment]:
    return [replace(r, start_ms=r.start_ms + by_ms, end_ms=r.end_ms + by_ms) for r in runs]


@pytest.mark.parametrize("n", [1, 3, 200])
@pytest.mark.parametrize("seed", range(20))
def test_an_honest_centre_is_matched(n: int, seed: int) -> None:
    runs = true_runs(n, seed)
    made = reconcile(runs, seen(runs, seed), POLL, hub_tolerance())
    assert made.verdict == "matched" and made.findings == ()


@pytest.mark.parametrize("n", [5, 200])
@pytest.mark.parametrize("seed", range(20))
def test_thirty_percent_too_much_is_quarantined_within_one_statement(n: int, seed: int) -> None:
    runs = true_runs(n, seed)
    made = reconcile(stretched(runs, 130), seen(runs, seed), POLL, hub_tolerance())
    assert made.verdict == "quarantined" and [f.rule for f in made.findings] == ["reconcile.ratio"]
    assert made.ratio is not None and abs(made.ratio - Fraction(13, 10)) < Fraction(2, 100)
    chips = [replace(r, milli_chips=r.milli_chips * 13 // 10) for r in runs]
    assert reconcile(chips, seen(runs, seed), POLL, hub_tolerance()).verdict == "quarantined"


@pytest.mark.parametrize("by", [600_000, -600_000])
@pytest.mark.parametrize("seed", range(20))
def test_a_clock_ten_minutes_off_is_flagged_as_a_clock(by: int, seed: int) -> None:
    runs = true_runs(5, seed)
    made = reconcile(shifted(runs, by), seen(runs, seed), POLL, hub_tolerance())
    assert [f.rule for f in made.findings] == ["reconcile.clock"] and made.verdict == "quarantined"
    assert made.offset_ms is not None and abs(made.offset_ms - by) <= POLL


@pytest.mark.parametrize("seed", range(20))
def test_short_runs_of_an_honest_centre_are_not_held_against_the_poll(seed: int) -> None:
    """Runs of a minute or two, looked at every half minute: what was seen may be a third short of the truth."""
    runs = [
        replace(r, end_ms=r.start_ms + 60_000 + 5_000 * (i % 10)) for i, r in enumerate(true_runs(50, seed))
    ]
    late = [replace(r, start_ms=r.start_ms + POLL - 1) for r in runs]
    assert reconcile(runs, late, POLL, hub_tolerance()).verdict == "matched"
    assert reconcile(stretched(runs, 300), late, POLL, hub_tolerance()).verdict == "quarantined"


def test_one_odd_start_is_no_clock() -> None:
    runs = true_runs(9, 4)
    odd = [
        replace(runs[0], start_ms=runs[0].start_ms + 3_600_000, end_ms=runs[0].end_ms + 3_600_000),
        *runs[1:],
    ]
    assert reconcile(odd, seen(runs, 4), POLL, hub_tolerance()).findings == ()


def test_both_at_once_are_both_named() -> None:
    runs = true_runs(50, 1)
    made = reconcile(shifted(stretched(runs, 130), 600_000), seen(runs, 1), POLL, hub_tolerance())
    assert {f.rule for f in made.findings} == {"reconcile.ratio", "reconcile.clock"}


def test_five_percent_is_disputed_not_quarantined_and_too_little_is_said_too() -> None:
    runs = true_runs(200, 2)
    assert reconcile(stretched(runs, 105), seen(runs, 2), POLL, hub_tolerance()).verdict == "disputed"
    assert reconcile(stretched(runs, 90), seen(runs, 2), POLL, hub_tolerance()).verdict == "disputed"
    assert reconcile(shifted(runs, 120_000), seen(runs, 2), POLL, hub_tolerance()).verdict == "disputed"


def test_strangers_omissions_and_duplicates_are_named() -> None:
    runs = true_runs(30, 3)
    claimed = [*runs[1:], runs[5], Segment("ATT-X", "p", "x", 1000, 0, 1000)]
    made = reconcile(claimed, seen(runs, 3), POLL, hub_tolerance())
    named = {f.rule: f.attempts for f in made.findings}
    assert named["reconcile.unknown"] == ("ATT-X",) and named["reconcile.unclaimed"] == ("ATT-0",)
    assert named["reconcile.duplicate"] == ("ATT-5",) and made.verdict == "disputed"


def test_an_empty_statement_has_no_ratio() -> None:
    made = reconcile([], [], POLL, hub_tolerance())
    assert (made.ratio, made.offset_ms, made.verdict) == (None, None, "matched")


def test_a_second_claimed_by_lender_and_borrower_is_found() -> None:
    one = Segment("a", "p", "x", 1000, 0, 10_000)
    claims = {
        "lender": [one],
        "borrower": [replace(one, start_ms=9_000, end_ms=12_000), replace(one, attempt="b")],
    }
    assert double_claims(claims) == (("a", "borrower", "lender", 1_000),)
    assert double_claims({"lender": [one], "borrower": [replace(one, start_ms=10_000, end_ms=12_000)]}) == ()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 10**12)), max_size=30))
def test_netting_settles_every_position_with_few_transfers(rows: list[tuple[int, int, int]]) -> None:
    debts = [Owed(f"c{a}", f"c{b}", n) for a, b, n in rows]
    net = balances(debts)
    assert sum(net.values()) == 0
    transfers = multilateral(net)
    paid = balances(transfers)
    assert {k: v for k, v in paid.items() if v} == {k: v for k, v in net.items() if v}
    assert len(transfers) <= max(0, sum(v != 0 for v in net.values()) - 1)
    pairs = bilateral(debts)
    assert {k: v for k, v in balances(pairs).items() if v} == {k: v for k, v in net.items() if v}
    assert len({frozenset((d.debtor, d.creditor)) for d in pairs}) == len(pairs)
    assert all(d.debtor != d.creditor and d.amount > 0 for d in (*pairs, *transfers))


def test_netting_refuses_negative_and_unbalanced() -> None:
    with pytest.raises(Invalid):
        balances([Owed("a", "b", -1)])
    with pytest.raises(Invalid):
        multilateral({"a": 1})
