"""A reservation granted starts on time, whatever is queued: no job runs into it, and the jobs in it are over by its end (I11)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hutong.engines.broker.decide import Asked, Held, Offer, Picture, Window, decide, expect, picture_of
from hutong.engines.broker.decide.calendar import pool_of
from hutong.engines.broker.reserve.profile import Profile

HOUR = 3_600_000
DAY = 24 * HOUR


class Course:
    """One pool with a calendar. Reservations are asked for at random and granted only where they fit by limits."""

    def __init__(self, seed: int) -> None:
        self.chance, self.now, self.total = random.Random(seed), 0, 8
        self.coming = sorted((self.job(n) for n in range(50)), key=lambda a: a.submitted_ms)
        self.wishes = sorted(self.chance.randint(0, 2 * DAY) for _ in range(12))
        self.windows: list[Window] = []
        self.waiting: list[Asked] = []
        self.work: list[tuple[int, Held]] = []
        self.started: dict[str, int] = {}

    def job(self, number: int) -> Asked:
        chance = self.chance
        given = {
            "accept": ("a",),
            "account": f"O{number % 3}",
            "centre": "C",
            "priority": chance.randint(0, 3),
        }
        limit = chance.randint(1, 10 * HOUR)
        return Asked(f"J{number:02d}", chips=chance.randint(1, 8), limit_ms=limit,
                     submitted_ms=chance.randint(0, 2 * DAY), **given)  # type: ignore[arg-type]  # fmt: skip

    def standing(self) -> list[Window]:
        return [w for w in self.windows if w.ends_ms > self.now]

    def reserve(self) -> None:
        begins = self.now + self.chance.randint(0, 12 * HOUR)
        ends, chips = begins + self.chance.randint(HOUR, 6 * HOUR), self.chance.randint(1, 8)
        outside = [h for _, h in self.work if h.pool == "P"]
        changes = [(max(h.ends_ms, self.now + 1), h.chips) for h in outside]
        for w in self.standing():
            changes += [(w.begins_ms, -w.chips), (w.ends_ms, w.chips)]
        room = Profile.of(self.now, self.total - sum(h.chips for h in outside), changes)
        if room.free(begins, ends) < chips:
            return
        name = f"R{len(self.windows):02d}"
        self.windows.append(Window(name, "P", chips, begins, ends))
        for n in range(self.chance.randint(0, 3)):
            limit = self.chance.randint(1, ends - begins)
            self.waiting.append(Asked(f"{name}-{n}", "O", "D", self.chance.randint(1, chips), limit, ("a",), self.now,
                                      pools=(name,)))  # fmt: skip

    def picture(self) -> Picture:
        def free(name: str, total: int) -> int:
            return total - sum(h.chips for _, h in self.work if h.pool == name)

        pool = Offer("P", "C", "a", "r", self.total, free("P", self.total), 100, 3)
        own = [
            replace(
                pool, pool=w.name, total=w.chips, free=free(w.name, w.chips), lendable=None, reserved=True
            )
            for w in self.standing()
        ]
        held = tuple(h for _, h in self.work)
        return Picture(self.now, (pool, *own), held, tuple(self.waiting), (), tuple(self.standing()))

    def step(self) -> None:
        self.work = [w for w in self.work if w[0] > self.now]
        while self.coming and self.coming[0].submitted_ms <= self.now:
            self.waiting.append(self.coming.pop(0))
        while self.wishes and self.wishes[0] <= self.now:
            self.wishes.pop(0)
            self.reserve()
        gone = {w.name for w in self.windows} - {w.name for w in self.standing()}
        self.waiting = [a for a in self.waiting if not (a.pools and a.pools[0] in gone)]
        seen = self.picture()
        made = decide(seen)
        assert decide(picture_of(seen.as_json())) == made
        jobs = {a.job: a for a in self.waiting}
        for start in made.starts:
            job = jobs[start.job]
            run = self.chance.randint(1, job.limit_ms)
            self.work.append((self.now + run, Held(job.job, start.pool, job.chips, self.now + job.limit_ms)))
            self.started[job.job] = self.now
        self.waiting = [a for a in self.waiting if a.job not in self.started]
        self.check()

    def check(self) -> None:
        """By the limits of what runs, every reservation has its chips for all of its time."""
        names = {w.name: w for w in self.windows}
        outside = [h for _, h in self.work if h.pool == "P"]
        for at in sorted({self.now, *(w.begins_ms for w in self.standing()), *(h.ends_ms for h in outside)}):
            kept = sum(w.chips for w in self.standing() if w.begins_ms <= at < w.ends_ms)
            assert kept + sum(h.chips for h in outside if h.ends_ms > at) <= self.total, (self.now, at)
        for _, held in self.work:
            if held.pool in names:
                assert names[held.pool].begins_ms <= self.started[held.job]
                assert held.ends_ms <= names[held.pool].ends_ms

    def play(self) -> None:
        while self.coming or self.wishes or self.waiting or self.work:
            self.step()
            moments = [self.now + HOUR, *(end for end, _ in self.work)]
            moments += [a.submitted_ms for a in self.coming[:1]] + self.wishes[:1]
            moments += [w.begins_ms for w in self.windows]
            self.now = min(m for m in moments if m > self.now)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_runs_into_a_reservation_and_it_starts_on_time(seed: int) -> None:
    course = Course(seed)
    course.play()
    for window in course.windows:
        mine = [j for j in course.started if j.startswith(f"{window.name}-")]
        first = [course.started[j] for j in mine]
        # Its first job, in it before it began, starts the moment it begins.
        assert not first or min(first) >= window.begins_ms
        assert f"{window.name}-0" not in course.started or min(first) == window.begins_ms
    assert any("-" in j for j in course.started) or seed > 5


def test_a_job_that_does_not_name_it_never_sees_it_as_a_pool() -> None:
    pool = Offer("P", "C", "a", "r", 2, 2, 100)
    own = replace(pool, pool="R", reserved=True)
    job = Asked("J", "O", "C", 1, HOUR, ("a",), 0)
    window = Window("R", "P", 2, 0, DAY)
    seen = Picture(1, (pool, own), (), (job,), (), (window,))
    made = decide(seen)
    assert made.starts == () and made.waits[0].pool == "P"
    assert pool_of(seen, "R") == "P" and pool_of(seen, "P") == "P"
    said = expect(seen, ["J"], str, str)[0]
    assert said.why.en == f"Chips of P are kept for R until {DAY}." and f"为R保留至{DAY}" in said.why.zh
    later = replace(seen, windows=(Window("R", "P", 2, HOUR // 2, DAY),))
    assert "into which it would run" in expect(later, ["J"], str, str)[0].why.en
    named = replace(job, pools=("R",))
    inside = replace(later, waiting=(named,))
    assert expect(inside, ["J"], str, str)[0].why.en == f"R begins {HOUR // 2}."
    late = replace(seen, waiting=(replace(named, limit_ms=DAY),))
    assert "before the limit of the job" in expect(late, ["J"], str, str)[0].why.en
    assert decide(replace(seen, waiting=(named,))).starts[0].pool == "R"
