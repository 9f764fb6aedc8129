"""When will my job start? 80 % intervals on the Philly log, made at submission, scored when the job starts.

The partnership of ``compute_partnership`` runs the log; every fourth job that does not start at once gets a forecast
from what had happened by then. Nothing is fitted beforehand: coverage is over all forecasts, the first included. Beside
it the plan of a scheduler that knows time limits only (limits are a stand-in: the 99 % quantile of the class; the log
has none). Slurm's own ``squeue --start`` cannot be run on a log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from compute_partnership import CLUSTERS_FROM, philly

LEVELS = (0.6, 0.8, 1.0, 1.2)
HOUR = 3600


def run(
    data: str | None = None,
    trace: str | None = None,
    levels: tuple[float, ...] = LEVELS,
    order: Literal["shortest", "submission"] = "shortest",
    stride: int = 4,
    seed: int = 0,
) -> dict[str, Any]:
    from hutong.engines.broker.reserve import federation
    from hutong.engines.broker.traces.philly import read_philly

    jobs = federation(read_philly(Path(trace) if trace else philly(data))[0], least_hours=CLUSTERS_FROM)
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    for level in levels:
        ours, limits = _level(jobs, level, order, stride, seed)
        figures.update({f"{level:.2f} {name}": value for name, value in ours.items()})
        peers[f"{level:.2f} median error, h"] = limits
    ratios = {name: f"{figures[name] / theirs:.2f}x" for name, theirs in peers.items() if theirs}
    missing = {"squeue --start": "needs a live Slurm; a plan from stand-in limits is shown"}
    return {
        "figures": figures,
        "peers": peers,
        "ratios": ratios,
        "missing": missing,
        "order": order,
        "seed": seed,
    }


def _level(jobs: Any, level: float, order: Any, stride: int, seed: int) -> tuple[dict[str, float], float]:
    from hutong.engines.broker.reserve import (
        Terms,
        calibrate,
        foretell_starts,
        replay_partnership,
        replay_silos,
    )

    capacity = jobs.capacity(level)
    shadow = replay_silos(jobs.log, jobs.home, capacity)
    made = replay_partnership(jobs.log, jobs.home, capacity, shadow, Terms(order=order))
    situation = {"end": made.end, "key": made.key, "stride": stride, "seed": seed}
    told = foretell_starts(jobs.log, int(capacity.sum()), made.first, **situation)
    plain = foretell_starts(jobs.log, int(capacity.sum()), made.first, **situation, by_limit=True)
    given = calibrate(told.made, told.actual, told.low, told.middle, told.high)
    covered = (given[:, 0] <= told.actual) & (told.actual <= given[:, 2])
    raw = (told.low <= told.actual) & (told.actual <= told.high)
    width = given[:, 2] - given[:, 0]
    figures = {
        "forecasts": len(covered),
        "covered, %": round(100 * float(covered.mean()), 1),
        "covered in the second half, %": round(100 * float(covered[len(covered) // 2 :].mean()), 1),
        "covered before calibration, %": round(100 * float(raw.mean()), 1),
        "median error, h": round(float(np.median(np.abs(told.actual - given[:, 1]))) / HOUR, 2),
        "median width, h": round(float(np.median(width)) / HOUR, 2),
        "median wait, h": round(float(np.median(told.actual - told.made)) / HOUR, 2),
    }
    return figures, round(float(np.median(np.abs(plain.actual - plain.middle))) / HOUR, 2)
