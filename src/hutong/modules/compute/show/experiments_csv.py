"""The figures of an experiment as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from hutong.kernel.permission import Actor
from hutong.modules.compute.models import Experiment
from hutong.modules.compute.show.experiments import VARIANTS
from hutong.platform.parsing import load_record
from hutong.platform.web.csv_files import csv_response

MEASURES = (
    "jobs",
    "started",
    "median_ms",
    "p90_ms",
    "longest_ms",
    "mean_ms",
    "chips",
    "used_ms",
    "utilisation_milli",
)
OF_CENTRE = ("chips", "jobs", "guests", "own_jobs", "own_median_ms", "own_p90_ms", "utilisation_milli")


def result_csv(request: HttpRequest, code: str) -> HttpResponse:
    """Every figure of an experiment, one a line, for those who may see it; a header alone before it is finished."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    record: Any = load_record(Experiment, code, actor, "code")
    return csv_response(("replay", "centre", "measure", "value"), _lines(record.result), f"{record.code}.csv")


def _lines(result: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for variant, _ in VARIANTS:
        part = result.get(variant)
        if part is None:
            return
        yield from ((variant, "", key, part[key]) for key in MEASURES)
        for centre in part["centres"]:
            yield from ((variant, centre["centre"], key, centre[key]) for key in OF_CENTRE)
