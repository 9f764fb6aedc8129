"""Randomised smoothing with a sequential test: is the certified radius at least r?

Cohen, Rosenfeld and Kolter 2019 (Certified Adversarial Robustness via Randomized Smoothing, ICML): if under noise
N(0, sigma^2 I) the base model answers A with chance p > 1/2, the smoothed model answers A in the whole l2 ball of
radius sigma * Phi^-1(p). So "radius >= r" is the one-sided question p > p0 = Phi(r / sigma), asked here as often as
one likes by an e-process (Ville's inequality) instead of once with a fixed, large number of samples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betaln, ndtr, ndtri

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances.attacks import largest
from hutong.engines.trust.distances.game import Decide, Predict
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

Wide = NDArray[np.float64]
State = Literal["certified", "not_certified", "undecided"]
FIRST = 16
# Chance, given what was seen, of still certifying within the budget, below which going on is waste.
HOPE = 2.5758


@dataclass(frozen=True, slots=True)
class Question:
    """p0: the bar. alpha: chance of a false "certified". futility: of a false "not_certified". most: trials at most.

    prior: (a, b) of the beta distribution that weighs the truths above the bar.
    """

    p0: float
    alpha: float
    futility: float = 0.01
    most: int = 100_000
    prior: tuple[float, float] = (0.5, 0.5)

    def __post_init__(self) -> None:
        if not (0 < self.p0 < 1 and 0 < self.alpha < 1 and 0 < self.futility < 1 and self.most > 0):
            raise refuse(
                "smoothing.question",
                Text("The bar and the errors are not shares.", "门槛与错误率应在0与1之间。"),
                where="radius",
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sequence of trials showed; lower: confidence limit of p at 1 - alpha, valid whenever it stopped."""

    state: State
    successes: int
    trials: int
    lower: float


@dataclass(frozen=True)
class Smoothed:
    """One row: the label of the smoothed model, the answer to "radius >= r", the radius shown, and the queries."""

    label: int
    state: State
    radius: float
    queries: int
    outcome: Outcome = field(repr=False)


def log_e(successes: Any, trials: Any, p0: Any, prior: tuple[float, float], above: bool = True) -> Any:
    """log of the e-process against H0: p <= p0 (above) or p >= p0 (not above).

    integral of (q/p0)^s ((1-q)/(1-p0))^(n-s) over a Beta(a, b) truncated to the other side of p0. Truncation makes it
    a supermartingale for every p of H0, not only at its edge.
    """
    (a, b), s, f = prior, np.asarray(successes, np.float64), np.asarray(trials - successes, np.float64)
    tail = betaincc if above else betainc
    with np.errstate(divide="ignore"):
        mixed = betaln(s + a, f + b) + np.log(tail(s + a, f + b, p0))
        start = betaln(a, b) + np.log(tail(a, b, p0))
    return mixed - start - s * np.log(p0) - f * np.log1p(-p0)


def lower_limit(successes: int, trials: int, alpha: float, prior: tuple[float, float] = (0.5, 0.5)) -> float:
    """The p below which every bar is refuted: one end of a confidence sequence, by bisection to 1e-9."""
    if successes == 0:
        return 0.0
    low, high = 0.0, successes / trials
    while high - low > 1e-9:
        middle = (low + high) / 2
        refuted = float(log_e(successes, trials, middle, prior)) >= -np.log(alpha)
        low, high = (middle, high) if refuted else (low, middle)
    return low


def _hopeless(s: int, n: int, question: Question) -> bool:
    """Whether the trials left would have to go better than what was seen makes likely (normal approximation).

    Only ever leads to "undecided", so that its approximation costs power and never validity.
    """
    left = question.most - n
    if left <= 0:
        return True
    low, high = s, s + left
    while low < high:
        middle = (low + high) // 2
        enough = float(log_e(middle, question.most, question.p0, question.prior)) >= -np.log(question.alpha)
        low, high = (low, middle) if enough else (middle + 1, high)
    mean = (s + 1) / (n + 2)
    spread = float(np.sqrt(left * mean * (1 - mean) * (1 + left / (n + 3))))
    return low - s > left * mean + HOPE * spread


def decide_bar(trial: Callable[[int], int], question: Question) -> Outcome:
    """Ask trial(m) for the successes of m more trials until the bar is passed, missed or out of reach."""
    s = n = 0
    state: State = "undecided"
    while n < question.most:
        batch = min(FIRST if n < 20 * FIRST else n // 20, question.most - n)
        s, n = s + trial(batch), n + batch
        if float(log_e(s, n, question.p0, question.prior)) >= -np.log(question.alpha):
            state = "certified"
            break
        if float(log_e(s, n, question.p0, (1.0, 1.0), above=False)) >= -np.log(question.futility):
            state = "not_certified"
            break
        if n >= 64 * FIRST and _hopeless(s, n, question):
            break
    return Outcome(state, s, n, lower_limit(s, n, question.alpha, question.prior))


def smooth(
    predict: Predict,
    row: Rows,
    radius: float,
    sigma: float,
    alpha: float,
    *,
    seed: str = "",
    choosing: int = 32,
    most: int = 100_000,
    decide: Decide = largest,
    fixed: NDArray[np.bool_] | None = None,
) -> Smoothed:
    """Whether the smoothed model keeps its label within l2 distance `radius` of row (d,), with error at most alpha.

    The label is fixed on `choosing` separate samples. fixed: columns that nobody can change get no noise; the ball is
    then one of the others. The certificate speaks of the smoothed model, not of the base model.
    """
    if not (radius > 0 and sigma > 0):
        what = Text("Radius and noise must be above zero.", "半径与噪声须大于零。")
        raise refuse("smoothing.noise", what, where="sigma")
    key = hashlib.sha256(f"{seed}|smooth".encode()).digest()[:16]
    chance = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))
    scale = sigma * (np.ones(len(row)) if fixed is None else (~fixed).astype(np.float64))

    def labels(count: int) -> Any:
        noisy = row.astype(np.float64) + chance.normal(size=(count, len(row))) * scale
        return decide(np.asarray(predict(noisy.astype(np.float32)), np.float64))

    label = int(np.bincount(labels(choosing)).argmax())
    question = Question(float(ndtr(radius / sigma)), alpha, most=most)
    outcome = decide_bar(lambda count: int((labels(count) == label).sum()), question)
    shown = sigma * float(ndtri(outcome.lower)) if outcome.lower > 0.5 else 0.0
    return Smoothed(label, outcome.state, shown, outcome.trials + choosing, outcome)
