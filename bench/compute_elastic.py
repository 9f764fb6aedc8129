"""Elastic jobs beside rigid ones: the same jobs of a trace through the hub's own `decide`, on one pool.

Rigid: every job on the chips that the log gives. Elastic: a share of the jobs (drawn with a seed) runs on any number from
half of that to `--up` times, as their programs would have to; the others are as in the log. Two forms: sizes chosen at the
start only, and sizes that also change in mid-run (saving and starting again cost what `--save-s` and `--restart-s` say).
No log tells how fast its jobs would have run on other numbers of chips. The speed-up is ASSUMED: Amdahl's law with the serial
part `--serial` (per thousand; several: each in turn); `--assumed` is what the broker believes, which may differ. Limits,
which the log does not have either, are twice the run time at the least size. Without a log, `--trace synthetic`.
The Philly log is thinned to every `--every`th job of its development window (before 2017-10-16), without jobs of more than
`--longest` hours, of which a sample holds too few to compare anything. Capacity = demand / `--level`, at least twice the
largest job.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

HOUR = 3_600_000


def run(
    data: str | None = None,
    trace: str | None = None,
    jobs: int = 2000,
    every: int = 7,
    longest: int = 72,
    level: float = 0.9,
    up: int = 4,
    share: float = 0.5,
    serial: tuple[int, ...] = (100,),
    assumed: int = 100,
    save_s: int = 60,
    restart_s: int = 60,
    seeds: tuple[int, ...] = (1, 2, 3),
) -> dict[str, Any]:
    from hutong.engines.broker.decide.picture import Sizing

    sizing = Sizing(restart_ms=restart_s * 1000, serial_milli=assumed)
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    ratios: dict[str, str] = {}
    for true in serial:
        for seed in seeds:
            rows = (
                synthetic(jobs, seed)
                if trace == "synthetic"
                else philly(data, trace, every, seed, longest)[:jobs]
            )
            total, chance = capacity(rows, level), random.Random(seed)
            elastic = {n for n in range(len(rows)) if chance.random() < share}
            rigid = _played(rows, set(), total, sizing, true, -1, up)
            for name, save in (("at its start", -1), ("in mid-run", save_s * 1000)):
                made = _played(rows, elastic, total, sizing, true, save, up)
                label = f"serial {true / 10:g} %, seed {seed}, sized {name}"
                figures |= {f"{label}: {what}": made[what] for what in WHAT}
                peers |= {f"{label}: {what}": rigid[what] for what in WHAT}
                ratios |= {
                    f"{label}: {w}": f"{made[w] / max(rigid[w], 1e-9):.3f}x" for w in (WHAT[0], WHAT[3])
                }
    return {
        "figures": figures,
        "peers": peers,
        "ratios": ratios,
        "missing": {},
        "assumed": f"Amdahl, serial part {assumed / 10:g} % believed by the broker; not measured on any of these jobs",
        "peer": "the same jobs, all of one size, through the same engine",
    }


WHAT = (
    "mean completion, h",
    "p90 completion, h",
    "mean wait, h",
    "chips held, %",
    "changes a job",
    "at limit",
)


def philly(
    data: str | None, trace: str | None, every: int, first: int, longest: int
) -> list[tuple[int, int, int]]:
    """A thinned log: (submitted, run, chips), in milliseconds from the first of them."""
    from datetime import UTC, datetime

    from hutong.engines.broker.money.instants import to_ms
    from hutong.engines.broker.traces.philly import read_philly

    folder = data or os.environ.get("HUTONG_DATA")
    if not trace and not folder:
        raise SystemExit("Give --data or HUTONG_DATA, or --trace synthetic.")
    place = Path(trace) if trace else Path(str(folder)) / "philly" / "philly_jobs.csv"
    if not place.exists() and folder and (Path(folder) / "philly_jobs.csv").exists():
        place = Path(folder) / "philly_jobs.csv"
    log = read_philly(place)[0]
    whole = sorted(zip(log.submit_ms.tolist(), log.run_ms.tolist(), log.chips.tolist(), strict=True))
    until = to_ms(datetime(2017, 10, 16, tzinfo=UTC))
    rows = [r for r in whole if r[0] < until and r[1] <= longest * HOUR][first % every :: every]
    return [(at - rows[0][0], max(1000, ran), chips) for at, ran, chips in rows]


def synthetic(many: int, seed: int) -> list[tuple[int, int, int]]:
    """Poisson arrivals, run times log-normal (median 20 min), sizes 1 to 16 as in public logs mostly small."""
    chance, at, made = random.Random(seed), 0.0, []
    for _ in range(many):
        at += chance.expovariate(1 / 240_000)
        ran = min(48 * HOUR, max(10_000, round(chance.lognormvariate(14.0, 1.6))))
        made.append((round(at), ran, chance.choices((1, 2, 4, 8, 16), (60, 10, 15, 12, 3))[0]))
    return made


def capacity(rows: list[tuple[int, int, int]], level: float) -> int:
    span = rows[-1][0] - rows[0][0]
    demand = sum(ran * chips for _, ran, chips in rows)
    return max(2 * max(chips for _, _, chips in rows), -(-demand // max(1, round(span * level))))


def _played(
    rows: list[tuple[int, int, int]],
    elastic: set[int],
    total: int,
    sizing: Any,
    serial: int,
    save_ms: int,
    up: int,
) -> dict[str, float]:
    from hutong.engines.broker.decide.picture import Asked, Offer
    from hutong.engines.broker.decide.resized import Work, play
    from hutong.engines.broker.elastic.sizes import time_ms

    works = []
    for n, (at, ran, chips) in enumerate(rows):
        low, most = (max(1, chips // 2), min(total, up * chips)) if n in elastic else (chips, None)
        limit = 2 * time_ms(ran, chips, low, serial) + 10 * 60_000
        asked = Asked(f"j{n:05d}", "all", "c", low, limit, ("a100",), at, most=most,
                      checkpoint_ms=save_ms if n in elastic else -1)  # fmt: skip
        works.append(Work(asked, chips, ran, serial))
    told, _ = play(works, Offer("p", "c", "a100", "110000", total, total, 100), sizing)
    ends = max(t.end_ms for t in told)
    spans = sorted(t.completion_ms for t in told)
    last = rows[-1][0]
    made = {
        "mean completion, h": sum(spans) / len(spans) / HOUR,
        "p90 completion, h": spans[9 * len(spans) // 10] / HOUR,
        "mean wait, h": sum(t.first_ms - t.submitted_ms for t in told) / len(told) / HOUR,
        "chips held, %": 100 * sum(t.chip_ms for t in told) / (total * ends),
        "changes a job": sum(t.changes for t in told) / max(1, len(elastic)),
        "at limit": sum(t.late for t in told),
    }
    made["makespan beyond the last arrival, h"] = (ends - last) / HOUR
    return {k: round(v, 3) for k, v in made.items()}
