"""Malleable jobs of a live broker: one call gives every job its chips for the next interval. Pure.

The jobs bring what they know, their seconds to the end at each size and pool (measured or foretold); the answer is
exact (`assignment.assign`). A job is moved only where its gain over the time until the next change outweighs the restart
(`weighing.worth`), and never while it restarts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.elastic.assignment import WAIT, assign
from hutong.engines.broker.elastic.cluster import Configuration
from hutong.engines.broker.elastic.weighing import Weighing, worth
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Size = tuple[str, int]


@dataclass(frozen=True)
class Malleable:
    """A job that may be resized.

    ``seconds_left``: seconds to its end by (pool, chips), if it ran there undisturbed; a size not named is not
    allowed, so that a rigid job names one per pool. ``runs_on``: what it holds now; ``restart_s``: what a change
    costs; ``restarting``: it is in the middle of one and stays. ``weight``: of its project.
    """

    name: str
    seconds_left: Mapping[Size, float]
    restart_s: float
    runs_on: Size | None = None
    restarting: bool = False
    weight: float = 1.0


@dataclass(frozen=True)
class Resized:
    """``runs_on``: pool and chips from now on, or None to wait. ``changed``: it pays a restart or stops."""

    name: str
    runs_on: Size | None
    changed: bool


def resize(
    jobs: Sequence[Malleable], pools: Mapping[str, int], weighing: Weighing | None = None
) -> tuple[Resized, ...]:
    """Configuration of each job on pools of so many chips, for the least mean completion time.

    Raises Invalid for a pool that does not exist, a size or a time that is not positive, and for restarting jobs that
    overbook a pool together. A size larger than its pool is left out.
    """
    names = list(pools)
    _check(jobs, pools)
    sizes = sorted({size for job in jobs for size in job.seconds_left if size[1] <= pools[size[0]]})
    options = [Configuration(names.index(pool), chips, 1) for pool, chips in sizes]
    left = np.full((len(jobs), len(sizes)), np.inf)
    for row, job in enumerate(jobs):
        for column, size in enumerate(sizes):
            left[row, column] = job.seconds_left.get(size, np.inf)
    kept = [sizes.index(job.runs_on) if job.runs_on in sizes else None for job in jobs]
    restart = np.array([job.restart_s for job in jobs])
    weight = np.array([job.weight for job in jobs])
    if not sizes:
        return tuple(Resized(job.name, None, job.runs_on is not None) for job in jobs)
    value = worth(left, restart, kept, weighing or Weighing(), weight)
    forced = [one if job.restarting else None for job, one in zip(jobs, kept, strict=True)]
    chosen = assign(value, options, [pools[name] for name in names], forced)
    given = [None if one == WAIT else sizes[one] for one in chosen]
    return tuple(Resized(job.name, size, size != job.runs_on) for job, size in zip(jobs, given, strict=True))


def _check(jobs: Sequence[Malleable], pools: Mapping[str, int]) -> None:
    for job in jobs:
        for (pool, chips), seconds in job.seconds_left.items():
            if pool not in pools or chips < 1 or not seconds > 0:
                raise Invalid(
                    Text(
                        f"{job.name} names {chips} chips of {pool} for {seconds} s",
                        f"{job.name} 申报了 {pool} 的 {chips} 张卡、{seconds} 秒",
                    ),
                    rule="broker.elastic.size",
                    remedy=Text(
                        "name known pools, at least one chip and a positive time",
                        "请填写已有资源池、至少一张卡与正数时间",
                    ),
                    field="seconds_left",
                )
