"""Sizes of an elastic job whose speed nobody has measured: what may be chosen, and what it is worth. Whole numbers only.

A hub sees chips and time of a job, not its throughput. Its speed-up is therefore assumed: Amdahl's law with a stated
serial part (Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities", AFIPS
1967), which promises less with every chip. What a size is worth is the rule of `weighing` in integers, so that every
machine decides alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

MILLI = 1000
# Up to here every number of chips is a size; beyond, each is about an eighth more than the one before.
EVERY = 16
STEP = 8


@dataclass(frozen=True, slots=True)
class Sized:
    """A job that may be sized. left_ms: to its end at its `least` size, at most.

    now: chips that it runs on, 0 where it starts. cost_ms: what a change of a running job costs. At its start every
    size costs the same.
    """

    name: str
    least: int
    most: int
    left_ms: int
    now: int = 0
    cost_ms: int = 0


def sizes(least: int, most: int, node_chips: int = 0) -> tuple[int, ...]:
    """Numbers of chips from `least` to `most`, ascending; beyond one node (0: of any size) whole nodes (Sia, SOSP 2023,
    section 3.3). `least` is always one of them."""
    made, chips = [least], least
    while True:
        chips += max(1, chips // STEP if chips >= EVERY else 1)
        if node_chips and chips > node_chips:
            chips = -(-chips // node_chips) * node_chips
        if chips > most:
            break
        made.append(chips)
    top = most if not node_chips or most <= node_chips else most // node_chips * node_chips
    return tuple(made) if top <= made[-1] else (*made, top)


def speed_milli(chips: int, serial_milli: int) -> int:
    """Speed on so many chips, in thousandths of that on one: n / (s n + 1 - s)."""
    return MILLI * MILLI * chips // (serial_milli * chips + MILLI - serial_milli)


def time_ms(least_ms: int, least: int, chips: int, serial_milli: int) -> int:
    """How long work takes on `chips` that takes `least_ms` on `least`, rounded up."""
    return -(-least_ms * speed_milli(least, serial_milli) // speed_milli(chips, serial_milli))


def pays(job: Sized, chips: int, serial_milli: int) -> bool:
    """Whether a change of a running job saves at least twice what it costs, by its limit."""
    here = time_ms(job.left_ms, job.least, job.now, serial_milli)
    there = time_ms(job.left_ms, job.least, chips, serial_milli)
    return here - there >= 2 * job.cost_ms


def worths(
    jobs: tuple[Sized, ...], chips: tuple[int, ...], stay_ms: int, serial_milli: int
) -> list[list[int | None]]:
    """What each job is worth on each number of chips, None where it may not: rank^(1/4) x (speed-up x share of time not
    restarting)^(1/2) in millionths. Rank 1 is the job with most left; speed-up is against its least size."""
    order = sorted(range(len(jobs)), key=lambda i: (-jobs[i].left_ms, i))
    rank = {i: place for place, i in enumerate(order, 1)}
    return [[_worth(job, rank[i], n, stay_ms, serial_milli) for n in chips] for i, job in enumerate(jobs)]


def _worth(job: Sized, rank: int, chips: int, stay_ms: int, serial_milli: int) -> int | None:
    if not job.least <= chips <= job.most:
        return None
    gain = MILLI * speed_milli(chips, serial_milli) // speed_milli(job.least, serial_milli)
    share = MILLI
    if job.now and chips != job.now:
        if not pays(job, chips, serial_milli):
            return None
        lasting = min(job.left_ms, stay_ms)
        share = MILLI * lasting // (lasting + job.cost_ms)
    # rank^(1/4) in thousandths times (gain x share)^(1/2) in thousandths.
    return isqrt(isqrt(rank * MILLI**4)) * isqrt(gain * share)
