"""A centre alone: EASY never delays the head's reservation, and estimates are learned from the past only."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.reserve import NEVER, Log, RunTimes, replay_easy
from hutong.kernel.errors import Invalid


def draw(luck: np.random.Generator, jobs: int = 300, capacity: int = 16) -> Log:
    submit = np.cumsum(luck.integers(0, 30, jobs))
    chips = luck.choice([1, 2, 3, 8, capacity], jobs, p=[0.5, 0.2, 0.1, 0.15, 0.05])
    return Log(submit, luck.integers(1, 200, jobs), chips, luck.integers(0, 3, jobs))


@pytest.mark.parametrize("looks", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_looks_at_promises_find_none_broken(looks: int) -> None:
    """With estimates that are limits (never below the run time) no promised start moves back, early ends included."""
    luck, checks = np.random.default_rng(11), 0
    while checks < looks:
        log = draw(luck)
        limit = log.run * luck.integers(1, 6, len(log.run)) + luck.integers(0, 50, len(log.run))
        made = replay_easy(log, 16, estimate=limit)
        assert made.broken == 0
        assert (made.start <= made.promised).all()
        checks += made.checks


def test_the_check_can_fail_estimates_below_run_times_break_promises() -> None:
    luck = np.random.default_rng(5)
    made = [
        replay_easy(log, 16, estimate=np.maximum(1, log.run // 4)) for log in (draw(luck) for _ in range(5))
    ]
    assert sum(m.broken for m in made) > 0


def test_never_more_chips_than_there_are_and_every_job_runs() -> None:
    luck = np.random.default_rng(2)
    for _ in range(20):
        log = draw(luck)
        made = replay_easy(log, 16, share=0.5, default=50)
        assert (made.start >= log.submit).all()
        when = np.concatenate((made.start + log.run, made.start))
        change = np.concatenate((-log.chips, log.chips))
        assert np.cumsum(change[np.argsort(when, kind="stable")]).max() <= 16


def test_a_worked_queue() -> None:
    """4 chips: A takes 3 until 10, B needs 4 and gets 10, C (1 chip, 10 long) overtakes, D (1 chip, 11 long) does not
    and is promised 15 once it heads the queue."""
    log = Log(*(np.array(v) for v in ([0, 1, 2, 3], [10, 5, 8, 11], [3, 4, 1, 1], [0, 0, 0, 0])))
    made = replay_easy(log, 4)
    assert made.start.tolist() == [0, 10, 2, 15]
    assert made.promised.tolist() == [NEVER, 10, NEVER, 15]


def test_estimates_do_not_see_what_has_not_ended() -> None:
    """Changing run times of jobs that have not ended by T changes no decision until T."""
    luck = np.random.default_rng(9)
    log = draw(luck)
    first = replay_easy(log, 16, share=0.5, default=50)
    cut = int(np.median(first.start))
    unknown = first.start + log.run > cut
    other = Log(log.submit, np.where(unknown, cut + 1 + log.run * 3, log.run), log.chips, log.kind)
    again = replay_easy(other, 16, share=0.5, default=50)
    early = first.start <= cut
    assert 0 < early.sum() < len(early)
    assert (again.start[early] == first.start[early]).all()
    assert (again.start[~early] > cut).all()
    assert (again.start != first.start).any()


def test_a_job_larger_than_the_pool_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        replay_easy(Log(*(np.array([v]) for v in (0, 5, 9, 0))), 8)
    assert refused.value.field == "capacity"


def test_an_unsorted_log_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        Log(*(np.array(v) for v in ([5, 1], [1, 1], [1, 1], [0, 0])))
    assert refused.value.field == "log"


def test_run_times_are_foretold_per_class_then_from_all_then_by_default() -> None:
    learned = RunTimes(2, default=99)
    assert learned.foretell(0, 0.5) == 99
    for run in range(1, 11):
        learned.observe(0, run)
    assert learned.foretell(0, 0.5) == 5
    assert learned.foretell(0, 0.9) == 9
    assert learned.foretell(1, 0.5) == 5, "class 1 has seen nothing: all jobs together answer"
    for _ in range(200):
        learned.observe(0, 1000)
    assert learned.foretell(0, 0.01) == 1000, "old run times are forgotten"
