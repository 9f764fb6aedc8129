"""Sizes that change in mid-run: all work is done, no chip is given twice, and a promised start is kept."""

from __future__ import annotations

import random
from typing import Any

import pytest

from hutong.engines.broker.decide import Asked, Decided, Offer, Picture, decide
from hutong.engines.broker.decide.picture import Sizing
from hutong.engines.broker.decide.resized import Told, Work, play
from hutong.engines.broker.elastic.sizes import time_ms

MINUTE = 60_000
HOUR = 60 * MINUTE
HOME = Offer("p", "c", "a100", "110000", 16, 16, 100)


def work(name: str, at: int, chips: int, run: int, most: int | None = None, **more: Any) -> Work:
    given = {"account": "lab", "centre": "c", "accept": ("a100",), "limit_ms": 2 * run + HOUR, **more}
    asked = Asked(job=name, chips=chips, submitted_ms=at, most=most, **given)
    return Work(asked, chips, run)


def crowd(seed: int, many: int = 60, spacing_ms: int = 20 * MINUTE) -> list[Work]:
    chance = random.Random(seed)
    made, at = [], 0
    for n in range(many):
        at += chance.randrange(0, spacing_ms)
        chips = chance.choice((1, 1, 2, 4, 8, 12))
        most = min(16, 4 * chips) if chance.random() < 0.6 else None
        save = chance.choice((-1, MINUTE)) if most else -1
        made.append(
            work(f"j{n:02d}", at, chips, chance.randrange(MINUTE, 4 * HOUR), most, checkpoint_ms=save)
        )
    return made


class Watch:
    """Decides as the hub does, and looks at what it sees: how many chips are held, and which starts were promised."""

    def __init__(self) -> None:
        self.busy: list[int] = []
        self.promised: dict[str, int] = {}
        self.slipped: dict[str, int] = {}
        self.begun: set[str] = set()

    def __call__(self, seen: Picture) -> Decided:
        made = decide(seen)
        self.busy.append(sum(h.chips for h in seen.running) + sum(s.chips for s in made.starts))
        told = {w.job: w.promised_ms for w in made.waits} | {s.job: seen.now_ms for s in made.starts}
        for job, at in told.items():
            if job in self.begun:
                continue
            before = self.promised.get(job)
            if before is not None and (at is None or at > before):
                self.slipped[job] = max(self.slipped.get(job, 0), (at or seen.now_ms) - before)
            if at is not None:
                self.promised[job] = min(at, before or at)
        self.begun |= {s.job for s in made.starts}
        return made


@pytest.mark.parametrize("seed", range(6))
def test_all_work_is_done_once_on_the_chips_there_are(seed: int) -> None:
    works, watch = crowd(seed), Watch()
    told, decisions = play(works, HOME, decider=watch)
    assert sorted(t.job for t in told) == [w.asked.job for w in works]
    assert max(watch.busy) <= 16 and decisions == len(watch.busy)
    fares = {t.job: t for t in told}
    for one in works:
        mine = fares[one.asked.job]
        # No job is faster than on the most chips it takes, nor holds fewer chips than at its least.
        best = time_ms(one.run_ms, one.chips, one.asked.most or one.chips, one.serial_milli)
        assert mine.end_ms - mine.first_ms >= best - mine.changes and not mine.late
        assert mine.chip_ms >= one.asked.chips * min(one.run_ms, mine.end_ms - mine.first_ms) - mine.changes
        if one.asked.most is None or one.asked.checkpoint_ms < 0:
            assert mine.changes == 0
    assert sum(t.changes for t in told) > 0
    assert play(works, HOME)[0] == told


@pytest.mark.parametrize("seed", range(6))
def test_a_promised_start_is_kept_where_the_broker_looks_often_enough(seed: int) -> None:
    watch = Watch()
    play(crowd(seed, 30), HOME, Sizing(stay_ms=10 * MINUTE, restart_ms=MINUTE), watch, tick_ms=20_000)
    assert watch.promised and watch.slipped == {}


def mean(told: tuple[Told, ...]) -> float:
    return sum(t.completion_ms for t in told) / len(told)


def test_sizes_shorten_the_mean_completion_of_the_same_jobs() -> None:
    works = crowd(11, spacing_ms=2 * HOUR)
    rigid = [work(w.asked.job, w.asked.submitted_ms, w.chips, w.run_ms) for w in works]
    assert mean(play(works, HOME)[0]) < 0.9 * mean(play(rigid, HOME)[0])


def test_a_job_that_never_fits_is_an_error() -> None:
    with pytest.raises(ValueError, match="never starts"):
        play([work("large", 0, 17, HOUR)], HOME)
