"""Segments to fen against plain integer arithmetic: price and factor changes in mid-run, summer time, splits, limits."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines.broker.money import (
    CHIP_HOUR,
    Books,
    Factor,
    Factors,
    PoolTerms,
    Price,
    PriceBook,
    Segment,
    Unit,
    cut,
    from_ms,
    published_factors,
    read_factors,
    settle,
    statement,
    to_ms,
    usage,
    whole,
)
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

BERLIN = ZoneInfo("Europe/Berlin")
# 2024-10-27 00:00 and 2025-03-30 00:00 UTC: an hour before the clocks of Berlin go back and forth.
NIGHTS = (1_729_987_200_000, 1_743_292_800_000)
SOURCE = Text("test", "测试")
Changes = list[tuple[int, int]]


def books(prices: dict[str, Changes], factors: Changes | None = None) -> Books:
    """prices: pool -> (from, fen per hour). factors: of chip x, (from, value in thousandths)."""
    rows = []
    for pool, some in prices.items():
        for i, (start, fen) in enumerate(some):
            rows.append((Price(pool, fen, f"v{i}"), start, some[i + 1][0] if i + 1 < len(some) else None))
    if factors is None:
        return Books(PriceBook(rows))
    made = [
        (Factor("x", "u", Fraction(v, 1000), f"f{i}", SOURCE, "unverified"), t, factors[i + 1][0] if i + 1 < len(factors) else None)
        for i, (t, v) in enumerate(factors)
    ]  # fmt: skip
    return Books(PriceBook(rows), Factors("f", [Unit("u", SOURCE, "FP16")], made), "u")


def independent(
    rows: list[tuple[int, int, int, int, int]], prices: list[Changes], factors: Changes
) -> dict[tuple[int, int, int, int], tuple[int, int]]:
    """(attempt, pool, price, factor) -> (milli-chip-ms, fen), one segment at a time in unbounded integers."""
    amounts: dict[tuple[int, int, int, int], int] = {}
    for attempt, pool, milli, start, end in rows:
        inner = {t for t, _ in prices[pool]} | {t for t, _ in factors}
        marks = [start, *sorted(t for t in inner if start < t < end), end]
        for a, b in itertools.pairwise(marks):
            price = max(i for i, (t, _) in enumerate(prices[pool]) if t <= a)
            factor = max(i for i, (t, _) in enumerate(factors) if t <= a)
            key = (attempt, pool, price, factor)
            amounts[key] = amounts.get(key, 0) + milli * (b - a)
    return {k: (n, n * prices[k[1]][k[2]][1] // (3_600_000 * 1000)) for k, n in sorted(amounts.items())}


def drawn(n: int, seed: int) -> tuple[list[tuple[int, int, int, int, int]], list[Changes], Changes]:
    """Segments over a year of three pools whose prices change now and then, often in the middle of a run."""
    luck = random.Random(seed)
    zero = to_ms(datetime(2024, 6, 1, tzinfo=UTC))
    year = 366 * 86_400_000
    prices = [
        [
            (0, luck.randrange(1, 10_000)),
            *sorted((zero + luck.randrange(year), luck.randrange(0, 10_000)) for _ in range(9)),
        ]
        for _ in range(3)
    ]
    factors = [(0, 300), *sorted((zero + luck.randrange(year), luck.randrange(1, 2000)) for _ in range(3))]
    rows = []
    for _ in range(n):
        start = (
            zero + luck.randrange(year)
            if luck.random() < 0.9
            else luck.choice(NIGHTS) + luck.randrange(10_800_000)
        )
        span = luck.choice((1, 999, 60_000, 3_600_001, 86_400_000, 30 * 86_400_000))
        rows.append(
            (
                luck.randrange(n // 3 + 1),
                luck.randrange(3),
                luck.choice((1, 333, 1000, 8000, 64_000)),
                start,
                start + luck.randrange(1, span + 1),
            )
        )
    return rows, prices, factors


def by_wall_clock(rows: list[tuple[int, int, int, int, int]]) -> list[tuple[int, int, int, int, int]]:
    """The same rows as a centre in Berlin writes them, with its clock's zone, and as we read them."""
    return [(a, p, m, to_ms(wall(start)), to_ms(wall(end))) for a, p, m, start, end in rows]


def wall(milliseconds: int) -> datetime:
    """What the clock in Berlin shows; `datetime.fromtimestamp` is none of our arithmetic."""
    shown = datetime.fromtimestamp(milliseconds // 1000, BERLIN)
    return shown.replace(microsecond=milliseconds % 1000 * 1000)


def compare(n: int, seed: int) -> int:
    rows, prices, factors = drawn(n, seed)
    pools = [PoolTerms(f"p{i}", "x") for i in range(3)]
    made = settle(
        usage(by_wall_clock(rows)), pools, books({f"p{i}": p for i, p in enumerate(prices)}, factors)
    )
    expected = independent(rows, prices, factors)
    keys = zip(
        made.attempt.tolist(), made.pool.tolist(), made.price.tolist(), made.factor.tolist(), strict=True
    )
    values = zip(made.amount.tolist(), made.fen.tolist(), strict=True)
    assert dict(zip(keys, values, strict=True)) == expected
    return made.total_fen - sum(fen for _, fen in expected.values())


@pytest.mark.parametrize("seed", range(5))
def test_lines_equal_unbounded_integer_arithmetic(seed: int) -> None:
    assert compare(2_000, seed) == 0


@pytest.mark.slow
def test_a_million_segments_have_no_error_of_a_fen() -> None:
    assert compare(1_000_000, 7) == 0


def test_price_change_in_mid_run_splits_at_the_instant() -> None:
    change = to_ms(datetime(2025, 1, 1, tzinfo=timezone(timedelta(hours=8))))
    made = statement(
        [Segment("a", "p", "x", 8000, change - 1_800_000, change + 5_400_000)],
        books({"p": [(0, 1000), (change, 1200)]}),
    )
    assert [(line.end_ms - line.start_ms, line.price_version, line.fen) for line in made.lines] == [
        (1_800_000, "v0", 4000),
        (5_400_000, "v1", 14_400),
    ]
    assert made.fen == 18_400 and made.amount == 8000 * 7_200_000


def test_factor_change_in_mid_run_keeps_the_native_amount() -> None:
    made = statement(
        [Segment("a", "p", "x", 1000, 0, 7_200_000)], books({"p": [(0, 100)]}, [(0, 312), (3_600_000, 400)])
    )
    assert [line.in_unit for line in made.lines] == [Fraction(39, 125), Fraction(2, 5)]
    assert [line.amount for line in made.lines] == [CHIP_HOUR, CHIP_HOUR] and made.fen == 200
    assert made.lines[0].as_json()["in_unit"] == "39/125"


def test_the_night_the_clocks_go_back_has_an_hour_more() -> None:
    start = datetime(2024, 10, 26, 22, 0, tzinfo=BERLIN)
    end = datetime(2024, 10, 27, 6, 0, tzinfo=BERLIN)
    assert end - start == timedelta(hours=8)  # what the wall clocks say, and what must not be billed
    assert to_ms(end) - to_ms(start) == 9 * 3_600_000
    made = statement([Segment("a", "p", "x", 1000, to_ms(start), to_ms(end))], books({"p": [(0, 100)]}))
    assert made.fen == 900
    change = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN)
    early, late = to_ms(change), to_ms(change.replace(fold=1))
    assert late - early == 3_600_000
    made = statement(
        [Segment("a", "p", "x", 1000, to_ms(start), to_ms(end))], books({"p": [(0, 100), (late, 200)]})
    )
    assert made.fen == 550 + 700


def test_a_time_that_summer_time_skips_is_refused() -> None:
    with pytest.raises(Invalid) as gap:
        to_ms(datetime(2025, 3, 30, 2, 30, tzinfo=BERLIN))
    assert gap.value.rule == "instant.gap"
    with pytest.raises(Invalid) as naive:
        to_ms(datetime(2025, 3, 30, 2, 30))
    assert naive.value.rule == "instant.naive"
    assert from_ms(to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))).year == 1969


@given(
    st.lists(st.integers(1, 10_000_000), min_size=1, max_size=6), st.integers(1, 8000), st.integers(0, 10_000)
)
def test_cutting_a_segment_changes_no_fen(parts: list[int], milli: int, fen: int) -> None:
    marks = [0, *np.cumsum(parts).tolist()]
    at = books({"p": [(0, fen)]})
    cut = [Segment("a", "p", "x", milli, a, b) for a, b in itertools.pairwise(marks)]
    assert statement(cut, at).fen == statement([Segment("a", "p", "x", milli, 0, marks[-1])], at).fen


def test_a_segment_that_begins_or_ends_at_a_change_has_one_line() -> None:
    at = books({"p": [(0, 10), (100, 20), (200, 30)]})
    made = statement([Segment("a", "p", "x", 1000, 100, 200)], at)
    assert [(line.start_ms, line.end_ms, line.price_version) for line in made.lines] == [(100, 200, "v1")]
    pieces, origin = cut(usage([(0, 0, 1, 100, 200), (0, 0, 1, 99, 201)]), {0: np.array([0, 100, 200])})
    assert origin.tolist() == [0, 1, 1, 1] and pieces.start_ms.tolist() == [100, 99, 100, 200]


def test_a_hold_for_the_shortest_run_is_a_fen() -> None:
    at = books({"p": [(0, 1), (5, 1)]}).prices
    assert (
        at.hold_fen("p", 1, 0, 1) == 1 and at.hold_fen("p", 1, 4, 6) == 2 and at.hold_fen("p", 1, 4, 4) == 0
    )


def test_a_third_of_a_chip_three_times_is_one_chip_less_a_thousandth() -> None:
    made = statement([Segment("a", "p", "x", 333, 0, 3_600_000)] * 3, books({"p": [(0, 1000)]}))
    assert (made.amount, made.fen) == (999 * 3_600_000, 999)


@given(st.integers(1, 64_000), st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 10**6))
def test_a_hold_is_never_less_than_the_charge(milli: int, start: int, span: int, fen: int) -> None:
    at = books({"p": [(0, fen), (5 * 10**8, fen + 7)]})
    charged = statement([Segment("a", "p", "x", milli, start, start + span)], at).fen
    assert charged <= at.prices.hold_fen("p", milli, start, start + span) <= charged + 2


@given(st.integers(1, 64_000), st.integers(0, 10**9), st.integers(0, 10**5), st.integers(0, 10**6))
def test_a_budget_lasts_until_the_last_millisecond_that_it_pays(
    milli: int, start: int, fen: int, budget: int
) -> None:
    at = books({"p": [(0, fen), (5 * 10**8, fen + 7), (6 * 10**8, 0), (7 * 10**8, 30_000)]})
    end = at.prices.paid_until("p", milli, start, budget)
    assert end is not None

    def charged(until: int) -> int:
        return statement([Segment("a", "p", "x", milli, start, until)], at).fen

    assert end == start or charged(end) <= budget
    assert charged(end + 1) > budget


def test_a_budget_without_price_lasts_for_ever_or_until_the_prices_end() -> None:
    assert books({"p": [(0, 0)]}).prices.paid_until("p", 1000, 5, 0) is None
    ends = PriceBook([(Price("p", 0, "a"), 0, 100), (Price("p", 5, "b"), 200, None)])
    assert ends.paid_until("p", 1000, 5, 10**6) == 100


def test_the_dearest_chip_for_the_longest_time_stays_exact() -> None:
    dearest = (2**63 - 1) // CHIP_HOUR
    rows = [(0, 0, 2**31, 0, 2**30)]
    made = settle(usage(rows), [PoolTerms("p", "x")], books({"p": [(0, dearest)]}))
    assert made.total_fen == 2**61 * dearest // CHIP_HOUR
    with pytest.raises(Invalid) as large:
        settle(usage(rows * 4), [PoolTerms("p", "x")], books({"p": [(0, 1)]}))
    assert large.value.rule == "statement.too_large"
    with pytest.raises(Invalid):
        books({"p": [(0, dearest + 1)]})


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ((0, 0, 1000, 10, 10), "segment.order"),
        ((0, 0, 1000, 10, 9), "segment.order"),
        ((0, 0, 0, 10, 20), "segment.amount"),
        ((0, 0, -1, 10, 20), "segment.amount"),
        ((0, 0, 2**62, 10, 2**40), "segment.amount"),
        ((0, 5, 1000, 10, 20), "segment.pool"),
    ],
)
def test_impossible_segments_are_named(row: tuple[int, int, int, int, int], rule: str) -> None:
    with pytest.raises(Invalid) as bad:
        settle(usage([(0, 0, 1, 0, 1), row]), [PoolTerms("p", "x")], books({"p": [(0, 1)]}))
    assert bad.value.rule == rule
    if rule != "segment.pool":
        assert "Segment 2 " in bad.value.what.en


def test_an_hour_without_a_price_is_refused_not_free() -> None:
    gap = Books(PriceBook([(Price("p", 5, "a"), 0, 100), (Price("p", 6, "b"), 200, None)]))
    with pytest.raises(Invalid) as none:
        statement([Segment("a", "p", "x", 1000, 50, 250)], gap)
    assert none.value.rule == "dated.none" and "1970-01-01T00:00:00.100Z" in none.value.what.en
    with pytest.raises(Invalid) as twice:
        PriceBook([(Price("p", 5, "a"), 0, 100), (Price("p", 6, "b"), 99, None)])
    assert twice.value.rule == "dated.overlap"
    with pytest.raises(Invalid) as order:
        PriceBook([(Price("p", 5, "a"), 100, 100)])
    assert order.value.rule == "dated.order"
    with pytest.raises(Invalid) as unknown:
        statement([Segment("a", "q", "x", 1000, 50, 250)], gap)
    assert unknown.value.rule == "price.unknown"


def test_conversion_there_and_back_makes_no_time() -> None:
    table, unit, at = published_factors(), "pflops-hour-fp16", to_ms(datetime(2025, 1, 1, tzinfo=UTC))
    assert table.convert(3_600_000, "a100", "t4", unit, at, "floor") == 3_600_000 * 312 // 65
    for chip_ms in (1, 17, 3_600_000, 10**12 + 7):
        there = table.convert(chip_ms, "a100", "ascend910b", unit, at, "floor")
        assert table.convert(there, "ascend910b", "a100", unit, at, "floor") <= chip_ms
        assert table.convert(there, "ascend910b", "a100", unit, at, "ceil") <= chip_ms
        charged = table.convert(chip_ms, "a100", "ascend910b", unit, at, "ceil")
        assert table.convert(charged, "ascend910b", "a100", unit, at, "ceil") >= chip_ms
    assert (whole(Fraction(-7, 2), "floor"), whole(Fraction(-7, 2), "ceil")) == (-4, -3)


def test_a_chip_without_a_factor_keeps_its_native_unit() -> None:
    with pytest.raises(Invalid) as unknown:
        published_factors().line("abacus", "pflops-hour-fp16")
    assert unknown.value.rule == "factor.unknown"
    units = [{"id": "u", "title": SOURCE.as_json(), "precision": "FP16"}]
    row = {"chip": "x", "unit": "u", "valid_from": "2025-01-01T00:00:00Z", "status": "unverified"}
    for value in (0.312, "0"):
        with pytest.raises(Invalid):
            read_factors(
                {
                    "version": "1",
                    "units": units,
                    "factors": [{**row, "value": value, "source": SOURCE.as_json()}],
                }
            )
