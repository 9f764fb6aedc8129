"""Why does my job wait, and can it ever run? 1,000 waiting jobs of the Philly log, and 1,000 impossible requests.

An instant of the log is taken at which at least 2,000 jobs wait at their own centres (each alone under EASY, capacity
= demand). Half of the jobs may leave home; two centres hold a window for teaching. Every waiting job is explained, its
named blocker removed and the cycle planned again: how many start.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from compute_partnership import CLUSTERS_FROM, philly

JOBS, REQUESTS, HOUR = 1000, 1000, 3600


def run(data: str | None = None, trace: str | None = None, seed: int = 0) -> dict[str, Any]:
    from hutong.engines.broker.explain import explain_waiting
    from hutong.engines.broker.reserve import federation
    from hutong.engines.broker.traces.philly import read_philly

    jobs = federation(read_philly(Path(trace) if trace else philly(data))[0], least_hours=CLUSTERS_FROM)
    seen = _scene(jobs, seed)
    waiting = [int(n) for n in np.flatnonzero(seen.cycle().pool < 0)[:JOBS]]
    explain_waiting(seen, waiting[-1:])
    began = time.perf_counter()
    told = explain_waiting(seen, waiting)
    took = time.perf_counter() - began
    started = sum(_starts(seen, why) for why in told)
    causes = {
        cause: sum(w.named.cause == cause for w in told) for cause in sorted({w.named.cause for w in told})
    }
    sooner = sum(any(o.start == seen.now for o in w.options) for w in told)
    figures = {
        "waiting jobs explained": len(told),
        "start with the blocker removed, %": round(100 * started / len(told), 2),
        "with a change that starts it now, %": round(100 * sooner / len(told), 1),
        "explanation, ms a job": round(1000 * took / len(told), 2),
        **_refusals(seed),
    }
    return {"figures": figures, "causes": causes, "seed": seed}


def _scene(jobs: Any, seed: int) -> Any:
    """The first instant with enough waiting jobs, as a cycle sees it."""
    from hutong.engines.broker.explain import scene
    from hutong.engines.broker.reserve import Kinds, Pools, Queue, Running, replay_silos

    log, home, centres = jobs.log, jobs.home, len(jobs.names)
    capacity = jobs.capacity(1.0)
    start = replay_silos(log, home, capacity)
    waiting = np.cumsum(np.bincount(np.searchsorted(log.submit, log.submit), minlength=len(home)))
    waiting = waiting - np.searchsorted(np.sort(start), log.submit, side="right")
    now = int(log.submit[int(np.argmax(waiting >= 2 * JOBS))])
    on = np.flatnonzero((start <= now) & (now < start + log.run))
    queue = np.flatnonzero((log.submit <= now) & (start > now))[: JOBS + JOBS // 2]
    free = capacity - np.bincount(home[on], log.chips[on], centres).astype(np.int64)
    luck = np.random.default_rng(seed)
    leaves = luck.integers(0, 2, len(home))
    speed = np.concatenate((np.eye(centres, dtype=np.int64), np.ones((centres, centres), np.int64))) * 1000
    return scene(
        Pools.of(np.arange(centres), capacity, free, capacity // 4),
        Running.of(home[on], log.chips[on], now + luck.integers(1, 48, len(on)) * HOUR),
        Queue.of(home[queue] + centres * leaves[queue], log.chips[queue], np.full(len(queue), 8 * HOUR)),
        Kinds.of(speed, home=np.tile(np.arange(centres), 2)),
        now,
        windows=[(c, max(1, int(capacity[c]) // 4), now + 4 * HOUR, now + 8 * HOUR) for c in (1, 4)],
    )


def _starts(seen: Any, why: Any) -> bool:
    """Whether the job starts once its named blocker is removed from the arrays."""
    n, blocker = why.position, why.named
    match blocker.cause:
        case "chips":
            made = seen.with_chips(blocker.pool, blocker.short).cycle()
        case "lending":
            made = seen.with_lending(blocker.pool, blocker.short).cycle()
        case "reservation":
            made = seen.without(blocker.holders).cycle()
            n -= sum(h < n for h in blocker.holders)
        case "order":
            return bool(seen.until(n).with_last_first().cycle().pool[0] >= 0)
        case "window":
            made = seen.without_windows(blocker.holders).cycle()
        case _:
            return False
    return bool(made.pool[n] >= 0)


def _refusals(seed: int) -> dict[str, float]:
    """Impossible requests against 64 pools: the slowest refusal, and whether each names a conflict."""
    from hutong.engines.broker.explain import Need, Offer, admit

    luck = np.random.default_rng(seed)
    chips, zones = ["a100", "h800", "ascend910b", "mlu370"], ["beijing", "tianjin", "hebei"]
    offers = [
        Offer(
            f"P{i}",
            str(luck.choice(chips)),
            int(luck.integers(8, 512)),
            65_536,
            str(luck.choice(zones)),
            price=900,
        )
        for i in range(64)
    ]
    slowest, named = 0.0, 0
    for i in range(REQUESTS):
        ask = Need(
            count=int(luck.integers(1, 2000)),
            run_ms=3_600_000 * int(luck.integers(1, 100)),
            chips=frozenset({str(luck.choice([*chips, "none"]))}),
            template="vir16" if i % 3 == 0 else None,
            zones=frozenset({str(luck.choice([*zones, "moon"]))}),
            budget=100,
        )
        began = time.perf_counter()
        verdict = admit(ask, offers)
        slowest = max(slowest, time.perf_counter() - began)
        named += bool(verdict.conflict)
    return {
        "impossible requests with the conflict named, %": 100 * named / REQUESTS,
        "slowest refusal, ms": round(slowest * 1000, 2),
    }
