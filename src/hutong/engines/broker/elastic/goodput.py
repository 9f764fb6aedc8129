"""Goodput: useful training progress per second = samples per second x statistical efficiency of the batch size.

Qiao et al., "Pollux: Co-adaptive Cluster Scheduling for Goodput-Optimized Deep Learning", OSDI 2021, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize

from hutong.engines.broker.elastic.profile import Floats

Ints = NDArray[np.int64]
TINY = 1e-8
BATCHES_TRIED = 50


@dataclass(frozen=True)
class StepTime:
    """Pollux, eq. 10-11: seconds of a step from chip batch b, nodes n and chips r.

    compute = ``compute_fixed`` + ``compute_per_sample`` b; exchange = ``far`` + ``far_more`` (r - 2) between nodes,
    ``near`` + ``near_more`` (r - 2) inside one; step = (compute^gamma + exchange^gamma)^(1/gamma).
    """

    compute_fixed: float
    compute_per_sample: float
    far: float
    far_more: float
    near: float
    near_more: float
    gamma: float

    def compute(self, chip_batch: Floats) -> Floats:
        return self.compute_fixed + self.compute_per_sample * chip_batch

    def exchange(self, nodes: Floats, chips: Floats) -> Floats:
        fixed = np.where(nodes > 1, self.far, np.where(chips > 1, self.near, TINY))
        more = np.where(nodes > 1, self.far_more, np.where(chips > 1, self.near_more, TINY))
        return np.asarray(fixed + more * np.maximum(chips - 2, TINY))

    def seconds(self, nodes: Floats, chips: Floats, chip_batch: Floats, accumulated: Floats) -> Floats:
        """Seconds of one step whose gradient is accumulated ``accumulated`` times before the exchange."""
        compute = self.compute(chip_batch)
        both = compute**self.gamma + self.exchange(nodes, chips) ** self.gamma
        return np.asarray(accumulated * compute + np.exp(np.log(both) / self.gamma))


@dataclass(frozen=True)
class BatchLimits:
    """Smallest and largest batch of the whole job, and of one chip, samples."""

    smallest: int
    largest: int
    chip_smallest: int
    chip_largest: int


def efficiency(batch: Floats, smallest: int, grad_sqr: float, grad_var: float) -> Floats:
    """Progress per sample against the smallest batch (Pollux, eq. 7), from the gradient's noise scale; in (0, 1]."""
    scale = batch / smallest
    below = grad_var / scale + grad_sqr
    gain = np.where(below > 0, (grad_var + grad_sqr) / np.where(below > 0, below, 1.0), 1.0)
    return np.asarray(gain / scale)


def split_batch(batch: Floats, chips: Floats, limits: BatchLimits) -> tuple[Floats, Floats]:
    """Chip batch and accumulation count that make up a batch.

    One chip alone accumulates at least once above the smallest batch: the noise scale needs two gradients.
    """
    share = batch / chips
    accumulated = np.ceil(share / limits.chip_largest - TINY) - 1
    alone = (chips == 1) & (share > limits.smallest + TINY)
    accumulated = np.where(alone, np.maximum(accumulated, 1), accumulated)
    return np.ceil(share / (accumulated + 1) - TINY), accumulated


@dataclass(frozen=True, eq=False)
class Candidates:
    """Batch sizes tried (rows) for each configuration (columns), and the samples per second each reaches.

    ``rate`` is 0 where a chip's limits are not kept.
    """

    batch: Floats
    rate: Floats
    chip_batch: Floats
    accumulated: Floats

    def goodput(self, smallest: int, gradient: tuple[float, float]) -> Floats:
        return self.rate * efficiency(self.batch, smallest, *gradient)


def candidates(model: StepTime, nodes: Floats, chips: Floats, limits: BatchLimits) -> Candidates:
    """50 batch sizes in geometric steps for each configuration of nodes and chips.

    They run from the smallest the chips allow to the largest of the job. Where the former is the larger, it is tried
    too, as the published simulator does: a job's submitted batch does not bound what it may grow to.
    """
    least = np.maximum(limits.smallest, limits.chip_smallest * chips)
    steps = np.linspace(0.0, 1.0, BATCHES_TRIED)[:, None]
    batch = least * (limits.largest / least) ** steps
    batch[-1] = limits.largest
    chip_batch, accumulated = split_batch(batch, chips, limits)
    whole = chips * chip_batch * (accumulated + 1)
    rate = whole / model.seconds(nodes, chips, chip_batch, accumulated)
    fits = (limits.chip_smallest <= chip_batch) & (chip_batch <= limits.chip_largest)
    return Candidates(whole, np.where(fits, rate, 0.0), chip_batch, accumulated)


def best_goodput(
    model: StepTime, nodes: Floats, chips: Floats, limits: BatchLimits, gradient: tuple[float, float]
) -> tuple[Floats, Ints, Ints]:
    """The best goodput of each configuration (useful samples per second), its chip batch and accumulation count."""
    tried = candidates(model, nodes, chips, limits)
    value = tried.goodput(limits.smallest, gradient)
    at = (np.argmax(value, axis=0), np.arange(value.shape[1]))
    return value[at], tried.chip_batch[at].astype(np.int64), tried.accumulated[at].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Observations:
    """Measured steps: nodes, chips, chip batch, seconds of compute and of the whole step; one row each."""

    nodes: Floats
    chips: Floats
    chip_batch: Floats
    compute_s: Floats
    step_s: Floats


def fit_step_time(seen: Observations) -> StepTime:
    """Fit the model to what was measured so far: root mean squared logarithmic error of compute and step seconds.

    Parameters that nothing seen tells of stay at their optimistic floor, and small slopes are preferred
    (Pollux, section 4.1).
    """
    start, lower, upper = _bounds(seen)
    found = minimize(
        _loss, start, args=(seen,), jac=True, bounds=Bounds(lower, upper, keep_feasible=True), tol=1e-5
    ).x
    if not (seen.nodes > 1).any():
        found[2] = max(found[2], found[4] * 1.1)
        found[3] = max(found[3], found[5] * 1.1)
    return StepTime(*(float(value) for value in found))


def _bounds(seen: Observations) -> tuple[Floats, Floats, Floats]:
    start = np.array([1e-1, 1e-2] * 3 + [1.001])
    lower = np.array([TINY] * 6 + [1.0])
    upper = np.array([np.inf] * 6 + [10.0])
    fixed = []
    if len(np.unique(seen.chip_batch)) == 1:
        start[0] = upper[0] = lower[0] = seen.compute_s.mean() / 2
    if not (seen.nodes > 1).any():
        fixed += [2, 3]
    if not ((seen.nodes == 1) & (seen.chips > 1)).any():
        fixed += [4, 5]
    if not (seen.chips > 2).any():
        fixed += [3, 5]
    for index in fixed:
        start[index] = upper[index] = lower[index]
    return start, lower, upper


def _loss(values: Floats, seen: Observations) -> tuple[float, Floats]:
    """Loss and its gradient in the seven parameters."""
    model = StepTime(*values)
    gamma = model.gamma
    compute, exchange = model.compute(seen.chip_batch), model.exchange(seen.nodes, seen.chips)
    slope = _slopes(seen)
    off_compute = np.log(compute) - np.log(seen.compute_s)
    powers = compute**gamma + exchange**gamma
    off_step = np.log(powers) / gamma - np.log(seen.step_s)
    first, second = np.sqrt((off_compute**2).mean()), np.sqrt((off_step**2).mean())
    by_compute = _rms_slope(off_compute, first) / compute + _rms_slope(off_step, second) * (
        compute ** (gamma - 1) / powers
    )
    by_exchange = _rms_slope(off_step, second) * exchange ** (gamma - 1) / powers
    logs = compute**gamma * np.log(compute) + exchange**gamma * np.log(exchange)
    by_gamma = (_rms_slope(off_step, second) * (logs / (powers * gamma) - np.log(powers) / gamma**2)).sum()
    gradient = np.concatenate([slope[:2] @ by_compute, slope[2:] @ by_exchange, [by_gamma]])
    far, near = values[3] / values[2], values[5] / values[4]
    gradient += np.array(
        [0, 0, -2e-2 * far**2 / values[2], 2e-2 * far / values[2], -2e-2 * near**2 / values[4],
         2e-2 * near / values[4], 2e-3 * (gamma - 1)]
    )  # fmt: skip
    return float(first + second + 1e-3 * (gamma - 1) ** 2 + 1e-2 * (far**2 + near**2)), gradient


def _slopes(seen: Observations) -> Floats:
    """d compute / d (fixed, per sample) and d exchange / d (far, far_more, near, near_more), per observation."""
    far = (seen.nodes > 1).astype(float)
    near = ((seen.nodes <= 1) & (seen.chips > 1)).astype(float)
    more = np.maximum(seen.chips - 2, TINY)
    return np.stack([np.ones_like(far), seen.chip_batch, far, far * more, near, near * more])


def _rms_slope(off: Floats, root: float) -> Floats:
    """Gradient of the root of a mean of squares; 0 where nothing is off."""
    return np.asarray(off / (len(off) * root)) if root > 0 else np.zeros_like(off)
