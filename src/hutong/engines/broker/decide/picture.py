"""What the broker sees at one moment, as plain records of integers and names: the whole input of a decision.

A picture is canonical JSON: the same picture gives the same bytes, the same digest and the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hutong.kernel.canonical import digest

FORM = "hutong-broker-picture/2"


@dataclass(frozen=True, slots=True)
class Offer:
    """Chips of one pool. free: held by no job. lendable: that guests may still take, None without a bound.

    fen: price of a chip-hour. open: takes new jobs. speed_milli: per thousand of the reference chip; run times are
    limits, so 1000 unless measured. reserved: a reservation of the calendar, for jobs that name it in `Asked.pools` only.
    node_chips: of one node; sizes of an elastic job beyond it are whole nodes. 0: any size. notice_ms: from a call for
    lent chips to their return; None: nobody is called back. watts: of one chip at work, 0 where not declared.
    """

    pool: str
    centre: str
    chip: str
    region: str
    total: int
    free: int
    fen: int
    lendable: int | None = None
    open: bool = True
    speed_milli: int = 1000
    reserved: bool = False
    node_chips: int = 0
    notice_ms: int | None = None
    watts: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A job at work: chips of a pool until its limit at the latest.

    centre: whose own users these are. right: its own centre's guaranteed chips would run it by now. least, most: sizes
    that it can run at, 0 where only as it is. saved_ms: instant of its last checkpoint, or of its start.
    checkpoint_ms: how long saving takes, -1 where it saves nothing. due_ms: called back already, its chips free by then.
    since_ms: when it began at this size. resizing: called back to go on at another size.
    """

    job: str
    pool: str
    chips: int
    ends_ms: int
    centre: str = ""
    right: bool = False
    least: int = 0
    most: int = 0
    saved_ms: int = 0
    checkpoint_ms: int = -1
    due_ms: int | None = None
    since_ms: int = 0
    resizing: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A waiting job. centre: whose own users these are. accept: kinds of chip. regions: where it may run, None: anywhere.

    account: whose share it draws on. priority: of its award, higher first. weight_fen is not known here: price is the
    pool's. deadline_ms: to be over by then. most: runs on any number of chips from `chips` to this; None: exactly `chips`.
    right: its own centre's guaranteed chips would run it by now. avoid: centres that will not have it. green: may wait
    for a cleaner hour, up to its deadline. expected_ms: its likely run time, None where unknown. checkpoint_ms: as of
    `Held`, -1: once started it keeps its size. resized: it was called back to go on at another size, and goes first.
    right_since_ms: since when it has its right. kept: (pool, start) promised to a green job that waits.
    """

    job: str
    account: str
    centre: str
    chips: int
    limit_ms: int
    accept: tuple[str, ...]
    submitted_ms: int
    priority: int = 0
    deadline_ms: int | None = None
    regions: tuple[str, ...] | None = None
    pools: tuple[str, ...] | None = None
    most: int | None = None
    right: bool = False
    avoid: tuple[str, ...] = ()
    green: bool = False
    expected_ms: int | None = None
    checkpoint_ms: int = -1
    resized: bool = False
    right_since_ms: int | None = None
    kept: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Sizing:
    """How elastic jobs are sized. stay_ms: from one change of a job to the next. restart_ms: what starting again costs
    beside saving. turn_ms: two decisions are no further apart while work goes on. serial_milli: part of the work, per
    thousand, that more chips do not speed up (Amdahl 1967)."""

    stay_ms: int = 600_000
    restart_ms: int = 60_000
    turn_ms: int = 30_000
    serial_milli: int = 100


@dataclass(frozen=True, slots=True)
class Window:
    """Chips of a pool kept by the calendar from begin to end."""

    name: str
    pool: str
    chips: int
    begins_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Carbon of a centre's computing, hour by hour from `begins_ms` on: grams of CO2e per kilowatt-hour at the chip."""

    centre: str
    begins_ms: int
    g_per_kwh: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the fair-share tree: name, parent ("" at the top), shares, and decayed usage in chip-milliseconds."""

    name: str
    parent: str
    shares: int
    usage_ms: int


@dataclass(frozen=True, slots=True)
class Picture:
    """now_ms: the moment. Order within each part is the caller's, and part of the input.

    losses: (instant, chip-milliseconds) that calling chips back has destroyed of late.
    """

    now_ms: int
    offers: tuple[Offer, ...]
    running: tuple[Held, ...]
    waiting: tuple[Asked, ...]
    accounts: tuple[Account, ...] = ()
    windows: tuple[Window, ...] = ()
    signals: tuple[Signal, ...] = ()
    losses: tuple[tuple[int, int], ...] = ()
    sizing: Sizing = Sizing()

    def as_json(self) -> dict[str, Any]:
        return {"form": FORM, **_plain(asdict(self))}

    @property
    def digest(self) -> str:
        return digest(self.as_json())


def picture_of(record: Mapping[str, Any]) -> Picture:
    """A picture from its JSON; what the first form did not know yet takes its default."""
    return Picture(
        int(record["now_ms"]),
        tuple(Offer(**o) for o in record["offers"]),
        tuple(Held(**h) for h in record["running"]),
        tuple(_asked(a) for a in record["waiting"]),
        tuple(Account(**a) for a in record["accounts"]),
        tuple(Window(**w) for w in record.get("windows", ())),
        tuple(Signal(**{**s, "g_per_kwh": tuple(s["g_per_kwh"])}) for s in record.get("signals", ())),
        tuple((int(at), int(lost)) for at, lost in record.get("losses", ())),
        Sizing(**record.get("sizing", {})),
    )


def _asked(record: Mapping[str, Any]) -> Asked:
    names = {k: _names(record.get(k)) for k in ("accept", "regions", "pools")}
    kept = record.get("kept")
    told = {"avoid": tuple(record.get("avoid", ())), "kept": (str(kept[0]), int(kept[1])) if kept else None}
    return Asked(**{**record, **names, **told})


def _names(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
