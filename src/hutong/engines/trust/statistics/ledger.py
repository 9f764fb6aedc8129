"""The alpha of a certificate, split over its claims so that P(any false pass) <= alpha by construction.

Why, under any dependence between the tests:

- families (the published categories) share alpha: their shares add up to at most the whole, as exact fractions;
- a claim has the share of its family, unsplit. A level passes only if all its claims and all lower levels pass, so
  every false pass of a family needs the false claim of the lowest false level to pass, which has at most that chance
  (intersection-union, Berger 1982; fixed sequence, Maurer, Hothorn and Lehmacher 1995);
- the union over families has at most the sum of the shares (Bonferroni);
- an attempt spends its share whatever comes of it; what is spent does not come back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from hutong.engines.trust.statistics.forms import refuse
from hutong.kernel.errors import Conflict, Exhausted
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Slot:
    """A claim's place: its family, its level in the family's fixed sequence, and the attempt that pays for it."""

    attempt: str
    claim: str
    family: str
    level: int
    alpha: Fraction


def attempt_share(alpha: Fraction, number: int) -> Fraction:
    """Alpha of attempt 1, 2, 3, ...: alpha/(k (k + 1)), which adds up to alpha over all attempts ever."""
    if number < 1:
        raise refuse("attempt", Text("Attempts are counted from 1.", "次数从1起计。"), "number")
    return alpha / (number * (number + 1))


@dataclass(frozen=True, slots=True)
class AlphaLedger:
    """alpha: of the whole certificate. slots: what was given to claims, over all attempts. Frozen: `open` gives the next."""

    alpha: Fraction
    slots: tuple[Slot, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise refuse("share", Text("Not a share between 0 and 1.", "不是0与1之间的比例。"), "alpha")
        if self.spent > self.alpha:
            raise _overdrawn()

    @property
    def spent(self) -> Fraction:
        """Sum over attempts and families of their one share each."""
        shares: dict[tuple[str, str], Fraction] = {}
        for slot in self.slots:
            key = slot.attempt, slot.family
            shares[key] = max(slot.alpha, shares.get(key, Fraction(0)))
        return sum(shares.values(), Fraction(0))

    @property
    def left(self) -> Fraction:
        return self.alpha - self.spent

    def open(
        self,
        attempt: str,
        claims: Mapping[str, tuple[str, int]],
        weights: Mapping[str, Fraction | int] | None = None,
        share: Fraction | None = None,
    ) -> AlphaLedger:
        """The ledger after an attempt took its share (all that is left by default) and split it over families.

        claims: id -> (family, level). weights: of the families, in any unit (equal by default). `Conflict`
        statistics.attempt if the attempt exists, `Exhausted` statistics.alpha if less is left.
        """
        if any(s.attempt == attempt for s in self.slots):
            raise Conflict(
                Text("This attempt has its share already.", "该次评估已分配过显著性水平。"),
                rule="statistics.attempt",
                remedy=Text("Open a new attempt.", "请新建一次评估。"),
                field="attempt",
            )
        amount = self.left if share is None else share
        families = sorted({family for family, _ in claims.values()})
        parts = {f: Fraction(1) if weights is None else Fraction(weights.get(f, 0)) for f in families}
        if not families or amount <= 0 or min(parts.values()) <= 0:
            if families and self.left <= 0:
                raise _overdrawn()
            raise refuse("weights", Text("A family has no share.", "某一类别没有分配份额。"), "weights")
        if amount > self.left:
            raise _overdrawn()
        whole = sum(parts.values())
        new = tuple(
            Slot(attempt, claim, family, level, amount * parts[family] / whole)
            for claim, (family, level) in sorted(claims.items())
        )
        return replace(self, slots=self.slots + new)

    def of(self, attempt: str, claim: str) -> Fraction:
        """Alpha at which this claim is judged, or `Invalid` statistics.claim."""
        for slot in self.slots:
            if (slot.attempt, slot.claim) == (attempt, claim):
                return slot.alpha
        raise refuse("claim", Text("The claim has no share.", "该声明没有分配份额。"), claim)

    def levels(self, attempt: str, p_values: Mapping[str, float]) -> dict[str, int]:
        """Highest level that each family reaches: all claims at and below it have p at most their alpha.

        0 where the first fails. A claim without a p-value, or with NaN, does not pass.
        """
        mine = [s for s in self.slots if s.attempt == attempt]
        return {f: _reached([s for s in mine if s.family == f], p_values) for f in {s.family for s in mine}}


def _reached(slots: Sequence[Slot], p_values: Mapping[str, float]) -> int:
    reached = 0
    for level in sorted({s.level for s in slots}):
        if not all(_passes(s, p_values.get(s.claim)) for s in slots if s.level == level):
            break
        reached = level
    return reached


def _passes(slot: Slot, p: float | None) -> bool:
    return p is not None and not math.isnan(p) and p >= 0 and Fraction(p) <= slot.alpha


def _overdrawn() -> Exhausted:
    return Exhausted(
        Text("The certificate's alpha is spent.", "该证书的显著性水平已用完。"),
        rule="statistics.alpha",
        remedy=Text("Start a new certificate, with new data.", "请以新数据申请新证书。"),
        field="alpha",
    )
