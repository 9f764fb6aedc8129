"""How the cases are shared out and judged, in several processes: every case is a function of the seed and its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from hutong.engines.trust.runs.pool import environment
from hutong.engines.trust.runs.selftest.planting import ROLES, Plant, Role
from hutong.engines.trust.runs.selftest.scores import Score
from hutong.engines.trust.statistics.prng import stream

MOST = 4
# Below so many cases a second process costs more than it brings.
WORTH = 100
Judged = Counter[tuple[int, Role, str]]


def share_out(planted: Sequence[Plant], cases: int) -> list[int]:
    """Cases of each role of each plant: by weight, and never fewer than the plant's least."""
    weights = sum(plant.weight for plant in planted)
    return [max(plant.least, -(-cases * plant.weight // (3 * weights))) for plant in planted]


def judge_all(
    planted: tuple[Plant, ...], each: Sequence[int], seed: str, processes: int | None = None
) -> tuple[Score, ...]:
    """The score of every plant. `RuntimeError` where a process ends without an answer."""
    of = processes or min(MOST, os.cpu_count() or 1)
    few = of < 2 or sum(each) < WORTH
    found = judge_part(planted, each, seed, 0, 1) if few else _elsewhere(planted, each, seed, of)
    scores = [Score(plant.name) for plant in planted]
    for (place, role, state), times in sorted(found.items()):
        for _ in range(times):
            scores[place] = scores[place].plus(role, state, planted[place].caught)
    return tuple(scores)


def judge_part(planted: Sequence[Plant], each: Sequence[int], seed: str, part: int, of: int) -> Judged:
    """Every of-th case, counted by plant, role and state."""
    found: Judged = Counter()
    for place, role, number in list(_jobs(planted, each))[part::of]:
        plant = planted[place]
        found[place, role, plant.state(role, stream(seed, f"{plant.name}.{role}", number))] += 1
    return found


def _jobs(planted: Sequence[Plant], each: Sequence[int]) -> Iterator[tuple[int, Role, int]]:
    for place, times in zip(range(len(planted)), each, strict=True):
        for role in ROLES:
            for number in range(times):
                yield place, role, number


def _elsewhere(planted: Sequence[Plant], each: Sequence[int], seed: str, of: int) -> Judged:
    order = [sys.executable, "-m", "hutong.engines.trust.runs.selftest"]
    job = {"names": [p.name for p in planted], "each": list(each), "seed": seed, "of": of}
    workers = [
        subprocess.Popen(
            [*order, json.dumps(job | {"part": part})],
            stdout=subprocess.PIPE,
            env=environment(),
        )
        for part in range(of)
    ]
    found: Judged = Counter()
    try:
        for worker in workers:
            said, _ = worker.communicate()
            if worker.returncode:
                raise RuntimeError(f"a process of the self-test ended with status {worker.returncode}")
            for place, role, state, times in json.loads(said):
                found[place, role, state] += times
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return found
