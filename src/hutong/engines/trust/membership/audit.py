"""Differential privacy from below: the least epsilon that drawn outputs allow, and the bracket with the
accountant above.

A test "the person is in" that raises false alarms with chance FPR and finds her with chance TPR shows epsilon
>= ln((TPR - delta)/FPR), and read the other way epsilon >= ln((1 - FPR - delta)/(1 - TPR)) (Kairouz, Oh and
Viswanath 2015, ICML; auditing: Jagielski et al. 2020, NeurIPS). Both hold with the Clopper-Pearson limits:
one lower limit of TPR and one upper limit of FPR serve both forms. The test is chosen on some of the outputs
and counted on the rest.

Where the declared mechanism has a closed trade-off function, a second and sharper test asks whether that
mechanism can have given the same two limits (Nasr et al. 2023, USENIX Security): it refutes the declared
noise, at any epsilon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from hutong.engines.trust.membership.mechanisms import Mechanism
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Floats, Ints, check_share, floats, refuse
from hutong.engines.trust.statistics.prng import Name, stream
from hutong.kernel.text import Text

# Share of the outputs on which the test is chosen; the rest are counted.
CHOOSING = 0.25
_MOST = 64.0
State = Literal["bracketed", "refuted", "unsupported", "repeated"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Whole numbers an audit rests on: outputs with and without the person, and those on which a test says
    "in".

    found, alarms: of the test for epsilon. sharp_*: of the test for the declared mechanism, which looks where
    most outputs are, not where the ratio is largest. repeats: outputs that came before, where the mechanism
    could not repeat itself.
    """

    with_person: int
    found: int
    without: int
    alarms: int
    sharp_found: int = 0
    sharp_alarms: int = 0
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Bracket:
    """claimed: epsilon as claimed. above: by the accountant. below: lower limit by the audit, at 1 - alpha in
    all.

    strength: lower limit of how many times weaker than declared the mechanism is (1 = as declared), 0 where
    no closed form is known. state: "bracketed" below <= claimed >= above; "refuted" the outputs contradict
    claim or mechanism; "unsupported" the declared mechanism does not give the claimed epsilon; "repeated"
    noise came twice.
    """

    claimed: float
    delta: float
    above: float
    below: float
    strength: float
    state: State
    counts: Counts


def bracket(
    claimed_epsilon: float,
    delta: float,
    mechanism: Mechanism,
    outputs: tuple[ArrayLike, ArrayLike],
    alpha: float = 0.05,
    seed: Name = 0,
) -> Bracket:
    """Hold a claim between accountant and audit. outputs: (n,) draws with the person and (m,) without,
    independent.

    An honest claim is refuted with chance at most alpha. `Invalid` statistics.dp.claim, dp.outputs, dp.delta.
    """
    check_claim(claimed_epsilon)
    counts = count_outputs(mechanism, outputs, delta, seed)
    return judge_counts(claimed_epsilon, delta, mechanism, counts, alpha)


def check_claim(epsilon: float) -> None:
    """Refuse an epsilon that is no number above 0."""
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise refuse("dp.claim", Text("The claimed epsilon is not above 0.", "声明的ε应大于0。"), "epsilon")


def judge_counts(epsilon: float, delta: float, mechanism: Mechanism, counts: Counts, alpha: float) -> Bracket:
    """The bracket from counts alone, so that it can be judged again."""
    sharp = mechanism.miss_at(0.5, 1.0) is not None
    error = alpha / 2 if sharp else alpha
    above = mechanism.accountant(delta)
    below = epsilon_at_least(counts, delta, error)
    strength = strength_at_least(counts, mechanism, error) if sharp else 0.0
    state: State = "bracketed"
    if counts.repeats:
        state = "repeated"
    elif below > epsilon or strength > 1:
        state = "refuted"
    elif above > epsilon * (1 + 1e-9):
        state = "unsupported"
    return Bracket(epsilon, delta, above, below, strength, state, counts)


def epsilon_at_least(counts: Counts, delta: float, alpha: float) -> float:
    """Lower limit of epsilon at this delta, at 1 - alpha; 0 where the outputs show nothing. Any mechanism."""
    n = (counts.with_person, counts.without)
    return float(_shown(counts.found, n[0], counts.alarms, n[1], delta, alpha))


def strength_at_least(counts: Counts, mechanism: Mechanism, alpha: float) -> float:
    """Lower limit, at 1 - alpha, of how many times weaker than declared the mechanism must be; 0 if it may be
    stronger.
    """
    check_share(alpha, "alpha")
    tpr = float(lower_limit(counts.sharp_found, counts.with_person, alpha / 2))
    fpr = float(upper_limit(counts.sharp_alarms, counts.without, alpha / 2))

    def refuted(strength: float) -> bool:
        least = mechanism.miss_at(fpr, strength)
        return least is not None and 1 - tpr < least

    if not refuted(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while refuted(high) and high < _MOST:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def _shown(found: ArrayLike, n: int, alarms: ArrayLike, m: int, delta: float, alpha: float) -> Floats:
    """The larger of both forms of the bound, with each limit at alpha/2; 0 where neither is positive.
    Vectorised.
    """
    check_share(alpha, "alpha")
    tpr, fpr = lower_limit(found, n, alpha / 2), upper_limit(alarms, m, alpha / 2)
    with np.errstate(divide="ignore"):
        one = np.log(np.maximum(tpr - delta, 0.0)) - np.log(fpr)
        two = np.log(np.maximum(1 - fpr - delta, 0.0)) - np.log(1 - tpr)
    return floats(np.maximum(np.maximum(one, two), 0.0))


def count_outputs(
    mechanism: Mechanism, outputs: tuple[ArrayLike, ArrayLike], delta: float, seed: Name
) -> Counts:
    """Choose the test on a quarter of the outputs, count it on the rest. Two answers need no choice: all are
    counted.
    """
    inside, outside = (_values(v) for v in outputs)
    both = np.concatenate([inside, outside])
    repeats = len(both) - len(np.unique(both)) if mechanism.continuous else 0
    if not mechanism.continuous and np.isin(both, (0.0, 1.0)).all():
        return Counts(len(inside), int(inside.sum()), len(outside), int(outside.sum()))
    chance = stream(seed, "dp", "choose")
    (pick_in, rest_in), (pick_out, rest_out) = (_split(v, chance) for v in (inside, outside))
    if not mechanism.continuous:
        likely = _answers(pick_in, pick_out)
        found, alarms = (int(np.isin(v, likely).sum()) for v in (rest_in, rest_out))
        return Counts(len(rest_in), found, len(rest_out), alarms)
    tests = _tests(pick_in, pick_out, delta)
    (found, alarms), (sharp, false) = ((t.count(rest_in), t.count(rest_out)) for t in tests)
    return Counts(len(rest_in), found, len(rest_out), alarms, sharp, false, repeats)


@dataclass(frozen=True, slots=True)
class _Test:
    """Says "in" above the cut, or at and below it."""

    cut: float
    above: bool

    def count(self, values: Floats) -> int:
        return int(((values > self.cut) == self.above).sum())


def _split(values: Floats, chance: np.random.Generator) -> tuple[Floats, Floats]:
    mixed, cut = chance.permutation(values), max(1, int(len(values) * CHOOSING))
    return mixed[:cut], mixed[cut:]


def _tests(inside: Floats, outside: Floats, delta: float) -> tuple[_Test, _Test]:
    """The cut that shows the largest epsilon at the limits the rest will have; the one that finds most beyond
    alarms.
    """
    cuts = np.unique(np.quantile(np.concatenate([inside, outside]), np.linspace(0.0, 1.0, 203)[1:-1]))
    n, m = len(inside), len(outside)
    over_in, over_out = (len(v) - np.searchsorted(np.sort(v), cuts, side="right") for v in (inside, outside))
    best: list[tuple[float, float, float, bool]] = []
    for above in (True, False):
        found, alarms = (over_in, over_out) if above else (n - over_in, m - over_out)
        shown = _shown(_later(found), int(_later(n)), _later(alarms), int(_later(m)), delta, 0.05)
        more = found / n - alarms / m
        best += [(float(e), float(y), float(c), above) for e, y, c in zip(shown, more, cuts, strict=True)]
    first, sharp = max(best), max(best, key=lambda t: t[1])
    return _Test(first[2], first[3]), _Test(sharp[2], sharp[3])


def _later(count: ArrayLike) -> Ints:
    """What a count on the outputs chosen from becomes on the rest."""
    return np.asarray(np.asarray(count) * round((1 - CHOOSING) / CHOOSING), dtype=np.int64)


def _answers(inside: Floats, outside: Floats) -> Floats:
    """The answers that come more often with the person than without."""
    kinds = np.unique(np.concatenate([inside, outside]))
    often = [((inside == k).mean(), (outside == k).mean()) for k in kinds]
    return floats([k for k, (a, b) in zip(kinds, often, strict=True) if a > b])


def _values(values: ArrayLike) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or len(given) < 8 or not np.isfinite(given).all():
        what = Text("Outputs are at least 8 numbers on each side.", "每侧输出应至少有8个有效数值。")
        raise refuse("dp.outputs", what, "outputs")
    return given
