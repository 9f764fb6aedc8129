"""Canaries: secrets put into the training data, to see whether the model gives them away.

Exposure of a canary with random part of size |R| (Carlini et al. 2019, USENIX Security, "The Secret Sharer"):
log2|R| - log2 rank, the bits by which the model shortens the search. Where R cannot be enumerated, the rank
is estimated from drawn candidates that were not put in: -log2 of the share that the model likes at least as
much (their section 4.3), here with exact limits from Clopper-Pearson instead of a fitted curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.exact import clopper_pearson, lower_limit
from hutong.engines.trust.statistics.forms import Floats, Ints, floats, refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Of m canaries, in bits. rank: candidates liked at least as much as the canary, itself included.

    value: exposure; lower, upper: exact limits at 1 - alpha each (equal to the value where R was enumerated).
    p: chance of so small a rank if the canary had not been put in (exact for exchangeable candidates).
    """

    rank: Ints
    candidates: int
    value: Floats
    lower: Floats
    upper: Floats
    p: Floats


def exposure(canaries: ArrayLike, drawn: ArrayLike, alpha: float = 0.05) -> Exposure:
    """Exposure by sampling. canaries: (m,) losses of those put in; drawn: (N,) losses of candidates that were
    not.

    A candidate of equal loss counts against the canary's exposure. `Invalid` statistics.canaries.
    """
    inside, outside = _losses(canaries), np.sort(_losses(drawn))
    n = len(outside)
    below = np.asarray(np.searchsorted(outside, inside, side="right"), dtype=np.int64)
    share = clopper_pearson(below, n, alpha)
    value = -np.log2((below + 1) / (n + 1))
    # No candidate liked as much bounds the share from above only; the exposure is then unbounded above.
    with np.errstate(divide="ignore"):
        lower, upper = -np.log2(share.upper), -np.log2(share.lower)
    return Exposure(
        below + 1,
        n,
        floats(value),
        floats(np.maximum(lower, 0.0)),
        floats(upper),
        floats((below + 1) / (n + 1)),
    )


def exact_exposure(losses: ArrayLike, canary: int) -> Exposure:
    """Exposure over the whole space: losses (|R|,) of all candidates, of which number `canary` was put in."""
    given = _losses(losses)
    rank = np.array([int((given <= given[canary]).sum())], dtype=np.int64)
    value = floats(np.log2(len(given)) - np.log2(rank))
    return Exposure(rank, len(given), value, value, value, floats(rank / len(given)))


@dataclass(frozen=True, slots=True)
class LabelCanaries:
    """Rows with labels drawn uniformly from k. first: whose drawn label the model likes best, of n.

    epsilon_at_least: lower limit at 1 - alpha of any (epsilon, 0) privacy of single labels: the drawn label
    is guessed with chance at most e^eps/(e^eps + k - 1) (randomised-response bound; one run, Steinke et al.
    2023, NeurIPS). p: binomial chance of so many at 1/k.
    """

    n: int
    first: int
    classes: int
    p: float
    epsilon_at_least: float


def label_canaries(probabilities: ArrayLike, drawn: ArrayLike, alpha: float = 0.05) -> LabelCanaries:
    """Of rows whose labels were drawn by chance, how many has the model learnt by heart.

    probabilities: (n, k) of the model for the canary rows; drawn: (n,) the labels that were put in, drawn
    uniformly from the k. Ties count against the model having learnt them.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(drawn, dtype=np.int64)
    if p.ndim != 2 or y.shape != (len(p),) or not len(p) or y.min() < 0 or y.max() >= p.shape[1]:
        raise _no_canaries()
    from scipy.stats import binom

    own = p[np.arange(len(p)), y]
    first = int(((p >= own[:, None]).sum(axis=1) == 1).sum())
    n, k = p.shape
    low = float(lower_limit(first, n, alpha))
    epsilon = math.log(low * (k - 1) / (1 - low)) if 1 / k < low < 1 else math.inf if low >= 1 else 0.0
    return LabelCanaries(n, first, k, float(binom.sf(first - 1, n, 1 / k)), epsilon)


def _losses(values: ArrayLike) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or not len(given) or np.isnan(given).any():
        raise _no_canaries()
    return given


def _no_canaries() -> Exception:
    what = Text(
        "Canaries need one score each, and labels of the model.", "每个金丝雀样本须有分数及有效标签。"
    )
    return refuse("canaries", what, "canaries")
