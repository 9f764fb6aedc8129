"""Scores by group, label and hundredth: what per-group thresholds are computed from, without the rows."""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.rooms import Bench
from hutong.engines.trust.statistics.counts import count_rows
from hutong.engines.trust.targets import SCORE_UNIT

BINS = 100


def score_counts(bench: Bench, attributes: tuple[str, ...]) -> list[dict[str, object]]:
    """Per group of the attributes crossed: table (2, BINS) of rows by label (favourable or not) and bin of the score.

    Empty where the system has no favourable decision or gives no scores.
    """
    system, data, scores = bench.setting.system, bench.setting.data, bench.clean.scores
    if system.positive is None or scores is None:
        return []
    favourable = system.labels.index(system.positive)
    place = np.minimum(scores[:, favourable] * BINS // SCORE_UNIT, BINS - 1)
    given = {a: data.groups[a] for a in attributes}
    cells = count_rows(given, (data.labels == favourable).astype(np.int64), place, 2, BINS).by(attributes)
    return [
        {"name": " × ".join(n), "table": t.tolist()} for n, t in zip(cells.names, cells.table, strict=True)
    ]
