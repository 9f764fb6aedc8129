"""I5: a lender's guaranteed share is restorable within its notice. Whole courses, played and looked at from outside."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest

from hutong.engines.broker.decide import Arrival, Asked, Course, Decided, Offer, Picture, decide, replay
from hutong.engines.broker.decide.recall import HOUR_MS, cap_of

MINUTE = 60_000
NOTICE = 15 * MINUTE
CENTRES = ("c1", "c2", "c3")


def course(seed: int, *, wide: bool, jobs: int = 90) -> Course:
    """Three centres that keep half and lend half. wide: a pool elsewhere makes the cap never bind."""
    chance = random.Random(seed)
    offers = [
        Offer(
            f"p-{c}",
            c,
            "a100",
            "110000",
            8,
            8,
            100 + 10 * n,
            lendable=chance.choice((4, 8)),
            notice_ms=NOTICE,
        )
        for n, c in enumerate(CENTRES)
    ]
    if wide:
        offers.append(Offer("wide", "wide", "none", "110000", 100_000, 100_000, 1, lendable=0))
    arrivals = []
    for n in range(jobs):
        home = chance.choice(CENTRES)
        limit = chance.randint(5, 300) * MINUTE
        asked = Asked(
            f"j{n:03d}", f"lab-{home}", home, chance.choice((1, 1, 2, 3, 4)), limit, ("a100",),
            chance.randrange(0, 10 * HOUR_MS),
        )  # fmt: skip
        run = max(1, limit * chance.randint(10, 100) // 100)
        arrivals.append(Arrival(asked, run, f"p-{home}", chance.choice((-1, 10 * MINUTE, 30 * MINUTE))))
    kept = tuple((f"p-{c}", chance.choice((4, 8))) for c in CENTRES)
    return Course(0, tuple(offers), tuple(arrivals), guaranteed=kept)


class Watched:
    """A decider that keeps what it saw and said."""

    def __init__(self) -> None:
        self.seen: list[tuple[Picture, Decided]] = []

    def __call__(self, picture: Picture) -> Decided:
        made = decide(picture)
        self.seen.append((picture, made))
        return made


def hindered(picture: Picture, made: Decided, job: Asked) -> bool:
    """Whether own jobs alone, with those who have a right and come first, leave the job too few chips at home."""
    pool = next(o for o in picture.offers if o.centre == job.centre)
    own = sum(h.chips for h in picture.running if h.pool == pool.pool and h.centre == job.centre)
    rights = [a for a in picture.waiting if a.right and a.centre == job.centre and a.job != job.job]
    return own + sum(a.chips for a in rights) + job.chips > pool.total


@pytest.mark.parametrize("seed", range(12))
def test_a_right_waits_for_guests_no_longer_than_the_notice(seed: int) -> None:
    watch = Watched()
    played = course(seed, wide=True)
    made = replay(played, watch)
    # From when on only guests stood in the way of a job with a right.
    since: dict[str, int] = {}
    rights = 0
    for picture, decision in watch.seen:
        begun = {s.job for s in decision.starts}
        for job in picture.waiting:
            if not job.right:
                continue
            rights += 1
            if hindered(picture, decision, job):
                since.pop(job.job, None)
                continue
            first = since.setdefault(job.job, picture.now_ms)
            assert job.job in begun or picture.now_ms < first + NOTICE, (seed, job, picture.now_ms)
            promised = next((w.promised_ms for w in decision.waits if w.job == job.job), None)
            if job.job not in begun:
                assert promised is not None and promised <= picture.now_ms + NOTICE
            else:
                since.pop(job.job)
    assert rights > 0 and not made.waiting


@pytest.mark.parametrize("seed", range(12))
def test_nobody_with_a_right_at_home_nor_any_own_job_is_ever_called_and_nobody_twice(seed: int) -> None:
    watch = Watched()
    replay(course(seed, wide=seed % 2 == 0), watch)
    calls = 0
    for picture, decision in watch.seen:
        held = {h.job: h for h in picture.running}
        homes = {o.pool: o.centre for o in picture.offers}
        assert len({r.job for r in decision.recalls}) == len(decision.recalls)
        for one in decision.recalls:
            calls += 1
            guest = held[one.job]
            assert not guest.right and guest.due_ms is None and guest.centre != homes[guest.pool]
            assert one.due_ms == picture.now_ms + NOTICE < guest.ends_ms
            assert next(a for a in picture.waiting if a.job == one.for_whom).centre == homes[guest.pool]
    assert calls >= 0


def test_guests_are_called_in_these_courses_at_all() -> None:
    made = [replay(course(seed, wide=True)) for seed in range(12)]
    assert sum(r.lost_ms > 0 for one in made for r in one.ran) > 10


@pytest.mark.parametrize("seed", range(12))
def test_no_hour_destroys_more_than_the_cap_but_for_rights_that_waited_an_hour(seed: int) -> None:
    watch = Watched()
    played = course(seed, wide=False, jobs=120)
    made = replay(played, watch)
    cap = cap_of(played.offers).lost_ms
    waited = {
        r.job
        for picture, decision in watch.seen
        for r in decision.recalls
        if any(
            a.job == r.for_whom
            and a.right_since_ms is not None
            and picture.now_ms - a.right_since_ms >= HOUR_MS
            for a in picture.waiting
        )
    }
    said = [(r.due_ms, r.lost_ms) for _, d in watch.seen for r in d.recalls if r.job not in waited]
    for at, _ in said:
        assert sum(lost for when, lost in said if at - HOUR_MS < when <= at) <= cap
    # What was really lost is never more than was said when the job was called.
    worst: dict[str, list[int]] = defaultdict(list)
    for _, decision in watch.seen:
        for one in decision.recalls:
            worst[one.job].append(one.lost_ms)
    for ran in made.ran:
        assert ran.lost_ms <= max(worst.get(ran.job, [0]))


def test_the_chips_of_who_leaves_go_to_whom_they_were_called_for() -> None:
    """A guest on all chips, then an own job; a job of others waits beside, and comes after."""
    offers = (Offer("p", "home", "a100", "110000", 8, 8, 100, lendable=8, notice_ms=NOTICE),)
    wide = Offer("wide", "wide", "none", "110000", 100_000, 100_000, 1, lendable=0)

    def arrival(name: str, at: int, centre: str, limit: int, every: int = -1) -> Arrival:
        asked = Asked(name, centre, centre, 8, limit, ("a100",), at)
        return Arrival(asked, limit, "p" if centre == "home" else "", every)

    jobs = (
        arrival("guest", 0, "far", 10 * HOUR_MS, 20 * MINUTE),
        arrival("other", MINUTE, "far", MINUTE),
        arrival("own", 30 * MINUTE, "home", HOUR_MS),
    )
    made = replay(Course(0, (*offers, wide), jobs, guaranteed=(("p", 8),)))
    rows: list[Any] = [(r.job, r.start_ms, r.end_ms, r.lost_ms) for r in made.ran]
    leaves, done = 45 * MINUTE, 105 * MINUTE
    assert rows[:2] == [("guest", 0, leaves, 8 * 5 * MINUTE), ("own", leaves, done, 0)]
    # It kept two checkpoints: forty minutes of its ten hours are done.
    assert sorted(r.job for r in made.ran[2:]) == ["guest", "other"]
    again = [r for r in made.ran if r.job == "guest"][1]
    assert again.end_ms - again.start_ms == 10 * HOUR_MS - 40 * MINUTE and again.submitted_ms == leaves
