"""Adapters to the engines of computing centres: one contract, several engines. Plain classes; no Django.

from hutong.modules.compute.adapters import Attempt, Task
from hutong.modules.compute.adapters.local import LocalCentre
centre = LocalCentre("hub", Path("centre"), chips=4)
centre.start(Attempt("JOB-1", "a1", 1), Task(("true",), chips=1, limit_s=60), key="k")
"""

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import (
    ENDED,
    REFUSED,
    SAVED,
    STATES,
    Adapter,
    Capacity,
    Hold,
    Pool,
    Receipt,
    Report,
    Segment,
    State,
    Usage,
)
from hutong.modules.compute.adapters.refusals import Unreachable

__all__ = [
    "ENDED",
    "REFUSED",
    "SAVED",
    "STATES",
    "Adapter",
    "Attempt",
    "Capacity",
    "Hold",
    "Pool",
    "Receipt",
    "Report",
    "Segment",
    "State",
    "Task",
    "Unreachable",
    "Usage",
]
