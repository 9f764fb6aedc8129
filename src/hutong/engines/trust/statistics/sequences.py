"""Confidence sequences: limits that hold at all times at once, so that one may look after every observation.

- `betting_sequence`, `betting_limits`: mean of values in [0, 1], by betting (hedged capital).
- `beta_binomial_sequence`: Bernoulli, exact mixture.
- `bank_sequence`: Bernoulli without replacement from a finite bank.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.forms import (
    Bools,
    Floats,
    Ints,
    Limits,
    check_counts,
    check_share,
    floats,
    refuse,
    whole,
)
from hutong.engines.trust.statistics.search import bisect, first_true
from hutong.kernel.text import Text

# Rounding allowed where the mean of what is left in a bank is compared with 0 and 1.
_SLACK = 1e-9


def log_capital(
    x: ArrayLike,
    mean: ArrayLike,
    alpha: float,
    *,
    population: int | None = None,
    horizon: int | None = None,
    cap: float = 0.5,
) -> tuple[Floats, Floats]:
    """Logarithms of both capitals of a bettor against "the mean is `mean`", after each observation.

    x: (..., t) values in [0, 1], paths along the last axis; mean: one per path or one for all. Up: bets that the mean is
    larger, K+ = prod(1 + min(l, cap/m)(x - m)); down: prod(1 - min(l, cap/(1 - m))(x - m)); bets
    l_i = sqrt(2 log(2/alpha) / (v_{i-1} i log(1 + i))) from the variance v seen before, or with `horizon` n in place of
    i log(1 + i), tuned to a planned n and valid at any other (Waudby-Smith and Ramdas 2024, JRSS-B 86:1, eqs. 26-28).
    Each is a martingale at the true mean, so P(ever K >= 1/error) <= error (Ville 1939). Without replacement from
    `population` values, m is the mean of those left, (N mean - sum so far)/(N - i + 1) (section 5 there); a mean
    that what was drawn excludes has infinite capital.
    """
    values = _values(x, population)
    up, down = _capital(values, _bets(values, alpha, horizon), floats(mean), population, cap)
    return up, down


def _values(x: ArrayLike, population: int | None) -> Floats:
    values = floats(x)
    if values.ndim == 0 or not np.all((values >= 0) & (values <= 1)):
        raise refuse("bounded", Text("Values are not between 0 and 1.", "数值不在0与1之间。"), "x")
    if population is not None and values.shape[-1] > population:
        raise refuse(
            "bank", Text("More items drawn than the bank has.", "抽取数超过题库数量。"), "population"
        )
    return values


def _bets(x: Floats, alpha: float, horizon: int | None) -> Floats:
    check_share(alpha, "alpha")
    i = np.arange(1.0, x.shape[-1] + 1)
    mean = (0.5 + np.cumsum(x, axis=-1)) / (i + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2, axis=-1)) / (i + 1)
    # A bet may know what came before it only.
    before = np.concatenate([np.full_like(variance[..., :1], 0.25), variance[..., :-1]], axis=-1)
    pace = i * np.log1p(i) if horizon is None else np.full_like(i, max(int(horizon), 1))
    return floats(np.sqrt(2 * math.log(2 / alpha) / (before * pace)))


def _capital(
    x: Floats, bets: Floats, mean: Floats, population: int | None, cap: float
) -> tuple[Floats, Floats]:
    m = np.broadcast_to(mean[..., None], x.shape)
    over, under = np.zeros(x.shape, dtype=np.bool_), np.zeros(x.shape, dtype=np.bool_)
    if population is not None:
        i = np.arange(1.0, x.shape[-1] + 1)
        sums = np.cumsum(x, axis=-1)
        left = population * m - (sums - x)
        # Certain after this draw: what is left lies between 0 and the number of items left.
        after = population * m - sums
        over, under = after < -_SLACK, after > population - i + _SLACK
        m = np.clip(left / (population - i + 1), 0.0, 1.0)
    with np.errstate(divide="ignore"):
        up = np.cumsum(np.log1p(np.minimum(bets, cap / m) * (x - m)), axis=-1)
        down = np.cumsum(np.log1p(-np.minimum(bets, cap / (1 - m)) * (x - m)), axis=-1)
    # Once excluded, always: the sums that exclude a mean only grow.
    up = np.where(np.logical_or.accumulate(over, axis=-1), np.inf, up)
    down = np.where(np.logical_or.accumulate(under, axis=-1), np.inf, down)
    return floats(up), floats(down)


def betting_limits(
    x: ArrayLike,
    alpha: float,
    *,
    population: int | None = None,
    horizon: int | None = None,
    cap: float = 0.5,
) -> Limits:
    """The betting sequence at its last time, by bisection: one interval per path, shape x.shape[:-1].

    Means m with K+(m) < 2/alpha and K-(m) < 2/alpha at all times so far (hedged with theta = 1/2; the running
    intersection). K+ falls and K- rises in m, so this is an interval; limits are taken on their outer side. On the
    paths that miss (a share of alpha at most) the intersection may become empty, lower > upper; but a bank that
    is drawn out always gives its mean. [0, 1] where t is 0. Arguments as in `log_capital`.
    """
    values = _values(x, population)
    bets, bar = _bets(values, alpha, horizon), math.log(2 / alpha)
    shape = values.shape[:-1]
    if values.shape[-1] == 0:
        return Limits(np.zeros(shape), np.ones(shape), True, "betting")

    def side(place: int, inside: float, outside: float) -> Floats:
        def rejected(m: Floats) -> Bools:
            return np.asarray(
                _capital(values, bets, m, population, cap)[place].max(axis=-1) >= bar, dtype=np.bool_
            )

        # Rejected means are next to the end of the range; the last seen to be rejected is the outer side.
        beyond, _ = bisect(rejected, np.full(shape, inside), np.full(shape, outside), 40)
        return beyond

    lower, upper = side(0, 0.0, 1.0), side(1, 1.0, 0.0)
    least, most = (limit[..., -1] for limit in _certain(values, population))
    return Limits(floats(np.minimum(lower, most)), floats(np.maximum(upper, least)), True, "betting")


def _certain(x: Floats, population: int | None) -> tuple[Floats, Floats]:
    """Limits of the mean that need no chance: what was drawn, and the rest all 0 or all 1. [0, 1] without a bank."""
    if population is None:
        return np.zeros_like(x), np.ones_like(x)
    sums, drawn = np.cumsum(x, axis=-1), np.arange(1.0, x.shape[-1] + 1)
    return floats(sums / population), floats((sums + population - drawn) / population)


def betting_sequence(
    x: ArrayLike,
    alpha: float,
    *,
    population: int | None = None,
    horizon: int | None = None,
    cap: float = 0.5,
    grid: int = 1000,
) -> Limits:
    """Limits after each observation, same shape as x, each within those before; rounded outward to 1/grid.

    Same construction and arguments as `betting_limits`. Work grows with paths x times x grid.
    """
    values = _values(x, population)
    bets, bar = _bets(values, alpha, horizon), math.log(2 / alpha)
    lower, upper = np.zeros_like(values), np.ones_like(values)
    for m in np.linspace(0.0, 1.0, grid + 1):
        up, down = _capital(values, bets, np.full(values.shape[:-1], m), population, cap)
        lower = np.where(up >= bar, np.maximum(lower, m), lower)
        upper = np.where(down >= bar, np.minimum(upper, m), upper)
    lower, upper = np.maximum.accumulate(lower, axis=-1), np.minimum.accumulate(upper, axis=-1)
    least, most = _certain(values, population)
    return Limits(floats(np.minimum(lower, most)), floats(np.maximum(upper, least)), True, "betting")


def log_beta_binomial(hits: ArrayLike, n: ArrayLike, p: ArrayLike, a: float = 0.5, b: float = 0.5) -> Floats:
    """Logarithm of the mixture martingale of a Bernoulli chance p: B(a + s, b + f) / (B(a, b) p^s (1 - p)^f).

    Robbins 1970 (Ann. Math. Stat. 41:1397); Howard et al. 2021 (Ann. Stat. 49:1055, beta-binomial mixture, here exact).
    """
    k, total = check_counts(hits, n)
    chance = floats(p)
    seen = scipy.special.xlogy(k, chance) + scipy.special.xlog1py(total - k, -chance)
    mixed = scipy.special.betaln(a + k, b + total - k) - scipy.special.betaln(a, b)
    return floats(mixed - seen)


def beta_binomial_sequence(
    hits: ArrayLike, n: ArrayLike, alpha: float, a: float = 0.5, b: float = 0.5
) -> Limits:
    """Limits of a Bernoulli chance that hold after every n at once with chance 1 - alpha, from the counts alone.

    All p whose mixture martingale is below 1/alpha (`log_beta_binomial`, Ville 1939). Vectorised over any shape; the
    running intersection of one path (`numpy.maximum.accumulate`) is valid too.
    """
    k, total = check_counts(hits, n)
    bar = -math.log(check_share(alpha, "alpha"))

    def accepted(p: Floats) -> Bools:
        return np.asarray(log_beta_binomial(k, total, p, a, b) < bar, dtype=np.bool_)

    share = floats(np.where(total > 0, k / np.maximum(total, 1), 0.5))
    _, lower = bisect(accepted, share, np.zeros_like(share))
    _, upper = bisect(accepted, share, np.ones_like(share))
    return Limits(lower, upper, True, "beta-binomial")


def log_bank(
    hits: ArrayLike, n: ArrayLike, population: ArrayLike, found: ArrayLike, a: float = 0.5, b: float = 0.5
) -> Floats:
    """Logarithm of the martingale against "the bank of `population` items holds `found` hits", infinite if impossible.

    Chance of the sequence under a beta-binomial number of hits, over its chance given `found`: the prior-posterior ratio
    (Waudby-Smith and Ramdas 2020, NeurIPS, "Confidence sequences for sampling without replacement", theorem 2.1).
    """
    k, total, size, inside = np.broadcast_arrays(
        *check_counts(hits, n), whole(population, "population"), np.asarray(found, dtype=np.int64)
    )
    miss = total - k
    possible = (inside >= k) & (size - inside >= miss)
    good = np.clip(inside, k, np.maximum(size - miss, k))
    gone = _falling(good, k) + _falling(np.maximum(size - good, miss), miss) - _falling(size, total)
    mixed = scipy.special.betaln(a + k, b + miss) - scipy.special.betaln(a, b)
    return floats(np.where(possible, mixed - gone, np.inf))


def _falling(n: Ints, k: Ints) -> Floats:
    return floats(scipy.special.gammaln(n + 1.0) - scipy.special.gammaln(n - k + 1.0))


def bank_sequence(
    hits: ArrayLike, n: ArrayLike, population: ArrayLike, alpha: float, a: float = 0.5, b: float = 0.5
) -> Limits:
    """Limits of the share of hits in a finite bank that hold after every draw at once, from the counts alone.

    The numbers of hits whose martingale (`log_bank`) is below 1/alpha. When all are drawn, both limits are the share.
    """
    k, total, size = np.broadcast_arrays(*check_counts(hits, n), whole(population, "population"))
    if np.any(total > size) or np.any(size == 0):
        raise refuse("bank", Text("More items drawn than the bank has.", "抽取数超过题库数量。"), "n")
    bar = -math.log(check_share(alpha, "alpha"))
    # The chance of the sequence is unimodal in the number of hits, with its top near the share drawn.
    top = np.clip((size + 1) * k // np.maximum(total, 1), k, size - (total - k))

    def low(found: Ints) -> Bools:
        return np.asarray(log_bank(k, total, size, found, a, b) < bar, dtype=np.bool_)

    def high(found: Ints) -> Bools:
        return np.asarray(log_bank(k, total, size, found, a, b) >= bar, dtype=np.bool_)

    first = first_true(low, k, top)
    last = first_true(high, top, size - (total - k) + 1) - 1
    return Limits(floats(first / size), floats(last / size), True, "prior-posterior")
