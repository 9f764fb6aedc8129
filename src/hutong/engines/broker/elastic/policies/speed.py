"""Speed of a job at its submitted size on each pool, as a scheduler that cannot resize reads it off the tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hutong.engines.broker.elastic.application import Application
from hutong.engines.broker.elastic.cluster import Pool
from hutong.engines.broker.elastic.profile import Floats, Placement
from hutong.engines.broker.elastic.training import TrainingJob

TOO_LARGE = 0.1


def packed(chips: int, per_node: int) -> Placement:
    """Whole nodes first, the rest on one more."""
    whole, rest = divmod(chips, per_node)
    return (per_node,) * whole + ((rest,) if rest else ())


def rigid_speed(application: Application, chips: int, batch: int, pool: Pool) -> float:
    """Steps per second of a job of this size and batch, packed on nodes of a pool; 0.1 where it does not fit.

    The value of what does not fit is the published simulator's; no such job is ever placed.
    """
    if chips > pool.chips:
        return TOO_LARGE
    placement = packed(chips, pool.chips_per_node)
    profile = application.profiles[pool.chip]
    share = math.ceil(batch / chips - 1e-8)
    accumulated = math.ceil(share / profile.batch_limit(placement) - 1e-8) - 1
    if chips == 1:
        accumulated = max(1, accumulated)
    chip_batch = math.ceil(share / (accumulated + 1) - 1e-8)
    chip_batch = min(chip_batch, application.max_batch // (chips * (accumulated + 1)))
    step, sync = profile.times_of(placement, chip_batch)
    return 1 / (step + (step - sync) * accumulated) / application.stated.slowdown


def speeds(jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> Floats:
    """Steps per second, (jobs x pools)."""
    return np.array(
        [
            [rigid_speed(job.application, job.submission.chips, job.submission.batch, pool) for pool in pools]
            for job in jobs
        ]
    )
