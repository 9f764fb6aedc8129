"""One training job in the simulation: what it runs on, how far it got, and what is known of its speed.

Semantics of the published Sia simulator (`siasosp23/artifacts`, ``sia-simulator/job.py``), restated: whole-second
epoch ends, batch size chosen anew whenever the job is resized or a round or epoch ends, restart paid before training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.elastic.application import Application
from hutong.engines.broker.elastic.cluster import Submission
from hutong.engines.broker.elastic.goodput import BatchLimits, best_goodput
from hutong.engines.broker.elastic.knowledge import Knowledge
from hutong.engines.broker.elastic.profile import Placement


@dataclass(eq=False)
class TrainingJob:
    """State of one job. ``chip`` and ``placement`` say where it runs; times are seconds since the workload began."""

    submission: Submission
    application: Application
    knowledge: Knowledge
    tuned: bool
    chip: str | None = None
    placement: Placement = ()
    chip_batch: int = 0
    accumulated: int = 0
    now_s: int = 0
    restart_left_s: float = 0.0
    restarts: int | None = None
    epoch: int = 0
    progress: float = 0.0
    completed_s: float | None = None
    service_chip_s: float = 0.0
    gradient: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        return self.submission.name

    @property
    def chips(self) -> int:
        return sum(self.placement)

    def age(self) -> int:
        return self.now_s - self.submission.submitted_s

    def limits(self, chip: str, largest: int | None = None, chip_largest: int | None = None) -> BatchLimits:
        """Batch limits on a chip model; ``largest`` and ``chip_largest`` narrow them."""
        low, high = self.application.chip_batches[chip]
        return BatchLimits(
            smallest=self.application.init_batch,
            largest=largest or self.application.max_batch,
            chip_smallest=low,
            chip_largest=chip_largest or high,
        )

    def assign(self, chip: str | None, placement: Placement) -> None:
        """Run on these chips from now on, or on none. A change of placement or chip model costs a restart."""
        same = chip == self.chip and placement == self.placement
        if same:
            return
        self.chip, self.placement = chip, placement
        if not placement:
            self.chip_batch = 0
            return
        self.choose_batch()
        self.restart_left_s = self.application.stated.restart_s
        self.restarts = 0 if self.restarts is None else self.restarts + 1

    def choose_batch(self) -> None:
        """Set chip batch and accumulation: as submitted, or the batch of the best goodput known."""
        assert self.chip is not None
        profile = self.application.profiles[self.chip]
        nodes, chips = len(self.placement), self.chips
        model = self.knowledge.model(self.chip)
        limit = profile.batch_limit(self.placement)
        if not self.tuned:
            self._take_batch(self.submission.batch, limit)
        elif model is None or self.gradient is None:
            low = self.application.chip_batches[self.chip][0]
            self._take_batch(max(self.application.init_batch, low * chips), limit)
        else:
            _, chip_batch, accumulated = best_goodput(
                model,
                np.array([float(nodes)]),
                np.array([float(chips)]),
                self.limits(self.chip, chip_largest=limit),
                self.gradient,
            )
            self.chip_batch, self.accumulated = int(chip_batch[0]), int(accumulated[0])
        held = profile.batch_limit_of_chips(chips)
        if held is not None:
            self.chip_batch = min(self.chip_batch, held)
        most = self.application.max_batch // (chips * (self.accumulated + 1))
        self.chip_batch = min(self.chip_batch, most)

    def _take_batch(self, batch: int, limit: int) -> None:
        share = math.ceil(batch / self.chips - 1e-8)
        self.accumulated = math.ceil(share / limit - 1e-8) - 1
        if self.chips == 1 and batch > self.application.init_batch:
            self.accumulated = max(1, self.accumulated)
        self.chip_batch = math.ceil(share / (self.accumulated + 1) - 1e-8)

    def advance(self, seconds: float) -> None:
        """Train for so many seconds, ending exactly at the completion if it comes first."""
        if self.completed_s is not None:
            return
        end = self.now_s + int(seconds)
        if not self.placement:
            self.now_s = end
            return
        delay = min(self.restart_left_s, seconds)
        self.restart_left_s -= delay
        self.service_chip_s += delay * self.chips
        at, left = self.now_s + delay, seconds - delay
        while left > 0 and self.completed_s is None:
            rate = self._rate()
            goal = float(self.application.progress[self.epoch])
            if self.progress + rate * left < goal:
                self.progress += rate * left
                took = left
            else:
                took = min(float(round((goal - self.progress) / rate)), left)
                self.progress = goal
                self.epoch += 1
                if self.epoch >= self.application.epochs:
                    self.completed_s = at + took
            at += took
            left -= took
            self.service_chip_s += took * self.chips
            if self.completed_s is None:
                self.choose_batch()
        self.now_s = end

    def _rate(self) -> float:
        """Progress per second here and now: gain of the batch / seconds of a step, slowed as stated."""
        assert self.chip is not None
        chips = self.chips
        batch = chips * self.chip_batch * (self.accumulated + 1)
        scale = batch / self.application.init_batch
        grad_sqr, grad_var = self.gradient = self.application.gradient(batch, self.epoch)
        gain = (grad_var + grad_sqr) / (grad_var / scale + grad_sqr)
        step, sync = self.application.profiles[self.chip].times_of(self.placement, self.chip_batch)
        self.knowledge.observe(self.chip, len(self.placement), chips, self.chip_batch, step, sync)
        return gain / (step + (step - sync) * self.accumulated) / self.application.stated.slowdown
