"""Intervals of starts: they cover as often as they say, know nothing of the future, and go on from what was told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compute.hub_day import BEGINS, HOUR, POOLS, Hub, play

from hutong.engines.broker.decide import Asked, Held, Picture
from hutong.modules.compute.outlook import soons
from hutong.modules.compute.runtimes import WHOLE, Known, Learned, name_of

NOW = BEGINS + 10 * HOUR


@pytest.fixture(scope="module")
def day() -> Hub:
    """560 jobs within 40 hours at three centres, which is about as much as they can do."""
    return play(1, 560, 40)


def test_the_interval_of_a_simulated_day_covers_what_it_says(day: Hub) -> None:
    told = day.told()
    assert len(told) > 300
    covered = float(np.mean([t.covered for t in told]))
    assert 0.77 <= covered <= 0.83, covered
    # Neither side does all the work.
    assert all(0.05 < np.mean([miss(t) for t in told]) < 0.15 for miss in (_early, _late))


def _early(told: object) -> bool:
    return told.started < told.low  # type: ignore[attr-defined]


def _late(told: object) -> bool:
    return told.started > told.high  # type: ignore[attr-defined]


def test_nothing_of_the_future_is_used(day: Hub) -> None:
    """What the records say of later moments may be anything, and the forecast is the same to the second."""
    seen = next(p for p in day.pictures if p.now_ms >= NOW and len(p.waiting) > 3)
    now, jobs = seen.now_ms, list(day.known.values())
    changed = [_later_changed(k, now) for k in jobs]
    assert sum(a != b for a, b in zip(jobs, changed, strict=True)) > 100
    first, second = (soons(seen, seen.waiting, Learned(known, now)) for known in (jobs, changed))
    assert first == second and all("low" in told for told in first.values())
    # What ended before does count.
    before = [
        replace(k, ended_ms=k.started_ms + 1000) if _ended(k, now) and k.started_ms else k for k in jobs
    ]
    assert soons(seen, seen.waiting, Learned(before, now)) != first


def _ended(job: Known, now: int) -> bool:
    return job.ended_ms is not None and job.ended_ms <= now


def _later_changed(job: Known, now: int) -> Known:
    """The same with all that lies after now said otherwise, or not said."""
    if job.ended_ms is not None and job.ended_ms > now:
        job = replace(job, ended_ms=now + 5 if job.chips % 2 else job.ended_ms + HOUR)
    if job.first_ms is not None and job.first_ms > now:
        job = replace(job, first_ms=None, started_ms=None, ended_ms=None, state="submitted")
    if job.foretold is not None and job.foretold["at"] * 1000 > now:
        job = replace(job, foretold=None)
    return job


def ended(n: int, share: int, organisation: str = "ORG-1", name: str = "command train.py") -> Known:
    """A job that ran for that share of its limit of one hour, and ended n minutes ago."""
    end = NOW - n * 60_000
    start = end - HOUR * share // WHOLE
    return Known(f"E{organisation}{name}{n}", "finished", organisation, name, 4, HOUR, start, end, start)


def picture(*waiting: Asked) -> Picture:
    return Picture(NOW, POOLS, (), waiting)


def asked(organisation: str = "ORG-1", chips: int = 4) -> Asked:
    return Asked("JOB-1", organisation, "C1", chips, 2 * HOUR, ("a100",), NOW)


def runs(jobs: list[Known], one: Asked, name: str = "command train.py") -> set[int]:
    return set(Learned(jobs, NOW).drawn(picture(one), [one], name).runs["JOB-1"].tolist())


def test_a_job_is_likened_to_its_own_kind_then_to_its_organisation_then_to_all() -> None:
    own = [ended(n, 100) for n in range(8)]
    others = [ended(n, 300, name="command eval.py") for n in range(8)]
    strangers = [ended(n, 700, "ORG-2") for n in range(8)]
    every = [*own, *others, *strangers]
    assert runs(every, asked()) == {HOUR // 5}
    assert runs([*own[:7], *others, *strangers], asked()) == {HOUR // 5, 2 * HOUR * 3 // 10}
    assert runs(every, asked("ORG-3")) == {HOUR // 5, 2 * HOUR * 3 // 10, 2 * HOUR * 7 // 10}
    assert runs(every, asked(chips=2)) == {HOUR // 5, 2 * HOUR * 3 // 10}


def test_before_eight_jobs_have_ended_limits_are_all_that_is_known() -> None:
    few = [ended(n, 100) for n in range(7)]
    assert not Learned(few, NOW).ready and runs(few, asked()) == {2 * HOUR}
    assert soons(picture(asked()), [asked()], Learned(few, NOW)) == {"JOB-1": {"at": NOW // 1000}}


def test_a_job_at_work_is_drawn_from_those_that_ran_longer_and_never_beyond_its_limit() -> None:
    jobs = [*(ended(n, 100) for n in range(8)), *(ended(n, 600, name="command long.py") for n in range(8))]
    began = NOW - HOUR // 2
    at_work = Known("W", "running", "ORG-1", "command other.py", 4, HOUR, began, None, began)
    held = (Held("W", "P1", 4, began + HOUR),)
    drawn = Learned([*jobs, at_work], NOW).drawn(Picture(NOW, POOLS, held, ()), [])
    # Half of its limit is behind it: what ended after a tenth tells nothing any more.
    assert set(drawn.ends["W"].tolist()) == {began + HOUR * 6 // 10}
    longer = replace(at_work, started_ms=NOW - HOUR * 9 // 10)
    late = Learned([*jobs, longer], NOW).drawn(Picture(NOW, POOLS, held, ()), [])
    assert late.ends["W"].min() >= NOW and late.ends["W"].max() <= NOW + HOUR // 10


def test_what_was_told_and_came_out_corrects_what_is_told_next() -> None:
    """Twenty forecasts of one hour of which the jobs waited two to four: the next forecast of an hour says about three."""
    history = [ended(n, 500) for n in range(30)]
    told = []
    for n in range(20):
        at = NOW // 1000 - 20_000 - 60 * n
        kept = {"at": at, "raw": at + 3600, "low": at + 3000, "middle": at + 3600, "high": at + 4200}
        first = (at + 7200 + 360 * n) * 1000
        told.append(
            Known(f"T{n}", "running", "ORG-9", "x", 1, HOUR, first, None, first, {**kept, "pool": "P1"})
        )
    starts = np.full(40, NOW + HOUR, np.int64)
    before = Learned(history, NOW).interval(starts, NOW)
    after = Learned([*history, *told], NOW).interval(starts, NOW)
    assert before is not None and after is not None
    assert before[0].middle - NOW // 1000 == 3600 and before[1] == after[1] == NOW // 1000 + 3600
    assert abs(after[0].middle - NOW // 1000 - 3 * 3600) < 600
    assert after[0].high > after[0].middle > after[0].low


def test_a_job_that_was_cancelled_before_it_started_teaches_nothing() -> None:
    history = [ended(n, 500) for n in range(30)]
    at = NOW // 1000 - 9_000
    kept = {"at": at, "raw": at + 60, "low": at + 30, "middle": at + 60, "high": at + 90, "pool": "P1"}
    gone = [Known(f"C{n}", "cancelled", "ORG-9", "x", 1, HOUR, None, NOW, None, kept) for n in range(20)]
    starts = np.full(40, NOW + HOUR, np.int64)
    assert Learned([*history, *gone], NOW).interval(starts, NOW) == Learned(history, NOW).interval(
        starts, NOW
    )


def test_a_command_is_named_by_its_first_two_words() -> None:
    assert name_of("command", ["python3", "train.py", "--epochs", "3"]) == "command python3 train.py"
    assert name_of("forge.build", ["anything"]) == "forge.build"
