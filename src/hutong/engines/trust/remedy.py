"""What would change a verdict: computed from the counts at hand where it can be computed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hutong.engines.trust.data import Codes
from hutong.engines.trust.findings import rows_of
from hutong.engines.trust.groups import rate
from hutong.engines.trust.intervals import largest_gap
from hutong.engines.trust.types import Claim, Json
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text


@dataclass(frozen=True, slots=True)
class WayThrough:
    """The fewest changed decisions that close a gap: in which group, how many of how many, the rates before and
    after (decimal strings). words: the same as a sentence."""

    group: str
    changes: int
    of: int
    rate_before: str
    rate_after: str
    words: Text


def way_through(claim: Claim, counts: Json) -> WayThrough | None:
    """For a failed gap: raise the lowest group decision by decision until every pair's upper limit is in the bound.

    The same sizes are kept, so it says how far decisions must move, not how to learn them; a changed model needs a new
    evaluation. None where more than one group would have to move or no number of changes is enough.
    """
    positive = claim.params.get("positive")
    rows = rows_of(counts, "groups")
    if claim.threshold is None or len(rows) < 2:
        return None
    table = np.array([r["table"] for r in rows], dtype=np.int64)
    hits, n = rate(claim.metric, table, positive if isinstance(positive, int) else None)
    lowest = int(np.argmin(hits / np.maximum(n, 1)))
    needed = _fewest(
        hits.astype(np.int64), n.astype(np.int64), lowest, float(claim.threshold), float(str(claim.alpha))
    )
    if needed is None:
        return None
    before, after = (decimal_text(_share(int(hits[lowest]) + k, int(n[lowest])), 3) for k in (0, needed))
    name = str(rows[lowest]["name"])
    words = Text(
        "If {k} more of the {n} in group {g} were decided in favour (share {a} instead of {b}), the upper limit of "
        "the gap would be within {t}. A changed model needs a new evaluation.",
        "若{g}组{n}人中再有{k}人获有利决定（比例由{b}升至{a}），差距上限即不超过{t}。模型变更后须重新评测。",
    ).format(k=needed, n=int(n[lowest]), g=name, a=after, b=before, t=claim.threshold)
    return WayThrough(name, needed, int(n[lowest]), before, after, words)


def _share(hits: int, n: int) -> Fraction:
    return Fraction(hits, n) if n else Fraction(0)


def _fewest(hits: Codes, n: Codes, lowest: int, bar: float, alpha: float) -> int | None:
    """Bisection: up to the level of the next group the limit falls as the lowest rises."""
    rates = hits / np.maximum(n, 1)
    top = int(np.floor(rates.max() * n[lowest])) - int(hits[lowest])

    def passes(k: int) -> bool:
        moved = hits.copy()
        moved[lowest] += k
        return bool(largest_gap(moved, n, alpha).upper <= bar)

    if top <= 0 or not passes(top):
        return None
    low, high = 0, top
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
