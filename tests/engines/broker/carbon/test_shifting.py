"""Shifting: first come first served, the bound against brute force, the on-line rule."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations, product

import numpy as np
import pytest

from hutong.engines.broker.carbon import (
    DailyForecast,
    OnlineRule,
    PerfectForecast,
    ShiftableJob,
    emitted,
    fifo,
    least_emission,
    promised,
    synthetic,
)
from hutong.engines.broker.carbon.online import gains
from hutong.engines.broker.carbon.shifting import Schedule
from hutong.kernel.errors import Invalid

START = datetime(2026, 3, 2, tzinfo=UTC)


def crowd(seed: int, count: int = 400, slots: int = 24 * 8) -> list[ShiftableJob]:
    """Jobs over a week of hours on 100 chips: half the chips busy; slack of none to a day."""
    generator = np.random.default_rng(seed)
    jobs = []
    for number in range(count):
        release, work = int(generator.integers(0, slots)), int(generator.integers(1, 12))
        chips, slack = int(generator.choice([1, 2, 4, 8])), int(generator.choice([0, 6, 12, 24]))
        jobs.append(
            ShiftableJob(
                f"j{number}", release, release + work + slack, work, chips, 0.5 * chips, bool(number % 3)
            )
        )
    return sorted(jobs, key=lambda job: job.release)


def case(seed: int) -> tuple[list[ShiftableJob], Schedule, np.ndarray, np.ndarray, np.ndarray]:
    jobs = crowd(seed)
    first = fifo(jobs, 100, 600)
    due = promised(jobs, first)
    slots = int(due.max()) + 1
    series = synthetic(14 * 24 + slots, seed, START).values
    return jobs, Schedule(first.runs[:, :slots]), due, series[: 14 * 24], series[14 * 24 :]


def test_fifo_by_hand() -> None:
    jobs = [
        ShiftableJob("a", 0, 9, 2, 2, 1.0),
        ShiftableJob("b", 0, 9, 1, 3, 1.0),
        ShiftableJob("c", 0, 9, 1, 1, 1.0),
    ]
    runs = fifo(jobs, 3, 6).runs
    assert [list(np.flatnonzero(row)) for row in runs] == [[0, 1], [2], [3]]  # c does not overtake b


@pytest.mark.parametrize("seed", range(3))
def test_fifo_keeps_order_and_chips(seed: int) -> None:
    jobs = crowd(seed)
    schedule = fifo(jobs, 60, 900)
    starts = schedule.runs.argmax(axis=1)
    assert (np.diff(starts) >= 0).all()
    assert schedule.chips(jobs).max() <= 60
    assert (schedule.runs.sum(axis=1) == [job.work for job in jobs]).all()
    assert (starts >= [job.release for job in jobs]).all()
    assert (schedule.resumes() == 0).all()


@pytest.mark.parametrize("seed", range(25))
def test_the_bound_equals_brute_force_where_jobs_take_one_chip(seed: int) -> None:
    """One chip a job and pauses allowed: a transport problem, whose linear programme is whole by itself."""
    generator = np.random.default_rng(seed)
    signal = generator.uniform(1, 10, 6)
    jobs = [
        ShiftableJob(str(n), int(generator.integers(0, 3)), 6, int(generator.integers(1, 4)), 1, 1.0)
        for n in range(3)
    ]
    ways = [list(combinations(range(job.release, 6), job.work)) for job in jobs]
    best = min(
        sum(float(signal[list(way)].sum()) for way in choice)
        for choice in product(*ways)
        if max(np.bincount([slot for way in choice for slot in way], minlength=6)) <= 2
    )
    bound, shares = least_emission(jobs, signal, 2, np.full(3, 6))
    assert bound == pytest.approx(best)
    assert shares.sum(axis=0).max() <= 2 + 1e-9


def test_the_bound_says_when_deadlines_cannot_be_kept() -> None:
    jobs = [ShiftableJob(str(n), 0, 2, 2, 1, 1.0) for n in range(3)]
    with pytest.raises(Invalid, match="cannot be kept"):
        least_emission(jobs, np.ones(2), 2, np.full(3, 2))


@pytest.mark.parametrize("seed", range(4))
def test_the_rule_keeps_chips_work_windows_and_deadlines(seed: int) -> None:
    jobs, first, due, history, signal = case(seed)
    made = OnlineRule(day=24).schedule(jobs, DailyForecast(signal, history, 24), 100, due, len(signal))
    assert made.chips(jobs).max() <= 100
    assert (made.runs.sum(axis=1) == [job.work for job in jobs]).all()
    assert (made.runs.argmax(axis=1) >= [job.release for job in jobs]).all()
    steady = [not job.interruptible for job in jobs]
    assert (made.resumes()[steady] == 0).all()
    declared = np.array([job.deadline for job in jobs])
    met = first.finish() <= declared
    assert not (met & (made.finish() > declared)).any()


def test_the_rule_reaches_three_fifths_of_the_bound() -> None:
    shares = []
    for seed in range(4):
        jobs, first, due, history, signal = case(seed)
        base, (least, _) = emitted(jobs, first, signal), least_emission(jobs, signal, 100, due)
        made = OnlineRule(day=24).schedule(jobs, DailyForecast(signal, history, 24), 100, due, len(signal))
        known = OnlineRule(day=24).schedule(jobs, PerfectForecast(signal), 100, due, len(signal))
        assert least <= min(emitted(jobs, known, signal), emitted(jobs, made, signal)) + 1e-6
        shares.append((base - emitted(jobs, made, signal)) / (base - least))
    assert np.mean(shares) >= 0.6


def test_the_rule_does_not_see_the_future() -> None:
    jobs, _, due, history, signal = case(1)
    other = signal.copy()
    other[100:] = other[100:][::-1] * 3
    one, two = (
        OnlineRule().schedule(jobs, DailyForecast(values, history, 24), 100, due, len(signal))
        for values in (signal, other)
    )
    assert (one.runs[:, :100] == two.runs[:, :100]).all()
    assert (one.runs != two.runs).any()


def test_the_rule_repeats() -> None:
    jobs, _, due, history, signal = case(2)
    one, two = (
        OnlineRule().schedule(jobs, DailyForecast(signal, history, 24), 100, due, len(signal))
        for _ in range(2)
    )
    assert (one.runs == two.runs).all()


def test_a_busy_day_ends_the_waiting() -> None:
    """With the brake at nothing every day is busy: what is free runs at once, as under a list schedule."""
    job = ShiftableJob("a", 0, 20, 2, 1, 1.0)
    falling = np.linspace(10, 1, 21)
    waits = OnlineRule().schedule([job], PerfectForecast(falling), 4, np.array([20]), 21)
    hurries = OnlineRule(brake=0.0).schedule([job], PerfectForecast(falling), 4, np.array([20]), 21)
    assert waits.runs.argmax() > 10 and list(np.flatnonzero(hurries.runs)) == [0, 1]


def test_compiled_and_plain_agree_to_the_last_bit() -> None:
    generator = np.random.default_rng(5)
    for _ in range(50):
        told = generator.uniform(1, 9, 30)
        left, window = generator.integers(1, 12, 8), generator.integers(1, 31, 8)
        pauses, running = generator.random(8) < 0.5, generator.random(8) < 0.5
        one = gains(told, left, window, pauses, running, 0.03)
        plain = gains.py_func(told, left, window, pauses, running, 0.03)  # type: ignore[attr-defined]
        assert one.tobytes() == plain.tobytes()


def test_gains_by_hand() -> None:
    told = np.array([5.0, 1.0, 7.0, 3.0, 9.0])
    flags = np.array([True, False, True])
    made = gains(told, np.array([2, 2, 4]), np.array([5, 5, 4]), flags, np.zeros(3, dtype=bool), 0.0)
    assert made[0] == 3.0 - 5.0  # second cheapest of 1, 7, 3, 9
    assert made[1] == (8.0 - 6.0) / 2  # the best later stretch 1 + 7 against 5 + 1
    assert made[2] == np.inf  # nothing later fits


def test_resumes_cost_energy() -> None:
    jobs = [ShiftableJob("a", 0, 6, 3, 2, 1.0)]
    runs = np.array([[True, False, True, True, False, False]])
    signal = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert emitted(jobs, Schedule(runs), signal) == 8.0
    assert emitted(jobs, Schedule(runs), signal, resume_kwh=0.5) == 8.0 + 0.5 * 2 * 3.0
