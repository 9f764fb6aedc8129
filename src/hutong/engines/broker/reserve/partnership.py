"""Many centres that lend each other chips, and none whose own users end later for it.

The mechanism is a *shadow silo*: beside the real centres runs a simulation of each centre alone, with its own users'
jobs only, under EASY backfill. When the shadow starts a job, the job gets a *right*: it must from then on run, and its
home centre makes room by evicting guests and own jobs that started before their turn. All other starts use chips that
no right claims, at home or at a partner, and are revocable at any instant.

Why no own user ends later than alone. (1) Jobs with a right that are still running are running in their shadow silo
too, so they fit their home together. (2) An eviction sends a job back to its last checkpoint. A job with a right may
stay away from home only with a lead over its shadow of one checkpoint interval plus one restore, so an eviction leaves
it level at worst, and then it goes home, where nothing evicts it. A job whose lead is smaller goes home when its right
comes; at worst it begins again, as the shadow does. Hence every job ends no later than in its silo, whatever the run
times are, and the shadow can be computed while it happens: a run time is known by the time the shadow needs it.
(The idea of running the simulated fair schedule beside the real one is that of Friedman and Henderson 2003, "Fairness
and efficiency in web server protocols", for one processor; here with gangs, many homes and the price of eviction.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hutong.engines.broker.reserve import lending
from hutong.engines.broker.reserve import shadow as s
from hutong.engines.broker.reserve.profile import Ints
from hutong.engines.broker.reserve.quantiles import KEPT
from hutong.engines.broker.reserve.silo import Log, replay_easy
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Order = Literal["submission", "shortest"]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a partnership.

    checkpoint: seconds of progress between checkpoints of a job, 0 where jobs have none (an eviction loses all).
    restore: seconds a job needs to load a checkpoint. order: who gets chips that no right claims: first come, or the
    shortest expected run time (median of the class) first; quantum: with "shortest", an evicted job goes one level
    back each time its kept progress doubles past so many seconds.
    """

    checkpoint: int = 1800
    restore: int = 60
    order: Order = "shortest"
    quantum: int = 3600

    def table(self) -> Ints:
        return np.array(
            [self.checkpoint, self.restore, self.quantum if self.order == "shortest" else 0], np.int64
        )


@dataclass(frozen=True, slots=True)
class Shared:
    """What N jobs got, all in seconds or counts: silo start (shadow), first start, end, evictions, work lost, time away.

    key: their order among those who wait, as it was at submission, smaller first.
    """

    shadow: Ints
    first: Ints
    end: Ints
    evictions: Ints
    lost: Ints
    away: Ints
    key: Ints


def replay_silos(log: Log, home: Ints, capacity: Ints, *, share: float = 0.5, default: int = 86_400) -> Ints:
    """Start of each job where every centre runs its own users' jobs alone under EASY (see `silo.replay_easy`)."""
    start = np.empty(len(log.submit), np.int64)
    for centre in range(len(capacity)):
        own = home == centre
        alone = Log(log.submit[own], log.run[own], log.chips[own], log.kind[own])
        start[own] = replay_easy(alone, int(capacity[centre]), share=share, default=default).start
    return start


def replay_partnership(
    log: Log,
    home: Ints,
    capacity: Ints,
    shadow: Ints,
    terms: Terms,
    *,
    lendable: Ints | None = None,
    leaves: Ints | None = None,
    default: int = 86_400,
) -> Shared:
    """Replay a log over centres that lend to each other; no job ends later than in its shadow silo.

    home: (N,) centre of each job's users. capacity: (C,) chips. shadow: (N,) silo starts (`replay_silos`; any valid
    schedule of the home centre may stand there). lendable: (C,) chips that guests may hold at once, by default all.
    leaves: (N,) 0 where the job may not leave home (data residence), by default 1. Raises `Invalid` where the shadow
    asks a centre for more chips than it has or the promise would be impossible.
    """
    jobs = _jobs(log, home, shadow, leaves)
    centres = np.zeros((len(capacity), 4), np.int64)
    centres[:, s.TOTAL] = centres[:, s.FREE] = capacity
    centres[:, s.LENDABLE] = capacity if lendable is None else lendable
    _check(log, home, capacity, shadow)
    rings, seen = np.zeros((log.classes + 1, KEPT), np.int64), np.zeros(log.classes + 1, np.int64)
    turn = np.argsort(shadow, kind="stable").astype(np.int64)
    by_length = terms.order == "shortest"
    lending.replay(log.submit, turn, jobs, centres, terms.table(), by_length, rings, seen, default)
    column = {"first": s.FIRST, "end": s.END, "evictions": s.EVICTED, "lost": s.LOST, "away": s.AWAY}
    told = {name: jobs[:, k].copy() for name, k in column.items()}
    return Shared(shadow=shadow, key=jobs[:, s.KEY] % s.LEVEL, **told)


def _jobs(log: Log, home: Ints, shadow: Ints, leaves: Ints | None) -> Ints:
    jobs = np.zeros((len(log.submit), s.JOB_FIELDS), np.int64)
    jobs[:, s.RUN], jobs[:, s.CHIPS], jobs[:, s.KIND] = log.run, log.chips, log.kind
    jobs[:, s.HOME], jobs[:, s.SHADOW] = home, shadow
    jobs[:, s.LEAVES] = 1 if leaves is None else leaves
    jobs[:, [s.AT, s.FIRST, s.END]] = s.WAITS
    return jobs


def _check(log: Log, home: Ints, capacity: Ints, shadow: Ints) -> None:
    """The shadow is a schedule: nothing before its submission, never more chips than the home has."""
    good = bool((shadow >= log.submit).all())
    for centre in range(len(capacity)):
        own = home == centre
        when = np.concatenate((shadow[own] + log.run[own], shadow[own]))
        change = np.concatenate((-log.chips[own], log.chips[own]))
        # At one instant ends (listed first) come before starts.
        used = np.cumsum(change[np.argsort(when, kind="stable")])
        good = good and int(used.max(initial=0)) <= int(capacity[centre])
    if not good:
        raise Invalid(
            Text(
                "The silo schedule starts a job too early or uses more chips than its centre has.",
                "独立排程中有作业开始过早，或占用芯片超过中心总量。",
            ),
            rule="reserve.shadow",
            remedy=Text(
                "Compute the silo schedule from the same log and capacities.",
                "请用同一日志与容量计算独立排程。",
            ),
            field="shadow",
        )


__all__ = ["Order", "Shared", "Terms", "replay_partnership", "replay_silos"]
