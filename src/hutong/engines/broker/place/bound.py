"""How much GPU any placement could bring into use for a given sequence of arrivals.

Two upper bounds from linear programs, both with CPU pooled over like nodes and tasks cut fractionally:

- free: any tasks may be left out;
- work-conserving: no task that fits is turned away. Take one type of share, kappa. Until the first kappa is turned
  away all of them are placed. From then on no node holds a kappa, and as tasks never leave, none ever will again,
  nor any task that asks at least as much of everything. So for the (unknown) moment t of that first refusal, kappas
  placed = kappas arrived by t, and of every such larger type at most those arrived by t. The bound is the largest
  optimum over t, found by halving intervals of t: an interval (a, b] is bounded by "at least those arrived by a" for
  kappa and "at most those arrived by b" for the larger ones.

It holds for every policy, on-line or with hindsight. With `moves`, t is the moment of the first kappa that fits nowhere.
A move of a running task may make room again after t, on the node left only, whose GPUs (at most 8) then hold that much
of larger tasks; so the larger tasks placed after t take at most 8 GPUs a move. A task that fits without a move still
has to be placed.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.place.fragment import Flags, Floats
from hutong.engines.broker.place.inflation import Arrivals
from hutong.engines.broker.place.prices import Pools, Program, pooled
from hutong.engines.broker.place.state import (
    ACCEPTS,
    CPU,
    GPUS,
    MEMORY,
    MILLI,
    SHARE,
    Nodes,
    Tasks,
    empty_board,
    requests_of,
)
from hutong.engines.broker.place.typical import Mix

CLOSE = 0.01  # per cent of the cluster: an interval this near the best is not halved further
PROGRAMS = 60


@dataclass(frozen=True)
class Bounds:
    """Upper bounds of GPU allocation in per cent. `programs`: linear programs solved."""

    free: float
    work_conserving: float
    programs: int


def bounds(nodes: Nodes, tasks: Tasks, arrivals: Arrivals, waiting: int = 0, moves: int = 0) -> Bounds:
    """Bounds for the arrivals; `waiting` tasks at most may be passed over though they fit (held back at a time, or
    turned away in all), `moves` of running tasks at most may be made."""
    problem = _Problem(nodes, tasks, arrivals, moves)
    free = problem.optimum(None, 0, 0)
    if problem.kappa < 0:
        return Bounds(free, free, 1)
    size, solved = len(problem.kinds), 1
    whole = (-min(free, problem.optimum(0, size, waiting)), 0, size)
    heap = [whole]
    while solved < PROGRAMS:
        best, low, high = heapq.heappop(heap)
        if high - low <= 1:
            heapq.heappush(heap, (best, low, high))
            break
        middle = (low + high) // 2
        parts = [
            (-min(-best, problem.optimum(a, b, waiting)), a, b) for a, b in ((low, middle), (middle, high))
        ]
        solved += 2
        for part in parts:
            heapq.heappush(heap, part)
        if -best - -heap[0][0] < CLOSE and high - low < size // 64:
            break
    return Bounds(free, round(-heap[0][0], 3), solved)


class _Problem:
    """Counts of the arriving types and the pools of the empty cluster."""

    def __init__(self, nodes: Nodes, tasks: Tasks, arrivals: Arrivals, moves: int) -> None:
        requests = requests_of(tasks.take(arrivals.order))
        types, kinds = np.unique(requests[:, :4], axis=0, return_inverse=True)
        self.kinds, self.requests = kinds.reshape(-1), requests
        share = np.bincount(self.kinds, minlength=len(types)) / len(requests)
        self.mix = Mix(types[:, CPU], types[:, GPUS], types[:, SHARE], types[:, ACCEPTS], share)
        self.pools: Pools = pooled(empty_board(nodes), bool(tasks.accepts.any()))
        self.capacity = nodes.gpu_milli / MILLI
        self.reopened = float(moves * nodes.gpus.max(initial=0))  # GPUs
        self.kappa = _kappa(self.mix)
        self.larger = self._larger() if self.kappa >= 0 else np.zeros(len(requests), dtype=bool)

    def _larger(self) -> Flags:
        """Arrivals that ask at least as much as any kappa of everything."""
        mine = self.requests[self.kinds == self.kappa]
        asks = self.requests
        enough = (
            (asks[:, CPU] >= mine[0, CPU]) & (asks[:, MEMORY] >= mine[:, MEMORY].max()) & (asks[:, GPUS] > 0)
        )
        larger: Flags = enough & (asks[:, SHARE] >= mine[0, SHARE])
        return larger

    def optimum(self, low: int | None, high: int, waiting: int) -> float:
        """GPU in use, per cent, when the first refusal of a kappa lies in (low, high]; no condition if low is None."""
        counts = np.bincount(self.kinds, minlength=len(self.mix.share)).astype(float)
        late, least = np.zeros(len(counts)), 0.0
        if low is not None:
            after = self.larger & (np.arange(len(self.kinds)) >= high)
            late = np.bincount(self.kinds[after], minlength=len(counts)).astype(float)
            least = max(0.0, float((self.kinds[:low] == self.kappa).sum()) - waiting)
        return -self._solved(counts, late, least) / self.capacity * 100.0

    def _solved(self, counts: Floats, late: Floats, least: float) -> float:
        """Less the GPUs in use: at least so many kappas placed, late larger tasks only where moves make room."""
        program = Program(self.pools, self.mix)
        program.conserve(self.pools)
        program.limit(self.pools, self.mix, counts if self.reopened else counts - late)
        if self.reopened and late.any():
            self._reopen(program, counts - late)
        if least > 0:
            columns = program.placed + np.flatnonzero(program.kind == self.kappa)
            program.less.add(np.full(len(columns), len(program.bound)), columns, -1.0)
            program.bound.append(-least)
        result = program.solved()
        return float(result.fun) if result.status == 0 else 0.0

    def _reopen(self, program: Program, early: Floats) -> None:
        """Tasks beyond the early ones take GPUs that moves reopened; a GPU holds so many of at least a kappa."""
        kinds, row = np.arange(len(early)), len(program.bound)
        program.less.add(row + program.kind, program.placed + np.arange(len(program.kind)), 1.0)
        program.less.add(row + kinds, program.waiting + kinds, -1.0)
        a_gpu = MILLI // self.mix.milli[self.kappa]
        takes = np.where(self.mix.milli == MILLI, self.mix.gpus, self.mix.gpus / a_gpu)
        program.less.add(np.full(len(kinds), row + len(kinds)), program.waiting + kinds, takes)
        program.bound += [*early, self.reopened]


def _kappa(mix: Mix) -> int:
    """The share that any node may run and that alone on a GPU leaves most idle over all its tasks; -1 for none."""
    shares = (mix.gpus == 1) & (mix.milli < MILLI) & (mix.accepts == 0)
    if not shares.any():
        return -1
    left = np.where(shares, mix.share * (MILLI % np.maximum(mix.milli, 1)), -1.0)
    return int(np.argmax(left))
