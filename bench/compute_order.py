"""Order and money of the partnership: Fair Tree beside a real ``sshare``, DRF beside linear programmes, bills to the fen.

Four parts, each by itself with ``parts``: *sshare* (random trees in one slurmctld with slurmdbd and MariaDB on this machine;
left out, with the line that installs them, where they are not here), *drf* (random small instances against a sequence of
HiGHS programmes), *ledger* (segments with price and factor changes in mid-run over a year, read from wall clocks of Berlin
with both changes of summer time, against unbounded integers of UTC), *rank* (decay, Fair Tree and one order of many jobs).
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
PARTS = ("ledger", "drf", "rank", "sshare")
Figures = dict[str, Any]


def run(
    parts: Sequence[str] = PARTS,
    trees: int = 50,
    instances: int = 10_000,
    segments: int = 1_000_000,
    jobs: int = 1_000_000,
    seed: int = 2026,
) -> dict[str, Any]:
    for folder in (TESTS, TESTS / "engines/broker/order", TESTS / "engines/broker/money"):
        sys.path.insert(0, str(folder))
    figures: Figures = {}
    missing: dict[str, str] = {}
    made: dict[str, Callable[[], Figures]] = {
        "ledger": lambda: _ledger(segments, seed),
        "drf": lambda: _drf(instances, seed),
        "rank": lambda: _rank(jobs, seed),
        "sshare": lambda: _sshare(trees, seed, missing),
    }
    for part in parts:
        figures |= made[part]()
    return {"figures": figures, "peers": {}, "ratios": {}, "missing": missing, "seed": seed}


def _ledger(segments: int, seed: int) -> Figures:
    from test_settle import books, by_wall_clock, drawn, independent

    from hutong.engines.broker.money import PoolTerms, settle, usage

    rows, prices, factors = drawn(segments, seed)
    table, terms = usage(by_wall_clock(rows)), [PoolTerms(f"p{i}", "x") for i in range(3)]
    at = books({f"p{i}": p for i, p in enumerate(prices)}, factors)
    began = time.perf_counter()
    lines = settle(table, terms, at)
    took = time.perf_counter() - began
    expected = independent(rows, prices, factors)
    wrong = sum(
        (amount, fen) != expected[key]
        for *key_, amount, fen in zip(
            *(
                c.tolist()
                for c in (lines.attempt, lines.pool, lines.price, lines.factor, lines.amount, lines.fen)
            ),
            strict=True,
        )
        for key in [tuple(key_)]
    )
    return {
        "ledger: segments": segments,
        "ledger: lines": len(lines),
        "ledger: lines that differ": wrong + abs(len(lines) - len(expected)),
        "ledger: error, fen": abs(lines.total_fen - sum(fen for _, fen in expected.values())),
        "ledger: error, milli-chip-ms": abs(lines.total_amount - sum(n for n, _ in expected.values())),
        "ledger: segments/s": round(segments / took),
    }


def _drf(instances: int, seed: int) -> Figures:
    from test_drf import assert_max_min, drawn, shares_by_programmes

    from hutong.engines.broker.order import progressive_filling

    luck = random.Random(seed)
    worst, differ = 0.0, 0
    for _ in range(instances):
        given = drawn(luck)
        assert_max_min(given)
        ours = [float(s) for s in progressive_filling(*given).share]
        gap = max(abs(a - b) for a, b in zip(ours, shares_by_programmes(given), strict=True))
        worst, differ = max(worst, gap), differ + (gap > 1e-6)
    return {
        "drf: instances": instances,
        "drf: shares that differ from the programmes": differ,
        "drf: greatest difference": float(f"{worst:.1e}"),
    }


def _rank(jobs: int, seed: int) -> Figures:
    from hutong.engines.broker.order import (
        DecayedUsage,
        OrderPolicy,
        Tree,
        Waiting,
        fair_points,
        fair_tree,
        rank,
    )

    luck = np.random.default_rng(seed)
    hour, now, queues = 3_600_000, 10**12, 500
    policy = OrderPolicy("bench", 1000, 500, 2000, 300, 5, 48 * hour, 168 * hour)
    start = now - luck.integers(hour, 2000 * hour, jobs)
    waiting = Waiting(
        np.arange(jobs), luck.integers(0, queues, jobs), now - luck.integers(0, 300 * hour, jobs),
        luck.integers(0, 6, jobs), now + luck.integers(0, 100 * hour, jobs), luck.integers(0, 20 * hour, jobs),
    )  # fmt: skip
    account = 50 + luck.integers(0, queues, jobs)
    tree = Tree(
        np.r_[np.full(50, -1), np.arange(queues) % 50], np.ones(50 + queues, dtype=np.int64),
        np.r_[np.zeros(50, dtype=bool), np.ones(queues, dtype=bool)],
    )  # fmt: skip
    marks = [time.perf_counter()]
    used = DecayedUsage.empty(50 + queues, 168 * hour).added(
        account, luck.integers(1, 8000, jobs), start, start + hour
    )
    marks.append(time.perf_counter())
    shares = fair_tree(tree, used.sums)
    marks.append(time.perf_counter())
    rank(waiting, fair_points(shares.rank[50:]), policy, now, np.arange(queues) % 10 == 0)
    marks.append(time.perf_counter())
    spent = [round(b - a, 3) for a, b in pairwise(marks)]
    return {
        f"rank: decay of {jobs:,} segments, s": spent[0],
        f"rank: Fair Tree of {queues} queues, s": spent[1],
        f"rank: order of {jobs:,} jobs, s": spent[2],
    }


def _sshare(trees: int, seed: int, missing: dict[str, str]) -> Figures:
    from slurm_shares import LINES, flattened, load, random_tree, ranks, shown

    from hutong.engines.broker.order import fair_tree
    from slurm_bed import Bed, Shape
    from slurm_bed import missing as lacking

    if lacking():
        missing["sshare"] = lacking()
        return {}
    luck = random.Random(seed)
    top = [random_tree(f"t{i}", luck) for i in range(trees)]
    folder = Path(tempfile.mkdtemp(prefix="hs"))
    try:
        with Bed(folder, Shape(names=("c",), nodes=1, lines=LINES)) as bed:
            load(bed, bed.centres["c"], top)
            said = shown(bed.centres["c"], int(flattened(top)[1].leaf.sum()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    equal = 0
    for one in top:
        nodes, tree, usage = flattened([one])
        ours = {n.name: int(r) for n, r in zip(nodes, fair_tree(tree, usage).rank, strict=True) if n.user}
        equal += ours == ranks({name: said[name] for name in ours})
    return {"sshare: trees": trees, "sshare: users": len(said), "sshare: rankings equal": equal}
