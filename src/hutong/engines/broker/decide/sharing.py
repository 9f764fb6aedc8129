"""Who gives chips back, and who gets what is left: two assignments (`elastic.assign`) in whole numbers, exact."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hutong.engines.broker.decide.lean import cost_ms
from hutong.engines.broker.decide.picture import Held, Sizing
from hutong.engines.broker.elastic import sizes as of
from hutong.engines.broker.elastic.assignment import FORBIDDEN, WAIT, assign
from hutong.engines.broker.elastic.cluster import Configuration


def cheapest(able: Sequence[Held], lack: int, sizing: Sizing) -> list[Held]:
    """The jobs that together give back at least `lack` chips for the least chip-time lost to saving and restarting; all,
    where all give less. Exact: those that are left alone are a knapsack of what need not come back."""
    if lack <= 0:
        return []
    gives = [h.chips - h.least for h in able]
    if sum(gives) <= lack:
        return list(able)
    options = sorted(set(gives))
    value = np.full((len(able), len(options)), FORBIDDEN)
    for row, held in enumerate(able):
        value[row, options.index(gives[row])] = held.chips * cost_ms(held.checkpoint_ms, sizing)
    configurations = [Configuration(0, n, 1) for n in options]
    kept = assign(value, configurations, [sum(gives) - lack])
    return [h for h, chosen in zip(able, kept, strict=True) if chosen == WAIT]


def share(jobs: tuple[of.Sized, ...], room: int, node_chips: int, sizing: Sizing) -> dict[str, int]:
    """Chips beyond what each job has (one at work) or asks for at least (one that starts), by name: the assignment of the
    greatest total worth within `room` chips."""
    if not jobs or room <= 0:
        return {}
    base = [job.now or job.least for job in jobs]
    open_ = [
        {n for n in of.sizes(job.least, job.most, node_chips) if low < n <= low + room}
        for job, low in zip(jobs, base, strict=True)
    ]
    every = tuple(sorted({n for each in open_ for n in each} | set(base)))
    worth = of.worths(jobs, every, sizing.stay_ms, sizing.serial_milli)
    extras = sorted({n - low for each, low in zip(open_, base, strict=True) for n in each})
    if not extras:
        return {}
    value = np.full((len(jobs), len(extras)), FORBIDDEN)
    for row, (each, low) in enumerate(zip(open_, base, strict=True)):
        here = worth[row][every.index(low)] or 0
        for n in each:
            there = worth[row][every.index(n)]
            if there is not None and there > here:
                value[row, extras.index(n - low)] = there - here
    chosen = assign(value, [Configuration(0, n, 1) for n in extras], [room])
    return {job.name: extras[one] for job, one in zip(jobs, chosen, strict=True) if one != WAIT}
