"""The gates of the lane, declared by the department that holds each: where a system stands is read off its events.

A stage is reached when one of its `done` events lies in the system's dossier, and closed (the system was stopped
there) when the latest of its `done` and `closed` events is a closing one. The passport reads this registry and so
never learns which department stands behind a gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Stage:
    """One gate of the lane.

    number: place in the lane, from 1. begun, done, closed: names of operations whose event opens, passes or closes
    the gate. required: given the code of a system, whether the law asks for this gate; None where it always does.
    stamp: given the code of a system, what stands under the gate ("L2", a register's number), or None.
    why: given the code of a system that was stopped here, what its passport shows of it (a page component:
    the measured reason and the cheapest way through), or None.
    shows: given the code of a system, a section of its passport page: title and page component, or None.
    """

    number: int
    key: str
    title: Text
    begun: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    required: Callable[[str], bool] | None = None
    stamp: Callable[[str], Text | None] | None = None
    why: Callable[[str], Any] | None = None
    shows: Callable[[str], tuple[Text, Any] | None] | None = None


STAGES: dict[int, Stage] = {}


def declare_stage(stage: Stage) -> Stage:
    """Put a gate into the lane. ValueError where its place or its key is taken."""
    if stage.number in STAGES or any(s.key == stage.key for s in STAGES.values()):
        raise ValueError(f"stage {stage.number} {stage.key} is declared twice")
    STAGES[stage.number] = stage
    return stage


def lane() -> tuple[Stage, ...]:
    """The gates in order."""
    return tuple(STAGES[number] for number in sorted(STAGES))
