"""Bid-price placement beside FGD on the same arrivals, paired by seed, with upper bounds; and placements a second.

Rule of the on-line rows: a task that fits somewhere when it arrives is placed, as in the published experiments. The
rows with a waiting room relax it as their name says. FGD's allocation equals the published one seed by seed. Bounds
are linear programs over the arrivals in hindsight (one seed). Options as of `compute_fgd`; `bounds` 0 leaves them out.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from compute_fgd import NODES, chosen, data_folder, numbers

# name: tasks that may be set aside at a time, and how long each may wait, as shares of the arrivals
ROOMS = {
    "bid price, on-line": (0.0, 0.0),
    "bid price, 1 % may wait": (0.01, 1.0),
    "bid price, 5 % may wait": (0.05, 1.0),
    "bid price, window of 5 %, at most 8 % turned away": (0.08, 0.05),
}


def run(
    data: str | None = None,
    traces: str = "",
    seeds: str = "42-51",
    bounds: int = 1,
    nodes: int = 1000,
    jobs: int = 64000,
) -> dict[str, Any]:
    made: dict[str, Any] = {"figures": {}, "peers": {}, "ratios": {}, "missing": {}}
    speed(made, nodes, jobs)
    folder = data_folder(data)
    if folder is None:
        made["missing"]["openb"] = "set HUTONG_DATA to the folder that holds openb/"
        return made
    from hutong.engines.broker.traces.openb import read_openb

    for trace in chosen(folder, traces):
        read = read_openb(folder / NODES, folder / f"openb_pod_list_{trace}.csv")
        compare(made, trace, read, numbers(seeds))
        if bounds:
            headroom(made, trace, read, numbers(seeds)[0])
    return made


def compare(made: dict[str, Any], trace: str, read: Any, seeds: list[int]) -> None:
    """Mean allocation at 130 % of each row beside FGD's, with the paired t test."""
    from scipy.stats import ttest_rel

    from hutong.engines.broker.place import Patience, bid_price, inflated, replay, typical

    mix = typical(read.tasks)
    theirs: list[float] = []
    ours: dict[str, list[float]] = {name: [] for name in ROOMS}
    seconds: list[float] = []
    for seed in seeds:
        arrivals = inflated(read.nodes, read.tasks, seed)
        theirs.append(replay(read.nodes, read.tasks, arrivals, "FGD", seed, mix).allocation(130))
        for name, (room, patience) in ROOMS.items():
            size = len(arrivals.order)
            began = time.process_time()
            placed = bid_price(
                read.nodes,
                read.tasks,
                arrivals,
                mix,
                patience=Patience(int(room * size), int(patience * size)),
            )
            seconds.append(time.process_time() - began)
            ours[name].append(placed.allocation(130))
    for name, values in ours.items():
        key = f"{trace}, {name}: GPU % at 130"
        made["figures"][key] = round(statistics.mean(values), 2)
        made["peers"][key] = f"{statistics.mean(theirs):.2f} (FGD)"
        gain = statistics.mean(values) - statistics.mean(theirs)
        p = float(ttest_rel(values, theirs).pvalue) if len(values) > 1 else float("nan")
        made["ratios"][key] = f"{gain:+.2f}, p {p:.1e}"
    made["figures"][f"{trace}: CPU s an experiment, bid price, median"] = round(statistics.median(seconds), 2)


def headroom(made: dict[str, Any], trace: str, read: Any, seed: int) -> None:
    """Upper bounds: any task may be left out; no task that fits is turned away; the same with 5 % waiting."""
    from hutong.engines.broker.place import bounds, inflated

    arrivals = inflated(read.nodes, read.tasks, seed)
    strict = bounds(read.nodes, read.tasks, arrivals)
    waiting = bounds(read.nodes, read.tasks, arrivals, len(arrivals.order) // 20)
    made["figures"][f"{trace}: upper bound, tasks left out at will"] = round(strict.free, 2)
    made["figures"][f"{trace}: upper bound, none that fits turned away"] = round(strict.work_conserving, 2)
    made["figures"][f"{trace}: upper bound, 5 % may wait"] = round(waiting.work_conserving, 2)


def speed(made: dict[str, Any], count: int, jobs: int) -> None:
    """Placements a second: small CPU jobs of eight sizes on like nodes, by best fit, one thread, order of arrival."""
    from hutong.engines.broker.place import Arrivals, Nodes, Tasks, replay, typical

    random = np.random.default_rng(1)
    zero = np.zeros(count, dtype=np.int64)
    nodes = Nodes(tuple(f"n{i:05d}" for i in range(count)), zero + 64_000, zero + 262_144, zero, zero - 1, ())
    none = np.zeros(jobs, dtype=np.int64)
    asked = random.integers(1, 9, jobs) * 200
    tasks = Tasks(tuple(f"t{i}" for i in range(jobs)), asked, asked, none, none, none, none)
    arrivals = Arrivals(np.arange(jobs), np.arange(count))
    mix = typical(tasks)
    replay(nodes, tasks.take(np.arange(64)), Arrivals(np.arange(64), np.arange(count)), "BestFit", 1, mix)
    began = time.process_time()
    placed = replay(nodes, tasks, arrivals, "BestFit", 1, mix)
    seconds = time.process_time() - began
    key = f"placements a second, {jobs:,} small jobs on {count:,} nodes, without queue order"
    made["figures"][key] = round(float((placed.node >= 0).sum()) / seconds)
    made["peers"][key] = "about 90,000 (Armada, published, 16 threads)"
