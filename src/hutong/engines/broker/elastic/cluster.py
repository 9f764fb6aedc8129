"""Pools of equal nodes, jobs as submitted, and the configurations a job may run in."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.engines.broker.elastic.application import PUBLISHED, Application, Published, load_application


@dataclass(frozen=True)
class Pool:
    """Equal nodes of one chip model; ``chip`` is also the suffix of its throughput tables."""

    chip: str
    nodes: int
    chips_per_node: int

    @property
    def chips(self) -> int:
        return self.nodes * self.chips_per_node


# Sia, section 4.1, "Heterogeneous": 6 nodes x 4 T4, 2 nodes x 8 A100, 3 nodes x 8 RTX 2080 Ti.
SIA_CLUSTER = (Pool("aws", 6, 4), Pool("dgx-ext", 2, 8), Pool("rtx", 3, 8))


@dataclass(frozen=True)
class Configuration:
    """So many chips of one pool, on the fewest nodes."""

    pool: int
    chips: int
    nodes: int


def configurations(pools: tuple[Pool, ...], every_count: bool = False) -> tuple[Configuration, ...]:
    """Sia's set (section 3.3): powers of two inside a node, whole nodes beyond; or every count of chips.

    Ordered by pool, then by chips.
    """
    made = []
    for index, pool in enumerate(pools):
        for chips in range(1, pool.chips + 1):
            inside = chips <= pool.chips_per_node and chips & (chips - 1) == 0
            if every_count or inside or chips % pool.chips_per_node == 0:
                made.append(Configuration(index, chips, -(-chips // pool.chips_per_node)))
    return tuple(made)


@dataclass(frozen=True)
class Submission:
    """A job as submitted: ``chips`` and ``batch`` are what a scheduler that cannot resize must give it."""

    name: str
    submitted_s: int
    application: str
    chips: int
    batch: int


@dataclass(frozen=True)
class Workload:
    name: str
    jobs: tuple[Submission, ...]


def load_workload(path: Path) -> Workload:
    """Read a workload of the Sia artifact: name, time, application, num_replicas, batch_size."""
    with path.open(newline="", encoding="utf-8") as file:
        jobs = tuple(
            Submission(
                name=row["name"],
                submitted_s=round(float(row["time"])),
                application=row["application"],
                chips=int(row["num_replicas"]),
                batch=int(row["batch_size"]),
            )
            for row in csv.DictReader(file)
        )
    return Workload(path.stem, jobs)


def load_applications(
    folder: Path, pools: tuple[Pool, ...], stated: Mapping[str, Published] = PUBLISHED
) -> dict[str, Application]:
    """All applications of a folder of throughput tables that something is stated of, on every pool's chip model."""
    chips = tuple(pool.chip for pool in pools)
    found = sorted(path for path in folder.iterdir() if path.name in stated)
    return {path.name: load_application(path, chips, stated[path.name]) for path in found}
