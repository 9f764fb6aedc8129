"""Intervals that keep their promise: forecasts of starts corrected by the outcomes seen so far, while they come in.

Two corrections, both from outcomes known at the time only. (1) Waits are compared with forecasts as the difference of
log(1 + wait); the quantiles of that difference over the last `WINDOW` forecasts shift the forecast. Jobs that still
wait count as censored (Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations"): leaving them
out would see short waits only. (2) Adaptive conformal inference (Gibbs and Candès 2021, "Adaptive conformal inference
under distribution shift", NeurIPS) holds the long-run share of misses at its target for any sequence, here on the
margin of each side itself (quantile tracking: Angelopoulos, Candès and Tibshirani 2023, "Conformal PID control for time
series prediction"), so that an interval stays finite: after an outcome the margin of a side moves by
`RATE` x (missed - target). That a job has outwaited its upper bound is known, and learned, at that instant.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.reserve.profile import Ints
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

WINDOW, LEAST, RATE = 256, 8, 0.1
_CAP = 22.0
"""Longest wait spoken of, as log(1 + units): about a century in seconds."""

Side = Literal["low", "high"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Start between low and high with the stated coverage, middle as best guess; times in the unit of the log."""

    low: int
    middle: int
    high: int


@dataclass(slots=True)
class _Forecast:
    made: int
    middle: float
    given: Interval
    started: int | None = None


def censored_quantiles(
    values: NDArray[np.float64], known: NDArray[np.bool_], shares: tuple[float, ...]
) -> list[float]:
    """Quantiles of values of which some are only known to be larger (known False), by Kaplan and Meier 1958.

    Where the curve does not come down far enough, it goes on as an exponential from its last point.
    """
    order = np.argsort(values, kind="stable")
    ranked, seen = values[order], known[order]
    left = np.cumprod(1 - seen / (len(ranked) - np.arange(len(ranked))))
    answer = []
    for share in shares:
        reached = left <= 1 - share + 1e-12
        if reached.any():
            answer.append(float(ranked[int(np.argmax(reached))]))
        else:
            answer.append(float(ranked[-1]) + math.log(float(left[-1]) / (1 - share)))
    return answer


def _log_wait(now: int, at: int) -> float:
    return math.log1p(max(0, at - now))


class Calibrator:
    """Corrects one stream of forecasts: `interval` when one is made, `started` when the job starts, `gone` if it never will."""

    def __init__(self, coverage: float = 0.8) -> None:
        if not 0 < coverage < 1:
            raise Invalid(
                Text("Coverage lies between 0 and 1.", "覆盖率须在0与1之间。"),
                rule="reserve.coverage",
                remedy=Text("Give a share such as 0.8.", "请填写如0.8的比例。"),
                field="coverage",
            )
        self._miss = (1 - coverage) / 2
        self._margin: dict[Side, float] = {"low": 0.0, "high": 0.0}
        self._recent: list[_Forecast] = []
        self._open: dict[int, tuple[_Forecast, set[Side]]] = {}
        self._bounds: list[tuple[int, int, Side]] = []

    def interval(self, job: int, now: int, low: int, middle: int, high: int) -> Interval:
        """The calibrated interval for raw quantiles (10, 50 and 90 %, say) of the start of a job, all at or after now."""
        given = self.corrected(now, low, middle, high)
        self.recall(job, now, middle, given)
        return given

    def corrected(self, now: int, low: int, middle: int, high: int) -> Interval:
        """The same, only asked: the forecast is not kept and nothing will be learned from it."""
        self._pass_bounds(now)
        center = _log_wait(now, middle)
        shifts = [_log_wait(now, bound) - center for bound in (low, middle, high)]
        if len(self._recent) >= LEAST:
            shifts = self._shifts(now)
        a = max(0.0, center + shifts[0] - self._margin["low"])
        b = min(_CAP, max(a, center + shifts[2] + self._margin["high"]))
        m = min(max(center + shifts[1], a), b)
        return Interval(
            now + math.floor(math.expm1(a)), now + round(math.expm1(m)), now + math.ceil(math.expm1(b))
        )

    def recall(self, job: int, now: int, middle: int, given: Interval) -> None:
        """A forecast as it was made at `now`, with the raw middle and the interval then given: so a stream goes on."""
        self._pass_bounds(now)
        made = _Forecast(now, _log_wait(now, middle), given)
        self._recent = [*self._recent[-(WINDOW - 1) :], made]
        self._open[job] = (made, {"low", "high"})
        heapq.heappush(self._bounds, (given.low, job, "low"))
        heapq.heappush(self._bounds, (given.high, job, "high"))

    def started(self, job: int, now: int) -> None:
        """The job has started. Jobs without a forecast are passed over."""
        self._pass_bounds(now)
        made, sides = self._open.pop(job, (None, set[Side]()))
        if made is None:
            return
        made.started = now
        missed = {"low": now < made.given.low, "high": now > made.given.high}
        for side in ("low", "high"):
            if side in sides:
                self._learn(side, missed[side])

    def gone(self, job: int) -> None:
        """The job was cancelled: its outcome will not be known."""
        made, _ = self._open.pop(job, (None, set[Side]()))
        if made is not None and made in self._recent:
            self._recent.remove(made)

    def _shifts(self, now: int) -> list[float]:
        waits = [(f.started if f.started is not None else now) - f.made for f in self._recent]
        values = np.array([math.log1p(w) - f.middle for w, f in zip(waits, self._recent, strict=True)])
        known = np.array([f.started is not None for f in self._recent])
        return censored_quantiles(values, known, (self._miss, 0.5, 1 - self._miss))

    def _pass_bounds(self, now: int) -> None:
        """Bounds that have passed while the job waited: the lower one held, the upper one did not."""
        while self._bounds and self._bounds[0][0] < now:
            bound, job, side = heapq.heappop(self._bounds)
            made, sides = self._open.get(job, (None, set[Side]()))
            if made is not None and side in sides and getattr(made.given, side) == bound:
                sides.discard(side)
                self._learn(side, side == "high")

    def _learn(self, side: Side, missed: bool) -> None:
        self._margin[side] += RATE * (missed - self._miss)


def calibrate(
    made: Ints, actual: Ints, low: Ints, middle: Ints, high: Ints, *, coverage: float = 0.8
) -> Ints:
    """Calibrated (M, 3) low, middle, high starts for a stream of forecasts (see `eta.Foretold`), each from its past only.

    At one instant starts come before forecasts: the cycle has run when a forecast is made.
    """
    stream, answer = Calibrator(coverage), np.empty((len(made), 3), np.int64)
    starts = [(int(t), 0, i) for i, t in enumerate(actual)]
    for when, forecast, i in sorted([*starts, *((int(t), 1, i) for i, t in enumerate(made))]):
        if forecast:
            given = stream.interval(i, when, int(low[i]), int(middle[i]), int(high[i]))
            answer[i] = given.low, given.middle, given.high
        else:
            stream.started(i, when)
    return answer
