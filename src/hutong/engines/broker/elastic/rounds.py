"""The loop of rounds: jobs train for one interval, then a policy says anew who runs where.

Every policy of this package runs on this loop, so that two of them differ in their decisions only. Semantics follow
the published Sia simulator (`siasosp23/artifacts`): decisions at the end of each interval, a job whose shape on its
chip model does not change goes on without a restart even if its nodes are others, no interference between jobs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np

from hutong.engines.broker.elastic.application import Application
from hutong.engines.broker.elastic.cluster import Pool, Workload
from hutong.engines.broker.elastic.knowledge import Fits, Knowledge
from hutong.engines.broker.elastic.profile import Placement
from hutong.engines.broker.elastic.training import TrainingJob
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

# A class that pools what its jobs see fits anew only where the model was off by more than this.
SHARED_TOLERANCE = 0.03


@dataclass(frozen=True)
class Grant:
    """Chips of one pool: one node number per chip, equal numbers side by side."""

    pool: int
    nodes: tuple[int, ...]

    @property
    def shape(self) -> Placement:
        return tuple(len(list(same)) for _, same in groupby(self.nodes))


class Policy(Protocol):
    """A policy keeps what it remembers between rounds in itself: one object per run.

    ``tuned``: it lets jobs choose their batch size. ``shared``: jobs of one application pool what they learn.
    """

    name: str
    interval_s: int
    tuned: bool
    shared: bool

    def allocate(self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, Grant]:
        """Grants of the next interval by job; a job left out waits. ``jobs`` are those submitted and not done."""
        ...


@dataclass(frozen=True)
class JobOutcome:
    """Times in seconds since the workload began; ``chip_s`` counts restarts too."""

    name: str
    application: str
    submitted_s: int
    completed_s: float
    restarts: int
    chip_s: float

    @property
    def completion_s(self) -> float:
        """Job completion time: from submission to the end."""
        return self.completed_s - self.submitted_s


@dataclass(frozen=True)
class RunOutcome:
    """One workload under one policy. ``contention``: jobs present per round; ``decide_s``: policy seconds per round."""

    workload: str
    policy: str
    jobs: tuple[JobOutcome, ...]
    contention: tuple[int, ...]
    decide_s: tuple[float, ...]

    @property
    def mean_completion_s(self) -> float:
        return float(np.mean([job.completion_s for job in self.jobs]))

    @property
    def makespan_s(self) -> float:
        return max(job.completed_s for job in self.jobs) - min(job.submitted_s for job in self.jobs)

    @property
    def chip_hours_per_job(self) -> float:
        return float(np.mean([job.chip_s for job in self.jobs])) / 3600


def simulate(
    workload: Workload,
    applications: Mapping[str, Application],
    pools: tuple[Pool, ...],
    policy: Policy,
    fits: Fits | None = None,
    limit_s: int = 400 * 3600,
) -> RunOutcome:
    """Run a workload to its end. Raises Invalid where a policy overbooks a node or the limit passes."""
    jobs = _jobs(workload, applications, policy, fits or Fits())
    contention: list[int] = []
    decide_s: list[float] = []
    now = 0
    waiting = list(jobs)
    while waiting:
        if now >= limit_s:
            raise Invalid(
                Text(
                    f"{policy.name} left jobs undone after {now} s",
                    f"{policy.name} 在 {now} 秒后仍有作业未完成",
                ),
                rule="broker.elastic.starved",
                remedy=Text("raise the limit or choose another policy", "请提高时限或换用其他策略"),
            )
        for job in waiting:
            job.advance(policy.interval_s)
        now += policy.interval_s
        waiting = [job for job in waiting if job.completed_s is None]
        present = [job for job in waiting if job.submission.submitted_s <= now]
        if present:
            began = time.perf_counter()
            grants = policy.allocate(now, present, pools)
            decide_s.append(time.perf_counter() - began)
            check_grants(grants, pools)
            apply(present, grants, pools)
        contention.append(len(present))
    return RunOutcome(
        workload.name, policy.name, tuple(map(_outcome, jobs)), tuple(contention), tuple(decide_s)
    )


def apply(jobs: Sequence[TrainingJob], grants: Mapping[str, Grant], pools: tuple[Pool, ...]) -> None:
    """Move every job to what it was granted, or suspend it."""
    for job in jobs:
        grant = grants.get(job.name)
        if grant is None:
            job.assign(None, ())
        else:
            job.assign(pools[grant.pool].chip, grant.shape)


def check_grants(grants: Mapping[str, Grant], pools: tuple[Pool, ...]) -> None:
    """No node holds more jobs' chips than it has. Raises Invalid."""
    used = [[0] * pool.nodes for pool in pools]
    for name, grant in grants.items():
        for node in grant.nodes:
            used[grant.pool][node] += 1
            if used[grant.pool][node] > pools[grant.pool].chips_per_node:
                raise Invalid(
                    Text(
                        f"node {node} of pool {pools[grant.pool].chip} is overbooked by {name}",
                        f"{pools[grant.pool].chip} 池的节点 {node} 被作业 {name} 超额占用",
                    ),
                    rule="broker.elastic.capacity",
                    remedy=Text("correct the policy", "请更正策略"),
                )


def _jobs(
    workload: Workload, applications: Mapping[str, Application], policy: Policy, fits: Fits
) -> list[TrainingJob]:
    shared = {name: Knowledge(fits, SHARED_TOLERANCE) for name in applications}
    return [
        TrainingJob(
            submission=row,
            application=applications[row.application],
            knowledge=shared[row.application] if policy.shared else Knowledge(fits),
            tuned=policy.tuned,
        )
        for row in workload.jobs
    ]


def _outcome(job: TrainingJob) -> JobOutcome:
    assert job.completed_s is not None
    return JobOutcome(
        job.name,
        job.application.name,
        job.submission.submitted_s,
        job.completed_s,
        job.restarts or 0,
        job.service_chip_s,
    )
