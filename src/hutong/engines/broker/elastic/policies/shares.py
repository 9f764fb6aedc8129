"""Shares of time of each job on each pool, by linear programmes over classes of equal jobs.

Jobs of equal speed and size are interchangeable; one variable per class and pool splits evenly inside the class.
This keeps the programme small and its answer unique where a simplex vertex would favour some of the equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from hutong.engines.broker.elastic.cluster import Pool
from hutong.engines.broker.elastic.policies.speed import speeds
from hutong.engines.broker.elastic.profile import Floats
from hutong.engines.broker.elastic.training import TrainingJob

DECIMALS = 5


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes of equal jobs: speed (classes x pools), chips and count per class, class of each job."""

    speed: Floats
    chips: Floats
    count: Floats
    of_job: tuple[int, ...]


@dataclass(frozen=True)
class Shares:
    """The programmes. Each returns (jobs x pools) shares in [0, 1], rounded to five decimals."""

    def max_sum(self, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...], now_s: int) -> Floats:
        """Maximise the sum over jobs of steps per second."""
        made = classes(jobs, pools)
        table, right = _limits(made, pools)
        found = linprog(-made.speed.ravel(), A_ub=table, b_ub=right, method="highs")
        return _spread(found.x.reshape(made.speed.shape), made)

    def max_min(self, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...], now_s: int) -> Floats:
        """Raise the least throughput, normalised by an equal share of every pool and by chips (OSDI 2020, eq. 3)."""
        made = classes(jobs, pools)
        equal = _equal_share(made, pools)
        floor = made.chips / (made.speed * equal).sum(axis=1)
        return _spread(_raise_least(made, pools, made.speed * floor[:, None]), made)

    def finish_time(self, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...], now_s: int) -> Floats:
        """Make the worst finish-time fairness rho least: (age + left / speed) / (all / isolated speed)."""
        made = classes(jobs, pools, alone=True)
        isolated = (made.speed * _equal_share(made, pools)).sum(axis=1)
        left = np.array(
            [job.application.steps_left(job.submission.batch, job.epoch, job.progress) for job in jobs]
        )
        whole = np.array(
            [job.application.iteration(job.submission.batch, job.application.epochs - 1) for job in jobs]
        )
        age = np.array([float(now_s - job.submission.submitted_s) for job in jobs])
        start = np.array([float(job.application.stated.restart_s) for job in jobs])
        alone_s = whole / isolated + start
        return _spread(_least_rho(made, pools, left, age, alone_s), made)


def classes(jobs: Sequence[TrainingJob], pools: tuple[Pool, ...], alone: bool = False) -> Classes:
    """Group jobs by application, chips and batch; ``alone`` leaves each job its own class."""
    keys = [
        (job.name,) if alone else (job.application.name, job.submission.chips, job.submission.batch)
        for job in jobs
    ]
    order = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    first = [jobs[keys.index(key)] for key in order]
    of_job = tuple(order[key] for key in keys)
    return Classes(
        speed=speeds(first, pools),
        chips=np.array([float(job.submission.chips) for job in first]),
        count=np.bincount(np.array(of_job)).astype(float),
        of_job=of_job,
    )


def _limits(made: Classes, pools: tuple[Pool, ...]) -> tuple[Floats, Floats]:
    """Rows: chips of each pool; then time of each class."""
    kinds, width = made.speed.shape
    by_pool = np.zeros((width, kinds * width))
    by_class = np.zeros((kinds, kinds * width))
    for kind in range(kinds):
        for pool in range(width):
            by_pool[pool, kind * width + pool] = made.chips[kind]
            by_class[kind, kind * width + pool] = 1.0
    right = np.concatenate([[float(pool.chips) for pool in pools], made.count])
    return np.vstack([by_pool, by_class]), right


def _equal_share(made: Classes, pools: tuple[Pool, ...]) -> Floats:
    """Time a job of each class gets on each pool where all jobs share every pool evenly, at most 1 in all."""
    jobs = made.count.sum()
    share = np.array([float(pool.chips) for pool in pools])[None, :] / made.chips[:, None] / jobs
    return np.asarray(share / np.maximum(share.sum(axis=1, keepdims=True), 1.0))


def _raise_least(made: Classes, pools: tuple[Pool, ...], worth: Floats) -> Floats:
    """Maximise t with sum over pools of worth x share >= t for each job of each class."""
    table, right = _limits(made, pools)
    kinds, width = worth.shape
    least = np.zeros((kinds, kinds * width + 1))
    for kind in range(kinds):
        least[kind, kind * width : (kind + 1) * width] = -worth[kind]
        least[kind, -1] = made.count[kind]
    table = np.vstack([np.hstack([table, np.zeros((len(table), 1))]), least])
    goal = np.zeros(kinds * width + 1)
    goal[-1] = -1.0
    found = linprog(goal, A_ub=table, b_ub=np.concatenate([right, np.zeros(kinds)]), method="highs")
    return np.asarray(found.x[:-1].reshape(worth.shape))


def _least_rho(made: Classes, pools: tuple[Pool, ...], left: Floats, age: Floats, alone_s: Floats) -> Floats:
    """Bisect rho: speed needed = left / (rho x alone - age); feasible where a linear programme of slack says so."""
    low, high = float((age / alone_s).max()) + 1e-6, 1e6
    table, right = _limits(made, pools)
    kinds, width = made.speed.shape
    best = np.full((kinds, width), 0.0)
    for _ in range(40):
        rho = (low * high) ** 0.5
        need = left / (rho * alone_s - age)
        demand = np.zeros((kinds, kinds * width))
        for kind in range(kinds):
            demand[kind, kind * width : (kind + 1) * width] = -made.speed[kind]
        found = linprog(
            np.zeros(kinds * width),
            A_ub=np.vstack([table, demand]),
            b_ub=np.concatenate([right, -need]),
            method="highs",
        )
        if found.status == 0:
            best, high = found.x.reshape(made.speed.shape), rho
        else:
            low = rho
        if high / low < 1.001:
            break
    return np.asarray(best)


def _spread(shares: Floats, made: Classes) -> Floats:
    each = (shares / made.count[:, None])[list(made.of_job)]
    return np.asarray(np.round(each, DECIMALS).clip(0.0, 1.0))
