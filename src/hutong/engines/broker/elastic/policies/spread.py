"""Nodes for jobs of any size: whole nodes first, then whatever is free, the largest job first.

Two ways: anew each round as the published simulator of Sia does (its loop charges no move between nodes of equal
shape), or keeping nodes where a job's size stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from hutong.engines.broker.elastic.cluster import Pool


def spread(sizes: Sequence[tuple[str, int]], pool: Pool) -> dict[str, tuple[int, ...]]:
    """Node of each chip by job, for (job, chips) pairs that fit the pool together."""
    free = [pool.chips_per_node] * pool.nodes
    start = 0
    placed: dict[str, tuple[int, ...]] = {}
    for name, chips in sorted(sizes, key=lambda pair: -pair[1]):
        node, left = start, chips
        nodes: list[int] = []
        for _ in range(pool.nodes):
            if left < pool.chips_per_node:
                break
            if free[node] == pool.chips_per_node:
                free[node] = 0
                left -= pool.chips_per_node
                nodes += [node] * pool.chips_per_node
            node = (node + 1) % pool.nodes
        while left > 0:
            take = min(left, free[node])
            free[node] -= take
            left -= take
            nodes += [node] * take
            node = (node + 1) % pool.nodes
        placed[name] = tuple(nodes)
        start = node
    return placed
