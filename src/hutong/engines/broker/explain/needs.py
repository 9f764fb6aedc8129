"""What a job needs and what pools offer, constraint by constraint, load left aside; the impossible is refused at once.

A request fits a pool only if every named constraint holds there. Nothing is rounded or trimmed: a template or a count
that a pool does not have is a constraint that fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.explain.quickxplain import minimal_conflict
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Constraint = Literal["zone", "chip", "template", "memory", "count", "deadline", "budget"]
CONSTRAINTS: tuple[Constraint, ...] = get_args(Constraint)
"""From what can least be given up to what can most easily: the order in which a conflict is looked for."""

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Offer:
    """A pool as it is offered: name, chip model, chips in all, largest gang, memory of a chip (MiB), legal zone,
    partition templates by name, price (fen per chip-hour), speed (thousandths of the reference chip)."""

    pool: str
    chip: str
    total: int
    memory_mib: int
    zone: str
    templates: frozenset[str] = frozenset()
    price: int = 0
    speed: int = 1000

    def run_ms(self, run_ms: int) -> int:
        """Run time here of a job that takes `run_ms` on the reference chip, rounded up."""
        return -((-run_ms * 1000) // self.speed)

    def price_of(self, count: int, run_ms: int) -> int:
        """What the job would cost here, in fen, rounded up."""
        return -((-count * self.run_ms(run_ms) * self.price) // HOUR_MS)


@dataclass(frozen=True, slots=True)
class Need:
    """What a job asks for. None leaves a constraint out.

    count: chips, all at once at one pool. run_ms: run time on the reference chip. now and deadline: milliseconds of
    one clock. budget: fen. memory_mib: per chip. zones: where its data may be. template: a vendor's partition by name.
    """

    count: int
    run_ms: int
    chips: frozenset[str] | None = None
    template: str | None = None
    memory_mib: int = 0
    zones: frozenset[str] | None = None
    budget: int | None = None
    deadline: int | None = None
    now: int = 0

    def __post_init__(self) -> None:
        for name in ("count", "run_ms"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise Invalid(
                    Text(
                        "A job asks for a whole number of chips and milliseconds above zero.",
                        "作业的芯片数与运行毫秒数须为正整数。",
                    ),
                    rule="explain.need",
                    remedy=Text("Give a whole number above zero.", "请填写大于零的整数。"),
                    field=name,
                )


@dataclass(frozen=True, slots=True)
class Relaxed:
    """What would make an impossible request possible: give up one constraint alone, down to this value, at this pool.

    value: chips for count, fen for budget, milliseconds for deadline, MiB for memory, else the pool's own name for it.
    """

    constraint: Constraint
    pool: str
    value: int | str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request can ever run: the pools that fit it; else a minimal set of constraints that cannot hold
    together, and the single changes that would help (none where no one change does). With no pools at all, all empty."""

    fits: tuple[str, ...]
    conflict: tuple[Constraint, ...]
    relaxations: tuple[Relaxed, ...]

    @property
    def possible(self) -> bool:
        return bool(self.fits)


def holds(need: Need, offer: Offer, constraint: Constraint) -> bool:
    """Whether one constraint of the request holds at one pool, the others left aside."""
    match constraint:
        case "zone":
            return need.zones is None or offer.zone in need.zones
        case "chip":
            return need.chips is None or offer.chip in need.chips
        case "template":
            return need.template is None or need.template in offer.templates
        case "memory":
            return need.memory_mib <= offer.memory_mib
        case "count":
            return need.count <= offer.total
        case "deadline":
            return need.deadline is None or need.now + offer.run_ms(need.run_ms) <= need.deadline
        case "budget":
            return need.budget is None or offer.price_of(need.count, need.run_ms) <= need.budget


def table(need: Need, offers: Sequence[Offer]) -> NDArray[np.bool_]:
    """(constraints, pools): which constraint holds where, rows in the order of `CONSTRAINTS`."""
    return np.array([[holds(need, offer, c) for offer in offers] for c in CONSTRAINTS], bool).reshape(
        len(CONSTRAINTS), len(offers)
    )


def failing(need: Need, offer: Offer) -> tuple[Constraint, ...]:
    """The constraints that do not hold at a pool."""
    return tuple(c for c in CONSTRAINTS if not holds(need, offer, c))


def admit(need: Need, offers: Sequence[Offer]) -> Verdict:
    """Say whether the request can ever run at one of the pools, and if not, why not, by QuickXplain (Junker 2004)."""
    if not offers:
        return Verdict((), (), ())
    known = table(need, offers)

    def consistent(names: Sequence[Constraint]) -> bool:
        rows = [CONSTRAINTS.index(name) for name in names]
        return bool(known[rows].all(axis=0).any())

    fits = tuple(offers[int(p)].pool for p in np.flatnonzero(known.all(axis=0)))
    if fits:
        return Verdict(fits, (), ())
    conflict = minimal_conflict(consistent, CONSTRAINTS)
    options = [_relax(need, offers, known, c) for c in conflict]
    return Verdict((), conflict, tuple(option for option in options if option is not None))


def _relax(
    need: Need, offers: Sequence[Offer], known: NDArray[np.bool_], constraint: Constraint
) -> Relaxed | None:
    """The least change of one constraint that makes the request possible; None where it alone does not help."""
    others = np.delete(known, CONSTRAINTS.index(constraint), axis=0).all(axis=0)
    near = [_level(need, offers[int(p)], constraint) for p in np.flatnonzero(others)]
    if not near:
        return None
    _, value, pool = min(near, key=lambda option: (option[0], option[2]))
    return Relaxed(constraint, pool, value)


def _level(need: Need, offer: Offer, constraint: Constraint) -> tuple[int, int | str, str]:
    """How far from the request (0 where that has no size), the value at which it holds, the pool."""
    match constraint:
        case "count":
            return need.count - offer.total, offer.total, offer.pool
        case "memory":
            return need.memory_mib - offer.memory_mib, offer.memory_mib, offer.pool
        case "budget":
            price = offer.price_of(need.count, need.run_ms)
            return price, price, offer.pool
        case "deadline":
            end = need.now + offer.run_ms(need.run_ms)
            return end, end, offer.pool
        case "zone":
            return 0, offer.zone, offer.pool
        case "chip":
            return 0, offer.chip, offer.pool
        case "template":
            return 0, " ".join(sorted(offer.templates)) or "-", offer.pool
