"""Local robustness: is the label the same all over a ball in the largest-coordinate norm, and how far does that go?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.networks.attack import CounterExample, attack
from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.outcome import Outcome
from hutong.engines.trust.networks.properties import Case, Goal, Property
from hutong.engines.trust.networks.verify import verify
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

Box = tuple[F64, F64]


@dataclass(frozen=True, slots=True)
class Distance:
    """lower: within it the label is proven. upper: a replayed counter-example lies at this distance; None if none
    was found. whole: the label is proven on the whole box, so that no distance exists. In units of the inputs."""

    lower: float
    upper: float | None
    whole: bool
    counter_example: CounterExample | None
    queries: int
    seconds: float


def robust_at(
    network: Network, x: F64, label: int, eps: float, box: Box, seconds: float, *, seed: int = 0
) -> Outcome:
    """Whether every input within eps of x in each coordinate, inside the box, has this label.

    x, box[0], box[1]: (inputs,). label: position of the largest output, the first one where several are largest, as
    argmax has it. A counter-example has another label in onnxruntime. `Invalid`: robust.input, robust.label,
    robust.eps.
    """
    return verify(network, ball(network, x, label, eps, box), seconds, seed=seed)


def ball(network: Network, x: F64, label: int, eps: float, box: Box) -> Property:
    """The property of `robust_at`."""
    x, low, high = (np.asarray(a, dtype=np.float64).ravel() for a in (x, *box))
    if not (x.shape == low.shape == high.shape == (network.inputs,)):
        raise _bad(
            "input", "The point or its box has another size than the inputs.", "点或区域与输入维数不符。"
        )
    if not (np.isfinite([low, x, high]).all() and (low <= x).all() and (x <= high).all()):
        raise _bad("input", "The point does not lie in its box.", "点不在区域之内。")
    if not (0 <= label < network.outputs and network.outputs > 1):
        raise _bad("label", "There is no such label among two or more.", "标签不存在，或输出少于两个。")
    if not 0.0 <= eps < math.inf:
        raise _bad("eps", "The radius is below 0 or not finite.", "半径为负或非有限数值。")
    goals = []
    for other in range(network.outputs):
        if other != label:
            row = np.zeros((1, network.outputs))
            row[0, label], row[0, other] = 1.0, -1.0
            goals.append(Goal(row, np.zeros(1), strict=other > label))
    case = Case(np.maximum(x - eps, low), np.minimum(x + eps, high), tuple(goals))
    return Property(network.inputs, network.outputs, (case,))


def _bad(name: str, en: str, zh: str) -> Exception:
    return refuse(f"robust.{name}", Text(en, zh), where=name)


def minimal_distance(
    network: Network, x: F64, label: int, box: Box, seconds: float, *, tolerance: float = 1e-3, seed: int = 0
) -> Distance:
    """Bounds of the distance from x to the nearest input in the box with another label, by bisection.

    It stops when lower and upper are within `tolerance` times upper, or when the time is used up. A query that stays
    undecided moves neither bound; the search goes on below it.
    """
    start = time.monotonic()
    box = (np.asarray(box[0], dtype=np.float64).ravel(), np.asarray(box[1], dtype=np.float64).ravel())
    x = np.asarray(x, dtype=np.float64).ravel()
    reach = float(np.max(np.maximum(box[1] - x, x - box[0]), initial=0.0))
    lower, ceiling, queries, eps = 0.0, reach, 0, reach
    near = _Nearest(network, x, label, box, np.random.default_rng(seed))
    near.approach(reach, lambda: time.monotonic() - start >= 0.3 * seconds)
    if near.distance is not None:
        ceiling = near.distance
        eps = 0.9 * ceiling
    while (left := seconds - (time.monotonic() - start)) > 0.0:
        share = left if eps >= reach else max(left / 3.0, min(left, 0.05))
        outcome = robust_at(network, x, label, eps, box, share, seed=seed + queries)
        queries += 1
        if outcome.verdict == "holds":
            lower = eps
            if eps >= reach:
                return Distance(reach, None, True, None, queries, time.monotonic() - start)
        else:
            near.meet(outcome.counter_example)
            ceiling = min(eps, ceiling if near.distance is None else near.distance)
        if ceiling <= lower + tolerance * max(ceiling, 1e-12):
            break
        # By halves where both bounds are near, by their geometric mean where they are far apart.
        wide = ceiling >= 1.5 * lower
        eps = 0.5 * (lower + ceiling) if not wide else math.sqrt(lower * ceiling) if lower else ceiling / 4.0
    return Distance(lower, near.distance, False, near.shown, queries, time.monotonic() - start)


@dataclass(slots=True, eq=False)
class _Nearest:
    """The nearest counter-example met so far and its distance."""

    network: Network
    x: F64
    label: int
    box: Box
    chance: np.random.Generator
    distance: float | None = None
    shown: CounterExample | None = None

    def meet(self, found: CounterExample | None) -> None:
        if found is not None:
            away = float(np.max(np.abs(np.array(found.inputs) - self.x)))
            if self.distance is None or away < self.distance:
                self.distance, self.shown = away, found

    def approach(self, reach: float, late: Callable[[], bool]) -> None:
        """Attacks in smaller and smaller balls, by bisection between failure and success."""
        failed, eps = 0.0, reach
        for _ in range(14):
            case = ball(self.network, self.x, self.label, eps, self.box).cases[0]
            found = attack(self.network, case, case.goals, self.chance, 64, 40, late)
            self.meet(found)
            if late() or (found is None and eps >= reach):
                return
            failed = eps if found is None else failed
            eps = 0.5 * (failed + (self.distance or reach))
