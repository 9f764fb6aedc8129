"""What a placement decision is made of: the fleet, the request, the policy order, and the answer with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.broker.chips import Chip, Partition, catalogue
from hutong.engines.broker.place.fragment import Floats
from hutong.engines.broker.place.state import MILLI, MOST_GPUS, Board, Ints
from hutong.kernel.errors import Exhausted, Invalid
from hutong.kernel.text import Text

TERMS = ("speed", "gradient", "price", "egress", "carbon")
REASONS = {
    "residence": Text("the data may not go there", "数据不得离开其法定区域"),
    "switch": Text("outside the part of the network that was tried", "不在所尝试的网络范围内"),
    "model": Text("another chip model", "芯片型号不符"),
    "template": Text("no partition of that template is free", "没有该模板的空闲切分"),
    "cpu": Text("too little CPU is idle", "空闲 CPU 不足"),
    "memory": Text("too little memory is idle", "空闲内存不足"),
    "gpus": Text("too few GPUs are idle", "空闲 GPU 不足"),
}


@dataclass(frozen=True)
class Fleet:
    """The nodes with what a decision needs to know of them. Arrays have shape (n,).

    speed: (classes, models) measured throughput of a workload class on a model, 0 where unknown; zone: legal zone;
    price: fen per GPU-hour; egress: fen to bring the data there; carbon: grams per GPU-hour; switches: (n, levels)
    number of the switch above the node, leaf first; partitions: those in use by (node, GPU). A GPU with partitions has no
    idle share on the board.
    """

    names: tuple[str, ...]
    board: Board
    speed: Floats
    zone: Ints
    price: Ints
    egress: Ints
    carbon: Ints
    switches: Ints
    models: tuple[str, ...]
    partitions: Mapping[tuple[int, int], tuple[Partition, ...]] = field(default_factory=dict)
    chips: Mapping[str, Chip] = field(default_factory=catalogue)


@dataclass(frozen=True)
class Want:
    """A request. milli is asked of each GPU; zones: legal zones the data may be in, None for any."""

    cpu_milli: int
    memory_mib: int
    gpus: int
    milli: int = MILLI
    accepts: int = 0
    workload: int = 0
    zones: frozenset[int] | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        shared = self.milli != MILLI or self.template is not None
        wrong = self.cpu_milli < 0 or self.memory_mib < 0 or not 0 <= self.gpus <= MOST_GPUS
        if wrong or not 0 < self.milli <= MILLI or (shared and self.gpus != 1):
            raise Invalid(
                Text("The request has an impossible amount", "申请的数量不可能成立"),
                rule="broker.amounts",
                remedy=Text(
                    "Use amounts of zero or more, at most 8 GPUs a node; a share or a template is of one GPU",
                    "数量须不小于零，每节点 GPU 不超过 8 个；份额与切分模板只能取自一个 GPU",
                ),
                field="gpus",
            )

    def request(self) -> Ints:
        return np.array(
            [self.cpu_milli, self.gpus, self.milli if self.gpus else 0, self.accepts, self.memory_mib]
        )


@dataclass(frozen=True)
class Order:
    """A policy: its version, and terms first to last (lexicographic) or with weights (sum of terms scaled 0 to 1)."""

    version: str
    terms: tuple[str, ...] = ("speed", "gradient", "price", "carbon")
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        unknown = [term for term in self.terms if term not in TERMS]
        if unknown or (self.weights is not None and len(self.weights) != len(self.terms)):
            raise Invalid(
                Text(
                    "The placement policy has an unknown term or a missing weight",
                    "调度策略含未知项或缺少权重",
                ),
                rule="broker.placement_terms",
                remedy=Text("Terms: {terms}", "可用项：{terms}").format(terms=", ".join(TERMS)),
                field="terms",
            )


@dataclass(frozen=True)
class Runner:
    """A node that was not chosen: what kept it out, or the term by which it came second, with both values."""

    node: int
    reason: str
    value: float
    chosen_value: float


@dataclass(frozen=True)
class Choice:
    """The decision. `blocked`: nodes by the first constraint that kept them out."""

    node: int
    gpus: tuple[int, ...]
    start: int
    version: str
    values: Mapping[str, float]
    rejected: tuple[Runner, ...]
    blocked: Mapping[str, int]


def nowhere(counts: Mapping[str, int]) -> Exhausted:
    """The refusal where no node is left, with the commonest constraint as its rule."""
    reason = max(counts, key=lambda name: counts[name]) if counts else "gpus"
    return Exhausted(
        Text("No node can take this: {why}", "没有节点可以容纳：{why}").format(why=REASONS[reason]),
        rule=f"broker.{reason}",
        remedy=Text(
            "Wait, ask for less, or accept more chip models", "请等待、减少申请量，或接受更多芯片型号"
        ),
        field=reason,
    )
