"""The typical task mix: what the next task probably asks for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.place.state import Ints, Tasks

POPULARITY = 95  # per cent of the tasks that the kept types cover; the published setting


@dataclass(frozen=True)
class Mix:
    """k task types, most frequent first. Arrays of shape (k,); `share` sums to 1."""

    cpu_milli: Ints
    gpus: Ints
    milli: Ints
    accepts: Ints
    share: NDArray[np.float64]


def typical(tasks: Tasks, popularity: int = POPULARITY) -> Mix:
    """The most frequent types that cover `popularity` per cent of the tasks, shares renormalised.

    Memory does not make a type. Equal counts: the larger request first (CPU, milli, GPUs, text of models).
    Source: Weng et al., ATC 2023, section 4.2 and its simulator.
    """
    rows = zip(tasks.cpu_milli, tasks.milli, tasks.gpus, tasks.spec, tasks.accepts, strict=True)
    counts = Counter(tuple(int(value) for value in row) for row in rows)
    ranked = sorted(counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
    wanted, covered, kept = popularity * len(tasks) / 100.0, 0, 0
    while covered < wanted:
        covered += ranked[kept][1]
        kept += 1
    shares = np.array([count / len(tasks) for _, count in ranked[:kept]])
    if kept < len(ranked):
        shares /= covered / len(tasks)
    columns = np.array([kind for kind, _ in ranked[:kept]], dtype=np.int64).reshape(kept, 5)
    return Mix(columns[:, 0].copy(), columns[:, 2].copy(), columns[:, 1].copy(), columns[:, 4].copy(), shares)
