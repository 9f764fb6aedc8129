"""Small clusters and task lists for the placement tests, and the openb data where there is any."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hutong.engines.broker.place import Arrivals, Nodes, Tasks
from hutong.engines.broker.traces.openb import Openb, read_openb

MODELS = ("A", "B")


def data() -> Path:
    root = os.environ.get("HUTONG_DATA")
    folder = Path(root) / "openb" if root else None
    if folder is None or not (folder / "openb_node_list_gpu_node.csv").is_file():
        pytest.skip("HUTONG_DATA does not name a folder with openb/")
    return folder


def trace(name: str) -> Openb:
    """A whole trace; only where the loops are compiled, as plain Python takes minutes for each."""
    if find_spec("numba") is None:
        pytest.skip("numba is not installed: a whole trace takes minutes")
    return read_openb(data() / "openb_node_list_gpu_node.csv", data() / f"openb_pod_list_{name}.csv")


def nodes(*rows: tuple[int, int, int]) -> Nodes:
    """(cores, GPUs, model) a node; 100 GiB each."""
    cpu, gpus, model = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    names = tuple(f"n{index:04d}" for index in range(len(rows)))
    return Nodes(names, cpu * 1000, np.full(len(rows), 102_400), gpus, model, MODELS)


def tasks(*rows: tuple[int, int, int, int]) -> Tasks:
    """(milli-cores, GPUs, milli, accepted models) a task; 1 GiB each."""
    cpu, gpus, milli, accepts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    names = tuple(f"t{index:05d}" for index in range(len(rows)))
    return Tasks(names, cpu, np.full(len(rows), 1024), gpus, milli, accepts, accepts)


def drawn(seed: int, count: int, models: bool = False) -> Tasks:
    """Tasks of a dozen types in random order."""
    random = np.random.default_rng(seed)
    kinds = [
        (3000, 1, 810, 0), (8000, 1, 470, 0), (4000, 1, 320, 0), (4000, 1, 160, 0), (11_000, 1, 1000, 0),
        (3000, 1, 1000, 0), (16_000, 2, 1000, 0), (64_000, 8, 1000, 0), (12_000, 0, 0, 0), (32_000, 0, 0, 0),
        (6000, 1, 460, 0), (4000, 1, 220, 1 if models else 0),
    ]  # fmt: skip
    return tasks(*(kinds[index] for index in random.integers(0, len(kinds), count)))


def cluster(seed: int, count: int) -> Nodes:
    random = np.random.default_rng(seed)
    shapes = [(96, 8, 0), (32, 2, 1), (16, 2, 0), (8, 1, 1)]
    return nodes(*(shapes[index] for index in random.integers(0, len(shapes), count)))


def in_order(cluster: Nodes, jobs: Tasks) -> Arrivals:
    return Arrivals(np.arange(len(jobs)), np.arange(len(cluster.names)))
