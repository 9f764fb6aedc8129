"""Chips for jobs of fixed size: a job keeps its chips while it stays on its pool, the largest jobs choose first.

Rule of Gavel's scheduler (Narayanan et al., OSDI 2020, section 5; `stanford-futuredata/gavel`), restated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hutong.engines.broker.elastic.cluster import Pool
from hutong.engines.broker.elastic.rounds import Grant

Workers = tuple[int, ...]


def place_rigid(
    chosen: Sequence[tuple[str, int]], before: Mapping[str, Workers], pool: Pool
) -> dict[str, Workers]:
    """Chip numbers of one pool for (job, chips) pairs; ``before`` holds those of the jobs that ran here."""
    sizes = dict(chosen)
    placed: dict[str, Workers] = {}
    taken: set[int] = set()
    order = sorted(chosen, key=lambda pair: -pair[1])
    for size in sorted(set(sizes.values()), reverse=True):
        same = [name for name, chips in order if chips == size]
        for name in same:
            old = before.get(name)
            if old is not None and taken.isdisjoint(old):
                placed[name] = old
                taken.update(old)
        for name in same:
            if name not in placed:
                free = (worker for worker in range(pool.chips) if worker not in taken)
                placed[name] = tuple(worker for worker, _ in zip(free, range(size), strict=False))
                taken.update(placed[name])
    return placed


def grant_of(pool: int, workers: Workers, pools: tuple[Pool, ...]) -> Grant:
    """The grant whose nodes hold these chip numbers."""
    per_node = pools[pool].chips_per_node
    return Grant(pool, tuple(worker // per_node for worker in workers))
