"""Steps of the partnership cycle: start, evict, bring home, lend. Written for compiled loops over integer tables.

The rule that protects each centre's own users is told in `partnership`. Here one row per job and one per centre hold
all state, so that the same steps serve the replay and a live broker.
"""

from __future__ import annotations

from hutong.engines.broker.compiled import compiled
from hutong.engines.broker.reserve.profile import NEVER, Ints

(
    RUN, CHIPS, HOME, KIND, LEAVES,  # what the job is: run time, chips, home centre, class, whether it may leave home
    SHADOW,  # start in the shadow silo; `NEVER` until the shadow gets there
    KEY,  # order among those who wait for lent or early chips: smaller first
    AT, SINCE, SAVED, RIGHT,  # centre it runs at (-1: waits, -2: ended), since when, progress kept safe, has a right
    FIRST, END, EVICTED, LOST, AWAY,  # first start, end, evictions, seconds of work lost, seconds run away from home
) = range(16)  # fmt: skip
JOB_FIELDS = 16
LEVEL = 1 << 48
"""Distance of two levels in `KEY`: more than any run time in milliseconds and any number of jobs."""
TOTAL, FREE, LENDABLE, LENT = range(4)
INTERVAL, RESTORE, QUANTUM = range(3)
WAITS, ENDED = -1, -2


@compiled
def restoring(job: Ints, policy: Ints) -> int:
    """Seconds that a start needs before progress goes on: none for a job that begins at its beginning."""
    return int(policy[RESTORE] if job[SAVED] > 0 else 0)


@compiled
def ends_at(job: Ints, policy: Ints) -> int:
    """When a running job ends, if nobody evicts it."""
    return int(job[SINCE] + restoring(job, policy) + job[RUN] - job[SAVED])


@compiled
def kept(job: Ints, policy: Ints, now: int) -> int:
    """The progress that would survive an eviction now: up to the last checkpoint, or none where beginning again is
    no slower than restoring it."""
    if policy[INTERVAL] <= 0:
        return 0
    made = max(0, now - job[SINCE] - restoring(job, policy))
    saved = job[SAVED] + made // policy[INTERVAL] * policy[INTERVAL]
    return int(saved if saved > policy[RESTORE] else 0)


@compiled
def may_stay(job: Ints, policy: Ints) -> bool:
    """Whether a job with a right may run away from home: one eviction at any later time must not make it late.

    The lead over the shadow silo stays constant while the job runs; an eviction costs at most one checkpoint interval
    and one restore.
    """
    if policy[INTERVAL] <= 0:
        return False
    return bool(job[SHADOW] + job[RUN] - ends_at(job, policy) >= policy[INTERVAL] + policy[RESTORE])


@compiled
def begin(job: Ints, centres: Ints, at: int, now: int) -> None:
    """Start a waiting job at a centre."""
    centres[at, FREE] -= job[CHIPS]
    if at != job[HOME]:
        centres[at, LENT] += job[CHIPS]
    job[AT], job[SINCE] = at, now
    if job[FIRST] < 0:
        job[FIRST] = now


@compiled
def leave(job: Ints, centres: Ints, now: int) -> None:
    """Give the chips back (at an end or an eviction)."""
    at = job[AT]
    centres[at, FREE] += job[CHIPS]
    if at != job[HOME]:
        centres[at, LENT] -= job[CHIPS]
        job[AWAY] += now - job[SINCE]
    job[AT] = WAITS


@compiled
def evict(job: Ints, centres: Ints, policy: Ints, now: int) -> None:
    """Stop a running job at once; what it did since its last checkpoint is lost."""
    saved = kept(job, policy, now)
    job[LOST] += now - job[SINCE] - (saved - job[SAVED])
    leave(job, centres, now)
    job[SAVED] = saved
    job[EVICTED] += 1


@compiled
def rekey(job: Ints, policy: Ints) -> int:
    """Key of an evicted job: one level lower each time its kept progress doubles past the quantum (least attained
    service first, in levels, as in multi-level feedback queues). A quantum of 0 keeps the key."""
    level, span = 0, policy[QUANTUM]
    while 0 < span <= job[SAVED]:
        level += 1
        span *= 2
    return int(level * LEVEL + job[KEY] % LEVEL)


@compiled
def victim(jobs: Ints, on: Ints, many: int, home: int, policy: Ints, now: int) -> int:
    """Position in `on` of the running job to evict at this centre: no right first, then least work lost. Or -1.

    A job with a right at its own home is never a victim.
    """
    best, best_right, best_loss = -1, 2, NEVER
    for i in range(many):
        job = jobs[on[i]]
        if job[AT] != home or (job[RIGHT] and job[HOME] == home):
            continue
        loss = (now - job[SINCE] - (kept(job, policy, now) - job[SAVED])) * job[CHIPS]
        if job[RIGHT] < best_right or (job[RIGHT] == best_right and loss < best_loss):
            best, best_right, best_loss = i, job[RIGHT], loss
    return best


@compiled
def insert(jobs: Ints, queue: Ints, many: int, j: int) -> None:
    """Into the waiting list, sorted by (key, index)."""
    low, high = 0, many
    while low < high:
        mid = (low + high) // 2
        if jobs[queue[mid], KEY] < jobs[j, KEY] or (jobs[queue[mid], KEY] == jobs[j, KEY] and queue[mid] < j):
            low = mid + 1
        else:
            high = mid
    for k in range(many, low, -1):
        queue[k] = queue[k - 1]
    queue[low] = j


@compiled
def remove(queue: Ints, many: int, j: int) -> int:
    """Out of the list, keeping order. Answers how many are left."""
    left = 0
    for k in range(many):
        if queue[k] != j:
            queue[left] = queue[k]
            left += 1
    return left


@compiled
def partner(job: Ints, centres: Ints) -> int:
    """The centre where the job could start now: home if it fits, else the partner with most chips free; or -1."""
    if centres[job[HOME], FREE] >= job[CHIPS]:
        return int(job[HOME])
    best, most = -1, -1
    if job[LEAVES]:
        for c in range(len(centres)):
            free = min(centres[c, FREE], centres[c, LENDABLE] - centres[c, LENT])
            if free >= job[CHIPS] and free > most:
                best, most = c, free
    return best
