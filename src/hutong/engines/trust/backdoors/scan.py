"""The scan: three tests that share a false-alarm rate of one in twenty.

Inversion takes half of it (more rows turned than in every one of 39 clean twins: 1/40), lift and spectral a
quarter each. Lift and spectral look at the training rows and are exact whatever made the model; inversion
looks at the model, and would find a trigger that the training rows shown to us do not hold. A model is
flagged if any of them speaks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.backdoors.inversion import Ask
from hutong.engines.trust.backdoors.lift import Found, scan_lift
from hutong.engines.trust.backdoors.spectral import signature
from hutong.engines.trust.backdoors.stamps import stamps_of
from hutong.engines.trust.backdoors.twins import TWINS, Rank, rank
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.membership.references import Fit
from hutong.engines.trust.statistics.forms import floats
from hutong.engines.trust.statistics.prng import Name, stream
from hutong.engines.trust.types import Domain

# Error of each if nothing was planted; together 0.05.
INVERSION, LIFT, SPECTRAL = 0.025, 0.0125, 0.0125
ASKED = 40


@dataclass(frozen=True, slots=True, eq=False)
class Poison:
    """What the training rows say. lift_p (Holm), spectral_p: error of each if nothing was planted.

    label: the class of the likeliest conjunction, or else of the widest spread (spread_label), -1 where there
    is neither.
    """

    found: tuple[Found, ...]
    lift_p: float
    spectral_p: float
    spread_label: int

    @property
    def label(self) -> int:
        return self.found[0].label if self.found and self.lift_p <= LIFT else self.spread_label

    @property
    def flagged(self) -> bool:
        return self.lift_p <= LIFT or self.spectral_p <= SPECTRAL


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """carried: share of other rows that the likeliest conjunction turns into its class when written into them
    (None without one): whether the model has learnt what its rows were given."""

    poison: Poison
    inverted: Rank
    carried: float | None

    @property
    def flagged(self) -> bool:
        return self.poison.flagged or self.inverted.p <= INVERSION

    @property
    def label(self) -> int:
        """The class that a trigger would lead to."""
        return self.poison.label if self.poison.flagged else self.inverted.found.worst


def scan_rows(
    train: tuple[Rows, Codes],
    trusted: tuple[Rows, Codes],
    domain: Domain,
    chance: np.random.Generator,
    quick: bool = False,
) -> Poison:
    """Lift and spectral. train: what the model was trained on. trusted: rows the evaluator vouches for.

    quick: leave spectral out (p 1) where lift has already spoken.
    """
    found = scan_lift(train, trusted, domain)
    family = min((f.holm for f in found), default=1.0)
    if quick and family <= LIFT:
        return Poison(found, family, 1.0, -1)
    seen = signature(train, trusted, chance)
    return Poison(found, family, seen.p, seen.label)


def scan(
    ask: Ask,
    fit: Fit,
    train: tuple[Rows, Codes],
    trusted: tuple[Rows, Codes],
    domain: Domain,
    classes: int,
    seed: Name,
    twins: int = TWINS,
) -> Scan:
    """Scan a model. ask: rows -> labels. fit: how it was trained, or the nearest thing to it.

    seed decides which `ASKED` trusted rows are asked about, the twins and the deals.
    """
    asked = trusted[0][stream(seed, "asked").permutation(len(trusted[0]))[:ASKED]]
    poison = scan_rows(train, trusted, domain, stream(seed, "deals"))
    stamps = stamps_of(domain, trusted[0], stream(seed, "stamps"))
    inverted = rank(ask, asked, train, fit, stamps, classes, seed, twins)
    return Scan(poison, inverted, carried(ask, asked, poison.found))


def carried(ask: Ask, rows: Rows, found: tuple[Found, ...]) -> float | None:
    """Share of the rows not yet of its class that the first conjunction turns; None without one, or without
    such rows.
    """
    if not found:
        return None
    first, before = found[0], ask(rows)
    changed = rows.copy()
    changed[:, list(first.columns)] = np.array(first.values, dtype=np.float32)
    others = before != first.label
    after = floats(ask(changed)[others] == first.label)
    return float(after.mean()) if len(after) else None
