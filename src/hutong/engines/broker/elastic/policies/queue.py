"""Rigid jobs in one order: FIFO, SJF and least attained service. Each keeps its submitted chips and batch.

FIFO and SJF never suspend a job; under FIFO no job starts before one that stands before it and waits (no backfill).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hutong.engines.broker.elastic.cluster import Pool
from hutong.engines.broker.elastic.policies.speed import rigid_speed
from hutong.engines.broker.elastic.policies.workers import Workers, grant_of, place_rigid
from hutong.engines.broker.elastic.rounds import Grant
from hutong.engines.broker.elastic.training import TrainingJob

Order = Callable[[TrainingJob], tuple[float, ...]]


@dataclass(eq=False)
class QueuePolicy:
    """Jobs in ascending ``order``; each takes the pool where it is fastest among those with room.

    ``preempts``: running jobs give way to those before them; otherwise they keep their chips to the end.
    ``skips``: one that finds no room is passed over; otherwise the queue stops there.
    """

    name: str
    order: Order
    preempts: bool = False
    skips: bool = False
    interval_s: int = 360
    tuned: bool = False
    shared: bool = False
    _workers: dict[str, tuple[int, Workers]] = field(default_factory=dict)

    def allocate(self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, Grant]:
        pool_of = self._choose(jobs, pools)
        placed: dict[str, tuple[int, Workers]] = {}
        for index, pool in enumerate(pools):
            before = {name: workers for name, (where, workers) in self._workers.items() if where == index}
            chosen = [(job.name, job.submission.chips) for job in jobs if pool_of.get(job.name) == index]
            if self.preempts:
                made: Mapping[str, Workers] = place_rigid(chosen, before, pool)
            else:
                made = _keep(chosen, before, pool)
            placed.update({name: (index, workers) for name, workers in made.items()})
        self._workers = placed
        return {name: grant_of(index, workers, pools) for name, (index, workers) in placed.items()}

    def _choose(self, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, int]:
        free = [pool.chips for pool in pools]
        pool_of: dict[str, int] = {}
        if not self.preempts:
            for job in jobs:
                if job.name in self._workers:
                    pool_of[job.name] = self._workers[job.name][0]
                    free[pool_of[job.name]] -= job.submission.chips
        for job in sorted((job for job in jobs if job.name not in pool_of), key=self.order):
            index = self._fastest(job, pools, free)
            if index is not None:
                pool_of[job.name] = index
                free[index] -= job.submission.chips
            elif not self.skips:
                break
        return pool_of

    def _fastest(self, job: TrainingJob, pools: tuple[Pool, ...], free: Sequence[int]) -> int | None:
        """The pool it runs on, if it is to go on there; else the fastest with room; None without room."""
        chips = job.submission.chips
        room = [index for index in range(len(pools)) if chips <= free[index]]
        here = self._workers.get(job.name)
        if here is not None and here[0] in room:
            return here[0]
        speed = {
            index: rigid_speed(job.application, chips, job.submission.batch, pools[index]) for index in room
        }
        return max(room, key=lambda index: (speed[index], -index), default=None)


def _keep(chosen: Sequence[tuple[str, int]], before: Mapping[str, Workers], pool: Pool) -> dict[str, Workers]:
    """Running jobs stay on their chips, others fill what is free."""
    placed = {name: before[name] for name, _ in chosen if name in before}
    taken = {worker for workers in placed.values() for worker in workers}
    free = iter([worker for worker in range(pool.chips) if worker not in taken])
    for name, chips in chosen:
        if name not in placed:
            placed[name] = tuple(next(free) for _ in range(chips))
    return placed


def _submitted(job: TrainingJob) -> tuple[float, ...]:
    return (float(job.submission.submitted_s),)


def _work(job: TrainingJob) -> tuple[float, ...]:
    """Steps left x chips at the submitted batch, on the reference chip: what a user would declare."""
    batch = job.submission.batch
    chip = next(iter(job.application.profiles))
    step = job.application.profiles[chip].exact[(1,)][:, 1].max()
    return (job.application.steps_left(batch, job.epoch, job.progress) * float(step), _submitted(job)[0])


def fifo() -> QueuePolicy:
    """First come, first served."""
    return QueuePolicy("fifo", _submitted)


def sjf() -> QueuePolicy:
    """Shortest job first, by the length a user would declare (here: the true one)."""
    return QueuePolicy("sjf", _work, skips=True)


def tiresias(threshold_chip_s: float = 3600.0) -> QueuePolicy:
    """Two-level least attained service: jobs below the threshold first, each level by submission.

    Gu et al., "Tiresias", NSDI 2019, section 3 (2D-LAS with discretised queues: attained service in chip-seconds).
    """

    def level(job: TrainingJob) -> tuple[float, ...]:
        return (float(job.service_chip_s >= threshold_chip_s), *_submitted(job))

    return QueuePolicy("tiresias", level, preempts=True, skips=True)
