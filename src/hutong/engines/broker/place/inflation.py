"""Tasks that arrive until the demand is a given multiple of the cluster, as in the published FGD experiments.

Procedure of the authors' simulator (pods shuffled, then tuned up or down to the ratio): tasks sorted by name and
shuffled; where the demand is below the target, tasks drawn with replacement are appended; where it is above,
tasks drawn at random are taken out. The order of nodes that decides ties is a random permutation of the nodes
sorted by name, from the same generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hutong.engines.broker.place.gorandom import GoRandom
from hutong.engines.broker.place.state import Ints, Nodes, Tasks

PUBLISHED_RATIO = Fraction(13, 10)
WATCHES = 10  # numbers that the simulator's resource watches draw (their time-outs) before nodes are permuted


@dataclass(frozen=True)
class Arrivals:
    """`order`: positions in the trace, in order of arrival. `rank`: shape (nodes,), lowest wins a tie."""

    order: Ints
    rank: Ints


def inflated(nodes: Nodes, tasks: Tasks, seed: int, ratio: Fraction = PUBLISHED_RATIO) -> Arrivals:
    """Arrivals for one seed: 42 to 51 give the sequences of the published results."""
    random = GoRandom(seed)
    random.int63()  # the authors' simulator logs one number after seeding
    by_name = sorted(range(len(tasks)), key=tasks.names.__getitem__)
    order = [by_name[i] for i in random.shuffled(len(tasks))]
    order = _tuned(order, by_name, tasks, nodes.gpu_milli, ratio, random)
    for _ in range(WATCHES):
        random.int63()
    rank = np.empty(len(nodes.names), dtype=np.int64)
    rank[sorted(range(len(nodes.names)), key=nodes.names.__getitem__)] = random.perm(len(nodes.names))
    return Arrivals(np.array(order, dtype=np.int64), rank)


def _tuned(
    order: list[int], by_name: list[int], tasks: Tasks, capacity: int, ratio: Fraction, random: GoRandom
) -> list[int]:
    demand = [int(amount) for amount in tasks.gpu_milli]
    per_gpu = [int(amount) for amount in tasks.milli]
    total = sum(demand)
    target = ratio * capacity
    while total > target:
        total -= demand[order.pop(random.intn(len(order)))]
    if sum(demand) >= target:
        return order
    while True:
        drawn = by_name[random.intn(len(by_name))]
        if total + per_gpu[drawn] > target:  # of one GPU, as the authors compare it
            return order
        total += demand[drawn]
        order.append(drawn)
