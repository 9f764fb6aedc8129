"""Policies against workloads, paired: the same arrivals under each policy, intervals by bootstrap over workloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from hutong.engines.broker.elastic.profile import Floats

# measure name -> one number per (policy, workload, seed)
Runner = Callable[[str, str, int], Mapping[str, float]]
DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Cell:
    """One policy and measure: mean over workloads and seeds, and its interval."""

    policy: str
    measure: str
    mean: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Comparison:
    """A policy against the first one, paired: mean of the ratio of each run to the first policy's on the same
    workload and seed, its interval, and in how many of the pairs it was less."""

    policy: str
    against: str
    measure: str
    ratio: float
    low: float
    high: float
    less_in: int
    pairs: int


@dataclass(frozen=True)
class Experiment:
    """Plain records: ``rows`` hold every single run, ``cells`` and ``comparisons`` what is shown."""

    rows: tuple[dict[str, object], ...]
    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]

    def as_records(self) -> dict[str, list[dict[str, object]]]:
        return {
            "rows": [dict(row) for row in self.rows],
            "cells": [asdict(cell) for cell in self.cells],
            "comparisons": [asdict(one) for one in self.comparisons],
        }


def experiment(
    policies: Sequence[str], workloads: Sequence[str], seeds: Sequence[int], run: Runner, draw_seed: int = 0
) -> Experiment:
    """Run every policy on every workload with every seed and compare each with the first policy.

    The intervals are percentile bootstraps (Efron and Tibshirani 1993, ch. 13; 2000 draws, 95 %) over the pairs of
    workload and seed; all policies share the draws. With one pair, low and high equal the mean.
    """
    results = {
        (policy, workload, seed): run(policy, workload, seed)
        for policy in policies
        for workload in workloads
        for seed in seeds
    }
    pairs = [(workload, seed) for workload in workloads for seed in seeds]
    draws = np.random.default_rng(draw_seed).integers(0, len(pairs), (DRAWS, len(pairs)))
    measures = list(results[policies[0], *pairs[0]])
    rows = tuple(
        {"policy": policy, "workload": workload, "seed": seed, **found}
        for (policy, workload, seed), found in results.items()
    )
    cells, comparisons = [], []
    for measure in measures:
        table = {p: np.array([results[p, *pair][measure] for pair in pairs]) for p in policies}
        for policy in policies:
            low, high = _interval(table[policy], draws)
            cells.append(Cell(policy, measure, float(table[policy].mean()), low, high, len(pairs)))
        comparisons += [_compare(policies[0], policy, measure, table, draws) for policy in policies[1:]]
    return Experiment(rows, tuple(cells), tuple(comparisons))


def _compare(
    first: str, policy: str, measure: str, table: Mapping[str, Floats], draws: np.ndarray
) -> Comparison:
    base = table[first]
    ratios = table[policy] / np.where(base == 0, np.nan, base)
    low, high = _interval(ratios, draws)
    less = int((table[policy] < base).sum())
    return Comparison(policy, first, measure, float(ratios.mean()), low, high, less, len(base))


def _interval(values: Floats, draws: np.ndarray) -> tuple[float, float]:
    means = values[draws].mean(axis=1)
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)
