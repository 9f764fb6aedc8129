"""The value of a node's idle capacity: GPU in use that it will probably come to, milli-GPU.

Four parts, all from the typical mix and the prices of `prices`:

- pattern value: the best filling of each idle GPU at the prices, with the node's CPU as one constraint. By
  Lagrangian relaxation it is ``min over c of c * idle CPU + sum over GPUs of v_c(residual)``, where ``v_c`` is an
  unbounded knapsack at CPU price c; so it is concave in CPU and no GPU counts that the CPU cannot feed.
- expected filling: what a residual comes to when tasks that fit come in the proportions of the mix; it orders
  what the prices leave equal.
- balance: idle GPU beyond what the idle CPU feeds at the mean need of the mix counts against the node, as far as
  the cluster as a whole has CPU to spare;
- whole nodes: idle GPUs that tasks of several GPUs could not use count against the node by their share of demand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.prices import LEVELS, UNIT
from hutong.engines.broker.place.state import (
    CPU,
    GPUS,
    MILLI,
    SHARE,
    Board,
    Ints,
    accepted,
    after,
    fits,
)
from hutong.engines.broker.place.typical import Mix

CPU_PRICES = (
    0.0,
    1.0,
    2.0,
    4.0,
    7.0,
    10.0,
    15.0,
    20.0,
    30.0,
    45.0,
    60.0,
    90.0,
    150.0,
    300.0,
)  # milli-GPU a core
FILLING_WEIGHT = 0.2
FILLING_END = 0.01  # chance that no further task comes, against the chance of one that fits
BALANCE_WEIGHT = 0.1
SEVERAL_WEIGHT = 0.02


class Value(NamedTuple):
    """prices (c,) of a core; pattern (models + 1, c, 101) and filling (101,) by residual; weight of the balance; need:
    milli-cores per milli-GPU of the mean GPU task; several: (k, 3) CPU, GPUs, accepted models of the types that ask
    more than one GPU, with their weighted shares of the GPU demand (k,)."""

    prices: Floats
    pattern: Floats
    filling: Floats
    balance: float
    need: float
    several: Ints
    several_share: Floats


class Standing(NamedTuple):
    """Gains by (type, node) with the GPU to take, the version they hold for, and the value of each node now."""

    gain: Floats
    slot: Ints
    seen: Ints
    version: Ints
    value: Floats
    trial: Ints


def empty_standing(types: int, nodes: int) -> Standing:
    shape = (types, nodes)
    return Standing(
        np.zeros(shape), np.full(shape, -1, dtype=np.int64), np.full(shape, -1, dtype=np.int64),
        np.zeros(nodes, dtype=np.int64), np.zeros(nodes), np.zeros(8, dtype=np.int64),
    )  # fmt: skip


@compiled
def pattern_values(prices: Floats, net: Floats, types: Ints, pattern: Floats) -> None:
    """Fill `pattern` (models + 1, prices, 101): best value of a residual. types: (k, 4) CPU, GPUs, size, accepts.

    A task of several GPUs counts per GPU; it needs them whole. The last row is for nodes whose model has no name.
    """
    top = pattern.shape[2] - 1
    for row in range(pattern.shape[0]):
        model = row if row < pattern.shape[0] - 1 else -1
        for level in range(len(prices)):
            for residual in range(1, top + 1):
                best = pattern[row, level, residual - 1]
                for kind in range(len(types)):
                    gpus, size = types[kind, 1], types[kind, 2]
                    if gpus == 0 or size > residual or not accepted(types[kind, 3], model):
                        continue
                    worth = (net[kind] - prices[level] * types[kind, 0] / 1000.0) / gpus
                    if size < top:
                        worth += pattern[row, level, residual - size]
                    best = max(best, worth)
                pattern[row, level, residual] = best


@compiled
def pattern_value(cpu: int, gpu: Ints, model: int, value: Value) -> float:
    """The pattern value alone: what the prices say this idle capacity can still earn."""
    best = np.inf
    for level in range(len(value.prices)):
        worth = value.prices[level] * cpu / 1000.0
        for residual in gpu:
            if residual > 0:
                worth += value.pattern[model, level, residual // UNIT]
        best = min(best, worth)
    return best


@compiled
def unusable(cpu: int, whole: int, model: int, value: Value) -> float:
    """Idle whole GPUs that tasks of several GPUs cannot use if the node takes one type alone, milli-GPU by share."""
    lost = 0.0
    for kind in range(len(value.several)):
        need, gpus = value.several[kind, 0], value.several[kind, 1]
        tasks = whole // gpus if accepted(value.several[kind, 2], model) else 0
        if need > 0:
            tasks = min(tasks, cpu // need)
        lost += value.several_share[kind] * (whole - tasks * gpus) * 1000.0
    return lost


@compiled
def node_value(cpu: int, gpu: Ints, model: int, value: Value) -> float:
    """Value of one node that has this idle: pattern value, expected filling and balance."""
    idle, whole, filling = 0, 0, 0.0
    for residual in gpu:
        if residual > 0:
            idle += residual
            whole += residual == 1000
            filling += value.filling[residual // UNIT]
    if idle == 0:
        return 0.0
    lost = value.balance * max(0.0, idle - cpu / value.need) + unusable(cpu, whole, model, value)
    return pattern_value(cpu, gpu, model, value) + filling - lost


@compiled
def worth_of(board: Board, node: int, request: Ints, slot: int, value: Value, trial: Ints) -> float:
    """GPU the request uses less what it displaces on this node at the prices, milli-GPU."""
    after(board.gpu[node], request, slot, trial)
    left, model = board.cpu[node] - request[CPU], board.model[node]
    before = pattern_value(board.cpu[node], board.gpu[node], model, value)
    return float(request[GPUS] * request[SHARE] + pattern_value(left, trial, model, value) - before)


@compiled
def gain_of(board: Board, node: int, request: Ints, value: Value, standing: Standing) -> tuple[float, int]:
    """Change of the node's value by the request and, for a share, the GPU to take (lowest index of equals)."""
    gpu, trial, left = board.gpu[node], standing.trial, board.cpu[node] - request[CPU]
    model, before = board.model[node], standing.value[node]
    if request[GPUS] != 1 or request[SHARE] == 1000:
        after(gpu, request, -1, trial)
        return node_value(left, trial, model, value) - before, -1
    best, chosen = -np.inf, -1
    for index in range(len(gpu)):
        twin = gpu[index] < request[SHARE]
        for other in range(index):
            twin = twin or gpu[other] == gpu[index]
        if twin:
            continue
        after(gpu, request, index, trial)
        gain = node_value(left, trial, model, value) - before
        if gain > best:
            best, chosen = gain, index
    return best, chosen


@compiled
def best_placement(board: Board, request: Ints, kind: int, value: Value, standing: Standing) -> int:
    """The node where the value falls least, the first in order of those within 1e-9; -1 for none."""
    best, chosen = -np.inf, -1
    for node in range(len(board.cpu)):
        if not fits(board, node, request):
            continue
        if standing.seen[kind, node] != standing.version[node]:
            standing.seen[kind, node] = standing.version[node]
            gain, slot = gain_of(board, node, request, value, standing)
            standing.gain[kind, node], standing.slot[kind, node] = gain, slot
        if standing.gain[kind, node] > best + 1e-9:
            best, chosen = standing.gain[kind, node], node
    return chosen


def valued(mix: Mix, net: Floats, models: int, spare: float) -> Value:
    """Tables for the kernels. spare: CPU left for GPU tasks over their mean need, cluster-wide; above 1 is plenty."""
    prices = np.array(CPU_PRICES)
    pattern = np.zeros((models + 1, len(prices), LEVELS + 1))
    types = np.column_stack([mix.cpu_milli, mix.gpus, -(-mix.milli // UNIT), mix.accepts]).astype(np.int64)
    pattern_values(prices, net, types, pattern)
    weight = BALANCE_WEIGHT * min(1.0, max(0.0, (spare - 1.0) / 0.1))
    chosen = mix.gpus > 1
    several = np.column_stack([mix.cpu_milli, mix.gpus, mix.accepts])[chosen].astype(np.int64)
    demand = mix.share * mix.gpus * mix.milli
    shares = SEVERAL_WEIGHT * demand[chosen] / demand.sum()
    filling = FILLING_WEIGHT * expected_filling(mix)
    return Value(prices, pattern, filling, weight, mean_need(mix), several, shares)


def mean_need(mix: Mix) -> float:
    """Milli-cores per milli-GPU over the GPU tasks of the mix."""
    asks = mix.gpus > 0
    return float((mix.share * mix.cpu_milli)[asks].sum() / (mix.share * mix.gpus * mix.milli).sum())


def expected_filling(mix: Mix) -> Floats:
    """Shape (101,): use that a residual comes to when one-GPU tasks that fit it come in the mix's proportions.

    ``W(r) = sum over m that fit r of p_m (s_m + W(r - s_m)) / (P(r) + end)``, P(r) the share of those that fit.
    """
    single = mix.gpus == 1
    size, share = -(-mix.milli[single] // UNIT), mix.share[single]
    filling = np.zeros(LEVELS + 1)
    for residual in range(1, LEVELS + 1):
        able = size <= residual
        worth = share[able] * (size[able] * float(UNIT) + filling[residual - size[able]])
        filling[residual] = worth.sum() / (share[able].sum() + FILLING_END)
    return filling


def spare_cpu(board: Board, mix: Mix, expected: Floats) -> float:
    """CPU left for GPU tasks over what the idle GPU needs at the mean, after the CPU-only tasks that come meanwhile.

    CPU-only tasks are counted for as long as the expected GPU demand would take to fill the idle GPU.
    """
    idle = float(np.maximum(board.gpu, 0).sum())
    if idle == 0:
        return 0.0
    demand = float((expected * mix.gpus * mix.milli).sum())
    without_gpu = float((expected * mix.cpu_milli)[mix.gpus == 0].sum())
    left = float(board.cpu.sum()) - without_gpu * min(1.0, idle / max(demand, float(MILLI)))
    return left / (mean_need(mix) * idle)
