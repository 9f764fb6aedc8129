"""Centres that lend: nobody ends later than alone, whatever is lent; and the shadow needs no knowledge of the future."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from hutong.engines.broker.reserve import Log, Terms, replay_partnership, replay_silos
from hutong.kernel.errors import Invalid

TERMS = [
    Terms(),
    Terms(checkpoint=0),
    Terms(checkpoint=20, restore=5, order="submission"),
    Terms(checkpoint=7, restore=30, quantum=10),
    Terms(checkpoint=1, restore=0),
]


@dataclass(frozen=True)
class World:
    log: Log
    home: NDArray[np.int64]
    capacity: NDArray[np.int64]


def draw(seed: int, jobs: int = 400, centres: int = 4) -> World:
    luck = np.random.default_rng(seed)
    capacity = luck.integers(4, 17, centres)
    home = luck.choice(centres, jobs, p=luck.dirichlet(np.ones(centres)))
    chips = np.minimum(luck.choice([1, 1, 2, 4, 8], jobs), capacity[home])
    submit = np.cumsum(luck.integers(0, 12, jobs))
    run = np.ceil(luck.pareto(1.1, jobs) * 20).astype(np.int64)
    return World(Log(submit, np.clip(run, 1, 3000), chips, home * 2 + (chips > 2)), home, capacity)


@pytest.mark.parametrize("terms", TERMS, ids=lambda t: f"{t.order}-{t.checkpoint}-{t.restore}")
def test_no_job_of_any_centre_ends_later_than_in_its_silo(terms: Terms) -> None:
    gained = []
    for seed in range(60):
        w = draw(seed)
        shadow = replay_silos(w.log, w.home, w.capacity, default=100)
        luck = np.random.default_rng(seed)
        lendable = luck.integers(0, w.capacity + 1) if seed % 2 else None
        leaves = luck.integers(0, 2, len(w.home)) if seed % 3 == 0 else None
        made = replay_partnership(w.log, w.home, w.capacity, shadow, terms, lendable=lendable, leaves=leaves)
        assert (made.end <= shadow + w.log.run).all()
        assert (made.end >= w.log.submit + w.log.run).all()
        if leaves is not None:
            assert not made.away[leaves == 0].any()
        alone = (shadow - w.log.submit).mean()
        gained.append((made.end - w.log.submit - w.log.run).mean() / max(alone, 1e-9))
    assert np.median(gained) < 0.9, "and lending helps"


def test_the_promise_holds_even_where_the_silo_is_run_by_another_rule() -> None:
    """Any schedule of the home centre may be the shadow: here first come, first served without backfill."""
    for seed in range(20):
        w = draw(seed)
        shadow = np.zeros(len(w.home), np.int64)
        for c in range(len(w.capacity)):
            free_at, clock = np.zeros(w.capacity[c], np.int64), 0
            for j in np.flatnonzero(w.home == c):
                free_at.sort()
                clock = max(clock, int(w.log.submit[j]), int(free_at[w.log.chips[j] - 1]))
                shadow[j] = clock
                free_at[: w.log.chips[j]] = clock + w.log.run[j]
        made = replay_partnership(w.log, w.home, w.capacity, shadow, Terms())
        assert (made.end <= shadow + w.log.run).all()


def test_a_centre_never_holds_more_than_its_chips_nor_lends_more_than_it_may() -> None:
    """Seen from outside: with nothing lendable nobody runs away from home, and all work fits the chips there are."""
    w = draw(3)
    shadow = replay_silos(w.log, w.home, w.capacity, default=100)
    none = np.zeros_like(w.capacity)
    made = replay_partnership(w.log, w.home, w.capacity, shadow, Terms(), lendable=none)
    assert not made.away.any()
    made = replay_partnership(w.log, w.home, w.capacity, shadow, Terms())
    work = int((w.log.run * w.log.chips).sum())
    assert work <= int(w.capacity.sum()) * int(made.end.max() - w.log.submit.min())
    assert made.away.any()


def test_decisions_until_an_instant_depend_on_nothing_that_ends_later() -> None:
    """Other run times for jobs still running at T: all that happened by T stays, shadow included."""
    changed = 0
    for seed in range(30):
        w = draw(seed)
        shadow = replay_silos(w.log, w.home, w.capacity, default=100)
        made = replay_partnership(w.log, w.home, w.capacity, shadow, Terms(checkpoint=15, restore=3))
        cut = int(np.quantile(made.end, 0.5))
        run = np.where(made.end > cut, w.log.run + np.arange(len(w.home)) % 97 + 1, w.log.run)
        log = Log(w.log.submit, run, w.log.chips, w.log.kind)
        other = replay_silos(log, w.home, w.capacity, default=100)
        again = replay_partnership(log, w.home, w.capacity, other, Terms(checkpoint=15, restore=3))
        by_then = made.end <= cut
        assert (again.end[by_then] == made.end[by_then]).all()
        begun = made.first <= cut
        assert (again.first[begun] == made.first[begun]).all()
        assert (again.first[~begun] > cut).all()
        assert (shadow[shadow <= cut] == other[shadow <= cut]).all()
        changed += int((again.end != made.end).sum())
    assert changed > 1000


def worked(checkpoint: int, restore: int = 0) -> list[int]:
    """Centres A and B of 2 chips. A is full until 100; a guest of A (20 long, 2 chips) takes B at 1; B's own job comes at 10."""
    log = Log(*(np.array(v) for v in ([0, 1, 10], [100, 20, 5], [2, 2, 2], [0, 0, 1])))
    home, capacity = np.array([0, 0, 1]), np.array([2, 2])
    shadow = replay_silos(log, home, capacity)
    assert shadow.tolist() == [0, 100, 10]
    return replay_partnership(log, home, capacity, shadow, Terms(checkpoint, restore)).end.tolist()


def test_a_worked_eviction() -> None:
    """The own job starts at 10 sharp; the guest goes on at 15 from its last checkpoint: 9 done of which 8 were kept."""
    assert worked(4) == [100, 27, 15]
    assert worked(1) == [100, 26, 15]
    assert worked(4, restore=3) == [100, 30, 15]
    assert worked(0) == [100, 35, 15], "without checkpoints the guest begins again"


def test_a_job_whose_lead_is_too_small_goes_home_when_its_right_comes() -> None:
    """A guest begins at 95 and has its right at 100: with a lead of 5 it may stay only if an eviction costs 5 at most."""
    log = Log(*(np.array(v) for v in ([0, 0, 90], [100, 95, 50], [2, 2, 2], [0, 1, 0])))
    home, capacity = np.array([0, 1, 0]), np.array([2, 2])
    shadow = replay_silos(log, home, capacity)
    assert shadow.tolist() == [0, 0, 100]
    stays = replay_partnership(log, home, capacity, shadow, Terms(checkpoint=5, restore=0))
    assert (stays.end[2], stays.evictions[2], stays.away[2]) == (145, 0, 50)
    goes = replay_partnership(log, home, capacity, shadow, Terms(checkpoint=6, restore=0))
    assert (goes.end[2], goes.evictions[2], goes.away[2]) == (150, 1, 5)


def test_the_same_log_gives_the_same_answer() -> None:
    w = draw(8)
    shadow = replay_silos(w.log, w.home, w.capacity)
    first, again = (astuple(replay_partnership(w.log, w.home, w.capacity, shadow, Terms())) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))


def test_a_shadow_that_is_no_schedule_is_refused() -> None:
    w = draw(1)
    for shadow in (w.log.submit.copy(), w.log.submit - 1):
        with pytest.raises(Invalid) as refused:
            replay_partnership(w.log, w.home, w.capacity, shadow, Terms())
        assert refused.value.field == "shadow"
