"""Calling lent chips back: who has a right starts within the notice, guests leave at the least loss, within the cap."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from typing import Any

from hutong.engines.broker.decide import (
    Asked,
    Decided,
    Held,
    Offer,
    Picture,
    Window,
    decide,
    expect,
    picture_of,
)
from hutong.engines.broker.decide.recall import cap_of

MINUTE = 60_000
HOUR = 60 * MINUTE
NOTICE = 10 * MINUTE


def offer(total: int = 8, free: int = 0, pool: str = "p1", centre: str = "home", **more: Any) -> Offer:
    given = {"lendable": 0, "notice_ms": NOTICE, **more}
    return Offer(pool, centre, "a100", "110000", total, free, 100, **given)


def guest(
    name: str, chips: int, saved: int = -HOUR, ends: int = 9 * HOUR, pool: str = "p1", **more: Any
) -> Held:
    return Held(name, pool, chips, ends, **{"centre": "far", "saved_ms": saved, **more})


def asked(name: str = "r", chips: int = 4, right: bool = True, **more: Any) -> Asked:
    given = {"account": "lab", "centre": "home", "limit_ms": HOUR, "accept": ("a100",), **more}
    return Asked(job=name, chips=chips, submitted_ms=-HOUR, right=right, **given)


def seen(*running: Held, waits: Any = (), offers: Any = (), **more: Any) -> Picture:
    held: dict[str, int] = {}
    for one in running:
        held[one.pool] = held.get(one.pool, 0) + one.chips
    pools = tuple(replace(o, free=o.total - held.get(o.pool, 0)) for o in offers or (offer(),))
    # The cap is not what most of these tests are about: a large pool elsewhere makes it wide.
    wide = Offer("wide", "wide", "none", "110000", 100_000, 0, 100)
    return Picture(0, (*pools, wide), running, tuple(waits) or (asked(),), **more)


def called(made: Decided) -> dict[str, int]:
    return {r.job: r.lost_ms for r in made.recalls}


def test_guests_leave_by_the_end_of_the_notice_and_for_whom_is_said() -> None:
    made = decide(seen(guest("g1", 4, checkpoint_ms=2 * MINUTE), guest("g2", 4)))
    assert [(r.job, r.due_ms, r.why, r.for_whom, r.lost_ms) for r in made.recalls] == [
        ("g1", NOTICE, "guarantee", "r", 4 * 2 * MINUTE)
    ]
    assert made.starts == () and [(w.job, w.promised_ms) for w in made.waits] == [("r", NOTICE)]


def test_a_guest_that_cannot_save_loses_what_it_still_does_within_the_notice() -> None:
    made = decide(seen(guest("g1", 8, saved=-HOUR)))
    assert called(made) == {"g1": 8 * (HOUR + NOTICE)}


def test_who_leaves_by_itself_in_time_is_not_called() -> None:
    made = decide(seen(guest("g1", 4, ends=NOTICE), guest("g2", 4)))
    assert made.recalls == () and made.waits[0].promised_ms == NOTICE
    assert called(decide(seen(guest("g1", 4, ends=NOTICE + 1), guest("g2", 4, saved=0)))) == {
        "g2": 4 * NOTICE
    }


def test_nobody_is_called_twice_and_what_was_called_is_kept_for_whom_it_was_called() -> None:
    """The guest that leaves in five minutes suffices; a job of others does not get the chips meanwhile."""
    other = asked("o", 2, right=False, account="other", centre="far", limit_ms=HOUR)
    brief = replace(other, job="b", limit_ms=4 * MINUTE)
    leaving = guest("g1", 4, due_ms=5 * MINUTE)
    picture = seen(leaving, guest("g2", 2), waits=[other, brief, asked("r", 6)], offers=[offer(lendable=4)])
    made = decide(picture)
    assert made.recalls == () and [s.job for s in made.starts] == ["b"]
    assert next(w.promised_ms for w in made.waits if w.job == "r") == 5 * MINUTE
    # It is late: still nobody else is called, and nothing starts into its chips.
    late = replace(picture, now_ms=6 * MINUTE)
    assert decide(late).recalls == () and "o" not in [s.job for s in decide(late).starts]


def test_a_job_with_a_right_goes_before_guests_and_others_at_home() -> None:
    first = asked("g", 4, right=False, account="aa", centre="far", priority=9)
    own = asked("own", 4, right=False, priority=9)
    made = decide(seen(guest("g1", 4), waits=[first, own, asked()], offers=[offer(lendable=8)]))
    assert [(s.job, s.pool, s.chips) for s in made.starts] == [("r", "p1", 4)] and made.recalls == ()


def test_a_job_that_starts_elsewhere_calls_nobody() -> None:
    elsewhere = offer(8, pool="p2", centre="c2", lendable=8)
    made = decide(seen(guest("g1", 8), offers=[offer(), elsewhere]))
    assert [(s.job, s.pool) for s in made.starts] == [("r", "p2")] and made.recalls == ()


def test_nobody_is_called_where_that_would_not_help_or_without_an_agreement() -> None:
    own = guest("own", 5, centre="home")
    assert decide(seen(own, guest("g1", 3))).recalls == ()
    assert decide(seen(guest("g1", 8), offers=[offer(notice_ms=None)])).recalls == ()
    kept = Window("RSV-1", "p1", 6, 30 * MINUTE, 5 * HOUR)
    assert decide(seen(guest("g1", 8), windows=(kept,))).recalls == ()


def test_a_job_with_a_right_at_its_home_and_own_jobs_are_never_called() -> None:
    own = (guest("o1", 4, centre="home", right=True), guest("o2", 2, centre="home"))
    made = decide(seen(*own, guest("g1", 2, checkpoint_ms=0), waits=[asked("r", 2)]))
    assert called(made) == {"g1": 0}


def test_two_rights_call_the_guests_of_both_once() -> None:
    guests = [guest(f"g{n}", 2, checkpoint_ms=n * MINUTE) for n in range(4)]
    made = decide(seen(*guests, waits=[asked("r1", 3), asked("r2", 1)]))
    assert {r.job: r.for_whom for r in made.recalls} == {"g0": "r1", "g1": "r1"}
    assert {w.promised_ms for w in made.waits} == {NOTICE}


def test_the_least_loss_is_that_of_the_best_set_of_all() -> None:
    chance = random.Random(1)
    for _ in range(150):
        guests = [
            guest(
                f"g{n}",
                chance.randint(1, 4),
                saved=-chance.randint(0, 5) * MINUTE,
                ends=chance.choice((5 * MINUTE, 3 * HOUR)),
                checkpoint_ms=chance.choice((-1, MINUTE, 20 * MINUTE)),
            )
            for n in range(chance.randint(1, 6))
        ]
        total = sum(g.chips for g in guests)
        need = chance.randint(1, total)
        made = decide(seen(*guests, waits=[asked("r", need)], offers=[offer(total)]))
        by_itself = sum(g.chips for g in guests if g.ends_ms <= NOTICE)
        able = [g for g in guests if g.ends_ms > NOTICE]

        def loss(g: Held) -> int:
            stop = NOTICE - g.saved_ms
            return g.chips * (min(stop, g.checkpoint_ms) if 0 <= g.checkpoint_ms <= NOTICE else stop)

        sets = [c for n in range(len(able) + 1) for c in combinations(able, n)]
        best = min(sum(map(loss, c)) for c in sets if by_itself + sum(g.chips for g in c) >= need)
        assert sum(called(made).values()) == best
        freed = sum(g.chips for g in guests if g.job in called(made))
        assert by_itself + freed >= need


def narrow(*running: Held, losses: Any = (), **more: Any) -> Picture:
    """Eight chips: 24 chip-minutes an hour may be lost."""
    picture = seen(*running, **more)
    return replace(picture, offers=picture.offers[:1], losses=tuple(losses))


def test_the_cap_delays_a_recall_for_an_hour_at_most() -> None:
    cap = cap_of([offer()])
    assert cap.lost_ms == 24 * MINUTE
    cheap = guest("g1", 8, checkpoint_ms=MINUTE)
    assert called(decide(narrow(cheap))) == {"g1": 8 * MINUTE}
    before = (-5 * MINUTE, 17 * MINUTE)
    assert decide(narrow(cheap, losses=[before])).recalls == ()
    # An hour before the loss would come, the former has left the window; one that is to come counts as well.
    assert called(decide(narrow(cheap, losses=[(NOTICE - HOUR, 17 * MINUTE)]))) == {"g1": 8 * MINUTE}
    assert decide(narrow(cheap, losses=[(NOTICE + HOUR - 1, 17 * MINUTE)])).recalls == ()
    dear = guest("g1", 8)
    assert decide(narrow(dear)).recalls == ()
    for since, calls in ((-HOUR + 1, 0), (-HOUR, 1)):
        waited = asked(right_since_ms=since)
        assert len(decide(narrow(dear, waits=[waited])).recalls) == calls


def test_it_replays_from_its_json() -> None:
    picture = seen(guest("g1", 8), losses=((-5, 7),))
    assert decide(picture_of(picture.as_json())) == decide(picture) and decide(picture).recalls


def test_who_would_run_into_a_claim_is_told_for_whom_the_chips_are_kept() -> None:
    other = asked("o", 2, right=False, account="other", centre="far")
    picture = seen(guest("g1", 4, due_ms=5 * MINUTE), guest("g2", 2), waits=[other, asked("r", 6)],
                   offers=[offer(lendable=4)])  # fmt: skip
    told = {e.job: e for e in expect(picture, ["o", "r"], str, str)}
    assert (
        told["o"].why.en == "Chips of p1 are kept from 300000 for r, which has a right to them at its home."
    )
    assert told["r"].promised == ("p1", 5 * MINUTE)
