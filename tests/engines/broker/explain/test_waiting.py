"""Why a job waits: with the named blocker removed, a replay of the cycle starts the job, every time."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.explain import Scene, Why, explain_waiting, say_why, scene
from hutong.engines.broker.reserve import NO_LIMIT, Kinds, Pools, Queue, Running, plan_starts
from hutong.kernel.text import Text


def draw(seed: int, *, jobs: int, pools: int, windows: int, lending: bool) -> Scene:
    luck = np.random.default_rng(seed)
    many = pools * 20
    pool, chips = luck.integers(0, pools, many), luck.choice([1, 2, 4, 8], many)
    free = luck.integers(0, 8, pools)
    kinds = 12
    rows = [(int(luck.integers(0, pools)), int(luck.integers(1, 6)), 3000, 9000) for _ in range(windows)]
    return scene(
        Pools.of(
            np.arange(pools) // 2,
            free + np.bincount(pool, chips, pools).astype(int),
            free,
            luck.integers(0, 10, pools) if lending else None,
        ),
        Running.of(pool, chips, luck.integers(-10, 20_000, many)),
        Queue.of(
            luck.integers(0, kinds, jobs),
            luck.choice([1, 2, 4, 8, 16], jobs, p=[0.5, 0.2, 0.1, 0.1, 0.1]),
            luck.integers(60, 20_000, jobs),
        ),
        Kinds.of(
            luck.choice([0, 0, 500, 1000], (kinds, pools)),
            luck.integers(0, 5, (kinds, pools)),
            luck.integers(0, (pools + 1) // 2, kinds),
        ),
        0,
        windows=rows,
    )


def replay_without(seen: Scene, why: Why) -> bool:
    """Remove the named blocker from the arrays by hand, plan again, and look whether the job starts."""
    p, q, windows = seen.pools, seen.queue, seen.windows
    total, free, lendable = p.total.copy(), p.free.copy(), p.lendable.copy()
    order, pool, n = np.arange(len(q.chips)), why.named.pool, why.position
    match why.named.cause:
        case "chips":
            for values in (total, free, lendable):
                values[pool] += why.named.short
        case "lending":
            lendable[pool] += why.named.short
        case "window":
            windows = np.delete(windows, why.named.holders, axis=0)
        case "reservation":
            order = np.delete(order, why.named.holders)
        case "order":
            order = np.concatenate(([n], np.delete(order, n)))
        case _:
            return False
    made = plan_starts(
        Pools(p.centre, total, free, lendable),
        seen.running,
        Queue(q.kind[order], q.chips[order], q.run[order]),
        seen.kinds,
        seen.now,
        windows=windows,
        depth=seen.depth,
    )
    return bool(made.pool[np.flatnonzero(order == n)[0]] >= 0)


SCENES = [
    ({"jobs": 250, "pools": 6, "windows": 0, "lending": False}, 2),
    ({"jobs": 250, "pools": 6, "windows": 5, "lending": True}, 2),
    ({"jobs": 8, "pools": 3, "windows": 3, "lending": True}, 40),
    ({"jobs": 5, "pools": 1, "windows": 2, "lending": False}, 60),
]


def test_removing_the_named_blocker_starts_the_job_for_more_than_1000_waiting_jobs() -> None:
    causes: dict[str, int] = {}
    for shape, times in SCENES:
        for seed in range(times):
            seen = draw(seed, **shape)  # type: ignore[arg-type]
            for why in explain_waiting(seen):
                assert why.named.lifted
                assert replay_without(seen, why), why
                causes[why.named.cause] = causes.get(why.named.cause, 0) + 1
    assert sum(causes.values()) > 1000
    assert set(causes) == {"order", "chips", "lending", "window", "reservation"}, causes


def test_options_that_say_now_start_now() -> None:
    tried = 0
    for seed in range(60):
        seen = draw(seed, jobs=12, pools=3, windows=2, lending=True)
        for why in explain_waiting(seen):
            for option in (o for o in why.options if o.start == seen.now):
                q, n = seen.queue, why.position
                chips, run = q.chips.copy(), q.run.copy()
                (chips if option.change == "chips" else run)[n] = option.value
                made = plan_starts(
                    seen.pools, seen.running, Queue(q.kind, chips, run), seen.kinds, 0, windows=seen.windows
                )
                assert made.pool[n] == option.pool
                tried += 1
    assert tried > 100


def test_the_removal_of_chips_is_the_smallest() -> None:
    for seed in range(40):
        seen = draw(seed, jobs=5, pools=1, windows=0, lending=False)
        for why in explain_waiting(seen):
            if why.named.cause == "chips":
                assert not replay_without(seen, _with_short(why, why.named.short - 1))


def _with_short(why: Why, short: int) -> Why:
    from dataclasses import replace

    return replace(why, named=replace(why.named, short=short))


def test_a_worked_explanation_with_its_counterfactual() -> None:
    """Centre A: 3 of 8 chips free, the rest until 500. Centre B: 2 of 4 free, the rest until 100. A job of 4 chips waits."""
    seen = scene(
        Pools.of([0, 1], [8, 4], [3, 2]),
        Running.of([0, 1], [5, 2], [500, 100]),
        Queue.of([0], [4], [60]),
        Kinds.of([[1000, 1000]], [[0, 1]]),
        0,
        static={(0, 1): ("chip",)},
    )
    (why,) = explain_waiting(seen)
    assert (why.named.cause, why.named.pool, why.named.short) == ("chips", 1, 2)
    assert [b.pool for b in why.pools] == [0, 1]
    assert [(o.change, o.value, o.pool, o.start) for o in why.options] == [
        ("chips", 3, 0, 0),
        ("chips", 2, 0, 1),
        ("as_asked", 4, 1, 100),
    ] or [(o.change, o.value, o.pool, o.start) for o in why.options] == [
        ("chips", 3, 0, 0),
        ("as_asked", 4, 1, 100),
    ]
    said = say_why(why, [Text("A", "甲"), Text("B", "乙")], lambda t: f"{t} s")
    assert said[0].en == "B is 2 chips short."
    assert "With 3 chips: 0 s at A." in [s.en for s in said]
    assert "按原申请：100 s在乙开始。" in [s.zh for s in said]


def test_a_shorter_run_time_is_offered_to_a_job_that_a_reservation_keeps_out() -> None:
    seen = scene(
        Pools.of([0], [8], [4]),
        Running.of([0], [4], [100]),
        Queue.of([0, 0], [8, 4], [50, 300]),
        Kinds.of([[1000]]),
        0,
    )
    why = explain_waiting(seen)[1]
    assert (why.named.cause, why.named.holders) == ("reservation", (0,))
    assert ("run", 100, 0, 0) in [(o.change, o.value, o.pool, o.start) for o in why.options]


def test_a_pool_that_does_not_fit_names_its_constraints() -> None:
    seen = scene(
        Pools.of([0, 1], [4, 4], [0, 4], [NO_LIMIT, 4]), Running.of([0], [4], [9]), Queue.of([0], [2], [5]),
        Kinds.of([[1000, 0]]), 0, static={(0, 1): ("zone", "memory")},
    )  # fmt: skip
    (why,) = explain_waiting(seen)
    assert why.pools[1].cause == "not_fitting" and why.pools[1].constraints == ("zone", "memory")
    assert why.named.pool == 0


def test_a_job_that_fits_no_pool_is_explained_without_a_lifted_blocker() -> None:
    seen = scene(Pools.of([0], [4], [4]), Running.of(), Queue.of([0], [9], [5]), Kinds.of([[1000]]), 0)
    assert explain_waiting(seen) == (), "it never could run: the request is refused before it is queued"
    (why,) = explain_waiting(seen, [0])
    assert why.named.cause == "too_large" and not why.named.lifted and why.options == ()


@pytest.mark.parametrize("windows", [(), [(0, 2, 5, 9)]])
def test_explaining_changes_nothing_and_is_repeatable(windows: object) -> None:
    seen = draw(3, jobs=30, pools=3, windows=0, lending=True)
    arrays = [seen.pools.free, seen.queue.chips, seen.running.end, seen.kinds.speed]
    before = [a.copy() for a in arrays]
    assert explain_waiting(seen) == explain_waiting(seen)
    assert all((a == b).all() for a, b in zip(arrays, before, strict=True))
