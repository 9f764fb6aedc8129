"""Victim sets against every subset, the cap against a sliding window minute by minute, reclaim, checkpoint intervals."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from hutong.engines.broker.preempt import (
    NEVER,
    Loss,
    LossCap,
    Running,
    daly,
    lost_now,
    node_victims,
    pool_victims,
    reclaim,
    young,
)
from hutong.engines.broker.preempt.victims import _cover
from hutong.kernel.errors import Exhausted, Invalid

NOW = 10_000_000


def drawn(luck: random.Random, most: int = 9) -> Running:
    """Few distinct values, so that losses and sizes tie."""
    n = luck.randint(1, most)
    column = [
        (
            luck.choice((1, 1, 2, 4, 8)),
            NOW - luck.choice((0, 1000, 5000, 60_000, luck.randrange(10**6))),
            luck.choice((NEVER, 0, 500, 30_000)),
            NOW + luck.choice((0, 1000, 100_000, 10**7)),
            luck.random() < 0.85,
        )
        for _ in range(n)
    ]
    chips, saved, checkpoint, ends, allowed = (np.array(c) for c in zip(*column, strict=True))
    return Running(np.array(luck.sample(range(100), n)), chips, saved, checkpoint, ends, allowed)


def every_set(
    running: Running, lost: np.ndarray[Any, Any]
) -> list[tuple[int, int, int, list[int], tuple[int, ...]]]:
    """All sets of allowed attempts as (lost, victims, chips, attempts in order, places)."""
    able = np.flatnonzero(running.allowed).tolist()
    return [
        (
            int(lost[list(s)].sum()),
            len(s),
            int(running.chips[list(s)].sum()),
            sorted(running.attempt[list(s)].tolist()),
            s,
        )
        for k in range(len(able) + 1)
        for s in itertools.combinations(able, k)
    ]


@pytest.mark.parametrize("seed", range(150))
def test_the_least_lost_set_of_all_subsets(seed: int) -> None:
    luck = random.Random(seed)
    running = drawn(luck)
    lost = lost_now(running, NOW)
    for need in range(0, int(running.chips.sum()) + 2):
        fitting = [one for one in every_set(running, lost) if one[2] >= need]
        if not fitting:
            with pytest.raises(Exhausted):
                pool_victims(running, lost, need)
            continue
        best = min(fitting)
        made = pool_victims(running, lost, need)
        assert (made.lost_ms, len(made.places), made.chips) == best[:3]
        assert sorted(running.attempt[list(made.places)].tolist()) == best[3]


def test_compiled_and_plain_choose_alike() -> None:
    luck = np.random.default_rng(1)
    for _ in range(20):
        chips, lost = luck.integers(1, 9, 40), luck.integers(0, 5, 40) * 1000
        need = int(luck.integers(1, chips.sum()))
        assert _cover(chips, lost, need).tobytes() == _cover.py_func(chips, lost, need).tobytes()


def brute_nodes(
    running: Running,
    lost: np.ndarray[Any, Any],
    held: np.ndarray[Any, Any],
    free: np.ndarray[Any, Any],
    nodes: int,
    each: int,
) -> tuple[int, int] | None:
    able = np.flatnonzero(running.allowed).tolist()
    best = None
    for k in range(len(able) + 1):
        for s in itertools.combinations(able, k):
            if ((free + held[list(s)].sum(axis=0)) >= each).sum() >= nodes:
                value = (int(lost[list(s)].sum()), k)
                best = value if best is None else min(best, value)
    return best


@pytest.mark.parametrize("seed", range(80))
@pytest.mark.parametrize("spanning", [False, True])
def test_whole_nodes_are_cleared_with_the_least_lost(seed: int, spanning: bool) -> None:
    luck = random.Random(seed)
    running, m = drawn(luck, 8), luck.randint(1, 4)
    held = np.zeros((len(running), m), dtype=np.int64)
    for row in held:
        for node in luck.sample(range(m), luck.randint(1, m) if spanning else 1):
            row[node] = luck.choice((1, 2, 4, 8))
    running = Running(
        running.attempt,
        held.sum(axis=1),
        running.saved_ms,
        running.checkpoint_ms,
        running.ends_ms,
        running.allowed,
    )
    free = np.array([luck.choice((0, 0, 1, 4)) for _ in range(m)])
    nodes, each, lost = luck.randint(1, m), luck.choice((2, 4, 8)), lost_now(running, NOW)
    best = brute_nodes(running, lost, held, free, nodes, each)
    if best is None:
        with pytest.raises(Exhausted):
            node_victims(running, lost, held, free, nodes, each)
        return
    made, cleared = node_victims(running, lost, held, free, nodes, each)
    assert (made.lost_ms, len(made.places)) == best
    assert (
        len(set(cleared)) == nodes
        and (free + held[list(made.places)].sum(axis=0))[list(cleared)].min() >= each
    )


def test_a_swarm_of_single_chips_or_one_gang_whichever_loses_less() -> None:
    """Eight fresh single-chip jobs against one eight-chip job that has just saved."""
    chips, saved = np.array([8] + [1] * 8), np.array([NOW - 1000] + [NOW - 2000] * 8)
    running = Running(
        np.arange(9), chips, saved, np.full(9, NEVER), np.full(9, NOW * 2), np.ones(9, dtype=bool)
    )
    made = pool_victims(running, lost_now(running, NOW), 8)
    assert made.places == (0,) and made.lost_ms == 8_000
    greedy = Running(
        np.arange(9),
        chips,
        np.array([NOW - 3000] + [NOW - 2000] * 8),
        np.full(9, NEVER),
        np.full(9, NOW * 2),
        np.ones(9, dtype=bool),
    )
    assert pool_victims(greedy, lost_now(greedy, NOW), 8).places == tuple(range(1, 9))


def test_a_checkpoint_from_the_future_loses_nothing() -> None:
    running = Running(
        np.array([1]),
        np.array([4]),
        np.array([NOW + 600_000]),
        np.array([NEVER]),
        np.array([NOW * 2]),
        np.array([True]),
    )
    assert lost_now(running, NOW).tolist() == [0]
    with pytest.raises(Invalid):
        pool_victims(running, np.array([-1]), 1)


@pytest.mark.parametrize("seed", range(120))
def test_reclaim_takes_the_cheapest_way_out_of_each(seed: int) -> None:
    luck = random.Random(seed)
    running, notice = drawn(luck, 7), luck.choice((0, 400, 30_000, 10**6))
    need = luck.randint(0, int(running.chips.sum()))
    cost = []
    for i in range(len(running)):
        ways = [int(running.chips[i]) * max(0, NOW - int(running.saved_ms[i]))]
        if 0 <= running.checkpoint_ms[i] <= notice:
            ways.append(int(running.chips[i] * running.checkpoint_ms[i]))
        if running.ends_ms[i] <= NOW + notice:
            ways.append(0)
        cost.append(min(ways))
    fitting = [one for one in every_set(running, np.array(cost)) if one[2] >= need]
    if not fitting:
        with pytest.raises(Exhausted):
            reclaim(running, need, NOW, notice)
        return
    made = reclaim(running, need, NOW, notice)
    assert made.victims.lost_ms == min(fitting)[0] == sum(step.lost_ms for step in made.steps)
    for step in made.steps:
        assert NOW <= step.free_ms <= made.due_ms == NOW + notice
        assert (step.way == "ends") <= (running.ends_ms[step.place] <= NOW + notice)
        assert (step.way == "saves") <= (0 <= running.checkpoint_ms[step.place] <= notice)


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 50)), max_size=12),
    st.integers(0, 60),
    st.integers(0, 200),
)
def test_the_cap_holds_in_every_window_and_names_the_first_instant(
    past: list[tuple[int, int]], more: int, now: int
) -> None:
    cap = LossCap("1", 60, window_ms=60)
    losses = [Loss(at, lost) for at, lost in past if at <= now]
    at = cap.allowed_from(losses, more, now)
    fits = [
        t for t in range(now, now + 61) if sum(x.lost_ms for x in losses if x.at_ms > t - 60) + more <= 60
    ]
    assert at == fits[0]
    if at == now:
        cap.check(losses, more, now)
    else:
        with pytest.raises(Exhausted) as full:
            cap.check(losses, more, now)
        assert full.value.rule == "preempt.cap"


def test_a_loss_counts_for_exactly_the_window() -> None:
    cap = LossCap("1", 60, window_ms=60)
    assert cap.spent([Loss(100, 60)], 159) == 60 and cap.spent([Loss(100, 60)], 160) == 0
    assert (
        cap.allowed_from([Loss(100, 60)], 60, 159) == 160
        and cap.allowed_from([Loss(100, 60)], 60, 160) == 160
    )


def test_a_loss_beyond_the_whole_cap_is_never_allowed() -> None:
    assert LossCap("1", 60).allowed_from([], 61, 0) is None
    with pytest.raises(Exhausted):
        LossCap("1", 60).check([], 61, 0)


def wasted(interval: float, checkpoint: float, mtbf: float) -> float:
    """Expected time per unit of work with exponential losses and restart from the checkpoint (Daly 2006, eq. 20, R = 0)."""
    return float(mtbf * np.expm1((interval + checkpoint) / mtbf) / interval)


@pytest.mark.parametrize(
    ("checkpoint", "mtbf"), [(10.0, 86_400.0), (60.0, 3_600.0), (300.0, 1_800.0), (600.0, 1_000.0)]
)
def test_checkpoint_hints_are_near_the_true_optimum(checkpoint: float, mtbf: float) -> None:
    best = minimize_scalar(lambda t: wasted(t, checkpoint, mtbf), bounds=(1.0, 5 * mtbf), method="bounded")
    assert wasted(daly(checkpoint, mtbf), checkpoint, mtbf) <= 1.002 * best.fun
    assert wasted(daly(checkpoint, mtbf), checkpoint, mtbf) <= wasted(
        young(checkpoint, mtbf), checkpoint, mtbf
    )
    assert young(60.0, 3600.0) == pytest.approx(657.27, abs=0.01)
    assert daly(500.0, 200.0) == 200.0
    for bad in ((0.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (1.0, float("inf"))):
        with pytest.raises(Invalid):
            young(*bad)
