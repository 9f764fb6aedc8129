"""What running a job in a configuration is worth in the next interval, for the least mean completion time.

Two thoughts. Work of a small job is worth more, because it stands in the way of more jobs: the marginal cost of a job's
work is proportional to the number of jobs that end after it (Berg, Vesilo and Harchol-Balter, "heSRPT: Parallel
scheduling to minimize mean slowdown", Performance Evaluation 144, 2020). And more chips speed a job up less and less,
so a concave function of the speed spreads chips (Sia, SOSP 2023, section 3.4 takes a power too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.elastic.assignment import FORBIDDEN
from hutong.engines.broker.elastic.profile import Floats


@dataclass(frozen=True)
class Weighing:
    """``rank_power``: how much being smaller counts; ``speed_power``: concavity in the speed, in (0, 1].

    ``dwell_s``: how long a configuration is expected to stay; a restart is set against it.
    """

    rank_power: float = 0.25
    speed_power: float = 0.5
    dwell_s: float = 300.0


def worth(
    seconds_left: Floats, restart_s: Floats, kept: Sequence[int | None], weighing: Weighing, weight: Floats
) -> Floats:
    """Value (jobs x configurations) = weight x rank^a x (speed-up x share of time not restarting)^u; -inf forbidden.

    ``seconds_left``: to the end, per configuration, undisturbed; inf forbids. ``kept``: configuration a job runs in.
    Speed-up is against the job's slowest configuration; rank 1 is the job with most left.
    """
    able = np.isfinite(seconds_left)
    slowest = np.where(able, seconds_left, 0.0).max(axis=1)
    rank = np.empty(len(slowest))
    rank[np.argsort(-slowest, kind="stable")] = np.arange(1.0, len(slowest) + 1)
    lasting = np.minimum(np.where(able, seconds_left, 1.0), weighing.dwell_s)
    share = lasting / (lasting + restart_s[:, None])
    for job, configuration in enumerate(kept):
        if configuration is not None:
            share[job, configuration] = 1.0
    speed = slowest[:, None] / np.where(able, seconds_left, 1.0) * share
    value = (weight * rank**weighing.rank_power)[:, None] * speed**weighing.speed_power
    return np.where(able, value, FORBIDDEN)
