"""The calendar in the picture: chips of a pool that are kept for a reservation, and the reservation as a pool of its own.

A reservation is seen twice. On its pool it is a window: the cycle holds it before all jobs, so that none runs into it
(EASY's rule for a reservation that never moves). To the jobs that name it, it is an offer of so many chips, itself
shut before its beginning and from its end on, so that what runs in it is over by then. Jobs in it hold chips of this
offer and not of the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hutong.engines.broker.decide.picture import Picture, Window
from hutong.engines.broker.explain import Blocker
from hutong.kernel.text import Text

# An instant after all others, far enough from the largest integer that run times can be added.
FOR_EVER = 1 << 60
Row = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """One row that the cycle holds, and what it stands for. kind: kept (for a reservation), early (a reservation that
    has not begun), late (one that is over), promised (to a job that waits for a cleaner hour; it has no name here)."""

    row: Row
    kind: str
    window: Window


def kept(picture: Picture) -> tuple[Kept, ...]:
    """The calendar as rows (place of the offer, chips, begin, end). A window of a pool that is not offered is left out."""
    places = {o.pool: i for i, o in enumerate(picture.offers)}
    made: list[Kept] = []
    for one in picture.windows:
        if one.pool in places:
            kind = "kept" if one.name else "promised"
            made.append(Kept((places[one.pool], one.chips, one.begins_ms, one.ends_ms), kind, one))
        if one.name in places:
            own, total = places[one.name], picture.offers[places[one.name]].total
            if one.begins_ms > picture.now_ms:
                made.append(Kept((own, total, picture.now_ms, one.begins_ms), "early", one))
            made.append(Kept((own, total, one.ends_ms, FOR_EVER), "late", one))
    return tuple(made)


def pool_of(picture: Picture, name: str) -> str:
    """The pool whose chips an offer has: that of the reservation where it is one, else itself."""
    return next((w.pool for w in picture.windows if w.name == name), name)


_SAID = {
    "now": Text("chips of {p} are kept for {r} until {e}", "{p}部分芯片为{r}保留至{e}"),
    "kept": Text(
        "chips of {p} are kept for {r} from {b} to {e}, into which it would run",
        "{p}部分芯片在{b}至{e}为{r}保留，作业将延入该时段",
    ),
    "promised": Text(
        "chips of {p} are promised from {b} on to a job that waits for a cleaner hour",
        "{p}部分芯片自{b}起已承诺给等待低碳时段的作业",
    ),
    "early": Text("{r} begins {b}", "{r}于{b}开始"),
    "late": Text("{r} ends {e}, before the limit of the job", "{r}于{e}结束，早于作业时限"),
}


def say_kept(picture: Picture, blocker: Blocker, rows: Sequence[Kept], clock: Callable[[int], str]) -> Text:
    """Which reservations keep a job out of a pool. blocker: of cause window, its holders places in `rows`."""
    parts = [_say(rows[h], picture.now_ms, clock) for h in blocker.holders]
    english = "; ".join(p.en for p in parts)
    return Text(f"{english[:1].upper()}{english[1:]}.", "；".join(p.zh for p in parts) + "。")


def _say(one: Kept, now: int, clock: Callable[[int], str]) -> Text:
    key = "now" if one.kind == "kept" and one.window.begins_ms <= now else one.kind
    return _SAID[key].format(
        p=one.window.pool, r=one.window.name, b=clock(one.window.begins_ms), e=clock(one.window.ends_ms)
    )
