"""Our elastic policy: time left foretold by class, worth by rank and concave speed-up, one exact programme a round.

What it uses beyond Sia: jobs of one application pool their measured steps and gradients (the broker's throughput
matrix per workload class), and the length of a run once one of the class has ended. Both are strictly causal; a class
without history starts on one chip and doubles, as Sia does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.elastic.assignment import WAIT, assign
from hutong.engines.broker.elastic.cluster import Configuration, Pool, configurations
from hutong.engines.broker.elastic.course import Course
from hutong.engines.broker.elastic.policies.sia import grants
from hutong.engines.broker.elastic.rounds import Grant
from hutong.engines.broker.elastic.training import TrainingJob
from hutong.engines.broker.elastic.weighing import Weighing, worth


@dataclass(eq=False)
class ElasticPolicy:
    """Remembers the configuration of each job and the course of each class.

    ``shared`` off leaves every job to its own observations, as Sia does. ``prior_s``: what a run of unknown length is
    taken for, seconds on one chip.
    """

    name: str = "elastic"
    interval_s: int = 60
    tuned: bool = True
    shared: bool = True
    weighing: Weighing = field(default_factory=Weighing)
    prior_s: float = 3600.0
    _last: dict[str, int] = field(default_factory=dict)
    _courses: dict[str, Course] = field(default_factory=dict)
    _watched: dict[str, TrainingJob] = field(default_factory=dict)

    def allocate(self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, Grant]:
        options = configurations(pools)
        self._learn(jobs, options, pools)
        left = np.array([self._courses[self._class(job)].seconds_left(job) for job in jobs])
        restart = np.array([float(job.application.stated.restart_s) for job in jobs])
        kept = [self._last.get(job.name) for job in jobs]
        value = worth(left, restart, kept, self.weighing, np.ones(len(jobs)))
        forced = [one if job.restart_left_s > 0 else None for job, one in zip(jobs, kept, strict=True)]
        chosen = assign(value, options, [pool.chips for pool in pools], forced)
        self._last = {job.name: int(one) for job, one in zip(jobs, chosen, strict=True) if one != WAIT}
        return grants({name: options[one] for name, one in self._last.items()}, pools)

    def _class(self, job: TrainingJob) -> str:
        return job.application.name if self.shared else job.name

    def _learn(
        self, jobs: Sequence[TrainingJob], options: tuple[Configuration, ...], pools: tuple[Pool, ...]
    ) -> None:
        for job in jobs:
            self._courses.setdefault(self._class(job), Course(options, pools, self.prior_s)).watch(job)
            self._watched[job.name] = job
        for name, job in list(self._watched.items()):
            if job.completed_s is not None:
                self._courses[self._class(job)].ended(job)
                del self._watched[name]
