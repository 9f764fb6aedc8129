"""Invented throughput tables in the layout of the Sia artifact: two applications, two chip models, small numbers."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from hutong.engines.broker import elastic
from hutong.engines.broker.elastic.application import Published

POOLS = (elastic.Pool("slow", 2, 4), elastic.Pool("fast", 1, 4))
STATED = {"small": Published(3, 20, 1.2, 20), "large": Published(4, 60, 1.0, 60)}
SECONDS_PER_SAMPLE = {"slow": 0.004, "fast": 0.0015}
BATCHES = (32, 64, 128, 256)


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def times(chip: str, nodes: int, chips: int, batch: int) -> tuple[float, float]:
    """A step of 10 ms and so much per sample; the exchange costs 5 ms inside a node, 20 ms between nodes."""
    sync = 0.0005 if chips == 1 else (0.005 if nodes == 1 else 0.02) + 0.001 * (chips - 2)
    return 0.01 + SECONDS_PER_SAMPLE[chip] * batch + sync, sync


def tables(folder: Path, length: int) -> None:
    for pool in POOLS:
        places = [
            place
            for width in range(1, pool.nodes + 1)
            for place in product(range(1, pool.chips_per_node + 1), repeat=width)
            if place == min(place[i:] + place[:i] for i in range(width))
        ]
        rows: list[list[object]] = []
        scaled: list[list[object]] = []
        for place, batch in product(places, (8, 16, 32, 64, 128)):
            step, sync = times(pool.chip, len(place), sum(place), batch)
            rows.append(["".join(map(str, place)), batch, step, sync])
            scaled.append([len(place), sum(place), batch, step, sync])
        write(
            folder / f"placements-{pool.chip}.csv", ["placement", "local_bsz", "step_time", "sync_time"], rows
        )
        write(
            folder / f"scalability-{pool.chip}.csv",
            ["num_nodes", "num_replicas", "local_bsz", "step_time", "sync_time"],
            scaled,
        )
    for batch in BATCHES:
        rows = []
        for epoch in range(1, 5):
            progress = float(length * epoch)
            gain = batch / 32 * (1 + 0.1) / (batch / 32 * 0.1 + 1)
            rows.append([progress, round(progress / gain), 0.5, 0.1, 1.0])
        write(
            folder / f"validation-{batch}.csv",
            ["progress", "iteration", "metric", "grad_sqr", "grad_var"],
            rows,
        )


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> dict[str, elastic.Application]:
    folder = tmp_path_factory.mktemp("tables")
    tables(folder / "small", 400)
    tables(folder / "large", 8000)
    return elastic.load_applications(folder, POOLS, STATED)


@pytest.fixture(scope="session")
def workload() -> elastic.Workload:
    rows = [
        elastic.Submission(f"job-{n}", 50 * n, "large" if n % 4 == 0 else "small", (1, 2, 4)[n % 3], 128)
        for n in range(12)
    ]
    return elastic.Workload("invented", tuple(rows))


@pytest.fixture
def run(
    applications: dict[str, elastic.Application], workload: elastic.Workload
) -> Callable[[elastic.Policy], elastic.RunOutcome]:
    return lambda policy: elastic.simulate(workload, applications, POOLS, policy)
