"""Decisions with and without the compiler are the same to the last bit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from hutong.engines.broker.place import POLICIES, Patience, bid_price, inflated, replay

HERE = Path(__file__).resolve()
PLAIN = """
import sys
sys.path[:0] = [{source!r}, {tests!r}]
from broker.place.test_compiled import decisions
print(decisions())
"""


def decisions() -> str:
    """A digest of every decision and sum on one small case."""
    from . import cases

    digest = hashlib.sha256()
    cluster, jobs = cases.cluster(21, 10), cases.drawn(21, 90, models=True)
    arrivals = inflated(cluster, jobs, 42)
    for policy in POLICIES:
        made = replay(cluster, jobs, arrivals, policy, 42)
        for part in (made.node, made.gpus, made.used, made.fragment):
            digest.update(part.tobytes())
    for patience in (Patience(), Patience(8, 20)):
        placed = bid_price(cluster, jobs, arrivals, patience=patience)
        for part in (placed.node, placed.gpus, placed.used, placed.waiting):
            digest.update(part.tobytes())
    placed = bid_price(cluster, jobs, arrivals, refusals=5, moves=9)
    for part in (placed.node, placed.gpus, placed.used, placed.turned_away, *placed.moves):
        digest.update(part.tobytes())
    return digest.hexdigest()


@pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed: there is nothing to compare")
def test_compiled_and_plain_decide_alike() -> None:
    code = PLAIN.format(source=str(HERE.parents[4] / "src"), tests=str(HERE.parents[2]))
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    plain = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=200,
        check=False,
    )
    assert plain.stdout.strip() == decisions(), plain.stderr[-2000:]
