"""One look at every centre at once: what became of its attempts, and what they used. No table is read or written here.

Centres are asked side by side, because each answers in its own time: a slow one, or one that is silent until its call
runs out, holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from hutong.modules.compute.adapters import Adapter, Attempt, Report, Unreachable, Usage

MOST_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a centre. stops: attempts to cancel first, each with the key of its call. alive: whether it is
    asked what else it takes for alive."""

    adapter: Adapter
    attempts: Sequence[Attempt]
    stops: Sequence[tuple[Attempt, str]] = ()
    alive: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """silence: why the centre did not answer, None where it did. used: of the attempts that ended; none while its
    accounting is away. alive: every attempt of ours that its engine takes for alive, where that was asked."""

    reports: Mapping[Attempt, Report] = field(default_factory=dict)
    used: Mapping[Attempt, Usage] = field(default_factory=dict)
    alive: frozenset[Attempt] = frozenset()
    silence: Unreachable | None = None


def look_at(questions: Sequence[Question]) -> list[Look]:
    """The looks, in the order of the questions."""
    if len(questions) < 2:
        return [_look(q) for q in questions]
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(questions))) as side_by_side:
        return list(side_by_side.map(_look, questions))


def _look(asked: Question) -> Look:
    try:
        for attempt, key in asked.stops:
            asked.adapter.cancel(attempt, key=key)
        reports = asked.adapter.poll(asked.attempts)
    except Unreachable as silence:
        return Look(silence=silence)
    try:
        # One look into the accounts for all that ended: a look costs the same for one as for many.
        ended = [one for one, report in reports.items() if report.ended]
        used = asked.adapter.usage(ended) if ended else {}
        alive = frozenset(asked.adapter.alive()) if asked.alive else frozenset()
    except Unreachable:
        # Its accounting is away, or it fell silent in between: what ended is settled at a later turn.
        return Look(reports)
    return Look(reports, used, alive)
