"""Compiled or plain Python: the same decisions to the last bit. Also without numba, whose absence is simulated."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

DIGEST = """
import hashlib, sys
if {bare}:
    import importlib.util as util
    real = util.find_spec
    util.find_spec = lambda name, *more: None if name == "numba" else real(name, *more)
import numpy as np
from hutong.engines.broker.reserve import *
luck = np.random.default_rng(1)
n = 120
home = luck.integers(0, 3, n)
log = Log(np.cumsum(luck.integers(0, 9, n)), luck.integers(1, 200, n), luck.choice([1, 2, 4], n), home)
shadow = replay_silos(log, home, np.array([4, 6, 8]), default=60)
made = replay_partnership(log, home, np.array([4, 6, 8]), shadow, Terms(checkpoint=9, restore=2))
pools = Pools.of([0, 1, 2], [40, 40, 40], [7, 9, 3], [4, 9, 9])
running = Running.of(luck.integers(0, 3, 30), luck.integers(1, 5, 30), luck.integers(-5, 99, 30))
queue = Queue.of(luck.integers(0, 5, n), log.chips * 2, log.run)
kinds = Kinds.of(luck.choice([0, 700, 1000], (5, 3)), luck.integers(0, 4, (5, 3)), luck.integers(0, 3, 5))
cycle = plan_starts(pools, running, queue, kinds, 0, windows=[(1, 5, 20, 60)], depth=2, per_pool=True)
plan = forecast(pools, running, queue, kinds, 0, windows=[(1, 5, 20, 60)])
eta = foretell_starts(log, 18, made.first, end=made.end, key=made.key, samples=8, seed=5, default=60)
parts = [shadow, made.first, made.end, made.evictions, made.lost, made.away, cycle.pool, cycle.reason,
         cycle.reason_pool, cycle.reserved, cycle.reasons, plan.pool, plan.when, eta.low, eta.middle, eta.high]
print(hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest())
"""


def digest(*, bare: bool) -> str:
    made = subprocess.run(
        [sys.executable, "-c", DIGEST.format(bare=bare)],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed: there is only one path")
def test_compiled_and_plain_decide_alike() -> None:
    assert digest(bare=False) == digest(bare=True)
