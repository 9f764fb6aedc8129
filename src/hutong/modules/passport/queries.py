"""Where a system stands, read off its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hutong.kernel.errors import NotFound
from hutong.kernel.stage import Stage, Step, lane
from hutong.kernel.text import Text
from hutong.modules.passport.models import System, Version
from hutong.modules.passport.standing import GateStanding
from hutong.platform.evidence import dossier_of, steps_of

Standing = Literal["done", "active", "closed", "waiting", "not_required"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate as it stands for one system: since when, by which event, and what is written under it."""

    stage: Stage
    state: Standing
    at: datetime | None = None
    seq: int | None = None
    subject: str | None = None
    stamp: Text | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """The way of a system so far. outcome: adopted, refused (with the gate that closed) or under_way."""

    gates: tuple[Gate, ...]

    @property
    def closed(self) -> Gate | None:
        return next((g for g in self.gates if g.state == "closed"), None)

    @property
    def reached(self) -> Gate | None:
        """The furthest gate that was passed."""
        return next((g for g in reversed(self.gates) if g.state == "done"), None)

    @property
    def outcome(self) -> str:
        if self.closed is not None:
            return "refused"
        last = self.gates[-1] if self.gates else None
        return "adopted" if last is not None and last.state == "done" else "under_way"

    @property
    def standing(self) -> str:
        """Key of the gate that closed, else of the furthest that was passed, else "registered"."""
        gate = self.closed or self.reached
        return gate.stage.key if gate is not None else "registered"


def course(system: System) -> Course:
    """The gates of the lane for one system, in order."""
    return course_of(system, steps_of(dossier_of(system.code), *moving()))


def moving() -> tuple[str, ...]:
    """The operations that open, pass or close a gate."""
    return tuple(o for stage in lane() for o in (*stage.begun, *stage.done, *stage.closed))


def course_of(system: System, steps: Sequence[Step]) -> Course:
    """The gates as these steps of the system's dossier, in order, leave them."""
    return Course(tuple(_gate(stage, system.risk_class, steps) for stage in lane()))


def _gate(stage: Stage, risk_class: int, steps: Sequence[Step]) -> Gate:
    standing: GateStanding[Step] = GateStanding(stage)
    for step in steps:
        standing.take(step)
    last = standing.passed_by or standing.closed_by
    if last is not None:
        state: Standing = "done" if standing.passed_by is not None else "closed"
        return Gate(stage, state, last.at, last.seq, last.subject, stage.stamp(last))
    begun = next((s for s in reversed(steps) if s.operation in stage.begun), None)
    if begun is not None:
        return Gate(stage, "active", begun.at, begun.seq, begun.subject)
    if stage.required is not None and not stage.required(risk_class):
        return Gate(stage, "not_required")
    return Gate(stage, "waiting")


def system_by_code(code: str) -> System:
    """The system of that code; `NotFound` otherwise."""
    found = System.objects.filter(code=code).first()
    if found is None:
        raise _unknown(System.title, code)
    return found


def version_by_code(code: str) -> Version:
    """The version of that code with its system; `NotFound` otherwise."""
    found = Version.objects.select_related("system").filter(code=code).first()
    if found is None:
        raise _unknown(Version.title, code)
    return found


def _unknown(kind: Text, code: str) -> NotFound:
    return NotFound(
        Text("There is no {kind} {code}.", "没有{kind} {code}。").format(kind=kind, code=code[:40]),
        rule="record.unknown",
        remedy=Text("Check the code.", "请核对编号。"),
    )


def versions_of(system: System) -> list[Version]:
    return list(system.versions.order_by("-id"))
