"""Gavel: a linear programme sets the share of time each job gets on each pool; rounds approach the shares.

Narayanan et al., "Heterogeneity-Aware Cluster Scheduling Policies for Deep Learning Workloads", OSDI 2020.
Jobs keep their submitted chips and batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hutong.engines.broker.elastic.cluster import Pool
from hutong.engines.broker.elastic.policies.shares import Shares
from hutong.engines.broker.elastic.policies.workers import Workers, grant_of, place_rigid
from hutong.engines.broker.elastic.profile import Floats
from hutong.engines.broker.elastic.rounds import Grant
from hutong.engines.broker.elastic.training import TrainingJob

UNSERVED = 1e9


@dataclass(eq=False)
class GavelPolicy:
    """Priority of a job on a pool = its share / the fraction of the pool's time it had so far (OSDI 2020, section 5).

    ``shares`` computes the (jobs x pools) shares from the jobs present.
    """

    name: str
    shares: Callable[[Sequence[TrainingJob], tuple[Pool, ...], int], Floats]
    interval_s: int = 360
    tuned: bool = False
    shared: bool = False
    _had_s: dict[str, list[float]] = field(default_factory=dict)
    _pool_s: list[float] = field(default_factory=list)
    _workers: dict[str, tuple[int, Workers]] = field(default_factory=dict)

    def allocate(self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, Grant]:
        self._admit(jobs, pools)
        chosen = self._choose(jobs, pools, self.shares(jobs, pools, now_s))
        placed: dict[str, tuple[int, Workers]] = {}
        for index, pool in enumerate(pools):
            before = {name: workers for name, (where, workers) in self._workers.items() if where == index}
            for name, workers in place_rigid(chosen[index], before, pool).items():
                placed[name] = (index, workers)
                self._had_s[name][index] += self.interval_s
                self._pool_s[index] += self.interval_s
        self._workers = placed
        return {name: grant_of(index, workers, pools) for name, (index, workers) in placed.items()}

    def _admit(self, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> None:
        """A new job counts as served for half a round everywhere."""
        if not self._pool_s:
            self._pool_s = [0.0] * len(pools)
        for job in jobs:
            if job.name not in self._had_s:
                self._had_s[job.name] = [self.interval_s / 2] * len(pools)
                self._pool_s = [seconds + self.interval_s / 2 for seconds in self._pool_s]

    def _choose(
        self, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...], shares: Floats
    ) -> list[list[tuple[str, int]]]:
        """Highest priority first, each job once, as long as it fits its pool."""
        queue = []
        for index in range(len(pools)):
            for row, job in enumerate(jobs):
                had = self._had_s[job.name][index] / self._pool_s[index]
                share = float(shares[row, index])
                queue.append((share / had if had > 0 else share * UNSERVED, share, index, job))
        queue.sort(key=lambda entry: entry[:2], reverse=True)
        free = [pool.chips for pool in pools]
        chosen: list[list[tuple[str, int]]] = [[] for _ in pools]
        done: set[str] = set()
        for _, _, index, job in queue:
            chips = job.submission.chips
            if job.name not in done and chips <= free[index]:
                free[index] -= chips
                done.add(job.name)
                chosen[index].append((job.name, chips))
        return chosen


def gavel_sum() -> GavelPolicy:
    """Gavel as run for Sia's Table 3: maximise the total of steps per second."""
    return GavelPolicy("gavel", Shares().max_sum)


def gavel_max_min() -> GavelPolicy:
    """Gavel's max-min fairness: the least normalised throughput is raised as far as it goes."""
    return GavelPolicy("gavel-max-min", Shares().max_min)


def themis() -> GavelPolicy:
    """Finish-time fairness (Mahajan et al., "Themis", NSDI 2020) in Gavel's form: the worst rho is made least."""
    return GavelPolicy("themis", Shares().finish_time)
