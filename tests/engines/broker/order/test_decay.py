"""Decayed usage against exact arithmetic and quadrature; the same bits in any batches."""

from __future__ import annotations

import itertools
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from hutong.engines.broker.order import DecayedUsage, power_of_two, weights
from hutong.kernel.errors import Invalid

WEEK = 7 * 86_400_000


def precise(rate: int, start: int, end: int, half_life: int, now: int) -> Decimal:
    """The closed form in fifty digits."""
    with localcontext() as context:
        context.prec = 50
        ln2 = Decimal(2).ln()
        two, h = Decimal(2), Decimal(half_life)
        return rate * h / ln2 * (two ** ((end - now) / h) - two ** ((start - now) / h))


def column(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(st.integers(-(10**14), 10**14), st.integers(1, 10**12))
def test_powers_of_two_are_right_to_the_last_bits(numerator: int, denominator: int) -> None:
    quotient = numerator / denominator
    if abs(quotient) > 1000:
        return
    with localcontext() as context:
        context.prec = 40
        exact = Decimal(2) ** (Decimal(numerator) / Decimal(denominator))
        made = Decimal(float(power_of_two(column(numerator), denominator)[0]))
        assert abs(made / exact - 1) < Decimal("4.5e-16")


@given(
    st.integers(1, 10**6),
    st.integers(0, 10**10),
    st.integers(1, 10**11),
    st.integers(1, 10**10),
    st.integers(0, 10**11),
)
def test_a_segment_weighs_what_fifty_digits_say(
    rate: int, start: int, span: int, half_life: int, later: int
) -> None:
    end = start + span
    now = end + later
    if (now - start) / half_life > 900:
        return
    made = Decimal(float(weights(column(rate), column(start), column(end), half_life, now)[0]))
    exact = precise(rate, start, end, half_life, now)
    assert abs(made / exact - 1) < Decimal("3e-15")


def test_the_closed_form_is_the_integral() -> None:
    made = weights(column(8000), column(0), column(3 * WEEK), WEEK, 5 * WEEK)[0]
    found, _ = integrate.quad(lambda s: 8000 * 2.0 ** (-(5 * WEEK - s) / WEEK), 0, 3 * WEEK, epsrel=1e-12)
    assert made == pytest.approx(found, rel=1e-11)


def test_after_one_half_life_exactly_half_is_left() -> None:
    used = DecayedUsage.empty(1, WEEK).added(column(0), column(1000), column(0), column(3_600_000))
    assert used.at(3 * WEEK)[0] == 2 * used.at(4 * WEEK)[0] == 1024 * used.at(13 * WEEK)[0]


def ledger(n: int, seed: int, years: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    luck = np.random.default_rng(seed)
    start = luck.integers(0, years * 365 * 86_400_000, n) + 1_700_000_000_000
    return luck.integers(0, 50, n), luck.integers(1, 64_000, n), start, start + luck.integers(1, WEEK, n)


@pytest.mark.parametrize("half_life", [0, 86_400_000 // 7, WEEK])
def test_replay_in_any_batches_gives_the_same_bits(half_life: int) -> None:
    """With the shortest half-life the epoch moves on many times."""
    rows = ledger(5_000, 3)
    whole = DecayedUsage.empty(50, half_life).added(*rows)
    luck = np.random.default_rng(1)
    for _ in range(20):
        marks = [0, *sorted(luck.integers(0, 5_000, 12).tolist()), 5_000]
        pieces = DecayedUsage.empty(50, half_life)
        for a, b in itertools.pairwise(marks):
            pieces = pieces.added(*(c[a:b] for c in rows))
        assert pieces.sums.tobytes() == whole.sums.tobytes() and pieces.epoch_ms == whole.epoch_ms
    now = int(rows[3].max())
    assert whole.at(now).tobytes() == pieces.at(now).tobytes()


def test_the_sum_agrees_with_exact_arithmetic_over_a_rebased_ledger() -> None:
    account, rate, start, end = ledger(400, 9)
    half_life, now = 86_400_000 // 4, int(end.max()) + 1
    made = DecayedUsage.empty(50, half_life).added(account, rate, start, end).at(now)
    for who in range(50):
        exact = sum(
            (
                precise(*map(int, (rate[i], start[i], end[i])), half_life, now)
                for i in np.flatnonzero(account == who)
            ),
            Decimal(0),
        )
        assert float(made[who]) == pytest.approx(float(exact), rel=1e-13)


def test_the_bits_are_pinned() -> None:
    """The same on every machine and in every version: a change here changes every replay."""
    i = np.arange(1_000, dtype=np.int64)
    start = 1_700_000_000_000 + i * 7_919_993 % (40 * WEEK)
    made = DecayedUsage.empty(7, WEEK).added(
        i % 7, 1 + i * 331 % 64_000, start, start + 1 + i * 104_729_003 % WEEK
    )
    assert made.sums[:3].tobytes().hex() == PINNED


PINNED = "2cf7b609d9eac2431204382fd45ec24307ef0b69dab7c443"


def test_without_half_life_nothing_decays() -> None:
    used = DecayedUsage.empty(2, 0).added(
        column(0, 1, 0), column(5, 7, 1), column(0, 0, 10), column(10, 10, 20)
    )
    assert used.at(10**12).tolist() == [60.0, 70.0]
    with pytest.raises(Invalid):
        DecayedUsage.empty(1, -1)
    assert DecayedUsage.empty(1, 5).added(*(column() for _ in range(4))).sums.tolist() == [0.0]
