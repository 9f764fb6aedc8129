"""Pass or fail while looking after every answer: tests whose error holds whenever one stops.

Claim: the pass rate p is above p0. A rule holds two logarithms of evidence, against "p <= p0" and against "p >= p0" (or
p >= p1): non-negative supermartingales that start at 1, so that either exceeds 1/error, ever, with chance at
most the error (Ville 1939). Hence optional stopping, batches and looking again cost nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import scipy
from numpy.typing import ArrayLike

from hutong.engines.trust.statistics.forms import Floats, Ints, check_share, floats, refuse, whole
from hutong.engines.trust.statistics.search import first_true
from hutong.kernel.text import Text

Decision = Literal["pass", "fail", "continue"]


class Rule(Protocol):
    """alpha: chance at most to pass where p <= p0. beta: chance at most to fail where the claim holds."""

    @property
    def alpha(self) -> float: ...

    @property
    def beta(self) -> float: ...

    def log_pass(self, hits: ArrayLike, misses: ArrayLike) -> Floats:
        """Logarithm of the evidence that the claim holds; rises with hits, falls with misses."""
        ...

    def log_fail(self, hits: ArrayLike, misses: ArrayLike) -> Floats:
        """Logarithm of the evidence that it does not."""
        ...


@dataclass(frozen=True, slots=True)
class MixtureTest:
    """E-process of p <= p0 against p > p0, and its mirror, with Beta priors cut off at p0.

    M(s, f) = integral over q in (p0, 1] of (q/p0)^s ((1 - q)/(1 - p0))^f pi(q) dq, in closed form by incomplete Beta
    functions. Cut off, because a factor with q < p0 is no supermartingale under p < p0 (Robbins and Siegmund 1974,
    Ann. Stat. 2:415; Ramdas et al. 2023, Statistical Science 38:576). No alternative has to be named. rise, fall:
    (a, b) of the priors above and below p0, by default both the Beta of mean p0 whose smaller weight is 1.
    """

    p0: float
    alpha: float = 0.05
    beta: float = 0.05
    rise: tuple[float, float] | None = None
    fall: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name, value in (("p0", self.p0), ("alpha", self.alpha), ("beta", self.beta)):
            check_share(value, name)
        if min(*self._prior(self.rise), *self._prior(self.fall)) <= 0:
            raise refuse("prior", Text("A prior has weights above 0.", "先验权重应大于0。"), "rise")

    def log_pass(self, hits: ArrayLike, misses: ArrayLike) -> Floats:
        prior = self._prior(self.rise)
        return _log_mixture(whole(hits, "hits"), whole(misses, "misses"), self.p0, prior)

    def log_fail(self, hits: ArrayLike, misses: ArrayLike) -> Floats:
        a, b = self._prior(self.fall)
        return _log_mixture(whole(misses, "misses"), whole(hits, "hits"), 1 - self.p0, (b, a))

    def _prior(self, given: tuple[float, float] | None) -> tuple[float, float]:
        odds = self.p0 / (1 - self.p0)
        return given if given is not None else (max(odds, 1.0), max(1 / odds, 1.0))


def _log_mixture(s: Ints, f: Ints, p0: float, prior: tuple[float, float]) -> Floats:
    a, b = prior
    with np.errstate(divide="ignore"):
        above = scipy.special.betaln(a + s, b + f) + np.log(scipy.special.betaincc(a + s, b + f, p0))
    start = scipy.special.betaln(a, b) + math.log(scipy.special.betaincc(a, b, p0))
    return floats(above - start - s * math.log(p0) - f * math.log1p(-p0))


@dataclass(frozen=True, slots=True)
class WaldTest:
    """Sequential probability ratio test of p0 against p1 > p0 (Wald 1945, Ann. Math. Stat. 16:117).

    Bounds 1/alpha and beta rather than Wald's (1 - beta)/alpha and beta/(1 - alpha): with these the errors are at most
    alpha for every p <= p0 and at most beta for every p >= p1, overshoot and optional stopping included.
    """

    p0: float
    p1: float
    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        for name, value in (("p0", self.p0), ("p1", self.p1), ("alpha", self.alpha), ("beta", self.beta)):
            check_share(value, name)
        if self.p1 <= self.p0:
            raise refuse("order", Text("p1 is not above p0.", "p1应大于p0。"), "p1")

    def log_pass(self, hits: ArrayLike, misses: ArrayLike) -> Floats:
        s, f = whole(hits, "hits"), whole(misses, "misses")
        return floats(s * math.log(self.p1 / self.p0) + f * math.log((1 - self.p1) / (1 - self.p0)))

    def log_fail(self, hits: ArrayLike, misses: ArrayLike) -> Floats:
        return floats(-self.log_pass(hits, misses))


@dataclass(frozen=True, slots=True)
class State:
    """Where a sequential test stands. Frozen: `update` gives the next state.

    decision: the first bound that was reached; later answers are counted but change nothing. peak: largest logarithm
    of evidence for passing at any look.
    """

    rule: Rule
    hits: int = 0
    misses: int = 0
    decision: Decision = "continue"
    peak: float = 0.0

    @property
    def n(self) -> int:
        return self.hits + self.misses

    @property
    def p_value(self) -> float:
        """P-value of "p <= p0" that holds at any stopping time: 1 / largest evidence so far, at most 1."""
        return min(1.0, math.exp(-self.peak))

    @property
    def log_e(self) -> float:
        """Logarithm of the e-value now: may be merged with those of other tests at one stopping time."""
        return float(self.rule.log_pass(self.hits, self.misses))

    def update(self, successes: int, failures: int) -> State:
        """The state after a batch of answers, looked at once. `Invalid` for counts below 0 or not whole."""
        hits = self.hits + int(whole(successes, "successes"))
        misses = self.misses + int(whole(failures, "failures"))
        up, down = float(self.rule.log_pass(hits, misses)), float(self.rule.log_fail(hits, misses))
        decision = self.decision
        if decision == "continue" and up >= -math.log(self.rule.alpha):
            decision = "pass"
        elif decision == "continue" and down >= -math.log(self.rule.beta):
            decision = "fail"
        return State(self.rule, hits, misses, decision, max(self.peak, up))


def bounds(rule: Rule, horizon: int) -> tuple[Ints, Ints]:
    """For n = 1..horizon: fewest hits that pass (n + 1 if none do) and most hits that fail (-1 if none do)."""
    n = np.arange(1, horizon + 1, dtype=np.int64)
    zero = np.zeros_like(n)
    passes = first_true(
        lambda s: np.asarray(rule.log_pass(s, np.maximum(n - s, 0)) >= -math.log(rule.alpha)), zero, n + 1
    )
    fails = first_true(
        lambda s: np.asarray(rule.log_fail(s, np.maximum(n - s, 0)) < -math.log(rule.beta)), zero, n + 1
    )
    return passes, fails - 1


@dataclass(frozen=True, slots=True)
class Operating:
    """What a rule does at a true rate when every answer is looked at, up to a horizon, exactly.

    passes, fails, undecided: chances. size: mean number of answers, the horizon where it stays undecided.
    """

    passes: float
    fails: float
    undecided: float
    size: float


def operating(rule: Rule, p: float, horizon: int) -> Operating:
    """Exact operating characteristic, by forward recursion over the number of hits (no simulation).

    p in [0, 1]. With fails = 0 (beta tiny) `passes` is the exact chance that an optional stopper ever passes.
    """
    upper, lower = bounds(rule, horizon)
    alive = np.zeros(horizon + 2)
    alive[0] = 1.0
    passed = failed = size = 0.0
    for n in range(1, horizon + 1):
        size += float(alive.sum())
        moved = alive * (1 - p)
        moved[1:] += alive[:-1] * p
        up, down = int(upper[n - 1]), int(lower[n - 1])
        passed += float(moved[up:].sum())
        failed += float(moved[: down + 1].sum())
        moved[up:] = 0.0
        moved[: down + 1] = 0.0
        alive = moved
    return Operating(passed, failed, float(alive.sum()), size)


def kullback_leibler(p: float, q: float) -> float:
    """KL(p || q) = p log(p/q) + (1 - p) log((1 - p)/(1 - q)) of Bernoulli laws, in nats."""
    return float(scipy.special.rel_entr(p, q) + scipy.special.rel_entr(1 - p, 1 - q))


def least_size(p: float, p0: float, alpha: float) -> float:
    """No test of error alpha that surely passes at p needs fewer answers on average: log(1/alpha)/KL(p || p0).

    Wald's identity with the data processing inequality (Wald 1945; Farrell 1964, Ann. Math. Stat. 35:36). Infinite for
    p = p0.
    """
    distance = kullback_leibler(p, check_share(p0, "p0"))
    return math.inf if distance == 0 else -math.log(check_share(alpha, "alpha")) / distance
