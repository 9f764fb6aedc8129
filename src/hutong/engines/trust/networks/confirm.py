"""Goes over a proof part by part. The parts are made here from the proof's cuts, so that nothing between them is lost.

A box that the checker does not settle at once is halved, within a budget; a sign pattern has to be settled as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.networks.checker import Checker, Known, Lines
from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.proof import Cuts, Leaf, Leaves
from hutong.engines.trust.networks.properties import Case, Goal

Stop = Callable[[], bool]
_CHUNK = 128
# Boxes that the checker may make by halving, for each one of the proof, and besides.
_MORE, _BESIDES = 4, 2000


def check_cuts(network: Network, case: Case, cuts: Cuts, runtime: bool, stop: Stop) -> bool:
    """Whether no box of the proof, nor what lies between them, holds a counter-example. False also where time ran out."""
    if cuts.full:
        return False
    low, high = parts_of(case, cuts)
    checker, left = Checker(network, runtime), _MORE * len(low) + _BESIDES
    while len(low):
        keep: list[tuple[F64, F64]] = []
        for i in range(0, len(low), _CHUNK):
            if stop():
                return False
            at = slice(i, i + _CHUNK)
            still = ~checker.free(low[at], high[at], case.goals)
            if still.any():
                keep.append(halves(low[at][still], high[at][still]))
        if not keep:
            return True
        low, high = (np.concatenate(part) for part in zip(*keep, strict=True))
        left -= len(low)
        if left < 0:
            return False
    return True


def parts_of(case: Case, cuts: Cuts) -> tuple[F64, F64]:
    """All parts that the cuts make of the case's box, which they fill: (n, inputs) low and high."""
    low, high = (side[None] for side in case.proof_box())
    if not cuts.opened:
        return low, high
    opened, lower, upper, axis = (np.concatenate(p) for p in (cuts.opened, cuts.lower, cuts.upper, cuts.axis))
    inner, outer, at = (np.concatenate(p) for p in (cuts.low, cuts.high, cuts.at))
    place = np.full(cuts.count, -1, np.intp)
    place[opened] = np.arange(len(opened))
    number, done = np.zeros(1, np.intp), list[tuple[F64, F64]]()
    while len(number):
        ends = place[number] < 0
        done.append((low[ends], high[ends]))
        where, low, high = place[number[~ends]], low[~ends], high[~ends]
        low, high = shrink(low, high, inner[where], outer[where], done)
        low, high = halves(low, high, axis[where], at[where])
        number = np.concatenate([lower[where], upper[where]])
    first, second = (np.concatenate(part) for part in zip(*done, strict=True))
    return first, second


def shrink(low: F64, high: F64, inner: F64, outer: F64, outside: list[tuple[F64, F64]]) -> tuple[F64, F64]:
    """Boxes (n, inputs) cut down to inner <= x <= outer; what is cut off is added to `outside`."""
    low, high = low.copy(), high.copy()
    for axis in range(low.shape[1]):
        ends = np.clip(inner[:, axis], low[:, axis], high[:, axis])
        for kept, other, bar in (
            (low, high, ends),
            (high, low, np.clip(outer[:, axis], ends, high[:, axis])),
        ):
            off = kept[:, axis] != bar
            near, far = kept[off].copy(), other[off].copy()
            far[:, axis] = bar[off]
            outside.append((near, far) if kept is low else (far, near))
            kept[:, axis] = bar
    return low, high


def halves(
    low: F64, high: F64, axis: NDArray[np.intp] | None = None, at: F64 | None = None
) -> tuple[F64, F64]:
    """Each box as two, all lower ones first: cut at a place, or across the middle of its longest side."""
    rows = np.arange(len(low))
    axis = (high - low).argmax(axis=1) if axis is None else axis
    middle = 0.5 * low[rows, axis] + 0.5 * high[rows, axis] if at is None else at
    middle = np.clip(middle, low[rows, axis], high[rows, axis])
    first, second = high.copy(), low.copy()
    first[rows, axis] = second[rows, axis] = middle
    return np.concatenate([low, second]), np.concatenate([first, high])


def check_leaves(network: Network, case: Case, goal: Goal, leaves: Leaves, runtime: bool, stop: Stop) -> bool:
    """Whether the sign patterns are the ends of a tree that asks one unit after another, and each is closed.

    Both signs of every unit that is asked have to be there, so that no point is left out. False also where time ran out.
    """
    checker, (low, high) = Checker(network, runtime), case.proof_box()
    stack: list[_Branch] = [_Branch(leaves.found, (), None)]
    while stack:
        now, stack = stack[-_CHUNK:], stack[:-_CHUNK]
        if leaves.full or stop() or not all(b.leaves for b in now):
            return False
        hidden, error, void = checker.under([b.path for b in now], low, high, _joined(now))
        ends: list[tuple[int, Leaf]] = []
        for i, branch in enumerate(now):
            end = next((leaf for leaf in branch.leaves if len(leaf.path) == len(branch.path)), None)
            if end is not None:
                ends += [] if void[i] else [(i, end)]
            elif not void[i]:
                sides = branch.sides([(lines.low[i], lines.high[i]) for lines in hidden])
                if sides is None:
                    return False
                stack += sides
        some = [i for i, _ in ends]
        mine = [Lines(*(getattr(lines, f.name)[some] for f in fields(lines))) for lines in hidden]
        if ends and not checker.closed([e for _, e in ends], mine, error[some], low, high, goal):
            return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    """The leaves under one path, and the bounds (width,) that hold there already."""

    leaves: Sequence[Leaf]
    path: tuple[int, ...]
    known: Known | None

    def sides(self, known: Known) -> list[_Branch] | None:
        """Both signs of the unit that is asked next; None where the leaves do not ask the same one."""
        unit = self.leaves[0].path[len(self.path)]
        found = [[x for x in self.leaves if x.path[len(self.path)] == sign] for sign in (unit, -unit)]
        if sum(map(len, found)) != len(self.leaves):
            return None
        return [_Branch(f, (*self.path, s), known) for f, s in zip(found, (unit, -unit), strict=True)]


def _joined(branches: Sequence[_Branch]) -> Known | None:
    if branches[0].known is None:
        return None
    layers = zip(*(b.known or () for b in branches), strict=True)
    return [(np.stack([low for low, _ in x]), np.stack([high for _, high in x])) for x in layers]
