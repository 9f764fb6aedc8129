"""What a task of each type is worth to the cluster as a whole: dual prices of a fluid packing problem.

Nodes are pooled by model and idle CPU per idle GPU; GPUs are counted by idle share in hundredths. Tasks still
expected are packed fractionally: flow through residuals (arc-flow model of cutting stock, Valerio de Carvalho
1999), CPU limited per pool, supply limited per type, GPU in use maximised. No task that fits is turned away, so
while whole GPUs last, every type is accepted at the same rate phi: shares at least, whole GPUs at most. The dual
values are bid prices as in network revenue management (Talluri & van Ryzin 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.state import MILLI, Board, Ints
from hutong.engines.broker.place.typical import Mix

UNIT = 10  # milli: requests are rounded up to it, residuals down
LEVELS = MILLI // UNIT  # residual of a whole GPU
CPU_PER_GPU = (0, 2, 4, 6, 9, 12, 16, 25, 60)  # edges of the pools, cores of a node per idle GPU of it


@dataclass(frozen=True)
class Pools:
    """g pools of like nodes: idle GPUs by residual (g, 101), idle CPU (g,) in cores, model (g,), -1 for mixed."""

    gpus: Floats
    cores: Floats
    model: Ints


@dataclass(frozen=True)
class Prices:
    """net: (k,) milli-GPU that accepting one task of a type adds, its own use less what it displaces.

    accepted: share of the expected tasks that will be accepted until whole GPUs run out. used: GPUs, the optimum.
    waiver: milli-GPU that one more task passed over would add.
    """

    net: Floats
    accepted: float
    used: float
    waiver: float


def pooled(board: Board, by_model: bool) -> Pools:
    """Pools of the nodes that have idle GPU. Models are kept apart only where tasks name them."""
    idle = np.maximum(board.gpu, 0)
    total = idle.sum(axis=1)
    active = np.flatnonzero(total > 0)
    bucket = np.searchsorted(CPU_PER_GPU, board.cpu[active] / np.maximum(total[active], 1))
    model = board.model[active] if by_model else np.full(len(active), -1)
    keys, pool = np.unique(np.column_stack([model, bucket]), axis=0, return_inverse=True)
    pool = pool.reshape(-1)
    gpus = np.zeros((len(keys), LEVELS + 1))
    np.add.at(gpus, (np.repeat(pool, idle.shape[1]), (idle[active] // UNIT).ravel()), 1.0)
    gpus[:, 0] = 0.0
    cores = np.bincount(pool, board.cpu[active], minlength=len(keys)) / MILLI
    return Pools(gpus, cores, keys[:, 0].astype(np.int64))


def priced(pools: Pools, mix: Mix, expected: Floats, waiting: float = 0.0) -> Prices:
    """Prices when `expected` (k,) tasks of each type of the mix are still to come and `waiting` of those that ask a
    GPU may be passed over: wait or be turned away.

    The linear program is solved by HiGHS through SciPy, deterministically.
    """
    program = Program(pools, mix)
    program.conserve(pools)
    program.limit(pools, mix, expected)
    program.equal_rate(mix, expected, waiting)
    result = program.solved()
    marginals = -result.ineqlin.marginals
    first, kinds = len(pools.cores), len(mix.share)
    price = marginals[first : first + kinds] - marginals[first + kinds : first + 2 * kinds]
    price[program.whole_kinds] += marginals[first + 2 * kinds + 1 :]
    net = mix.gpus * mix.milli - price * MILLI
    waiver = float(marginals[first + 2 * kinds]) * MILLI
    return Prices(net, float(result.x[program.rate]), float(-result.fun), waiver)


class Program:
    """The sparse rows of one linear program. Columns: arcs, placed (pool, type), unused, rate, waiting (type)."""

    def __init__(self, pools: Pools, mix: Mix) -> None:
        self.size = -(-mix.milli // UNIT)
        self.shared = (mix.gpus > 0) & (mix.milli < MILLI)
        self.whole = (mix.gpus > 0) & (mix.milli == MILLI)
        self.anywhere = mix.accepts == 0
        self.whole_kinds = np.flatnonzero(self.whole & self.anywhere)
        self.sizes = np.unique(self.size[self.shared])
        pool, residual, piece = np.meshgrid(
            np.arange(len(pools.cores)), np.arange(LEVELS + 1), np.arange(len(self.sizes)), indexing="ij"
        )
        cut = self.sizes[piece] <= residual
        self.arc_pool, self.arc_from, self.arc_piece = pool[cut], residual[cut], piece[cut]
        allowed = [[_admits(a, m) for a in mix.accepts] for m in pools.model]
        self.at_pool, self.kind = np.nonzero(np.array(allowed, dtype=bool) | (mix.gpus == 0)[None, :])
        self.placed = len(self.arc_pool)
        self.unused = self.placed + len(self.kind)
        self.rate = self.unused + pools.gpus.size
        self.waiting = self.rate + 1
        self.columns = self.waiting + len(mix.share)
        self.cost = np.zeros(self.columns)
        self.cost[self.placed : self.unused] = -(mix.gpus * mix.milli / MILLI)[self.kind]

    def conserve(self, pools: Pools) -> None:
        """Every GPU of a residual is cut, filled by a whole-GPU task or stays as it is; pieces are tasks placed."""
        width, arcs = LEVELS + 1, np.arange(self.placed)
        self.equal = Rows()
        node = self.arc_pool * width + self.arc_from
        self.equal.add(node, arcs, 1.0)
        self.equal.add(node - self.sizes[self.arc_piece], arcs, -1.0)
        chosen = np.flatnonzero(self.whole[self.kind])
        self.equal.add(self.at_pool[chosen] * width + LEVELS, self.placed + chosen, self.gpus_of(chosen))
        self.equal.add(np.arange(pools.gpus.size), self.unused + np.arange(pools.gpus.size), 1.0)
        link = pools.gpus.size + self.arc_pool * len(self.sizes) + self.arc_piece
        self.equal.add(link, arcs, 1.0)
        chosen = np.flatnonzero(self.shared[self.kind])
        piece = np.searchsorted(self.sizes, self.size[self.kind[chosen]])
        link = pools.gpus.size + self.at_pool[chosen] * len(self.sizes) + piece
        self.equal.add(link, self.placed + chosen, -1.0)
        self.supply = np.concatenate([pools.gpus.ravel(), np.zeros(len(pools.cores) * len(self.sizes))])

    def gpus_of(self, chosen: Ints) -> Floats:
        return -self.cost[self.placed + chosen]

    def limit(self, pools: Pools, mix: Mix, expected: Floats) -> None:
        """CPU of each pool; no more of a type than is expected."""
        columns = self.placed + np.arange(len(self.kind))
        self.less = Rows()
        self.less.add(self.at_pool, columns, (mix.cpu_milli / MILLI)[self.kind])
        self.less.add(len(pools.cores) + self.kind, columns, 1.0)
        self.bound = [*pools.cores, *expected]

    def equal_rate(self, mix: Mix, expected: Floats, waiting: float) -> None:
        """Types that any node may run: accepted at the rate or more, whole GPUs at the rate at most."""
        columns, kinds = self.placed + np.arange(len(self.kind)), np.arange(len(mix.share))
        row = len(self.bound)
        self.less.add(row + self.kind, columns, -1.0)
        self.less.add(row + kinds, np.full(len(kinds), self.rate), expected * self.anywhere)
        gpu = np.flatnonzero(mix.gpus > 0)
        self.less.add(row + gpu, self.waiting + gpu, -1.0)
        self.less.add(np.full(len(gpu), row + len(kinds)), self.waiting + gpu, 1.0)
        row += len(kinds) + 1
        chosen = np.flatnonzero(np.isin(self.kind, self.whole_kinds))
        self.less.add(row + np.searchsorted(self.whole_kinds, self.kind[chosen]), self.placed + chosen, 1.0)
        rows = row + np.arange(len(self.whole_kinds))
        self.less.add(rows, np.full(len(rows), self.rate), -expected[self.whole_kinds])
        self.bound += [0.0] * len(kinds) + [waiting] + [0.0] * len(rows)

    def solved(self) -> Any:
        bounds = np.zeros((self.columns, 2))
        bounds[:, 1] = np.inf
        bounds[self.rate, 1] = 1.0
        return linprog(
            self.cost,
            A_ub=self.less.matrix(len(self.bound), self.columns),
            b_ub=self.bound,
            A_eq=self.equal.matrix(len(self.supply), self.columns),
            b_eq=self.supply,
            bounds=bounds,
            method="highs",
        )


class Rows:
    """Entries of a sparse matrix, added block by block."""

    def __init__(self) -> None:
        self._blocks: list[tuple[Ints, Ints, Floats]] = []

    def add(self, rows: Ints, columns: Ints, values: Floats | float) -> None:
        self._blocks.append((rows, columns, np.broadcast_to(np.asarray(values, dtype=float), rows.shape)))

    def matrix(self, rows: int, columns: int) -> Any:
        row, column, value = (np.concatenate(part) for part in zip(*self._blocks, strict=True))
        return coo_matrix((value, (row, column)), shape=(rows, columns)).tocsr()


def _admits(accepts: int, model: int) -> bool:
    return bool(accepts == 0 or (model >= 0 and (int(accepts) >> int(model)) & 1))
