"""What every pool would say to a request that nobody has made yet: the picture with one more job, seen from each pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hutong.engines.broker.decide.cycle import REASONS, in_turn, may_run, scene_of
from hutong.engines.broker.decide.expect import (
    Choice,
    Clock,
    Drawn,
    at_most,
    choices,
    foretell,
    need_of,
    offered,
    promises,
)
from hutong.engines.broker.decide.picture import Asked, Picture
from hutong.engines.broker.explain import Constraint, Scene, explain_waiting, failing
from hutong.engines.broker.reserve.forecast import Forecast, forecast
from hutong.engines.broker.reserve.profile import NEVER, Ints
from hutong.kernel.text import Text

_ALSO = Text("If it also ran on {chip}: {when} at {pool}.", "若也可用{chip}：{when}在{pool}开始。")


@dataclass(frozen=True, slots=True)
class Place:
    """One pool's answer. start_ms: by the limits of the jobs before it, None where it would never start there.

    now: it could start there at once; chosen: the broker would start it there. promised: it would hold a reservation.
    cause: of `REASONS`, "starts" where nothing keeps it; constraints: of the request that fail there, load aside.
    short: chips that are missing, where a replay with them started it; ahead: waiting jobs before it. starts: (S,) drawn.
    """

    pool: str
    fen: int
    start_ms: int | None = None
    now: bool = False
    chosen: bool = False
    promised: bool = False
    cause: str = "no_pool"
    constraints: tuple[Constraint, ...] = ()
    short: int = 0
    ahead: int = 0
    starts: Ints | None = None


@dataclass(frozen=True, slots=True)
class Quoted:
    """places: in the order of the offers. options: what would start it sooner, soonest first; none where it starts now."""

    places: tuple[Place, ...]
    options: tuple[Choice, ...]

    @property
    def possible(self) -> bool:
        return any(p.start_ms is not None or p.cause not in ("no_pool", "too_large") for p in self.places)


def quote(picture: Picture, asked: Asked, clock: Clock, length: Clock, drawn: Drawn | None = None) -> Quoted:
    """Every pool's answer to the request, after all jobs that would be served before it; nothing is changed.

    Same cycle, same plan and same words as for a job that waits. drawn: run times for an interval, none without.
    """
    with_it = replace(picture, waiting=(*(w for w in picture.waiting if w.job != asked.job), asked))
    waiting = in_turn(with_it)
    before = waiting[: waiting.index(asked) + 1]
    seen = scene_of(with_it, before)
    ahead = _plan(seen)
    places = _places(with_it, before, seen, ahead, drawn)
    if any(p.chosen for p in places):
        return Quoted(tuple(places), ())
    if all(p.cause in ("no_pool", "too_large") for p in places):
        return Quoted(tuple(places), _also(with_it, asked, before, None, clock))
    why = explain_waiting(seen, [len(before) - 1], ahead)[0]
    for one in why.pools:
        places[one.pool] = replace(places[one.pool], short=one.short, ahead=one.ahead)
    options = choices(with_it, asked, why, clock, length)
    asked_for = next((o.start_ms for o in options if o.kind == "as_asked"), None)
    found = (*options, *_also(with_it, asked, before, asked_for, clock))
    return Quoted(tuple(places), tuple(sorted(found, key=lambda o: (o.start_ms, o.kind, -o.value))))


def _places(
    picture: Picture, before: Sequence[Asked], seen: Scene, ahead: Forecast, drawn: Drawn | None
) -> list[Place]:
    """What each pool says to the last of these jobs."""
    asked, position, made = before[-1], len(before) - 1, seen.cycle(per_pool=True)
    played = None if drawn is None else foretell(picture, before, drawn).when[position]
    promised = promises(seen, picture).get(position)
    places = []
    for p, offer in enumerate(picture.offers):
        cause, start = REASONS[int(made.reasons[position, p])], int(ahead.when[position, p, 0])
        at = picture.now_ms if cause == "starts" else start
        places.append(
            Place(
                offer.pool,
                at_most(asked.chips, asked.limit_ms, offer.fen),
                start_ms=None if at >= NEVER else at,
                now=cause == "starts",
                chosen=p == int(made.pool[position]),
                promised=promised is not None and promised[0] == offer.pool,
                cause=cause,
                constraints=failing(need_of(asked, picture.now_ms), offered(offer)),
                starts=None if played is None or at >= NEVER else played[p],
            )
        )
    return places


def _plan(seen: Scene) -> Forecast:
    return forecast(seen.pools, seen.running, seen.queue, seen.kinds, seen.now, windows=seen.windows)


def _also(
    picture: Picture, asked: Asked, before: Sequence[Asked], asked_for: int | None, clock: Clock
) -> tuple[Choice, ...]:
    """The kind of chip that, accepted too, would bring the soonest start; none where that is not sooner than as asked."""
    kinds = sorted(
        {o.chip for o in picture.offers if may_run(o, (o.chip,), asked.regions, asked.pools, asked.avoid)}
        - {*asked.accept}
    )
    if not kinds:
        return ()
    wider = replace(asked, accept=(*asked.accept, *kinds))
    seen = scene_of(picture, [*before[:-1], wider])
    pool, start = int(seen.cycle().pool[-1]), picture.now_ms
    if pool < 0:
        when = _plan(seen).when[-1, :, 0]
        pool = int(np.argmin(when))
        start = max(int(when[pool]), picture.now_ms + 1)
    offer = picture.offers[pool]
    if start >= NEVER or offer.chip in asked.accept or (asked_for is not None and start >= asked_for):
        return ()
    words = _ALSO.format(chip=offer.chip, when=clock(start), pool=offer.pool)
    fen = at_most(asked.chips, asked.limit_ms, offer.fen)
    return (Choice("accept", 0, words, offer.pool, start, fen, offer.chip),)
