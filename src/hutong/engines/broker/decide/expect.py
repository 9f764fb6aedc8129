"""What each waiting job can expect, in words: what keeps it, what would start it sooner, when and at what price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hutong.engines.broker.decide.cycle import in_turn, scene_of
from hutong.engines.broker.decide.picture import Asked, Offer, Picture
from hutong.engines.broker.explain import (
    Need,
    Option,
    Verdict,
    admit,
    explain_waiting,
    say_blocker,
    say_option,
    say_verdict,
)
from hutong.engines.broker.explain import Offer as Offered
from hutong.kernel.text import Text

HOUR_MS = 3_600_000
Clock = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Expected:
    """why: the blocker that a replay has lifted, in a sentence. options: (sentence, pool, start, price in fen)."""

    job: str
    why: Text
    options: tuple[tuple[Text, str, int, int], ...]


def expect(picture: Picture, jobs: Sequence[str], clock: Clock, length: Clock) -> tuple[Expected, ...]:
    """For waiting jobs by code; those that start now, are impossible or do not wait are left out.

    clock tells an instant in milliseconds, length a span. Each job costs some replays of the cycle: name a few.
    """
    waiting = in_turn(picture)
    places = {a.job: i for i, a in enumerate(waiting)}
    wanted = [places[j] for j in jobs if j in places]
    if not wanted or not picture.offers:
        return ()
    names = [Text(o.pool, o.pool) for o in picture.offers]
    made = explain_waiting(scene_of(picture, waiting), wanted)
    return tuple(
        Expected(
            waiting[why.position].job,
            say_blocker(why.named, names),
            tuple(
                (
                    say_option(o, names, clock, length),
                    picture.offers[o.pool].pool,
                    o.start,
                    _fen(picture, waiting, why.position, o),
                )
                for o in why.options
            ),
        )
        for why in made
    )


def _fen(picture: Picture, waiting: list[Asked], position: int, option: Option) -> int:
    """What the option costs at most: chips times limit at the pool's price, rounded up."""
    asked = waiting[position]
    chips = option.value if option.change == "chips" else asked.chips
    run = option.value if option.change == "run" else asked.limit_ms
    return -(-chips * run * picture.offers[option.pool].fen // HOUR_MS)


def possible(asked: Asked, offers: Sequence[Offer], now_ms: int, budget_fen: int | None = None) -> Verdict:
    """Whether the request can ever run at a pool that is offered, load aside; else the least that cannot hold together."""
    need = Need(
        count=asked.chips,
        run_ms=asked.limit_ms,
        chips=frozenset(asked.accept),
        zones=None if asked.regions is None else frozenset(asked.regions),
        budget=budget_fen,
        deadline=asked.deadline_ms,
        now=now_ms,
    )
    return admit(
        need,
        [Offered(o.pool, o.chip, o.total, 0, o.region, price=o.fen, speed=o.speed_milli) for o in offers],
    )


def say_impossible(verdict: Verdict, clock: Clock, money: Clock) -> tuple[Text, ...]:
    """The conflict and what one change would help."""
    return say_verdict(verdict, clock, money)
