"""Planted process checks: what is missing, refused, or confirmed by the same person must not pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.process import KINDS, process_counts
from hutong.engines.trust.profile import load_profile
from hutong.engines.trust.registry import RULES, methods_of
from hutong.engines.trust.rooms import Setting
from hutong.engines.trust.runs.selftest.planting import LEAST, Plant, Role, data, domain
from hutong.engines.trust.types import Category, Claim, Evidence, System

_LABELS = ("a", "b")


@dataclass(frozen=True)
class Paper:
    """A process claim; its cases are answers, not systems. Null: one answer lacks. Defect: one answer is no."""

    name: str
    category: Category
    claim: Claim
    weight: int = 10
    least: int = LEAST
    caught: tuple[str, ...] = ("fail",)

    @property
    def level(self) -> int:
        return self.claim.level

    def state(self, role: Role, chance: np.random.Generator) -> str:
        claim = self.claim
        wanted = [str(c) for c in list(claim.params["checks"])]  # type: ignore[call-overload]
        odd = wanted[int(chance.integers(len(wanted)))]
        second = claim.kind == "confirmed"
        answers = [self._answer(c, role, c == odd, second, chance) for c in wanted]
        kept = [a for a in answers if a is not None]
        return RULES[claim.kind](claim, process_counts(claim, kept)).state

    def _answer(
        self, check: str, role: Role, odd: bool, second: bool, chance: np.random.Generator
    ) -> Evidence | None:
        other = "bo"
        if role == "null" and odd:
            if not second:
                return None
            # Confirmed by nobody, by blanks, or by the one who gave it.
            other = ("", "  ", "ann")[int(chance.integers(3))]
        return Evidence(check, not (role == "defect" and odd), chance.bytes(32).hex(), "EVI-1", "ann", other)


def papers() -> tuple[Plant, ...]:
    two = np.array([0, 1])
    profile = load_profile("release-adviser")
    setting = Setting(profile, System("Planted", "1", domain(2), _LABELS), data(two, two), "log")
    listed: tuple[tuple[Category, int], ...] = (("X", 1), ("G", 1), ("G", 2))
    return tuple(
        Paper(f"process {c}{n}", c, claim)
        for c, n in listed
        for m in methods_of(c, n)
        for claim in m.claims(setting)
        if claim.kind in KINDS
    )
