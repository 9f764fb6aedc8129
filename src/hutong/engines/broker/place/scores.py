"""The scores of the six published policies: whole numbers 0 to 100, highest wins.

Truncation to whole numbers is part of each policy: it makes ties, and the tie order decides them. Formulas as in
the simulator of Weng et al. (ATC 2023): dot product after Tetris (Grandl et al., SIGCOMM 2014), best fit over
(CPU, GPU), packing and clustering by GPU, fragmentation gradient descent.
"""

from __future__ import annotations

import math

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.fragment import Floats, MixTable, node_fragment
from hutong.engines.broker.place.state import CPU, GPUS, SHARE, Board, Ints, after, tightest

POLICIES = ("Random", "DotProd", "GpuClustering", "GpuPacking", "BestFit", "FGD")
RANDOM, DOT_PRODUCT, CLUSTERING, PACKING, BEST_FIT, FGD = range(6)
LARGEST_CPU, LARGEST_GPU = 128_000.0, 8_000.0  # of the largest node, to norm by; published setting


@compiled
def idle_gpu(gpu: Ints) -> int:
    """Idle milli-GPU of a node."""
    total = 0
    for idle in gpu:
        if idle > 0:
            total += idle
    return total


@compiled
def dot_product(board: Board, node: int, request: Ints) -> int:
    """One hundred less half the dot product of idle and asked (CPU, GPU): big idle amounts are kept for others."""
    product = 0.0
    product += (board.cpu[node] / LARGEST_CPU) * (request[CPU] / LARGEST_CPU)
    product += (idle_gpu(board.gpu[node]) / LARGEST_GPU) * (request[GPUS] * request[SHARE] / LARGEST_GPU)
    return int(100.0 * (1.0 - product / 2.0))


@compiled
def best_fit(board: Board, node: int, request: Ints) -> int:
    """One hundred less the mean of what would be left of CPU and GPU."""
    left = 0.0
    left += (board.cpu[node] - request[CPU]) / LARGEST_CPU * 0.5
    left += (idle_gpu(board.gpu[node]) - request[GPUS] * request[SHARE]) / LARGEST_GPU * 0.5
    return int((1.0 - left) * 100.0)


@compiled
def packing(board: Board, node: int, request: Ints) -> int:
    """Shared GPUs before free GPUs of a used node before free nodes."""
    if request[GPUS] == 0:
        return 0
    whole = board.whole[node]
    if whole == board.installed[node]:
        return int(max(33 - whole, whole))
    if request[SHARE] < 1000:
        tight = board.gpu[node][tightest(board.gpu[node], request[SHARE])]
        if tight < 1000:
            return int(max(100 - tight * 100 // 1000 // 10, 50))
    return int(max(50 - request[GPUS], 33))


@compiled
def clustering(board: Board, node: int, request: Ints) -> int:
    """Nodes that run only this kind of request, then mixed ones with it, then empty ones, then others."""
    if request[GPUS] == 0:
        return 0
    packed = 25 * (8000 - idle_gpu(board.gpu[node])) // 8000
    present = 0
    for tasks in board.kinds[node]:
        present += tasks > 0
    if board.kinds[node, 0 if request[SHARE] < 1000 else request[GPUS]] > 0:
        return packed + (75 if present == 1 else 50)
    return packed + (25 if present == 0 else 0)


@compiled
def descent(before: float, after: float) -> int:
    """FGD: the fragmentation gradient through a sigmoid, in whole hundredths."""
    return int(1.0 / (1.0 + math.exp(-((before - after) / 1000))) * 100.0)


@compiled
def fgd(
    board: Board, node: int, request: Ints, before: float, mix: MixTable, trial: Ints, amounts: Floats
) -> tuple[int, int]:
    """Score of a node that fits the request and, for a share, the GPU to take (lowest index of equals).

    before: fragment of the node now. trial (8,) and amounts (7,) are scratch.
    """
    gpu, left, model = board.gpu[node], board.cpu[node] - request[CPU], board.model[node]
    if request[GPUS] != 1 or request[SHARE] == 1000:
        after(gpu, request, -1, trial)
        return descent(before, node_fragment(left, trial, model, mix, amounts)), -1
    best, chosen = 0, -1
    for index in range(len(gpu)):
        twin = gpu[index] < request[SHARE]
        for other in range(index):  # an equal residual before this one scores the same and wins the tie
            twin = twin or gpu[other] == gpu[index]
        if twin:
            continue
        after(gpu, request, index, trial)
        score = descent(before, node_fragment(left, trial, model, mix, amounts))
        if chosen < 0 or score > best:
            best, chosen = score, index
    return best, chosen
