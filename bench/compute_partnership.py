"""Partnership gain on the Philly log: its virtual clusters as centres, alone under EASY beside lending to each other.

Capacity of a centre = level x demand, demand = chip-seconds its users submit / seconds from their first to their last
submission (``window="own"``; ``"log"``: over the whole log), rounded up, at least its largest job; both sides have the
same chips. Wait = end - submission - run time: time lost by evictions counts as waiting. Run times are learned as jobs
end; nobody knows the future. Peer: every centre alone (EASY, estimates = median of the class). Bound: one pooled EASY.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

LEVELS = (0.6, 0.75, 0.9, 1.05, 1.2)
CLUSTERS_FROM = 1000
"""Chip-hours from which a virtual cluster counts as a centre: leaves out one of 12, with 8 jobs."""


def philly(data: str | None) -> Path:
    """The log's file: from the option, or HUTONG_DATA."""
    folder = data or os.environ.get("HUTONG_DATA")
    if not folder:
        raise SystemExit("Give --data or HUTONG_DATA: the folder that contains philly/philly_jobs.csv.")
    return Path(folder) / "philly" / "philly_jobs.csv"


def run(
    data: str | None = None,
    trace: str | None = None,
    levels: tuple[float, ...] = LEVELS,
    window: Literal["own", "log"] = "own",
    ablations: bool = True,
) -> dict[str, Any]:
    from hutong.engines.broker.reserve import Terms, federation
    from hutong.engines.broker.traces.philly import read_philly

    jobs = federation(read_philly(Path(trace) if trace else philly(data))[0], least_hours=CLUSTERS_FROM)
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    ratios: dict[str, str] = {}
    centres: dict[str, list[dict[str, Any]]] = {}
    for level in levels:
        told = _level(jobs, level, window, Terms())
        name = f"{level:.2f} mean wait, s"
        figures[name], peers[name] = told["mean"], told["silo"]
        ratios[name] = f"{told['mean'] / told['silo']:.3f}x"
        for what in (
            "worst centre, x",
            "worst job later, s",
            "pooled EASY, s",
            "left home, %",
            "lost work, %",
        ):
            figures[f"{level:.2f} {what}"] = told[what]
        centres[f"{level:.2f}"] = told["centres"]
    if ablations:
        middle = levels[len(levels) // 2]
        figures.update(_ablations(jobs, middle, window))
    return {
        "figures": figures,
        "peers": peers,
        "ratios": ratios,
        "centres": centres,
        "missing": {},
        "window": window,
        "jobs": len(jobs.home),
        "terms": repr(Terms()),
    }


def _level(jobs: Any, level: float, window: Any, terms: Any) -> dict[str, Any]:
    from hutong.engines.broker.reserve import replay_easy, replay_partnership, replay_silos

    log, home = jobs.log, jobs.home
    capacity = jobs.capacity(level, window)
    shadow = replay_silos(log, home, capacity)
    made = replay_partnership(log, home, capacity, shadow, terms)
    alone, shared = shadow - log.submit, made.end - log.submit - log.run
    pooled = replay_easy(log, int(capacity.sum()), share=0.5).start - log.submit
    rows = []
    for centre, name in enumerate(jobs.names):
        own = home == centre
        rows.append(
            {
                "centre": name,
                "chips": int(capacity[centre]),
                "jobs": int(own.sum()),
                "alone, s": round(float(alone[own].mean())),
                "shared, s": round(float(shared[own].mean())),
                "pooled, s": round(float(pooled[own].mean())),
                "ratio": round(float(shared[own].mean() / max(alone[own].mean(), 1e-9)), 3),
                "left home, %": round(100 * float((made.away[own] > 0).mean()), 1),
            }
        )
    work = float((log.run * log.chips).sum())
    return {
        "mean": round(float(shared.mean())),
        "silo": round(float(alone.mean())),
        "worst centre, x": max(row["ratio"] for row in rows),
        "worst job later, s": int((made.end - shadow - log.run).max()),
        "pooled EASY, s": round(float(pooled.mean())),
        "left home, %": round(100 * float((made.away > 0).mean()), 1),
        "lost work, %": round(100 * float((made.lost * log.chips).sum()) / work, 2),
        "centres": rows,
    }


def _ablations(jobs: Any, level: float, window: Any) -> dict[str, float]:
    """The same level under other terms: how much is lending, how much order, how much checkpoints."""
    from hutong.engines.broker.reserve import Terms, replay_partnership, replay_silos

    log, home = jobs.log, jobs.home
    capacity = jobs.capacity(level, window)
    shadow = replay_silos(log, home, capacity)
    alone = float((shadow - log.submit).mean())
    plain = Terms()
    half = capacity // 2
    cases: list[tuple[str, Any, dict[str, Any]]] = [
        ("first come first", replace(plain, order="submission"), {}),
        ("checkpoint 2 h, restore 10 min", replace(plain, checkpoint=7200, restore=600), {}),
        ("no checkpoints", replace(plain, checkpoint=0), {}),
        ("half of each centre lendable", plain, {"lendable": half}),
        ("order only, nothing lent", plain, {"leaves": np.zeros(len(home), np.int64)}),
    ]
    answer = {}
    for name, terms, more in cases:
        made = replay_partnership(log, home, capacity, shadow, terms, **more)
        shared = made.end - log.submit - log.run
        worst = max(
            float(shared[home == c].mean() / max((shadow - log.submit)[home == c].mean(), 1e-9))
            for c in range(len(capacity))
        )
        answer[f"{level:.2f} {name}, x"] = round(float(shared.mean()) / alone, 3)
        answer[f"{level:.2f} {name}, worst centre x"] = round(worst, 3)
    return answer
