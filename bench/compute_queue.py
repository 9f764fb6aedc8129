"""The queue of the partnership: durable submissions in batches, 64 writers on the last hours, one cycle over a million jobs.

Submissions go through the operation that people use (typed input, permission, book of hours, event in the Merkle log) on
SQLite with synchronous FULL. Writers are threads of four processes. The cycle is the engine's: order (Fair Tree, award, urgency, age), then EASY
over 16 centres; peak memory is that of a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROCESSES = 4


def run(
    *, jobs: int = 1_000_000, queues: int = 500, centres: int = 16, batches: int = 50, writers: int = 64
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    submitted = _submit(batches)
    figures["durable submissions/s, batches of 100"] = submitted["per_s"]
    figures["p99 of a batch, ms"] = submitted["p99_ms"]
    raced = _race(writers)
    figures.update({f"{writers} writers on the last {raced['room']} jobs: submitted": raced["ok"]})
    figures["of them refused as exhausted"] = raced["exhausted"]
    figures["overdrawn accounts"] = raced["overdrawn"]
    cycle = json.loads(
        subprocess.run(
            [sys.executable, str(HERE / "compute_queue.py"), "cycle", str(jobs), str(queues), str(centres)],
            capture_output=True, text=True, check=True, env={**os.environ, "HUTONG_COMPILE": "1"},
        ).stdout
    )  # fmt: skip
    figures[f"{jobs:,} pending, {centres} centres: one cycle, s"] = cycle["cycle_s"]
    figures["of it, ordering, s"] = cycle["order_s"]
    figures["started in the cycle"] = cycle["started"]
    figures["peak memory, MiB"] = cycle["rss_mib"]
    missing = {
        "MultiKueue 1.31 admitted/s, Kueue 60,000 in about 1,400 s": "Kubernetes is not here: published figures "
        "(kueue #8564, baseline of its performance tests)",
        "Slurm federation": "`hutong bench compute live` runs the same jobs on one",
    }
    return {"figures": figures, "missing": missing}


def _desk() -> tuple[Any, Any, Any]:
    """A hub with one active allocation: the clerk who submits, the allocation, the description of the job."""
    from hutong.cli.home import home, open_hub

    (home()).mkdir(parents=True, exist_ok=True)
    (home() / "centres.yaml").write_text("here: {engine: local, commands: true}\n", encoding="utf-8")
    open_hub()
    sys.path.insert(0, str(HERE.parent / "tests" / "modules"))
    from lane import Lane
    from tests_hub import Hub

    from hutong.kernel.permission import Role

    lane = Lane(Hub())
    award = lane.award()
    operator = lane.who("operator", Role.CENTRE_OPERATOR, "centre")
    do = lane.hub.do
    centre = do(operator, "compute.centre.register", name_en="N", name_zh="北", connection="here")
    pool = do(
        operator, "compute.pool.open", centre=centre, chip="a100", chips=4096, price="10", by_operator=True
    )
    asked = do(
        lane.engineer, "compute.allocation.request", award=award, pool=pool, hours="40", reason="Bench."
    )
    do(operator, "compute.allocation.approve", allocation=asked, hours="40", reason="Bench.")
    return lane.engineer, do(operator, "compute.allocation.activate", allocation=asked), lane.hub


WORK = {"form": "hutong-job/1", "command": ["true"]}


def _submit(batches: int) -> dict[str, Any]:
    from statistics import quantiles

    engineer, allocation, hub = _desk()
    took = []
    begun = time.perf_counter()
    for _ in range(batches):
        start = time.perf_counter()
        hub.do(engineer, "compute.job.submit", work=WORK, allocation=allocation, limit_s=1, copies=100)
        took.append(time.perf_counter() - start)
    seconds = time.perf_counter() - begun
    return {"per_s": round(batches * 100 / seconds), "p99_ms": round(quantiles(took, n=100)[-1] * 1000, 1)}


def _race(writers: int) -> dict[str, Any]:
    """Each writer, a thread of one of four processes, asks for one hour again and again until refused; far fewer hours are free than asked for."""
    from hutong.modules.compute.models import Account, Allocation
    from hutong.modules.compute.money import book

    allocation = Allocation.objects.get()
    room = book.balances(allocation)["free"] // 3_600_000
    here = [sys.executable, str(HERE / "compute_queue.py"), "write", allocation.code, str(max(2, room // 8))]
    threads = max(1, writers // PROCESSES)
    children = [
        subprocess.Popen([*here, str(threads)], stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    said = [json.loads(child.communicate()[0]) for child in children]
    overdrawn = Account.objects.exclude(kind="source").filter(balance_ms__lt=0).count()
    return {
        "room": room,
        "ok": sum(s["ok"] for s in said),
        "exhausted": sum(s["exhausted"] for s in said),
        "overdrawn": overdrawn + (not book.sound()),
    }


def write(allocation: str, times: int, threads: int) -> dict[str, int]:
    from hutong.cli.home import open_hub

    open_hub(migrate=False)
    from django.db import connection
    from django.utils import timezone

    from hutong.kernel.errors import Exhausted
    from hutong.modules.compute.models import Allocation
    from hutong.platform import runner
    from hutong.platform.actors import actor_of
    from hutong.platform.people import RoleGrant

    organisation = Allocation.objects.get(code=allocation).organisation_id
    person = RoleGrant.objects.get(role="innovator", organisation=organisation).person
    given = {"work": WORK, "allocation": allocation, "limit_s": 3600}

    def writer(_: int) -> tuple[int, int]:
        ok = exhausted = 0
        for _ in range(times):
            try:
                runner.run(actor_of(person, timezone.now()), "compute.job.submit", given)
                ok += 1
            except Exhausted:
                exhausted += 1
        connection.close()
        return ok, exhausted

    with ThreadPoolExecutor(threads) as pool:
        counted = list(pool.map(writer, range(threads)))
    return {"ok": sum(ok for ok, _ in counted), "exhausted": sum(no for _, no in counted)}


def cycle(jobs: int, queues: int, centres: int) -> dict[str, Any]:
    """One cycle over arrays: two chips kinds at each centre, gangs of 1 to 64, a fair tree of the queues."""
    import numpy as np

    from hutong.engines.broker.decide.queue import ORDER
    from hutong.engines.broker.order import NO_DEADLINE, Tree, Waiting, fair_points, fair_tree, rank
    from hutong.engines.broker.reserve.starts import Kinds, Pools, Queue, Running, plan_starts

    draw = np.random.default_rng(7)
    pools = centres * 2
    total = draw.integers(256, 2048, pools)
    free = total // 4
    kinds = Kinds.of(
        np.array([[1000 * (k % 3 == 2 or k % 3 == p % 2) for p in range(pools)] for k in range(64)]),
        draw.integers(500, 2000, (64, pools)),
        np.arange(64) % centres,
    )
    columns = {
        "kind": draw.integers(0, 64, jobs),
        "chips": 2 ** draw.integers(0, 7, jobs),
        "run": draw.integers(60_000, 86_400_000, jobs),
    }
    waiting = Waiting(
        np.arange(jobs, dtype=np.int64),
        draw.integers(0, queues, jobs),
        draw.integers(0, 10**9, jobs),
        draw.integers(0, 10, jobs),
        np.full(jobs, NO_DEADLINE, dtype=np.int64),
        columns["run"],
    )
    tree = Tree(
        np.concatenate([np.full(20, -1), np.arange(queues) % 20]).astype(np.int64),
        np.ones(20 + queues, dtype=np.int64),
        np.concatenate([np.zeros(20, bool), np.ones(queues, bool)]),
    )
    usage = np.concatenate([np.zeros(20), draw.integers(0, 10**9, queues)]).astype(np.int64)
    running = Running.of(
        np.repeat(np.arange(pools), 50), np.full(pools * 50, 4), draw.integers(10**9, 2 * 10**9, pools * 50)
    )
    plan_starts(Pools.of(np.arange(pools) // 2, total, free), running, Queue.of([0], [1], [1]), kinds, 10**9)
    start = time.perf_counter()
    order = rank(waiting, fair_points(fair_tree(tree, usage).rank[20:]), ORDER, 10**9).order
    ordered = time.perf_counter()
    queue = Queue.of(columns["kind"][order], columns["chips"][order], columns["run"][order])
    made = plan_starts(Pools.of(np.arange(pools) // 2, total, free), running, queue, kinds, 10**9)
    done = time.perf_counter()
    return {
        "order_s": round(ordered - start, 2),
        "cycle_s": round(done - start, 2),
        "started": len(made.started),
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    made_ = write(rest[0], int(rest[1]), int(rest[2])) if verb == "write" else cycle(*map(int, rest))
    print(json.dumps(made_))
