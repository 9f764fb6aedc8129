"""Sia: each round an integer programme gives every job the configuration of best normalised goodput.

Jayaram Subramanya et al., "Sia: Heterogeneity-aware, goodput-optimized ML-cluster scheduling", SOSP 2023, section 3,
with the settings of its artifact: p = -0.5, no-allocation penalty 1.1, no job is moved while it restarts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.elastic.assignment import WAIT, assign
from hutong.engines.broker.elastic.cluster import Configuration, Pool, configurations
from hutong.engines.broker.elastic.course import one_chip_speed, trusted_chips
from hutong.engines.broker.elastic.goodput import best_goodput
from hutong.engines.broker.elastic.policies.spread import spread
from hutong.engines.broker.elastic.profile import Floats
from hutong.engines.broker.elastic.rounds import Grant
from hutong.engines.broker.elastic.training import TrainingJob

POWER = -0.5
UNSERVED_PENALTY = 1.1
NOTHING = 1e-4


@dataclass(eq=False)
class SiaPolicy:
    """Remembers the configuration each job was given last."""

    name: str = "sia"
    interval_s: int = 60
    tuned: bool = True
    shared: bool = False
    _last: dict[str, int] = field(default_factory=dict)

    def allocate(self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, Grant]:
        options = configurations(pools)
        rows = np.array([self._row(job, options, pools) for job in jobs])
        cost = np.minimum(np.round(rows**POWER, 2), 3000.0)
        forced = [self._last.get(job.name) if job.restart_left_s > 0 else None for job in jobs]
        chosen = assign(UNSERVED_PENALTY - cost, options, [pool.chips for pool in pools], forced)
        self._last = {job.name: int(one) for job, one in zip(jobs, chosen, strict=True) if one != WAIT}
        return grants({name: options[one] for name, one in self._last.items()}, pools)

    def _row(self, job: TrainingJob, options: tuple[Configuration, ...], pools: tuple[Pool, ...]) -> Floats:
        """Goodput of each configuration over the job's least, scaled down where it means a restart."""
        row = normalised(job, options, pools)
        last = self._last.get(job.name)
        if last is not None:
            kept = row[last]
            row *= self._restart_factor(job)
            row[last] = kept
        return row

    def _restart_factor(self, job: TrainingJob) -> float:
        """(age - restarts x cost) / (age + cost): Pollux, section 4.2."""
        cost = job.application.stated.believed_restart_s
        age = job.age()
        return 1.0 if age < cost else max(age - (job.restarts or 0) * cost, 0) / (age + cost)


def normalised(job: TrainingJob, options: tuple[Configuration, ...], pools: tuple[Pool, ...]) -> Floats:
    """Goodput over the least of the job's; 1 for one chip anywhere before the first step is seen."""
    row = np.full(len(options), NOTHING)
    single = np.array([one.chips == 1 for one in options])
    known = [index for index, pool in enumerate(pools) if job.knowledge.model(pool.chip) is not None]
    if not known or job.gradient is None:
        row[single] = 1.0
        return row
    most = trusted_chips(job, pools)
    for index in range(len(pools)):
        at = [i for i, one in enumerate(options) if one.pool == index and one.chips <= most]
        row[at] = pool_goodput(job, index, [options[i] for i in at], pools, known)
        row[row <= 0] = NOTHING
    row /= row[row > NOTHING].min()
    return np.asarray(np.maximum(row, NOTHING))


def pool_goodput(
    job: TrainingJob, index: int, options: list[Configuration], pools: tuple[Pool, ...], known: list[int]
) -> Floats:
    """Goodput on one pool: by its own model, else by another's times the ratio of measured one-chip speeds."""
    source = index if index in known else known[0]
    chip = pools[source].chip
    model, gradient = job.knowledge.model(chip), job.gradient
    assert model is not None and gradient is not None
    chips = np.array([float(one.chips) for one in options])
    nodes = np.ceil(chips / pools[source].chips_per_node)
    value, _, _ = best_goodput(model, nodes, chips, job.limits(chip, largest=job.submission.batch), gradient)
    if source != index:
        value = value * (one_chip_speed(job, pools[index]) / one_chip_speed(job, pools[source]))
    return value


def grants(given: dict[str, Configuration], pools: tuple[Pool, ...]) -> dict[str, Grant]:
    """Nodes for the configurations of all running jobs."""
    made: dict[str, Grant] = {}
    for index, pool in enumerate(pools):
        sizes = [(name, one.chips) for name, one in given.items() if one.pool == index]
        for name, nodes in spread(sizes, pool).items():
            made[name] = Grant(index, nodes)
    return made
