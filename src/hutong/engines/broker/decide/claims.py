"""Claims of jobs with a right on chips of their home, and their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hutong.engines.broker.decide.picture import Held, Offer
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Claim:
    """Chips of a pool (place of its offer) kept for a job with a right, from begin to end. called: (guest, chip-ms that
    it loses at most) who give theirs back by the beginning."""

    job: str
    place: int
    chips: int
    begins_ms: int
    ends_ms: int
    called: tuple[tuple[Held, int], ...] = ()

    @property
    def row(self) -> tuple[int, int, int, int]:
        """As the cycle holds a window: place, chips, begin, end."""
        return self.place, self.chips, self.begins_ms, self.ends_ms


_CLAIMED = Text(
    "chips of {p} are kept from {b} for {j}, which has a right to them at its home",
    "{p}部分芯片自{b}起为{j}保留，该作业在其所属中心享有保障",
)


def say_claims(offers: Sequence[Offer], claims: Sequence[Claim], clock: Callable[[int], str]) -> Text:
    """For whom chips are kept that a job would run into."""
    parts = [_CLAIMED.format(p=offers[c.place].pool, b=clock(c.begins_ms), j=c.job) for c in claims]
    english = "; ".join(p.en for p in parts)
    return Text(f"{english[:1].upper()}{english[1:]}.", "；".join(p.zh for p in parts) + "。")
