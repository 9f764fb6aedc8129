"""Carbon-aware shifting on a real log: the on-line rule against first come first served and the perfect-foresight bound.

Jobs, sizes and run times are those of the Philly log; power, PUE and the slack that users declare are stated
parameters, since no log has them. The intensity is a file of yours (``series``), else the synthetic series, which
resembles no grid in particular.
"""

from __future__ import annotations

import csv
import math
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.broker import carbon

PER_HOUR = 2
HISTORY_DAYS = 14
SLACKS_H = (0, 6, 12, 24)


def run(
    data: str | None = None,
    seeds: str = "1,2,3,4",
    load: float = 0.6,
    days: int = 6,
    sample: float = 0.5,
    start: str = "2017-10-02",
    series: str | None = None,
    series_column: str = "intensity_g_per_kwh",
    watts_per_chip: float = 400.0,
    pue: float = 1.3,
) -> dict[str, Any]:
    """``load``: demand over capacity, which sets the chips; ``sample``: share of the log's jobs; a seed draws the
    sample, each job's slack (0, 6, 12 or 24 h, evenly), whether it may pause (70 %) and the synthetic series."""
    path = Path(data or os.environ.get("HUTONG_DATA", "")) / "philly" / "philly_jobs.csv"
    if not path.is_file():
        return {"missing": {"data": f"no {path}: set HUTONG_DATA"}}
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    kwh = carbon.energy_kwh(watts_per_chip, 3600 / PER_HOUR, pue)
    rows = []
    for seed in (int(text) for text in seeds.split(",")):
        jobs = _jobs(path, begin, days, sample, kwh, seed)
        rows.append({"seed": seed, **_measure(jobs, begin, days, load, seed, series, series_column)})
    return _figures(rows)


def _measure(
    jobs: list[carbon.ShiftableJob],
    begin: datetime,
    days: int,
    load: float,
    seed: int,
    series: str | None,
    column: str,
) -> dict[str, Any]:
    work = sum(job.work * job.chips for job in jobs)
    capacity = max(int(work / (days * 24 * PER_HOUR) / load), max(job.chips for job in jobs))
    horizon = sum(job.work for job in jobs) + max(job.release for job in jobs)
    probe = carbon.fifo(jobs, capacity, min(horizon, 40 * days * 24 * PER_HOUR))
    due = carbon.promised(jobs, probe)
    slots = int(due.max()) + 1
    first = carbon.Schedule(probe.runs[:, :slots])
    history, signal = _signal(begin, slots, seed, series, column)
    base = carbon.emitted(jobs, first, signal)
    least, _ = carbon.least_emission(jobs, signal, capacity, due)
    met = first.finish() <= np.array([job.deadline for job in jobs])
    made: dict[str, Any] = {
        "jobs": len(jobs),
        "chips": capacity,
        "kg": base / 1000,
        "saving": 1 - least / base,
    }
    forecasts = {
        "known series": carbon.PerfectForecast(signal),
        "daily forecast": carbon.DailyForecast(signal, history, 24 * PER_HOUR, HISTORY_DAYS),
    }
    for name, forecast in forecasts.items():
        plan = carbon.OnlineRule().schedule(jobs, forecast, capacity, due, slots)
        late = plan.finish() > np.array([job.deadline for job in jobs])
        made[name] = {
            "share": (base - carbon.emitted(jobs, plan, signal)) / (base - least),
            "missed": int((met & late).sum()),
            "later than promised": int((plan.finish() > due).sum()),
            "pauses per job": float(plan.resumes().mean()),
        }
    return made


def _signal(
    begin: datetime, slots: int, seed: int, series: str | None, column: str
) -> tuple[np.ndarray, np.ndarray]:
    """Two weeks to look back on, and the signal of the slots themselves."""
    hours = HISTORY_DAYS * 24 + math.ceil(slots / PER_HOUR)
    if series:
        hourly = carbon.load_series(Path(series), column, "gCO2e/kWh")
        if len(hourly.values) < hours:
            raise SystemExit(f"{series} holds {len(hourly.values)} hours, {hours} are needed")
    else:
        hourly = carbon.synthetic(hours, seed, begin - timedelta(days=HISTORY_DAYS))
    whole, cut = hourly.slots(PER_HOUR), HISTORY_DAYS * 24 * PER_HOUR
    return whole[:cut], whole[cut : cut + slots]


def _jobs(
    path: Path, begin: datetime, days: int, sample: float, kwh: float, seed: int
) -> list[carbon.ShiftableJob]:
    """Jobs of ten minutes to two days, run times rounded up to half hours."""
    generator = np.random.default_rng(seed)
    jobs = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            after = (
                datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC) - begin
            ).total_seconds() / 3600
            hours = float(row["duration"]) / 3600
            if not (0 <= after < 24 * days and 1 / 6 <= hours <= 48) or generator.random() >= sample:
                continue
            release, work = math.ceil(after * PER_HOUR), math.ceil(hours * PER_HOUR)
            chips, slack = int(row["num_gpus"]), int(generator.choice(SLACKS_H)) * PER_HOUR
            pauses = bool(generator.random() < 0.7)
            jobs.append(
                carbon.ShiftableJob(
                    f"row {number + 2}", release, release + work + slack, work, chips, kwh * chips, pauses
                )
            )
    return sorted(jobs, key=lambda job: job.release)


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "jobs per seed": round(float(np.mean([row["jobs"] for row in rows]))),
        "chips per seed": round(float(np.mean([row["chips"] for row in rows]))),
        "FIFO emission, kgCO2e": round(float(np.mean([row["kg"] for row in rows]))),
        "perfect-foresight saving, %": round(100 * float(np.mean([row["saving"] for row in rows])), 2),
    }
    for name in ("daily forecast", "known series"):
        shares = [row[name]["share"] for row in rows]
        figures[f"{name}: share of that saving, %"] = round(100 * float(np.mean(shares)), 1)
        figures[f"{name}: least share over seeds, %"] = round(100 * min(shares), 1)
        figures[f"{name}: deadlines missed that FIFO met"] = sum(row[name]["missed"] for row in rows)
        figures[f"{name}: pauses per job"] = round(
            float(np.mean([row[name]["pauses per job"] for row in rows])), 2
        )
    return {"figures": figures, "peers": {}, "ratios": {}, "missing": {}, "rows": rows}
