"""What a pilot measured: each acceptance test as a query over the pilot's stored records. Exact; no floats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db.models import F
from django.db.models.functions import TruncDate

from hutong.kernel.clock import ZONE
from hutong.kernel.quantity import Share
from hutong.kernel.text import Text
from hutong.kernel.values import Number
from hutong.modules.scenarios.criteria import Criterion, Query, read_criteria
from hutong.modules.scenarios.models import Pilot, PilotRecord


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


def outcomes(pilot: Pilot) -> tuple[Outcome, ...]:
    """Every test of the pilot's opportunity, measured now; a bounded number of queries."""
    return tuple(
        Outcome(criterion, *MEASURED[criterion.query](pilot))
        for criterion in read_criteria(pilot.opportunity.tests)
    )


def passes(pilot: Pilot) -> bool:
    """Whether all tests hold on the records that are stored now."""
    return all(outcome.passed for outcome in outcomes(pilot))


def _answered(pilot: Pilot) -> Any:
    return PilotRecord.objects.filter(pilot=pilot).exclude(truth="")


def _share_correct(pilot: Pilot) -> tuple[Fraction | None, int]:
    known = _answered(pilot)
    n = known.count()
    return (Fraction(known.filter(answer=F("truth")).count(), n), n) if n else (None, 0)


def _error_count(pilot: Pilot) -> tuple[Fraction | None, int]:
    known = _answered(pilot)
    n = known.count()
    return (Fraction(known.exclude(answer=F("truth")).count()), n) if n else (None, 0)


def _latency(part: Fraction) -> Callable[[Pilot], tuple[Fraction | None, int]]:
    """The nearest-rank quantile: the smallest latency that at least this part of the records does not exceed."""

    def measured(pilot: Pilot) -> tuple[Fraction | None, int]:
        ordered = (
            PilotRecord.objects.filter(pilot=pilot)
            .order_by("latency_us")
            .values_list("latency_us", flat=True)
        )
        n = ordered.count()
        if not n:
            return None, 0
        rank = -(-(part * n).numerator // (part * n).denominator)
        return Fraction(ordered[rank - 1], 1000), n

    return measured


def _days_run(pilot: Pilot) -> tuple[Fraction | None, int]:
    records = PilotRecord.objects.filter(pilot=pilot)
    n = records.count()
    days = records.annotate(day=TruncDate("at", tzinfo=ZONE)).values("day").distinct().count()
    return (Fraction(days), n) if n else (None, 0)


MEASURED: dict[Query, Callable[[Pilot], tuple[Fraction | None, int]]] = {
    "share_correct": _share_correct,
    "error_count": _error_count,
    "latency_median_ms": _latency(Fraction(1, 2)),
    "latency_p95_ms": _latency(Fraction(19, 20)),
    "days_run": _days_run,
}
