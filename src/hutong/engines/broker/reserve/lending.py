"""The event loop of a partnership: ends, submissions, rights, lending, at each instant in this order."""

from __future__ import annotations

import numpy as np

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve import shadow as s
from hutong.engines.broker.reserve.profile import NEVER, Ints
from hutong.engines.broker.reserve.quantiles import foretell, observe

ARRIVED, DUE, RUNNING, WAITING = range(4)
"""Fields of `count`: submissions and rights dealt with, jobs in `on` and in `queue`."""


@compiled
def bring_home(
    j: int, now: int, jobs: Ints, centres: Ints, policy: Ints, on: Ints, queue: Ints, count: Ints
) -> None:
    """Start the job at its home, evicting as needed; evicted jobs with a right go home in turn, each at most once."""
    stack, depth = np.empty(len(on), np.int64), 1
    stack[0] = j
    while depth:
        depth -= 1
        j = stack[depth]
        home = jobs[j, s.HOME]
        while centres[home, s.FREE] < jobs[j, s.CHIPS]:
            i = s.victim(jobs, on, count[RUNNING], home, policy, now)
            if i < 0:
                raise RuntimeError("the shadow silo is no schedule of this centre")
            out = on[i]
            s.evict(jobs[out], centres, policy, now)
            count[RUNNING] -= 1
            on[i] = on[count[RUNNING]]
            if jobs[out, s.RIGHT]:
                stack[depth] = out
                depth += 1
            else:
                jobs[out, s.KEY] = s.rekey(jobs[out], policy)
                s.insert(jobs, queue, count[WAITING], out)
                count[WAITING] += 1
        s.begin(jobs[j], centres, home, now)
        on[count[RUNNING]] = j
        count[RUNNING] += 1


@compiled
def give_right(
    j: int, now: int, jobs: Ints, centres: Ints, policy: Ints, on: Ints, queue: Ints, count: Ints
) -> None:
    """The shadow starts the job: unless it has ended, runs at home or may stay away, it comes home now."""
    job = jobs[j]
    if job[s.AT] == s.ENDED:
        return
    job[s.RIGHT] = 1
    if job[s.AT] == job[s.HOME] or (job[s.AT] >= 0 and s.may_stay(job, policy)):
        return
    if job[s.AT] >= 0:
        s.evict(job, centres, policy, now)
        count[RUNNING] = s.remove(on, count[RUNNING], j)
    else:
        count[WAITING] = s.remove(queue, count[WAITING], j)
    bring_home(j, now, jobs, centres, policy, on, queue, count)


@compiled
def lend(now: int, jobs: Ints, centres: Ints, on: Ints, queue: Ints, count: Ints) -> None:
    """Start whoever fits on chips that no right claims, in the order of the waiting list."""
    most, left = centres[:, s.FREE].max(), 0
    for k in range(count[WAITING]):
        j = queue[k]
        at = s.partner(jobs[j], centres) if jobs[j, s.CHIPS] <= most else -1
        if at < 0:
            queue[left] = j
            left += 1
            continue
        s.begin(jobs[j], centres, at, now)
        on[count[RUNNING]] = j
        count[RUNNING] += 1
        most = centres[:, s.FREE].max()
    count[WAITING] = left


@compiled
def finish(
    now: int, jobs: Ints, centres: Ints, policy: Ints, on: Ints, count: Ints, rings: Ints, seen: Ints
) -> None:
    """End the jobs whose time has come, and learn their run times."""
    i = 0
    while i < count[RUNNING]:
        job = jobs[on[i]]
        if s.ends_at(job, policy) > now:
            i += 1
            continue
        s.leave(job, centres, now)
        job[s.AT], job[s.END] = s.ENDED, now
        observe(rings, seen, job[s.KIND], job[s.RUN])
        count[RUNNING] -= 1
        on[i] = on[count[RUNNING]]


@compiled
def next_instant(submit: Ints, turn: Ints, jobs: Ints, policy: Ints, on: Ints, count: Ints) -> int:
    """When something happens next; `NEVER` where all is done."""
    now = int(NEVER)
    if count[ARRIVED] < len(submit):
        now = int(submit[count[ARRIVED]])
    if count[DUE] < len(turn):
        now = min(now, int(jobs[turn[count[DUE]], s.SHADOW]))
    for i in range(count[RUNNING]):
        now = min(now, s.ends_at(jobs[on[i]], policy))
    return now


@compiled
def replay(
    submit: Ints, turn: Ints, jobs: Ints, centres: Ints, policy: Ints, by_length: bool, rings: Ints, seen: Ints, default: int
) -> int:  # fmt: skip
    """Run the log through. Writes `jobs`; answers how many instants there were. `turn` lists the jobs by shadow start."""
    count = np.zeros(4, np.int64)
    on, queue = np.empty(centres[:, s.TOTAL].sum() + 1, np.int64), np.empty(len(submit) + 1, np.int64)
    instants = 0
    while True:
        now = next_instant(submit, turn, jobs, policy, on, count)
        if now == NEVER:
            return instants
        instants += 1
        finish(now, jobs, centres, policy, on, count, rings, seen)
        while count[ARRIVED] < len(submit) and submit[count[ARRIVED]] == now:
            j = count[ARRIVED]
            jobs[j, s.KEY] = foretell(rings, seen, jobs[j, s.KIND], 500, default) if by_length else j
            s.insert(jobs, queue, count[WAITING], j)
            count[WAITING] += 1
            count[ARRIVED] += 1
        while count[DUE] < len(turn) and jobs[turn[count[DUE]], s.SHADOW] == now:
            count[DUE] += 1
            give_right(turn[count[DUE] - 1], now, jobs, centres, policy, on, queue, count)
        lend(now, jobs, centres, on, queue, count)
