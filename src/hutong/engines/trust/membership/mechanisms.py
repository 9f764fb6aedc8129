"""Differential privacy from above: what epsilon a mechanism gives at delta, if it does what it says.

Each mechanism knows three things: its epsilon (`accountant`), its trade-off function (the least share of
misses of any test that raises at most a given share of false alarms; Dong, Roth and Su 2022, JRSS-B 84:3),
and how to draw outputs.

- Gaussian: delta(eps) = Phi(mu/2 - eps/mu) - e^eps Phi(-mu/2 - eps/mu), mu = sensitivity/sigma x
  sqrt(releases) (Balle and Wang 2018, ICML, theorem 8; composition: Dong et al., corollary 3.3). Exact.
- Laplace: eps = sensitivity/scale at delta 0, else that + 2 ln(1 - delta) (Balle, Barthe and Gaboardi 2018,
  NeurIPS).
- Randomised response among k answers, the true one with chance p: ln((p - delta)(k - 1)/(1 - p)) (Warner
  1965; Kairouz et al. 2016).
- Subsampled Gaussian (DP-SGD): privacy loss distribution by dp-accounting, where that is installed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import scipy

from hutong.engines.trust.statistics.forms import Floats, floats, refuse
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text


class Mechanism(Protocol):
    """name: as published. continuous: no output comes twice. accountant: epsilon at delta, from above."""

    @property
    def name(self) -> str: ...
    @property
    def continuous(self) -> bool: ...
    def accountant(self, delta: float) -> float: ...
    def miss_at(self, alarms: float, strength: float) -> float | None:
        """Least share of misses at this share of false alarms, were the mechanism `strength` times weaker.

        strength 1 is the mechanism as declared, 2 has half its noise. None where no closed form is known.
        """

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Adds normal noise of deviation sigma to a sum that one person moves by at most `sensitivity`, so many
    times.

    An output of `draw` is the sufficient statistic of all releases: their mean.
    """

    sigma: float
    sensitivity: float = 1.0
    releases: int = 1
    name = "gaussian"
    continuous = True

    def __post_init__(self) -> None:
        _positive(sigma=self.sigma, sensitivity=self.sensitivity, releases=self.releases)

    @property
    def mu(self) -> float:
        return self.sensitivity / self.sigma * math.sqrt(self.releases)

    def accountant(self, delta: float) -> float:
        """`Invalid` dp.delta at delta 0: a Gaussian gives no pure epsilon."""
        return gaussian_epsilon(self.mu, delta)

    def miss_at(self, alarms: float, strength: float) -> float:
        # G_mu(x) = Phi(Phi^-1(1 - x) - mu).
        return float(scipy.special.ndtr(-scipy.special.ndtri(alarms) - self.mu * strength))

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats:
        centre = self.sensitivity if with_person else 0.0
        return chance.normal(centre, self.sigma / math.sqrt(self.releases), n)


@dataclass(frozen=True, slots=True)
class Laplace:
    """Adds Laplace noise of this scale to a sum that one person moves by at most `sensitivity`."""

    scale: float
    sensitivity: float = 1.0
    name = "laplace"
    continuous = True

    def __post_init__(self) -> None:
        _positive(scale=self.scale, sensitivity=self.sensitivity)

    def accountant(self, delta: float) -> float:
        _check_delta(delta)
        return max(0.0, self.sensitivity / self.scale + 2 * math.log1p(-delta))

    def miss_at(self, alarms: float, strength: float) -> float:
        # F(F^-1(1 - x) - eps) of the unit Laplace law; F(x) = e^x/2 below 0.
        return _laplace_below(_laplace_quantile(1 - alarms) - self.sensitivity / self.scale * strength)

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats:
        return chance.laplace(self.sensitivity if with_person else 0.0, self.scale, n)


@dataclass(frozen=True, slots=True)
class RandomisedResponse:
    """Answers the truth with this chance, else one of the other answers alike. Answers are 0 .. answers - 1.

    The two neighbours differ in whether the truth is 1 (with the person) or 0.
    """

    truth: float
    answers: int = 2
    name = "randomised-response"
    continuous = False

    def __post_init__(self) -> None:
        if self.answers < 2 or not 1 / self.answers <= self.truth < 1:
            what = Text("The chance of the truth is below that of a blind guess.", "如实作答概率无效。")
            raise refuse("dp.truth", what, "truth")

    @staticmethod
    def of(epsilon: float, answers: int = 2) -> RandomisedResponse:
        """The one that gives exactly this epsilon."""
        return RandomisedResponse(1 / (1 + (answers - 1) * math.exp(-epsilon)), answers)

    def accountant(self, delta: float) -> float:
        _check_delta(delta)
        rest = (1 - self.truth) / (self.answers - 1)
        return max(0.0, math.log((self.truth - delta) / rest)) if delta < self.truth else 0.0

    def miss_at(self, alarms: float, strength: float) -> None:
        """None: the test of epsilon itself is already the best one here."""

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats:
        shift = chance.integers(1, self.answers, n)
        answer = np.where(chance.random(n) < self.truth, 0, shift) + int(with_person)
        return floats(answer % self.answers)


@dataclass(frozen=True, slots=True)
class SubsampledGaussian:
    """DP-SGD: each step, every person takes part with chance `rate`; noise is sigma x clipping norm. Add or
    remove one.
    """

    sigma: float
    rate: float
    steps: int
    name = "subsampled-gaussian"
    continuous = True

    def __post_init__(self) -> None:
        _positive(sigma=self.sigma, rate=self.rate, steps=self.steps)

    def accountant(self, delta: float) -> float:
        """Privacy loss distribution (Koskela et al. 2020; Doroshenko et al. 2022), pessimistic rounding.

        `Invalid` dp.accountant_missing where dp-accounting is not installed.
        """
        _check_delta(delta)
        try:
            dp, pld = import_module("dp_accounting"), import_module("dp_accounting.pld")
        except ImportError as error:
            what = Text("Sampled mechanisms need the package dp-accounting.", "抽样机制须安装dp-accounting。")
            remedy = Text("Install it: pip install dp-accounting.", "请安装：pip install dp-accounting。")
            raise refuse("dp.accountant_missing", what, "mechanism", remedy) from error
        step = dp.PoissonSampledDpEvent(self.rate, dp.GaussianDpEvent(self.sigma))
        accountant = pld.PLDAccountant().compose(dp.SelfComposedDpEvent(step, self.steps))
        return float(accountant.get_epsilon(delta))

    def miss_at(self, alarms: float, strength: float) -> None:
        """None: no closed form after composition."""

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats:
        """The sum of all releases in the worst case, where the person's clipped gradient always is the unit
        vector.
        """
        took = chance.binomial(self.steps, self.rate, n) if with_person else 0
        return took + chance.normal(0.0, self.sigma * math.sqrt(self.steps), n)


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Smallest epsilon of mu-Gaussian privacy at delta, rounded up by at most 1e-12 of itself."""
    _check_delta(delta)
    if delta == 0:
        what = Text("A Gaussian mechanism has no epsilon at delta 0.", "高斯机制在δ=0时不存在ε。")
        raise refuse("dp.delta", what, "delta")
    if gaussian_delta(mu, 0.0) <= delta:
        return 0.0
    low, high = 0.0, 1.0
    while gaussian_delta(mu, high) > delta:
        low, high = high, high * 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if gaussian_delta(mu, middle) > delta else (low, middle)
        if middle in (low, high) and math.nextafter(low, high) >= high:
            break
    return high


def gaussian_delta(mu: float, epsilon: float) -> float:
    """delta of mu-Gaussian privacy at this epsilon; in logarithms, so that large epsilons do not overflow."""
    first = float(scipy.special.log_ndtr(mu / 2 - epsilon / mu))
    second = epsilon + float(scipy.special.log_ndtr(-mu / 2 - epsilon / mu))
    return max(0.0, -math.exp(first) * math.expm1(min(0.0, second - first)))


def _laplace_below(x: float) -> float:
    return math.exp(x) / 2 if x < 0 else 1 - math.exp(-x) / 2


def _laplace_quantile(p: float) -> float:
    if p <= 0 or p >= 1:
        return -math.inf if p <= 0 else math.inf
    return math.log(2 * p) if p < 0.5 else -math.log(2 * (1 - p))


def _check_delta(delta: float) -> None:
    if not 0 <= delta < 1:
        raise refuse("dp.delta", Text("delta lies in [0, 1).", "δ应在[0, 1)内。"), "delta")


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise _not_positive(name)


def _not_positive(name: str) -> Invalid:
    return refuse("dp.parameter", Text("A parameter is not above 0.", "参数应大于0。"), name)
