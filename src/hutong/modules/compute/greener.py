"""Jobs that wait for a cleaner hour, in the hub: what they were promised is kept with their outlook, and said there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hutong.engines.broker.decide import Decided, Picture, Window
from hutong.engines.broker.decide.green import say_greener
from hutong.modules.compute.models import Job

REASON = "greener"


def promised(job: Job) -> tuple[str, int] | None:
    """Pool and start that a waiting green job was promised; None for any other."""
    told = job.outlook.get(REASON) if job.green and job.state == "submitted" else None
    return (str(told["pool"]), int(told["start_ms"])) if told else None


def outlooks(seen: Picture, made: Decided, clock: Callable[[int], str]) -> dict[str, dict[str, Any]]:
    """What the decision promises to each job that waits for a cleaner hour, and how that is said."""
    found: dict[str, dict[str, Any]] = {}
    for wait in made.waits:
        if wait.reason != REASON or wait.promised_ms is None:
            continue
        said = say_greener(seen, wait.job, wait.pool, wait.promised_ms, clock)
        if said is not None:
            told = {"pool": wait.pool, "start_ms": wait.promised_ms, "en": said.en, "zh": said.zh}
            found[wait.job] = {REASON: told}
    return found


def settled(seen: Picture, made: Decided) -> Picture:
    """The picture as the other jobs wait in it: who waits for a cleaner hour is a window without a name."""
    later = {w.job: w for w in made.waits if w.reason == REASON}
    if not later:
        return seen
    windows = tuple(
        Window("", later[a.job].pool, a.chips, at, at + a.limit_ms)
        for a in seen.waiting
        if a.job in later and (at := later[a.job].promised_ms) is not None
    )
    waiting = tuple(a for a in seen.waiting if a.job not in later)
    return replace(seen, waiting=waiting, windows=(*seen.windows, *windows))
