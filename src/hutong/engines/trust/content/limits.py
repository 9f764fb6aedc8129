"""Exact limits of a rate of content: what the sample shows of the bank behind it, the errors of the judge carried along."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import finite_bank, lower_limit, upper_limit
from hutong.engines.trust.statistics.forms import Floats, check_share
from hutong.engines.trust.statistics.judges import Labels, corrected, judged_limits


@dataclass(frozen=True, slots=True)
class Count:
    """hits of n answers, of a bank of `population` drawn from as `scheme` says ("simple" or "stratified").

    bad: whether a hit is an answer marked bad (else: marked good). labels: errors of the judge, positives being
    truly bad; None: nobody errs (people looked at every answer, on record). drawn: the labelled answers are themselves a
    draw from the bank, so that people's own marks bound the truth too.
    """

    hits: int
    n: int
    scheme: str
    population: int
    bad: bool
    labels: Labels | None
    drawn: bool = False


def limits(count: Count, alpha: float) -> tuple[float, float]:
    """Exact lower and upper limit of the true share of hits, each with error alpha (both at once: 2 alpha).

    With labels, the three samples share alpha (Sidak, they are independent); without either kind of label: 0 and 1. Where
    the labelled answers are drawn, half of alpha goes to the limits of people's marks alone, and the closer limit holds
    (union bound): a service that hardly errs leaves no bad answer to measure a judge on, and needs none.
    """
    flagged = count.hits if count.bad else count.n - count.hits
    low, high = _bad_limits(count, flagged, check_share(alpha, "alpha"))
    return (low, high) if count.bad else (1 - high, 1 - low)


def _bad_limits(count: Count, flagged: int, alpha: float) -> tuple[float, float]:
    known = count.labels
    if known is None or not count.drawn:
        return _judged_limits(count, flagged, alpha)
    by_judge = _judged_limits(count, flagged, alpha / 2)
    looked_at = known.positives + known.negatives
    low, high = (float(limit(known.positives, looked_at, alpha / 2)) for limit in (lower_limit, upper_limit))
    low, high = max(low, by_judge[0]), min(high, by_judge[1])
    # Limits that cross hold with chance alpha at most; they decide nothing.
    return (low, high) if low <= high else (high, low)


def _judged_limits(count: Count, flagged: int, alpha: float) -> tuple[float, float]:
    known = count.labels
    if known is None:
        low, high = _drawn(count, flagged, alpha)
    elif count.scheme == "stratified":
        found = judged_limits(
            flagged, count.n, known.caught, known.positives, known.cleared, known.negatives, 2 * alpha
        )
        low, high = found.lower, found.upper
    else:
        each = sidak(alpha, 3)
        drawn = _drawn(count, flagged, each)
        se, sp = (
            (lower_limit(k, n, each), upper_limit(k, n, each))
            for k, n in ((known.caught, known.positives), (known.cleared, known.negatives))
        )
        # As `judges.judged_limits`, with the hypergeometric limits of the share marked bad.
        low, high = corrected(drawn[0], se[1], sp[0]), corrected(drawn[1], se[0], sp[1])
    lower, upper = float(low), float(high)
    return (0.0 if math.isnan(lower) else lower, 1.0 if math.isnan(upper) else upper)


def _drawn(count: Count, hits: int, error: float) -> tuple[Floats, Floats]:
    if count.scheme == "stratified":
        return lower_limit(hits, count.n, error), upper_limit(hits, count.n, error)
    found = finite_bank(hits, count.n, count.population, 2 * error)
    return found.lower, found.upper
