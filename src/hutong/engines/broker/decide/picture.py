"""What the broker sees at one moment, as plain records of integers and names: the whole input of a decision.

A picture is canonical JSON: the same picture gives the same bytes, the same digest and the same decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hutong.kernel.canonical import digest

FORM = "hutong-broker-picture/1"


@dataclass(frozen=True, slots=True)
class Offer:
    """Chips of one pool. free: held by no job. lendable: that guests may still take, None without a bound.

    fen: price of a chip-hour. open: takes new jobs. speed_milli: per thousand of the reference chip; run times are
    limits, so 1000 unless measured.
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


@dataclass(frozen=True, slots=True)
class Held:
    """A job at work: chips of a pool until its limit at the latest."""

    job: str
    pool: str
    chips: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A waiting job. centre: whose own users these are. accept: kinds of chip. regions: where it may run, None: anywhere.

    account: whose share it draws on. priority: of its award, higher first. weight_fen is not known here: price is the
    pool's. deadline_ms: to be over by then.
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


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the fair-share tree: name, parent ("" at the top), shares, and decayed usage in chip-milliseconds."""

    name: str
    parent: str
    shares: int
    usage_ms: int


@dataclass(frozen=True, slots=True)
class Picture:
    """now_ms: the moment. Order within each part is the caller's, and part of the input."""

    now_ms: int
    offers: tuple[Offer, ...]
    running: tuple[Held, ...]
    waiting: tuple[Asked, ...]
    accounts: tuple[Account, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"form": FORM, **_plain(asdict(self))}

    @property
    def digest(self) -> str:
        return digest(self.as_json())


def picture_of(record: Mapping[str, Any]) -> Picture:
    """A picture from its JSON."""
    return Picture(
        int(record["now_ms"]),
        tuple(Offer(**o) for o in record["offers"]),
        tuple(Held(**h) for h in record["running"]),
        tuple(
            Asked(**{**a, **{k: _names(a[k]) for k in ("accept", "regions", "pools")}})
            for a in record["waiting"]
        ),
        tuple(Account(**a) for a in record["accounts"]),
    )


def _names(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value
