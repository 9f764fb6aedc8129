"""Jobs that may wait for a cleaner hour, inside the slack between now and their deadline.

The rule is the on-line one of `hutong.engines.broker.carbon`, for a job that does not pause: once it could start, it
starts, unless a later start is foretold cleaner by enough. What it gives up by waiting must not be lost, so it takes a
promise in exchange: chips of one pool from that start until its limit, free by the limits of all that runs and by the
calendar, held as a window into which nobody runs. The promise stands in the next picture (`Asked.kept`); it is moved
only to another start that is free, and cleaner; when its hour has come the job is served before all others. So a
deadline that a start at once would have met is met, as surely as limits are kept and centres answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hutong.engines.broker.carbon.hours import Hours
from hutong.engines.broker.decide.picture import Asked, Offer, Picture
from hutong.engines.broker.decide.promises import MARGIN_MS, MayRun, Outcome, Promises, emits
from hutong.engines.broker.reserve.easy import run_at
from hutong.engines.broker.reserve.starts import Kinds
from hutong.kernel.text import Text

ROUNDS = 8
# More than any pool that declares what it emits.
UNKNOWN = 1 << 61
Made = TypeVar("Made", bound=Outcome)


@dataclass(frozen=True, slots=True)
class Shifted:
    """seen: what was left for the cycle. due: (job, its pool), promised for now. later: (job, its pool, its start)."""

    seen: Picture
    due: tuple[tuple[Asked, Offer], ...] = ()
    later: tuple[tuple[Asked, Offer, int], ...] = ()


def shift(picture: Picture, cycle: Callable[[Picture], Made], may_run: MayRun) -> tuple[Shifted, Made]:
    """Who waits for a cleaner hour, who starts because that hour has come, and what the cycle decides for the others."""
    greens = [a for a in picture.waiting if a.green]
    if not greens:
        return Shifted(picture), cycle(picture)
    promises = Promises(picture, may_run)
    for asked in sorted((a for a in greens if a.kept), key=lambda a: (a.kept, a.job)):
        promises.take_over(asked)
    made = cycle(promises.seen())
    for turn in range(ROUNDS):
        begun = {s.job for s in made.starts}
        movers = [a for a in greens if a.job in begun or (turn == 0 and a.job in promises.later)]
        # Each is considered, whatever came of those before.
        moved = [promises.consider(asked, made) for asked in movers]
        if True not in moved:
            break
        made = cycle(promises.seen())
    return Shifted(promises.seen(), tuple(promises.due), tuple(promises.later.values())), made


def by_carbon(
    kinds: Kinds, of_job: list[int], waiting: Sequence[Asked], picture: Picture
) -> tuple[Kinds, list[int]]:
    """The same kinds of job, those that are green with what each pool emits in place of its price: of the pools that can
    start such a job now it takes the cleanest, one that declares nothing only where no other can."""
    greens = [i for i, a in enumerate(waiting) if a.green]
    if not greens or not picture.signals:
        return kinds, of_job
    hours = {s.centre: Hours(s.begins_ms, s.g_per_kwh) for s in picture.signals}
    rows: dict[tuple[int, int], int] = {}
    costs: list[list[int]] = []
    named = list(of_job)
    for i in greens:
        likely = min(waiting[i].expected_ms or waiting[i].limit_ms, waiting[i].limit_ms)
        key = (of_job[i], likely)
        if key not in rows:
            rows[key] = len(kinds.home) + len(costs)
            found = [emits(hours, o, picture.now_ms, run_at(likely, o.speed_milli)) for o in picture.offers]
            both = zip(found, picture.offers, strict=True)
            costs.append([UNKNOWN + o.fen if c is None else c for c, o in both])
        named[i] = rows[key]
    source = [row for row, _ in rows]
    return Kinds(
        np.concatenate((kinds.speed, kinds.speed[source])),
        np.concatenate((kinds.cost, np.array(costs, np.int64))),
        np.concatenate((kinds.home, kinds.home[source])),
    ), named


_WAITS = Text(
    "It waits for {t}, when a kilowatt-hour at {c} costs {g} g of CO2e{i}; it starts at the latest {l}.",
    "等待{t}启动，届时{c}每千瓦时排放{g}克CO2e{i}；最迟{l}启动。",
)
_INSTEAD = Text(" instead of {n} g", "，当前为{n}克")


def say_greener(
    picture: Picture, job: str, pool: str, start_ms: int, clock: Callable[[int], str]
) -> Text | None:
    """What a job waits for; None where the picture does not know it. Intensities are means over its run, at the chip."""
    asked = next((a for a in picture.waiting if a.job == job), None)
    offer = next((o for o in picture.offers if o.pool == pool), None)
    if asked is None or offer is None or asked.deadline_ms is None:
        return None
    hours = next((Hours(s.begins_ms, s.g_per_kwh) for s in picture.signals if s.centre == offer.centre), None)
    likely = min(asked.expected_ms or asked.limit_ms, asked.limit_ms)
    run = run_at(likely, offer.speed_milli)
    then, now = (hours.weighed(at, run) if hours else None for at in (start_ms, picture.now_ms))
    instead = Text("", "") if now is None else _INSTEAD.format(n=now // run)
    latest = asked.deadline_ms - run_at(asked.limit_ms, offer.speed_milli) - MARGIN_MS
    said = {"t": clock(start_ms), "c": offer.centre, "i": instead, "l": clock(max(latest, start_ms))}
    return _WAITS.format(g="?" if then is None else then // run, **said)
