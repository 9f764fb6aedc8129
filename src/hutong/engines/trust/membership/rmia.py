"""RMIA: a row is a member if the target favours it more, against reference models, than it favours strangers.

Zarifzadeh, Liu and Shokri 2024 (ICML), "Low-cost high-power membership inference attacks": LR(x, z) =
[p(x|target)/p(x)] / [p(z|target)/p(z)]; the score of x is the share of population rows z with LR >= gamma.
p(x) online: half the mean over models trained with x plus half the mean over those without. Offline, only
models without x: p(x) = [(1 + a) mean + (1 - a)]/2, where a says how much training on a row moves its
probability (a = 0: as far as it goes; a = 1: not at all).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.membership.references import References
from hutong.engines.trust.statistics.forms import Bools, Floats, Ints, floats, refuse
from hutong.kernel.text import Text

# Below this a probability is no probability: it would divide by nothing.
FLOOR = 1e-12
OFFLINE_A = 0.3


def offline_marginal(references: References, a: float = OFFLINE_A) -> Floats:
    """p(x) of the pool's rows (n,) from the models without each. `Invalid` membership.offline_a,
    membership.no_out.
    """
    if not 0.0 <= a <= 1.0:
        raise refuse("membership.offline_a", Text("a lies between 0 and 1.", "参数a应在0与1之间。"), "a")
    return floats(((1 + a) * _mean(references.pool, ~references.included) + (1 - a)) / 2)


def online_marginal(references: References) -> Floats:
    """p(x) of the pool's rows (n,): the mean over models with each row and without it, half weight to
    each.
    """
    included = references.included
    return floats((_mean(references.pool, included) + _mean(references.pool, ~included)) / 2)


def _mean(values: Floats, chosen: Bools) -> Floats:
    count = chosen.sum(axis=0)
    if (count < 1).any():
        what = Text(
            "A row has no reference model of the kind that is needed.", "部分数据行缺少所需的参考模型。"
        )
        raise refuse("membership.no_out", what, "references")
    return floats(np.where(chosen, values, 0.0).sum(axis=0) / count)


def scores(
    target: ArrayLike,
    marginal: ArrayLike,
    target_apart: ArrayLike,
    references: References,
    gamma: float = 2.0,
) -> Ints:
    """How many of the z population rows have LR(x, z) >= gamma: (n,) whole numbers 0 .. z.

    target: (n,) true-label probabilities of the pool's rows under the target. marginal: (n,) p(x).
    target_apart: (z,) those of the rows apart, which neither target nor references were trained on.
    """
    if not gamma > 0:
        raise refuse("membership.gamma", Text("gamma is above 0.", "参数gamma应大于0。"), "gamma")
    ratio, base = ratios(target, marginal), ratios(target_apart, references.apart.mean(axis=0))
    return np.asarray(np.searchsorted(np.sort(base), ratio / gamma, side="right"), dtype=np.int64)


def ratios(target: ArrayLike, marginal: ArrayLike) -> Floats:
    """p(x|target)/p(x), elementwise, with neither below `FLOOR`."""
    top, bottom = (np.maximum(np.asarray(v, dtype=np.float64), FLOOR) for v in (target, marginal))
    return floats(top / bottom)
