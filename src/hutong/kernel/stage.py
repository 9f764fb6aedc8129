"""The gates of the lane, declared by the department that holds each: where a system stands is read off its events.

A stage is reached when one of its `done` events lies in the system's dossier, and closed (the system was stopped
there) when the latest of its `done` and `closed` events is a closing one. The passport reads this registry and so
never learns which department stands behind a gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a system's dossier: the operation, its record, when, what it was given and what was noted (both
    empty once erased). Records are given by code, files by digest."""

    operation: str
    subject: str
    at: datetime
    seq: int
    given: Mapping[str, Any] = field(default_factory=dict, hash=False)
    noted: Mapping[str, Any] = field(default_factory=dict, hash=False)


def by_code(step: Step) -> Text:
    """The usual stamp: the code of the record that passed or closed the gate."""
    return Text(step.subject, step.subject)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a passport shows of one gate, as page components.

    section: title and component, or None. why: the measured reason and the cheapest way through, for a system that
    was stopped here.
    """

    section: tuple[Text, Any] | None = None
    why: Any = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One gate of the lane.

    number: place in the lane, from 1. begun, done, closed: names of operations whose event opens, passes or closes
    the gate. required: given the risk class of a system, whether the law asks for this gate; None where it always
    does. stamp: given the step that passed or closed the gate, what stands under it ("L2", a register's number).
    shows: given the code of a system, its dossier and whether it was stopped here, what its passport page shows of
    this gate: everything a stage reads beyond the dossier it reads once, here.
    """

    number: int
    key: str
    title: Text
    begun: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    required: Callable[[int], bool] | None = None
    stamp: Callable[[Step], Text | None] = by_code
    shows: Callable[[str, Sequence[Step], bool], Shown | None] | None = None


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
