"""Users who look after every answer and stop when they like it; and how often exact intervals hold the truth."""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.statistics.differences import box_difference
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import Limits
from hutong.engines.trust.statistics.judges import judged_limits
from hutong.engines.trust.statistics.paired import paired_limits
from hutong.engines.trust.statistics.sequential import MixtureTest, bounds

HORIZON = 400
ALPHA = 0.05


def false_passes_of_stoppers(users: int, chance: np.random.Generator) -> float:
    """Share of users at the null (p = p0 = 0.9) who see the sequential test pass at any of their looks, one per answer."""
    passes, _ = bounds(MixtureTest(0.9, ALPHA, ALPHA), HORIZON)
    passed = 0
    for start in range(0, users, 1000):
        block = min(1000, users - start)
        hits = np.cumsum(chance.random((block, HORIZON)) < 0.9, axis=1)
        passed += int((hits >= passes).any(axis=1).sum())
    return passed / users


def least_coverage(times: int, chance: np.random.Generator) -> dict[str, float]:
    """Least share over truths and sizes (p = 0, p = 1 and n = 1 among them) in which the limits at 95 % hold the truth."""
    return {
        "clopper-pearson": min(_one(p, n, times, chance) for p in (0.0, 0.01, 0.5, 0.97, 1.0) for n in (1, 20, 300)),
        "difference": min(_two(p, q, n, times, chance) for p, q in ((0, 0), (0.5, 0.6), (1, 0), (0.9, 0.99)) for n in (1, 40)),
        "paired difference": min(_pair(b, c, n, times, chance) for b, c in ((0, 0), (0.1, 0.05), (0.5, 0.5)) for n in (1, 60)),
        "behind a judge": min(_judge(p, n, times, chance) for p in (0.0, 0.3, 1.0) for n in (1, 50)),
    }  # fmt: skip


def _share(limits: Limits, value: float) -> float:
    return float(np.mean((limits.lower <= value + 1e-12) & (value <= limits.upper + 1e-12)))


def _one(p: float, n: int, times: int, chance: np.random.Generator) -> float:
    return _share(clopper_pearson(chance.binomial(n, p, times), n, ALPHA), p)


def _two(p: float, q: float, n: int, times: int, chance: np.random.Generator) -> float:
    first, second = chance.binomial(n, p, times), chance.binomial(n, q, times)
    return _share(box_difference(first, n, second, n, ALPHA), p - q)


def _pair(b: float, c: float, n: int, times: int, chance: np.random.Generator) -> float:
    drawn = chance.multinomial(n, [b, c, 1 - b - c], times)
    return _share(paired_limits(drawn[:, 0], drawn[:, 1], n, ALPHA), b - c)


def _judge(p: float, n: int, times: int, chance: np.random.Generator) -> float:
    se, sp, labelled = 0.9, 0.85, 100
    flagged = chance.binomial(n, p * se + (1 - p) * (1 - sp), times)
    caught, cleared = chance.binomial(labelled, se, times), chance.binomial(labelled, sp, times)
    return _share(judged_limits(flagged, n, caught, labelled, cleared, labelled, ALPHA), p)
