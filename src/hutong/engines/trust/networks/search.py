"""Branch and bound on the inputs: halve boxes until each is proven, or holds a counter-example.

For few inputs. Three things make it fast: all open boxes of a batch are bounded together; children start from the
bounds of their parent; and a box is cut along the input that moves the units of unknown sign most, weighted by what
each costs the output bound (the smear of ReluVal, Wang et al., USENIX Security 2018, on CROWN's coefficients).
Before that a box shrinks to where its linear bounds still allow a counter-example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.networks.attack import CounterExample, confirm, descend
from hutong.engines.trust.networks.bounds import Bounder, Bounds, Boxes, Linear
from hutong.engines.trust.networks.network import F64, Network
from hutong.engines.trust.networks.proof import Cuts
from hutong.engines.trust.networks.properties import Case
from hutong.engines.trust.networks.rounding import reach

Mask = NDArray[np.bool_]

# A box narrower than this share of the first one is not cut again.
SMALLEST = 2.0**-30
_BATCH_NUMBERS = 1 << 16
# The first boxes are few, so a descent from each costs little and finds most of what is there.
_DESCENTS = 24


@dataclass(frozen=True, slots=True, eq=False)
class _Open:
    """Boxes to be bounded, with the bounds of the hidden layers that they inherit, per layer; number: in the proof."""

    low: F64
    high: F64
    known: tuple[tuple[F64, F64], ...]
    number: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.low)

    def part(self, where: slice) -> _Open:
        known = tuple((a[where], b[where]) for a, b in self.known)
        return _Open(self.low[where], self.high[where], known, self.number[where])

    @staticmethod
    def join(parts: list[_Open]) -> _Open:
        known = tuple(
            (np.concatenate([p[0] for p in layer]), np.concatenate([p[1] for p in layer]))
            for layer in zip(*(p.known for p in parts), strict=True)
        )
        low, high = (np.concatenate(x) for x in zip(*((p.low, p.high) for p in parts), strict=True))
        return _Open(low, high, known, np.concatenate([p.number for p in parts]))


@dataclass(slots=True)
class Findings:
    """What a search came to. stuck: boxes given up. real_only: some box was proven in real arithmetic alone."""

    nodes: int = 0
    open: int = 0
    stuck: int = 0
    real_only: bool = False
    late: bool = False
    counter_example: CounterExample | None = None


@dataclass(eq=False)
class InputSearch:
    """One case of a property. stop: the deadline. report: told nodes and open boxes after each batch.

    cuts: the proof, where it ends in one.
    """

    network: Network
    case: Case
    stop: Callable[[], bool]
    report: Callable[[int, int], None]
    findings: Findings = field(default_factory=Findings)
    cuts: Cuts = field(default_factory=Cuts)

    def run(self) -> Findings:
        low, high = self.case.proof_box()
        self._root = high - low
        self._bounder, self._real = Bounder(self.network), Bounder(self.network, runtime=False)
        self._rows = np.concatenate([g.rows for g in self.case.goals])
        self._limits = np.concatenate([g.limits for g in self.case.goals])
        self._goal = np.repeat(np.arange(len(self.case.goals)), [len(g.rows) for g in self.case.goals])
        units = max(sum(self.network.hidden), 1)
        batch = int(np.clip(_BATCH_NUMBERS // units, 8, 1024))
        known = tuple((np.full((1, n), -np.inf), np.full((1, n), np.inf)) for n in self.network.hidden)
        stack = [_Open(low[None], high[None], known, np.zeros(1, np.intp))]
        found = self.findings
        while stack and found.counter_example is None:
            if self.stop():
                found.late = True
                break
            taken = [stack.pop()]
            while stack and sum(map(len, taken)) < batch:
                taken.append(stack.pop())
            boxes = _Open.join(taken)
            if len(boxes) > batch:
                stack.append(boxes.part(slice(batch, None)))
                boxes = boxes.part(slice(batch))
            children = self._expand(boxes)
            if len(children):
                stack.append(children)
            found.open = sum(map(len, stack))
            self.report(found.nodes, found.open)
        return found

    def _expand(self, boxes: _Open) -> _Open:
        """Bound the boxes and return the children of those that stay open."""
        self.findings.nodes += len(boxes)
        bounds = self._bounder.over(Boxes(boxes.low, boxes.high), list(boxes.known))
        trace: list[F64] = []
        linear = self._bound_goals(self._bounder, bounds, trace)
        n, m = len(boxes), len(self._rows)
        least = linear.least.reshape(n, m)
        alive = self._alive(least) & ~bounds.void[:, None]
        keep: Mask = np.asarray(alive.any(axis=1))
        low, high = self._clip(bounds.boxes, linear.slopes.reshape(n, m, -1), least, alive)
        keep = np.logical_and(keep, (low <= high).all(axis=1))
        low, high = np.where(keep[:, None], low, 0.0), np.where(keep[:, None], high, 0.0)
        self._try_points(
            np.concatenate([0.5 * (low + high)[keep], self._corners(linear, bounds, least)[keep]])
        )
        if self.findings.counter_example is None:
            keep &= ~self._given_up(low, high, linear, keep)
        score = self._score(bounds, trace, least, alive)
        known = tuple(h.restrict(keep) for h in bounds.hidden)
        return self._halve(_Open(low[keep], high[keep], known, boxes.number[keep]), score[keep])

    def _bound_goals(self, bounder: Bounder, bounds: Bounds, trace: list[F64] | None) -> Linear:
        n, m = len(bounds.boxes), len(self._rows)
        owner = np.repeat(np.arange(n), m)
        return bounder.outputs(bounds, np.tile(self._rows, (n, 1)), np.tile(self._limits, n), owner, trace)

    def _alive(self, least: F64) -> Mask:
        """Which goals may still be reached in which box, (n, goals): one row above 0 rules a goal out."""
        alive = np.ones((len(least), len(self.case.goals)), np.bool_)
        for i, goal in enumerate(self._goal):
            alive[:, goal] &= ~(least[:, i] > 0.0)
        return alive

    def _clip(self, boxes: Boxes, slopes: F64, least: F64, alive: Mask) -> tuple[F64, F64]:
        """The smallest box around where the linear bounds allow some goal that is alive, rounded outwards.

        Where a row is at most 0, slope * (x - its cheapest end) <= -least for each input on its own.
        """
        low, high = np.full_like(boxes.low, np.inf), np.full_like(boxes.high, -np.inf)
        for goal in range(len(self.case.goals)):
            first, last = boxes.low.copy(), boxes.high.copy()
            for i in np.flatnonzero(self._goal == goal):
                slope, room = slopes[:, i], np.maximum(-least[:, i : i + 1], 0.0)
                with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                    span = np.abs(room / slope)
                    span += 1e-14 * (span + boxes.magnitude) + 1e-200
                last = np.where(slope > 0.0, np.fmin(last, boxes.low + span), last)
                first = np.where(slope < 0.0, np.fmax(first, boxes.high - span), first)
            use = (alive[:, goal] & (first <= last).all(axis=1))[:, None]
            low, high = (
                np.where(use, np.minimum(low, first), low),
                np.where(use, np.maximum(high, last), high),
            )
        return low, high

    def _corners(self, linear: Linear, bounds: Bounds, least: F64) -> F64:
        """Where the most promising row's linear bound is least: (n, inputs)."""
        n, m = least.shape
        slopes = linear.slopes.reshape(n, m, -1)[np.arange(n), least.argmax(axis=1)]
        return np.where(slopes > 0.0, bounds.boxes.low, bounds.boxes.high)

    def _try_points(self, points: F64) -> None:
        if not len(points):
            return
        outputs = self.network.forward(points)
        excess = np.stack([g.excess(outputs) for g in self.case.goals])
        hits = np.flatnonzero((excess <= 0.0).any(axis=0))
        order = hits[np.argsort(excess.min(axis=0)[hits])][:4]
        found = confirm(self.network, self.case, points[order])
        if found is None and self.findings.nodes and not self.stop():
            goal = int(excess.min(axis=1).argmin())
            start = points[np.argsort(excess[goal])[:_DESCENTS]]
            found = descend(self.network, self.case, self.case.goals[goal], start, 6, self.stop)
        self.findings.counter_example = found

    def _given_up(self, low: F64, high: F64, linear: Linear, keep: Mask) -> Mask:
        """Boxes not to be cut: those whose margin is lost in rounding, if proven in real arithmetic; tiny ones."""
        done = np.zeros(len(low), np.bool_)
        index = np.flatnonzero(keep)
        middle, width = 0.5 * (low + high)[index], (high - low)[index]
        error = reach(self.network, middle) @ np.abs(self._rows).max(axis=0)
        slopes = np.abs(linear.slopes).reshape(len(low), len(self._rows), -1)[index]
        moves = (slopes @ width[:, :, None])[:, :, 0]
        excess = np.min([g.excess(self.network.forward(middle)) for g in self.case.goals], axis=0)
        near = (moves.max(axis=1) <= error) & (excess > 0.0) & (excess <= error)
        if near.any():
            at, moves = index[near], moves[near]
            boxes = Boxes(low[at], high[at])
            both = [self._bound_goals(b, b.over(boxes), None).least for b in (self._bounder, self._real)]
            run, real = (least.reshape(moves.shape) for least in both)
            # Cutting helps as long as a bound moves more over the box than rounding takes from it.
            proven = ~self._alive(run).any(axis=1)
            lost = ~proven & ~self._alive(real).any(axis=1) & ((real - run > moves) | (run > 0.0)).all(axis=1)
            done[at[proven | lost]] = True
            self.findings.real_only |= bool(lost.any())
        tiny = keep & ~done & (high - low <= SMALLEST * self._root).all(axis=1)
        self.findings.stuck += int(tiny.sum())
        return done | tiny

    def _score(self, bounds: Bounds, trace: list[F64], least: F64, alive: Mask) -> F64:
        """How much halving each input should tighten the bounds, (n, inputs)."""
        n, m = least.shape
        best = self._decisive(least, alive) + np.arange(n) * m
        score = np.zeros_like(bounds.boxes.low)
        for rows, h, (owner, unit, slopes) in zip(reversed(trace), bounds.hidden, bounds.pulls, strict=True):
            low, high = h.low[owner, unit], h.high[owner, unit]
            crossing = (low < 0.0) & (high > 0.0)
            gap = np.minimum(-low, high) / np.where(crossing, high - low, 1.0)
            weight = np.where(crossing, np.abs(rows[best[owner], unit]) * gap, 0.0)
            for d in range(score.shape[1]):
                score[:, d] += np.bincount(owner, weight * slopes[:, d], minlength=n)
        return score

    def _decisive(self, least: F64, alive: Mask) -> NDArray[np.intp]:
        """The row nearest to ruling out the goal that is farthest from being ruled out, (n,)."""
        per_goal = [np.where(self._goal == g, least, -np.inf) for g in range(len(self.case.goals))]
        highest = np.stack([p.max(axis=1) for p in per_goal], axis=1)
        goal = np.where(alive, highest, np.inf).argmin(axis=1)
        rows: NDArray[np.intp] = np.stack([p.argmax(axis=1) for p in per_goal], axis=1)
        return np.asarray(rows[np.arange(len(least)), goal])

    def _halve(self, boxes: _Open, score: F64) -> _Open:
        width = boxes.high - boxes.low
        gain = score * width
        # Where no unit is left to weigh, the widest input for its first box is cut.
        flat = gain.max(axis=1, initial=0.0) <= 0.0
        gain[flat] = (width / np.where(self._root > 0.0, self._root, 1.0))[flat]
        cut, at = gain.argmax(axis=1), np.arange(len(boxes))
        middle = 0.5 * (boxes.low[at, cut] + boxes.high[at, cut])
        high, low = boxes.high.copy(), boxes.low.copy()
        high[at, cut] = low[at, cut] = middle
        known = tuple((np.concatenate([a, a]), np.concatenate([b, b])) for a, b in boxes.known)
        number = self.cuts.open(boxes.number, boxes.low, boxes.high, cut, middle)
        return _Open(np.concatenate([boxes.low, low]), np.concatenate([high, boxes.high]), known, number)
