"""Usage that halves with time, in closed form: no steps, no drift, the same bits on every machine and after every replay.

A segment of rate r on [a, b] has at time t the decayed usage  r H/ln 2 (2^-((t-b)/H) - 2^-((t-a)/H)),  H the half-life:
the integral of r 2^-((t-s)/H) over s from a to b. It factors into a part that knows nothing of t and the common factor
2^-(t/H); so sums are kept relative to an epoch, new segments are added to them, and time passing costs nothing.

Powers of two are computed here from +, -, *, / and exact scaling alone. Those are the operations that IEEE 754 fixes to
the last bit; the `exp2` of a C library is not, and differs between machines and between array and scalar code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LN2 = 0.6931471805599453
# How far the epoch may lie behind before sums are rescaled; 2^512 leaves as much room again.
REBASE = 512

# Cephes exp2: 2^x = 1 + 2 x P(x²) / (Q(x²) - x P(x²)) on [-1/2, 1/2]; relative error below 2e-16.
_P = (2.30933477057345225087e-2, 2.02020656693165307700e1, 1.51390680115615096133e3)
_Q = (2.33184211722314911771e2, 4.36821166879210612817e3)


def _exp2_small(x: Floats) -> Floats:
    """2^x for |x| <= 1/2."""
    xx = x * x
    p = x * ((_P[0] * xx + _P[1]) * xx + _P[2])
    q = (xx + _Q[0]) * xx + _Q[1]
    return 1.0 + 2.0 * (p / (q - p))


def power_of_two(numerator: Integers, denominator: int) -> Floats:
    """2^(numerator/denominator), elementwise; the integer part of the exponent is split off in integers."""
    whole, rest = np.divmod(2 * numerator + denominator, 2 * denominator)
    fraction = (rest - denominator).astype(np.float64) / float(2 * denominator)
    return np.ldexp(_exp2_small(fraction), np.clip(whole, -4000, 4000).astype(np.int32))


def _lost(duration: Integers, half_life: int) -> Floats:
    """1 - 2^-(duration/half_life), without cancellation for short segments: a series of e^-y - 1 below y = 1/4."""
    y = duration.astype(np.float64) / float(half_life) * LN2
    series = np.ones_like(y)
    for n in range(14, 1, -1):
        series = 1.0 - y / n * series
    return np.where(y < 0.25, y * series, 1.0 - power_of_two(-duration, half_life))


@dataclass(frozen=True, slots=True, eq=False)
class DecayedUsage:
    """Decayed usage per account. half_life_ms 0: nothing decays.

    sums: rate x milliseconds relative to the epoch; shares of usage may be read from them directly, for the factor that
    brings them to a time is the same for all.
    """

    half_life_ms: int
    epoch_ms: int
    sums: Floats

    @classmethod
    def empty(cls, accounts: int, half_life_ms: int, epoch_ms: int = 0) -> DecayedUsage:
        """No usage yet. Raises `Invalid` ``decay.half_life`` for a negative half-life."""
        if half_life_ms < 0:
            raise Invalid(
                Text("A half-life is not negative.", "半衰期不得为负。"),
                rule="decay.half_life",
                remedy=Text("Write milliseconds, or 0 for no decay.", "请填写毫秒数，0 表示不衰减。"),
                field="half_life_ms",
            )
        return cls(half_life_ms, epoch_ms, np.zeros(accounts, dtype=np.float64))

    def added(self, account: Integers, rate: Integers, start_ms: Integers, end_ms: Integers) -> DecayedUsage:
        """With the segments added in their order: a replay in any batches gives the same bits.

        rate: milli-chips, or any integer rate. The epoch moves on, by whole half-lives and so exactly, when a segment
        ends more than `REBASE` half-lives after it.
        """
        if not len(account):
            return self
        made, done = self, 0
        for stop in self._breaks(end_ms):
            made = made._add(account[done:stop], rate[done:stop], start_ms[done:stop], end_ms[done:stop])
            if stop < len(account):
                made = made._rebased(int(end_ms[stop]))
            done = stop
        return made

    def _breaks(self, end_ms: Integers) -> list[int]:
        """Where the epoch must move on: before the first segment too late for it, and so on. Depends on the order only."""
        stops: list[int] = []
        if self.half_life_ms:
            epoch, window = self.epoch_ms, REBASE * self.half_life_ms
            late = np.maximum.accumulate(end_ms)
            while int(late[-1]) - epoch > window:
                stop = int(np.searchsorted(late, epoch + window, side="right"))
                stops.append(stop)
                epoch += (int(end_ms[stop]) - epoch) // self.half_life_ms * self.half_life_ms
        return [*stops, len(end_ms)]

    def _rebased(self, to_ms: int) -> DecayedUsage:
        steps = (to_ms - self.epoch_ms) // self.half_life_ms
        scaled = np.ldexp(self.sums, np.int32(-min(steps, 4000)))
        return replace(self, epoch_ms=self.epoch_ms + steps * self.half_life_ms, sums=scaled)

    def _add(self, account: Integers, rate: Integers, start_ms: Integers, end_ms: Integers) -> DecayedUsage:
        sums = self.sums.copy()
        np.add.at(sums, account, weights(rate, start_ms, end_ms, self.half_life_ms, self.epoch_ms))
        return replace(self, sums=sums)

    def at(self, now_ms: int) -> Floats:
        """Decayed usage of each account at an instant, in rate x milliseconds."""
        if not self.half_life_ms:
            return self.sums.copy()
        factor = power_of_two(np.array([self.epoch_ms - now_ms], dtype=np.int64), self.half_life_ms)
        return cast(Floats, self.sums * factor[0])


def weights(rate: Integers, start_ms: Integers, end_ms: Integers, half_life_ms: int, at_ms: int) -> Floats:
    """Decayed usage of each segment at one instant (which may lie before it: an epoch), in rate x milliseconds."""
    duration = end_ms - start_ms
    if not half_life_ms:
        return rate.astype(np.float64) * duration
    scale = half_life_ms / LN2
    rates = rate.astype(np.float64) * scale
    made: Floats = rates * power_of_two(end_ms - at_ms, half_life_ms) * _lost(duration, half_life_ms)
    return made
