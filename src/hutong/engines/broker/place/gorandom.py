"""The random numbers of Go's ``math/rand``, so that a published experiment meets the same tasks in the same order.

The published experiments seed Go's generator (Mitchell & Reeds' additive lagged Fibonacci generator,
``x[n] = x[n-607] + x[n-273] mod 2^64``). Go mixes its seed with the state that this recurrence reaches after
7.8 * 10^12 steps. That state is computed here by jumping (powers of x modulo the characteristic polynomial),
so no table of constants is carried along.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

LENGTH, TAP, STEPS = 607, 273, 7_800_000_000_000
MODULUS = (1 << 31) - 1  # of the Lehmer generator that spreads a seed
WORD = (1 << 64) - 1
Words = NDArray[np.uint64]


def _lehmer(value: int) -> int:
    """The next number of the minimal standard generator, multiplier 48271 (Park, Miller & Stockmeyer 1993)."""
    return value * 48271 % MODULUS


def _spread(seed: int, shift: int) -> list[int]:
    """The first 607 words from a seed: three Lehmer numbers each, the first 20 numbers thrown away."""
    value = seed % MODULUS or 89482311
    for _ in range(20):
        value = _lehmer(value)
    words = []
    for _ in range(LENGTH):
        word = 0
        for place in (2 * shift, shift, 0):
            value = _lehmer(value)
            word ^= value << place
        words.append(word & WORD)
    return words


def _times(left: Words, right: Words) -> Words:
    """Product modulo ``x^607 = x^334 + 1`` with coefficients modulo 2^64."""
    full = np.zeros(2 * LENGTH - 1, dtype=np.uint64)
    for power in np.flatnonzero(left):
        full[power : power + LENGTH] += left[power] * right
    return _reduced(full)


def _reduced(full: Words) -> Words:
    for power in range(len(full) - 1, LENGTH - 1, -1):
        top = full[power : power + 1]  # a slice of one: arrays wrap around silently, scalars warn
        full[power - LENGTH : power - LENGTH + 1] += top
        full[power - TAP : power - TAP + 1] += top
    return full[:LENGTH].copy()


def _power(exponent: int) -> Words:
    """``x`` to the exponent, reduced."""
    result = np.zeros(LENGTH, dtype=np.uint64)
    result[0] = 1
    shifted = np.zeros(LENGTH + 1, dtype=np.uint64)
    for bit in bin(exponent)[2:]:
        result = _times(result, result)
        if bit == "1":
            shifted[0], shifted[1:] = 0, result
            result = _reduced(shifted.copy())
    return result


@cache
def _cooked() -> tuple[int, ...]:
    """Go's mixing table: the ring of 607 words after `STEPS` steps from the words that seed 1 spreads to."""
    ring = _spread(1, 10)
    start = np.array([ring[(333 - step) % LENGTH] for step in range(LENGTH)], dtype=np.uint64)
    power = _power(STEPS)
    shifted = np.zeros(LENGTH + 1, dtype=np.uint64)
    table = [0] * LENGTH
    for step in range(STEPS, STEPS + LENGTH):
        table[(333 - step) % LENGTH] = int((power * start).sum(dtype=np.uint64))
        shifted[0], shifted[1:] = 0, power
        power = _reduced(shifted.copy())
    return tuple(table)


class GoRandom:
    """``rand.New(rand.NewSource(seed))`` of Go: the same numbers for the same calls."""

    def __init__(self, seed: int) -> None:
        self._words = [word ^ mixed for word, mixed in zip(_spread(seed, 20), _cooked(), strict=True)]
        self._tap, self._feed = 0, LENGTH - TAP

    def int63(self) -> int:
        """Uniform on [0, 2^63)."""
        self._tap = (self._tap - 1) % LENGTH
        self._feed = (self._feed - 1) % LENGTH
        word = (self._words[self._feed] + self._words[self._tap]) & WORD
        self._words[self._feed] = word
        return word & (WORD >> 1)

    def intn(self, bound: int) -> int:
        """Uniform on [0, bound), bound below 2^31 (``Intn``: rejection, then remainder)."""
        if bound & (bound - 1) == 0:
            return (self.int63() >> 32) & (bound - 1)
        limit = (1 << 31) - 1 - (1 << 31) % bound
        value = self.int63() >> 32
        while value > limit:
            value = self.int63() >> 32
        return value % bound

    def _below(self, bound: int) -> int:
        """Uniform on [0, bound) by Lemire's multiplication, as ``Shuffle`` draws."""
        product = ((self.int63() >> 31) & 0xFFFFFFFF) * bound
        if product & 0xFFFFFFFF < bound:
            threshold = (1 << 32) % bound
            while product & 0xFFFFFFFF < threshold:
                product = ((self.int63() >> 31) & 0xFFFFFFFF) * bound
        return product >> 32

    def shuffled(self, count: int) -> list[int]:
        """Indices 0..count-1 in the order that ``Shuffle`` leaves them in (Fisher-Yates from the end)."""
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self._below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def perm(self, count: int) -> list[int]:
        """``Perm``: a random permutation (inside-out Fisher-Yates)."""
        order = [0] * count
        for place in range(count):
            other = self.intn(place + 1)
            order[place] = order[other]
            order[other] = place
        return order
