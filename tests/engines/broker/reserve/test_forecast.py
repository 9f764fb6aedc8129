"""Conservative backfill: every job takes the earliest place that moves no job before it."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.reserve import NEVER, Kinds, Pools, Queue, Running, forecast

HORIZON = 300


def test_2000_small_plans_equal_a_timeline_filled_square_by_square() -> None:
    luck = np.random.default_rng(12)
    for _ in range(2000):
        pools, jobs, many = int(luck.integers(1, 3)), int(luck.integers(1, 7)), int(luck.integers(0, 4))
        pool, held, free = (
            luck.integers(0, pools, many),
            luck.integers(1, 4, many),
            luck.integers(0, 4, pools),
        )
        total = free + np.bincount(pool, held, pools).astype(int)
        end = luck.integers(-2, 12, many)
        chips, run = luck.integers(1, 6, jobs), luck.integers(1, 9, jobs)
        cost = luck.integers(0, 3, (1, pools))
        windows = [(0, 1, 5, 9)] if luck.random() < 0.5 else []
        made = forecast(
            Pools.of(np.zeros(pools), total, free), Running.of(pool, held, end), Queue.of(np.zeros(jobs), chips, run),
            Kinds.of(np.full((1, pools), 1000), cost), 0, windows=windows,
        )  # fmt: skip
        line = np.repeat(free[:, None], HORIZON, 1)
        for p, c, e in zip(pool, held, end, strict=True):
            line[p, max(e, 1) :] += c
        for p, c, a, b in windows:
            line[p, a:b] -= c
        for j in range(jobs):
            best: tuple[int, int, int] | None = None
            for p in range(pools):
                for t, size in enumerate((chips[j], chips[j] - 1, chips[j] // 2)):
                    fits = size >= 1 and size <= total[p]
                    places = (
                        s for s in range(HORIZON - 20) if fits and (line[p, s : s + run[j]] >= size).all()
                    )
                    start = next(places, None)
                    assert made.when[j, p, t] == (NEVER if start is None else start)
                    if t == 0 and start is not None:
                        best = min(best or (start, cost[0, p], p), (start, cost[0, p], p))
            assert made.pool[j] == (-1 if best is None else best[2])
            assert made.start(j) == (None if best is None else best[0])
            if best is not None:
                line[best[2], best[0] : best[0] + run[j]] -= chips[j]


@pytest.mark.parametrize(("chips", "start"), [(2, 5), (4, 9)])
def test_a_calendar_window_is_planned_around(chips: int, start: int) -> None:
    made = forecast(
        Pools.of([0], [4], [4]), Running.of(), Queue.of([0], [chips], [6]), Kinds.of([[1000]]), 0, windows=[(0, 3, 2, 5), (0, 1, 2, 9)]
    )  # fmt: skip
    assert made.start(0) == start
