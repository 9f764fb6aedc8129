"""The checklist and deadlines of filings as dated data, and the clock of one filing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hutong.kernel.clock import Due, StoppedClock, local_date, working_calendar
from hutong.kernel.text import Text
from hutong.platform.ledger.tables import Event

RETURNED = Text("returned for correction", "补正")


@dataclass(frozen=True, slots=True)
class Checklist:
    """The edition in force: questions by id, days for entering a complete filing, and where that is written."""

    version: str
    questions: Mapping[str, Text]
    days: int
    citation: Text


@cache
def checklist() -> Checklist:
    """The checklist that lies beside this module."""
    raw: Any = yaml.safe_load((Path(__file__).parent / "checklist.yaml").read_text(encoding="utf-8"))
    enter = next(d for d in raw["deadlines"] if d["step"] == "enter")
    questions = {q["id"]: Text(q["en"], q["zh"]) for q in raw["questions"]}
    return Checklist(raw["version"], questions, enter["days"], Text(**enter["citation"]))


def missing(answers: Mapping[str, Any]) -> list[str]:
    """Questions without an answer, all at once: the applicant is told everything in one go."""
    return [q for q in checklist().questions if not str(answers.get(q, "")).strip()]


def clock_of(events: Iterable[Event]) -> StoppedClock | None:
    """The clock of a filing: runs from submission, stands while it is returned for correction. None before."""
    clock: StoppedClock | None = None
    for event in events:
        day = local_date(event.valid_at)
        if event.operation == "filing.filing.submit":
            clock = StoppedClock(day)
        elif clock is not None and event.operation == "filing.filing.return_for_correction":
            clock = clock.stop(day, RETURNED)
        elif clock is not None and event.operation == "filing.filing.resubmit":
            clock = clock.restart(day)
    return clock


def due(events: Iterable[Event]) -> Due | None:
    """The last day on which the filing is to be entered; None while the clock stands or has not begun."""
    clock = clock_of(events)
    return clock.due(working_calendar(), checklist().days) if clock is not None else None
