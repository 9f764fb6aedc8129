"""A quote: what every pool would say to a request that is not made. A read: nothing is kept, held or promised.

The engine is the one that answers a submission (`outlook.foresee`): one picture, one more job. Quotes of a few seconds are
told from one picture, so that a person who tries sizes compares like with like, and a page that is asked again costs the
database little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache

from hutong.engines.broker.decide import Asked, Picture
from hutong.engines.broker.decide.cycle import in_turn
from hutong.engines.broker.decide.expect import Choice, at_most
from hutong.engines.broker.decide.quote import Place
from hutong.engines.broker.decide.quote import quote as quoted
from hutong.engines.broker.money import to_ms
from hutong.engines.broker.reserve import Interval
from hutong.kernel import clock, normalise
from hutong.kernel.errors import HutongError, Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.broker.picture import admitting_of, asked_of, picture
from hutong.modules.compute.models import Allocation, Job, Pool
from hutong.modules.compute.money import charging
from hutong.modules.compute.outlook import FORESEEN, length
from hutong.modules.compute.outlook import clock as told_clock
from hutong.modules.compute.programs import COMMAND
from hutong.modules.compute.queries import LONGEST_S
from hutong.modules.compute.residence import regions_of
from hutong.modules.compute.runtimes import Learned, learned, name_of

SAME_FOR_S = 5
MOST_CHIPS, MOST_KINDS, LONGEST_KIND = 1_000_000, 20, 60
NAME = "QUOTE"


@dataclass(frozen=True, slots=True)
class Ask:
    """What would be asked for. allocation: None for somebody without hours, who is a guest everywhere. accept: kinds of
    chip, none: those of the allocation, or any. words: of the command, for likening its run time."""

    allocation: Allocation | None
    chips: int = 1
    limit_s: int = 3600
    accept: tuple[str, ...] = ()
    deadline: datetime | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One pool's answer. cause: why not there, or why not now; "" where it would start there now. interval: seconds."""

    pool: Pool
    fen_per_hour: int
    fen: int
    cause: str
    place: Place | None = None
    interval: Interval | None = None
    cheapest: bool = False
    earliest: bool = False

    @property
    def start_ms(self) -> int | None:
        return None if self.place is None else self.place.start_ms


@dataclass(frozen=True, slots=True)
class Quote:
    """at: the moment of the picture. rows: soonest first, then by price. hold_ms: set aside of the allocation's hours,
    None without an allocation or without a published factor. behind: the queue is longer than what was looked at."""

    ask: Ask
    at: datetime
    rows: tuple[Row, ...]
    options: tuple[Choice, ...]
    hold_ms: int | None
    behind: bool

    @property
    def possible(self) -> bool:
        """Whether some pool would ever start it."""
        return any(r.start_ms is not None for r in self.rows)


@dataclass(frozen=True, slots=True)
class Seen:
    """What quotes of some seconds are told from."""

    picture: Picture
    pools: tuple[Pool, ...]
    known: Learned
    at: datetime

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sorted({p.chip for p in self.pools}))


def seen(now: datetime) -> Seen:
    """The hub as it stands, at most `SAME_FOR_S` seconds old: the queries of a picture and two more, or none."""
    key = f"compute:quote:{settings.HUTONG_HOME}"
    kept = cache.get(key)
    if isinstance(kept, Seen) and timedelta() <= now - kept.at < timedelta(seconds=SAME_FOR_S):
        return kept
    drawn = picture(now, FORESEEN)
    pools = Pool.objects.filter(state="active").exclude(centre__state="closed").select_related("centre")
    known = learned(now, [a.job for a in in_turn(drawn)])
    fresh = Seen(drawn, tuple(pools.order_by("pk")), known, now)
    cache.set(key, fresh, SAME_FOR_S)
    return fresh


def ask_of(raw: Mapping[str, Any], allocation: Allocation | None) -> Ask:
    """From words as people write them. Raises `Invalid` quote.number, job.accept or what an instant is refused for."""
    given = raw.get("accept") or ()
    kinds = [
        k for one in ([given] if isinstance(given, str) else given) for k in one.replace(",", " ").split()
    ]
    if len(kinds) > MOST_KINDS or any(len(k) > LONGEST_KIND for k in kinds):
        raise Invalid(
            Text("That many kinds of chip are not read.", "芯片型号过多或过长。"),
            rule="job.accept",
            remedy=Text("Name {n} at most.", "至多填写{n}种。").format(n=MOST_KINDS),
            field="accept",
        )
    deadline = raw.get("deadline") or None
    words = raw.get("command") or ()
    return Ask(
        allocation,
        _whole(raw.get("chips"), 1, MOST_CHIPS, "chips"),
        _whole(raw.get("limit_s"), 3600, LONGEST_S, "limit_s"),
        tuple(dict.fromkeys(kinds)),
        None if deadline is None else clock.parse_instant(deadline, field="deadline"),
        tuple(words.split()[:2] if isinstance(words, str) else words[:2]),
    )


def _whole(raw: Any, default: int, most: int, field: str) -> int:
    said = normalise.clean_digits(str(raw if raw is not None else "")).strip()
    if not said:
        return default
    if not (said.isascii() and said.isdigit() and len(said) <= 9 and 1 <= int(said) <= most):
        raise Invalid(
            Text("A whole number from 1 to {n} is needed here.", "此处须填写1至{n}的整数。").format(n=most),
            rule="quote.number",
            remedy=Text("Write digits only, for example 8.", "请仅填写数字，例如 8。"),
            field=field,
        )
    return int(said)


def quote(ask: Ask, now: datetime, hub: Seen | None = None) -> Quote:
    """Every pool's answer to the request, and what would start it sooner. Queries: those of `seen`."""
    hub = hub or seen(now)
    asked = _asked(ask, hub)
    name = name_of(COMMAND, ask.words)
    drawn = hub.known.drawn(hub.picture, [*in_turn(hub.picture), asked], name) if hub.known.ready else None
    told = quoted(hub.picture, asked, told_clock, length, drawn)
    places = {p.pool: p for p in told.places}
    rows = [_row(pool, places.get(pool.code), asked, hub) for pool in hub.pools]
    behind = len(hub.picture.waiting) >= FORESEEN
    return Quote(ask, hub.at, _marked(rows), told.options, _hold(ask, hub.at), behind)


def _asked(ask: Ask, hub: Seen) -> Asked:
    admitting = admitting_of(hub.pools)
    if ask.allocation is None:
        deadline = None if ask.deadline is None else to_ms(ask.deadline)
        # An account of its own, that has used nothing yet.
        return Asked(
            NAME, NAME, "", ask.chips, ask.limit_s * 1000, ask.accept or hub.kinds, hub.picture.now_ms,
            deadline_ms=deadline, pools=admitting,
        )  # fmt: skip
    home = next((p for p in hub.pools if p.pk == ask.allocation.pool_id), None)
    if home is not None:
        ask.allocation.pool = home
    job = Job(
        code=NAME, allocation=ask.allocation, program=COMMAND, inputs={}, accept=[*ask.accept], chips=ask.chips,
        limit_s=ask.limit_s, deadline=ask.deadline, created_at=hub.at,
    )  # fmt: skip
    job.regions = regions_of(job)
    return asked_of(job, admitting)


def _hold(ask: Ask, at: datetime) -> int | None:
    if ask.allocation is None:
        return None
    target = ask.allocation.pool.chip
    try:
        return charging.hold_ms(ask.chips * ask.limit_s * 1000, ask.accept or (target,), target, at)
    except HutongError:
        return None


def _row(pool: Pool, place: Place | None, asked: Asked, hub: Seen) -> Row:
    offer = next((o for o in hub.picture.offers if o.pool == pool.code), None)
    fen = pool.price_fen if offer is None else offer.fen
    interval = None
    if place is not None and place.starts is not None and not place.now:
        found = hub.known.interval(place.starts, hub.picture.now_ms)
        interval = None if found is None else found[0]
    cost = at_most(asked.chips, asked.limit_ms, fen)
    return Row(pool, fen, cost, _cause(pool, place, asked), place, interval)


def _cause(pool: Pool, place: Place | None, asked: Asked) -> str:
    """The nearest named constraint: the centre's state, the request's own, then the load."""
    if pool.centre.silent_since is not None:
        return "silent"
    if pool.centre.state != "active":
        return str(pool.centre.state)
    if pool.by_operator:
        return "by_operator"
    if asked.pools is not None and pool.code not in asked.pools:
        return "commands"
    if place is None:
        return "no_pool"
    if place.constraints:
        return place.constraints[0]
    if place.now:
        return ""
    return "home" if place.start_ms is None else place.cause


def _marked(rows: Sequence[Row]) -> tuple[Row, ...]:
    """In the order in which a person chooses, with the cheapest and the earliest of those that would ever start it."""
    open_ = [r for r in rows if r.start_ms is not None]
    cheapest = min((r.fen for r in open_), default=None)
    earliest = min(((r.start_ms or 0), r.fen) for r in open_) if open_ else None
    marked = [
        Row(
            r.pool, r.fen_per_hour, r.fen, r.cause, r.place, r.interval,
            cheapest=r.start_ms is not None and r.fen == cheapest,
            earliest=r.start_ms is not None and (r.start_ms, r.fen) == earliest,
        )
        for r in rows
    ]  # fmt: skip
    return tuple(sorted(marked, key=lambda r: (r.start_ms is None, r.start_ms or 0, r.fen, r.pool.pk)))
