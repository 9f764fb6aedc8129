"""How long a job still needs in each configuration, foretold from what jobs of its class did before.

Strictly causal: gradients at the progress where some job of the class was seen, and the length of a run once one has
ended. Before that the length is guessed: as much again as done, and not less than a prior.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.elastic.cluster import Configuration, Pool
from hutong.engines.broker.elastic.goodput import StepTime, candidates
from hutong.engines.broker.elastic.profile import Floats
from hutong.engines.broker.elastic.training import TrainingJob

STAGES = 10
MOST_CHIPS = 64


@dataclass(eq=False)
class Course:
    """What is known of one class of jobs. ``prior_s``: seconds a run of unknown length is taken for, on one chip."""

    options: tuple[Configuration, ...]
    pools: tuple[Pool, ...]
    prior_s: float
    length: float | None = None
    _gradients: dict[int, tuple[float, tuple[float, float]]] = field(default_factory=dict)
    _tables: dict[tuple[object, ...], Floats] = field(default_factory=dict)

    def watch(self, job: TrainingJob) -> None:
        """Note the gradient of the epoch a job stands in."""
        if job.gradient is not None and job.epoch not in self._gradients:
            self._gradients[job.epoch] = (job.progress, job.gradient)
            self._tables.clear()

    def ended(self, job: TrainingJob) -> None:
        """A run of the class has ended: its length is known now."""
        if self.length is None:
            self.length = job.progress
            self._tables.clear()

    def seconds_left(self, job: TrainingJob) -> Floats:
        """Seconds to the end per configuration, without restarts; inf where the job cannot or may not run.

        Before the class has run at all, one chip anywhere is worth trying.
        """
        left = np.full(len(self.options), np.inf)
        if not self._gradients or not self._known(job):
            left[[one.chips == 1 for one in self.options]] = self.prior_s
            return left
        rates = self._rates(job)
        able = rates[0] > 0
        if self.length is None:
            slowest = rates[0][able].min()
            left[able] = max(self.prior_s * slowest, job.progress) / rates[0][able]
            return left
        width = self.length / STAGES
        stage = min(int(job.progress / width), STAGES - 1)
        here = max((stage + 1) * width - job.progress, 0.0)
        left[able] = here / rates[stage][able] + (width / rates[stage + 1 :, able]).sum(axis=0)
        return np.asarray(np.maximum(left, 1.0))

    def _known(self, job: TrainingJob) -> list[int]:
        return [index for index, pool in enumerate(self.pools) if job.knowledge.model(pool.chip) is not None]

    def _rates(self, job: TrainingJob) -> Floats:
        """Progress per second, (stages x configurations); one stage, at the job's progress, while the length is open."""
        models = tuple(job.knowledge.model(pool.chip) for pool in self.pools)
        most = trusted_chips(job, self.pools)
        at = None if self.length is not None else min(job.epoch, max(self._gradients))
        key = (*models, most, at)
        if key not in self._tables:
            self._tables[key] = self._table(job, models, most)
        return self._tables[key]

    def _table(self, job: TrainingJob, models: tuple[StepTime | None, ...], most: int) -> Floats:
        gradients = self._stage_gradients(job)
        table = np.zeros((len(gradients), len(self.options)))
        known = self._known(job)
        for index, pool in enumerate(self.pools):
            source = index if index in known else known[0]
            model = models[source]
            assert model is not None
            at = [i for i, one in enumerate(self.options) if one.pool == index and one.chips <= most]
            chips = np.array([float(self.options[i].chips) for i in at])
            nodes = np.ceil(chips / self.pools[source].chips_per_node)
            limits = job.limits(self.pools[source].chip)
            tried = candidates(model, nodes, chips, limits)
            ratio = one_chip_speed(job, pool) / one_chip_speed(job, self.pools[source])
            for stage, gradient in enumerate(gradients):
                table[stage, at] = tried.goodput(limits.smallest, gradient).max(axis=0) * ratio
        return table / (job.application.init_batch * job.application.stated.slowdown)

    def _stage_gradients(self, job: TrainingJob) -> list[tuple[float, float]]:
        """Of each tenth of the run, the gradient seen nearest to its middle."""
        if self.length is None:
            return [
                self._gradients[min(self._gradients, key=lambda epoch: (abs(epoch - job.epoch), epoch))][1]
            ]
        middles = (np.arange(STAGES) + 0.5) * self.length / STAGES
        seen = sorted(self._gradients.values())
        return [min(seen, key=lambda pair: (abs(pair[0] - middle), pair))[1] for middle in middles]


def trusted_chips(job: TrainingJob, pools: tuple[Pool, ...]) -> int:
    """Twice the most chips seen: how far the speed model is trusted (Sia, section 3.2)."""
    limits = [
        min(
            max(2 * job.knowledge.most_chips(pool.chip), 1),
            MOST_CHIPS,
            job.application.max_batch // job.application.chip_batches[pool.chip][0],
        )
        for pool in pools
    ]
    return max(1, *limits)


def one_chip_speed(job: TrainingJob, pool: Pool) -> float:
    """Samples per second on one chip with the largest batch measured: known before the job first runs (Sia, 3.2)."""
    rows = job.application.profiles[pool.chip].exact[(1,)]
    return float(rows[:, 0].max() / rows[:, 1].max())
