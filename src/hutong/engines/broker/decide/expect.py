"""What each waiting job can expect, in words: what keeps it, what would start it sooner, when and at what price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.decide.calendar import kept, pool_of, say_kept
from hutong.engines.broker.decide.claims import Claim, say_claims
from hutong.engines.broker.decide.cycle import homed_of, in_turn, scene_of
from hutong.engines.broker.decide.elastic import lean
from hutong.engines.broker.decide.picture import Asked, Offer, Picture
from hutong.engines.broker.explain import (
    Blocker,
    Need,
    Option,
    Scene,
    Verdict,
    Why,
    admit,
    explain_waiting,
    say_blocker,
    say_option,
    say_verdict,
)
from hutong.engines.broker.explain import Offer as Offered
from hutong.engines.broker.reserve.plays import Played, play_queue
from hutong.engines.broker.reserve.profile import Ints
from hutong.kernel.text import Text

HOUR_MS = 3_600_000
Clock = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to a start. kind: as_asked, chips (value: how many), run (value: a limit in milliseconds) or accept (chip: a
    kind of chip more). start_ms: by the limits of the jobs before it. fen: what it costs at most.
    """

    kind: str
    value: int
    words: Text
    pool: str
    start_ms: int
    fen: int
    chip: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """why: the blocker that a replay has lifted, in a sentence. options: soonest first.

    promised: pool and latest start, where the job holds a reservation: it holds as long as nobody of a higher rank comes.
    """

    job: str
    why: Text
    options: tuple[Choice, ...]
    promised: tuple[str, int] | None = None


def expect(picture: Picture, jobs: Sequence[str], clock: Clock, length: Clock) -> tuple[Expected, ...]:
    """For waiting jobs by code; those that start now, are impossible or do not wait are left out.

    clock tells an instant in milliseconds, length a span. Each job costs some replays of the cycle: name a few.
    """
    homed = homed_of(picture, in_turn(picture))
    waiting, claims = homed.rest, homed.claims
    places = {a.job: i for i, a in enumerate(waiting)}
    wanted = [places[j] for j in jobs if j in places]
    if not wanted or not picture.offers:
        return ()
    seen = scene_of(homed.seen, waiting, claims=claims)
    promised = promises(seen, picture)
    promised |= {places[c.job]: (picture.offers[c.place].pool, c.begins_ms) for c in claims}
    return tuple(
        Expected(
            waiting[why.position].job,
            say(picture, why.named, clock, claims),
            choices(picture, waiting[why.position], why, clock, length),
            promised.get(why.position),
        )
        for why in explain_waiting(seen, wanted)
    )


def say(picture: Picture, blocker: Blocker, clock: Clock, claims: Sequence[Claim] = ()) -> Text:
    """What keeps a job, in a sentence; a reservation of the calendar, or a job with a right, by its name."""
    if blocker.cause == "window" and blocker.holders:
        rows = kept(picture)
        named = [claims[h - len(rows)] for h in blocker.holders if h >= len(rows)]
        if named:
            return say_claims(picture.offers, named, clock)
        return say_kept(picture, blocker, rows, clock)
    return say_blocker(blocker, _names(picture))


def promises(seen: Scene, picture: Picture) -> dict[int, tuple[str, int]]:
    """Pool and latest start of the jobs that hold a reservation, by position."""
    return {int(n): (picture.offers[int(p)].pool, int(at)) for n, p, at in seen.cycle().reserved.tolist()}


def choices(picture: Picture, asked: Asked, why: Why, clock: Clock, length: Clock) -> tuple[Choice, ...]:
    """The options of an explanation with their sentences and prices."""
    names = _names(picture)
    return tuple(
        Choice(
            o.change,
            o.value,
            say_option(o, names, clock, length),
            pool_of(picture, picture.offers[o.pool].pool),
            o.start,
            _fen(picture, asked, o),
        )
        for o in why.options
    )


def _names(picture: Picture) -> list[Text]:
    return [Text(o.pool, o.pool) for o in picture.offers]


def _fen(picture: Picture, asked: Asked, option: Option) -> int:
    chips = option.value if option.change == "chips" else asked.most or asked.chips
    run = option.value if option.change == "run" else asked.limit_ms
    return at_most(chips, run, picture.offers[option.pool].fen)


def at_most(chips: int, run_ms: int, fen_per_hour: int) -> int:
    """What so many chips cost for so long, in fen, rounded up."""
    return -(-chips * run_ms * fen_per_hour // HOUR_MS)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draws for S plays: of each job at work when it ends, of each waiting job how long it runs; (S,) each, in milliseconds.

    A job that is not named keeps its chips until its limit.
    """

    plays: int
    ends: Mapping[str, Ints]
    runs: Mapping[str, Ints]


def foretell(picture: Picture, waiting: Sequence[Asked], drawn: Drawn) -> Played:
    """Play these waiting jobs, first served first, forward to their starts (`reserve.plays`)."""
    seen = scene_of(picture, list(waiting))
    places = {o.pool for o in picture.offers}
    held = [h for h in lean(picture).running if h.pool in places]
    soonest = picture.now_ms + 1
    # No later than the cycle itself takes for granted: the limit, or the moment by which chips are called back.
    latest = seen.running.end.tolist()
    ends = [
        np.maximum(np.minimum(drawn.ends.get(h.job, _whole(drawn, end)), end), soonest)
        for h, end in zip(held, latest, strict=True)
    ]
    runs = [drawn.runs.get(a.job, _whole(drawn, a.limit_ms)) for a in waiting]
    return play_queue(
        seen.pools,
        seen.running,
        seen.queue,
        seen.kinds,
        _rows(ends, drawn),
        _rows(runs, drawn),
        picture.now_ms,
    )


def _whole(drawn: Drawn, value: int) -> Ints:
    return np.full(drawn.plays, value, np.int64)


def _rows(columns: list[Ints], drawn: Drawn) -> Ints:
    return np.stack(columns, axis=1) if columns else np.zeros((drawn.plays, 0), np.int64)


def possible(asked: Asked, offers: Sequence[Offer], now_ms: int, budget_fen: int | None = None) -> Verdict:
    """Whether the request can ever run at a pool that is offered, load aside; else the least that cannot hold together."""
    return admit(need_of(asked, now_ms, budget_fen), [offered(o) for o in offers])


def need_of(asked: Asked, now_ms: int, budget_fen: int | None = None) -> Need:
    """A waiting job as the constraints see it."""
    return Need(
        count=asked.chips,
        run_ms=asked.limit_ms,
        chips=frozenset(asked.accept),
        zones=None if asked.regions is None else frozenset(asked.regions),
        budget=budget_fen,
        deadline=asked.deadline_ms,
        now=now_ms,
    )


def offered(offer: Offer) -> Offered:
    """A pool as the constraints see it."""
    return Offered(
        offer.pool, offer.chip, offer.total, 0, offer.region, price=offer.fen, speed=offer.speed_milli
    )


def say_impossible(verdict: Verdict, clock: Clock, money: Clock) -> tuple[Text, ...]:
    """The conflict and what one change would help."""
    return say_verdict(verdict, clock, money)
