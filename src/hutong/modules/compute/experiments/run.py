"""An experiment in the background: rebuild the period, replay it twice, and hand the sums to the hub."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_tasks import task

from hutong.engines.broker.decide import Course, replay
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.experiments.period import Period, changed, period, served
from hutong.modules.compute.experiments.sums import sums
from hutong.modules.compute.models import Experiment
from hutong.platform import runner


@task()
def carry_out(experiment: str) -> str:
    """Replay the period as it was and as it would have been. Returns the state of the experiment; harmless to repeat."""
    found = Experiment.objects.get(code=experiment)
    if found.state != "submitted":
        return found.state
    try:
        result = result_of(found)
    except HutongError as refusal:
        problem = {"en": refusal.what.en, "zh": refusal.what.zh, "rule": refusal.rule}
        runner.run(THE_HUB, "compute.experiment.fail", {"experiment": experiment, "problem": problem})
        return "failed"
    runner.run(THE_HUB, "compute.experiment.finish", {"experiment": experiment, "result": result})
    return "finished"


def result_of(experiment: Experiment) -> dict[str, Any]:
    """recorded: what the hub's records say; as_was: replayed with the same pools; as_would: with the changes."""
    seen = period(experiment, timezone.now())
    span = (seen.begins_ms, seen.ends_ms)
    other = changed(seen.course, experiment.added, experiment.removed)
    takes = {p["chip"] for p in experiment.added}
    return {
        "recorded": sums(seen.recorded, seen.chips, *span),
        "as_was": _replayed(seen.course, seen),
        "as_would": _replayed(other, seen),
        "left_out": seen.left_out,
        "accept_added": sum(bool(takes & set(a.asked.accept)) for a in seen.course.arrivals),
    }


def _replayed(course: Course, seen: Period) -> dict[str, Any]:
    chips: dict[str, int] = {}
    for offer in course.offers:
        chips[offer.centre] = chips.get(offer.centre, 0) + offer.total
    rows = served(course, replay(course), seen.ends_ms)
    return sums(rows, chips, seen.begins_ms, seen.ends_ms)
