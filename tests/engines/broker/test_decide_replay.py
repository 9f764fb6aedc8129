"""A replay decides as live, loses nothing, repeats to the letter, and lets a new pool help."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from hutong.engines.broker.decide import (
    Arrival,
    Asked,
    AtWork,
    Course,
    Decided,
    Offer,
    Past,
    Picture,
    decide,
    replay,
)
from hutong.kernel.errors import Invalid

MINUTE = 60_000
HOUR = 60 * MINUTE


def offer(name: str, centre: str, total: int, chip: str = "a100", fen: int = 100, **more: Any) -> Offer:
    return Offer(name, centre, chip, "110000", total, total, fen, **more)


def job(name: str, at: int, chips: int = 1, run: int = HOUR, limit: int = 2 * HOUR, **more: Any) -> Arrival:
    given = {"account": "lab", "centre": "c1", "accept": ("a100",), **more}
    return Arrival(Asked(job=name, chips=chips, limit_ms=limit, submitted_ms=at, **given), run)


def crowd(seed: int, count: int = 120) -> Course:
    """Random jobs of three accounts at two centres over a day, some work under way and some use before."""
    chance = random.Random(seed)
    offers = (
        offer("p1", "c1", 8, lendable=4),
        offer("p2", "c2", 16, fen=80, lendable=8),
        offer("p3", "c2", 4, "910b"),
    )
    arrivals = tuple(
        job(
            f"j{n:03d}",
            chance.randrange(0, 24 * HOUR),
            chance.choice((1, 2, 4, 8)),
            chance.randrange(1, 3 * HOUR),
            3 * HOUR,
            account=chance.choice("xyz"),
            centre=chance.choice(("c1", "c2")),
            accept=chance.choice((("a100",), ("a100", "910b"))),
        )
        for n in range(count)
    )
    at_work = (
        AtWork("w1", "x", "c1", "p1", 3, -HOUR, HOUR, 2 * HOUR),
        AtWork("w2", "y", "c1", "p2", 5, -HOUR, 90 * MINUTE, 2 * HOUR),
    )
    return Course(
        0, offers, arrivals, at_work, (Past("x", 8, -9 * HOUR, -HOUR), Past("z", 1, -5 * HOUR, -HOUR))
    )


@pytest.mark.parametrize("seed", range(4))
def test_every_job_runs_once_and_no_pool_ever_holds_more_than_it_has(seed: int) -> None:
    course = crowd(seed)
    made = replay(course)
    assert sorted([r.job for r in made.ran] + list(made.waiting)) == sorted(
        a.asked.job for a in course.arrivals
    )
    assert not made.waiting
    for pool in course.offers:
        held = [(r.start_ms, r.end_ms, r.chips, r.job) for r in made.ran if r.pool == pool.pool]
        held += [(w.started_ms, w.ends_ms, w.chips, w.job) for w in course.at_work if w.pool == pool.pool]
        homes = {a.asked.job: a.asked.centre for a in course.arrivals} | {
            w.job: w.centre for w in course.at_work
        }
        for moment, *_ in held:
            now = [(chips, name) for start, end, chips, name in held if start <= moment < end]
            assert sum(chips for chips, _ in now) <= pool.total
            guests = sum(chips for chips, name in now if homes[name] != pool.centre)
            # What guests held before the replay began is theirs until it ends.
            assert pool.lendable is None or guests <= max(pool.lendable, 5)
    run = {a.asked.job: a.run_ms for a in course.arrivals}
    assert all(r.end_ms - r.start_ms == run[r.job] and r.wait_ms >= 0 for r in made.ran)


def test_the_same_course_gives_the_same_answer_whatever_the_order_of_its_arrivals() -> None:
    course = crowd(7)
    shuffled = replace(course, arrivals=tuple(sorted(course.arrivals, key=lambda a: a.asked.job[::-1])))
    assert replay(course) == replay(course) == replay(shuffled)


def test_each_start_is_what_the_live_engine_decides_on_the_picture_of_that_moment() -> None:
    """The pictures that the replay shows are rebuilt here from its outcome alone, and decided anew."""
    course, seen = crowd(3, 60), []

    def watch(picture: Picture) -> Decided:
        seen.append(picture)
        return decide(picture)

    made = replay(course, watch)
    assert len(seen) == made.decisions > 30
    for picture in seen:
        now = picture.now_ms
        # Work that ends at the very moment has given its chips back; starts of this moment are not made yet.
        held = {r.job for r in made.ran if r.start_ms < now < r.end_ms}
        held |= {w.job for w in course.at_work if w.ends_ms > now}
        assert {h.job for h in picture.running} == held
        waits = {r.job for r in made.ran if r.submitted_ms <= now <= r.start_ms}
        assert {a.job for a in picture.waiting} == waits
        starts = {(s.job, s.pool) for s in decide(picture).starts}
        assert starts == {(r.job, r.pool) for r in made.ran if r.start_ms == now}


def test_a_pool_more_shortens_the_wait_and_a_pool_less_lengthens_it() -> None:
    jobs = tuple(job(f"j{n}", n * MINUTE) for n in range(12))
    one = (offer("p1", "c1", 2),)
    alone = replay(Course(0, one, jobs))
    joined = replay(Course(0, (*one, offer("new", "c9", 2)), jobs))

    def waited(made: Any) -> int:
        return sum(r.wait_ms for r in made.ran)

    # Two chips, jobs of an hour: the sixth pair starts five hours after the first.
    assert [r.wait_ms for r in alone.ran][-1] == 5 * HOUR - 10 * MINUTE
    assert waited(joined) < waited(alone)
    assert {r.pool for r in joined.ran} == {"p1", "new"}
    assert replay(Course(0, (), jobs)).waiting == tuple(a.asked.job for a in jobs)


def test_jobs_end_when_they_truly_ended_and_reservations_are_made_on_limits() -> None:
    """A job that ends early frees its chips then; a short job is not let past a promise that its limit would break."""
    jobs = (
        job("long", 0, chips=2, run=HOUR, limit=4 * HOUR),
        job("wide", MINUTE, chips=4, run=HOUR, limit=HOUR),
        job("short", 2 * MINUTE, chips=2, run=10 * MINUTE, limit=5 * HOUR),
        job("brief", 3 * MINUTE, chips=2, run=10 * MINUTE, limit=30 * MINUTE),
    )
    made = {r.job: r for r in replay(Course(0, (offer("p1", "c1", 4),), jobs)).ran}
    assert made["brief"].start_ms == 3 * MINUTE
    assert made["wide"].start_ms == HOUR
    assert made["short"].start_ms >= 2 * HOUR


def test_work_that_is_under_way_holds_its_chips_and_is_no_arrival() -> None:
    held = AtWork("w", "lab", "c1", "p1", 2, -HOUR, 30 * MINUTE, HOUR)
    made = replay(Course(0, (offer("p1", "c1", 2),), (job("j", -MINUTE),), (held,)))
    assert [(r.job, r.start_ms, r.wait_ms) for r in made.ran] == [("j", 30 * MINUTE, 31 * MINUTE)]
    gone = replay(Course(0, (offer("p2", "c1", 2),), (job("j", -MINUTE),), (held,)))
    assert [(r.start_ms, r.pool) for r in gone.ran] == [(0, "p2")]


def test_a_job_that_is_named_twice_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        replay(Course(0, (offer("p1", "c1", 2),), (job("j", 0), job("j", 1))))
    assert refusal.value.rule == "replay.twice"
