"""The shadow silo, live: told step by step, it says what the replay of the whole log says."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.engines.broker.reserve import Known, Log, SiloShadow, replay_easy
from hutong.kernel.errors import Conflict, Invalid


def draw(seed: int, jobs: int = 120) -> tuple[Log, np.ndarray]:
    luck = np.random.default_rng(seed)
    run = luck.integers(1, 120, jobs)
    log = Log(
        np.cumsum(luck.integers(0, 12, jobs)),
        run,
        luck.choice([1, 1, 2, 4, 8], jobs),
        np.zeros(jobs, np.int64),
    )
    return log, run * luck.integers(1, 4, jobs)


@pytest.mark.parametrize("early", [0.0, 1.0])
@pytest.mark.parametrize("pause", [1, 37])
def test_told_step_by_step_it_starts_jobs_as_the_replay_does(early: float, pause: int) -> None:
    """Run times are told when the job ends in its silo (early 0) or somewhere between, as lending makes it."""
    for seed in range(4):
        log, estimate = draw(seed)
        start = replay_easy(log, 8, estimate=estimate).start
        luck = np.random.default_rng(seed)
        first = log.submit + log.run
        told_at = (start + log.run - early * luck.random(len(start)) * (start + log.run - first)).astype(int)
        shadow, got = SiloShadow(8), dict[int, int]()
        events = sorted(
            [(int(t), 1, j) for j, t in enumerate(log.submit)]
            + [(int(t), 0, j) for j, t in enumerate(told_at)]
        )
        clock = 0
        for when, kind, job in events:
            while clock + pause < when:
                clock += pause
                got.update(shadow.advance(clock))
            if kind:
                shadow.submit(job, when, int(log.chips[job]), int(estimate[job]))
            else:
                shadow.ended(job, int(log.run[job]))
        got.update(shadow.advance(int(start.max()) + 1))
        assert [got[j] for j in range(len(start))] == start.tolist()


def test_a_job_that_does_not_end_keeps_its_chips_in_the_shadow() -> None:
    shadow = SiloShadow(4)
    shadow.submit(1, 0, 4, 10)
    shadow.submit(2, 1, 1, 10)
    assert shadow.advance(1000) == ((1, 0),)
    shadow.ended(1, 900)
    assert shadow.advance(1001) == ((2, 1000),), "a report that comes late counts from now"


def test_faults_are_refused_and_repeated_reports_are_not_counted_twice() -> None:
    shadow = SiloShadow(4)
    shadow.submit(1, 5, 2, 10)
    with pytest.raises(Conflict):
        shadow.submit(1, 5, 2, 10)
    with pytest.raises(Invalid):
        shadow.submit(2, 5, 5, 10)
    assert shadow.advance(10) == ((1, 5),)
    with pytest.raises(Conflict):
        shadow.submit(3, 9, 1, 10)
    shadow.ended(1, 3)
    shadow.ended(1, 500)
    shadow.ended(77, 1)
    shadow.submit(4, 10, 4, 1)
    assert shadow.advance(11) == ((4, 10),)


@pytest.mark.parametrize("pause", [1, 37])
def test_forgotten_and_told_again_at_every_look_it_goes_on_as_it_was(pause: int) -> None:
    """Nothing is kept between two looks but what each job's record says: as the hub rebuilds it."""
    for seed in range(3):
        log, estimate = draw(seed, 60)
        start = replay_easy(log, 8, estimate=estimate).start
        got: dict[int, int] = {}
        clock, last = -1, int((start + log.run).max()) + 60 * pause
        while clock < last:
            now = clock + pause
            known = [
                Known(
                    j, int(log.submit[j]), int(log.chips[j]), int(estimate[j]), got.get(j),
                    int(log.run[j]) if j in got and got[j] + log.run[j] <= now else None,
                )
                for j in range(len(start)) if log.submit[j] <= now
            ]  # fmt: skip
            shadow = SiloShadow.resumed(8, clock, known)
            got.update(shadow.advance(now))
            more = dict(shadow.cycle())
            # Between rarer looks time passes, and with it the ends that EASY expects.
            assert not more or pause > 1
            got.update(more)
            clock = now
        late = [got[j] - int(start[j]) for j in range(len(start))]
        # A look every second tells it as the replay; between rarer looks an end is known only at the next one.
        assert late == [0] * len(start) if pause == 1 else len(got) == len(start)


def test_more_chips_start_what_waits_though_nothing_happened() -> None:
    jobs = [Known(1, 0, 4, 100, start=0), Known(2, 5, 2, 100), Known(3, 6, 2, 100)]
    shadow = SiloShadow.resumed(4, 50, jobs)
    assert shadow.advance(60) == () and shadow.cycle() == ()
    more = SiloShadow.resumed(6, 50, jobs)
    assert more.advance(60) == () and more.cycle() == ((2, 60),)
    less = SiloShadow.resumed(4, 50, [Known(1, 0, 4, 100, start=0), Known(2, 0, 4, 100, start=1), jobs[2]])
    assert less.advance(60) == () and less.cycle() == ()
