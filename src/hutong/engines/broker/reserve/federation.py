"""From a log to a federation: its groups of users become centres, and what they ask for sizes their chips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hutong.engines.broker.reserve.profile import Ints
from hutong.engines.broker.reserve.silo import Log
from hutong.engines.broker.traces.jobs import Trace
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Window = Literal["own", "log"]
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Federation:
    """A log over C centres: jobs (seconds), home of each, names. Classes of jobs: centre, user, size (powers of two)."""

    log: Log
    home: Ints
    names: tuple[str, ...]

    def demand(self, window: Window = "own") -> tuple[float, ...]:
        """Chips that each centre's users ask for on average: chip-seconds submitted over a window in seconds.

        own: from the centre's first submission to its last; log: from the log's first to its last.
        """
        work, submit = self.log.run * self.log.chips, self.log.submit
        whole = max(1, int(submit.max() - submit.min()))
        spans = [
            int(np.ptp(submit[self.home == c])) if window == "own" else whole for c in range(len(self.names))
        ]
        return tuple(float(work[self.home == c].sum()) / max(1, spans[c]) for c in range(len(self.names)))

    def capacity(self, level: float, window: Window = "own") -> Ints:
        """Chips of each centre: `level` times its demand, rounded up, and at least its largest job."""
        largest = [int(self.log.chips[self.home == c].max()) for c in range(len(self.names))]
        asked = self.demand(window)
        return np.array(
            [max(int(np.ceil(level * d)), m) for d, m in zip(asked, largest, strict=True)], np.int64
        )


def federation(trace: Trace, *, least_hours: int = 1000) -> Federation:
    """The groups of a trace as centres; those below `least_hours` chip-hours in all are left out, with their jobs.

    Raises `Invalid` where no group is left. Jobs without a run time are left out too; run times are whole seconds,
    rounded up.
    """
    run = -(-trace.run_ms // 1000)
    hours = np.bincount(trace.group, np.maximum(run, 0) * trace.chips, len(trace.groups)) / HOUR
    large = np.flatnonzero(hours >= least_hours)
    kept = np.isin(trace.group, large) & (run > 0) & (trace.chips > 0)
    if not kept.any():
        raise Invalid(
            Text("No centre of this log is large enough.", "该日志中没有足够大的中心。"),
            rule="reserve.federation",
            remedy=Text("Lower the least chip-hours of a centre.", "请降低中心的最低卡时。"),
            field="least_hours",
        )
    home = np.searchsorted(large, trace.group[kept]).astype(np.int64)
    chips, submit = trace.chips[kept], trace.submit_ms[kept] // 1000
    size = np.ceil(np.log2(chips)).astype(np.int64)
    _, kind = np.unique(np.stack((home, trace.user[kept], size)), axis=1, return_inverse=True)
    log = Log(submit - submit.min(), run[kept], chips, kind.reshape(-1).astype(np.int64))
    return Federation(log, home, tuple(trace.groups[int(c)] for c in large))
