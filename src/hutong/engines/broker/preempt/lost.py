"""What a preemption costs: the work since the last checkpoint, in chip-milliseconds, and how often to save it.

Checkpoint intervals after Young (CACM 17(9), 1974) and Daly (Future Generation Computer Systems 22, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Integers = NDArray[np.int64]
NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """Running attempts of one pool as columns.

    attempt: unique numbers. chips: whole chips held. saved_ms: instant of the last checkpoint, or of the start where there
    is none. checkpoint_ms: how long saving takes, or `NEVER` where it cannot. ends_ms: the latest end by its limit.
    allowed: whether policy lets this attempt be preempted at all.
    """

    attempt: Integers
    chips: Integers
    saved_ms: Integers
    checkpoint_ms: Integers
    ends_ms: Integers
    allowed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.attempt)


def lost_now(running: Running, now_ms: int) -> Integers:
    """Chip-milliseconds lost where each attempt is stopped this instant. A checkpoint from the future (clocks) loses none."""
    made: Integers = running.chips * np.maximum(0, now_ms - running.saved_ms)
    return made


def young(checkpoint_s: float, mtbf_s: float) -> float:
    """Seconds of work between checkpoints: sqrt(2 C M), the first-order optimum of Young.

    checkpoint_s (C): how long one takes; mtbf_s (M): mean time between losses (failures and preemptions).
    """
    _positive(checkpoint_s, mtbf_s)
    return sqrt(2.0 * checkpoint_s * mtbf_s)


def daly(checkpoint_s: float, mtbf_s: float) -> float:
    """Seconds of work between checkpoints after Daly's higher-order estimate (2006, eq. 37).

    sqrt(2 C M) (1 + sqrt(C/2M)/3 + (C/2M)/9) - C for C < 2M, else M.
    """
    _positive(checkpoint_s, mtbf_s)
    if checkpoint_s >= 2.0 * mtbf_s:
        return mtbf_s
    part = checkpoint_s / (2.0 * mtbf_s)
    return sqrt(2.0 * checkpoint_s * mtbf_s) * (1.0 + sqrt(part) / 3.0 + part / 9.0) - checkpoint_s


def _positive(checkpoint_s: float, mtbf_s: float) -> None:
    if not (checkpoint_s > 0.0 and mtbf_s > 0.0 and checkpoint_s + mtbf_s < float("inf")):
        raise Invalid(
            Text("Both times are positive numbers of seconds.", "两个时间均须为正的秒数。"),
            rule="preempt.checkpoint",
            remedy=Text("Measure how long a checkpoint takes.", "请实测保存检查点所需时间。"),
            field="checkpoint_s",
        )
