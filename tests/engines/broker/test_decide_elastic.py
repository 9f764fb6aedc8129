"""Elastic jobs in a decision: they take what is left, give it back before anybody waits, and change nobody else's turn."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from hutong.engines.broker.decide import Asked, Decided, Held, Offer, Picture, Window, decide, picture_of
from hutong.engines.broker.decide.cycle import in_turn, scene_of
from hutong.engines.broker.decide.lean import cost_ms, may_change
from hutong.engines.broker.decide.picture import Sizing
from hutong.engines.broker.decide.sharing import cheapest, share
from hutong.engines.broker.elastic import sizes as of

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 100 * HOUR
SIZING = Sizing()


def offer(total: int, held: tuple[Held, ...] = (), name: str = "p", **more: Any) -> Offer:
    free = total - sum(h.chips for h in held if h.pool == name)
    return Offer(name, "c", "a100", "110000", total, max(0, free), 100, **more)


def asked(job: str, chips: int, most: int | None = None, limit: int = HOUR, **more: Any) -> Asked:
    given = {"account": "lab", "centre": "c", "accept": ("a100",), "submitted_ms": NOW - HOUR, **more}
    return Asked(job=job, chips=chips, most=most, limit_ms=limit, **given)


def saving(job: str, chips: int, most: int, **more: Any) -> Asked:
    return asked(job, chips, most, checkpoint_ms=MINUTE, **more)


def held(job: str, chips: int, least: int, most: int, left: int = 5 * HOUR, **more: Any) -> Held:
    given = {"centre": "c", "checkpoint_ms": MINUTE, "since_ms": NOW - HOUR, **more}
    return Held(job, "p", chips, NOW + left, least=least, most=most, **given)


def pic(total: int, running: tuple[Held, ...] = (), waiting: tuple[Asked, ...] = (), **more: Any) -> Picture:
    return Picture(NOW, (offer(total, running),), running, waiting, **more)


def sizes_of(made: Decided) -> dict[str, int]:
    return {s.job: s.chips for s in made.starts}


def called(made: Decided) -> dict[str, str]:
    assert all(r.why == "resize" and r.lost_ms == 0 for r in made.recalls)
    return {r.job: r.for_whom for r in made.recalls}


def test_an_elastic_job_alone_takes_what_it_can_use_and_no_more() -> None:
    assert sizes_of(decide(pic(8, waiting=(saving("e", 1, 4),)))) == {"e": 4}
    assert sizes_of(decide(pic(8, waiting=(saving("e", 1, 16),)))) == {"e": 8}
    assert sizes_of(decide(pic(8, waiting=(asked("e", 2),)))) == {"e": 2}


def test_equal_jobs_share_alike_and_those_of_their_own_size_come_first() -> None:
    waiting = (saving("a", 1, 8), saving("b", 1, 8), asked("r", 4))
    assert sizes_of(decide(pic(8, waiting=waiting))) == {"a": 2, "b": 2, "r": 4}


def test_a_job_that_can_save_grows_into_chips_that_nobody_waits_for() -> None:
    made = decide(pic(4, (held("e", 1, 1, 4),)))
    assert called(made) == {"e": "e"} and made.recalls[0].due_ms == NOW + 2 * MINUTE
    # It does not while it has just changed, saves nothing, is called back already, or could not earn the restart.
    for kept in (
        {"since_ms": NOW - MINUTE},
        {"checkpoint_ms": -1},
        {"due_ms": NOW + MINUTE},
        {"left": 5 * MINUTE},
    ):
        assert not decide(pic(4, (held("e", 1, 1, 4, **kept),))).recalls


def test_a_job_above_its_least_gives_chips_to_whoever_waits_and_the_start_waits_for_them() -> None:
    working = (held("e", 7, 1, 8), held("r", 1, 0, 0))
    made = decide(pic(8, working, (asked("w", 4),)))
    assert called(made) == {"e": "w"} and not made.starts
    wait = made.waits[0]
    assert (wait.job, wait.reason, wait.promised_ms) == ("w", "chips", NOW + 2 * MINUTE)
    # While it saves nobody else is called back, and a small job takes what is free only if enough comes back.
    on_its_way = (replace(working[0], due_ms=NOW + MINUTE, resizing=True), held("f", 1, 1, 1))
    assert not decide(pic(8, on_its_way, (asked("w", 4),))).recalls
    # Then it is first in turn at its least, and the other starts beside it.
    back = asked("e", 1, 8, resized=True, checkpoint_ms=MINUTE, submitted_ms=NOW)
    made = decide(pic(8, (held("r", 1, 0, 0),), (asked("w", 4), back)))
    assert sizes_of(made) == {"e": 3, "w": 4}


def test_chips_are_given_back_ahead_of_a_window_of_the_calendar() -> None:
    soon, later = NOW + MINUTE, NOW + 3 * HOUR
    working = (held("e", 8, 2, 8),)
    kept = Window("RSV", "p", 4, soon, NOW + 9 * HOUR)
    made = decide(pic(8, working, windows=(kept,)))
    assert called(made) == {"e": "RSV"}
    assert not decide(pic(8, working, windows=(replace(kept, begins_ms=later),))).recalls


def test_who_keeps_its_size_for_good_leaves_a_later_window_alone() -> None:
    kept = Window("RSV", "p", 6, NOW + 30 * MINUTE, NOW + 9 * HOUR)
    once, again = asked("e", 1, 8), saving("e", 1, 8)
    assert sizes_of(decide(pic(8, waiting=(once,), windows=(kept,)))) == {"e": 2}
    assert sizes_of(decide(pic(8, waiting=(again,), windows=(kept,)))) == {"e": 8}


def test_who_keeps_its_size_for_good_takes_a_quarter_of_what_is_free() -> None:
    assert sizes_of(decide(pic(64, waiting=(asked("e", 4, 64),)))) == {"e": 18}
    assert sizes_of(decide(pic(4, waiting=(asked("e", 1, 4),)))) == {"e": 2}


def test_guests_grow_only_into_what_is_lent_and_sizes_beyond_a_node_are_whole_nodes() -> None:
    lent = (replace(offer(16), lendable=3),)
    guest = saving("g", 1, 16, centre="elsewhere")
    assert sizes_of(decide(Picture(NOW, lent, (), (guest,)))) == {"g": 3}
    nodes = (replace(offer(11), node_chips=4),)
    assert sizes_of(decide(Picture(NOW, nodes, (), (saving("e", 1, 16),)))) == {"e": 8}
    assert of.sizes(1, 16, 4) == (1, 2, 3, 4, 8, 12, 16)
    assert of.sizes(3, 40) == (*range(3, 17), 18, 20, 22, 24, 27, 30, 33, 37, 40)


def crowd(seed: int) -> Picture:
    chance = random.Random(seed)
    total = chance.randint(4, 24)
    running, used = [], 0
    while used < total and chance.random() < 0.8:
        least = chance.randint(1, min(4, total - used))
        most = chance.choice((0, least + chance.randint(1, 8)))
        chips = chance.randint(least, max(least, min(most or least, total - used)))
        used += chips
        running.append(
            held(
                f"r{len(running)}",
                chips,
                least if most else 0,
                most,
                chance.randint(1, 600) * MINUTE,
                checkpoint_ms=chance.choice((-1, 0, MINUTE)),
                since_ms=NOW - chance.randint(0, 40) * MINUTE,
                centre=chance.choice(("c", "d")),
            )
        )
    waiting = [
        asked(
            f"w{n}",
            least := chance.randint(1, max(1, total // 2)),
            chance.choice((None, least + chance.randint(1, 8))),
            chance.randint(1, 400) * MINUTE,
            checkpoint_ms=chance.choice((-1, 0, MINUTE)),
            centre=chance.choice(("c", "d")),
            submitted_ms=NOW - chance.randint(0, 600) * MINUTE,
        )
        for n in range(chance.randint(0, 6))
    ]
    windows = ()
    if chance.random() < 0.4:
        begins = NOW + chance.randint(1, 300) * MINUTE
        windows = (Window("RSV", "p", chance.randint(1, max(1, total // 2)), begins, begins + HOUR),)
    lend = chance.choice((None, chance.randint(0, total)))
    seen = pic(total, tuple(running), tuple(waiting), windows=windows)
    return replace(seen, offers=(replace(seen.offers[0], lendable=lend),))


def _rigid(one: Asked) -> Asked:
    return replace(one, most=None)


@pytest.mark.parametrize("block", range(10))
def test_whatever_the_picture(block: int) -> None:
    """Bounds of sizes, chips in all, whole decisions that repeat, and starts and promises that sizes do not touch."""
    for seed in range(block * 100, block * 100 + 100):
        seen = crowd(seed)
        made = decide(seen)
        assert made == decide(picture_of(seen.as_json()))
        jobs = {a.job: a for a in seen.waiting}
        home = seen.offers[0]
        for start in made.starts:
            one = jobs[start.job]
            assert one.chips <= start.chips <= max(one.chips, one.most or 0)
        assert sum(s.chips for s in made.starts) <= home.free
        guests = sum(s.chips for s in made.starts if jobs[s.job].centre != home.centre)
        assert home.lendable is None or guests <= home.lendable
        work = {h.job: h for h in seen.running}
        assert len({r.job for r in made.recalls}) == len(made.recalls)
        assert all(may_change(work[r.job], seen) and r.due_ms >= NOW for r in made.recalls)
        # The same with every waiting job of one size: the same start, wait, reasons.
        bare = decide(replace(seen, waiting=tuple(map(_rigid, seen.waiting))))
        assert {s.job for s in made.starts} == {s.job for s in bare.starts}
        assert made.waits == bare.waits
        _behind(seen, made)
        _kept(seen, made)


def _behind(seen: Picture, made: Decided) -> None:
    """A job starts, or is about to, no matter which elastic jobs wait behind it."""
    order = in_turn(seen)
    for place, one in enumerate(order):
        ahead = tuple(order[: place + 1])
        alone = decide(replace(seen, waiting=ahead))
        told = {s.job for s in made.starts}, {w.job: (w.reason, w.pool) for w in made.waits}
        if one.job in {s.job for s in alone.starts}:
            # Behind it somebody small may be let in on chips that were free; it gets those that come back.
            assert one.job in told[0]
        else:
            mine = next(w for w in alone.waits if w.job == one.job)
            assert told[1].get(one.job) == (mine.reason, mine.pool)


def _kept(seen: Picture, made: Decided) -> None:
    """Reservations and windows that begin before whoever grew could be called back again find their chips free."""
    order = in_turn(seen)
    cycle = scene_of(seen, order).cycle()
    sizes = sizes_of(made)
    grown = {a.job for a in order if sizes.get(a.job, 0) > a.chips}
    if not grown:
        return
    limit = {a.job: a.limit_ms for a in order}
    fixed = {a.job for a in order if a.checkpoint_ms < 0}
    holds = [(w.chips, w.begins_ms, w.ends_ms) for w in seen.windows]
    holds += [(order[n].chips, start, start + order[n].limit_ms) for n, _, start in cycle.reserved.tolist()]
    for _, begins, _ in holds:
        busy = sum(c for c, start, end in holds if start <= begins < end)
        busy += sum(h.chips for h in seen.running if max(h.ends_ms, NOW + 1) > begins)
        extra = 0
        for job, chips in sizes.items():
            if NOW + limit[job] <= begins:
                continue
            least = next(a.chips for a in order if a.job == job)
            soon = begins < NOW + SIZING.stay_ms + cost_ms(0, SIZING)
            busy += least
            extra += chips - least if soon or job in fixed else 0
        # A window over work that cannot give way is short of chips anyhow: nobody adds to that.
        assert extra <= max(0, seen.offers[0].total - busy)


def test_the_assignment_is_the_best_of_all() -> None:
    chance = random.Random(5)
    for _ in range(300):
        jobs = tuple(_sized(chance, n) for n in range(chance.randint(1, 3)))
        room = chance.randint(1, 6)
        got = share(jobs, room, 0, SIZING)
        base = [j.now or j.least for j in jobs]
        options = [range(low, min(j.most, low + room) + 1) for j, low in zip(jobs, base, strict=True)]
        every = tuple(sorted({n for o in options for n in o}))
        worth = of.worths(jobs, every, SIZING.stay_ms, SIZING.serial_milli)

        def value(
            pick: tuple[int, ...], worth: list[list[int | None]] = worth, every: tuple[int, ...] = every
        ) -> int | None:
            parts = [row[every.index(n)] for row, n in zip(worth, pick, strict=True)]
            return None if None in parts else sum(p or 0 for p in parts)

        able = [
            pick
            for pick in itertools.product(*options)
            if sum(pick) - sum(base) <= room and value(pick) is not None
        ]
        mine = tuple(low + got.get(j.name, 0) for j, low in zip(jobs, base, strict=True))
        assert mine in able and value(mine) == max(value(pick) or 0 for pick in able)


def _sized(chance: random.Random, n: int) -> of.Sized:
    least = chance.randint(1, 3)
    most = least + chance.randint(1, 6)
    now = chance.choice((0, chance.randint(least, most)))
    return of.Sized(f"j{n}", least, most, chance.randint(1, 300) * MINUTE, now, 2 * MINUTE)


def test_who_gives_back_is_the_cheapest_set_of_all() -> None:
    chance = random.Random(6)
    for _ in range(300):
        able = []
        for n in range(chance.randint(1, 5)):
            least = chance.randint(1, 3)
            size = least + chance.randint(1, 5)
            able.append(held(f"h{n}", size, least, size, checkpoint_ms=chance.randint(0, 9) * MINUTE))
        gives = {h.job: h.chips - h.least for h in able}
        lack = chance.randint(1, sum(gives.values()))

        def price(chosen: tuple[Held, ...]) -> int:
            return sum(h.chips * cost_ms(h.checkpoint_ms, SIZING) for h in chosen)

        sets = [c for k in range(len(able) + 1) for c in itertools.combinations(able, k)]
        enough = [c for c in sets if sum(gives[h.job] for h in c) >= lack]
        got = cheapest(able, lack, SIZING)
        assert sum(gives[h.job] for h in got) >= lack
        assert price(tuple(got)) == min(map(price, enough))


def test_the_speed_that_is_assumed_is_amdahls_and_never_more_than_chips() -> None:
    assert [of.speed_milli(n, 100) for n in (1, 2, 4, 8)] == [1000, 1818, 3076, 4705]
    assert of.speed_milli(8, 0) == 8000 and of.speed_milli(8, 1000) == 1000
    assert of.time_ms(HOUR, 1, 2, 100) == 1_980_199
