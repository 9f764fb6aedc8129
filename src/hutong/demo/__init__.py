"""The demonstration: a real journey through every gate, by the same operations that people use. Django must be set up."""

from __future__ import annotations

from hutong.demo.journey import Result, travel
from hutong.demo.stage import Journey, Report, silent

__all__ = ["Journey", "Report", "Result", "run_demo", "silent"]


def run_demo(report: Report = silent, connection: str = "local") -> Result:
    """Carry two systems through the lane of an empty hub. RuntimeError when the hub is not empty.

    connection: how the hub reaches the computing centre, a name in its `centres.yaml`.
    """
    from hutong.platform.ledger import store

    if store.size():
        raise RuntimeError("the journey begins in an empty hub: choose another home (hutong --home DIR demo)")
    return travel(Journey(report, connection))
