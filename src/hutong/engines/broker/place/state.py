"""A cluster and its tasks as arrays of integers: thousandths of a core, MiB, thousandths of a GPU.

Models are codes 0..62; a task names the models it accepts as a bit mask, 0 meaning any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.compiled import compiled
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

MILLI = 1000
MOST_GPUS = 8
MOST_MODELS = 63
CPU, GPUS, SHARE, ACCEPTS, MEMORY = range(5)  # columns of a request
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Nodes:
    """n nodes at full capacity. Arrays have shape (n,)."""

    names: tuple[str, ...]
    cpu_milli: Ints
    memory_mib: Ints
    gpus: Ints
    model: Ints
    models: tuple[str, ...]

    @property
    def gpu_milli(self) -> int:
        """All GPUs of the cluster, thousandths."""
        return int(self.gpus.sum()) * MILLI


@dataclass(frozen=True)
class Tasks:
    """m requests. `milli` is asked of each of `gpus` GPUs; below 1000 only where one GPU is asked for.

    spec: rank of the text that names the models, alphabetical; it tells types apart and orders equal counts.
    """

    names: tuple[str, ...]
    cpu_milli: Ints
    memory_mib: Ints
    gpus: Ints
    milli: Ints
    accepts: Ints
    spec: Ints

    def __len__(self) -> int:
        return len(self.cpu_milli)

    def take(self, order: Ints) -> Tasks:
        """The tasks at these positions, repeats allowed."""
        return Tasks(
            tuple(self.names[i] for i in order),
            self.cpu_milli[order],
            self.memory_mib[order],
            self.gpus[order],
            self.milli[order],
            self.accepts[order],
            self.spec[order],
        )

    @property
    def gpu_milli(self) -> Ints:
        """Shape (m,): GPU demand of each task, thousandths."""
        return self.gpus * self.milli


class Board(NamedTuple):
    """What is idle now, changed in place by `book` and `release`. n nodes; GPUs a node has not got are -1.

    cpu, memory, model, installed (GPUs of the node), whole (GPUs wholly idle), largest (largest idle share of one
    GPU): (n,). gpu: (n, 8) idle milli of each GPU. kinds: (n, 9) tasks running by kind of request, 0 a share,
    else that many GPUs.
    """

    cpu: Ints
    memory: Ints
    gpu: Ints
    model: Ints
    installed: Ints
    whole: Ints
    largest: Ints
    kinds: Ints


def empty_board(nodes: Nodes, order: Ints | None = None) -> Board:
    """All nodes idle, in the given order (default: as listed)."""
    at = np.arange(len(nodes.names)) if order is None else order
    count = nodes.gpus[at]
    gpu = np.where(np.arange(MOST_GPUS)[None, :] < count[:, None], MILLI, -1).astype(np.int64)
    kinds = np.zeros((len(at), MOST_GPUS + 1), dtype=np.int64)
    return Board(
        nodes.cpu_milli[at], nodes.memory_mib[at], gpu, nodes.model[at], count, count.copy(),
        np.where(count > 0, MILLI, -1).astype(np.int64), kinds,
    )  # fmt: skip


def requests_of(tasks: Tasks) -> Ints:
    """Shape (m, 5): CPU, GPUs, milli of each GPU, accepted models, memory."""
    columns = [tasks.cpu_milli, tasks.gpus, tasks.milli, tasks.accepts, tasks.memory_mib]
    return np.ascontiguousarray(np.column_stack(columns), dtype=np.int64)


@compiled
def accepted(accepts: int, model: int) -> bool:
    """Whether the bit mask admits the model; 0 admits every node."""
    return accepts == 0 or (model >= 0 and (accepts >> model) & 1 == 1)


@compiled
def fits(board: Board, node: int, request: Ints) -> bool:
    """Whether the node holds the request. A share may go onto a used GPU, whole GPUs must be wholly idle."""
    if board.cpu[node] < request[CPU] or board.memory[node] < request[MEMORY]:
        return False
    if request[GPUS] == 0:
        return True
    if not accepted(request[ACCEPTS], board.model[node]):
        return False
    if request[SHARE] < 1000:
        return bool(board.largest[node] >= request[SHARE])
    return bool(board.whole[node] >= request[GPUS])


@compiled
def tightest(gpu: Ints, milli: int) -> int:
    """The GPU with the least residual that holds `milli`; lowest index of equals; -1 for none."""
    best = -1
    for index in range(len(gpu)):
        if gpu[index] >= milli and (best < 0 or gpu[index] < gpu[best]):
            best = index
    return best


@compiled
def after(gpu: Ints, request: Ints, slot: int, trial: Ints) -> None:
    """Fill `trial` with the idle GPUs once the request is taken, a share from GPU `slot`."""
    trial[:] = gpu
    if request[GPUS] == 1 and request[SHARE] < 1000:
        trial[slot] -= request[SHARE]
        return
    wanted = request[GPUS]
    for index in range(len(gpu)):
        if wanted > 0 and gpu[index] == 1000:
            trial[index] = 0
            wanted -= 1


@compiled
def book(board: Board, node: int, request: Ints, slot: int, taken: Ints) -> None:
    """Take the request from the node: GPU `slot` for a share, the first whole ones otherwise.

    `taken` (8,) receives the milli taken of each GPU.
    """
    board.cpu[node] -= request[CPU]
    board.memory[node] -= request[MEMORY]
    if request[GPUS] == 0:
        return
    wanted = request[GPUS]
    for index in range(board.gpu.shape[1]):
        if request[SHARE] < 1000:
            if index == slot:
                taken[index] = request[SHARE]
        elif wanted > 0 and board.gpu[node, index] == 1000:
            taken[index] = 1000
            wanted -= 1
        board.gpu[node, index] -= taken[index]
    board.kinds[node, 0 if request[SHARE] < 1000 else request[GPUS]] += 1
    summarise(board, node)


@compiled
def release(board: Board, node: int, request: Ints, taken: Ints) -> None:
    """Give back what `book` took."""
    board.cpu[node] += request[CPU]
    board.memory[node] += request[MEMORY]
    if request[GPUS] == 0:
        return
    for index in range(board.gpu.shape[1]):
        board.gpu[node, index] += taken[index]
    board.kinds[node, 0 if request[SHARE] < 1000 else request[GPUS]] -= 1
    summarise(board, node)


@compiled
def retake(board: Board, node: int, request: Ints, taken: Ints) -> None:
    """Take again exactly what `release` gave back."""
    board.cpu[node] -= request[CPU]
    board.memory[node] -= request[MEMORY]
    if request[GPUS] == 0:
        return
    for index in range(board.gpu.shape[1]):
        board.gpu[node, index] -= taken[index]
    board.kinds[node, 0 if request[SHARE] < 1000 else request[GPUS]] += 1
    summarise(board, node)


@compiled
def summarise(board: Board, node: int) -> None:
    """Bring `whole` and `largest` of a node up to date with its GPUs."""
    whole, largest = 0, -1
    for index in range(board.gpu.shape[1]):
        idle = board.gpu[node, index]
        whole += idle == 1000
        largest = max(largest, idle)
    board.whole[node] = whole
    board.largest[node] = largest


def checked(nodes: Nodes, tasks: Tasks) -> None:
    """Raise `Invalid` naming the first row that no node or task may have."""
    bad_node = (nodes.gpus < 0) | (nodes.gpus > MOST_GPUS) | (nodes.cpu_milli < 0) | (nodes.memory_mib < 0)
    shared = (tasks.milli > 0) & (tasks.milli < MILLI)
    bad_task = (tasks.cpu_milli < 0) | (tasks.memory_mib < 0) | (tasks.gpus < 0) | (tasks.gpus > MOST_GPUS)
    bad_task |= (tasks.milli < 0) | (tasks.milli > MILLI) | (shared & (tasks.gpus != 1))
    bad_task |= (tasks.gpus > 0) != (tasks.milli > 0)
    for bad, names, field in ((bad_node, nodes.names, "nodes"), (bad_task, tasks.names, "tasks")):
        if bad.any():
            name = names[int(np.flatnonzero(bad)[0])]
            raise Invalid(
                Text("{name} asks for or has an impossible amount", "{name} 的数量不可能成立").format(
                    name=name
                ),
                rule="broker.amounts",
                remedy=Text(
                    "Use amounts of zero or more, at most 8 GPUs, and a share of one GPU only",
                    "数量须不小于零，GPU 不超过 8 个，份额只能取自一个 GPU",
                ),
                field=field,
            )
