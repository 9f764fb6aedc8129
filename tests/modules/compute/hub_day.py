"""A day of a hub through the engine: jobs come, wait and run, and each that waits is told when to expect its start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hutong.engines.broker.decide import Arrival, Asked, Course, Decided, Offer, Picture, decide, replay
from hutong.engines.broker.decide.cycle import in_turn
from hutong.modules.compute.outlook import soons
from hutong.modules.compute.runtimes import Known, Learned

HOUR = 3_600_000
BEGINS = 1_788_220_800_000
KINDS = ("a100", "ascend910b")
# Organisation by organisation: centre, kinds of chip, and its commands as (chips, median hours, spread, limit over median).
PEOPLE = (
    ("ORG-1", "C1", ("a100",), ((8, 1.5, 0.5, 4), (1, 0.3, 0.8, 10))),
    ("ORG-2", "C1", ("a100", "ascend910b"), ((4, 0.8, 0.4, 3), (2, 0.2, 1.0, 12))),
    ("ORG-3", "C2", ("ascend910b",), ((8, 1.0, 0.6, 5), (2, 0.5, 0.7, 6))),
    ("ORG-4", "C2", ("ascend910b", "a100"), ((16, 0.6, 0.3, 2), (1, 0.4, 0.9, 8))),
    ("ORG-5", "C3", ("a100",), ((4, 0.7, 0.5, 4), (4, 2.0, 0.4, 2))),
)
POOLS = (
    Offer("P1", "C1", "a100", "110000", 24, 24, 300, lendable=12),
    Offer("P2", "C2", "ascend910b", "110000", 32, 32, 200, lendable=16),
    Offer("P3", "C3", "a100", "310000", 16, 16, 250, lendable=16),
)


@dataclass(frozen=True)
class Told:
    """A forecast of a start, in seconds, and what came of it."""

    job: str
    at: int
    low: int
    high: int
    started: int

    @property
    def covered(self) -> bool:
        return self.low <= self.started <= self.high


def course(seed: int, jobs: int, hours: float, day: bool = True) -> tuple[Course, dict[str, tuple[str, int]]]:
    """Arrivals with the rhythm of a day, and the command and true run time of each job."""
    dice = np.random.default_rng(seed)
    when = np.sort(dice.uniform(0, hours, jobs))
    if day:
        # Twice as many at noon as at midnight.
        when = np.sort(when + 2.5 * np.sin(2 * np.pi * when / 24))
    arrivals, truth = [], {}
    for n, hour in enumerate(when):
        name, centre, accept, commands = PEOPLE[int(dice.integers(len(PEOPLE)))]
        which = int(dice.integers(len(commands)))
        chips, median, spread, over = commands[which]
        limit = int(median * over * HOUR)
        run = int(min(limit, max(30_000, median * HOUR * float(np.exp(spread * dice.standard_normal())))))
        code = f"J{n:05d}"
        truth[code] = (f"command run{which}.py", run)
        arrivals.append(
            Arrival(Asked(code, name, centre, chips, limit, accept, BEGINS + int(max(0.0, hour) * HOUR)), run)
        )
    return Course(BEGINS, POOLS, tuple(arrivals)), truth


class Hub:
    """Decides as the hub does, and tells each job that waits, once, when to expect its start, from what is known by then."""

    def __init__(self, truth: dict[str, tuple[str, int]]) -> None:
        self.truth = truth
        self.known: dict[str, Known] = {}
        self.pictures: list[Picture] = []

    def decide(self, picture: Picture) -> Decided:
        made = decide(picture)
        self.pictures.append(picture)
        for start in made.starts:
            asked = next(a for a in picture.waiting if a.job == start.job)
            self.note(asked)
            ends = picture.now_ms + self.truth[start.job][1]
            self.known[start.job] = replace(
                self.known[start.job],
                state="finished",
                started_ms=picture.now_ms,
                first_ms=picture.now_ms,
                ended_ms=ends,
            )
        new = [w.job for w in made.waits if w.job not in self.known]
        if new:
            self.tell(picture, new)
        return made

    def note(self, asked: Asked) -> None:
        name = self.truth[asked.job][0]
        self.known.setdefault(
            asked.job,
            Known(asked.job, "submitted", asked.account, name, asked.chips, asked.limit_ms, None, None, None),
        )

    def tell(self, picture: Picture, jobs: list[str]) -> None:
        waiting = in_turn(picture)
        for asked in waiting:
            self.note(asked)
        soon = soons(picture, waiting, Learned(self.known.values(), picture.now_ms))
        for job in jobs:
            if "low" in soon[job]:
                self.known[job] = replace(self.known[job], foretold=soon[job])

    def told(self) -> list[Told]:
        """Every forecast whose outcome is known, in the order made."""
        found = [
            Told(k.job, k.foretold["at"], k.foretold["low"], k.foretold["high"], k.first_ms // 1000)
            for k in self.known.values()
            if k.foretold is not None and k.first_ms is not None
        ]
        return sorted(found, key=lambda t: (t.at, t.job))


def play(seed: int, jobs: int, hours: float) -> Hub:
    """The day from its first job to the end of its last."""
    made, truth = course(seed, jobs, hours)
    hub = Hub(truth)
    replay(made, hub.decide)
    return hub
