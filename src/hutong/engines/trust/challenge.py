"""How far an adversary may go against a system that labels rows, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hutong.engines.trust.reading import as_share, as_text, one_of
from hutong.kernel.text import Text

NORMS = ("linf", "l2")


@dataclass(frozen=True, slots=True)
class Challenge:
    """How far an adversary may go, and how long. Distances are shares of a column's span.

    norm, share: the budget of levels 3 and 4. proven: the share at level 5. queries: per row. rows: drawn at most.
    radius, noise, samples: l2 radius, noise and most samples per row of the smoothed system, where weights are not given.
    """

    norm: Literal["linf", "l2"]
    share: Fraction
    proven: Fraction
    queries: int
    rows: int
    radius: Fraction
    noise: Fraction
    samples: int
    reason: Text
    citation: Text
    status: str


NO_CHALLENGE = Challenge(
    "linf",
    Fraction(0),
    Fraction(0),
    0,
    0,
    Fraction(0),
    Fraction(0),
    0,
    Text(
        "Words have no distance; how a question is disguised is named in the claims.",
        "文本无距离度量；问题的变换方式见各项声明。",
    ),
    Text("none", "无"),
    "none",
)


def challenge_of(data: Mapping[str, object]) -> Challenge:
    """From plain data. KeyError, TypeError or ValueError where it is none."""
    return Challenge(
        norm="l2" if one_of(data["norm"], NORMS) == "l2" else "linf",
        share=as_share(data["share"]),
        proven=as_share(data["proven"]),
        queries=max(50, int(str(data["queries"]))),
        rows=max(1, int(str(data["rows"]))),
        radius=as_share(data["radius"]),
        noise=as_share(data["noise"]),
        samples=max(100, int(str(data["samples"]))),
        reason=as_text(data["reason"]),
        citation=as_text(data["citation"]),
        status=str(data["status"]),
    )
