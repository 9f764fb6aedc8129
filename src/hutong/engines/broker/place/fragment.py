"""How much of a node's idle GPU the typical task mix cannot use (Weng et al., USENIX ATC 2023, section 4.2).

Expected fragment of node n: F_n = sum over types m of share_m * (idle milli-GPU of n that m cannot use).
A type of the mix meets a node in one of seven classes; memory does not enter:

- no GPU asked: ``xl`` CPU fits, ``xr`` CPU lacks; all idle GPU counts as fragment in both;
- ``no_access``: the node's model is not accepted; all idle GPU counts;
- enough GPUs with residual >= request: ``q3`` if CPU fits (only GPUs with a smaller residual count, booked
  under ``q2``), else ``q4`` (all idle GPU counts);
- too few such GPUs: ``q2`` if CPU fits, else ``q1`` (all idle GPU counts).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.place.state import CPU, Board, Ints, accepted, after
from hutong.engines.broker.place.typical import Mix

CLASSES = ("q1", "q2", "q3", "q4", "xl", "xr", "no_access")
Q1, Q2, Q3, Q4, XL, XR, NO_ACCESS = range(7)
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class MixTable(NamedTuple):
    """The mix as the kernels take it: types (k, 5) CPU, GPUs, milli, accepted models, index of milli in `levels`;
    share (k,); the distinct milli values (l,)."""

    types: Ints
    share: Floats
    levels: Ints


@compiled
def node_classes(cpu: int, gpu: Ints, model: int, mix: MixTable, amounts: Floats) -> None:
    """Fill `amounts` (7,) with the idle milli-GPU of one node by class, weighted by the shares of the mix.

    Sums run in mix order, so the same state gives the same bits.
    """
    levels, types = mix.levels, mix.types
    enough = np.zeros(len(levels), dtype=np.int64)
    small = np.zeros(len(levels), dtype=np.int64)
    total = 0
    for idle in gpu:
        if idle <= 0:
            continue
        total += idle
        for level in range(len(levels)):
            if idle >= levels[level]:
                enough[level] += 1
            else:
                small[level] += idle
    amounts[:] = 0.0
    for kind in range(len(types)):
        fit, share, level = cpu >= types[kind, 0], mix.share[kind], types[kind, 4]
        if types[kind, 2] == 0:
            amounts[XL if fit else XR] += share * total
        elif not accepted(types[kind, 3], model):
            amounts[NO_ACCESS] += share * total
        elif enough[level] < types[kind, 1]:
            amounts[Q2 if fit else Q1] += share * total
        elif fit:
            amounts[Q2] += share * small[level]
            amounts[Q3] += share * (total - small[level])
        else:
            amounts[Q4] += share * total


@compiled
def node_fragment(cpu: int, gpu: Ints, model: int, mix: MixTable, amounts: Floats) -> float:
    """Expected fragment of one node, milli-GPU: all classes but ``q3``, added in the authors' order."""
    node_classes(cpu, gpu, model, mix, amounts)
    return float(amounts[Q1] + amounts[Q2] + amounts[Q4] + amounts[XL] + amounts[XR] + amounts[NO_ACCESS])


def mix_table(mix: Mix) -> MixTable:
    """The mix as arrays for the kernels."""
    levels, index = np.unique(mix.milli, return_inverse=True)
    types = np.column_stack([mix.cpu_milli, mix.gpus, mix.milli, mix.accepts, index.reshape(-1)])
    return MixTable(np.ascontiguousarray(types, dtype=np.int64), mix.share, levels.astype(np.int64))


def fragments(board: Board, mix: Mix) -> Floats:
    """Shape (nodes, 7): idle milli-GPU of each node by class (columns as `CLASSES`); rows sum to the idle GPU."""
    table = mix_table(mix)
    out = np.zeros((len(board.cpu), len(CLASSES)))
    for node in range(len(out)):
        node_classes(int(board.cpu[node]), board.gpu[node], int(board.model[node]), table, out[node])
    return out


@compiled
def growth(board: Board, nodes: Ints, requests: Ints, slots: Ints, mix: MixTable, out: Floats) -> None:
    """Fill `out` with the growth of each node's expected fragment, milli-GPU, if it took its request.

    nodes, slots, out: (n,); requests: (n, 5). Negative where the request uses up a fragment.
    """
    trial, amounts = np.zeros(board.gpu.shape[1], dtype=np.int64), np.zeros(7)
    for index in range(len(nodes)):
        node, request = nodes[index], requests[index]
        cpu, model = board.cpu[node], board.model[node]
        before = node_fragment(cpu, board.gpu[node], model, mix, amounts)
        after(board.gpu[node], request, slots[index], trial)
        out[index] = node_fragment(cpu - request[CPU], trial, model, mix, amounts) - before
