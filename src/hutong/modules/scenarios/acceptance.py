"""What a pilot measured: each acceptance test as a query over the pilot's stored records. Exact; no floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hutong.kernel.quantity import Share
from hutong.kernel.text import Text
from hutong.kernel.values import Number
from hutong.modules.scenarios.criteria import Criterion, Query, read_criteria
from hutong.modules.scenarios.models import Pilot
from hutong.modules.scenarios.queries import Extent, extent, latencies


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test on one pilot. value is None where there is nothing to measure yet; n: records behind it."""

    criterion: Criterion
    value: Fraction | None
    n: int

    @property
    def passed(self) -> bool:
        known = self.value is not None and self.n >= self.criterion.n
        return known and self.criterion.holds(self.value)  # type: ignore[arg-type]

    def say(self) -> Text:
        """The measured value in words."""
        if self.value is None:
            return Text("no record yet", "尚无记录")
        if self.criterion.query == "share_correct":
            share = Share(self.value)
            return Text("{v} of {n}", "{n}条中为{v}").format(
                v=Text(share.say("en"), share.say("zh")), n=self.n
            )
        return Text(Number(self.value).say("en"), Number(self.value).say("zh"))

    def as_json(self) -> dict[str, Any]:
        """For the event: the test, its value as ``n/d`` or None, the records behind it, whether it holds."""
        shown = None if self.value is None else f"{self.value.numerator}/{self.value.denominator}"
        return {"test": self.criterion.as_json(), "value": shown, "n": self.n, "holds": self.passed}


PARTS: dict[Query, Fraction] = {"latency_median_ms": Fraction(1, 2), "latency_p95_ms": Fraction(19, 20)}


def outcomes(pilot: Pilot, recorded: Extent | None = None) -> tuple[Outcome, ...]:
    """Every test of the pilot's opportunity, measured now, in at most two queries over its records."""
    criteria = read_criteria(pilot.opportunity.tests)
    seen = recorded or extent(pilot)
    ranks = {c.query: _rank(PARTS[c.query], seen.rows) for c in criteria if c.query in PARTS and seen.rows}
    found = latencies(pilot, ranks.values()) if ranks else {}
    return tuple(_outcome(c, seen, {q: found[r] for q, r in ranks.items()}) for c in criteria)


def passes(pilot: Pilot) -> bool:
    """Whether all tests hold on the records that are stored now."""
    return all(outcome.passed for outcome in outcomes(pilot))


def _rank(part: Fraction, n: int) -> int:
    """The nearest rank: the smallest value that at least this part of the records does not exceed."""
    return -(-(part * n).numerator // (part * n).denominator)


def _outcome(criterion: Criterion, seen: Extent, latency: Mapping[str, int]) -> Outcome:
    match criterion.query:
        case "share_correct" if seen.known:
            return Outcome(criterion, Fraction(seen.right, seen.known), seen.known)
        case "error_count" if seen.known:
            return Outcome(criterion, Fraction(seen.known - seen.right), seen.known)
        case "days_run" if seen.rows:
            return Outcome(criterion, Fraction(seen.days), seen.rows)
        case query if query in latency:
            return Outcome(criterion, Fraction(latency[query], 1000), seen.rows)
    return Outcome(criterion, None, 0)
